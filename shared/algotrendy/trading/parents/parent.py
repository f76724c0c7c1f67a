"""Say what a parent order is: a quantity that is traded in slices, each an order of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import decimals_of, plain, require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.trading.order_events import Provenance

PARENT: Final = "parent"
"""The kind of the ledger's document."""
MOST_SLICES: Final = 500
LONGEST: Final = timedelta(days=7)
SHORTEST_SLICE: Final = timedelta(seconds=1)


class Style(StrEnum):
    """How the quantity is cut."""

    TWAP = "twap"  # equal slices at equal times
    VWAP = "vwap"  # slices as a given curve of volume
    ICEBERG = "iceberg"  # one small order after the other


class ParentState(StrEnum):
    """Where a parent order stands."""

    WORKING = "working"
    PAUSED = "paused"
    CANCELLING = "cancelling"  # its last slice is not over yet
    CANCELED = "canceled"
    FILLED = "filled"
    ENDED = "ended"  # its time is over, and not all is filled

    @property
    def is_over(self) -> bool:
        """Say whether nothing more comes."""
        return self in (ParentState.CANCELED, ParentState.FILLED, ParentState.ENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentWish:
    """A parent order as somebody wants it.

    Attributes:
        ends_at: When the last slice is given up.
        begins_at: When the first one is placed; None for at once.
        limit_price: Of each slice; a market order where there is none.
        slices: How many, of a TWAP.
        curve: How much of the volume falls into each of equal spans, of a VWAP.
        display: The most that is at the market at a time, of an iceberg.
        client_order_id: Its owner's name for it, used once in an account.
    """

    account: AccountId
    symbol: Symbol
    side: Side
    quantity: Decimal
    style: Style
    ends_at: datetime
    begins_at: datetime | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Decimal | None = None
    slices: int = 0
    curve: tuple[Decimal, ...] = ()
    display: Decimal | None = None
    client_order_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be cut."""
        object.__setattr__(self, "ends_at", as_utc(self.ends_at, "ends_at"))
        if self.begins_at is not None:
            object.__setattr__(self, "begins_at", as_utc(self.begins_at, "begins_at"))
        parse_symbol(self.symbol)
        _positive("quantity", self.quantity)
        if self.limit_price is not None:
            _positive("limit_price", self.limit_price)
        for field, given, style in (
            ("slices", self.slices, Style.TWAP),
            ("curve", self.curve, Style.VWAP),
            ("display", self.display, Style.ICEBERG),
        ):
            if given and self.style is not style:
                raise Invalid(field, f"absent for {self.style}", given)
        for place, part in enumerate(self.curve):
            if require_decimal(part, f"curve.{place}") < 0:
                raise Invalid(f"curve.{place}", "zero or more", part)
        if self.curve and not any(self.curve):
            raise Invalid("curve", "above zero somewhere", "all zero")
        if self.style is Style.ICEBERG:
            self._check_display()

    @property
    def step(self) -> Decimal:
        """Give the least part of the quantity: whole units where it is whole."""
        return Decimal(1).scaleb(-decimals_of(self.quantity))

    @property
    def weights(self) -> tuple[Decimal, ...]:
        """Give how much falls into each of equal spans; one span for an iceberg."""
        if self.style is Style.TWAP:
            return (Decimal(1),) * self.slices
        return self.curve or (Decimal(1),)

    def check_times(self, begins_at: datetime) -> None:
        """Refuse an end before the begin, and slices that would be too short or too small.

        Raises:
            Invalid: Naming the field.
        """
        span = self.ends_at - begins_at
        if not SHORTEST_SLICE <= span <= LONGEST:
            expected = f"a second to {LONGEST.days} days after {begins_at.isoformat()}"
            raise Invalid("ends_at", expected, self.ends_at.isoformat())
        if self.style is Style.ICEBERG:
            return
        field = "slices" if self.style is Style.TWAP else "curve"
        count = self.slices if self.style is Style.TWAP else len(self.curve)
        most = min(MOST_SLICES, span // SHORTEST_SLICE, int(self.quantity / self.step))
        if not 1 <= count <= most:
            raise Invalid(field, f"1 to {most}: each takes a second and a part of it", count)

    def request(self, quantity: Decimal, name: str | None = None) -> OrderRequest:
        """Give the order that trades a part of it."""
        return OrderRequest(
            symbol=self.symbol,
            side=self.side,
            type=OrderType.MARKET if self.limit_price is None else OrderType.LIMIT,
            time_in_force=self.time_in_force,
            quantity=quantity,
            limit_price=self.limit_price,
            client_order_id=name,
        )

    def _check_display(self) -> None:
        if self.display is None:
            raise Invalid("display", "present for an iceberg", None)
        if self.limit_price is None:
            raise Invalid("limit_price", "present for an iceberg", None)
        _positive("display", self.display)
        least = self.quantity / MOST_SLICES
        if not least <= self.display <= self.quantity:
            expected = f"{plain(least)} to {plain(self.quantity)}"
            raise Invalid("display", expected, self.display)
        if decimals_of(self.display) > decimals_of(self.quantity):
            raise Invalid("display", f"a multiple of {plain(self.step)}", self.display)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A parent order, and how far it is.

    Attributes:
        begins_at: When the first slice is placed.
        reason: Why it stands where it does.
        placed: Slices so far; the name of the next one has the next number.
        slice: The one that was not over when last looked at.
        filled: By slices that are over.
        refusals: How many slices in a row were refused.
        look_at: Nothing is to be done before, unless a slice is at the market.
    """

    id: OrderId
    wish: ParentWish
    provenance: Provenance
    begins_at: datetime
    state: ParentState = ParentState.WORKING
    reason: str = ""
    placed: int = 0
    slice: OrderId | None = None
    filled: Decimal = Decimal(0)
    refusals: int = 0
    look_at: datetime | None = None


def slice_name(parent: OrderId, number: int, most: int) -> str:
    """Name a slice for the broker, ``<parent>-<number>``, shorter where the broker keeps less."""
    name = f"{parent}-{number}"
    return name if len(name) <= most else f"{parent.hex[:-4]}{number:04d}"


def _positive(field: str, value: Decimal) -> None:
    if require_decimal(value, field) <= 0:
        raise Invalid(field, "above zero", value)
