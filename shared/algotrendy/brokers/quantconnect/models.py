"""Read what QuantConnect's REST API v2 answers; unknown fields are kept, most may be missing.

Field names are the API's in camelCase. Numbers are decimals: the connection reads JSON so that no
digit is lost. Source: the API reference, quantconnect.com/docs/v2/cloud-platform/api-reference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _as_utc(value: datetime) -> datetime:
    # Times such as 2021-11-26 15:18:27 come without a zone, and are UTC.
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _zone(value: Any) -> Any:
    if isinstance(value, str) and value.strip():
        return _as_utc(datetime.fromisoformat(value.strip()))
    return None if value == "" else value


def _named(value: Any) -> Any:
    # PHP writes an empty mapping as an empty list.
    return {} if value == [] or value is None else value


Moment = Annotated[datetime | None, BeforeValidator(_zone)]


class Answer(BaseModel):
    """The root of every answer: ``success`` was checked before it was read."""

    model_config = ConfigDict(
        extra="allow", alias_generator=to_camel, populate_by_name=True, frozen=True
    )


class Project(Answer):
    """A project: files that compile to one algorithm."""

    project_id: int
    name: str = ""
    organization_id: str | None = None
    language: str | None = None
    description: str | None = None
    created: Moment = None
    modified: Moment = None


class Projects(Answer):
    projects: list[Project] = []


class ProjectFile(Answer):
    """A file of a project; ``name`` may hold folders, as in indicators/momentum.py."""

    name: str
    content: str | None = None
    modified: Moment = None


class Files(Answer):
    files: list[ProjectFile] = []


class Node(Answer):
    """A machine that a project may run on."""

    id: str
    name: str = ""
    busy: bool = False
    has_gpu: int | bool = False


class NodesByUse(Answer):
    backtest: list[Node] = []
    live: list[Node] = []


class Nodes(Answer):
    nodes: NodesByUse = NodesByUse()


class CompileState(StrEnum):
    """Where a build stands."""

    IN_QUEUE = "InQueue"
    SUCCESS = "BuildSuccess"
    ERROR = "BuildError"


class Compile(Answer):
    """A build of a project."""

    compile_id: str
    state: str = CompileState.IN_QUEUE
    logs: list[str] = []


class Backtest(Answer):
    """A backtest; ``progress`` runs from 0 to 1."""

    backtest_id: str
    project_id: int | None = None
    name: str = ""
    status: str = ""
    note: str | None = None
    completed: bool = False
    progress: Decimal = Decimal(0)
    error: str | None = None
    stacktrace: str | None = None
    created: Moment = None
    statistics: Annotated[dict[str, Any], BeforeValidator(_named)] = {}
    runtime_statistics: Annotated[dict[str, Any], BeforeValidator(_named)] = {}
    parameter_set: Annotated[dict[str, Any], BeforeValidator(_named)] = {}
    charts: Annotated[dict[str, Any], BeforeValidator(_named)] = {}


class BacktestAnswer(Answer):
    backtest: Backtest


class Backtests(Answer):
    backtests: list[Backtest] = []
    count: int | None = None


class ChartAnswer(Answer):
    """A chart, or how far its making is while ``chart`` is None."""

    chart: dict[str, Any] | None = None
    progress: Decimal | None = None
    status: str | None = None


class Estimate(Answer):
    """What an optimization would take; ``balance`` is in QuantConnect credits."""

    estimate_id: str | None = None
    time: Decimal | None = None
    balance: Decimal | None = None


class EstimateAnswer(Answer):
    estimate: Estimate


class Optimization(Answer):
    """An optimization over parameters."""

    optimization_id: str
    project_id: int | None = None
    name: str = ""
    status: str = ""
    runtime_statistics: Annotated[dict[str, Any], BeforeValidator(_named)] = {}
    backtests: dict[str, Any] | list[Any] | None = None


class OptimizationAnswer(Answer):
    optimization: Optimization


class OptimizationsAnswer(Answer):
    optimizations: list[Optimization] = []


class LeanOrderType(IntEnum):
    """LEAN's order types, by its numbers."""

    MARKET = 0
    LIMIT = 1
    STOP_MARKET = 2
    STOP_LIMIT = 3
    MARKET_ON_OPEN = 4
    MARKET_ON_CLOSE = 5
    TRAILING_STOP = 11


class LeanOrderStatus(IntEnum):
    """LEAN's order states, by its numbers; there is no 4."""

    NEW = 0
    SUBMITTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 5
    NONE = 6
    INVALID = 7
    CANCEL_PENDING = 8
    UPDATE_SUBMITTED = 9


def _number_of(kind: type[IntEnum]) -> BeforeValidator:
    by_name = {member.name.replace("_", "").casefold(): member.value for member in kind}

    def read(value: Any) -> Any:
        # The reference shows numbers for orders and words for their events.
        return by_name.get(value.casefold(), value) if isinstance(value, str) else value

    return BeforeValidator(read)


LeanStatus = Annotated[int, _number_of(LeanOrderStatus)]


class LeanSymbol(Answer):
    """A security: its ticker today, and LEAN's identifier."""

    value: str = ""
    id: str | None = None
    permtick: str | None = None


class LeanOrderEvent(Answer):
    """Something that happened to an order; ``fill_quantity`` is negative for a sale."""

    order_event_id: int = 0
    status: LeanStatus = LeanOrderStatus.NONE
    time: Decimal = Decimal(0)
    fill_price: Decimal = Decimal(0)
    fill_quantity: Decimal = Decimal(0)
    order_fee_amount: Decimal | None = None
    order_fee_currency: str | None = None
    message: str | None = None


class LeanOrderProperties(Answer):
    time_in_force: Any = None


class LeanOrder(Answer):
    """An order of an algorithm; ``quantity`` is negative for a sale."""

    id: int
    symbol: LeanSymbol = LeanSymbol()
    type: Annotated[int, _number_of(LeanOrderType)] = LeanOrderType.MARKET
    status: LeanStatus = LeanOrderStatus.NONE
    quantity: Decimal = Decimal(0)
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    tag: str | None = None
    time: Moment = None
    created_time: Moment = None
    last_fill_time: Moment = None
    last_update_time: Moment = None
    canceled_time: Moment = None
    properties: LeanOrderProperties | None = None
    events: list[LeanOrderEvent] = []


class Orders(Answer):
    orders: list[LeanOrder] = []
    length: int | None = None


class LiveStatus(StrEnum):
    """Where a live algorithm stands."""

    DEPLOY_ERROR = "DeployError"
    IN_QUEUE = "InQueue"
    RUNNING = "Running"
    STOPPED = "Stopped"
    LIQUIDATED = "Liquidated"
    DELETED = "Deleted"
    COMPLETED = "Completed"
    RUNTIME_ERROR = "RuntimeError"
    INVALID = "Invalid"
    LOGGING_IN = "LoggingIn"
    INITIALIZING = "Initializing"
    HISTORY = "History"


_ENDS = frozenset(
    {
        LiveStatus.DEPLOY_ERROR,
        LiveStatus.STOPPED,
        LiveStatus.LIQUIDATED,
        LiveStatus.DELETED,
        LiveStatus.COMPLETED,
        LiveStatus.RUNTIME_ERROR,
        LiveStatus.INVALID,
    }
)


class LiveAlgorithm(Answer):
    """A deployment of a project to a brokerage."""

    project_id: int | None = None
    project_name: str | None = None
    deploy_id: str | None = None
    status: str = ""
    message: str | None = None
    error: str | None = None
    brokerage: str | None = None
    launched: Moment = None
    stopped: Moment = None
    runtime_statistics: Annotated[dict[str, Any], BeforeValidator(_named)] = {}

    @property
    def is_over(self) -> bool:
        """Say whether it has ended; a state that nobody knows has not."""
        return self.status in _ENDS


class LiveCreated(Answer):
    """What ``live/create`` answers; the deployment is told beside or in ``live``."""

    live: LiveAlgorithm | None = None
    project_id: int | None = None
    deploy_id: str | None = None


class LiveList(Answer):
    live: list[LiveAlgorithm] = []


class Holding(Answer):
    """What is held; live/portfolio/read has been seen with one-letter names too."""

    symbol: LeanSymbol | None = None
    quantity: Decimal = Field(Decimal(0), validation_alias=AliasChoices("quantity", "q"))
    average_price: Decimal = Field(Decimal(0), validation_alias=AliasChoices("averagePrice", "a"))
    market_value: Decimal = Field(Decimal(0), validation_alias=AliasChoices("marketValue", "v"))


class Cash(Answer):
    amount: Decimal = Decimal(0)
    value_in_account_currency: Decimal | None = None


class Portfolio(Answer):
    """Holdings by LEAN's symbol identifier, cash by currency."""

    holdings: Annotated[dict[str, Holding], BeforeValidator(_named)] = {}
    cash: Annotated[dict[str, Cash], BeforeValidator(_named)] = {}


class PortfolioAnswer(Answer):
    portfolio: Portfolio = Portfolio()


class Logs(Answer):
    """Lines of a log; ``length`` counts those of all deployments of the project."""

    logs: list[str] = []
    length: int | None = None
    deployment_offset: int | None = None
