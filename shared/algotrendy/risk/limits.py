"""Write down what an account may do: frozen documents, one version after another.

A limit that is absent (None) does not bind. Sums are in the account's currency, fractions are of
one (0.25 is 25 %), JSON carries decimals as strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, NewType

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol, parse_symbol

StrategyId = NewType("StrategyId", str)

MOST_ORDERS_COUNTED = 1_000
LONGEST_WINDOW_S = 3_600
CONFIDENCES = (Decimal("0.95"), Decimal("0.99"))


def _no_float(value: object) -> object:
    if isinstance(value, float | bool):
        raise ValueError("a decimal in a string, such as '0.25'")
    return value


def _known_symbol(text: str) -> Symbol:
    try:
        return parse_symbol(text)
    except Invalid as error:
        raise ValueError(error.expected) from error


def _known_confidence(confidence: Decimal) -> Decimal:
    if confidence not in CONFIDENCES:
        raise ValueError(" or ".join(str(each) for each in CONFIDENCES))
    return confidence


_Decimal = Annotated[Decimal, BeforeValidator(_no_float)]
Amount = Annotated[_Decimal, Field(gt=0, max_digits=36, decimal_places=18)]
"""A sum or a quantity that may be reached and not passed, > 0."""
Fraction = Annotated[_Decimal, Field(gt=0, lt=1_000, decimal_places=6)]
"""A part of a whole, > 0; a leverage may be more than one."""
Part = Annotated[_Decimal, Field(gt=0, le=1, decimal_places=6)]
_Symbol = Annotated[str, AfterValidator(_known_symbol)]
_Confidence = Annotated[_Decimal, AfterValidator(_known_confidence)]
_Window = Annotated[int, Field(strict=True, gt=0, le=LONGEST_WINDOW_S)]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$")]


class TradingState(StrEnum):
    """What a scope may do now."""

    ACTIVE = "active"
    REDUCING = "reducing"
    """Only orders that cannot make a position larger, whatever else fills."""
    HALTED = "halted"


class MarketHours(StrEnum):
    """When orders may be sent."""

    REGULAR = "regular"
    EXTENDED = "extended"
    """In the regular hours, and around them for orders that ask for it."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class OrderRate(_Document):
    """At most ``orders`` in any span of ``window_s`` seconds."""

    orders: Annotated[int, Field(strict=True, gt=0, le=MOST_ORDERS_COUNTED)]
    window_s: _Window


class FatFinger(_Document):
    """At most ``multiple`` times the mean quantity of the last orders in the symbol.

    Binds once ``after`` orders are known (the last 20 are); never for one that only reduces.
    """

    multiple: Fraction
    after: Annotated[int, Field(strict=True, gt=0, le=20)] = 5


class TailLimit(_Document):
    """At most ``loss`` in a day, with this confidence: one of those that the risk report tells.

    The horizon is one trading day, from a close to the next.
    """

    loss: Amount
    confidence: _Confidence = Decimal("0.99")


class OrderLimits(_Document):
    """Bind each order, and the position that it leads to in one symbol.

    Attributes:
        order_quantity, order_notional: Of one order.
        position_quantity, position_notional: Held at worst, long or short, when all open orders
            of one side fill and none of the other.
        price_collar: How far beyond the last price an order may be priced against itself: a buy
            above, a sell below. From the stop price, where that lies further.
        fat_finger: Against the mean order.
    """

    order_quantity: Amount | None = None
    order_notional: Amount | None = None
    position_quantity: Amount | None = None
    position_notional: Amount | None = None
    price_collar: Part | None = None
    fat_finger: FatFinger | None = None


class BookLimits(OrderLimits):
    """Bind an account, or a strategy's part of it.

    Attributes:
        gross_exposure: Sum of all positions at worst, longs and shorts alike.
        net_exposure: Longs less shorts, either way, at worst.
        concentration: A symbol's worst position, as a part of equity.
        leverage: Gross exposure, in times of equity.
        margin_use: Margin of the worst positions, as a part of equity.
        daily_loss: Since the begin of the day; then only orders that reduce.
        drawdown: As a part of the highest equity; then only orders that reduce.
        order_rate: Of orders sent.
        restricted: Symbols that are not traded at all.
        short_selling: Whether a position may be short.
        market_hours: None for any time.
        duplicate_window_s: An order like one of the last so many seconds is refused.
        wash_trade_guard: Refuses an order that could meet an own open order.
        value_at_risk, expected_shortfall: Of what is held, the worse of the historical and the
            parametric measure; watched, and not judged before an order.
        stress_loss: In the worst of the named scenarios; watched as well.
    """

    gross_exposure: Amount | None = None
    net_exposure: Amount | None = None
    concentration: Fraction | None = None
    leverage: Fraction | None = None
    margin_use: Fraction | None = None
    daily_loss: Amount | None = None
    drawdown: Part | None = None
    order_rate: OrderRate | None = None
    restricted: frozenset[_Symbol] = frozenset()
    short_selling: bool = True
    market_hours: MarketHours | None = None
    duplicate_window_s: _Window | None = None
    value_at_risk: TailLimit | None = None
    expected_shortfall: TailLimit | None = None
    stress_loss: Amount | None = None

    @property
    def watches_tails(self) -> bool:
        """Say whether a limit needs to know what may be lost, and not only what is held."""
        tails = (self.value_at_risk, self.expected_shortfall, self.stress_loss)
        return any(each is not None for each in tails)


class AccountLimits(BookLimits):
    """Bind the account as a whole; the guard against wash trades is of all its orders."""

    wash_trade_guard: bool = True


class StrategyLimits(BookLimits):
    """Bind one strategy's part of the account."""

    strategy: _Name


class SymbolLimits(OrderLimits):
    """Bind the account in one symbol."""

    symbol: _Symbol


class Limits(_Document):
    """All limits of one account, in one version."""

    version: Annotated[int, Field(strict=True, ge=1)]
    account: AccountLimits = AccountLimits()
    strategies: tuple[StrategyLimits, ...] = ()
    symbols: tuple[SymbolLimits, ...] = ()

    @cached_property
    def watches_tails(self) -> bool:
        """Say whether the account, or a strategy of it, has such a limit."""
        return any(each.watches_tails for each in (self.account, *self.strategies))

    @cached_property
    def by_strategy(self) -> Mapping[str, StrategyLimits]:
        """Give the strategies' limits by their names."""
        return {limits.strategy: limits for limits in self.strategies}

    @cached_property
    def by_symbol(self) -> Mapping[str, SymbolLimits]:
        """Give the symbols' limits."""
        return {limits.symbol: limits for limits in self.symbols}


def parse_limits(document: Mapping[str, Any]) -> Limits:
    """Read limits from JSON values.

    Raises:
        Invalid: If a field is wrong, missing or unknown, or a strategy or symbol comes twice;
            it names the field, such as ``strategies.0.order_rate.window_s``.
    """
    try:
        limits = Limits.model_validate(document)
    except ValidationError as error:
        raise _named(error) from error
    _require_distinct("strategies", "strategy", [each.strategy for each in limits.strategies])
    _require_distinct("symbols", "symbol", [each.symbol for each in limits.symbols])
    return limits


def revise(limits: Limits, changes: Mapping[str, Any]) -> Limits:
    """Make the next version, with other ``account``, ``strategies`` or ``symbols``.

    Raises:
        Invalid: As of ``parse_limits``, and if the changes name a version themselves.
    """
    if "version" in changes:
        raise Invalid("version", "absent: it is counted here", changes["version"])
    return parse_limits({**limits.model_dump(), **changes, "version": limits.version + 1})


def _require_distinct(list_field: str, field: str, names: list[str]) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise Invalid(f"{list_field}.{index}.{field}", "there once", name)
        seen.add(name)


def _named(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return Invalid(path, "present", None)
    if first["type"] == "extra_forbidden":
        return Invalid(path, "absent: there is no such limit", first["input"])
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return Invalid(path, expected, first["input"])
