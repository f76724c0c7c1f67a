"""Say what trading needs of the outside, beside its ledger: prices, workflows, a bell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import AccountId, CorrelationId, OrderId
from algotrendy.kernel.instrument import AssetClass, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The last that is known of a symbol's price, in its quote currency."""

    symbol: Symbol
    bid: Decimal | None
    ask: Decimal | None
    last: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the broker says of a symbol that it trades."""

    symbol: Symbol
    asset_class: AssetClass
    is_tradable: bool
    is_shortable: bool
    is_fractionable: bool
    price_increment: Decimal | None
    at: datetime


class Market(Protocol):
    """Prices and listings from their source."""

    def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for the newest quotes; a symbol that has none is absent; Unavailable."""
        ...

    def listing(self, symbol: Symbol) -> Listing | None:
        """Ask what is known of a symbol; None when it is not traded there; Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class SagaRun:
    """One run of an order's workflow; its name is the order's id, then ``<id>-2``, ``<id>-3``."""

    order_id: OrderId
    attempt: int
    correlation_id: CorrelationId

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


class Bell(Protocol):
    """Wakes the execution service of an account; the ledger is what it then reads."""

    def ring(self, root: AccountId, order_id: OrderId) -> None:
        """Say that there is something to do for an order; a lost ring only costs seconds."""
        ...
