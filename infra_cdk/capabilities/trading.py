"""Build the order path: its API, the workflow of an order, the service that speaks to brokers."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra_cdk.capabilities.execution import Execution
from infra_cdk.capabilities.operations import OperationsStore
from infra_cdk.config import ROOT
from infra_cdk.layers import Profile
from infra_cdk.patterns.api import HttpGateway, delete, get, patch, post, put, watch_routes
from infra_cdk.patterns.foundation import Foundation, arn
from infra_cdk.patterns.function import Function, FunctionSpec, Trigger
from infra_cdk.patterns.queue import DeadLetters, OrderedQueue
from infra_cdk.patterns.saga import Saga
from infra_cdk.patterns.schedule import Schedule
from infra_cdk.patterns.settings import publish_settings

CAPABILITY = "trading"
ORDER = "trading-order"
ORDER_DEFINITION = ROOT / "state_machines" / CAPABILITY / "order_saga.asl.json"

# What somebody must look at, at once.
ALARMING = ("PositionUnprotected", "LedgerDiffers", "RiskBreached", "KillSwitchPulled")

ROUTES = (
    post("/v1/orders"),
    get("/v1/orders"),
    get("/v1/orders/{order_id}"),
    patch("/v1/orders/{order_id}"),
    delete("/v1/orders/{order_id}"),
    post("/v1/orders/{order_id}/approval"),
    post("/v1/parent-orders"),
    get("/v1/parent-orders"),
    get("/v1/parent-orders/{parent_id}"),
    patch("/v1/parent-orders/{parent_id}"),
    delete("/v1/parent-orders/{parent_id}"),
    get("/v1/accounts"),
    post("/v1/accounts"),
    get("/v1/accounts/{account}/access"),
    put("/v1/accounts/{account}/access"),
    delete("/v1/accounts/{account}/access"),
    post("/v1/transfers"),
    get("/v1/positions"),
    get("/v1/closed-lots"),
    get("/v1/fills"),
    get("/v1/activities"),
    get("/v1/reconciliations"),
    get("/v1/audit"),
    get("/v1/limits"),
    put("/v1/limits"),
    get("/v1/limits/versions"),
    get("/v1/trading-state"),
    put("/v1/trading-state"),
    get("/v1/kill-switch"),
    post("/v1/kill-switch"),
    delete("/v1/kill-switch/{switch_id}"),
    get("/v1/risk"),
    *watch_routes(CAPABILITY),
)


def _spec(
    name: str,
    summary: str,
    trigger: Trigger = Trigger.WORKFLOW,
    *layers: Profile,
    memory_mb: int = 512,
    timeout_s: int = 20,
) -> FunctionSpec:
    return FunctionSpec(
        capability=CAPABILITY,
        name=name,
        summary=summary,
        trigger=trigger,
        layers=("code", "core", *layers, "data"),
        memory_mb=memory_mb,
        timeout_s=timeout_s,
    )


API = _spec(
    "api", "Takes orders, and tells how they, accounts and risk stand.",
    Trigger.HTTP, "web", memory_mb=1769, timeout_s=29,
)  # fmt: skip
BEGIN_ORDER = _spec("begin_order", "Looks where an order stands.")
AWAIT_APPROVAL = _spec("await_approval", "Lets an order wait until somebody agrees to it.")
WITHDRAW_ORDER = _spec("withdraw_order", "Takes an order back that was never sent.")
RESOLVE_ORDER = _spec("resolve_order", "Lets an order wait until its broker was asked for it.")
AWAIT_END = _spec("await_end", "Lets an order wait until it is over.")
SETTLE_ORDER = _spec("settle_order", "Notes that an order is over.")
SWEEP_ORDERS = _spec(
    "sweep_orders", "Leads lost orders on, and pulls kill switches that are due.",
    Trigger.EVENT, timeout_s=120,
)  # fmt: skip


class Trading(Construct):
    """Hold the functions, the queue, the workflow and the schedule of orders, and their service."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        foundation: Foundation,
        operations: OperationsStore,
        gateway: HttpGateway,
        tokens: dict[str, str],
        vpc: ec2.IVpc | None,
    ) -> None:
        super().__init__(scope, id_)
        self._foundation = foundation
        self._operations = operations
        self._order_arn = arn(self, "states", f"stateMachine:{foundation.config.name(ORDER)}")
        self.orders = OrderedQueue(
            self,
            "Orders",
            foundation=foundation,
            name="trading-orders",
            retry_s=30,
            late_s=60,
        )
        self.api = self._api(gateway, tokens)
        self.saga = self._saga()
        self.sweeper = self._sweeper()
        self._raise_alarming_events()
        # The emulator runs no containers: `algotrendy up` runs the service as a process.
        self.execution: Execution | None = None
        if vpc:
            self.execution = Execution(
                self,
                "Execution",
                foundation=foundation,
                operations=operations,
                orders=self.orders.queue,
                saga=self.saga,
                vpc=vpc,
            )
        publish_settings(
            self,
            foundation.config,
            order_queue_url=self.orders.queue.queue_url,
            order_state_machine_arn=self.saga.machine.state_machine_arn,
        )

    @property
    def alarms(self) -> list[cloudwatch.AlarmBase]:
        """Give the alarms that say that orders do not get through."""
        return [*self.saga.alarms, self.orders.late, self.orders.dead_letters.alarm]

    def _api(self, gateway: HttpGateway, tokens: dict[str, str]) -> Function:
        function = self._function("Api", API, bell=True, bus=True, workflow=True, more=tokens)
        self._grant_start(function)
        gateway.add(function, ROUTES)
        return function

    def _saga(self) -> Saga:
        begin = self._function("BeginOrder", BEGIN_ORDER)
        approval = self._function("AwaitApproval", AWAIT_APPROVAL, workflow=True)
        withdraw = self._function("WithdrawOrder", WITHDRAW_ORDER, bus=True)
        resolve = self._function("ResolveOrder", RESOLVE_ORDER, bell=True, workflow=True)
        end = self._function("AwaitEnd", AWAIT_END, workflow=True)
        settle = self._function("SettleOrder", SETTLE_ORDER, workflow=True)
        saga = Saga(
            self,
            "Order",
            foundation=self._foundation,
            name=ORDER,
            definition=ORDER_DEFINITION,
            substitutions={
                "BeginFunctionArn": begin.function.function_arn,
                "AwaitApprovalFunctionArn": approval.function.function_arn,
                "WithdrawFunctionArn": withdraw.function.function_arn,
                "ResolveFunctionArn": resolve.function.function_arn,
                "AwaitEndFunctionArn": end.function.function_arn,
                "SettleFunctionArn": settle.function.function_arn,
                "OrderQueueUrl": self.orders.queue.queue_url,
            },
            calls=[begin, approval, withdraw, resolve, end, settle],
        )
        saga.grant("SendOrders", ["sqs:SendMessage"], [self.orders.queue.queue_arn])
        return saga

    def _sweeper(self) -> Function:
        dead_letters = DeadLetters(
            self,
            "SweepFailures",
            foundation=self._foundation,
            name=self._foundation.config.name("trading-sweep-failures"),
        )
        function = self._function(
            "SweepOrders", SWEEP_ORDERS, bus=True, workflow=True, failures=dead_letters
        )
        self._grant_start(function)
        function.grant(
            "LookAtOrders",
            ["states:DescribeExecution"],
            [arn(self, "states", f"execution:{self._foundation.config.name(ORDER)}:*")],
            because="An execution is named after its order, when it starts.",
        )
        Schedule(
            self,
            "SweepSchedule",
            foundation=self._foundation,
            function=function,
            dead_letters=dead_letters,
            every=Duration.minutes(1),
        )
        return function

    def _raise_alarming_events(self) -> None:
        dead_letters = DeadLetters(
            self,
            "AlarmFailures",
            foundation=self._foundation,
            name=self._foundation.config.name("trading-alarm-failures"),
        )
        events.Rule(
            self,
            "AlarmingEvents",
            rule_name=self._foundation.config.name(CAPABILITY, "alarming-events"),
            description="Brings what somebody must look at to those who hear of alarms.",
            event_bus=self._operations.bus,
            event_pattern=events.EventPattern(source=["algotrendy"], detail_type=list(ALARMING)),
            targets=[
                targets.SnsTopic(self._foundation.alarm_topic, dead_letter_queue=dead_letters.queue)
            ],
        )

    def _grant_start(self, function: Function) -> None:
        function.grant("StartOrder", ["states:StartExecution"], [self._order_arn])

    def _function(
        self,
        id_: str,
        spec: FunctionSpec,
        *,
        bell: bool = False,
        bus: bool = False,
        workflow: bool = False,
        failures: DeadLetters | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Function:
        """Make a function that reads and writes the ledger.

        Args:
            bell: Whether it wakes the execution service.
            bus: Whether it publishes events.
            workflow: Whether it answers workflows that wait.
        """
        # Where things are is no right to use them: all know it, as they are wired in one place.
        environment = {
            "ALGOTRENDY_DATABASE_URL": self._operations.database_url,
            "ALGOTRENDY_EVENT_BUS": self._operations.bus_name,
            "ALGOTRENDY_ORDER_QUEUE_URL": self.orders.queue.queue_url,
            "ALGOTRENDY_ORDER_STATE_MACHINE_ARN": self._order_arn,
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
        if bell:
            function.grant("WakeService", ["sqs:SendMessage"], [self.orders.queue.queue_arn])
        if bus:
            self._operations.grant_publish(function)
        if workflow:
            function.grant("AnswerOrders", ["states:SendTaskSuccess"], [self._order_arn])
        return function
