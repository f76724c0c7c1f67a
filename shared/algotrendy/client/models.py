"""Hold what goes over the wire.

Made by `make published` from docs/openapi.json: do not edit.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from algotrendy.client.values import Answer, Number, Request, Word


class About(Word):
    """What a record is about."""

    RECONCILIATION = "reconciliation"
    PROTECTION = "protection"


class Role(Word):
    """What a person or a service is there for."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    TRADER = "trader"
    RISK_MANAGER = "risk_manager"
    ADMIN = "admin"
    SERVICE = "service"


class MemberIn(Request):
    """Somebody on the list."""

    user: str
    """What they sign in with, or `machine:` and a machine's name."""

    roles: list[Role]
    """What they are there, as far as they have these roles at all."""


class AccessIn(Request):
    """Those who get at an account, in place of those who do now."""

    version: int
    """That you have seen; 0 where there was no list yet."""

    members: list[MemberIn]
    reason: str
    """Kept in the audit."""


class MemberOut(Answer):
    """Somebody on the list."""

    user: str
    roles: list[Role]


class AccessOut(Answer):
    """Who gets at an account. Admins of the tenant always do."""

    account: str
    is_open: bool
    """There is no list: the whole tenant gets at it."""

    version: int
    members: list[MemberOut]
    changed_by: str | None
    changed_at: dt.datetime | None
    reason: str | None


class FatFinger(Answer):
    """At most ``multiple`` times the mean quantity of the last orders in the symbol.

    Binds once ``after`` orders are known (the last 20 are); never for one that only reduces.
    """

    multiple: Number
    after: int = 5


class MarketHours(Word):
    """When orders may be sent."""

    REGULAR = "regular"
    EXTENDED = "extended"


class OrderRate(Answer):
    """At most ``orders`` in any span of ``window_s`` seconds."""

    orders: int
    window_s: int


class TailLimit(Answer):
    """At most ``loss`` in a day, with this confidence: one of those that the risk report tells.

    The horizon is one trading day, from a close to the next.
    """

    loss: Number
    confidence: str = '0.99'


class AccountLimits(Answer):
    """Bind the account as a whole; the guard against wash trades is of all its orders."""

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    price_collar: Number | None = None
    fat_finger: FatFinger | None = None
    gross_exposure: Number | None = None
    net_exposure: Number | None = None
    concentration: Number | None = None
    leverage: Number | None = None
    margin_use: Number | None = None
    daily_loss: Number | None = None
    drawdown: Number | None = None
    order_rate: OrderRate | None = None
    restricted: list[str] = []
    short_selling: bool = True
    market_hours: MarketHours | None = None
    duplicate_window_s: int | None = None
    value_at_risk: TailLimit | None = None
    expected_shortfall: TailLimit | None = None
    stress_loss: Number | None = None
    wash_trade_guard: bool = True


class FatFingerIn(Request):
    """At most ``multiple`` times the mean quantity of the last orders in the symbol.

    Binds once ``after`` orders are known (the last 20 are); never for one that only reduces.
    """

    multiple: Number
    """At most 6 decimal places."""

    after: int = 5


class TailLimitIn(Request):
    """At most ``loss`` in a day, with this confidence: one of those that the risk report tells.

    The horizon is one trading day, from a close to the next.
    """

    loss: Number
    """At most 18 decimal places."""

    confidence: Number = Decimal("0.99")


class AccountLimitsIn(Request):
    """Bind the account as a whole; the guard against wash trades is of all its orders."""

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    price_collar: Number | None = None
    fat_finger: FatFingerIn | None = None
    gross_exposure: Number | None = None
    net_exposure: Number | None = None
    concentration: Number | None = None
    leverage: Number | None = None
    margin_use: Number | None = None
    daily_loss: Number | None = None
    drawdown: Number | None = None
    order_rate: OrderRate | None = None
    restricted: list[str] = []
    short_selling: bool = True
    market_hours: MarketHours | None = None
    duplicate_window_s: int | None = None
    value_at_risk: TailLimitIn | None = None
    expected_shortfall: TailLimitIn | None = None
    stress_loss: Number | None = None
    wash_trade_guard: bool = True


class LotMethod(Word):
    """Which lots a closing trade takes first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIGHEST_COST = "highest_cost"
    AVERAGE = "average"


class MoneyOut(Answer):
    """What books add up to, in the account's currency."""

    cash: Number
    """Free to spend; below zero when borrowed."""

    held: Number
    """Set aside for open orders."""

    value: Number
    """Of the positions that have a price, shorts below zero."""

    equity: Number
    """All cash, and the value."""

    realised: Number
    """Profit of what was closed, before fees."""

    fees: Number
    dividends: Number
    interest: Number
    unpriced: list[str]
    """Held, and without a known price."""


class Protection(Word):
    """What is done when a position has lost the order that protects it; always with an alarm."""

    ALARM = "alarm"
    REPROTECT = "reprotect"
    FLATTEN = "flatten"


class AccountOut(Answer):
    """An account or a part of one: how it is set, and where its money is.

    The numbers are its own. ``whole`` adds the parts up, and stands at accounts alone.
    """

    cash: Number
    """Free to spend; below zero when borrowed."""

    held: Number
    """Set aside for open orders."""

    value: Number
    """Of the positions that have a price, shorts below zero."""

    equity: Number
    """All cash, and the value."""

    realised: Number
    """Profit of what was closed, before fees."""

    fees: Number
    dividends: Number
    interest: Number
    unpriced: list[str]
    """Held, and without a known price."""

    id: str
    account: str
    """The account at the broker."""

    strategy: str | None
    """Whose part it is; null for the account itself."""

    broker: str
    currency: str
    leverage: Number
    lot_method: LotMethod
    protection: Protection
    approval_above: Number | None
    """An order of more than this waits for a person."""

    opened_at: dt.datetime
    whole: MoneyOut | None


class AccountsOut(Answer):
    """Every account and part of the caller's tenant, by id."""

    accounts: list[AccountOut]


class EntryKind(Word):
    """What an entry writes down."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    HOLD = "hold"
    FILL = "fill"
    FEE = "fee"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    SPLIT = "split"
    CORRECTION = "correction"
    BUST = "bust"
    RESTATEMENT = "restatement"


class Book(Word):
    """An account of the books."""

    CASH = "cash"
    CASH_HELD = "cash_held"
    POSITION = "position"
    REALISED = "realised"
    FEES = "fees"
    DIVIDENDS = "dividends"
    INTEREST = "interest"
    EXTERNAL = "external"


class PostingOut(Answer):
    """What goes into one book, or out of it where it is below zero."""

    book: Book
    amount: Number
    currency: str | None
    """Null where the amount is in units of the symbol."""

    symbol: str | None


class ActivityOut(Answer):
    """An entry of the journal; over its postings each currency sums to zero, and each symbol."""

    key: str
    kind: EntryKind
    account: str
    at: dt.datetime
    reason: str
    reverses: str | None
    postings: list[PostingOut]


class ActivitiesOut(Answer):
    """Entries of the journal, newest first."""

    activities: list[ActivityOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class AnyBarOut(Answer):
    """One bar. Of a chart style it also says when it was known, and what was traded meanwhile."""

    time: str
    """Begin, UTC; of a daily bar 00:00 of its session."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    filled: bool | None = None
    """With gaps=fill: whether nobody stored it."""

    known: str | None = None
    """Of a style: when the bar was known whole, UTC."""

    first: float | None = None
    """Of a style: price of its first trade."""

    highest: float | None = None
    """Of a style: the highest trade."""

    lowest: float | None = None
    """Of a style: the lowest trade."""

    last: float | None = None
    """Of a style: price of its last trade."""

    ticks: int | None = None
    """Of a style: how many trades."""

    direction: int | None = None
    """Of a style: 1 up, -1 down, 0 neither."""


class ApprovalIn(Request):
    """A person's word on an order that waits for it."""

    approve: bool
    """False withdraws the order."""

    reason: str = ''
    """Kept in the audit."""


class AskedTerms(Request):
    """The terms on which orders fill: those of ``Terms``, by the same names, limits and defaults.

    bps are hundredths of a percent of a price; rates are a year's, parts of 1.
    """

    cash: Number = Decimal("100000")
    fee_bps: Number = Decimal("10")
    fee_per_unit: Number = Decimal("0")
    fee_minimum: Number = Decimal("0")
    fee_most_bps: Number = Decimal("0")
    sale_fee_bps: Number = Decimal("0")
    sale_fee_per_unit: Number = Decimal("0")
    slippage_bps: Number = Decimal("0")
    spread: Number = Decimal("0")
    impact_bps: Number = Decimal("0")
    participation: Number = Decimal("0")
    fractional: bool = False
    allow_short: bool = False
    leverage: Number = Decimal("1")
    maintenance: Number = Decimal("0")
    borrow_rate: Number = Decimal("0")
    borrow_scale: Number = Decimal("1")
    loan_rate: Number = Decimal("0")
    cash_rate: Number = Decimal("0")
    days_in_year: int = 360


class AuditEntryOut(Answer):
    """Who did what to which, when and why; and its place in the chain."""

    seq: int
    """Counted from 1 within the tenant, without a gap."""

    id: UUID
    at: dt.datetime
    who: str
    action: str
    subject: str
    reason: str
    account: str | None
    correlation_id: str | None
    facts: dict[str, Any]
    previous: str
    """The hash of the entry before."""

    hash: str
    """SHA-256 of the canonical JSON of all that stands above."""


class AuditEntriesOut(Answer):
    """A page of the audit, newest first."""

    entries: list[AuditEntryOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class AuditOut(Answer):
    """Who did what, and why."""

    id: str
    account: str
    at: dt.datetime
    who: str
    action: str
    subject: str
    reason: str
    facts: dict[str, Any]


class Harm(Word):
    """What was done to a chain."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT = "cut"
    REWRITTEN = "rewritten"


class MisfitOut(Answer):
    """The first entry that does not fit."""

    seq: int
    harm: Harm
    why: str


class AuditVerificationOut(Answer):
    """What a look at the tenant's whole chain found."""

    is_sound: bool
    entries: int
    """How many are sound, from the first on."""

    hash: str
    """Of the last of these: keep it, to ask for it later."""

    kept_heads: int
    """How many heads that are kept elsewhere it was held to."""

    sealed: int
    """Up to which entry those say that all is as it was."""

    misfit: MisfitOut | None


class AuditsOut(Answer):
    """What people did, newest first."""

    records: list[AuditOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class GapPolicy(Word):
    """What a reader does about bars that are missing by the calendar.

    ``keep`` leaves the series as it is stored. ``fill`` puts a bar for each that is missing:
    its four prices are the close before it, its volume is 0. ``refuse`` reads a series without
    gaps, or none.
    """

    KEEP = "keep"
    FILL = "fill"
    REFUSE = "refuse"


class Timeframe(Word):
    """The span of a bar."""

    _1MIN = "1Min"
    _5MIN = "5Min"
    _15MIN = "15Min"
    _1HOUR = "1Hour"
    _1DAY = "1Day"


class BacktestIn(Request):
    """One run of a strategy: on one symbol, or on several that it trades together.

    A parameter that is not named keeps its default.
    """

    cash: Number = Decimal("100000")
    fee_bps: Number = Decimal("10")
    fee_per_unit: Number = Decimal("0")
    fee_minimum: Number = Decimal("0")
    fee_most_bps: Number = Decimal("0")
    sale_fee_bps: Number = Decimal("0")
    sale_fee_per_unit: Number = Decimal("0")
    slippage_bps: Number = Decimal("0")
    spread: Number = Decimal("0")
    impact_bps: Number = Decimal("0")
    participation: Number = Decimal("0")
    fractional: bool = False
    allow_short: bool = False
    leverage: Number = Decimal("1")
    maintenance: Number = Decimal("0")
    borrow_rate: Number = Decimal("0")
    borrow_scale: Number = Decimal("1")
    loan_rate: Number = Decimal("0")
    cash_rate: Number = Decimal("0")
    days_in_year: int = 360
    strategy: str
    symbol: str | None = None
    """Either it, or symbols."""

    symbols: list[str] = []
    """For a strategy of several assets."""

    start: dt.date
    end: dt.date
    parameters: dict[str, Number] = {}
    adjustment: Literal['raw', 'split', 'dividend', 'all'] = 'all'
    as_of: dt.datetime | None = None
    """Bars and corporate actions as they were recorded by this moment; null: all."""

    gaps: GapPolicy = GapPolicy.KEEP
    """Of bars that are missing by the exchange's calendar: keep the gap; fill it with bars that
    nothing is dealt on, which needs a participation; or refuse.
    """

    timeframe: Timeframe | None = None
    """The store's, or a longer one that is made of its bars."""

    calendar: Literal['none', 'us-equities', 'always-open'] = 'none'


class Links(Answer):
    """Addresses that need no token and last an hour at most; null until the sweep succeeds."""

    results: str | None
    """The table of all runs, CSV."""

    report: str | None
    """The report, one HTML file."""


class StudyStatus(Word):
    """Where a study stands."""

    REQUESTED = "requested"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BacktestOut(Answer):
    """A backtest and what became of it."""

    id: str
    status: StudyStatus
    strategy: str
    symbol: str
    """Several, with blanks between them, were traded together."""

    parameters: dict[str, Any] | None
    """Every value, defaults included; null until it succeeds."""

    requested_by: str
    requested_at: dt.datetime
    updated_at: dt.datetime
    statistics: dict[str, Any] | None
    """Null until it succeeds."""

    benchmark: dict[str, Any] | None
    """The same figures of buying and holding."""

    winner: dict[str, Any] | None
    """Deflated by all trials on these data; as in the summary of a sweep."""

    verdict: dict[str, Any] | None
    """The gate's, check by check."""

    links: Links
    error: str | None


class BacktestsOut(Answer):
    """Backtests of the caller's tenant, newest first."""

    backtests: list[BacktestOut]
    next_cursor: str | None
    """Ask for the next page with it as `cursor`; null at the end."""

    next_before: str | None
    """The same as an id, for `before`; use next_cursor."""


class BarOut(Answer):
    """One bar; prices in quote currency."""

    time: dt.datetime
    """Start in UTC; for a daily bar 00:00 of its session."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    """As traded, under every adjustment."""

    filled: bool | None = None
    """With gaps=fill: whether nobody stored it."""


class BarsPage(Answer):
    """Bars of one symbol, oldest first."""

    symbol: str
    timeframe: str
    adjustment: str
    bars: list[BarOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class Kind(Word):
    """What a batch was."""

    RUN = "run"
    SWEEP = "sweep"
    WALK_FORWARD = "walk_forward"
    SEARCH = "search"


class TallyOut(Answer):
    """The trials of a batch on one set of data; Sharpe ratios are of one bar."""

    symbols: list[str]
    timeframe: Timeframe
    first: dt.date
    last: dt.date
    trials: int
    sharpe_mean: float | None
    """Null when no trial has a Sharpe ratio."""

    sharpe_variance: float | None
    """Null for fewer than two ratios."""

    sharpe_best: float | None


class BatchOut(Answer):
    """Trials that were made together."""

    id: str
    sha256: str
    """Of all that decides the results."""

    kind: Kind
    strategy: str
    version: str
    trials: int
    tallies: list[TallyOut]
    recorded_by: str
    recorded_at: dt.datetime


class BatchesOut(Answer):
    """Batches of the caller's tenant, newest first."""

    batches: list[BatchOut]
    next_cursor: str | None
    """Ask for the next page with it as `cursor`; null at the end."""

    next_before: str | None
    """The same as an id, for `before`; use next_cursor."""


class TradingState(Word):
    """What a scope may do now."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class BookOut(Answer):
    """The account as a whole, or a strategy's part of it."""

    strategy: str | None
    """Null for the account as a whole."""

    state: TradingState
    cash: Number
    equity: Number
    profit_today: Number
    """Below zero for a loss."""

    drawdown: Number
    """How far equity is below its highest."""

    realised: Number
    unrealised: Number
    fees: Number
    dividends: Number
    interest: Number
    gross: Number
    """Positions at worst, longs and shorts added up."""

    net: Number
    """Longs less shorts at worst."""

    margin: Number


class Bound(Word):
    """On which side of its threshold a figure must lie."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    ABOVE = "above"


class BreachOut(Answer):
    """A limit that is broken now."""

    limit: str
    scope: str
    allowed: str
    actual: str


class CauseOut(Answer):
    """What one cause of differences came to."""

    cause: str
    count: int
    cost: str
    """In the account's currency, such as -12.50."""


class Unit(Word):
    """How a figure is written."""

    RATIO = "ratio"
    COUNT = "count"
    PERCENT = "percent"


class CheckOut(Answer):
    """One figure and its threshold."""

    name: str
    figure: str
    bound: Bound
    unit: Unit
    needed: float | None
    """Null where the candidate's own returns decide it: the length of the record."""

    is_required: bool
    """Whether the figure must be shown; others need not be."""


class ClosedLotOut(Answer):
    """A lot, or a part of one, that a trade closed."""

    symbol: str
    opened_by: str
    closed_by: str
    opened_at: dt.datetime
    closed_at: dt.datetime
    quantity: Number
    """Above zero where a long was sold."""

    cost: Number
    proceeds: Number
    profit: Number
    """Before fees."""

    currency: str


class ClosedLotsOut(Answer):
    """Closed lots, newest first."""

    lots: list[ClosedLotOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class ConditionOut(Answer):
    """Something that holds or does not."""

    name: str
    text: str
    passed: bool


class CrossChecks(Request):
    """How to cut the bars.

    Attributes:
        blocks: Of CSCV, even.
        groups, test_groups: Of combinatorial purged cross-validation.
        embargo: Bars more that are not for training after a test.
    """

    blocks: int = 16
    groups: int = 10
    test_groups: int = 2
    embargo: int = 5


class CurveOut(Answer):
    """What 1 became out of sample, window after window."""

    time: list[int]
    """Ends of the bars, nanoseconds since 1970 UTC."""

    wealth: list[float]


class DecisionOut(Answer):
    """What a strategy asked for, and what became of it."""

    number: int
    kind: str
    symbol: str
    side: str
    units: float
    fate: str
    """`admitted`, `refused`, `impossible`, `cancelling`, `joined`, `idle`, `shadowed`."""

    order_id: str | None
    client_order_id: str | None
    reason: str
    breaches: list[dict[str, Any]]
    """The limits that spoke against it."""


class DifferenceOut(Answer):
    """One difference between the run and its backtest."""

    subject: str
    cause: str
    """Where nothing explains it, our bug."""

    step: int
    at: dt.datetime
    symbol: str
    order: str
    """The client order id; empty where there is no order."""

    expected: str
    found: str
    cost: str
    """In the account's currency, such as -12.50."""


class EquityOut(Answer):
    """Equity of both over time, thinned to what a chart can show."""

    seconds: list[int]
    ledger: list[float]
    backtest: list[float]


class EventOut(Answer):
    """One thing that happened to an order; what does not go with its kind is null."""

    id: str
    kind: str
    at: dt.datetime
    status: str | None
    """As the broker named it."""

    filled_quantity: Number | None
    """Cumulative, as the broker told it."""

    execution_id: str | None
    broker_order_id: str | None
    by: str | None
    epoch: int | None
    """Of the lease under which it was sent."""

    reason: str


class ExecutionOut(Answer):
    """What the market gave at once; the fee is null until the broker tells it."""

    id: str
    quantity: Number
    price: Number
    fee: Number | None
    at: dt.datetime
    is_busted: bool
    """It was taken back."""


class FigureOut(Answer):
    """One figure of a ruling against its bar."""

    name: str
    figure: str
    bound: Bound
    unit: Unit
    needed: float | None
    actual: float | None
    """Null where it was not shown, or is infinite."""

    missed_by: float | None
    is_required: bool
    passed: bool
    text: str


class Side(Word):
    """Which way an order goes."""

    BUY = "buy"
    SELL = "sell"


class FillOut(Answer):
    """An execution as it was booked."""

    execution_id: str
    order_id: str
    client_order_id: str
    account: str
    symbol: str
    side: Side
    quantity: Number
    price: Number
    notional: Number
    fee: Number | None
    currency: str
    at: dt.datetime
    is_busted: bool


class FillsOut(Answer):
    """Executions, newest first."""

    fills: list[FillOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class FindingOut(Answer):
    """One thing that is wrong, from the first to the last bar that has it; times in UTC."""

    kind: str
    weight: str
    """error: wrong; warning: likely; note: may be in order."""

    first: str
    last: str
    count: int
    detail: str


class FlagChangeOut(Answer):
    """What a change did, or would do."""

    name: str
    before: bool | int | float
    after: bool | int | float
    changed: bool
    """Whether anything was deployed."""

    at_once: bool
    deployment: int | None
    entry: UUID | None
    """Of the audit."""


class FlagIn(Request):
    """What a flag is to be, and why."""

    value: bool | int | float | None
    """Null: its default."""

    reason: str
    """Why; kept in the audit."""

    at_once: bool = False
    """Everywhere within 30 s, and a change that is on its way is taken back; else process by
    process within minutes, and taken back when an alarm comes.
    """

    dry_run: bool = False
    """Only say what it would do."""


class FlagOut(Answer):
    """One flag."""

    name: str
    value: bool | int | float
    """As it is deployed; a process has it within 30 s."""

    default: bool | int | float
    is_set: bool
    """Whether it differs from its default."""


class FlagsOut(Answer):
    """Every flag, by name, and what is on its way."""

    flags: list[FlagOut]
    version: int
    """Of the document that holds."""

    under_way: int | None
    """A deployment that has not come to its end."""

    percent: float
    """How far that one is."""


class GateOut(Answer):
    """All checks, in the order in which a verdict tells them."""

    checks: list[CheckOut]


class HeldOut(Answer):
    """What the account holds of a symbol, all parts together."""

    symbol: str
    quantity: Number
    cost: Number
    price: Number | None
    value: Number
    unrealised: Number
    is_fresh: bool
    """The price is young enough to decide by."""


class Permission(Word):
    """One kind of act; every route of the API needs one of these, or none at all."""

    BARS_READ = "bars:read"
    QUOTES_READ = "quotes:read"
    RESEARCH_READ = "research:read"
    RESEARCH_RUN = "research:run"
    STRATEGIES_REGISTER = "strategies:register"
    STRATEGIES_PROMOTE = "strategies:promote"
    STRATEGIES_RUN = "strategies:run"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_MANAGE = "accounts:manage"
    TRANSFERS_MAKE = "transfers:make"
    ORDERS_READ = "orders:read"
    ORDERS_PLACE = "orders:place"
    ORDERS_APPROVE = "orders:approve"
    RISK_READ = "risk:read"
    LIMITS_CHANGE = "limits:change"
    TRADING_STATE_CHANGE = "trading-state:change"
    KILL_SWITCH_PULL = "kill-switch:pull"
    LIVE_SWITCH_TURN = "live-switch:turn"
    AUDIT_READ = "audit:read"
    ACCESS_READ = "access:read"
    ACCESS_CHANGE = "access:change"
    KEYS_OWN = "keys:own"
    KEYS_ALL = "keys:all"
    MACHINES_MANAGE = "machines:manage"
    FLAGS_READ = "flags:read"
    FLAGS_CHANGE = "flags:change"
    STATUS_MANAGE = "status:manage"


class IssuedKeyOut(Answer):
    """A key with its text."""

    id: UUID
    shown: str
    """How to tell it: all of it but the secret."""

    name: str
    owner: str
    """Who it acts as."""

    permissions: list[Permission]
    accounts: list[str] | None
    created_at: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime | None
    """To the minute."""

    ends_at: dt.datetime | None
    """Before it expires: revoked or replaced."""

    revoked_at: dt.datetime | None
    replaced_by: UUID | None
    counts: bool
    """Whether it lets anybody in now."""

    key: str
    """Send it as Authorization: Bearer. It is shown this once and kept nowhere."""


class KeyIn(Request):
    """What a key is wanted for."""

    name: str
    """For people to tell it by."""

    permissions: list[str]
    """All that it may do, each one of yours, such as bars:read."""

    accounts: list[str] | None = None
    """The only accounts that it gets at; left out, all that you do."""

    days: int = 90
    """How long it counts."""


class KeyOut(Answer):
    """A key, without its secret."""

    id: UUID
    shown: str
    """How to tell it: all of it but the secret."""

    name: str
    owner: str
    """Who it acts as."""

    permissions: list[Permission]
    accounts: list[str] | None
    created_at: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime | None
    """To the minute."""

    ends_at: dt.datetime | None
    """Before it expires: revoked or replaced."""

    revoked_at: dt.datetime | None
    replaced_by: UUID | None
    counts: bool
    """Whether it lets anybody in now."""


class KeysOut(Answer):
    """Keys, newest first."""

    keys: list[KeyOut]


class LastQuote(Answer):
    """The newest best bid and offer."""

    time: str
    """The exchange's, UTC, to the nanosecond."""

    received: str
    """When the streaming service got it; of the lake, the same."""

    age_s: float
    """Seconds from `time` to `as_of`."""

    is_stale: bool
    """Whether it is older than `stale_after_s`."""

    bid: float
    bid_size: float
    ask: float
    ask_size: float


class LastTrade(Answer):
    """The newest trade."""

    time: str
    """The exchange's, UTC, to the nanosecond."""

    received: str
    """When the streaming service got it; of the lake, the same."""

    age_s: float
    """Seconds from `time` to `as_of`."""

    is_stale: bool
    """Whether it is older than `stale_after_s`."""

    price: float
    size: float
    venue: str
    source: str
    """`lake`: the stream tells nothing; it is what is stored."""


class StrategyLimitsIn(Request):
    """Bind one strategy's part of the account."""

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    price_collar: Number | None = None
    fat_finger: FatFingerIn | None = None
    gross_exposure: Number | None = None
    net_exposure: Number | None = None
    concentration: Number | None = None
    leverage: Number | None = None
    margin_use: Number | None = None
    daily_loss: Number | None = None
    drawdown: Number | None = None
    order_rate: OrderRate | None = None
    restricted: list[str] = []
    short_selling: bool = True
    market_hours: MarketHours | None = None
    duplicate_window_s: int | None = None
    value_at_risk: TailLimitIn | None = None
    expected_shortfall: TailLimitIn | None = None
    stress_loss: Number | None = None
    strategy: str


class SymbolLimitsIn(Request):
    """Bind the account in one symbol."""

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    price_collar: Number | None = None
    fat_finger: FatFingerIn | None = None
    symbol: str


class LimitsIn(Request):
    """The next version of an account's limits; what is left out stays as it is.

    Sums are in the account's currency, fractions of one, decimals in strings. A limit that is
    absent does not bind.
    """

    version: int
    """That you have seen, and build on."""

    account: AccountLimitsIn | None = None
    strategies: list[StrategyLimitsIn] | None = None
    symbols: list[SymbolLimitsIn] | None = None
    reason: str
    """Why; kept in the audit."""


class StrategyLimits(Answer):
    """Bind one strategy's part of the account."""

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    price_collar: Number | None = None
    fat_finger: FatFinger | None = None
    gross_exposure: Number | None = None
    net_exposure: Number | None = None
    concentration: Number | None = None
    leverage: Number | None = None
    margin_use: Number | None = None
    daily_loss: Number | None = None
    drawdown: Number | None = None
    order_rate: OrderRate | None = None
    restricted: list[str] = []
    short_selling: bool = True
    market_hours: MarketHours | None = None
    duplicate_window_s: int | None = None
    value_at_risk: TailLimit | None = None
    expected_shortfall: TailLimit | None = None
    stress_loss: Number | None = None
    strategy: str


class SymbolLimits(Answer):
    """Bind the account in one symbol."""

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    price_collar: Number | None = None
    fat_finger: FatFinger | None = None
    symbol: str


class LimitsOut(Answer):
    """One version of an account's limits; who made the first one is nobody."""

    version: int
    account: AccountLimits
    strategies: list[StrategyLimits]
    symbols: list[SymbolLimits]
    by: str | None
    reason: str | None
    at: dt.datetime | None


class LimitsVersionsOut(Answer):
    """Versions of an account's limits, newest first."""

    versions: list[LimitsOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class LiveSwitchIn(Request):
    """Whether orders may cost real money, and why."""

    on: bool
    reason: str
    """Why; kept in the audit."""

    dry_run: bool = False
    """Only say what it would do."""


class LossOut(Answer):
    """Value at Risk and Expected Shortfall of one day: estimates, losses above zero."""

    var: float
    es: float


class LotOut(Answer):
    """Units that were opened together."""

    execution_id: str
    opened_at: dt.datetime
    quantity: Number
    cost: Number


class PrincipalKind(Word):
    """How a caller has proved who they are."""

    USER = "user"
    MACHINE = "machine"
    API_KEY = "api_key"


class MeOut(Answer):
    """A caller, as the platform sees them."""

    subject: str
    username: str
    tenant: str
    kind: PrincipalKind
    roles: list[Role]
    permissions: list[Permission]
    """All that the caller may do; single accounts may be closed to them."""

    accounts: list[str] | None
    """The only accounts that an API key gets at; null where none are named."""

    signed_in_at: dt.datetime | None
    """Null for machines and keys."""

    key_id: str | None
    """Of the API key that was shown, if one was."""


class SlippageOut(Answer):
    """How much worse than the market's price orders were filled, in basis points."""

    symbol: str
    order_kind: str
    orders: int
    mean_bps: float
    low_bps: float | None
    high_bps: float | None


class MeasuredCostsOut(Answer):
    """What fills really cost, and the terms that a backtest takes of it."""

    source: str
    words: str
    slipping: SlippageOut | None
    fee_bps: float | None
    each: list[SlippageOut]
    terms: dict[str, float | bool | int]


class OrderClass(Word):
    """How an order hangs together with others."""

    SIMPLE = "simple"
    BRACKET = "bracket"
    OCO = "oco"
    OTO = "oto"


class OrderType(Word):
    """What makes an order fill."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"


class StopLossIn(Request):
    """The exit that stops the loss: a stop, or a stop-limit order with a limit price."""

    stop_price: Number
    limit_price: Number | None = None


class StrategyIn(Request):
    """What decided, where it was no person: enough to decide the same again, and compare."""

    name: str
    """With its version."""

    parameters: dict[str, str] | None = None
    data_hash: str
    """SHA-256 of what the decision read."""

    code_hash: str
    """SHA-256 of what decided."""


class TakeProfitIn(Request):
    """The exit that takes the profit."""

    limit_price: Number


class TimeInForce(Word):
    """How long an order stands."""

    DAY = "day"
    GTC = "gtc"
    OPG = "opg"
    CLS = "cls"
    IOC = "ioc"
    FOK = "fok"


class OrderIn(Request):
    """An order as its sender wants it."""

    account: str
    """`paper`, or a part of it: `paper/trend`."""

    symbol: str
    side: Side
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    quantity: Number | None = None
    """In units; it or `notional`."""

    notional: Number | None = None
    """In the quote currency."""

    limit_price: Number | None = None
    stop_price: Number | None = None
    trail_price: Number | None = None
    """Distance of a trailing stop, or"""

    trail_percent: Number | None = None
    """in percent: 1.5 is 1.5 %."""

    extended_hours: bool = False
    client_order_id: str | None = None
    """Your own name for it, unique in the account. Sent again with it, the same order comes back,
    and nothing is placed twice.
    """

    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: TakeProfitIn | None = None
    stop_loss: StopLossIn | None = None
    submit_within_s: int = 60
    """It is withdrawn where it cannot be sent by then."""

    strategy: StrategyIn | None = None


class PlatformStatus(Word):
    """Where an order stands: the kernel's states, and what comes before the broker has answered."""

    INTENDED = "intended"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    PENDING_NEW = "pending_new"
    ACCEPTED = "accepted"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    HELD = "held"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    DONE_FOR_DAY = "done_for_day"
    CALCULATED = "calculated"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REJECTED = "rejected"


class ProvenanceOut(Answer):
    """Where an order came from."""

    correlation_id: str
    user: str | None
    strategy: str | None
    parameters: dict[str, str]
    data_hash: str | None
    code_hash: str | None
    parent: str | None
    """The parent order of which this one is a slice."""


class StopLossOut(Answer):
    """The exit that stops the loss."""

    stop_price: Number
    limit_price: Number | None


class TakeProfitOut(Answer):
    """The exit that takes the profit."""

    limit_price: Number


class OrderOut(Answer):
    """An order, and where it stands."""

    id: str
    account: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    quantity: Number | None
    notional: Number | None
    limit_price: Number | None
    stop_price: Number | None
    trail_price: Number | None
    trail_percent: Number | None
    take_profit: TakeProfitOut | None
    stop_loss: StopLossOut | None
    extended_hours: bool
    status: PlatformStatus
    """`unknown` says that the broker may have it, and is being asked."""

    reason: str
    is_open: bool
    """It may still fill."""

    is_settled: bool
    """It is over, and no execution of it is missing."""

    filled_quantity: Number
    average_price: Number | None
    """Of what is filled; six decimals."""

    remaining_quantity: Number | None
    reserved: Number
    """Buying power that was set aside for it."""

    held: Number
    """What of that is still set aside."""

    currency: str
    approval: str
    """Why a person must agree; empty where nobody must."""

    awaits_approval: bool
    approved_by: str | None
    intended_at: dt.datetime
    submit_by: dt.datetime | None
    submitted_at: dt.datetime | None
    cancel_requested_at: dt.datetime | None
    replaces: str | None
    replaced_by: str | None
    """The broker's name for what took its place."""

    leg_of: str | None
    """The order of which this one is an exit."""

    broker_order_ids: list[str]
    unknown_statuses: list[str]
    """States that the broker named, and we do not."""

    provenance: ProvenanceOut


class OrderStoryOut(Answer):
    """An order with its whole history and its exits."""

    id: str
    account: str
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_class: OrderClass
    quantity: Number | None
    notional: Number | None
    limit_price: Number | None
    stop_price: Number | None
    trail_price: Number | None
    trail_percent: Number | None
    take_profit: TakeProfitOut | None
    stop_loss: StopLossOut | None
    extended_hours: bool
    status: PlatformStatus
    """`unknown` says that the broker may have it, and is being asked."""

    reason: str
    is_open: bool
    """It may still fill."""

    is_settled: bool
    """It is over, and no execution of it is missing."""

    filled_quantity: Number
    average_price: Number | None
    """Of what is filled; six decimals."""

    remaining_quantity: Number | None
    reserved: Number
    """Buying power that was set aside for it."""

    held: Number
    """What of that is still set aside."""

    currency: str
    approval: str
    """Why a person must agree; empty where nobody must."""

    awaits_approval: bool
    approved_by: str | None
    intended_at: dt.datetime
    submit_by: dt.datetime | None
    submitted_at: dt.datetime | None
    cancel_requested_at: dt.datetime | None
    replaces: str | None
    replaced_by: str | None
    """The broker's name for what took its place."""

    leg_of: str | None
    """The order of which this one is an exit."""

    broker_order_ids: list[str]
    unknown_statuses: list[str]
    """States that the broker named, and we do not."""

    provenance: ProvenanceOut
    executions: list[ExecutionOut]
    events: list[EventOut]
    """In the order in which they were stored."""

    legs: list[OrderOut]


class OrdersOut(Answer):
    """Orders, newest first."""

    orders: list[OrderOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class ParameterOut(Answer):
    """A number that a strategy is told."""

    name: str
    kind: str
    minimum: float
    maximum: float
    default: float
    help: str


class Style(Word):
    """How the quantity is cut."""

    TWAP = "twap"
    VWAP = "vwap"
    ICEBERG = "iceberg"


class ParentIn(Request):
    """A quantity that is to be traded in slices, one at the market at a time."""

    account: str
    symbol: str
    side: Side
    quantity: Number
    style: Style
    """`twap`: equal slices at equal times; `vwap`: along a curve of volume; `iceberg`: one small
    order after the other.
    """

    ends_at: dt.datetime
    """When the last slice is given up."""

    begins_at: dt.datetime | None = None
    """Now where it is left out."""

    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Number | None = None
    """Of each slice."""

    slices: int = 0
    """How many, of a TWAP."""

    curve: list[Number] = []
    """Of a VWAP: the volume of each of equal spans."""

    display: Number | None = None
    """Of an iceberg: the most at a time."""

    client_order_id: str | None = None


class ParentState(Word):
    """Where a parent order stands."""

    WORKING = "working"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELED = "canceled"
    FILLED = "filled"
    ENDED = "ended"


class ParentOut(Answer):
    """A parent order, and how far it is."""

    id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: Side
    quantity: Number
    style: Style
    begins_at: dt.datetime
    ends_at: dt.datetime
    time_in_force: TimeInForce
    limit_price: Number | None
    slices: int
    curve: list[Number]
    display: Number | None
    state: ParentState
    reason: str
    is_open: bool
    placed: int
    """Slices so far."""

    filled: Number
    """By slices that are over."""

    refusals: int
    """How many slices in a row were refused."""


class ParentStoryOut(Answer):
    """A parent order with its slices."""

    id: str
    account: str
    client_order_id: str | None
    symbol: str
    side: Side
    quantity: Number
    style: Style
    begins_at: dt.datetime
    ends_at: dt.datetime
    time_in_force: TimeInForce
    limit_price: Number | None
    slices: int
    curve: list[Number]
    display: Number | None
    state: ParentState
    reason: str
    is_open: bool
    placed: int
    """Slices so far."""

    filled: Number
    """By slices that are over."""

    refusals: int
    """How many slices in a row were refused."""

    children: list[OrderOut]
    """Oldest first."""


class ParentsOut(Answer):
    """Parent orders, newest first."""

    parents: list[ParentOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class ParityDayOut(Answer):
    """What one session came to."""

    day: dt.date
    decisions: int
    orders: int
    unexplained: int
    cost: str
    """In the account's currency, such as -12.50."""


class ParityMoneyOut(Answer):
    """Profit and loss of both; the costs of the causes are the whole difference."""

    ledger: str
    """In the account's currency, such as -12.50."""

    backtest: str
    """In the account's currency, such as -12.50."""

    cost: str
    """In the account's currency, such as -12.50."""

    rounding: str
    """Less than a cent that no cost explains."""

    causes: list[CauseOut]


class ParityPositionOut(Answer):
    """What is held at the end."""

    symbol: str
    ledger: str
    backtest: str


class ParityOut(Answer):
    """The newest replay of a run through the backtest engine."""

    format: int
    made_at: dt.datetime
    run_id: str
    account: str
    version: str
    symbols: list[str]
    timeframe: str
    currency: str
    capital: str
    """In the account's currency, such as -12.50."""

    first: dt.datetime
    last: dt.datetime
    steps: int
    decisions: int
    orders: int
    executions: int
    unexplained: int
    is_corrected: bool
    """Whether bars have been corrected since."""

    money: ParityMoneyOut
    days: list[ParityDayOut]
    positions: list[ParityPositionOut]
    differences: list[DifferenceOut]
    """The unexplained ones first."""

    differences_in_all: int
    costs: MeasuredCostsOut
    curve: EquityOut
    identity: dict[str, str]


class PartIn(Request):
    """A part of an account for a strategy; what is left out is as of the account."""

    account: str
    """The whole account."""

    strategy: str
    cash: Number | None = None
    """What it gets of the account's free cash."""

    lot_method: LotMethod | None = None
    protection: Protection | None = None
    approval_above: Number | None = None
    """An order of more than this waits for a person."""

    reason: str = ''
    """Kept in the audit."""


class PauseIn(Request):
    """Whether a parent order waits."""

    paused: bool
    """True cancels the slice at the market; false goes on."""

    reason: str = ''
    """Kept in the audit."""


class PointOut(Answer):
    """What a run was worth at a step."""

    at: dt.datetime
    equity: float


class PositionOut(Answer):
    """What one account or part holds of a symbol; below zero for a short."""

    account: str
    symbol: str
    quantity: Number
    cost: Number
    """Of the sign of the quantity, fees apart."""

    currency: str
    price: Number | None
    """The last that is known."""

    priced_at: dt.datetime | None
    value: Number | None
    unrealised: Number | None
    """Value less cost."""

    lots: list[LotOut]
    """Oldest first."""


class PositionsOut(Answer):
    """Positions, by account and symbol."""

    positions: list[PositionOut]


class ProfitOut(Answer):
    """What a run has earned."""

    run_id: str
    capital: Number
    equity: float | None
    """At the last step; null before the first."""

    profit: float | None
    """Equity less capital."""

    points: list[PointOut]
    """The newest thousand steps, oldest first."""


class Progress(Answer):
    """How far a sweep is; totals are null until it is planned."""

    shards: int | None
    shards_done: int
    runs: int | None


class StudyIn(Request):
    """The study that a draft was tested by."""

    kind: Literal['sweep', 'walk-forward']
    id: str


class PromotionIn(Request):
    """What a version is to be promoted to, and why."""

    to: Literal['tested', 'paper', 'live', 'retired']
    reason: str
    """Why; kept in the audit."""

    study: StudyIn | None = None
    """For `tested`: what the gate judges."""


class RulingOut(Answer):
    """What the gate said."""

    passed: bool
    text: str
    checks: list[FigureOut]
    conditions: list[ConditionOut]


class Stage(Word):
    """How far a version has come; each asks more than the one before."""

    DRAFT = "draft"
    TESTED = "tested"
    PAPER = "paper"
    LIVE = "live"
    RETIRED = "retired"


class StudiedOut(Answer):
    """The study that a version was tested by."""

    kind: str
    id: str
    sha256: str
    """Of all that decided it: the bars, the code, the request."""

    first: dt.date
    last: dt.date
    trials: int | None
    """Counted on its data when it was judged."""


class PromotionOut(Answer):
    """One step of a version."""

    name: str
    version: int
    before: Stage
    to: Stage
    by: str
    at: dt.datetime
    reason: str
    study: StudiedOut | None
    ruling: RulingOut


class SessionsOut(Answer):
    """The sessions that the calendar has from the first to the last that is expected."""

    first: str | None
    last: str | None
    expected: int
    missing: int
    """Without a single bar."""

    thin: int
    """With some bars of their regular hours missing."""


class ReportOut(Answer):
    """What was found of one symbol's bars of one timeframe."""

    symbol: str
    timeframe: str
    calendar: str
    looked_at: str
    """The moment up to which bars were expected, UTC."""

    good: bool
    """Nothing graver than a note was found."""

    bars: int
    sessions: SessionsOut
    completeness: float
    """Share of the expected sessions that have bars."""

    missing_bars: int
    counts: dict[str, int]
    """By kind; what was not found is not there."""

    findings: list[FindingOut]
    """By time, at most 1000."""

    findings_in_all: int


class QualityOut(Answer):
    """Reports by symbol and timeframe."""

    reports: list[ReportOut]
    next_cursor: str | None
    """Ask for the next page with it as `cursor`; null at the end."""

    next_after: str | None
    """The same in words, for `after`; use next_cursor."""


class SymbolQuote(Answer):
    """The newest of one symbol; null where nothing is known."""

    symbol: str
    trade: LastTrade | None
    quote: LastQuote | None


class QuotesOut(Answer):
    """The newest of each symbol, in the order asked."""

    as_of: str
    stale_after_s: float
    quotes: list[SymbolQuote]


class Range(Request):
    """Evenly spaced values: start, start + step, ... up to and with stop."""

    start: Number
    stop: Number
    step: Number


class RecordOut(Answer):
    """A record that is read as a whole."""

    id: str
    account: str
    at: dt.datetime
    is_open: bool
    """Somebody has to act on it."""

    report: dict[str, Any]


class RecordsOut(Answer):
    """Records, newest first."""

    reconciliations: list[RecordOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class SourceIn(Request):
    """A strategy of one's own: its whole text, which nothing runs before a run does."""

    text: str
    """A Python module."""

    code_hash: str
    """Of the code and all that it refers to, as backtests count it; `algotrendy strategy register`
    works it out. A run whose code has another one fails.
    """

    python: str
    """Under which it was worked out."""


class RegistrationIn(Request):
    """A strategy to be registered: what decides, and on which data."""

    name: str
    """Under which it is known from now on."""

    strategy: str
    """Of the library, or of the name that `source` gives it."""

    source: SourceIn | None = None
    """Where it is none of the library."""

    parameters: dict[str, int | float] | None = None
    """Left out: the default."""

    symbols: list[str]
    timeframe: Timeframe = Timeframe._1DAY
    schedule: str = 'bars'
    """When it is called: `bars`, `open`, `close` or `every 15 minutes`."""

    calendar: Literal['none', 'us-equities', 'always-open'] = 'us-equities'
    terms: AskedTerms | None = None
    """As of its backtests; left out: theirs."""

    note: str = ''


class ReplaceIn(Request):
    """What to change in an open order; what is left out stays as it is."""

    quantity: Number | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    trail: Number | None = None
    """Of the kind that the order has."""

    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None
    """Of the order that takes its place; sent again, it is the same one."""

    strategy: StrategyIn | None = None
    """What decided to change it."""


class ScenarioOut(Answer):
    """What a named scenario would do; losses below zero."""

    scenario: str
    profit: float
    by_symbol: dict[str, float]


class TailOut(Answer):
    """What may be lost in a day, with a confidence."""

    confidence: float
    historical: LossOut
    """As the past days were."""

    parametric: LossOut
    """If returns were normal, without drift."""


class RiskOut(Answer):
    """How an account stands now."""

    account: str
    currency: str
    at: dt.datetime
    books: list[BookOut]
    """The account first, then its strategies."""

    holdings: list[HeldOut]
    breaches: list[BreachOut]
    tails: list[TailOut]
    """Empty where no position has a past."""

    spans: int
    """Days that the tails stand on."""

    without_past: list[str]
    """Positions that the tails leave out."""

    stress: list[ScenarioOut]
    """The worst first."""


class RotationIn(Request):
    """How long the old key goes on counting."""

    overlap_hours: float = 24
    """For the old key, at most."""


class RunOut(Answer):
    """A run of a registered strategy."""

    id: str
    name: str
    version: int
    account: str
    """The part that it trades."""

    stage: str
    state: str
    """running, paused, stopping, flattening, stopped; or waiting, late, stale, failed, timed-out,
    overflowing
    """

    reason: str
    symbols: list[str]
    timeframe: str
    capital: Number
    patience_s: int | None
    steps: int
    """Done so far, the warm-up with them."""

    bar_at: dt.datetime | None
    """When the bars of the last step were known."""

    started_at: dt.datetime
    started_by: str
    changed_at: dt.datetime | None


class RunStateIn(Request):
    """What is wanted of a run."""

    state: Literal['running', 'paused', 'stopped', 'flattened']
    """`paused`: decides on, sends nothing, open orders stay; `running`: goes on; `stopped`: open
    orders are cancelled, positions stay; `flattened`: and positions sold.
    """

    reason: str = ''
    """Kept in the audit."""


class RunsOut(Answer):
    """Runs, newest first."""

    runs: list[RunOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class SeriesOut(Answer):
    """The bars of one symbol on a page, oldest first."""

    symbol: str
    timeframe: str | None
    """Of stored bars; null for a chart style."""

    bars: list[AnyBarOut]


class SeveralOut(Answer):
    """A page of bars of several symbols, in the order asked."""

    style: str | None
    """As it is written in full; null for stored bars."""

    adjustment: str
    series: list[SeriesOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class StartIn(Request):
    """A version that is to run."""

    name: str
    """Of the registered strategy."""

    version: int | None = None
    """The newest where it is left out."""

    account: str
    """The whole account; the run gets a part of it."""

    capital: Number | None = None
    """Cash of the part; left out, what the part has from an earlier run."""

    patience_s: int | None = None
    """Seconds after its close within which a bar must come; left out, nobody watches the clock, as
    in a replay of the past.
    """

    trades_after: dt.datetime | None = None
    """Bars known by then belong to the warm-up; now where it is left out."""


class StateIn(Request):
    """A trading state for an account, or for one strategy of it."""

    state: TradingState
    """`reducing` takes only orders that make positions smaller; `halted` takes none."""

    strategy: str | None = None
    reason: str
    """Why; kept in the audit."""


class StateOut(Answer):
    """A trading state, and who set it; nobody where it was never set."""

    strategy: str | None
    """Null for the account."""

    state: TradingState
    by: str | None
    reason: str | None
    at: dt.datetime | None


class StatesOut(Answer):
    """What an account may do, and what single strategies may."""

    account: str
    state: TradingState
    states: list[StateOut]
    """The account's first, then by strategy."""


class StepOut(Answer):
    """A step of a run."""

    step: int
    bar_at: dt.datetime
    decided_at: dt.datetime
    sends: bool
    """False in the warm-up, in a pause, and when bars came late."""

    equity: float
    """Of the part at the closes of the step."""

    lake_version: int
    digest: str
    """SHA-256 of the strategy's state after it."""

    decisions: list[DecisionOut]


class StepsOut(Answer):
    """Steps, newest first."""

    steps: list[StepOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class StrategyOut(Answer):
    """A strategy of the library."""

    name: str
    """What a request for a backtest, sweep or walk forward calls it."""

    summary: str
    source: str
    """Where it comes from."""

    parameters: list[ParameterOut]
    rules: list[str]
    """Combinations that break one are not tried."""

    timeframes: list[str]
    """Longer ones that it reads besides the bars' own."""

    assets: int
    """The least that it trades; of 2 or more, no sweep is made."""


class StrategiesOut(Answer):
    """The library, by name."""

    strategies: list[StrategyOut]


class SweepOut(Answer):
    """A sweep and what became of it."""

    id: str
    status: StudyStatus
    strategy: str
    symbols: list[str]
    requested_by: str
    requested_at: dt.datetime
    updated_at: dt.datetime
    attempt: int
    progress: Progress
    links: Links
    summary: dict[str, Any] | None
    """Best run, benchmark, hashes; at the end."""

    error: str | None


class SweepSpec(Request):
    """A request to try every combination of parameter values on every symbol.

    A parameter that is not named keeps its default. Symbols and values are brought into order,
    so that equal requests are equal.

    Attributes:
        together: Whether each run sees all symbols as one market, for a strategy of several
            assets; else each symbol is a market of its own.
        timeframe: Of the bars; a longer one than the store has is made of them. None: the store's.
        calendar: When the market is open, for schedules and for longer bars.
    """

    cash: Number = Decimal("100000")
    fee_bps: Number = Decimal("10")
    fee_per_unit: Number = Decimal("0")
    fee_minimum: Number = Decimal("0")
    fee_most_bps: Number = Decimal("0")
    sale_fee_bps: Number = Decimal("0")
    sale_fee_per_unit: Number = Decimal("0")
    slippage_bps: Number = Decimal("0")
    spread: Number = Decimal("0")
    impact_bps: Number = Decimal("0")
    participation: Number = Decimal("0")
    fractional: bool = False
    allow_short: bool = False
    leverage: Number = Decimal("1")
    maintenance: Number = Decimal("0")
    borrow_rate: Number = Decimal("0")
    borrow_scale: Number = Decimal("1")
    loan_rate: Number = Decimal("0")
    cash_rate: Number = Decimal("0")
    days_in_year: int = 360
    strategy: str
    symbols: list[str]
    start: dt.date
    end: dt.date
    parameters: dict[str, Range | list[Number]] = {}
    adjustment: Literal['raw', 'split', 'dividend', 'all'] = 'all'
    as_of: dt.datetime | None = None
    gaps: GapPolicy = GapPolicy.KEEP
    together: bool = False
    timeframe: Timeframe | None = None
    calendar: Literal['none', 'us-equities', 'always-open'] = 'none'
    max_runs: int = 10000
    seed: int = 0


class SweepsOut(Answer):
    """Sweeps of the caller's tenant, newest first."""

    sweeps: list[SweepOut]
    next_cursor: str | None
    """Ask for the next page with it as `cursor`; null at the end."""

    next_before: str | None
    """The same as an id, for `before`; use next_cursor."""


class SwitchIn(Request):
    """An order to stop everything on an account."""

    flatten: bool
    """Close every position too, at the market."""

    reason: str
    """Why; kept in the audit."""

    at: dt.datetime | None = None
    """When; now where it is left out."""


class SwitchOut(Answer):
    """A kill switch, and how far it is."""

    id: UUID
    account: str
    flatten: bool
    state: str
    """scheduled, acting, done or revoked."""

    by: str
    reason: str
    asked_at: dt.datetime
    due_at: dt.datetime
    pulled_at: dt.datetime | None
    """When the account was halted by it."""

    done_at: dt.datetime | None
    """When no order was open, and all was flat."""

    revoked_at: dt.datetime | None


class SwitchesOut(Answer):
    """Kill switches, newest first."""

    kill_switches: list[SwitchOut]
    next_cursor: str | None
    """Ask for the next page with it; null at the end."""


class SymbolOut(Answer):
    """What is stored of one symbol."""

    symbol: str
    timeframe: str
    first: dt.date
    """Session of the oldest bar."""

    last: dt.date
    """Session of the newest bar."""

    bars: int
    source: str


class SymbolsOut(Answer):
    """Every symbol that is stored, by name."""

    symbols: list[SymbolOut]


class TransferIn(Request):
    """Cash that goes between an account and its parts."""

    source: str
    target: str
    amount: Number
    reason: str = ''
    """Kept in the audit."""


class TransferOut(Answer):
    """Both sides of a transfer, after it."""

    source: AccountOut
    target: AccountOut


class TriedOut(Answer):
    """All trials on some data; Sharpe ratios are annualised."""

    symbols: list[str]
    first: dt.date
    last: dt.date
    timeframes: list[Timeframe]
    trials: int
    by_strategy: dict[str, int]
    sharpe_mean: float | None
    sharpe_variance: float | None
    sharpe_best: float | None


class VersionOut(Answer):
    """A registered strategy, without the text of its code."""

    name: str
    version: int
    label: str
    """Name and version, as orders have it: `trend@3`."""

    stage: Stage
    since: dt.datetime
    """When it came to that stage."""

    strategy: str
    code: str
    """`engine 3` of the library, or the hash of one's own."""

    is_own: bool
    """Whether its code was registered with it."""

    code_hash: str
    """SHA-256 of what decides, as orders have it."""

    data_hash: str | None
    """The hash of its study; null for a draft."""

    content_hash: str
    """Of all that decides what it does."""

    parameters: dict[str, int | float]
    symbols: list[str]
    timeframe: Timeframe
    schedule: str
    calendar: str
    author: str
    note: str
    registered_at: dt.datetime


class VersionsOut(Answer):
    """Versions, newest first."""

    versions: list[VersionOut]
    next_cursor: str | None
    """Ask for the next page with it as `cursor`; null at the end."""


class WalkProgress(Answer):
    """How far a walk forward is; ``windows`` is null until it is planned."""

    windows: int | None
    windows_done: int


class WalkForwardOut(Answer):
    """A walk forward in short; figures are null until it succeeds."""

    id: str
    status: StudyStatus
    strategy: str
    symbols: list[str]
    requested_by: str
    made_at: dt.datetime
    """When it was asked for, or kept."""

    updated_at: dt.datetime
    attempt: int
    """Of its workflow; 0 where it was run elsewhere, and kept."""

    progress: WalkProgress
    error: str | None
    trials: int | None
    """Combinations tried, those of each window."""

    trials_on_these_data: int | None
    """All that the tenant ever tried on them."""

    efficiency: float | None
    """Share of the gain in sample that was left."""

    sharpe: float | None
    """Out of sample, annualised."""

    deflated_sharpe: float | None
    passed: bool | None
    """Whether the gate lets it through."""

    verdict: str | None
    """What the gate says, as a sentence."""


class Windows(Request):
    """How to cut a series.

    Attributes:
        in_sample, out_of_sample: Lengths of the two parts. In bars, or both of the calendar:
            counted then from the day of the first bar.
        step: How far one window begins after the one before; by default, and at least, the
            length out of sample, so that no bar is out of sample twice. More leaves gaps.
        embargo: Left out between the parts.
        last: What to do with a last window that the data end in the middle of its part out of
            sample: keep what is there (``short``), if it has at least a quarter of the bars of the
            window before it, or ``drop`` it. The first one must be whole.
    """

    kind: Literal['anchored', 'rolling'] = 'rolling'
    in_sample: int | str
    """Bars, or days, weeks, months or years of the calendar."""

    out_of_sample: int | str
    """Bars, or days, weeks, months or years of the calendar."""

    step: int | str | None = None
    embargo: int | str | None = None
    """Bars, or days, weeks, months or years of the calendar."""

    last: Literal['short', 'drop'] = 'short'


class WalkForwardSpec(Request):
    """A request to search parameters in each window, and to see the chosen ones after it.

    A parameter that is not named keeps its default. Symbols and values are brought into order,
    so that equal requests are equal. ``max_runs`` and ``patience`` are of one window; ``batch``
    is how many combinations are run at once, on which a Bayesian search depends.
    ``cross_checks`` holds every combination that was tried to the same bars besides, see
    ``CrossChecks``; null or false does not.
    """

    cash: Number = Decimal("100000")
    fee_bps: Number = Decimal("10")
    fee_per_unit: Number = Decimal("0")
    fee_minimum: Number = Decimal("0")
    fee_most_bps: Number = Decimal("0")
    sale_fee_bps: Number = Decimal("0")
    sale_fee_per_unit: Number = Decimal("0")
    slippage_bps: Number = Decimal("0")
    spread: Number = Decimal("0")
    impact_bps: Number = Decimal("0")
    participation: Number = Decimal("0")
    fractional: bool = False
    allow_short: bool = False
    leverage: Number = Decimal("1")
    maintenance: Number = Decimal("0")
    borrow_rate: Number = Decimal("0")
    borrow_scale: Number = Decimal("1")
    loan_rate: Number = Decimal("0")
    cash_rate: Number = Decimal("0")
    days_in_year: int = 360
    strategy: str
    symbols: list[str]
    start: dt.date
    end: dt.date
    parameters: dict[str, Range | list[Number]] = {}
    adjustment: Literal['raw', 'split', 'dividend', 'all'] = 'all'
    as_of: dt.datetime | None = None
    gaps: GapPolicy = GapPolicy.KEEP
    windows: Windows
    method: Literal['grid', 'random', 'bayesian', 'genetic'] = 'grid'
    objective: Literal['sharpe', 'sortino', 'calmar', 'total_return'] = 'sharpe'
    selection: Literal['best', 'neighbours'] = 'best'
    max_runs: int = 1000
    patience: int | None = None
    batch: int = 64
    seed: int = 0
    cross_checks: CrossChecks | None = Field(default_factory=lambda: CrossChecks.model_validate({'blocks': 16, 'groups': 10, 'test_groups': 2, 'embargo': 5}))


class WalkLinks(Answer):
    """Addresses that need no token and last an hour at most.

    Null until the walk forward succeeds, and of one that was run elsewhere.
    """

    outcome: str | None
    """All that came of it, JSON."""

    report: str | None
    """The report, one HTML file."""


class WalkForwardWhole(Answer):
    """All that came of a walk forward but its curve."""

    id: str
    status: StudyStatus
    strategy: str
    symbols: list[str]
    requested_by: str
    made_at: dt.datetime
    """When it was asked for, or kept."""

    updated_at: dt.datetime
    attempt: int
    """Of its workflow; 0 where it was run elsewhere, and kept."""

    progress: WalkProgress
    error: str | None
    trials: int | None
    """Combinations tried, those of each window."""

    trials_on_these_data: int | None
    """All that the tenant ever tried on them."""

    efficiency: float | None
    """Share of the gain in sample that was left."""

    sharpe: float | None
    """Out of sample, annualised."""

    deflated_sharpe: float | None
    passed: bool | None
    """Whether the gate lets it through."""

    verdict: str | None
    """What the gate says, as a sentence."""

    links: WalkLinks
    summary: dict[str, Any] | None
    """Windows with what was chosen, stability, statistics, every check of the gate."""


class WalkForwardsOut(Answer):
    """Walk-forwards of the caller's tenant, newest first."""

    walk_forwards: list[WalkForwardOut]
    next_cursor: str | None
    """Ask for the next page with it as `cursor`; null at the end."""

    next_before: str | None
    """The same as an id, for `before`; use next_cursor."""


class WholeVersionOut(Answer):
    """A registered strategy, whole."""

    name: str
    version: int
    label: str
    """Name and version, as orders have it: `trend@3`."""

    stage: Stage
    since: dt.datetime
    """When it came to that stage."""

    strategy: str
    code: str
    """`engine 3` of the library, or the hash of one's own."""

    is_own: bool
    """Whether its code was registered with it."""

    code_hash: str
    """SHA-256 of what decides, as orders have it."""

    data_hash: str | None
    """The hash of its study; null for a draft."""

    content_hash: str
    """Of all that decides what it does."""

    parameters: dict[str, int | float]
    symbols: list[str]
    timeframe: Timeframe
    schedule: str
    calendar: str
    author: str
    note: str
    registered_at: dt.datetime
    source: str | None
    """The text of one's own code."""

    terms: dict[str, float | bool]
    """As of its backtests."""

    study: StudiedOut | None
    promotions: list[PromotionOut]
    """Oldest first."""


__all__ = [
    "About",
    "AccessIn",
    "AccessOut",
    "AccountLimits",
    "AccountLimitsIn",
    "AccountOut",
    "AccountsOut",
    "ActivitiesOut",
    "ActivityOut",
    "AnyBarOut",
    "ApprovalIn",
    "AskedTerms",
    "AuditEntriesOut",
    "AuditEntryOut",
    "AuditOut",
    "AuditVerificationOut",
    "AuditsOut",
    "BacktestIn",
    "BacktestOut",
    "BacktestsOut",
    "BarOut",
    "BarsPage",
    "BatchOut",
    "BatchesOut",
    "Book",
    "BookOut",
    "Bound",
    "BreachOut",
    "CauseOut",
    "CheckOut",
    "ClosedLotOut",
    "ClosedLotsOut",
    "ConditionOut",
    "CrossChecks",
    "CurveOut",
    "DecisionOut",
    "DifferenceOut",
    "EntryKind",
    "EquityOut",
    "EventOut",
    "ExecutionOut",
    "FatFinger",
    "FatFingerIn",
    "FigureOut",
    "FillOut",
    "FillsOut",
    "FindingOut",
    "FlagChangeOut",
    "FlagIn",
    "FlagOut",
    "FlagsOut",
    "GapPolicy",
    "GateOut",
    "Harm",
    "HeldOut",
    "IssuedKeyOut",
    "KeyIn",
    "KeyOut",
    "KeysOut",
    "Kind",
    "LastQuote",
    "LastTrade",
    "LimitsIn",
    "LimitsOut",
    "LimitsVersionsOut",
    "Links",
    "LiveSwitchIn",
    "LossOut",
    "LotMethod",
    "LotOut",
    "MarketHours",
    "MeOut",
    "MeasuredCostsOut",
    "MemberIn",
    "MemberOut",
    "MisfitOut",
    "MoneyOut",
    "OrderClass",
    "OrderIn",
    "OrderOut",
    "OrderRate",
    "OrderStoryOut",
    "OrderType",
    "OrdersOut",
    "ParameterOut",
    "ParentIn",
    "ParentOut",
    "ParentState",
    "ParentStoryOut",
    "ParentsOut",
    "ParityDayOut",
    "ParityMoneyOut",
    "ParityOut",
    "ParityPositionOut",
    "PartIn",
    "PauseIn",
    "Permission",
    "PlatformStatus",
    "PointOut",
    "PositionOut",
    "PositionsOut",
    "PostingOut",
    "PrincipalKind",
    "ProfitOut",
    "Progress",
    "PromotionIn",
    "PromotionOut",
    "Protection",
    "ProvenanceOut",
    "QualityOut",
    "QuotesOut",
    "Range",
    "RecordOut",
    "RecordsOut",
    "RegistrationIn",
    "ReplaceIn",
    "ReportOut",
    "RiskOut",
    "Role",
    "RotationIn",
    "RulingOut",
    "RunOut",
    "RunStateIn",
    "RunsOut",
    "ScenarioOut",
    "SeriesOut",
    "SessionsOut",
    "SeveralOut",
    "Side",
    "SlippageOut",
    "SourceIn",
    "Stage",
    "StartIn",
    "StateIn",
    "StateOut",
    "StatesOut",
    "StepOut",
    "StepsOut",
    "StopLossIn",
    "StopLossOut",
    "StrategiesOut",
    "StrategyIn",
    "StrategyLimits",
    "StrategyLimitsIn",
    "StrategyOut",
    "StudiedOut",
    "StudyIn",
    "StudyStatus",
    "Style",
    "SweepOut",
    "SweepSpec",
    "SweepsOut",
    "SwitchIn",
    "SwitchOut",
    "SwitchesOut",
    "SymbolLimits",
    "SymbolLimitsIn",
    "SymbolOut",
    "SymbolQuote",
    "SymbolsOut",
    "TailLimit",
    "TailLimitIn",
    "TailOut",
    "TakeProfitIn",
    "TakeProfitOut",
    "TallyOut",
    "TimeInForce",
    "Timeframe",
    "TradingState",
    "TransferIn",
    "TransferOut",
    "TriedOut",
    "Unit",
    "VersionOut",
    "VersionsOut",
    "WalkForwardOut",
    "WalkForwardSpec",
    "WalkForwardWhole",
    "WalkForwardsOut",
    "WalkLinks",
    "WalkProgress",
    "WholeVersionOut",
    "Windows",
]
