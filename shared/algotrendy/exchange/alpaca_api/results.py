"""Describe the answers, for the document of the API and for tests that hold answers to it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Result(BaseModel):
    """Is the base of answers; amounts are decimals in strings, times RFC 3339."""

    model_config = ConfigDict(extra="forbid")


class OrderResult(Result):
    """An order."""

    id: str
    client_order_id: str
    created_at: str
    updated_at: str
    submitted_at: str
    filled_at: str | None
    expired_at: str | None
    expires_at: str | None
    canceled_at: str | None
    failed_at: str | None
    replaced_at: str | None
    replaced_by: str | None
    replaces: str | None
    asset_id: str
    symbol: str
    asset_class: str
    notional: str | None
    qty: str | None
    filled_qty: str
    filled_avg_price: str | None
    order_class: str
    order_type: str
    type: str
    side: str
    position_intent: str | None
    time_in_force: str
    limit_price: str | None
    stop_price: str | None
    status: str
    extended_hours: bool
    legs: list[OrderResult] | None
    trail_percent: str | None
    trail_price: str | None
    hwm: str | None
    subtag: str | None
    source: str | None
    reject_reason: str | None


class BulkResult(Result):
    """What became of one of many."""

    id: str | None = None
    symbol: str | None = None
    status: int
    body: dict[str, Any] | None = None


class PositionResult(Result):
    """What is held of one asset; negative for a short."""

    asset_id: str
    symbol: str
    exchange: str
    asset_class: str
    asset_marginable: bool
    qty: str
    qty_available: str
    side: str
    avg_entry_price: str
    cost_basis: str
    market_value: str | None
    unrealized_pl: str | None
    unrealized_plpc: str | None
    unrealized_intraday_pl: str | None
    unrealized_intraday_plpc: str | None
    current_price: str | None
    lastday_price: str | None
    change_today: str | None


class AccountResult(Result):
    """An account and its sums; what is not modelled here is null."""

    id: str
    account_number: str
    status: str
    crypto_status: str
    currency: str
    cash: str
    equity: str
    portfolio_value: str
    last_equity: str
    long_market_value: str
    short_market_value: str
    position_market_value: str
    initial_margin: str
    maintenance_margin: str
    last_maintenance_margin: str | None
    sma: str | None
    buying_power: str
    regt_buying_power: str
    non_marginable_buying_power: str
    effective_buying_power: str
    options_buying_power: str
    options_approved_level: int
    options_trading_level: int
    accrued_fees: str
    multiplier: str
    shorting_enabled: bool
    trading_blocked: bool
    transfers_blocked: bool
    account_blocked: bool
    trade_suspended_by_user: bool
    created_at: str
    balance_asof: str
    daytrading_buying_power: str | None = Field(None, description="Before 2026-07-06 only.")
    pattern_day_trader: bool | None = Field(None, description="Before 2026-07-06 only.")
    daytrade_count: int | None = Field(None, description="Before 2026-07-06 only.")


class ConfigurationResult(Result):
    """What the customer has set."""

    fractional_trading: bool
    max_margin_multiplier: str
    no_shorting: bool
    suspend_trade: bool
    trade_confirm_email: str
    ptp_no_exception_entry: bool
    max_options_trading_level: int | None
    dtbp_check: str | None = None
    pdt_check: str | None = None


class ActivityResult(BaseModel):
    """A fill, or another thing that changed the account."""

    model_config = ConfigDict(extra="allow")

    id: str
    account_id: str
    activity_type: str


class PortfolioResult(Result):
    """Equity over time; ``timestamp`` is the begin of each window, ``equity`` is at its end."""

    timestamp: list[int]
    equity: list[float]
    profit_loss: list[float]
    profit_loss_pct: list[float | None]
    base_value: float
    base_value_asof: str
    timeframe: str
    cashflow: dict[str, list[float]]


class AssetResult(Result):
    """Something that is traded here."""

    id: str
    asset_class: str = Field(alias="class")
    exchange: str
    symbol: str
    name: str
    status: str
    tradable: bool
    marginable: bool
    shortable: bool
    easy_to_borrow: bool
    fractionable: bool
    attributes: list[str]
    min_order_size: str | None = None
    min_trade_increment: str | None = None
    price_increment: str | None = None


class ClockResult(Result):
    """The market's time, where the market is."""

    timestamp: str
    is_open: bool
    next_open: str
    next_close: str


class SessionResult(Result):
    """One day of trading, times of New York."""

    date: str
    open: str
    close: str
    session_open: str
    session_close: str
    settlement_date: str


class SeriesResult(BaseModel):
    """A page of market data under ``bars``, ``quotes`` or ``trades``, by symbol."""

    model_config = ConfigDict(extra="allow")

    next_page_token: str | None = None


class LatestResult(BaseModel):
    """The newest of each symbol."""

    model_config = ConfigDict(extra="allow")


class ControlResult(Result):
    """Where the exchange stands."""

    now: str
    speed: float


class OpenedResult(Result):
    """A new account's names."""

    id: str
    account_number: str
    key_id: str


class HealthResult(Result):
    """That the exchange lives."""

    status: str
    now: str
    symbols: int
