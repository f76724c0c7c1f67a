"""Orders are admitted alike on every ledger, and one after the other where many are at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Conflict, Rejected
from algotrendy.kernel.events import Event
from algotrendy.kernel.order import OrderClass
from algotrendy.kernel.order_request import ReplaceRequest, StopLoss, TakeProfit
from algotrendy.trading.ledger import Ledger
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import AAPL, ROOT, OrderCounter, provenance
from fakes.risk_desk import buy, sell


def test_a_day_at_the_counter(ledger: Ledger, published: Callable[[], Sequence[Event]]) -> None:
    counter = OrderCounter(cash=20_000, ledger=ledger)
    trend = counter.part("trend", 5_000)
    counter.limit(order_rate={"orders": 50, "window_s": 60}, fat_finger={"multiple": "50"})
    mine = counter.trade(buy("50"))
    assert counter.order(mine).status is PlatformStatus.FILLED
    old = counter.accept(counter.place(buy("40", limit_price="95"), trend))
    counter.fill(old, 10, price=95)
    new = counter.intake.replace(old.id, ReplaceRequest(limit_price=Decimal(96)), provenance())
    assert new.request.quantity == 30
    assert counter.held() == 30 * 95 + 30 * 96
    # 4050 of cash is less than both holds together.
    assert counter.refused(buy("60"), trend) == {"buying_power": "0.00"}
    counter.intake.cancel(new.id, "ada")
    counter.told(old, "canceled")
    assert counter.held() == 0
    entry = counter.accept(
        counter.place(
            buy(
                "10",
                order_class=OrderClass.BRACKET,
                take_profit=TakeProfit(Decimal(110)),
                stop_loss=StopLoss(Decimal(90)),
            )
        )
    )
    legs = [
        counter.leg(entry, "tp", sell("10", limit_price="110", client_order_id="tp")),
        counter.leg(entry, "sl", sell("10", limit_price="90", client_order_id="sl")),
    ]
    counter.fill(entry)
    for leg in legs:
        counter.told(leg, "new")
    holding = counter.desk().state.account.holdings[AAPL]
    assert holding.position == 70
    assert holding.sells == 10
    assert len(published()) >= 10


def test_the_same_wish_again_is_the_same_order(ledger: Ledger) -> None:
    counter = OrderCounter(ledger=ledger)
    request = buy("10", client_order_id="mine")
    first = counter.place(request)
    assert counter.place(request) == first
    with pytest.raises(Conflict):
        counter.place(buy("11", client_order_id="mine"))


def test_many_at_once_get_no_more_than_there_is(ledger: Ledger) -> None:
    counter = OrderCounter(cash=10_000, ledger=ledger)

    def place(number: int) -> PlatformOrder | None:
        try:
            return counter.place(buy("30", client_order_id=f"order-{number}"))
        except Rejected:
            return None

    with ThreadPoolExecutor(8) as people:
        placed = [order for order in people.map(place, range(12)) if order is not None]
    assert len(placed) == 3
    assert counter.held() == 9_000
    assert {each.id for each in counter.ledger.run(lambda tx: tx.orders.unsettled(ROOT))} == {
        order.id for order in placed
    }


def test_many_of_one_name_at_once_are_one_order(ledger: Ledger) -> None:
    counter = OrderCounter(ledger=ledger)
    request = buy("30", client_order_id="mine")
    with ThreadPoolExecutor(8) as people:
        placed = list(people.map(lambda _: counter.place(request), range(8)))
    assert len({order.id for order in placed}) == 1
    assert counter.held() == 3_000
