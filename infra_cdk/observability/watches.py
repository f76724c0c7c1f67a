"""Say which metrics of the table somebody must look at, and from which value on."""

from dataclasses import dataclass
from typing import Final, Literal

TRADING: Final = "trading"
MARKET_DATA: Final = "market_data"
OPERATIONS: Final = "operations"
LIVE: Final = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One alarm on a metric of the table.

    Attributes:
        name: Of the alarm, without the stage.
        service: The dimension ``service`` of the metric.
        over: The alarm is raised above this; or below, where ``below`` says so.
        minutes: A period; ``times`` of them in a row must be so.
        needs: The service without which nobody writes the metric.
        silence: Whether no value at all is a fault too.
    """

    name: str
    metric: str
    service: str
    says: str
    over: float
    statistic: Literal["Sum", "Maximum", "Minimum", "p99"] = "Sum"
    below: bool = False
    minutes: int = 5
    times: int = 1
    needs: Literal["execution", "streaming"] | None = None
    silence: bool = False


WATCHES: Final = (
    Watch(
        name="account-not-served",
        metric="AccountsServed",
        service=TRADING,
        says="An account is served by nobody: its orders wait.",
        over=1,
        below=True,
        statistic="Minimum",
        minutes=1,
        times=5,
        needs="execution",
        silence=True,
    ),
    Watch(
        name="reconciliation-old",
        metric="ReconciliationAgeSeconds",
        service=TRADING,
        says="An account was not compared with its broker for ten minutes.",
        over=600,
        statistic="Maximum",
        needs="execution",
    ),
    Watch(
        name="reconciliation-differs",
        metric="ReconciliationDifferences",
        service=TRADING,
        says="The ledger and a broker say different things, and no rule settles it.",
        over=0,
        statistic="Maximum",
        needs="execution",
    ),
    Watch(
        name="orders-in-doubt",
        metric="OrdersInDoubt",
        service=TRADING,
        says="Many sendings of orders end without an answer from the broker.",
        over=10,
        needs="execution",
    ),
    Watch(
        name="orders-sent-late",
        metric="OrderSendSeconds",
        service=TRADING,
        says="One order in a hundred is sent later than 5 s after its intent.",
        over=5,
        statistic="p99",
        times=2,
        needs="execution",
    ),
    Watch(
        name="orders-rejected",
        metric="OrdersRejected",
        service=TRADING,
        says="A broker rejects many orders: look at the reasons.",
        over=20,
        needs="execution",
    ),
    Watch(
        name="fills-slipping",
        metric="SlippageBps",
        service=TRADING,
        says="One execution in a hundred costs a percent more than the price at its intent.",
        over=100,
        statistic="p99",
        minutes=15,
        needs="execution",
    ),
    Watch(
        name="risk-breached",
        metric="RiskBreaches",
        service=TRADING,
        says="What is held or ordered breaks a limit.",
        over=0,
        minutes=1,
        needs="execution",
    ),
    Watch(
        name="risk-nearly-used-up",
        metric="RiskUseRatio",
        service=TRADING,
        says="More than nine tenths of a limit on an account are used.",
        over=0.9,
        statistic="Maximum",
        times=3,
        needs="execution",
    ),
    Watch(
        name="kill-switch-pulled",
        metric="KillSwitchesPulled",
        service=TRADING,
        says="Somebody, or the platform itself, pulled a kill switch.",
        over=0,
        minutes=1,
    ),
    Watch(
        name="position-unprotected",
        metric="PositionsUnprotected",
        service=TRADING,
        says="A position has lost the order that was to protect it.",
        over=0,
        minutes=1,
        needs="execution",
    ),
    Watch(
        name="execution-prices-old",
        metric="QuoteAgeSeconds",
        service=TRADING,
        says="Decisions stand on a price that is older than five minutes.",
        over=300,
        statistic="Maximum",
        times=2,
        needs="execution",
    ),
    Watch(
        name="execution-loop-late",
        metric="LoopLagSeconds",
        service=TRADING,
        says="The event loop of the execution service wakes more than a second late.",
        over=1,
        statistic="Maximum",
        times=3,
        needs="execution",
    ),
    Watch(
        name="events-late",
        metric="OutboxLagSeconds",
        service=OPERATIONS,
        says="Committed events wait longer than five minutes to be published.",
        over=300,
        statistic="Maximum",
        times=2,
    ),
    Watch(
        name="feed-down",
        metric="FeedLive",
        service=MARKET_DATA,
        says="A feed is not live: not connected, mute, or behind.",
        over=1,
        below=True,
        statistic="Maximum",
        minutes=5,
        times=2,
        needs="streaming",
        silence=True,
    ),
    Watch(
        name="feed-ticks-pile-up",
        metric="TicksPending",
        service=MARKET_DATA,
        says="Ticks wait in the streaming service: the stream does not take them.",
        over=50_000,
        statistic="Maximum",
        times=2,
        needs="streaming",
    ),
    Watch(
        name="strategy-failed",
        metric="StrategyFailures",
        service=LIVE,
        says="A strategy raised, did not come back, or asked for too many orders: its run halts.",
        over=0,
        minutes=1,
    ),
    Watch(
        name="strategy-lacks-bars",
        metric="MissedBars",
        service=LIVE,
        says="A run of a strategy missed a bar, or gets none any more.",
        over=0,
        minutes=1,
    ),
    Watch(
        name="parity-unexplained",
        metric="ParityUnexplained",
        service=LIVE,
        says="A run did something that its backtest does not, and nobody knows why.",
        over=0,
        minutes=1,
    ),
)
