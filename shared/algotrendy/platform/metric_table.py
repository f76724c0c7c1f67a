"""Name every number that the platform measures, once: what it counts, in what, by what.

The recorder, the dashboards, the rules of Prometheus, the alarms and docs/metrics.md are made of
this table. It needs nothing but Python, so that the CDK app can read it.

Each dimension is bounded: by the values that it may have, or by how many different ones a process
keeps apart. What is more, is ``other``: a metric never grows with what callers send.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Final

NAMESPACE: Final = "AlgoTrendy"
PREFIX: Final = "algotrendy_"
OTHER: Final = "other"


class Kind(StrEnum):
    """How values of a metric come together."""

    COUNTER = "counter"  # they are added up
    GAUGE = "gauge"  # the last one counts
    HISTOGRAM = "histogram"  # their distribution counts


class Unit(StrEnum):
    """What a value is in; the name of a metric that is not a count ends with it."""

    COUNT = "Count"
    SECONDS = "Seconds"
    BYTES = "Bytes"
    RATIO = "Ratio"  # 1 is all of it
    BASIS_POINTS = "Bps"

    @property
    def in_cloudwatch(self) -> str:
        """Name it as CloudWatch does, which knows no ratios and no basis points."""
        return "None" if self in (Unit.RATIO, Unit.BASIS_POINTS) else self.value


class Writer(StrEnum):
    """Who writes a metric: functions to CloudWatch alone, services to Prometheus as well."""

    FUNCTIONS = "functions"
    EXECUTION = "execution"
    STREAMING = "streaming"


@dataclass(frozen=True, slots=True)
class Open:
    """Values that nobody can list; the first ``most`` different ones are kept apart."""

    most: int


Values = tuple[str, ...] | Open

FAST_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
SLIPS_BPS: Final = (-50.0, -20.0, -10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number that is measured.

    Attributes:
        name: In CloudWatch.
        says: What it is, in one line.
        by: Its dimensions, beside ``service``, which CloudWatch has of each.
        buckets: Upper bounds, of a histogram in Prometheus.
    """

    name: str
    kind: Kind
    says: str
    writers: frozenset[Writer]
    unit: Unit = Unit.COUNT
    by: Mapping[str, Values] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()

    @property
    def in_prometheus(self) -> str:
        """Name it as Prometheus does: ``algotrendy_orders_placed_total``."""
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()
        return f"{PREFIX}{snake}{'_total' if self.kind is Kind.COUNTER else ''}"

    @property
    def is_scraped(self) -> bool:
        """Say whether Prometheus ever sees it."""
        return bool(self.writers - {Writer.FUNCTIONS})

    @property
    def most_series(self) -> int:
        """Say how many series of one service there are at most in CloudWatch."""
        # Each value of an open dimension, and one for all the others.
        sizes = [v.most + 1 if isinstance(v, Open) else len(v) + 1 for v in self.by.values()]
        return 1 + prod(sizes) if sizes else 1


_F: Final = frozenset({Writer.FUNCTIONS})
_X: Final = frozenset({Writer.EXECUTION})
_S: Final = frozenset({Writer.STREAMING})
_LEDGER: Final = _F | _X
_ALL: Final = _F | _X | _S

_SIDES: Final = ("buy", "sell")
_TYPES: Final = ("market", "limit", "stop", "stop_limit", "trailing_stop")
_OUTCOMES: Final = ("ok", "refused", "unavailable", "unknown", "error")
_ENDS: Final = ("filled", "canceled", "expired", "replaced", "rejected", "withdrawn")
_REFUSALS: Final = ("400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429")
_DIFFERENCES: Final = (
    "order",
    "unknown_order",
    "vanished_order",
    "missed_execution",
    "absent_execution",
    "disputed_execution",
    "untold_execution",
    "activity",
    "position",
    "cash",
)
_LIMITS: Final = (
    "broker_account",
    "trading_state",
    "last_price",
    "order_quantity",
    "order_notional",
    "position_quantity",
    "position_notional",
    "price_collar",
    "fat_finger",
    "gross_exposure",
    "net_exposure",
    "concentration",
    "leverage",
    "margin_use",
    "daily_loss",
    "drawdown",
    "order_rate",
    "restricted",
    "short_selling",
    "short_available",
    "market_hours",
    "duplicate",
    "wash_trade",
    "buying_power",
    "units_available",
    "value_at_risk",
    "expected_shortfall",
    "stress_loss",
)
_USED_LIMITS: Final = (
    "gross_exposure",
    "net_exposure",
    "concentration",
    "leverage",
    "margin_use",
    "daily_loss",
    "drawdown",
)
_CALLS: Final = (
    "submit",
    "replace",
    "cancel",
    "order",
    "order_by_client_id",
    "orders",
    "fills",
    "activities",
    "positions",
    "close_position",
    "account",
)
_FEEDS: Final = Open(8)
_ACCOUNTS: Final = Open(50)


def _count(
    name: str, says: str, writers: frozenset[Writer], by: Mapping[str, Values] | None = None
) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, says=says, writers=writers, by=by or {})


def _gauge(
    name: str,
    says: str,
    writers: frozenset[Writer],
    unit: Unit = Unit.COUNT,
    by: Mapping[str, Values] | None = None,
) -> Metric:
    return Metric(name=name, kind=Kind.GAUGE, says=says, writers=writers, unit=unit, by=by or {})


def _spread(
    name: str,
    says: str,
    writers: frozenset[Writer],
    buckets: tuple[float, ...],
    by: Mapping[str, Values] | None = None,
    unit: Unit = Unit.SECONDS,
) -> Metric:
    return Metric(
        name=name,
        kind=Kind.HISTOGRAM,
        says=says,
        writers=writers,
        unit=unit,
        by=by or {},
        buckets=buckets,
    )


GOLDEN: Final = (
    _spread("RequestSeconds", "how long answers to HTTP requests took", _F, FAST_S,
            {"route": Open(160)}),
    _count("RequestsFailed", "HTTP requests answered with 5xx", _F, {"route": Open(160)}),
    _count("RequestsRefused", "HTTP requests answered with 4xx", _F, {"status": _REFUSALS}),
    _spread("TransactionSeconds", "how long transactions of the ledger took, with retries",
            _LEDGER, FAST_S, {"outcome": _OUTCOMES}),
    _gauge("OutboxLagSeconds", "age of the oldest committed event that is not published", _LEDGER,
           Unit.SECONDS),
    _count("EventsRelayed", "events published by the scheduled relay", _F),
    _gauge("LoopLagSeconds", "how much later than asked a service's event loop wakes", _X | _S,
           Unit.SECONDS),
    _gauge("MemoryBytes", "memory that a service's process holds", _X | _S, Unit.BYTES),
)  # fmt: skip
TRADING: Final = (
    _count("OrdersPlaced", "orders admitted and stored", _LEDGER, {"side": _SIDES, "type": _TYPES}),
    _count("OrdersRefused", "orders refused by a limit; one that breaks several counts in each",
           _F, {"limit": _LIMITS}),
    _count("OrdersSent", "orders handed to a broker", _LEDGER),
    _spread("OrderSendSeconds", "from the intent of an order to its sending", _LEDGER, SLOW_S),
    _count("OrdersInDoubt", "sendings that ended without an answer", _LEDGER),
    _count("OrdersEnded", "orders that reached their end", _LEDGER, {"status": _ENDS}),
    _count("OrdersRejected", "orders that a broker rejected, by its reason without names and sums",
           _LEDGER, {"reason": Open(20)}),
    _count("Fills", "executions told by brokers", _LEDGER, {"side": _SIDES}),
    _count("FillsBusted", "executions taken back by brokers", _LEDGER),
    _spread("FillSeconds", "from the intent of a market order to its first execution", _LEDGER,
            SLOW_S),
    _spread("SlippageBps", "execution price against the price at the intent; a stop order's against"
            " its stop; above zero costs money", _LEDGER, SLIPS_BPS, {"type": _TYPES},
            Unit.BASIS_POINTS),
    _spread("BrokerSeconds", "how long calls to brokers took", _X, FAST_S,
            {"call": _CALLS, "outcome": _OUTCOMES}),
    _count("BrokerCallsUnanswered", "calls to brokers that got no answer, or one nobody understood",
           _X),
    _gauge("AccountsServed", "1 where this process is the writer of an account, else 0", _X,
           by={"account": _ACCOUNTS}),
    _spread("DutySeconds", "how long the duties of an account's writer took", _X, SLOW_S,
            {"duty": Open(16), "outcome": _OUTCOMES}),
    _gauge("ReconciliationAgeSeconds", "since the last whole comparison with the broker", _X,
           Unit.SECONDS, {"account": _ACCOUNTS}),
    _gauge("ReconciliationDifferences", "differences with the broker that no rule settles", _X,
           by={"kind": _DIFFERENCES}),
    _count("ReconciliationsSettled", "differences with the broker that a rule settled", _X,
           {"kind": _DIFFERENCES}),
    _gauge("RiskUseRatio", "how much of a limit is used: 1 is all of it", _X, Unit.RATIO,
           {"account": _ACCOUNTS, "limit": _USED_LIMITS}),
    _count("RiskBreaches", "limits found broken after a fill or a price", _X, {"limit": _LIMITS}),
    _count("KillSwitchesPulled", "accounts halted with all their orders", _LEDGER),
    _count("PositionsUnprotected", "positions that lost the order that was to protect them", _X),
    _gauge("QuoteAgeSeconds", "age of the oldest price that decisions stand on", _X, Unit.SECONDS,
           {"account": _ACCOUNTS}),
    _count("OrdersToResolve", "orders whose workflow waits for the broker to be asked", _F),
    _count("OrdersSettled", "orders whose workflow reached its end", _F),
    _count("OrdersWithdrawn", "orders taken back before they were sent", _F),
    _count("OrdersPickedUp", "orders led on by the sweeper, since something was lost", _F),
)  # fmt: skip
MARKET_DATA: Final = (
    _gauge("FeedAgeSeconds", "since a feed last told a trade, a quote or a fix", _S, Unit.SECONDS,
           {"feed": _FEEDS}),
    _gauge("FeedLive", "1 where a feed is connected and nothing is missing, else 0", _S,
           by={"feed": _FEEDS}),
    _count("FeedTicks", "what feeds told", _S,
           {"feed": _FEEDS, "kind": ("trade", "quote", "fix")}),
    _count("FeedTicksBad", "what feeds told, and nobody can use", _S, {"feed": _FEEDS}),
    _count("FeedConnects", "connections to feeds", _S, {"feed": _FEEDS}),
    _count("FeedMutes", "times that a connected feed said nothing for too long", _S,
           {"feed": _FEEDS}),
    _gauge("TicksPending", "ticks that wait to be handed on", _S, by={"feed": _FEEDS}),
    _count("TickPutRetries", "records of ticks sent again", _S, {"feed": _FEEDS}),
    _gauge("StreamClients", "clients connected to the streaming service", _S),
    _count("StreamMessages", "messages sent to clients", _S),
    _count("StreamConflated", "messages left out for clients that read too slowly", _S),
    _count("TicksStored", "ticks taken into the lake", _F),
    _count("TicksRepeated", "ticks that came again, and were stored once", _F),
    _count("TicksQuarantined", "ticks that the lake refused", _F),
    _count("TickFixes", "cancels and corrections of trades", _F),
    _count("StreamHoles", "spans of a feed that were never told", _F),
    _count("StreamSilences", "spans in which a feed was mute", _F),
    _count("TickRecordsMissing", "records of ticks that never came", _F),
    _count("TickRecordsPoisoned", "records of ticks that cannot be read", _F),
    _count("TickBatchesDelayed", "batches of ticks that wait for a store", _F),
    _count("BarsClosed", "bars of chart styles that were closed", _F),
    _count("BarsStuck", "symbols whose trades a chart style cannot take", _F),
    _count("DailySeriesFetched", "series that got the bar of a session that closed", _F),
    _count("BarsRepaired", "bars fetched to close a hole", _F),
    _count("BarsNotRepaired", "holes that no source could close", _F),
    _count("LakeFilesPutTogether", "small files of the lake that became larger ones", _F),
    _count("LakeFilesForgotten", "files of the lake that nobody reads any more", _F),
)  # fmt: skip
RESEARCH: Final = (
    _count("BacktestsRun", "backtests run by shards and windows", _F),
    _count("StudiesPickedUp", "sweeps and walk-forwards led on, since something was lost", _F),
    *(
        _count(f"{what}{how}", f"{words} that ended: {how.lower()}", _F)
        for what, words in (("Sweeps", "sweeps"), ("WalkForwards", "walk-forwards"))
        for how in ("Succeeded", "Failed", "Cancelled")
    ),
)
LIVE: Final = (
    _count("StrategySteps", "steps done by runs of strategies", _F),
    _spread("StepSeconds", "how long a step of a run took, from the bars to the commit of its"
            " orders", _F, SLOW_S),
    _count("StrategyFailures", "runs whose strategy raised, did not come back, or asked for too"
           " many orders", _F, {"how": ("failed", "timed-out", "overflowing")}),
    _count("MissedBars", "runs whose bars stay away, counted again each minute", _F),
    _count("ParityUnexplained", "differences between runs and their backtests of which nobody"
           " knows why", _F),
)  # fmt: skip

METRICS: Final[Mapping[str, Metric]] = {
    each.name: each for each in (*GOLDEN, *TRADING, *MARKET_DATA, *RESEARCH, *LIVE)
}
