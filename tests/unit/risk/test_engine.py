"""One order against every limit: what is named, with which value and which fact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.market_data.calendar import us_equities
from algotrendy.risk.decision import Limit
from algotrendy.risk.engine import standing_breaches
from algotrendy.risk.limits import TradingState, parse_limits
from algotrendy.risk.terms import Terms
from fakes.risk_desk import AAPL, MSFT, NOON, TREND, Desk, buy, limits, sell


def test_an_order_within_every_limit_is_approved_with_what_it_was_judged_at() -> None:
    decision = Desk(limits(order_notional="10000", leverage="1")).judge(buy("100"))
    assert decision.is_approved
    assert (decision.quantity, decision.price) == (Decimal(100), Decimal(100))
    assert decision.limits_version == 1
    assert not decision.reduces


def test_a_refusal_names_every_limit_with_its_value_and_the_fact() -> None:
    desk = Desk(limits(order_notional="5000", gross_exposure="9000", restricted=["AAPL"]))
    breaches = desk.judge(buy("100")).breaches
    assert [breach.fields() for breach in breaches] == [
        {"limit": "restricted", "scope": "account", "allowed": "not restricted", "actual": "AAPL"},
        {"limit": "gross_exposure", "scope": "account", "allowed": "9000", "actual": "10000"},
        {"limit": "order_notional", "scope": "account", "allowed": "5000", "actual": "10000"},
    ]
    assert str(breaches[1]) == "gross_exposure of account must be at most 9000, was 10000"


@pytest.mark.parametrize(
    ("rule", "value", "most"),
    [
        ("order_quantity", "40", 40),
        ("order_notional", "4000", 40),
        ("position_quantity", "40", 40),
        ("position_notional", "4000", 40),
        ("gross_exposure", "4000", 40),
        ("net_exposure", "4000", 40),
        ("concentration", "0.25", 250),
        ("leverage", "1.5", 1500),
        ("margin_use", "0.5", 500),
    ],
)
@pytest.mark.parametrize("order", [buy, sell])
def test_a_size_limit_may_be_reached_and_not_passed(
    rule: str, value: str, most: int, order: Callable[[str], OrderRequest]
) -> None:
    desk = Desk(limits(**{rule: value}))
    assert desk.judge(order(str(most))).is_approved
    assert desk.breaks(order(str(most + 1))) == {Limit(rule)}


def test_open_orders_count_as_if_they_fill_on_their_own_side() -> None:
    desk = Desk(limits(position_quantity="100"))
    desk.open(buy("60", limit_price="90"))
    assert desk.judge(buy("40")).is_approved
    assert desk.breaks(buy("41")) == {Limit.POSITION_QUANTITY}
    assert desk.judge(sell("100")).is_approved, "that the buys fill is not sure"


def test_an_order_of_one_side_does_not_make_room_for_the_other() -> None:
    desk = Desk(limits(gross_exposure="10000"))
    desk.hold("100")
    desk.open(sell("100", limit_price="120"))
    assert desk.breaks(buy("1", MSFT)) == {Limit.GROSS_EXPOSURE}


def test_longs_and_shorts_add_up_in_gross_and_cancel_in_net() -> None:
    desk = Desk(limits(gross_exposure="15000", net_exposure="10000"))
    desk.hold("100")
    assert desk.judge(sell("100", MSFT)).is_approved
    assert desk.breaks(sell("101", MSFT)) == {Limit.GROSS_EXPOSURE}
    assert desk.breaks(buy("100", MSFT)) == {Limit.NET_EXPOSURE}


def test_open_orders_count_in_the_net_exposure_of_their_side() -> None:
    desk = Desk(limits(net_exposure="10000"))
    desk.open(buy("60", limit_price="90"))
    desk.open(sell("30", limit_price="120"))
    assert desk.judge(buy("80", MSFT)).is_approved
    assert desk.breaks(buy("81", MSFT)) == {Limit.NET_EXPOSURE}
    assert desk.judge(sell("140", MSFT)).is_approved
    assert desk.breaks(sell("141", MSFT)) == {Limit.NET_EXPOSURE}


def test_who_is_over_a_limit_may_reduce_and_nothing_else() -> None:
    desk = Desk(limits(position_quantity="50", gross_exposure="5000", leverage="0.05"))
    desk.hold("100")
    assert desk.judge(sell("100")).reduces
    assert desk.judge(sell("10")).is_approved
    assert desk.breaks(buy("1", MSFT)) == {Limit.GROSS_EXPOSURE, Limit.LEVERAGE}
    assert Limit.POSITION_QUANTITY in desk.breaks(sell("151")), "it would turn too far around"


def test_without_equity_nothing_can_be_added() -> None:
    desk = Desk(limits(leverage="2"), cash="1")
    desk.hold("100")
    desk.state.on_price(AAPL, Decimal(50))
    assert desk.state.account.equity < 0
    assert desk.breaks(buy("1", MSFT)) == {Limit.LEVERAGE}
    assert desk.judge(sell("100")).is_approved


def test_a_days_loss_leaves_only_orders_that_reduce_until_the_next_day() -> None:
    desk = Desk(limits(daily_loss="500"))
    desk.hold("100")
    desk.state.on_price(AAPL, Decimal(95))
    assert desk.judge(buy("1")).is_approved
    desk.state.on_price(AAPL, Decimal("94.99"))
    (breach,) = desk.judge(buy("1")).breaches
    assert (breach.limit, breach.allowed, breach.actual) == (
        Limit.DAILY_LOSS,
        Decimal(500),
        Decimal(501),
    )
    assert desk.judge(sell("100")).is_approved
    assert desk.breaks(sell("101")) == {Limit.DAILY_LOSS}
    desk.state.on_day_started()
    assert desk.judge(buy("1")).is_approved


def test_a_payout_is_no_loss_and_a_fall_from_the_peak_is_a_drawdown() -> None:
    desk = Desk(limits(daily_loss="500", drawdown="0.1"))
    desk.state.on_cash_moved(Decimal(-50000))
    desk.hold("100")
    desk.state.on_price(AAPL, Decimal(200))
    desk.state.on_day_started()
    desk.state.on_price(AAPL, Decimal(140))
    assert desk.breaks(buy("1")) == {Limit.DAILY_LOSS}
    desk.state.on_price(AAPL, Decimal("139.99"))
    (_, breach) = desk.judge(buy("1")).breaches
    assert (breach.limit, breach.allowed, breach.actual) == (
        Limit.DRAWDOWN,
        Decimal(6000),
        Decimal(6001),
    )


def test_reducing_lets_only_through_what_cannot_grow_a_position() -> None:
    desk = Desk()
    desk.hold("100")
    desk.state.set_trading_state(TradingState.REDUCING)
    assert desk.judge(sell("100")).is_approved
    assert desk.breaks(buy("1")) == {Limit.TRADING_STATE}
    assert desk.breaks(sell("101")) == {Limit.TRADING_STATE}
    desk.open(sell("60"))
    assert desk.judge(sell("40")).is_approved
    assert desk.breaks(sell("41")) == {Limit.TRADING_STATE}


def test_halted_lets_nothing_through() -> None:
    desk = Desk()
    desk.hold("100")
    desk.state.set_trading_state(TradingState.HALTED)
    (breach,) = desk.judge(sell("1")).breaches
    assert str(breach) == "trading_state of account must be active, was halted"


def test_a_halted_strategy_leaves_the_others_alone() -> None:
    desk = Desk()
    desk.state.add_strategy(TREND, Decimal(10000))
    desk.state.set_trading_state(TradingState.HALTED, TREND)
    assert desk.breaks(buy("1"), TREND) == {Limit.TRADING_STATE}
    assert desk.judge(buy("1")).is_approved


def test_a_strategy_is_held_to_its_own_part_and_the_symbol_to_its_own_limits() -> None:
    rules = parse_limits(
        {
            "version": 2,
            "strategies": [{"strategy": "trend", "gross_exposure": "1000"}],
            "symbols": [{"symbol": "AAPL", "position_quantity": "15"}],
        }
    )
    desk = Desk(rules)
    desk.state.add_strategy(TREND, Decimal(10000))
    assert desk.judge(buy("10"), TREND).is_approved
    scopes = {(b.limit, b.scope) for b in desk.judge(buy("16"), TREND).breaches}
    assert scopes == {
        (Limit.POSITION_QUANTITY, "symbol AAPL"),
        (Limit.GROSS_EXPOSURE, "strategy trend"),
    }
    desk.hold("10", strategy=TREND)
    assert desk.breaks(buy("1"), TREND) == {Limit.GROSS_EXPOSURE}
    assert desk.judge(buy("5")).is_approved
    assert desk.breaks(buy("6")) == {Limit.POSITION_QUANTITY}


def test_an_order_may_be_priced_against_itself_no_further_than_the_collar() -> None:
    desk = Desk(limits(price_collar="0.05"))
    assert desk.judge(buy("1", limit_price="105")).is_approved
    assert desk.breaks(buy("1", limit_price="105.01")) == {Limit.PRICE_COLLAR}
    assert desk.judge(sell("1", limit_price="95")).is_approved
    assert desk.breaks(sell("1", limit_price="94.99")) == {Limit.PRICE_COLLAR}
    assert desk.judge(buy("1", limit_price="20")).is_approved, "a low bid costs nothing"
    stop = sell("1", type=OrderType.STOP_LIMIT, stop_price="80", limit_price="78")
    assert desk.judge(stop).is_approved, "a stop is priced from where it wakes"


def test_a_finger_is_fat_against_the_mean_of_the_last_orders() -> None:
    desk = Desk(limits(fat_finger={"multiple": "3", "after": 2}))
    desk.open(buy("10"))
    assert desk.judge(buy("1000")).is_approved, "one order is no habit"
    desk.open(buy("20"))
    assert desk.judge(buy("45")).is_approved
    (breach,) = desk.judge(buy("46")).breaches
    assert (breach.limit, breach.allowed, breach.actual) == (
        Limit.FAT_FINGER,
        Decimal(45),
        Decimal(46),
    )
    desk.hold("500")
    assert desk.judge(sell("500")).is_approved, "to close all at once is no slip"


def test_an_order_rate_frees_up_as_time_passes() -> None:
    desk = Desk(limits(order_rate={"orders": 2, "window_s": 10}))
    desk.open(buy("1"))
    desk.open(buy("2"), at=NOON + timedelta(seconds=4))
    assert desk.breaks(buy("3"), at=NOON + timedelta(seconds=9)) == {Limit.ORDER_RATE}
    assert desk.judge(buy("3"), at=NOON + timedelta(seconds=10)).is_approved


def test_an_order_like_a_recent_one_is_a_duplicate() -> None:
    desk = Desk(limits(duplicate_window_s=5))
    desk.open(buy("7", limit_price="99"))
    later = NOON + timedelta(seconds=4)
    assert desk.breaks(buy("7", limit_price="99"), at=later) == {Limit.DUPLICATE}
    assert desk.judge(buy("7", limit_price="98"), at=later).is_approved
    assert desk.judge(sell("7", limit_price="99"), at=later).is_approved
    assert desk.judge(buy("7", limit_price="99"), at=NOON + timedelta(seconds=5)).is_approved


def test_an_order_that_could_meet_an_own_one_is_a_wash_trade() -> None:
    desk = Desk(limits(wash_trade_guard=True))
    first = desk.open(sell("5", limit_price="101"))
    assert desk.judge(buy("5", limit_price="100.99")).is_approved
    assert desk.breaks(buy("5", limit_price="101")) == {Limit.WASH_TRADE}
    (breach,) = desk.judge(buy("5")).breaches
    assert breach.actual == "open sell at 101"
    desk.state.on_order_closed(first)
    assert desk.judge(buy("5")).is_approved
    desk.open(buy("5"))
    assert desk.breaks(sell("5", limit_price="500")) == {Limit.WASH_TRADE}


def test_a_bracket_stop_does_not_forbid_to_buy_more() -> None:
    desk = Desk(limits(wash_trade_guard=True))
    desk.hold("10")
    desk.open(sell("10", type=OrderType.STOP, stop_price="90"), group="exits")
    desk.open(sell("10", limit_price="120"), group="exits")
    assert desk.judge(buy("5", limit_price="100")).is_approved
    assert desk.breaks(buy("5")) == {Limit.WASH_TRADE}, "it could reach the other exit"


def test_a_short_needs_leave_and_shares_to_borrow() -> None:
    desk = Desk(limits(short_selling=False))
    desk.hold("10")
    assert desk.judge(sell("10")).is_approved
    assert desk.breaks(sell("11")) == {Limit.SHORT_SELLING}
    desk.limits = limits()
    desk.state.set_terms(AAPL, Terms(borrowable=Decimal(5)))
    assert desk.judge(sell("15")).is_approved
    (breach,) = desk.judge(sell("16")).breaches
    assert (breach.limit, breach.allowed, breach.actual) == (
        Limit.SHORT_AVAILABLE,
        Decimal(5),
        Decimal(6),
    )
    desk.state.set_terms(AAPL, Terms())
    assert desk.breaks(sell("11")) == {Limit.SHORT_AVAILABLE}, "nobody knows of any"


def test_market_hours_are_those_of_the_symbols_calendar() -> None:
    desk = Desk(limits(market_hours="regular"))
    desk.state.set_terms(AAPL, Terms(calendar=us_equities()))
    early, night = NOON - timedelta(hours=4), NOON + timedelta(hours=12)
    assert desk.judge(buy("1")).is_approved
    assert desk.breaks(buy("1"), at=early) == {Limit.MARKET_HOURS}
    assert desk.judge(buy("1", MSFT), at=night).is_approved, "no calendar is always open"
    desk.limits = limits(market_hours="extended")
    assert desk.breaks(buy("1"), at=early) == {Limit.MARKET_HOURS}
    assert desk.judge(buy("1", extended_hours=True), at=early).is_approved
    assert desk.breaks(buy("1", extended_hours=True), at=night) == {Limit.MARKET_HOURS}


def test_a_symbol_without_a_price_cannot_be_judged() -> None:
    decision = Desk().judge(buy("1", Symbol("NEW"), limit_price="5"))
    assert [breach.limit for breach in decision.breaches] == [Limit.LAST_PRICE]
    assert decision.price is None


def test_an_order_by_notional_is_rounded_up_to_units() -> None:
    desk = Desk(limits(position_notional="1000"))
    desk.state.on_price(AAPL, Decimal(3))
    order = OrderRequest(AAPL, Side.BUY, notional=Decimal(100))
    assert desk.judge(order).quantity == Decimal("33.333333334")


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (OrderRequest(AAPL, Side.BUY), "quantity"),
        (OrderRequest(AAPL, Side.BUY, quantity=Decimal(0)), "quantity"),
        (OrderRequest(AAPL, Side.BUY, notional=Decimal(-1)), "notional"),
        (buy("1", limit_price="0"), "limit_price"),
        (buy("1", type=OrderType.STOP, stop_price="-1"), "stop_price"),
    ],
)
def test_an_order_for_nothing_is_invalid(order: OrderRequest, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Desk().judge(order)
    assert refused.value.field == field


def test_a_strategy_without_a_part_of_the_account_is_invalid() -> None:
    with pytest.raises(Invalid, match="strategy"):
        Desk().judge(buy("1"), TREND)


def test_a_price_that_breaks_limits_shows_in_what_stands() -> None:
    rules = limits(gross_exposure="12000", daily_loss="1000", concentration="0.15")
    desk = Desk(rules)
    desk.hold("-100")
    assert standing_breaches(desk.state, rules) == ()
    desk.state.on_price(AAPL, Decimal(130))
    found = {(breach.limit, breach.scope) for breach in standing_breaches(desk.state, rules)}
    assert found == {
        (Limit.GROSS_EXPOSURE, "account"),
        (Limit.DAILY_LOSS, "account"),
    }
    desk.state.on_price(AAPL, Decimal(160))
    assert (Limit.CONCENTRATION, "account in AAPL") in {
        (breach.limit, breach.scope) for breach in standing_breaches(desk.state, rules)
    }
