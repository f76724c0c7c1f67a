"""Whatever companies do: adjusting by parts composes, and raw bars are left as they are."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionBook, ActionKind, CorporateAction, numbered
from algotrendy.market_data.adjusting import Closes, adjusted, factors
from algotrendy.market_data.series import RawBars, day_ns

SYMBOL = Symbol("XYZ")
FIRST = date(2024, 1, 1)
DAYS = 30

prices = st.floats(1.0, 1000.0)
ratios = st.sampled_from([0.1, 0.5, 1.5, 2.0, 3.0, 7.0, 20.0])
offsets = st.integers(0, DAYS + 5)


@st.composite
def bars(draw: st.DrawFn) -> RawBars:
    days = sorted(draw(st.sets(st.integers(0, DAYS), min_size=1)))
    closes = tuple(draw(st.lists(prices, min_size=len(days), max_size=len(days))))
    times = tuple(day_ns(FIRST + timedelta(days=day)) for day in days)
    volumes = tuple(float(day * 7 % 13) for day in days)
    ones = (1.0,) * len(days)
    columns = (closes, closes, closes, closes, volumes, ones)
    return RawBars(SYMBOL, Timeframe.DAY, times, *columns, "property")


@st.composite
def actions(draw: st.DrawFn) -> tuple[CorporateAction, ...]:
    splits = draw(st.dictionaries(offsets, ratios, max_size=4))
    dividends = draw(st.lists(st.tuples(offsets, st.floats(0.01, 5.0)), max_size=4))
    found = [
        CorporateAction(SYMBOL, ActionKind.SPLIT, FIRST + timedelta(days=day), ratio)
        for day, ratio in splits.items()
    ]
    found += [
        CorporateAction(SYMBOL, ActionKind.DIVIDEND, FIRST + timedelta(days=day), cash)
        for day, cash in dividends
    ]
    return numbered(found)


def closes_of(raw: RawBars) -> Closes:
    return Closes(raw.times, raw.close, raw.timeframe)


@given(raw=bars(), done=actions())
def test_splits_and_dividends_apart_make_up_all(
    raw: RawBars, done: tuple[CorporateAction, ...]
) -> None:
    before = astuple(raw)
    of_splits, more = factors(raw, "split", done, closes_of(raw))
    of_dividends, same = factors(raw, "dividend", done, closes_of(raw))
    both, volumes = factors(raw, "all", done, closes_of(raw))
    parts = [one * other for one, other in zip(of_splits, of_dividends, strict=True)]
    assert both == pytest.approx(parts, rel=1e-12)
    assert volumes == more
    assert same == [1.0] * len(raw)
    assert adjusted(raw, "raw", done, closes_of(raw)) == raw.adjusted("raw")
    assert astuple(raw) == before


@given(raw=bars(), done=actions(), day=offsets)
def test_actions_up_to_a_day_and_those_after_it_make_up_all(
    raw: RawBars, done: tuple[CorporateAction, ...], day: int
) -> None:
    until = FIRST + timedelta(days=day)
    early = tuple(action for action in done if action.day <= until)
    late = tuple(action for action in done if action.day > until)
    both, volumes = factors(raw, "all", done, closes_of(raw))
    first, second = (factors(raw, "all", part, closes_of(raw)) for part in (early, late))
    assert both == pytest.approx(
        [one * other for one, other in zip(first[0], second[0], strict=True)], rel=1e-12
    )
    assert volumes == pytest.approx(
        [one * other for one, other in zip(first[1], second[1], strict=True)], rel=1e-12
    )


@given(raw=bars(), done=actions())
def test_bars_from_the_last_ex_date_on_are_as_traded(
    raw: RawBars, done: tuple[CorporateAction, ...]
) -> None:
    last = max((action.day for action in done), default=FIRST)
    found = adjusted(raw, "all", done, closes_of(raw))
    for place, time in enumerate(raw.times):
        if time >= day_ns(last):
            assert (found.close[place], found.volume[place]) == (
                raw.close[place],
                raw.volume[place],
            )
    assert all(price > 0 for price in found.close)


names = st.sampled_from([Symbol(name) for name in ("A", "B", "C", "D")])
renames = st.lists(st.tuples(names, names, offsets), max_size=8)


@given(given_renames=renames, symbol=names, day=offsets)
def test_names_of_a_company_follow_each_other_without_a_gap(
    given_renames: list[tuple[Symbol, Symbol, int]], symbol: Symbol, day: int
) -> None:
    book = ActionBook(
        CorporateAction(old, ActionKind.RENAME, FIRST + timedelta(days=offset), None, new)
        for old, new, offset in given_renames
        if old != new
    )
    on = FIRST + timedelta(days=day)
    tenures = book.tenures(symbol, on)
    for one, other in pairwise(tenures):
        assert one.last is not None
        assert other.first == one.last + timedelta(days=1)
    held = [tenure for tenure in tenures if (tenure.first or on) <= on <= (tenure.last or on)]
    assert [tenure.symbol for tenure in held] == [symbol]
