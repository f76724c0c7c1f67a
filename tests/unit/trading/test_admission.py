from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Conflict, NotFound, Rejected
from algotrendy.kernel.ids import AccountId, EventId, OrderId
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import OrderType, TimeInForce
from algotrendy.risk.limits import StrategyId, TradingState
from algotrendy.risk.records import Marks
from algotrendy.trading.admission import KILL_SWITCH, Placement, admit, is_enforced
from algotrendy.trading.marks import market_day
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import AAPL, BTC, ROOT, USD, OrderCounter, provenance
from fakes.risk_desk import bracket, buy, sell


def test_an_order_is_stored_with_its_hold_its_name_and_its_audit() -> None:
    counter = OrderCounter()
    order = counter.place(buy("10", limit_price="99.50"))
    assert order.status is PlatformStatus.INTENDED
    assert order.reserved == Money.of("995", USD)
    assert order.client_order_id == str(order.id)
    assert order.submit_by == order.intended_at + timedelta(seconds=60)
    assert counter.held() == Decimal(995)
    (audited,) = counter.ledger.run(lambda tx: tx.audit.select(ROOT, 10))
    assert (audited.action, audited.subject, audited.who) == ("order.place", str(order.id), "ada")
    assert audited.facts["reserved"] == "995.00"
    (told,) = counter.ledger.published
    assert told.name == "OrderChanged"


def test_a_market_order_is_held_at_the_ask() -> None:
    counter = OrderCounter()
    counter.quote(AAPL, "100", bid="99.90", ask="100.10")
    assert counter.place(buy("10")).reserved == Money.of("1001", USD)


def test_a_short_sale_is_held_above_the_ask() -> None:
    counter = OrderCounter(leverage=Decimal(2))
    assert counter.place(sell("10")).reserved == Money.of("1030", USD)


def test_an_order_of_a_sum_is_held_at_the_sum() -> None:
    counter = OrderCounter()
    request = replace(buy("1"), quantity=None, notional=Decimal("250.50"))
    assert counter.place(request).reserved == Money.of("250.50", USD)


def test_what_only_reduces_holds_nothing() -> None:
    counter = OrderCounter(cash=1000)
    counter.trade(buy("10"))
    assert counter.place(sell("10")).reserved == Money.zero(USD)


def test_more_than_the_buying_power_is_refused_with_what_is_left() -> None:
    counter = OrderCounter(cash=1000)
    counter.place(buy("6"))
    assert counter.refused(buy("5")) == {"buying_power": "400.00"}
    counter.place(buy("4"))


def test_leverage_multiplies_the_buying_power() -> None:
    counter = OrderCounter(cash=10_000, leverage=Decimal(2))
    counter.trade(buy("150"))
    assert counter.refused(buy("51"))["buying_power"] == "5000.00"
    counter.quote(AAPL, "90")
    # Equity 8500, twice that less 13500 of positions.
    assert counter.refused(buy("40"))["buying_power"] == "3500.00"


def test_a_small_account_has_no_credit_and_sells_nothing_short() -> None:
    counter = OrderCounter(cash=1_999, leverage=Decimal(2))
    assert counter.refused(buy("20"))["buying_power"] == "1999.00"
    assert "short_available" in counter.refused(sell("1"))
    OrderCounter(cash=2_000, leverage=Decimal(2)).place(sell("1"))


def test_nothing_is_lent_on_a_pair() -> None:
    counter = OrderCounter(cash=100_000, leverage=Decimal(2))
    request = buy("6", BTC, time_in_force=TimeInForce.GTC)
    assert counter.refused(request)["buying_power"] == "200000.00"
    assert counter.place(replace(request, quantity=Decimal(2))).reserved == Money.of(80_000, USD)


def test_a_part_spends_its_own_cash_only() -> None:
    counter = OrderCounter(cash=10_000)
    trend = counter.part("trend", 1000)
    assert counter.refused(buy("11"), trend) == {"buying_power": "1000.00"}
    counter.place(buy("10"), trend)
    assert counter.refused(buy("91")) == {"buying_power": "9000.00"}
    counter.place(buy("90"))
    assert counter.held() == Decimal(10_000)


def test_every_breach_is_told_at_once() -> None:
    counter = OrderCounter(cash=1000)
    counter.limit(order_quantity="5", order_notional="500", restricted=["AAPL"])
    assert set(counter.refused(buy("20"))) == {
        "order_quantity",
        "order_notional",
        "restricted",
        "buying_power",
    }


def test_a_refused_order_leaves_nothing_behind() -> None:
    counter = OrderCounter(cash=1000)
    counter.refused(buy("20"))
    assert counter.held() == 0
    assert counter.ledger.published == []
    assert counter.ledger.run(lambda tx: tx.orders.unsettled(ROOT)) == []


def test_the_limits_of_a_strategy_bind_its_part() -> None:
    counter = OrderCounter()
    trend = counter.part("trend", 50_000)
    counter.limit("trend", order_quantity="5")
    assert counter.refused(buy("6"), trend) == {"order_quantity": "5"}
    counter.place(buy("6"))


def test_the_same_request_again_is_the_same_order() -> None:
    counter = OrderCounter()
    request = buy("10", client_order_id="mine")
    first = counter.place(request)
    assert counter.place(request) == first
    assert counter.held() == Decimal(1000)
    with pytest.raises(Conflict, match="mine' came with another request"):
        counter.place(replace(request, quantity=Decimal(11)))
    trend = counter.part("trend", 1000)
    with pytest.raises(Conflict):
        counter.place(request, trend)


def test_the_same_request_again_is_found_when_the_money_is_gone() -> None:
    counter = OrderCounter(cash=1000)
    request = buy("10", client_order_id="mine")
    assert counter.place(request) == counter.place(request)


def test_an_account_that_is_not_there_is_not_found() -> None:
    counter = OrderCounter()
    with pytest.raises(NotFound):
        counter.place(buy("1"), AccountId("other"))
    with pytest.raises(NotFound):
        counter.place(buy("1"), AccountId("paper/none"))


def test_an_order_like_one_of_late_is_refused() -> None:
    counter = OrderCounter()
    counter.limit(duplicate_window_s=10)
    counter.trade(buy("10"))
    assert set(counter.refused(buy("10"))) == {"duplicate"}
    counter.place(buy("11"))
    counter.clock.advance(timedelta(seconds=10))
    counter.quote(AAPL, "100")
    counter.place(buy("10"))


def test_orders_of_late_count_for_the_rate_even_when_they_are_over() -> None:
    counter = OrderCounter()
    counter.limit(order_rate={"orders": 2, "window_s": 60})
    counter.trade(buy("1"))
    counter.place(buy("2"))
    assert set(counter.refused(buy("3"))) == {"order_rate"}
    counter.clock.advance(timedelta(seconds=60))
    counter.quote(AAPL, "100")
    counter.place(buy("3"))


def test_an_order_that_was_never_sent_counts_for_nothing() -> None:
    counter = OrderCounter()
    counter.limit(order_rate={"orders": 1, "window_s": 60}, duplicate_window_s=60)
    counter.intake.cancel(counter.place(buy("1")).id, "ada")
    counter.place(buy("1"))


def test_a_fat_finger_is_measured_against_orders_that_are_over() -> None:
    counter = OrderCounter()
    counter.limit(fat_finger={"multiple": "3", "after": 2})
    counter.trade(buy("10"))
    counter.trade(buy("10"))
    assert counter.refused(buy("31"))["fat_finger"].startswith("30")
    counter.place(buy("30"))


def test_losses_are_measured_from_the_marks() -> None:
    counter = OrderCounter(cash=10_000)
    counter.limit(daily_loss="50", drawdown="0.5")
    counter.trade(buy("10"))
    day = market_day(counter.clock.now())
    marks = Marks(account=ROOT, day=day, day_start=Decimal(10_000), peak=Decimal(10_000))
    counter.ledger.run(lambda tx: tx.risk.put_marks(marks))
    counter.quote(AAPL, "94")
    assert set(counter.refused(buy("1"))) == {"daily_loss"}
    counter.place(sell("1"))
    marks = replace(marks, day=day - timedelta(days=1), peak=Decimal(30_000))
    counter.ledger.run(lambda tx: tx.risk.put_marks(marks))
    assert set(counter.refused(buy("1"))) == {"drawdown"}


def test_a_halt_stops_everything_but_what_the_kill_switch_ends() -> None:
    counter = OrderCounter()
    counter.trade(buy("10"))
    counter.state(TradingState.HALTED)
    assert set(counter.refused(sell("10"))) == {"trading_state"}
    flat = counter.place(sell("10"), user=KILL_SWITCH)
    assert is_enforced(flat)
    counter.intake.cancel(flat.id, "ada")
    placement = Placement(
        account=ROOT,
        request=buy("10"),
        provenance=provenance(KILL_SWITCH),
        order_id=OrderId(counter.ids.next()),
        intent_id=EventId(counter.ids.next()),
    )
    with pytest.raises(Rejected, match="trading_state"):
        counter.ledger.run(lambda tx: admit(tx, placement, counter.clock.now()))


def test_a_strategy_that_is_halted_halts_nobody_else() -> None:
    counter = OrderCounter()
    trend = counter.part("trend", 50_000)
    counter.state(TradingState.HALTED, StrategyId("trend"))
    assert set(counter.refused(buy("1"), trend)) == {"trading_state"}
    counter.place(buy("1"))


def test_an_old_price_binds_only_what_opens() -> None:
    counter = OrderCounter()
    counter.trade(buy("10"))
    counter.clock.advance(timedelta(seconds=61))
    assert counter.refused(buy("1")) == {"last_price": "at most 60 s old"}
    counter.place(sell("10"))


def test_a_price_of_nothing_is_none() -> None:
    counter = OrderCounter()
    counter.clock.advance(timedelta(seconds=1))
    counter.quote(AAPL, "0", ask="100")
    assert set(counter.refused(buy("1"))) == {"last_price"}


def test_a_large_order_waits_for_a_person() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    order = counter.place(buy("6"))
    assert order.awaits_approval
    assert order.submit_by == order.intended_at + timedelta(hours=1)
    assert not counter.place(buy("5")).awaits_approval


def test_exits_that_fill_one_quantity_are_counted_once() -> None:
    counter = OrderCounter(cash=1000)
    entry = counter.accept(counter.place(bracket()))
    profit = sell("10", limit_price="110", client_order_id="tp", time_in_force=TimeInForce.DAY)
    stop = sell("10", type=OrderType.STOP, stop_price="90", client_order_id="sl")
    legs = [counter.leg(entry, "tp", profit), counter.leg(entry, "sl", stop)]
    assert counter.desk().state.account.holdings[AAPL].shortest == 0
    counter.fill(entry)
    for leg in legs:
        counter.told(leg, "new")
    holding = counter.desk().state.account.holdings[AAPL]
    assert holding.position == holding.sells == 10
    assert holding.shortest == 0
    assert counter.refused(sell("1"))["units_available"] == "0"


def test_what_one_exit_fills_is_taken_off_the_other() -> None:
    counter = OrderCounter(cash=1000)
    entry = counter.accept(counter.place(bracket()))
    profit = sell("10", limit_price="110", client_order_id="tp")
    stop = sell("10", type=OrderType.STOP, stop_price="90", client_order_id="sl")
    legs = [counter.leg(entry, "tp", profit), counter.leg(entry, "sl", stop)]
    counter.fill(entry)
    for leg in legs:
        counter.told(leg, "new")
    counter.fill(legs[0], 4, price=110)
    holding = counter.desk().state.account.holdings[AAPL]
    assert holding.position == holding.sells == 6
    counter.told(legs[0], "canceled")
    counter.fill(legs[1], 6, price=90)
    assert counter.told(legs[1], "filled", filled_quantity=Decimal(6)).is_settled
    assert counter.desk().state.account.holdings.get(AAPL) is None


def test_an_execution_that_is_yet_to_be_told_still_counts() -> None:
    counter = OrderCounter(cash=1000)
    order = counter.accept(counter.place(buy("10")))
    counter.told(order, "filled", filled_quantity=Decimal(10))
    assert counter.order(order).missing_quantity == 10
    assert counter.desk().state.account.holdings[AAPL].longest == 10
    assert counter.held() == 1000
    counter.fill(order, 10)
    assert counter.held() == 0
    assert counter.desk().state.account.holdings[AAPL].longest == 10
