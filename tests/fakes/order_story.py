"""Tells the story of one order: makes its events, each with an id and a time of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, OrderId, SeededIds, UserId
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading.folding import fold
from algotrendy.trading.order_events import (
    Execution,
    OrderBusted,
    OrderEvent,
    OrderFilled,
    OrderIntended,
    OrderSubmitted,
    OrderUpdated,
    Provenance,
)
from algotrendy.trading.orders import PlatformOrder

USD = Currency.USD
START = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
ACCOUNT = AccountId("one")
AnEvent = TypeVar("AnEvent", bound=OrderEvent)


def dollars(amount: str | int) -> Money:
    return Money.of(amount, USD)


def execution(
    name: str = "e1",
    quantity: str | int | Decimal = 1,
    price: str | int | Decimal = 100,
    at: datetime = START,
    fee: str | None = None,
) -> Execution:
    return Execution(
        id=name,
        quantity=Quantity.of(str(quantity)),
        price=Price.of(str(price), USD),
        at=at,
        fee=None if fee is None else dollars(fee),
    )


class Story:
    """One order of 10 units, or of what is asked for, and the events that are made for it."""

    def __init__(
        self,
        quantity: str | int | None = 10,
        *,
        notional: str | None = None,
        side: Side = Side.BUY,
        symbol: str = "AAPL",
        reserved: str | int = 1000,
        seed: int = 1,
    ) -> None:
        self.ids = SeededIds(seed, ManualClock(START))
        self.order_id = OrderId(self.ids.next())
        request = OrderRequest(
            symbol=symbol,
            side=side,
            quantity=None if quantity is None else Decimal(quantity),
            notional=None if notional is None else Decimal(notional),
            client_order_id=str(self.order_id),
        )
        self.intended = self.make(
            OrderIntended,
            account=ACCOUNT,
            request=request,
            provenance=Provenance(
                correlation_id=CorrelationId("c1"),
                user=UserId("ada"),
                strategy="sma_cross@3",
                parameters=(("fast", "10"),),
                data_hash="d" * 64,
                code_hash="c" * 64,
            ),
            reserved=dollars(reserved),
        )

    def make(self, kind: type[AnEvent], second: int = 0, **facts: Any) -> AnEvent:
        return kind(
            id=EventId(self.ids.next()),
            order_id=self.order_id,
            at=START + timedelta(seconds=second),
            **facts,
        )

    def submitted(self, epoch: int = 1) -> OrderSubmitted:
        return self.make(OrderSubmitted, epoch=epoch)

    def told(self, status: str, second: int = 0, **facts: Any) -> OrderUpdated:
        return self.make(OrderUpdated, second, status=status, **facts)

    def filled(self, made: Execution, second: int = 0, **facts: Any) -> OrderFilled:
        return self.make(OrderFilled, second, execution=made, **facts)

    def busted(self, name: str, second: int = 0, **facts: Any) -> OrderBusted:
        return self.make(OrderBusted, second, execution_id=name, **facts)

    def after(self, *events: OrderEvent) -> PlatformOrder:
        """Give the order after its intent and these."""
        return fold([self.intended, *events])

    def sent(self, *news: OrderEvent) -> PlatformOrder:
        """Give the order after its intent, its sending and these."""
        return self.after(self.submitted(), *news)


def in_any_order(events: Sequence[OrderEvent], order: Sequence[int]) -> list[OrderEvent]:
    """Give the events at these places, of which some may come twice, then those left out."""
    chosen = [events[index % len(events)] for index in order] if events else []
    return chosen + [each for each in events if each not in chosen]
