"""What fills and busts do to cash, positions and history."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algotrendy.exchange.venue.model import ActivityType, EquityPoint
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_status import OrderStatus
from fakes.ledger_desk import NOW, Desk


def test_opening_an_account_is_its_first_activity() -> None:
    desk = Desk(cash="5000")
    [activity] = desk.ledger.activities("one")
    assert (activity.type, activity.cash) == (ActivityType.JOURNAL_CASH, Decimal(5000))
    assert desk.take().accounts["one"].cash == 5000


def test_a_buy_turns_cash_into_shares() -> None:
    desk = Desk()
    assert desk.fill(desk.order(Side.BUY, "10"), "10", "100.25") == 10
    position = desk.ledger.position("one", "AAPL")
    assert position is not None
    assert (position.quantity, position.cost) == (Decimal(10), Decimal("1002.50"))
    assert desk.ledger.accounts["one"].cash == Decimal("98997.50")


def test_a_fill_is_told_with_what_is_left_of_its_order() -> None:
    desk = Desk()
    order = desk.order(Side.BUY, "10")
    desk.fill(order, "4", "100")
    desk.fill(order, "6", "101")
    first, second = desk.ledger.activities("one")[1:]
    assert (first.fill_type, first.leaves, first.cumulative) == (
        "partial_fill",
        Decimal(6),
        Decimal(4),
    )
    assert (second.fill_type, second.leaves, second.cumulative) == ("fill", Decimal(0), Decimal(10))
    assert (second.order_id, second.side, second.price) == (order.id, Side.BUY, Decimal(101))
    assert desk.ledger.fill(desk.executions[0]) == first


def test_a_notional_order_is_whole_when_its_status_says_so() -> None:
    desk = Desk()
    order = desk.order(Side.BUY, None, notional=Decimal(50))
    desk.fill(order, "0.2", "100")
    desk.now = NOW
    order.status, order.filled_quantity = OrderStatus.FILLED, Decimal("0.5")
    desk.ledger.book_fill(order, "last", Decimal("0.3"), Decimal(100), NOW)
    kinds = [each.fill_type for each in desk.ledger.activities("one")[1:]]
    assert kinds == ["partial_fill", "fill"]


def test_a_position_sold_whole_is_gone() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.take()
    desk.trade(Side.SELL, "10", "110")
    assert desk.ledger.position("one", "AAPL") is None
    changes = desk.take()
    assert changes.closed_positions == {("one", "AAPL")}
    assert not changes.positions


def test_a_position_opened_again_is_not_closed() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.trade(Side.SELL, "10", "110")
    desk.trade(Side.BUY, "1", "110")
    changes = desk.take()
    assert not changes.closed_positions
    assert changes.positions["one", "AAPL"].quantity == 1


def test_a_sale_larger_than_the_position_turns_it_short_at_the_fills_price() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    assert desk.fill(desk.order(Side.SELL, "15"), "15", "110") == -5
    position = desk.ledger.position("one", "AAPL")
    assert position is not None
    assert position.cost == -550


def test_only_sales_of_shares_cost_fees() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "100", "100")
    desk.trade(Side.SELL, "100", "100")
    desk.trade(Side.BUY, "1", "50000", symbol="BTC/USD")
    desk.trade(Side.SELL, "1", "50000", symbol="BTC/USD")
    [fee] = [each for each in desk.ledger.activities("one") if each.type is ActivityType.FEE]
    # 20.60 a million of 10,000 is 0.206, and 100 shares at 0.000195 are 0.0195: each rounded up.
    assert fee.cash == Decimal("-0.23")
    assert fee.execution_id == desk.executions[1]


def test_a_venue_without_fees_takes_none() -> None:
    desk = Desk(fees="none")
    desk.trade(Side.SELL, "100", "100")
    assert desk.ledger.accounts["one"].cash == 110_000


def test_parts_of_an_order_pay_together_what_it_would_pay_whole() -> None:
    parted, whole = Desk(), Desk()
    order = parted.order(Side.SELL, "100")
    for _ in range(100):
        parted.fill(order, "1", "100")
    whole.trade(Side.SELL, "100", "100")
    assert parted.ledger.accounts["one"].cash == whole.ledger.accounts["one"].cash


def test_a_bust_undoes_a_fill_with_its_fees() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    cash = desk.ledger.accounts["one"].cash
    order = desk.trade(Side.SELL, "4", "120")
    activity = desk.ledger.bust(desk.executions[1], order, desk.now)
    assert activity.type is ActivityType.BUST
    assert activity.quantity == 4
    assert desk.ledger.accounts["one"].cash == cash
    position = desk.ledger.position("one", "AAPL")
    assert position is not None
    assert (position.quantity, position.cost) == (Decimal(10), Decimal(1000))


def test_a_bust_of_an_earlier_fill_leaves_what_the_later_ones_made() -> None:
    desk, without = Desk(), Desk()
    for each in (desk, without):
        each.trade(Side.BUY, "10", "100")
        if each is desk:
            each.trade(Side.BUY, "7", "130")
        each.trade(Side.SELL, "4", "120")
    desk.ledger.bust(desk.executions[1], desk.order(Side.BUY, "7"), desk.now)
    assert desk.ledger.positions("one") == without.ledger.positions("one")
    assert desk.ledger.accounts["one"].cash == without.ledger.accounts["one"].cash


def test_a_fill_is_busted_once() -> None:
    desk = Desk()
    order = desk.trade(Side.BUY, "10", "100")
    desk.ledger.bust(desk.executions[0], order, desk.now)
    with pytest.raises(Conflict, match="busted before"):
        desk.ledger.bust(desk.executions[0], order, desk.now)


def test_an_unknown_execution_cannot_be_busted() -> None:
    desk = Desk()
    with pytest.raises(NotFound, match="execution"):
        desk.ledger.bust("nobody's", desk.order(Side.BUY, "1"), desk.now)


def test_a_fill_of_before_a_split_stands() -> None:
    desk = Desk()
    order = desk.trade(Side.BUY, "10", "100")
    desk.ledger.split("AAPL", 2, 1, desk.now)
    with pytest.raises(Conflict, match="split"):
        desk.ledger.bust(desk.executions[0], order, desk.now)


def test_a_fill_of_after_a_split_can_be_busted() -> None:
    desk = Desk()
    desk.trade(Side.BUY, "10", "100")
    desk.ledger.split("AAPL", 2, 1, desk.now)
    order = desk.trade(Side.BUY, "5", "50")
    desk.ledger.bust(desk.executions[1], order, desk.now)
    position = desk.ledger.position("one", "AAPL")
    assert position is not None
    assert (position.quantity, position.cost) == (Decimal(20), Decimal(1000))


def test_ids_sort_in_the_order_of_writing_even_when_time_stands_still() -> None:
    desk = Desk()
    for number in range(20):
        desk.now = NOW
        desk.trade(Side.BUY, "1", f"{100 + number}")
    ids = [each.id for each in desk.ledger.activities("one")]
    assert ids == sorted(set(ids))
    assert ids[0].startswith("20260803150000000::")


def test_the_same_seed_gives_the_same_history() -> None:
    one, same, other = Desk(seed=7), Desk(seed=7), Desk(seed=8)
    for desk in (one, same, other):
        desk.trade(Side.SELL, "10", "100")
    assert one.snapshot() == same.snapshot()
    assert one.ledger.activities("one")[1].id != other.ledger.activities("one")[1].id


def test_a_minute_keeps_its_last_equity() -> None:
    desk = Desk()
    desk.prices["AAPL"] = Decimal(90)
    desk.trade(Side.BUY, "10", "100")
    desk.prices["AAPL"] = Decimal(110)
    desk.trade(Side.BUY, "10", "110")
    [point] = desk.ledger.equity_history("one")
    assert point == EquityPoint("one", NOW, Decimal(100_100), Decimal(97_900))
    assert desk.take().equity == [point]
