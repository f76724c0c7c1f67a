"""What people do in one run: drawn from the seed alone, so that a part of it can be left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import TypedDict

from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from simulation.exchange import SYMBOLS

LAST_S = 32.0
# Heavier than what strikes by itself, and rarer: how often each comes in one run.
TROUBLES = {
    "service killed": 0.6,
    "service stopped": 0.3,
    "service stalled": 0.5,
    "clock jumps": 0.4,
    "service cut off": 0.3,
    "ledger restarts": 0.2,
    "broker away": 0.25,
    "workflows forgotten": 0.2,
    "execution busted": 0.15,
    "exit cancelled by hand": 0.15,
    "order placed by hand": 0.1,
    "kill switch": 0.08,
    "kill switch later": 0.06,
}
ROOT, PART = "paper", "paper/alpha"


class _Exits(TypedDict):
    take_profit: TakeProfit
    stop_loss: StopLoss


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that somebody does.

    Attributes:
        at_s: When.
        kind: place, slice, exits, cancel, replace, approve, or one of the troubles.
        number: Which action it is; an order is called by the number of what placed it.
        on: The number of the order that it is about.
    """

    at_s: float
    kind: str
    number: int
    account: str = ROOT
    request: OrderRequest | None = None
    on: int | None = None
    price: Decimal | None = None

    def __str__(self) -> str:
        """Read as one line of a history."""
        words = [f"{self.at_s:7.3f}  #{self.number} {self.kind}"]
        if self.request is not None:
            words.append(_told(self.request, self.account))
        if self.on is not None:
            words.append(f"order-{self.on}")
        if self.price is not None:
            words.append(f"at {self.price}")
        return " ".join(words)


def story(seed: int) -> list[Action]:
    """Draw what people do in the run of a seed."""
    chance = Random(f"{seed}/story")
    actions: list[Action] = []
    placed: list[Action] = []
    for number in range(chance.randint(4, 12)):
        at = round(chance.uniform(0.5, LAST_S), 3)
        before = [each for each in placed if each.at_s < at]
        kind = chance.choices(
            ("place", "slice", "exits", "cancel", "replace", "approve"), (6, 0.7, 1, 2, 1.5, 1)
        )[0]
        if kind == "slice":
            wish = replace(_wish(chance, f"order-{number}"), order_class=OrderClass.SIMPLE)
            action = Action(at, kind, number, ROOT, wish)
        elif kind == "place" or not before:
            account = PART if chance.random() < 0.4 else ROOT
            wish = _wish(chance, f"order-{number}")
            action = Action(at, "place", number, account, wish)
            placed.append(action)
        else:
            target = chance.choice(before)
            price = Decimal(chance.randint(9_700, 10_300)) / 100
            action = Action(at, kind, number, target.account, None, target.number, price)
            if kind == "exits":
                placed.append(action)
        actions.append(action)
    actions += _troubles(chance, len(actions))
    if chance.random() < 0.5:
        number = len(actions)
        late = LAST_S + 4
        actions += (
            Action(late, "cancel", number + place, each.account, None, each.number)
            for place, each in enumerate(placed)
        )
    return sorted(actions, key=lambda each: (each.at_s, each.number))


def _troubles(chance: Random, first: int) -> list[Action]:
    found: list[Action] = []
    for kind, share in TROUBLES.items():
        while chance.random() < share:
            at = round(chance.uniform(2.0, LAST_S), 3)
            number = first + len(found)
            by_hand = kind == "order placed by hand"
            wish = _wish(chance, f"by-hand-{number}") if by_hand else None
            found.append(Action(at, kind, number, request=wish))
    return found


def _wish(chance: Random, name: str) -> OrderRequest:
    symbol = chance.choice(SYMBOLS)
    side = Side.BUY if chance.random() < 0.65 else Side.SELL
    size = Decimal(chance.randint(1, 60))
    kinds = ("market", "limit", "stop", "trailing", "bracket", "notional")
    kind = chance.choices(kinds, (3, 4, 1, 0.7, 2, 0.7))[0]
    cents = chance.randint(-250, 250)
    price = Decimal(10_000 + cents) / 100
    life = TimeInForce.GTC if chance.random() < 0.5 else TimeInForce.DAY
    order = OrderRequest(symbol, side, quantity=size, client_order_id=name, time_in_force=life)
    if kind == "limit":
        is_early = chance.random() < 0.15
        return replace(order, type=OrderType.LIMIT, limit_price=price, extended_hours=is_early)
    if kind == "trailing":
        trail = Decimal(chance.randint(20, 200)) / 100
        if chance.random() < 0.5:
            return replace(order, type=OrderType.TRAILING_STOP, trail_price=trail)
        return replace(order, type=OrderType.TRAILING_STOP, trail_percent=trail)
    if kind == "stop":
        away = Decimal(10_000 + side.sign * chance.randint(10, 300)) / 100
        return replace(order, type=OrderType.STOP, stop_price=away)
    if kind == "notional":
        worth = Decimal(chance.randint(100, 3_000))
        return replace(order, quantity=None, notional=worth, time_in_force=TimeInForce.DAY)
    if kind == "bracket":
        is_limit = chance.random() < 0.5
        return replace(
            order,
            type=OrderType.LIMIT if is_limit else OrderType.MARKET,
            limit_price=price if is_limit else None,
            order_class=OrderClass.BRACKET,
            **_exits(side, size / 100),
        )
    return order


def exits_of(side: Side, symbol: str, size: Decimal, name: str) -> OrderRequest:
    """Write the pair of exits of what an order of that side has given."""
    return OrderRequest(
        symbol,
        side.opposite,
        type=OrderType.LIMIT,
        quantity=size,
        client_order_id=name,
        time_in_force=TimeInForce.GTC,
        order_class=OrderClass.OCO,
        **_exits(side, Decimal(0)),
    )


def _exits(entry: Side, wider: Decimal) -> _Exits:
    high, low = Decimal(103) + wider, Decimal(97) - wider
    profit, loss = (high, low) if entry is Side.BUY else (low, high)
    return {"take_profit": TakeProfit(profit), "stop_loss": StopLoss(loss)}


def _told(request: OrderRequest, account: str) -> str:
    size = request.quantity or f"{request.notional} USD of"
    words = f"{request.client_order_id}: {account} {request.side} {size} {request.symbol}"
    price = request.limit_price or request.stop_price or ""
    return f"{words} {request.type} {price} {request.time_in_force} {request.order_class}"
