"""Describe one step of a strategy: what it was told, and what it asked for.

A step is everything of the moment at which one bar or more became known. What is told of it is all
that a strategy can see besides earlier bars and what it owns, so the same inputs on the same state
are the same decisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MOST_DECISIONS: Final = 1_000
"""As many may be made in one step; who asks for more is stopped."""

OrderFate = Literal["open", "filled", "ended"]
DecisionKind = Literal["place", "trail", "cancel", "replace"]


@dataclass(frozen=True, slots=True)
class BarSeen:
    """A bar that became known at the step.

    Attributes:
        asset: Place in the universe, from 0.
        time, known: When it began and when it was known, nanoseconds since 1970 UTC.
        frame: Place of its timeframe: 0 is the one that is traded on, the strategy's longer ones
            follow from 1.
    """

    asset: int
    time: int
    known: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    frame: int = 0


@dataclass(frozen=True, slots=True)
class FillSeen:
    """A fill since the step before.

    Attributes:
        order: The id that the desk gave its order, 0: of no decision.
        units: Below 0 for a sale.
        fee: In the account's currency.
    """

    order: int
    asset: int
    units: float
    price: float
    fee: float


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """Where an order stands that was open at the step before, or was decided in it.

    Attributes:
        order: The id that the desk gave it.
        filled: Units so far, not below 0.
        state: "filled" whole, "ended" otherwise (cancelled, expired, refused), or "open".
    """

    order: int
    filled: float
    state: OrderFate


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """The account as it was known at the step.

    Attributes:
        positions: Units of each asset, below 0 when short.
        entry_prices: Mean price of what is held of each asset, 0.0 when flat.
        fills: Since the step before, oldest first.
        orders: What is not told here of an order has not changed.
    """

    cash: float
    positions: tuple[float, ...]
    entry_prices: tuple[float, ...]
    fills: tuple[FillSeen, ...] = ()
    orders: tuple[OrderSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class StepInputs:
    """All that a strategy is told at one step.

    Attributes:
        step: Counted from 0, since the first bar of the warm-up.
        now: When the bars became known, nanoseconds since 1970 UTC.
        due: Bit k is set where the strategy's schedule k is due.
        sends: Whether decisions count. Without, in the warm-up and in a pause, the strategy is
            called, and what it asks for is dropped.
    """

    step: int
    now: int
    bars: tuple[BarSeen, ...]
    account: AccountSeen
    due: int
    sends: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that a strategy asked for in a step. Codes are those of ``exchange.rules.codes``.

    Attributes:
        number: In the step, from 1.
        kind: "place" a new order or one exit of a group, "trail" a new trailing stop, "cancel" an
            open order (each of a group is one decision), or "replace" what is not 0.0 of ``units``,
            ``limit`` and ``stop`` of an open order.
        order: The desk's id of the order, from 1 in a run.
        side: 1 buys, -1 sells.
        units: Of the whole order, > 0; of a cancelled one 0.0, as are its prices.
        limit, stop, trail_price, trail_percent: 0.0 is none.
        role: ALONE, ENTRY, TAKE_PROFIT or STOP_LOSS. A TAKE_PROFIT and a STOP_LOSS that follow each
            other are siblings: what one fills, the other has no more.
        entry: The order whose held exit it is; 0 of an exit that works at once, and of no exit.
    """

    number: int
    kind: DecisionKind
    order: int
    asset: int
    side: int
    order_kind: int
    units: float
    limit: float
    stop: float
    trail_price: float
    trail_percent: float
    tif: int
    role: int
    entry: int
