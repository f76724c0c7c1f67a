"""Build live strategies: their API, who leads their runs on, and who compares these at night."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.capabilities.market_data import MarketDataStore
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.capabilities.trading import ORDER
from infra_cdk.layers import Profile
from infra_cdk.patterns.api import HttpGateway, get, post, put, watch_routes
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.image import Image
from infra_cdk.patterns.queue import DeadLetters, QueueConsumer
from infra_cdk.patterns.schedule import Schedule
from infra_cdk.patterns.settings import publish_settings

CAPABILITY = "live"

ROUTES = (
    post("/v1/strategies"),
    get("/v1/strategies/registered"),
    get("/v1/strategies/{name}/versions"),
    get("/v1/strategies/{name}/versions/{version}"),
    post("/v1/strategies/{name}/versions/{version}/promotion"),
    post("/v1/strategy-runs"),
    get("/v1/strategy-runs"),
    get("/v1/strategy-runs/{run_id}"),
    put("/v1/strategy-runs/{run_id}/state"),
    get("/v1/strategy-runs/{run_id}/steps"),
    get("/v1/strategy-runs/{run_id}/profit-and-loss"),
    get("/v1/strategy-runs/{run_id}/parity"),
    *watch_routes(CAPABILITY),
)

# What calls strategies has numpy and reads the lake; with the web framework beside them it is more
# than the 250 MB that code and layers may be. "runs" is all of it in one layer, for the laptop: a
# function has five at most.
STEPPING = Image(
    dockerfile="layers/live/Dockerfile",
    reads=(
        *("pyproject.toml", "uv.lock", "shared/algotrendy", "functions/live", "layers/live"),
        *(f"layers/{name}" for name in ("core", "web", "data", "lake", "compute")),
    ),
    leaves_out=("shared/algotrendy/cli", "shared/algotrendy/local"),
)

MINUTE = Duration.minutes(1)
# The day is over in New York, too, and its daily bars were fetched.
NIGHT = events.Schedule.cron(hour="6", minute="30")


def _spec(
    name: str,
    summary: str,
    trigger: Trigger,
    *layers: Profile,
    memory_mb: int = 512,
    timeout_s: int = 60,
    image: Image | None = None,
) -> FunctionSpec:
    return FunctionSpec(
        capability=CAPABILITY,
        name=name,
        summary=summary,
        trigger=trigger,
        layers=("code", "core", *layers),
        image=image,
        memory_mb=memory_mb,
        timeout_s=timeout_s,
    )


API = _spec(
    "api", "Keeps strategies in versions, and starts, steers and shows their runs.",
    Trigger.HTTP, "web", "runs", memory_mb=1769, timeout_s=29, image=STEPPING,
)  # fmt: skip
ON_BARS_CLOSED = _spec(
    "on_bars_closed", "Nudges the runs that closed bars are of interest to.",
    Trigger.QUEUE, "data",
)  # fmt: skip
# 1769 MB is one whole processor; a strategy runs on one.
ADVANCE_RUN = _spec(
    "advance_run", "Leads one run of a strategy on by the steps that are due.",
    Trigger.QUEUE, "runs", memory_mb=1769, timeout_s=120, image=STEPPING,
)  # fmt: skip
ON_SCHEDULE = _spec(
    "on_schedule", "Nudges the runs that their schedule calls in this minute.",
    Trigger.EVENT, "data",
)  # fmt: skip
WATCH_RUNS = _spec(
    "watch_runs", "Finds runs that missed bars or get none, and nudges those that wait.",
    Trigger.EVENT, "runs", memory_mb=1769, timeout_s=120, image=STEPPING,
)  # fmt: skip
REPORT_PARITY = _spec(
    "report_parity", "Replays the runs of the day through the backtest engine.",
    Trigger.EVENT, "runs", memory_mb=3008, timeout_s=900, image=STEPPING,
)  # fmt: skip


class Live(Construct):
    """Hold the functions, the queues and the schedules of live strategies."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        market_data: MarketDataStore,
        operations: OperationsStore,
        orders: sqs.IQueue,
        gateway: HttpGateway,
        tokens: dict[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        self._lake = market_data.lake
        self._operations = operations
        self._orders = orders
        self._order_arn = arn(self, "states", f"stateMachine:{foundation.config.name(ORDER)}")
        self.runs = self._runs()
        self.api = self._api(gateway, tokens)
        self.bars = self._bars()
        self.schedule = self._scheduled("OnSchedule", ON_SCHEDULE, MINUTE)
        self._grant_nudge(self.schedule)
        self.watch = self._scheduled("WatchRuns", WATCH_RUNS, MINUTE, lake=True)
        self._grant_nudge(self.watch)
        self._grant_orders(self.watch)
        self.parity = self._scheduled("ReportParity", REPORT_PARITY, NIGHT, lake=True)
        self._operations.grant_publish(self.parity)
        publish_settings(self, foundation.config, live_queue_url=self.runs.queue.queue_url)

    def _runs(self) -> QueueConsumer:
        """Make who leads runs on: one message at a time, and those of one run in order."""
        function = self._function("AdvanceRun", ADVANCE_RUN, lake=True, nudges=False)
        self._grant_orders(function)
        return QueueConsumer(
            self,
            "Runs",
            foundation=self._foundation,
            name="live-runs",
            function=function,
            # A strategy that takes all of the function's time takes none of another's.
            batch_size=1,
            fifo=True,
        )

    def _api(self, gateway: HttpGateway, tokens: dict[str, str]) -> Function:
        function = self._function("Api", API, lake=True, more=tokens)
        self._grant_nudge(function)
        self._grant_orders(function)
        gateway.add(function, ROUTES)
        return function

    def _bars(self) -> QueueConsumer:
        """Make who hears of closed bars, and nudges each run that they are of interest to.

        A queue of events cannot know runs, and the bus cannot group by them: the events come here,
        in any order, and leave as one message a run.
        """
        function = self._function("OnBarsClosed", ON_BARS_CLOSED)
        self._grant_nudge(function)
        consumer = QueueConsumer(
            self, "Bars", foundation=self._foundation, name="live-bars", function=function
        )
        events.Rule(
            self,
            "OnBarsClosedRule",
            rule_name=self._foundation.config.name(CAPABILITY, "on-bars-closed"),
            description="Brings closed bars to the queue of who nudges runs of strategies.",
            event_bus=self._operations.bus,
            event_pattern=events.EventPattern(source=["algotrendy"], detail_type=["BarsClosed"]),
            targets=[
                targets.SqsQueue(consumer.queue, dead_letter_queue=consumer.dead_letters.queue)
            ],
        )
        return consumer

    def _scheduled(
        self, id_: str, spec: FunctionSpec, every: Duration | events.Schedule, *, lake: bool = False
    ) -> Function:
        dead_letters = DeadLetters(
            self,
            f"{id_}Failures",
            foundation=self._foundation,
            name=self._foundation.config.name(CAPABILITY, spec.name, "failures"),
        )
        function = self._function(id_, spec, lake=lake, failures=dead_letters)
        Schedule(
            self,
            f"{id_}Schedule",
            foundation=self._foundation,
            function=function,
            dead_letters=dead_letters,
            every=every,
        )
        return function

    def _grant_nudge(self, function: Function) -> None:
        function.grant("NudgeRuns", ["sqs:SendMessage"], [self.runs.queue.queue_arn])

    def _grant_orders(self, function: Function) -> None:
        """Let a function place and cancel orders, and tell of it."""
        function.grant("WakeService", ["sqs:SendMessage"], [self._orders.queue_arn])
        function.grant("StartOrder", ["states:StartExecution"], [self._order_arn])
        function.grant("AnswerOrders", ["states:SendTaskSuccess"], [self._order_arn])
        self._operations.grant_publish(function)
        flags = self._foundation.flags
        if flags and function.spec.trigger is not Trigger.HTTP:
            # Whether it may cost money is asked anew at each step.
            flags.grant_read(function)

    def _function(
        self,
        id_: str,
        spec: FunctionSpec,
        *,
        lake: bool = False,
        nudges: bool = True,
        failures: DeadLetters | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Function:
        """Make a function that reads and writes the ledger.

        Args:
            lake: Whether it reads bars.
            nudges: Whether it may know the queue of runs: who consumes it is made before it.
        """
        config, flags = self._foundation.config, self._foundation.flags
        # Where things are is no right to use them: all know it, as they are wired in one place.
        environment = {
            "ALGOTRENDY_DATABASE_URL": self._operations.database_url,
            "ALGOTRENDY_EVENT_BUS": self._operations.bus_name,
            "ALGOTRENDY_LAKE_URL": self._lake.url,
            "ALGOTRENDY_ORDER_QUEUE_URL": self._orders.queue_url,
            "ALGOTRENDY_ORDER_STATE_MACHINE_ARN": self._order_arn,
            **({"ALGOTRENDY_LIVE_QUEUE_URL": self.runs.queue.queue_url} if nudges else {}),
            **({"ALGOTRENDY_LIVE_TRADING": "true"} if config.live_trading else {}),
            **(flags.environment() if flags else {}),
            **(more or {}),
        }
        function = Function(
            self,
            id_,
            foundation=self._foundation,
            spec=spec,
            environment=environment,
            failures=failures.queue if failures else None,
        )
        self._operations.grant_database(function)
        if lake:
            self._lake.grant_read(function, "*")
        return function
