"""The detector of look-aheads: it finds planted cheaters, and passes what is honest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.lookahead import Findings, check_lookahead, shortened
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.indicators import sma
from algotrendy.strategy.library import library
from algotrendy.strategy.making import strategy
from algotrendy.strategy.own import Vector
from fakes.bars_for_backtests import walk


def bars(assets: int, coarser: tuple[str, ...] = ()) -> Dataset:
    walks = [walk(f"AA{'ABCDEFGHIJ'[k]}", 300, seed=k).adjusted("raw") for k in range(assets)]
    return from_series(walks, coarser=coarser)


BARS = bars(2)
CLOSES = np.array(BARS.assets[0].base.close)
TERMS = Terms(cash=100_000.0, fee_bps=10.0)


def check(made: Any, *, cuts: int = 8, **values: float) -> Findings:
    return check_lookahead(BARS, made, made.check(values), TERMS, cuts, compiled=False)


@strategy(parameters={"length": 5}, indicators={"mean": sma("length")})
def honest(market: Any, own: Any, p: Any) -> None:
    if market.position == 0.0 and market.close[-1] > own.mean:
        market.buy(10)
    elif market.position > 0.0 and market.close[-1] < own.mean:
        market.exit()


@strategy()
def reads_a_global(market: Any, own: Any, p: Any) -> None:
    if CLOSES[min(len(market.close), 299)] > market.close[-1]:
        market.buy(1)


def cheater(closes: Any) -> Any:
    @strategy()
    def peeks(market: Any, own: Any, p: Any) -> None:
        now = len(market.close)
        if now >= len(closes):
            return
        if market.position == 0.0 and closes[now] > market.close[-1]:
            market.buy(10)
        elif market.position > 0.0 and closes[now] < market.close[-1]:
            market.exit()

    return peeks


@pytest.mark.parametrize("kind", [np.array, list, pd.Series], ids=["array", "list", "series"])
def test_a_strategy_that_closes_over_all_closes_is_found(kind: Any) -> None:
    found = check(cheater(kind(CLOSES.tolist())))
    assert not found.is_clean
    assert len(found.references) == 1
    assert "closes" in found.references[0]
    assert "peeks reads as a closure" in found.references[0]
    assert any(each.what == "orders" for each in found.differences)


def test_a_look_at_the_very_next_bar_shows_at_the_moment_of_the_order() -> None:
    found = check(cheater(CLOSES))
    asked = next(each for each in found.differences if each.what == "orders")
    assert asked.time == BARS.timeline[asked.steps - 1]
    assert "buy 10 with later bars, nothing without" in str(asked)
    assert str(asked).startswith("2000-")


def test_a_global_and_a_default_and_a_module_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import math

    monkeypatch.setattr(math, "prices", CLOSES, raising=False)

    @strategy()
    def reads_a_module(market: Any, own: Any, p: Any) -> None:
        if math.prices[0] > 1e9:  # type: ignore[attr-defined]  # set by the test
            market.buy(1)

    def decide(market: Any, own: Any, p: Any, closes: Any = CLOSES) -> None:
        if closes[0] > 1e9:
            market.buy(1)

    assert "CLOSES" in check(reads_a_global).references[0]
    assert "as a module" in check(reads_a_module).references[0]
    assert "as a default" in check(strategy()(decide)).references[0]


def test_what_a_called_function_reads_is_named_too() -> None:
    def ahead(k: int) -> float:
        return float(CLOSES[k])

    @strategy()
    def calls(market: Any, own: Any, p: Any) -> None:
        if ahead(min(len(market.close), 299)) > market.close[-1]:
            market.buy(1)

    found = check(calls)
    assert "ahead reads as a global" in found.references[0]
    assert found.differences


def test_state_that_knows_the_future_is_found_before_any_order() -> None:
    @strategy(state={"tomorrow": 0.0})
    def remembers(market: Any, own: Any, p: Any) -> None:
        own.tomorrow = CLOSES[len(market.close)] if len(market.close) < len(CLOSES) else 0.0

    found = check(remembers)
    assert {each.what for each in found.differences} == {"its state"}


def test_an_error_without_the_later_rows_is_a_difference() -> None:
    @strategy()
    def stumbles(market: Any, own: Any, p: Any) -> None:
        if CLOSES[min(len(market.close), 299)] > market.close[-1]:
            market.buy(1)

    found = check(stumbles)
    assert {each.what for each in found.differences} == {"an error"}
    assert "IndexError" in str(found.differences[0])


def test_what_lives_outside_of_its_state_is_found() -> None:
    calls: list[int] = []

    @strategy()
    def counts(market: Any, own: Any, p: Any) -> None:
        calls.append(1)
        if len(calls) % 7 == 0:
            market.buy(1)

    found = check(counts)
    assert "calls" in found.references[0]
    assert found.differences


def test_an_honest_strategy_passes() -> None:
    found = check(honest)
    assert found.is_clean
    assert found.not_compiled
    assert len(found.cuts) == 8
    assert all(0 < steps < 300 for steps in found.cuts)


def test_orders_that_stand_open_and_are_changed_later_are_no_difference() -> None:
    @strategy(state={"order": 0.0, "seen": Vector(3)})
    def follows(market: Any, own: Any, p: Any) -> None:
        own.seen[len(market.close) % 3] = market.close[-1]
        if own.order == 0.0:
            own.order = market.buy(10, limit=market.close[-1] * 0.5)
        else:
            market.replace(int(own.order), limit=market.close[-1] * 0.5)

    assert check(follows).is_clean


@pytest.mark.parametrize("each", library(), ids=lambda each: each.name)
def test_every_strategy_of_the_library_passes(each: Any) -> None:
    shown = bars(max(each.assets, 2), each.timeframes)
    found = check_lookahead(shown, each, each.check({}), TERMS, 6, compiled=False)
    assert found.is_clean, [*map(str, found.differences), *found.references]


def test_the_same_seed_cuts_at_the_same_places() -> None:
    one = check_lookahead(BARS, honest, honest.check({}), TERMS, 6, 3, compiled=False)
    again = check_lookahead(BARS, honest, honest.check({}), TERMS, 6, 3, compiled=False)
    other = check_lookahead(BARS, honest, honest.check({}), TERMS, 6, 4, compiled=False)
    assert one.cuts == again.cuts
    assert one.cuts != other.cuts


def test_what_the_strategy_raises_on_all_bars_is_raised() -> None:
    @strategy()
    def breaks(market: Any, own: Any, p: Any) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        check(breaks)


@pytest.mark.parametrize(("steps", "cuts", "field"), [(2, 4, "bars"), (9, 0, "cuts")])
def test_too_little_to_compare_is_refused(steps: int, cuts: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_lookahead(BARS.head(steps), honest, honest.check({}), TERMS, cuts)
    assert refused.value.field == field


def test_only_data_about_as_long_as_the_bars_is_cut() -> None:
    assert shortened([1, 2, 3], 2, 300) == [1, 2, 3]
    assert len(shortened(CLOSES, 100, 300)) == 200
    assert len(shortened(CLOSES[1:], 100, 300)) == 199
    assert len(shortened(pd.DataFrame({"close": CLOSES}), 100, 300)) == 200
    assert len(shortened({"AAA": CLOSES}, 100, 300)["AAA"]) == 200
    assert shortened(3.5, 1, 300) == 3.5
