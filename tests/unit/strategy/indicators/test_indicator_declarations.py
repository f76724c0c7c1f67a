from __future__ import annotations

import pickle
from collections.abc import Callable
from math import isnan, nan
from typing import Any

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.indicators import (
    ANSWER,
    FACTORIES,
    Indicator,
    adx,
    atr,
    bars_before,
    bollinger,
    correlation,
    ema,
    ichimoku,
    kama,
    macd,
    obv,
    parabolic_sar,
    replay,
    replay_all,
    rsi,
    sma,
    standard_deviation,
    stochastic,
    zscore,
)
from fixtures.indicators import Columns, examples, random_walk, real_bars

EVERY = pytest.mark.parametrize("indicator", examples(), ids=lambda indicator: indicator.name)


class Watched(list[float]):
    """A memory that remembers which of its cells were written."""

    def __init__(self, size: int) -> None:
        super().__init__([0.0] * size)
        self.written: set[int] = set()

    def __setitem__(self, cell: Any, value: Any) -> None:
        assert cell >= 0
        self.written.add(cell)
        super().__setitem__(cell, value)


@EVERY
@pytest.mark.parametrize("period", [None, 2, 9])
def test_an_indicator_writes_all_its_cells_and_no_other(
    indicator: Indicator, period: int | None
) -> None:
    asked = next(each for each in examples(period) if each.name == indicator.name)
    arguments = asked.resolve({})
    cells = asked.cells(*arguments)
    memory = Watched(cells + 10)
    # A walk, then ranges that narrow: only these fill the queues of extremes.
    columns = {name: column[:400].tolist() for name, column in random_walk(3).items()}
    for column, step in zip(columns.values(), (0.0, -0.1, 0.1, 0.0, 1.0), strict=True):
        column.extend(column[-1] + step * k for k in range(100))
    for values in zip(*(columns[name] for name in asked.inputs), strict=True):
        asked.update(memory, 5, *values, *arguments)
    assert memory.written == set(range(5, 5 + cells))


@EVERY
@pytest.mark.parametrize("period", [None, 1, 2, 3, 30])
def test_the_first_value_comes_after_the_warm_up_and_no_later_one_is_missing(
    indicator: Indicator, period: int | None
) -> None:
    try:
        asked = next(each for each in examples(period) if each.name == indicator.name)
    except Invalid:
        asked = next(each for each in examples(2) if each.name == indicator.name)
    before = asked.warm_up(*asked.resolve({}))
    for column in replay(asked, random_walk(5, 300)).values():
        assert [isnan(value) for value in column] == [k < before for k in range(300)]


@EVERY
def test_a_value_that_is_missing_changes_nothing_but_its_own_answer(indicator: Indicator) -> None:
    whole = {name: column[:300].tolist() for name, column in random_walk(9).items()}
    gaps = (0, 1, 50, 51, 200)
    cut = {
        name: [x for k, x in enumerate(column) if k not in gaps] for name, column in whole.items()
    }
    for gap in gaps:
        for column in whole.values():
            column[gap] = nan
    found, expected = replay(indicator, whole), replay(indicator, cut)
    for output, column in found.items():
        assert all(isnan(column[gap]) for gap in gaps)
        rest = [value for k, value in enumerate(column) if k not in gaps]
        assert repr(rest) == repr(expected[output])


@EVERY
def test_an_indicator_says_who_it_is(indicator: Indicator) -> None:
    assert indicator.outputs[0] == ANSWER
    further = [cell for _, cell in indicator.outputs[1:]]
    assert further == list(range(len(further)))
    assert all(name.isidentifier() for name, _ in indicator.outputs[1:])
    assert indicator.source.endswith(".")
    assert indicator.timeframe == 0
    assert [limits.name for limits in indicator.limits] == list(
        inspected(FACTORIES, indicator.name)
    )


def inspected(factories: tuple[Callable[..., Indicator], ...], name: str) -> list[str]:
    factory = next(each for each in factories if each.__name__ == name)
    takes = factory.__code__.co_varnames[: factory.__code__.co_argcount]
    return [argument for argument in takes if argument not in ("on", "timeframe")]


def test_no_two_factories_share_a_name() -> None:
    names = [indicator.name for indicator in examples()]
    assert names == [factory.__name__ for factory in FACTORIES]
    assert len(set(names)) == len(names)


def test_equal_declarations_are_equal_and_survive_a_pickle() -> None:
    assert sma(20) == sma(20.0)
    assert sma(20) != sma(21)
    assert hash(macd()) == hash(macd(12, 26, 9))
    for indicator in examples():
        assert pickle.loads(pickle.dumps(indicator)) == indicator


@pytest.mark.parametrize(
    ("make", "field", "expected"),
    [
        (lambda: sma(0), "sma.period", "a whole number between 1 and 1000000"),
        (lambda: sma(2.5), "sma.period", "a whole number between 1 and 1000000"),
        (lambda: sma(True), "sma.period", "a whole number between 1 and 1000000"),
        (lambda: sma(nan), "sma.period", "a whole number between 1 and 1000000"),
        (lambda: sma(10**9), "sma.period", "a whole number between 1 and 1000000"),
        (lambda: sma("1 + 1"), "sma.period", "a number or the name of a parameter"),
        (lambda: sma(20, on="own.close"), "sma.on", "the name of a column or an indicator"),
        (lambda: ema(20, on=""), "ema.on", "the name of a column or an indicator"),
        (
            lambda: atr(14, timeframe=-1),
            "atr.timeframe",
            "a whole number between 0 and 15",
        ),
        (lambda: standard_deviation(1), "standard_deviation.period", "a whole number between 2"),
        (lambda: zscore(1), "zscore.period", "a whole number between 2"),
        (lambda: bollinger(20, -1.0), "bollinger.width", "a number between 0.0 and 1000.0"),
        (lambda: macd(26, 12), "macd.slow", "above fast, 26"),
        (lambda: macd(12, 12), "macd.slow", "above fast, 12"),
        (lambda: kama(10, 30, 2), "kama.slow", "above fast, 30"),
        (lambda: ichimoku(9, 26, 26), "ichimoku.long", "above middle, 26"),
        (lambda: parabolic_sar(0.3, 0.2), "parabolic_sar.limit", "above acceleration, 0.3"),
        (lambda: stochastic(14, 0), "stochastic.smoothing", "a whole number between 1"),
        (lambda: correlation(20, "close"), "correlation.on", "the names of two series"),
        (lambda: correlation(20, ("close",)), "correlation.on", "the names of two series"),
    ],
)
def test_a_wrong_argument_is_refused_where_it_is_declared(
    make: Callable[[], Indicator], field: str, expected: str
) -> None:
    with pytest.raises(Invalid) as refused:
        make()
    assert refused.value.field == field
    assert refused.value.expected.startswith(expected)


def test_a_text_names_a_parameter_of_the_strategy() -> None:
    assert macd("fast", "slow", 9).resolve({"fast": 5, "slow": 35}) == (5, 35, 9)
    found = bollinger("n", 2).resolve({"n": 20})
    assert [type(value) for value in found] == [int, float]
    assert bollinger(20, "wide").resolve({"wide": 3}) == (20, 3.0)


@pytest.mark.parametrize(
    ("parameters", "field", "expected"),
    [
        ({}, "macd.fast", "a number or the name of a parameter, of which there are none"),
        ({"slow": 9}, "macd.fast", "a number or the name of a parameter: slow"),
        ({"fast": 0, "slow": 9}, "macd.fast", "a whole number between 1 and 1000000"),
        ({"fast": 5.0, "slow": 9}, "macd.fast", "the name of a parameter of whole numbers"),
        ({"fast": 9, "slow": 9}, "macd.slow", "above fast, 9"),
    ],
)
def test_a_wrong_parameter_is_refused_when_its_value_is_known(
    parameters: dict[str, int | float], field: str, expected: str
) -> None:
    with pytest.raises(Invalid) as refused:
        macd("fast", "slow").resolve(parameters)
    assert (refused.value.field, refused.value.expected) == (field, expected)


def test_indicators_read_each_other_by_the_names_under_which_they_are_declared() -> None:
    declared = {
        "trend": macd(5, 10, 4),
        "calm": sma("n", on="trend_signal"),
        "heat": rsi(7, on="calm"),
        "pair": correlation(6, on=("close", "heat")),
    }
    columns = random_walk(21, 200)
    found = replay_all(declared, columns, {"n": 3})
    assert list(found) == ["trend", "trend_signal", "trend_histogram", "calm", "heat", "pair"]
    before = bars_before(declared, {"n": 3})
    assert before == {"trend": 12, "calm": 14, "heat": 21, "pair": 26}
    for name, bars in before.items():
        assert [isnan(value) for value in found[name]] == [k < bars for k in range(200)]
    signal = found["trend_signal"]
    assert found["calm"][20] == pytest.approx((signal[18] + signal[19] + signal[20]) / 3.0)


def test_replay_takes_any_sequence_and_gives_every_output() -> None:
    columns: Columns = real_bars("IBM")
    found = replay(adx(14), columns)
    assert set(found) == {"", "plus_di", "minus_di"}
    assert {len(column) for column in found.values()} == {3_270}
    as_lists = {name: column.tolist() for name, column in columns.items()}
    assert repr(replay(adx(14), as_lists)) == repr(found)


@pytest.mark.parametrize(
    ("columns", "field", "expected"),
    [
        ({"close": [1.0]}, "columns.volume", "given"),
        ({"close": [1.0], "volume": []}, "columns.volume", "as long as close, 1"),
    ],
)
def test_replay_names_the_column_that_is_wrong(
    columns: dict[str, list[float]], field: str, expected: str
) -> None:
    with pytest.raises(Invalid) as refused:
        replay(obv(), columns)
    assert (refused.value.field, refused.value.expected) == (field, expected)


def test_a_replay_of_no_bars_gives_none() -> None:
    assert replay(macd(), {"close": []}) == {"": [], "signal": [], "histogram": []}


def test_a_replay_begins_anew_each_time() -> None:
    columns = random_walk(2, 100)
    assert repr(replay(ema(9), columns)) == repr(replay(ema(9), columns))
