"""Build the backtest: requests for sweeps and walk-forwards, and the workflows that run them."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.capabilities.market_data import MarketDataStore
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.config import ROOT, StageConfig
from infra_cdk.layers import Profile
from infra_cdk.patterns.api import HttpGateway, get, post, watch_routes
from infra_cdk.patterns.bucket import DataBucket
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.image import Image
from infra_cdk.patterns.queue import DeadLetters, QueueConsumer
from infra_cdk.patterns.saga import Saga
from infra_cdk.patterns.schedule import Schedule
from infra_cdk.patterns.settings import publish_settings

CAPABILITY = "backtest"
SWEEP = "backtest-sweep"
WALK_FORWARD = "backtest-walk-forward"
DEFINITIONS = ROOT / "state_machines" / CAPABILITY

ROUTES = (
    post("/v1/sweeps"),
    get("/v1/sweeps"),
    get("/v1/sweeps/{id}"),
    post("/v1/sweeps/{id}/cancel"),
    post("/v1/backtests"),
    get("/v1/backtests"),
    get("/v1/backtests/{id}"),
    post("/v1/walk-forwards"),
    get("/v1/walk-forwards"),
    get("/v1/walk-forwards/{id}"),
    get("/v1/walk-forwards/{id}/curve"),
    post("/v1/walk-forwards/{id}/cancel"),
    get("/v1/strategies"),
    get("/v1/trials"),
    get("/v1/trials/tried"),
    get("/v1/gate"),
    *watch_routes(CAPABILITY),
)


# Numba, numpy and what reads the lake are more than the 250 MB that code and layers may be.
COMPILED = Image(
    dockerfile="layers/compiled/Dockerfile",
    reads=(
        *("pyproject.toml", "uv.lock", "shared/algotrendy", "functions/backtest"),
        *(f"layers/{name}" for name in ("core", "data", "lake", "compute", "compiled")),
    ),
    leaves_out=("shared/algotrendy/cli", "shared/algotrendy/local"),
)


def _spec(
    name: str,
    summary: str,
    trigger: Trigger,
    *layers: Profile,
    memory_mb: int,
    timeout_s: int,
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
    "api", "Takes requests for research, tells how it stands, and what was tried.",
    Trigger.HTTP, "web", "data", "lake", memory_mb=1024, timeout_s=29,
)  # fmt: skip
ON_STUDY_REQUESTED = _spec(
    "on_study_requested", "Starts the workflow of a requested sweep or walk forward.",
    Trigger.QUEUE, "data", memory_mb=512, timeout_s=30,
)  # fmt: skip
PLAN_SWEEP = _spec(
    "plan_sweep", "Plans a sweep: pins its data and cuts it into shards.",
    Trigger.WORKFLOW, "data", "lake", "compute", memory_mb=1769, timeout_s=120,
)  # fmt: skip
# 1769 MB is one whole processor; a backtest runs on one.
RUN_SHARD = _spec(
    "run_shard", "Runs the backtests of one shard.",
    Trigger.WORKFLOW, "lake", "compute", memory_mb=1769, timeout_s=900, image=COMPILED,
)  # fmt: skip
REDUCE_SWEEP = _spec(
    "reduce_sweep", "Puts the shards' results together and writes the report.",
    Trigger.WORKFLOW, "lake", "compute", memory_mb=3008, timeout_s=900,
)  # fmt: skip
PLAN_WALK = _spec(
    "plan_walk", "Plans a walk forward: pins its data and lists its windows.",
    Trigger.WORKFLOW, "data", "lake", "compute", memory_mb=1769, timeout_s=120,
)  # fmt: skip
RUN_WINDOW = _spec(
    "run_window", "Searches in one window, and tests what it chose on the bars after it.",
    Trigger.WORKFLOW, "data", "lake", "compute", memory_mb=1769, timeout_s=900, image=COMPILED,
)  # fmt: skip
REDUCE_WALK = _spec(
    "reduce_walk", "Brings the windows together, judges them and writes the report.",
    Trigger.WORKFLOW, "data", "lake", "compute", memory_mb=3008, timeout_s=900, image=COMPILED,
)  # fmt: skip
RECORD_OUTCOME = _spec(
    "record_outcome", "Records how a sweep or a walk forward ended.",
    Trigger.WORKFLOW, "data", memory_mb=512, timeout_s=60,
)  # fmt: skip
RESTART_LOST_STUDIES = _spec(
    "restart_lost_studies", "Restarts sweeps and walk-forwards whose workflow was lost.",
    Trigger.EVENT, "data", memory_mb=512, timeout_s=120,
)  # fmt: skip


class BacktestStore(Construct):
    """Hold the plans, results and reports of sweeps and walk-forwards."""

    def __init__(
        self, scope: Construct, id_: str, *, config: StageConfig, access_logs: s3.IBucket
    ) -> None:
        super().__init__(scope, id_)
        self.results = DataBucket(
            self, "Results", config=config, folder="studies", access_logs=access_logs
        )
        publish_settings(self, config, results_url=self.results.url)


class Backtest(Construct):
    """Hold the functions, the queue, the workflows and the schedule of sweeps and walk-forwards."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        store: BacktestStore,
        market_data: MarketDataStore,
        operations: OperationsStore,
        gateway: HttpGateway,
        tokens: dict[str, str],
    ) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        self._results = store.results
        self._lake = market_data.lake
        self._operations = operations
        self._machines = {
            name: arn(self, "states", f"stateMachine:{foundation.config.name(name)}")
            for name in (SWEEP, WALK_FORWARD)
        }
        self.api = self._api(gateway, tokens)
        outcome = self._outcome()
        sweep, walk_forward = self._sweep(outcome), self._walk_forward(outcome)
        self.sagas = (sweep, walk_forward)
        self.consumer = self._consumer()
        self.restarter = self._restarter()
        publish_settings(
            self,
            foundation.config,
            sweep_state_machine_arn=sweep.machine.state_machine_arn,
            walk_forward_state_machine_arn=walk_forward.machine.state_machine_arn,
            study_max_concurrency=str(foundation.config.study_max_concurrency),
        )

    def _api(self, gateway: HttpGateway, tokens: dict[str, str]) -> Function:
        function = self._function("Api", API, lake=True, bus=True, workflow=True, more=tokens)
        self._operations.grant_database(function)
        self._operations.grant_publish(function)
        self._results.grant_read(function, "*")
        self._lake.grant_read(function, "*")
        function.grant(
            "StopStudy",
            ["states:DescribeExecution", "states:StopExecution"],
            self._executions,
            because="An execution is named after its sweep or walk forward, when it starts.",
        )
        gateway.add(function, ROUTES)
        return function

    def _sweep(self, outcome: Function) -> Saga:
        plan = self._function("PlanSweep", PLAN_SWEEP, lake=True)
        self._operations.grant_database(plan)
        self._lake.grant_read(plan, "*")
        self._results.grant_read(plan, "*/plan*")
        self._results.grant_write(plan, "*/plan*")

        shard = self._function("RunShard", RUN_SHARD, lake=True, database=False)
        self._lake.grant_read(shard, "*")
        self._results.grant_read(shard, "*/plan*", "*/results/*")
        self._results.grant_write(shard, "*/results/*")

        reduce = self._function("ReduceSweep", REDUCE_SWEEP, lake=True, database=False)
        self._lake.grant_read(reduce, "*")
        self._results.grant_read(reduce, "*")
        self._results.grant_write(reduce, "*/results.csv", "*/report.html", "*/summary.json")

        saga = Saga(
            self,
            "Sweep",
            foundation=self._foundation,
            name=SWEEP,
            definition=DEFINITIONS / "sweep.asl.json",
            substitutions={
                "PlanFunctionArn": plan.function.function_arn,
                "ShardFunctionArn": shard.function.function_arn,
                "ReduceFunctionArn": reduce.function.function_arn,
                **self._shared(outcome),
            },
            calls=[plan, shard, reduce, outcome],
        )
        saga.grant(
            "ReadShardList",
            ["s3:GetObject"],
            [self._results.objects("*/plan/shards.json")],
            because="One list of shards for each sweep, under the sweep's id.",
        )
        return saga

    def _walk_forward(self, outcome: Function) -> Saga:
        plan = self._function("PlanWalk", PLAN_WALK, lake=True)
        self._operations.grant_database(plan)
        self._lake.grant_read(plan, "*")
        self._results.grant_read(plan, "*/plan*")
        self._results.grant_write(plan, "*/plan*")

        # It records its trials before it looks out of sample.
        window = self._function("RunWindow", RUN_WINDOW, lake=True)
        self._operations.grant_database(window)
        self._lake.grant_read(window, "*")
        self._results.grant_read(window, "*/plan*", "*/results/*", "*/scores/*")
        self._results.grant_write(window, "*/results/*", "*/scores/*", "*/failures/*")

        reduce = self._function("ReduceWalk", REDUCE_WALK, lake=True)
        self._operations.grant_database(reduce)
        self._lake.grant_read(reduce, "*")
        self._results.grant_read(reduce, "*")
        self._results.grant_write(reduce, "*/walk-forward.json", "*/report.html", "*/summary.json")

        saga = Saga(
            self,
            "WalkForward",
            foundation=self._foundation,
            name=WALK_FORWARD,
            definition=DEFINITIONS / "walk_forward.asl.json",
            substitutions={
                "PlanFunctionArn": plan.function.function_arn,
                "WindowFunctionArn": window.function.function_arn,
                "ReduceFunctionArn": reduce.function.function_arn,
                **self._shared(outcome),
            },
            calls=[plan, window, reduce, outcome],
        )
        saga.grant(
            "ReadWindowList",
            ["s3:GetObject"],
            [self._results.objects("*/plan/windows.json")],
            because="One list of windows for each walk forward, under its id.",
        )
        return saga

    def _outcome(self) -> Function:
        """Make what records how either workflow ended."""
        outcome = self._function("RecordOutcome", RECORD_OUTCOME, bus=True)
        self._operations.grant_database(outcome)
        self._operations.grant_publish(outcome)
        self._results.grant_read(outcome, "*/summary.json", "*/failures/*")
        return outcome

    def _shared(self, outcome: Function) -> dict[str, str]:
        """Give the substitutions that both workflows take."""
        return {
            "OutcomeFunctionArn": outcome.function.function_arn,
            "ResultsBucket": self._results.bucket.bucket_name,
            "ResultsPrefix": self._results.folder,
            "MaxConcurrency": str(self._foundation.config.study_max_concurrency),
        }

    def _consumer(self) -> QueueConsumer:
        function = self._function("OnStudyRequested", ON_STUDY_REQUESTED, workflow=True)
        self._operations.grant_database(function)
        self._grant_start(function)
        consumer = QueueConsumer(
            self,
            "Requests",
            foundation=self._foundation,
            name="backtest-requests",
            function=function,
        )
        events.Rule(
            self,
            "OnStudyRequestedRule",
            rule_name=self._foundation.config.name(CAPABILITY, "on-study-requested"),
            description="Brings requested sweeps and walk-forwards to the queue of the workflows.",
            event_bus=self._operations.bus,
            event_pattern=events.EventPattern(
                source=["algotrendy"], detail_type=["SweepRequested", "WalkForwardRequested"]
            ),
            targets=[
                targets.SqsQueue(consumer.queue, dead_letter_queue=consumer.dead_letters.queue)
            ],
        )
        return consumer

    def _restarter(self) -> Function:
        dead_letters = DeadLetters(
            self,
            "RestartFailures",
            foundation=self._foundation,
            name=self._foundation.config.name("backtest-restart-failures"),
        )
        function = self._function(
            "RestartLostStudies",
            RESTART_LOST_STUDIES,
            failures=dead_letters,
            workflow=True,
            bus=True,
        )
        self._operations.grant_database(function)
        self._operations.grant_publish(function)
        self._results.grant_read(function, "*/summary.json")
        self._grant_start(function)
        Schedule(
            self,
            "RestartSchedule",
            foundation=self._foundation,
            function=function,
            dead_letters=dead_letters,
            every=Duration.minutes(1),
        )
        return function

    @property
    def _executions(self) -> list[str]:
        names = map(self._foundation.config.name, self._machines)
        return [arn(self, "states", f"execution:{name}:*") for name in names]

    def _grant_start(self, function: Function) -> None:
        function.grant("StartStudy", ["states:StartExecution"], list(self._machines.values()))
        function.grant(
            "LookAtStudy",
            ["states:DescribeExecution"],
            self._executions,
            because="An execution is named after its sweep or walk forward, when it starts.",
        )

    def _function(
        self,
        id_: str,
        spec: FunctionSpec,
        *,
        lake: bool = False,
        bus: bool = False,
        database: bool = True,
        workflow: bool = False,
        failures: DeadLetters | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Function:
        environment = {"ALGOTRENDY_RESULTS_URL": self._results.url, **(more or {})}
        if lake:
            environment["ALGOTRENDY_LAKE_URL"] = self._lake.url
        if database:
            environment["ALGOTRENDY_DATABASE_URL"] = self._operations.database_url
        if bus:
            environment["ALGOTRENDY_EVENT_BUS"] = self._operations.bus_name
        if workflow:
            environment["ALGOTRENDY_SWEEP_STATE_MACHINE_ARN"] = self._machines[SWEEP]
            environment["ALGOTRENDY_WALK_FORWARD_STATE_MACHINE_ARN"] = self._machines[WALK_FORWARD]
        return Function(
            self,
            id_,
            foundation=self._foundation,
            spec=spec,
            environment=environment,
            failures=failures.queue if failures else None,
        )
