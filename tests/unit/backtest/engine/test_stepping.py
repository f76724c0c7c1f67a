"""A strategy is called step by step, told of its account, and stopped when it asks for too much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf, nan
from typing import Any

import pytest

from algotrendy.backtest.engine.noting import TooManyOrdersError
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import (
    MOST_DECISIONS,
    AccountSeen,
    BarSeen,
    Decision,
    FillSeen,
    OrderFate,
    OrderSeen,
    StepInputs,
)
from algotrendy.backtest.engine.step_state import OpenOrder, OwnState, StepState
from algotrendy.backtest.engine.step_texts import inputs_from_json, inputs_to_json
from algotrendy.backtest.engine.stepping import Stepper, without_bars
from algotrendy.backtest.engine.terms import Terms
from algotrendy.exchange.rules.codes import ALONE, ENTRY, STOP_LOSS, TAKE_PROFIT
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.making import strategy
from algotrendy.strategy.market import Market
from algotrendy.strategy.own import Vector
from algotrendy.strategy.schedules import every_bars, every_open
from fakes.scripted_strategy import Act, scripted

FLAT = AccountSeen(10_000.0, (0.0,), (0.0,))
SECOND = 1_000_000_000


def setting_of(made: Strategy, symbols: Sequence[str] = ("ONE",)) -> Setting:
    timeframes = ("1Min", *made.timeframes)
    return Setting(without_bars(symbols, timeframes), made, made.check({}), Terms(fee_bps=0.0))


def inputs_at(step: int, account: AccountSeen = FLAT, **more: Any) -> StepInputs:
    began, known = step * 60 * SECOND, (step + 1) * 60 * SECOND
    bar = BarSeen(0, began, known, 100.0, 101.0, 99.0, 100.0 + step, 5_000.0)
    given: dict[str, Any] = {"bars": (bar,), "account": account, "due": 0, "sends": True} | more
    return StepInputs(step=step, now=known, **given)


def stepped(script: dict[int, Act], *inputs: StepInputs) -> list[tuple[Decision, ...]]:
    """Step with a new stepper for every step, which knows the text of the state alone."""
    setting, state, made = setting_of(scripted(script)), None, []
    told: list[BarSeen] = []
    for each in inputs:
        stepper = Stepper(setting, state)
        stepper.tell_bars(told)
        done = stepper.step(each)
        state = StepState.from_json(done.state.to_json())
        told += each.bars
        made.append(done.decisions)
    return made


def test_an_order_has_the_numbers_that_it_has_in_a_backtest() -> None:
    first, second = stepped(
        {0: lambda market: market.buy(5.0), 1: lambda market: market.buy(7.0, limit=99.5)},
        inputs_at(0),
        inputs_at(1),
    )
    assert [(each.number, each.order, each.units) for each in first] == [(1, 1, 5.0)]
    assert [(each.number, each.order, each.limit) for each in second] == [(1, 2, 99.5)]


def test_a_share_of_the_cash_that_was_told_is_invested() -> None:
    account = replace(FLAT, cash=1_050.0)
    (made,) = stepped({0: lambda market: market.invest()}, inputs_at(0, account))
    assert [each.units for each in made] == [10.0]


def test_a_weight_is_of_cash_and_position_at_the_newest_close() -> None:
    account = replace(FLAT, cash=1_000.0, positions=(10.0,), entry_prices=(90.0,))
    (made,) = stepped({0: lambda market: market.target(0.75)}, inputs_at(0, account))
    assert [(each.side, each.units) for each in made] == [(1, 5.0)]


def test_a_bracket_is_three_decisions_that_know_their_entry() -> None:
    def enter(market: Market) -> object:
        return market.buy_bracket(5.0, take_profit=110.0, stop_loss=90.0)

    (made,) = stepped({0: enter}, inputs_at(0))
    assert [(each.number, each.role, each.entry) for each in made] == [
        (1, ENTRY, 0),
        (2, TAKE_PROFIT, 1),
        (3, STOP_LOSS, 1),
    ]


def test_a_new_target_cancels_the_one_before_and_then_orders() -> None:
    script: dict[int, Act] = {
        0: lambda market: market.target(0.5),
        1: lambda market: market.target(0.25),
    }
    _, made = stepped(script, inputs_at(0), inputs_at(1))
    assert [(each.kind, each.order) for each in made] == [("cancel", 1), ("place", 2)]


def test_only_what_changes_of_an_order_is_decided() -> None:
    script: dict[int, Act] = {
        0: lambda market: market.buy(5.0, limit=90.0),
        1: lambda market: market.replace(1, limit=91.0),
    }
    _, made = stepped(script, inputs_at(0), inputs_at(1))
    assert [(each.kind, each.units, each.limit, each.stop) for each in made] == [
        ("replace", 0.0, 91.0, 0.0)
    ]


@pytest.mark.parametrize(("fate", "is_open"), [("open", 1.0), ("filled", 0.0), ("ended", 0.0)])
def test_an_order_is_open_until_it_is_said_to_be_over(fate: Any, is_open: float) -> None:
    seen: list[float] = []
    script: dict[int, Act] = {
        0: lambda market: market.buy(5.0, limit=90.0),
        1: lambda market: seen.append(float(market.is_open(1))),
    }
    account = replace(FLAT, orders=(OrderSeen(1, 5.0 if fate == "filled" else 0.0, fate),))
    stepped(script, inputs_at(0), inputs_at(1, account))
    assert seen == [is_open]


def test_exits_are_open_after_their_entry_filled_and_gone_after_it_ended() -> None:
    def enter(market: Market) -> object:
        return market.buy_bracket(5.0, take_profit=110.0, stop_loss=90.0)

    fates: tuple[tuple[OrderFate, int], ...] = (("filled", 2), ("ended", 0))
    for fate, left in fates:
        seen: list[int] = []
        script: dict[int, Act] = {0: enter, 1: partial(_count_open, seen)}
        told = replace(FLAT, orders=(OrderSeen(1, 5.0 * (fate == "filled"), fate),))
        stepped(script, inputs_at(0), inputs_at(1, told))
        assert seen == [left]


def _count_open(seen: list[int], market: Market) -> None:
    seen.append(market.open_orders())


def test_what_one_exit_filled_the_other_has_no_more() -> None:
    held = replace(FLAT, positions=(5.0,), entry_prices=(100.0,))
    script: dict[int, Act] = {
        0: lambda market: market.protect(110.0, 90.0),
        1: lambda market: market.cancel_all(),
    }
    told = replace(FLAT, orders=(OrderSeen(1, 5.0, "filled"),))
    _, made = stepped(script, inputs_at(0, held), inputs_at(1, told))
    assert made == ()


def test_news_of_an_order_that_is_over_or_unknown_change_nothing() -> None:
    script: dict[int, Act] = {0: lambda market: market.buy(5.0), 2: lambda market: market.exit()}
    filled = replace(FLAT, orders=(OrderSeen(1, 5.0, "filled"), OrderSeen(99, 1.0, "ended")))
    assert stepped(script, inputs_at(0), inputs_at(1, filled), inputs_at(2, filled))[1:] == [(), ()]


def test_fills_of_no_decision_are_in_the_account_and_not_told() -> None:
    told: list[tuple[int, float]] = []

    @strategy(on_fill=lambda _market, _own, _p, fill: told.append((fill.order, fill.units)))
    def listens(market: Any, own: Any, p: Any) -> None:
        """Listen."""

    fills = FillSeen(0, 0, 3.0, 100.0, 0.0), FillSeen(4, 0, -2.0, 100.0, 0.5)
    Stepper(setting_of(listens)).step(inputs_at(0, replace(FLAT, fills=fills)))
    assert told == [(4, -2.0)]


def test_a_step_that_sends_nothing_decides_nothing_and_leaves_open_orders() -> None:
    script: dict[int, Act] = {
        0: lambda market: market.buy(5.0, limit=90.0),
        1: lambda market: [
            market.cancel_all(),
            market.target(0.5),
            market.replace(1, limit=80.0),
            market.buy(1.0),
        ],
        2: lambda market: market.cancel_all(),
    }
    _, quiet, after = stepped(script, inputs_at(0), inputs_at(1, sends=False), inputs_at(2))
    assert quiet == ()
    assert [(each.kind, each.order) for each in after] == [("cancel", 1)]


def test_what_is_due_is_called_before_the_decision() -> None:
    called: list[str] = []

    def when(name: str) -> Callable[[Any, Any, Any], None]:
        return lambda _market, _own, _p: called.append(name)

    made = replace(
        scripted({0: lambda _: called.append("decide")}),
        schedules=((every_open(), when("open")), (every_bars(3), when("bars"))),
    )
    Stepper(setting_of(made)).step(inputs_at(0, due=0b10))
    assert called == ["bars", "decide"]


def test_ten_thousand_orders_are_stopped_long_before() -> None:
    counted: list[int] = []

    def flood(market: Market) -> None:
        counted.extend(market.buy(1.0) for _ in range(10_000))

    with pytest.raises(TooManyOrdersError, match=f"at most {MOST_DECISIONS}") as caught:
        stepped({0: flood}, inputs_at(0))
    assert len(counted) == MOST_DECISIONS
    assert caught.value.facts["limit"] == MOST_DECISIONS


def test_who_catches_the_refusal_of_a_flood_is_stopped_all_the_same() -> None:
    def flood(market: Market) -> None:
        for _ in range(10_000):
            try:
                market.buy(1.0)
            except Exception:  # noqa: BLE001 - as a careless strategy does
                continue

    stepper = Stepper(setting_of(scripted({0: flood})))
    with pytest.raises(TooManyOrdersError):
        stepper.step(inputs_at(0))
    assert stepper.state.step == -1


def test_as_many_decisions_as_are_allowed_are_taken() -> None:
    def much(market: Market) -> None:
        for _ in range(MOST_DECISIONS):
            market.buy(1.0)

    (made,) = stepped({0: much}, inputs_at(0))
    assert len(made) == MOST_DECISIONS


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (inputs_at(2), "inputs.step"),
        (replace(inputs_at(1), now=60 * SECOND), "inputs.now"),
        (replace(inputs_at(1), bars=inputs_at(0).bars), "bars[0].time"),
        (replace(inputs_at(1), bars=(replace(inputs_at(1).bars[0], asset=1),)), "bars[0].asset"),
        (replace(inputs_at(1), bars=(replace(inputs_at(1).bars[0], frame=1),)), "bars[0].frame"),
        (inputs_at(1, replace(FLAT, positions=())), "inputs.account.positions"),
        (inputs_at(1, replace(FLAT, entry_prices=(0.0, 0.0))), "inputs.account.entry_prices"),
    ],
)
def test_a_step_out_of_order_is_refused(wrong: StepInputs, field: str) -> None:
    stepper = Stepper(setting_of(scripted({})))
    stepper.step(inputs_at(0))
    with pytest.raises(Invalid) as caught:
        stepper.step(wrong)
    assert caught.value.field == field


def test_a_strategy_that_keeps_what_is_no_number_is_told_so() -> None:
    @strategy(state={"seen": 0.0})
    def hoards(market: Any, own: Any, p: Any) -> None:
        """Keep words."""
        own.seen = "much"

    with pytest.raises(Invalid, match=r"own.seen\[0\] must be a number"):
        Stepper(setting_of(hoards)).step(inputs_at(0))


def test_the_state_of_another_strategy_is_refused() -> None:
    @strategy(state={"one": 0.0, "row": Vector(3)})
    def other(market: Any, own: Any, p: Any) -> None:
        """Do nothing."""

    state = Stepper(setting_of(scripted({}))).step(inputs_at(0)).state
    with pytest.raises(Invalid, match=r"state\.owns"):
        Stepper(setting_of(other), state)
    with pytest.raises(Invalid, match=r"state\.owns must be of 2 assets"):
        Stepper(setting_of(scripted({}), ("ONE", "TWO")), state)


def test_an_asset_in_another_currency_is_refused() -> None:
    setting = setting_of(scripted({}))
    (asset,) = setting.dataset.assets
    foreign = replace(setting.dataset, assets=(replace(asset, currency="EUR"),))
    with pytest.raises(Invalid, match=r"ONE\.currency must be USD"):
        Stepper(replace(setting, dataset=foreign))


def test_a_state_is_read_as_it_was_written_whatever_its_numbers() -> None:
    own = OwnState((0.1 + 0.2, nan, -0.0, 5e-324), ((inf, -inf), ()), (1e308, 3, True))
    order = OpenOrder(3, 0, -1, 2, 1, ALONE, 0, 0, False, 1.5, 0.5, 0.0, 99.1, 0.0, 0.0)
    state = StepState(7, 123, 9, (own,), (order,))
    read = StepState.from_json(state.to_json())
    assert repr(read) == repr(state)
    assert read.digest() == state.digest()
    assert replace(state, placed=10).digest() != state.digest()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"step": 1}'])
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="state must be"):
        StepState.from_json(text)


def test_inputs_are_read_as_they_were_written() -> None:
    fills, orders = (FillSeen(1, 0, -2.5, 0.1, 0.0),), (OrderSeen(1, 2.5, "filled"),)
    inputs = inputs_at(4, AccountSeen(0.1 + 0.2, (1e-9,), (99.9,), fills, orders), due=5)
    assert inputs_from_json(inputs_to_json(inputs)) == inputs
