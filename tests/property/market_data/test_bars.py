"""Whatever the bars: a CSV file, the lake, pages and adjustment change nothing in them."""

from __future__ import annotations

import io
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, InvalidRows
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.csv_rows import read_csv
from algotrendy.market_data.paging import BarQuery, Position, parse_cursor, read_page
from algotrendy.market_data.series import RawBars, day_ns, session_date
from algotrendy.platform.lake import Lake
from fakes.bar_store import MemoryBars

SYMBOL = Symbol("AAPL")

prices = st.floats(1e-9, 1e12, allow_nan=False) | st.floats(1.0, 1000.0).map(lambda x: round(x, 2))
volumes = st.floats(0, 1e18, allow_nan=False) | st.integers(0, 10**12).map(float)
factors = st.floats(1e-3, 1e3, allow_nan=False) | st.just(1.0)
days = st.dates(date(1800, 1, 1), date(2199, 12, 31))


@st.composite
def series(draw: st.DrawFn, most: int = 30) -> RawBars:
    sessions = sorted(draw(st.sets(days, min_size=1, max_size=most)))
    count = len(sessions)
    quotes = []
    for _ in sessions:
        low, inner, outer, high = sorted(draw(st.tuples(prices, prices, prices, prices)))
        open_, close = draw(st.permutations([inner, outer]))
        quotes.append((open_, high, low, close))
    columns = zip(*quotes, strict=True)
    open_column, highs, lows, closes = (tuple(column) for column in columns)
    return RawBars(
        symbol=SYMBOL,
        timeframe=Timeframe.DAY,
        times=tuple(day_ns(session) for session in sessions),
        open=open_column,
        high=highs,
        low=lows,
        close=closes,
        volume=tuple(draw(st.lists(volumes, min_size=count, max_size=count))),
        factor=tuple(draw(st.lists(factors, min_size=count, max_size=count))),
        source="property",
    ).validate()


BAR = RawBars(
    SYMBOL,
    Timeframe.DAY,
    (day_ns(date(2024, 1, 2)),),
    open=(10.0,),
    high=(12.0,),
    low=(9.0,),
    close=(11.0,),
    volume=(1.0,),
    factor=(1.0,),
    source="one",
)


def as_csv(bars: RawBars, line_end: str = "\n") -> str:
    rows = ["date,open,high,low,close,volume"]
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    for time, *numbers in zip(bars.times, *columns, strict=True):
        rows.append(f"{session_date(time)},{','.join(map(repr, numbers))}")
    return line_end.join(rows) + line_end


@settings(max_examples=25, deadline=None)
@given(raw=series(), line_end=st.sampled_from(["\n", "\r\n"]))
def test_csv_to_lake_to_read_gives_every_value_back_exactly(raw: RawBars, line_end: str) -> None:
    rows = read_csv(io.StringIO(as_csv(raw, line_end), newline=""))
    assert rows.times == raw.times
    stored = rows.bars(SYMBOL, Timeframe.DAY, "property")
    with tempfile.TemporaryDirectory() as folder:
        store = LakeBars(Lake(f"file://{Path(folder)}/lake"))
        store.replace([stored])
        assert store.read(SYMBOL) == stored.adjusted("raw")
        assert store.read(SYMBOL).sha256() == raw.adjusted("raw").sha256()
        assert store.replace([stored]).changed == ()
        # With factors of its own, the same bars are a change, and adjusted exactly as in memory.
        assert (store.replace([raw]).changed == ()) is (set(raw.factor) == {1.0})
        assert store.read(SYMBOL, adjustment="all") == raw.adjusted("all")


@given(raw=series())
def test_adjustment_is_one_multiplication_and_keeps_bars_bars(raw: RawBars) -> None:
    adjusted = raw.adjusted("all").validate()
    assert adjusted.open == tuple(o * f for o, f in zip(raw.open, raw.factor, strict=True))
    assert adjusted.close == tuple(c * f for c, f in zip(raw.close, raw.factor, strict=True))
    assert adjusted.volume == raw.volume
    assert raw.adjusted("raw").validate().close == raw.close


@given(
    raw=series(),
    limit=st.integers(1, 31),
    start=st.none() | days,
    end=st.none() | days,
    adjusted=st.booleans(),
)
def test_pages_put_together_are_the_whole(
    raw: RawBars, limit: int, start: date | None, end: date | None, adjusted: bool
) -> None:
    store = MemoryBars(raw)
    query = BarQuery(SYMBOL, start, end, "all" if adjusted else "raw")
    try:
        whole = store.read(SYMBOL, start, end, adjustment=query.adjustment)
    except Invalid:
        return
    times: list[int] = []
    closes: list[float] = []
    position: Position | None = Position(store.version())
    while position is not None:
        found, cursor = read_page(store, query, position, limit)
        page = found.series
        assert 0 < len(page) <= limit
        times += page.times
        closes += page.close
        # An import in between must not show in the pages that follow.
        store.replace([replace(raw, close=raw.low)])
        position = None if cursor is None else parse_cursor(cursor, query)
    assert (tuple(times), tuple(closes)) == (whole.times, whole.close)


@given(cursor=st.text(max_size=80) | st.binary(max_size=60).map(lambda b: b.hex()))
def test_no_other_text_is_taken_for_a_cursor(cursor: str) -> None:
    query = BarQuery(SYMBOL, None, None, "raw")
    with pytest.raises(Invalid) as caught:
        parse_cursor(cursor, query)
    assert caught.value.field == "cursor"


@given(
    version=st.integers(0, 10**15 - 1),
    after=st.integers(-(10**19) + 1, 10**19 - 1),
    place=st.integers(0, 200),
    letter=st.sampled_from("ABCDEFGHabcdefgh0123456789-_=\n é"),
)
def test_a_cursor_comes_back_as_it_was_and_changed_never_breaks_a_reader(
    version: int, after: int, place: int, letter: str
) -> None:
    query = BarQuery(SYMBOL, date(2020, 1, 1), None, "all")
    cursor = Position(version, after).cursor(query)
    assert parse_cursor(cursor, query) == Position(version, after)
    changed = cursor[: place % len(cursor)] + letter + cursor[place % len(cursor) + 1 :]
    store = MemoryBars(BAR)
    # Refused by name, or a page of the same query: what a caller may read anyway.
    with suppress(Invalid):
        page, _ = read_page(store, query, parse_cursor(changed, query), 10)
        assert page.series.times in (BAR.times, ())


cells = st.text(max_size=12) | st.sampled_from(["", "1", "-1", "0", "nan", "1e400", "2024-01-02"])


@given(rows=st.lists(st.lists(cells, min_size=4, max_size=7), max_size=8))
def test_any_text_is_bars_or_a_named_fault(rows: list[list[str]]) -> None:
    text = "date,open,high,low,close,volume\n" + "\n".join(",".join(row) for row in rows)
    refusals: list[InvalidRows] = []
    try:
        read_csv(io.StringIO(text, newline="")).bars(SYMBOL, Timeframe.DAY, "text").validate()
    except InvalidRows as error:
        refusals.append(error)
    for refusal in refusals:
        assert refusal.count >= 1
        assert refusal.rows
        assert all(row.line >= 1 and row.reason for row in refusal.rows)


@given(session=days, offset=st.integers(0, 86_399))
def test_every_moment_of_a_day_is_of_its_session(session: date, offset: int) -> None:
    time = day_ns(session) + offset * 1_000_000_000
    assert session_date(time) == session
    assert session_date(day_ns(session) - 1) == session - timedelta(days=1)
