"""The state follows what happens, and refuses what cannot."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import Terms
from fakes.risk_desk import AAPL, MSFT, NOON, TREND, Desk, buy, limits, sell


def test_a_partial_fill_moves_its_part_from_the_order_to_the_position() -> None:
    desk = Desk()
    name = desk.open(buy("10"))
    desk.state.on_fill(AAPL, Side.BUY, Decimal(4), Decimal(99), Decimal(1), order_id=name)
    holding = desk.state.account.holdings[AAPL]
    assert [holding.position, holding.buys, holding.longest] == [4, 6, 10]
    assert desk.state.account.cash == Decimal(100000 - 4 * 99 - 1)
    assert desk.state.account.equity == Decimal(100000 + 4 - 1)
    desk.state.on_order_closed(name)
    assert holding.worst == 4
    desk.state.on_order_closed(name)
    assert holding.worst == 4, "closing twice does nothing"


def test_a_fill_of_more_than_was_asked_for_leaves_nothing_open() -> None:
    desk = Desk()
    name = desk.open(sell("10"))
    desk.state.on_fill(AAPL, Side.SELL, Decimal(12), Decimal(100), order_id=name)
    holding = desk.state.account.holdings[AAPL]
    assert [holding.position, holding.sells] == [-12, 0]


def test_exits_of_one_group_claim_their_quantity_once() -> None:
    desk = Desk()
    desk.hold("10")
    stop = desk.open(sell("10", type=OrderType.STOP, stop_price="90"), group="exits")
    target = desk.open(sell("10", limit_price="120"), group="exits")
    holding = desk.state.account.holdings[AAPL]
    assert holding.shortest == 0
    desk.state.on_fill(AAPL, Side.SELL, Decimal(4), Decimal(120), order_id=target)
    assert [holding.position, holding.shortest] == [6, 0]
    desk.state.on_order_closed(target)
    assert holding.shortest == 0
    desk.state.on_order_closed(stop)
    assert holding.shortest == 6


def test_a_group_is_of_one_symbol_and_side() -> None:
    desk = Desk()
    desk.open(sell("10", limit_price="120"), group="exits")
    with pytest.raises(Invalid, match="group"):
        desk.open(buy("10", limit_price="120"), group="exits")
    assert len(desk.state.orders) == 1


def test_a_fill_that_contradicts_its_order_is_refused() -> None:
    desk = Desk()
    name = desk.open(buy("10"))
    with pytest.raises(Invalid, match="order_id"):
        desk.state.on_fill(MSFT, Side.BUY, Decimal(1), Decimal(50), order_id=name)
    with pytest.raises(Invalid, match="quantity"):
        desk.state.on_fill(AAPL, Side.BUY, Decimal(0), Decimal(50), order_id=name)


def test_an_order_is_opened_once() -> None:
    desk = Desk()
    desk.open(buy("10"))
    with pytest.raises(Conflict):
        desk.state.on_order_opened("order-1", buy("1"), Decimal(1), NOON)
    with pytest.raises(Invalid):
        desk.state.on_order_opened("order-2", buy("1"), Decimal(0), NOON)


def test_a_fill_of_a_strategys_order_is_the_strategys_whoever_tells() -> None:
    desk = Desk()
    desk.state.add_strategy(TREND, Decimal(5000))
    name = desk.open(buy("10"), TREND)
    desk.state.on_fill(AAPL, Side.BUY, Decimal(10), Decimal(100), order_id=name)
    desk.state.on_price(AAPL, Decimal(110))
    assert desk.state.book(TREND).equity == Decimal(5100)
    assert desk.state.account.equity == Decimal(100100)
    with pytest.raises(Conflict):
        desk.state.add_strategy(TREND, Decimal(1))


def test_a_position_taken_over_is_neither_profit_nor_loss() -> None:
    state = RiskState(Decimal(1000))
    state.set_position(AAPL, Decimal(-5), Decimal(20))
    assert state.account.equity == Decimal(900)
    assert state.account.loss_today == 0
    assert state.account.exposure.net == Decimal(100)


def test_the_first_fill_of_a_symbol_gives_it_a_price() -> None:
    state = RiskState(Decimal(1000))
    state.on_fill(Symbol("NEW"), Side.BUY, Decimal(2), Decimal(7))
    assert state.account.exposure.gross == Decimal(14)


def test_new_terms_change_the_margin_at_once() -> None:
    desk = Desk()
    desk.hold("10")
    desk.state.set_terms(AAPL, Terms(margin_rate=Decimal("0.3")))
    assert desk.state.account.exposure.margin == Decimal(300)


def test_what_is_no_number_for_the_ledger_is_refused() -> None:
    state = RiskState(Decimal(1000))
    with pytest.raises(TypeError):
        state.on_price(AAPL, 1.5)  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="price"):
        state.on_price(AAPL, Decimal(0))
    with pytest.raises(Invalid, match="margin_rate"):
        Terms(margin_rate=Decimal(-1))
    with pytest.raises(Invalid, match="borrowable"):
        Terms(borrowable=Decimal(-1))


def test_an_order_forgotten_for_an_hour_is_no_duplicate_and_takes_no_room() -> None:
    desk = Desk(limits(duplicate_window_s=3600))
    desk.open(buy("1"))
    later = NOON + timedelta(seconds=3601)
    desk.open(buy("2"), at=later)
    assert desk.judge(buy("1"), at=later).is_approved
    assert len(desk.state._likes) == 1
