"""What a strategy decides becomes what a broker takes, or is refused by name."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import AccountSeen, BarSeen, Decision, StepInputs
from algotrendy.backtest.engine.stepping import Stepper, without_bars
from algotrendy.backtest.engine.terms import Terms
from algotrendy.brokers.tables import capabilities_named
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_codes import CLS, DAY, FOK, GTC, IOC, OPG
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit
from algotrendy.live.wishes import Impossible, Wish, wishes_of
from fakes.live_runs import CONTENT
from fakes.scripted_strategy import Act, scripted

SHARES = CONTENT
PARTS = replace(CONTENT, terms=Terms(fee_bps=0.0, fractional=True))
COINS = replace(PARTS, symbols=(Symbol("BTC/USD"),))


def decided(*acts: Act, held: float = 0.0, fractional: bool = True) -> tuple[Decision, ...]:
    """Give the decisions of a strategy that does these things in one step."""

    def all_of_it(market: object) -> None:
        for act in acts:
            act(market)  # type: ignore[arg-type]

    made = scripted({0: all_of_it})
    terms = Terms(fee_bps=0.0, fractional=fractional)
    stepper = Stepper(Setting(without_bars(["ONE"], ["1Day"]), made, made.check({}), terms))
    bar = BarSeen(0, 0, 1, 100.0, 101.0, 99.0, 100.0, 5_000.0)
    account = AccountSeen(1_000.0, (held,), (90.0 * bool(held),))
    return stepper.step(StepInputs(0, 1, (bar,), account, 0, sends=True)).decisions


def asked(*acts: Act, content: object = SHARES, held: float = 0.0) -> list[Wish | Impossible]:
    return list(wishes_of(decided(*acts, held=held), content))  # type: ignore[arg-type]


def request_of(*acts: Act, content: object = SHARES, held: float = 0.0) -> OrderRequest:
    (wish,) = asked(*acts, content=content, held=held)
    assert isinstance(wish, Wish)
    assert isinstance(wish.request, OrderRequest)
    capabilities_named("alpaca").check(replace(wish.request, client_order_id="a"))
    return wish.request


def test_a_market_order_of_whole_shares_stands_until_it_fills() -> None:
    request = request_of(lambda market: market.buy(5.0))
    assert request == OrderRequest(
        Symbol("AAPL"),
        Side.BUY,
        OrderType.MARKET,
        TimeInForce.GTC,
        quantity=Decimal(5),
    )


def test_a_market_order_of_parts_of_a_share_is_a_day_order() -> None:
    request = request_of(lambda market: market.invest(0.5555), content=PARTS)
    assert request.time_in_force is TimeInForce.DAY
    assert request.quantity == Decimal("5.555")


def test_a_market_order_of_parts_of_a_coin_stands_until_it_fills() -> None:
    request = request_of(lambda market: market.buy(0.25), content=COINS)
    assert request.time_in_force is TimeInForce.GTC


@pytest.mark.parametrize(
    ("code", "life"),
    [
        (DAY, TimeInForce.DAY),
        (GTC, TimeInForce.GTC),
        (OPG, TimeInForce.OPG),
        (CLS, TimeInForce.CLS),
        (IOC, TimeInForce.IOC),
        (FOK, TimeInForce.FOK),
    ],
)
def test_a_time_in_force_is_the_one_that_was_asked_for(code: int, life: TimeInForce) -> None:
    request = request_of(lambda market: market.buy(5.0, limit=90.0, tif=code))
    assert request.time_in_force is life


@pytest.mark.parametrize(
    ("act", "limit", "stop"),
    [
        (lambda market: market.buy(5.0, limit=99.996), "99.99", None),
        (lambda market: market.sell(5.0, limit=100.001), "100.01", None),
        (lambda market: market.buy(5.0, stop=101.001), None, "101.01"),
        (lambda market: market.sell(5.0, stop=98.999), None, "98.99"),
        (lambda market: market.buy(5.0, limit=102.009, stop=101.001), "102", "101.01"),
        (lambda market: market.sell(5.0, limit=0.51239), "0.5124", None),
        (lambda market: market.buy(5.0, limit=0.00001), "0.0001", None),
    ],
)
def test_prices_are_on_steps_and_never_better_for_the_strategy(
    act: Act, limit: str | None, stop: str | None
) -> None:
    request = request_of(act)
    assert request.limit_price == (None if limit is None else Decimal(limit))
    assert request.stop_price == (None if stop is None else Decimal(stop))


def test_the_rounding_of_floats_is_no_step() -> None:
    assert 1.1 * 100.0 > 110.0
    assert request_of(lambda market: market.sell(1.0, limit=1.1 * 100.0)).limit_price == 110


def test_a_coin_has_no_step_but_a_billionth() -> None:
    request = request_of(lambda market: market.buy(1.0, limit=1.0 / 3.0), content=COINS)
    assert request.limit_price == Decimal("0.333333333")


def test_a_trailing_stop_trails_by_a_price_or_by_percent() -> None:
    by_price = request_of(lambda market: market.sell_trailing(5.0, price=1.2345))
    by_percent = request_of(lambda market: market.sell_trailing(5.0, percent=100.0 / 3.0))
    assert by_price.type is by_percent.type is OrderType.TRAILING_STOP
    assert (by_price.trail_price, by_price.trail_percent) == (Decimal("1.23"), None)
    assert (by_percent.trail_price, by_percent.trail_percent) == (None, Decimal("33.3333"))


def test_an_entry_with_both_exits_is_a_bracket() -> None:
    request = request_of(lambda market: market.buy_bracket(5.0, 110.0, 90.0, stop_loss_limit=89.5))
    assert request.order_class is OrderClass.BRACKET
    assert request.time_in_force is TimeInForce.GTC
    assert request.take_profit == TakeProfit(Decimal(110))
    assert request.stop_loss == StopLoss(Decimal(90), Decimal("89.5"))


@pytest.mark.parametrize(("target", "stop"), [(110.0, 0.0), (0.0, 90.0)])
def test_an_entry_with_one_exit_triggers_that_one(target: float, stop: float) -> None:
    request = request_of(lambda market: market.buy_bracket(5.0, target, stop))
    assert request.order_class is OrderClass.OTO
    assert (request.take_profit is None) == (target == 0.0)
    assert (request.stop_loss is None) == (stop == 0.0)


def test_both_exits_of_what_is_held_are_one_order_that_cancels_the_other() -> None:
    request = request_of(lambda market: market.protect(110.0, 90.0), held=5.0)
    assert (request.order_class, request.side) == (OrderClass.OCO, Side.SELL)
    assert request.take_profit == TakeProfit(Decimal(110))
    assert request.stop_loss == StopLoss(Decimal(90))
    assert request.quantity == 5


def test_a_change_names_what_changes_and_nothing_else() -> None:
    _, wish = asked(
        lambda market: market.buy(5.0, limit=90.0), lambda market: market.replace(1, limit=91.239)
    )
    assert isinstance(wish, Wish)
    assert wish.request == ReplaceRequest(limit_price=Decimal("91.23"))


def test_a_cancel_asks_for_nothing_new() -> None:
    _, wish = asked(lambda market: market.buy(5.0, limit=90.0), lambda market: market.cancel_all())
    assert isinstance(wish, Wish)
    assert wish.request is None
    assert [each.kind for each in wish.decisions] == ["cancel"]


def test_less_than_a_share_where_only_whole_ones_trade_is_refused_by_name() -> None:
    (refused,) = asked(lambda market: market.buy(0.5))
    assert isinstance(refused, Impossible)
    assert refused.reason == "units must be at least 1, was 0.5"


def test_units_are_rounded_down_to_whole_lots() -> None:
    assert request_of(lambda market: market.buy(5.999)).quantity == 5
    assert request_of(lambda market: market.buy(0.1 + 0.2), content=PARTS).quantity == Decimal(
        "0.3"
    )
