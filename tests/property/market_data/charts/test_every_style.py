"""What holds for the bars of every style, for any trades."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.market_data.charts.building import INTERPRETED, Builder, bars_of
from algotrendy.market_data.charts.compiled import Compiled
from algotrendy.market_data.charts.styles import KINDS, parse
from fakes.chart_trades import Trades, plain, walks

STYLES = (
    "time:interval=1Min",
    "time:interval=7Min,sessions=regular",
    "time:interval=1Hour,sessions=extended",
    "tick:amount=3",
    "volume:amount=100",
    "volume:amount=60,excess=split",
    "dollar:amount=9000",
    "dollar:amount=5000,excess=split",
    "range:size=0.3",
    "renko:size=0.1",
    "renko:size=0.25,reversal=1,wicks=no,anchor=100",
    "renko:percent=0.2",
    "renko:size=0.1,volume=200",
    "renko:atr=2,base=1Min,reversal=1",
    "heikin-ashi:interval=1Min",
    "line-break:interval=1Min,lines=2",
    "kagi:size=0.3",
    "kagi:percent=0.5",
    "point-and-figure:box=0.1",
    "point-and-figure:box=0.25,reversal=1,anchor=100.1",
    "imbalance:ticks=4,least=2,most=9,bars=3,trades=5",
    "run:of=volume,ticks=4,least=1,most=20,bars=3,trades=5",
    "run:of=dollar,ticks=4,least=1,most=20,bars=3,trades=1000",
    # Long enough for stretches in which no bar can close.
    "imbalance:of=volume,ticks=15,least=15,most=30,bars=3,trades=5",
    "run:of=dollar,ticks=12,least=11,most=20,bars=3,trades=7",
)
every_style = pytest.mark.parametrize("style", STYLES)


def in_pieces(style: str, trades: Trades, cuts: list[int], rows: int) -> list[tuple[float, ...]]:
    """Build with a new builder for each piece, from the state of the one before it as JSON."""
    builder = Builder(style, INTERPRETED, rows=rows)
    found: list[Any] = []
    edges = [0, *sorted(min(cut, len(trades.times)) for cut in cuts), len(trades.times)]
    for first, last in itertools.pairwise(edges):
        found += builder.push(trades[first:last])
        builder = Builder.from_state(json.loads(json.dumps(builder.state())), INTERPRETED)
    return [plain(bar) for bar in found]


def test_every_style_is_tried() -> None:
    assert {parse(style).kind.name for style in STYLES} == set(KINDS)


@every_style
@settings(max_examples=20, deadline=None)
@given(trades=walks(), cuts=st.lists(st.integers(0, 80), max_size=6), rows=st.integers(1, 5))
def test_pieces_of_any_size_make_the_bars_of_one_batch(
    style: str, trades: Trades, cuts: list[int], rows: int
) -> None:
    batch = [plain(bar) for bar in bars_of(trades, style)]
    assert in_pieces(style, trades, cuts, rows) == batch


@every_style
@settings(max_examples=20, deadline=None)
@given(trades=walks(), cut=st.integers(0, 80))
def test_compiled_and_interpreted_make_the_same_bits(style: str, trades: Trades, cut: int) -> None:
    fast, slow = Builder(style, Compiled(), rows=4), Builder(style, INTERPRETED)
    for piece in (trades[:cut], trades[cut:]):
        assert [plain(bar) for bar in fast.push(piece)] == [plain(bar) for bar in slow.push(piece)]
        assert fast.state() == slow.state()
        assert (a := fast.partial()) == (b := slow.partial()) or (a and b and plain(a) == plain(b))


_ANY = st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 1.7976931348623157e308, 1.0])
_AT = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(_AT, _ANY, _ANY), max_size=6), last=_AT, is_sorted=st.booleans())
def test_compiled_finds_the_faults_that_plain_python_finds(
    rows: list[tuple[int, float, float]], last: int, is_sorted: bool
) -> None:
    times = [time for time, _, _ in rows]
    prices, sizes = [price for _, price, _ in rows], [size for _, _, size in rows]
    given_ = Trades(sorted(times) if is_sorted else times, prices, sizes)
    slow, fast = INTERPRETED, Compiled()
    assert fast.first_fault(fast.columns(given_), last) == slow.first_fault(
        slow.columns(given_), last
    )


@every_style
@settings(max_examples=10, deadline=None)
@given(trades=walks())
def test_trades_one_by_one_make_the_bars_and_the_state_of_one_batch(
    style: str, trades: Trades
) -> None:
    whole = Builder(style)
    batch = [plain(bar) for bar in whole.push(trades)]
    for engine in (INTERPRETED, Compiled()):
        single = Builder(style, engine, rows=1)
        found: list[Any] = []
        for trade in zip(trades.times, trades.prices, trades.sizes, strict=True):
            found += map(plain, single.push_one(*trade))
        assert found == batch
        assert single.state() == whole.state()


@every_style
@settings(max_examples=20, deadline=None)
@given(trades=walks(), cut=st.integers(0, 80))
def test_no_bar_uses_a_trade_after_it_was_known(style: str, trades: Trades, cut: int) -> None:
    """What was known up to a time is the same whatever comes after it."""
    whole = bars_of(trades, style)
    if cut < len(trades.times):
        until = trades.times[cut]
        seen = Builder(style)
        early = list(seen.push(trades[: sum(time <= until for time in trades.times)]))
        early += seen.advance_to(until)
        known = [plain(bar) for bar in whole if bar.known <= until]
        assert [plain(bar) for bar in early][: len(known)] == known
        assert all(bar.known <= until for bar in early)


@every_style
@settings(max_examples=20, deadline=None)
@given(trades=walks())
def test_bars_are_whole_and_in_order(style: str, trades: Trades) -> None:
    bars = bars_of(trades, style)
    for bar in bars:
        assert bar.began <= bar.ended <= bar.known
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.lowest <= min(bar.first, bar.last) <= max(bar.first, bar.last) <= bar.highest
        if bar.open != bar.close:
            assert bar.direction == (1 if bar.close > bar.open else -1)
    for before, after in itertools.pairwise(bars):
        assert before.known <= after.known
        assert before.began <= after.began
        assert before.ended <= after.ended
