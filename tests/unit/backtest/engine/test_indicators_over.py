"""Runs on the same bars share what their indicators give, and nothing that is not theirs."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine import indicators_over
from algotrendy.backtest.engine.indicators_over import outputs_over
from algotrendy.strategy.indicators import bollinger, ema, replay, sma
from algotrendy.strategy.indicators.spec import Indicator
from algotrendy.strategy.own import layout_of
from fakes.bars_for_backtests import walk


def bars(seed: int = 1, count: int = 60) -> Any:
    return from_series([walk("AAA", count, seed=seed).adjusted("raw")]).assets[0].base


def test_they_are_what_each_bar_would_have_given() -> None:
    base, mean, band = bars(), sma("n"), bollinger(9, 2.0)
    found = outputs_over(base, layout_of({}, {"mean": mean, "band": band}), {"n": 7})
    read = {"close": base.close}
    expected = [*replay(mean, read, {"n": 7}).values(), *replay(band, read).values()]
    assert found is not None
    np.testing.assert_array_equal(np.array(found), np.array(expected))


def test_each_is_computed_once_for_the_bars_and_arguments_that_it_has() -> None:
    called = []

    def update(cells: Any, at: int, close: float) -> float:
        called.append(close)
        return close

    layout = layout_of(
        {}, {"mine": Indicator("mine", update, ("close",), (), (), lambda: 1, lambda: 0, "")}
    )
    one, other = bars(), bars(2)
    for base in (one, other, one):
        found = outputs_over(base, layout, {})
        assert found is not None
        assert found[0].tolist() == base.close.tolist()
    assert called == [*one.close.tolist(), *other.close.tolist()]
    slow, fast = (outputs_over(one, layout_of({}, {"mean": sma("n")}), {"n": n}) for n in (9, 3))
    assert slow is not None
    assert fast is not None
    assert slow[0][-1] != fast[0][-1]


def test_one_that_reads_another_is_left_to_the_run() -> None:
    layout = layout_of({}, {"mean": sma(3), "smooth": ema(3, on="mean")})
    assert outputs_over(bars(), layout, {}) is None


def test_no_more_is_kept_than_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indicators_over, "MOST_VALUES", 150)
    base = bars()
    for n in (3, 4, 5):
        assert outputs_over(base, layout_of({}, {"mean": sma("n")}), {"n": n}) is not None
    assert sum(rows.size for rows in indicators_over._kept[base].values()) == 60
    three = {"one": sma(3), "two": sma(4), "three": sma(5)}
    assert outputs_over(base, layout_of({}, three), {}) is None


def test_bars_that_nobody_has_take_their_outputs_with_them() -> None:
    base = bars(seed=3)
    outputs_over(base, layout_of({}, {"mean": sma(3)}), {})
    before = len(indicators_over._kept)
    del base
    gc.collect()
    assert len(indicators_over._kept) == before - 1
