"""A parent order at the counter, brought forward step by step; short words for what is wished."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from algotrendy.kernel.errors import Rejected
from algotrendy.kernel.ids import EventId, OrderId
from algotrendy.kernel.order import Side
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.parents.parent import Parent, ParentWish, Style
from algotrendy.trading.parents.working import StepIds, advance, note_refusal
from fakes.order_counter import AAPL, NOON, ROOT, OrderCounter, provenance


def wish(style: Style, quantity: str = "100", minutes: int = 10, **more: Any) -> ParentWish:
    return ParentWish(
        account=ROOT,
        symbol=AAPL,
        side=Side.BUY,
        quantity=Decimal(quantity),
        style=style,
        ends_at=NOON + timedelta(minutes=minutes),
        **more,
    )


def twap(quantity: str = "100", slices: int = 5, **more: Any) -> ParentWish:
    return wish(Style.TWAP, quantity, slices=slices, **more)


def iceberg(quantity: str = "100", display: str = "30", **more: Any) -> ParentWish:
    price = Decimal(100)
    return wish(Style.ICEBERG, quantity, display=Decimal(display), limit_price=price, **more)


class Slicer:
    """A parent order at the counter."""

    def __init__(self, asked: ParentWish, **counter: Any) -> None:
        self.counter = OrderCounter(**counter)
        self.intake = ParentIntake(
            self.counter.ledger, self.counter.bell, self.counter.clock, self.counter.ids
        )
        self.id = self.intake.place(asked, provenance()).id

    def look(self) -> Parent:
        return self.intake.get(self.id)

    @property
    def slices(self) -> list[PlatformOrder]:
        return list(self.counter.ledger.tables.orders.children(self.id))

    def step(self, minutes: float = 0) -> bool:
        self.counter.clock.advance(timedelta(minutes=minutes))
        self.counter.quote(AAPL, "100")
        now = self.counter.clock.now()
        ids = StepIds(OrderId(self.counter.ids.next()), EventId(self.counter.ids.next()))
        try:
            return self.counter.ledger.run(lambda tx: advance(tx, self.id, ids, now))
        except Rejected as error:
            reason = error.message
            self.counter.ledger.run(lambda tx: note_refusal(tx, self.id, reason, now))
            return False

    def fill(self, quantity: str | None = None) -> None:
        order = self.slices[-1]
        if not order.is_at_broker:
            self.counter.accept(order)
        self.counter.fill(order, quantity)

    def end(self) -> None:
        """Let the broker cancel the slice at the market."""
        self.counter.told(self.slices[-1], "canceled")
