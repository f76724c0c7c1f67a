"""Say what each dashboard shows; CloudWatch's and Grafana's are made of this alike."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: metrics of the table, by one of their dimensions or as a whole.

    Attributes:
        by: The dimension whose values are lines; None for the service as a whole.
    """

    title: str
    service: str
    metrics: tuple[str, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard, its panels in the order in which a fault travels."""

    name: str
    title: str
    panels: tuple[Panel, ...]


_T, _M, _O, _B, _L = "trading", "market_data", "operations", "backtest", "live"

PAGES: Final = (
    Page(
        "golden-signals",
        "Golden signals",
        (
            *(
                Panel(f"{service}: latency, s", service, ("RequestSeconds",))
                for service in (_T, _M, _B, _L, _O)
            ),
            *(
                Panel(f"{service}: failed, by route", service, ("RequestsFailed",), "route")
                for service in (_T, _M, _B, _L)
            ),
            *(
                Panel(f"{service}: refused, by status", service, ("RequestsRefused",), "status")
                for service in (_T, _M, _B)
            ),
            Panel("trading: latency by route, s", _T, ("RequestSeconds",), "route"),
            Panel("Transactions of the ledger, s", _T, ("TransactionSeconds",), "outcome"),
            Panel("Events that wait, s", _O, ("OutboxLagSeconds",)),
            Panel("Events relayed", _O, ("EventsRelayed",)),
            Panel("Execution service: loop late, s", _T, ("LoopLagSeconds",)),
            Panel("Execution service: memory, bytes", _T, ("MemoryBytes",)),
            Panel("Streaming service: loop late, s", _M, ("LoopLagSeconds",)),
            Panel("Streaming service: memory, bytes", _M, ("MemoryBytes",)),
        ),
    ),
    Page(
        "trading",
        "Trading",
        (
            Panel("Orders placed, by type", _T, ("OrdersPlaced",), "type"),
            Panel("Orders sent, and in doubt", _T, ("OrdersSent", "OrdersInDoubt")),
            Panel("Orders ended, by how", _T, ("OrdersEnded",), "status"),
            Panel("Orders refused, by limit", _T, ("OrdersRefused",), "limit"),
            Panel("Orders rejected, by the broker's reason", _T, ("OrdersRejected",), "reason"),
            Panel("From intent to sending, s", _T, ("OrderSendSeconds",)),
            Panel("From intent to first execution of market orders, s", _T, ("FillSeconds",)),
            Panel("Executions, by side", _T, ("Fills",), "side"),
            Panel("Executions taken back", _T, ("FillsBusted",)),
            Panel("Slippage, bps", _T, ("SlippageBps",), "type"),
            Panel("Calls to brokers, s", _T, ("BrokerSeconds",), "call"),
            Panel("Calls to brokers, by outcome, s", _T, ("BrokerSeconds",), "outcome"),
            Panel("Accounts served", _T, ("AccountsServed",), "account"),
            Panel("Since the last reconciliation, s", _T, ("ReconciliationAgeSeconds",), "account"),
            Panel("Differences that stand, by kind", _T, ("ReconciliationDifferences",), "kind"),
            Panel("Differences settled, by kind", _T, ("ReconciliationsSettled",), "kind"),
            Panel("Use of limits, 1 is all", _T, ("RiskUseRatio",), "limit"),
            Panel("Limits broken", _T, ("RiskBreaches",), "limit"),
            Panel("Kill switches, positions unprotected", _T,
                  ("KillSwitchesPulled", "PositionsUnprotected")),
            Panel("Age of the oldest price, s", _T, ("QuoteAgeSeconds",), "account"),
            Panel("Duties of accounts' writers, s", _T, ("DutySeconds",), "duty"),
            Panel("Workflows: settled, withdrawn, led on", _T,
                  ("OrdersSettled", "OrdersWithdrawn", "OrdersToResolve", "OrdersPickedUp")),
        ),
    ),
    Page(
        "market-data",
        "Market data",
        (
            Panel("Since feeds last spoke, s", _M, ("FeedAgeSeconds",), "feed"),
            Panel("Feeds live", _M, ("FeedLive",), "feed"),
            Panel("Told by feeds", _M, ("FeedTicks",), "kind"),
            Panel("Told by feeds, and bad", _M, ("FeedTicksBad",), "feed"),
            Panel("Connections and silences", _M, ("FeedConnects", "FeedMutes")),
            Panel("Ticks that wait", _M, ("TicksPending",), "feed"),
            Panel("Records sent again", _M, ("TickPutRetries",), "feed"),
            Panel("Clients", _M, ("StreamClients",)),
            Panel("Messages to clients", _M, ("StreamMessages", "StreamConflated")),
            Panel("Ticks stored", _M, ("TicksStored", "TicksRepeated", "TickFixes")),
            Panel("Ticks refused, lost, late", _M,
                  ("TicksQuarantined", "TickRecordsMissing", "TickRecordsPoisoned",
                   "TickBatchesDelayed")),
            Panel("Holes and silences of feeds", _M, ("StreamHoles", "StreamSilences")),
            Panel("Bars", _M,
                  ("BarsClosed", "BarsStuck", "DailySeriesFetched", "BarsRepaired",
                   "BarsNotRepaired")),
            Panel("Upkeep of the lake", _M, ("LakeFilesPutTogether", "LakeFilesForgotten")),
        ),
    ),
    Page(
        "research",
        "Research",
        (
            Panel("Backtests run", _B, ("BacktestsRun",)),
            Panel("Sweeps ended", _B, ("SweepsSucceeded", "SweepsFailed", "SweepsCancelled")),
            Panel("Walk-forwards ended", _B,
                  ("WalkForwardsSucceeded", "WalkForwardsFailed", "WalkForwardsCancelled")),
            Panel("Studies led on", _B, ("StudiesPickedUp",)),
        ),
    ),
    Page(
        "strategies",
        "Live strategies",
        (
            Panel("Steps", _L, ("StrategySteps",)),
            Panel("A step, s", _L, ("StepSeconds",)),
            Panel("Strategies that failed, by how", _L, ("StrategyFailures",), "how"),
            Panel("Runs whose bars stay away", _L, ("MissedBars",)),
            Panel("Differences that nobody explains", _L, ("ParityUnexplained",)),
        ),
    ),
)  # fmt: skip
