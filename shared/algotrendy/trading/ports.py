"""Say what trading needs of the outside, beside its ledger: prices, workflows, a bell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import AccountId, CorrelationId, OrderId
from algotrendy.kernel.instrument import AssetClass, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The last that is known of a symbol's price, in its quote currency.

    Attributes:
        at: When it was last seen to be the newest, which may be long after the market made it.
        made_at: When the market made it, by the market's own clock; None where nobody tells.
        market_now: That clock when the price was seen, where it is not the time of everybody, as
            in a replay.
    """

    symbol: Symbol
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal
    at: datetime
    made_at: datetime | None = None
    market_now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the broker says of a symbol that it trades.

    Attributes:
        is_easy_to_borrow: Whether it is lent at once, and not on asking only; some do not tell.
        maintenance_rate: Part of a position's value that must be there as equity to keep it, the
            greater of long and short; None where the broker does not tell.
    """

    symbol: Symbol
    asset_class: AssetClass
    is_tradable: bool
    is_shortable: bool
    is_fractionable: bool
    price_increment: Decimal | None
    at: datetime
    is_easy_to_borrow: bool = True
    maintenance_rate: Decimal | None = None


class MarketFacts(Protocol):
    """Last prices and listings, as the ledger keeps them for decisions: of each account its own.

    No two accounts share them, as their markets may differ: a paper exchange's price of a symbol
    is not a live broker's. ``root`` is the whole account, for all of its parts.
    """

    def quotes(self, root: AccountId, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Give the last quotes that were kept; a symbol without one is absent."""
        ...

    def put_quotes(self, root: AccountId, quotes: Collection[Quote]) -> None:
        """Keep quotes; an older one than is there changes nothing."""
        ...

    def want(self, root: AccountId, symbols: Collection[Symbol], now: datetime) -> None:
        """Say that somebody decides about these symbols, so that quotes of them are kept fresh."""
        ...

    def wanted(self, root: AccountId, since: datetime) -> Collection[Symbol]:
        """Give the symbols that were wanted from a moment on."""
        ...

    def listings(self, root: AccountId, symbols: Collection[Symbol]) -> Mapping[Symbol, Listing]:
        """Give the listings that were kept."""
        ...

    def put_listings(self, root: AccountId, listings: Collection[Listing]) -> None:
        """Keep listings as they are now."""
        ...


class Market(Protocol):
    """Prices and listings from their source, as the execution service asks for them."""

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for the newest quotes; a symbol that has none is absent; Unavailable."""
        ...

    async def listing(self, symbol: Symbol) -> Listing | None:
        """Ask what is known of a symbol; None when it is not traded there; Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class DailyClose:
    """The last price of a day, as if every later split and dividend had been before it."""

    day: date
    price: Decimal


class Histories(Protocol):
    """Prices of past days, as the execution service asks for them."""

    async def closes(self, symbol: Symbol, days: int) -> Sequence[DailyClose]:
        """Ask for the closes of about so many days, oldest first; Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class SagaRun:
    """One run of an order's workflow; its name is the order's id, then ``<id>-2``, ``<id>-3``."""

    order_id: OrderId
    attempt: int
    correlation_id: CorrelationId
    traceparent: str | None = None

    @property
    def name(self) -> str:
        """Give the name of the execution."""
        return str(self.order_id) if self.attempt == 1 else f"{self.order_id}-{self.attempt}"


class SagaState(StrEnum):
    """How a run of a workflow stands."""

    MISSING = "missing"
    RUNNING = "running"
    ENDED = "ended"


class Sagas(Protocol):
    """The workflows of orders."""

    def start(self, run: SagaRun) -> None:
        """Start a run, unless there is or was one of its name; Unavailable."""
        ...

    def state(self, run: SagaRun) -> SagaState:
        """Tell how a run stands; Unavailable."""
        ...

    def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Tell a workflow that waits what came of it; one that waits no more is left alone."""
        ...


@dataclass(frozen=True, slots=True)
class Ring:
    """Says that there is something to do for an account, or for one order of it.

    Attributes:
        token: Of the workflow that waits for the order to be sent; None where none does.
    """

    account: AccountId
    order_id: OrderId | None = None
    token: str | None = None


class Bell(Protocol):
    """Wakes the execution service of an account; the ledger is what it then reads."""

    def ring(self, ring: Ring) -> None:
        """Wake it; a lost ring only costs seconds. Unavailable."""
        ...


class Rings(Protocol):
    """The rings as the execution service hears them, those of one account in their order."""

    async def listen(self, wait_s: float) -> Sequence[Heard]:
        """Give what was heard, after waiting for so long at most; Unavailable."""
        ...


class Heard(Protocol):
    """A ring that was heard; it is heard again unless it is said to be done."""

    @property
    def ring(self) -> Ring: ...

    async def done(self) -> None:
        """Never hear it again."""
        ...

    async def leave(self) -> None:
        """Let somebody else hear it at once."""
        ...
