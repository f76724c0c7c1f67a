"""Name the columns of the dataset ``bars``, and say which of its rows stand.

Columns: symbol, timeframe, year, time, open, high, low, close, volume, factor, source, recorded,
revision, gone; prices are raw. Files are split by symbol and year.

No row is ever overwritten. A bar that a source corrects has one row more, with the moment at which
it was ``recorded`` (UTC, microseconds) and the next ``revision``, counted from 0; a bar that the
source takes back has a row that is ``gone``, which repeats the figures it takes back. Of the rows
of one symbol, timeframe and time the newest stands. Rows from before the three last columns were
there have nulls in them: they are the first revision, and were always known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.platform.lake import Lake, literal

if TYPE_CHECKING:
    from arro3.core import Table

DATASET = "bars"
PARTITIONS = ("symbol", "year")
NUMBERS = ("open", "high", "low", "close", "volume", "factor")
HISTORY = ("recorded", "revision", "gone")
COLUMNS = ("symbol", "timeframe", "year", "time", *NUMBERS, "source", *HISTORY)

NS_PER_US = 1000
_US_PER_DAY = 86_400_000_000
TIME_US = "CAST(time AS BIGINT) AS time_us"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEWEST = "coalesce(revision, 0) DESC, recorded DESC NULLS LAST"


def of_series(symbol: Symbol | str, timeframe: Timeframe) -> str:
    """Give the condition on the rows of one series."""
    return f"symbol = {literal(symbol)} AND timeframe = {literal(str(timeframe))}"


def within(first_ns: int | None, last_ns: int | None) -> list[str]:
    """Give the conditions on bar times from a first to a last, both included."""
    parts = []
    # The year is in the path of each file: files of other years are not opened.
    if first_ns is not None:
        first_us = -(-first_ns // NS_PER_US)
        parts += [f"year >= {_year(first_us)}", f"time >= {instant(first_us)}"]
    if last_ns is not None:
        last_us = last_ns // NS_PER_US
        parts += [f"year <= {_year(last_us)}", f"time <= {instant(last_us)}"]
    return parts


def known_at(as_of: datetime) -> str:
    """Give the condition on the rows that were recorded by a moment."""
    return f"(recorded IS NULL OR recorded <= {literal(as_of)})"


def standing(where: str) -> str:
    """Give what stands in a FROM for the rows that stand among those of a condition.

    Only bars that have several rows are ranked: ranking all would take many times as long.
    """
    names = ", ".join(COLUMNS)
    of_bar = "symbol, timeframe, time"
    ours = f"(SELECT {names} FROM {DATASET} WHERE {where}) AS ours"  # noqa: S608 - quoted
    changed = f"(SELECT DISTINCT {of_bar} FROM {DATASET} WHERE {where} AND revision > 0)"  # noqa: S608
    joined = f"{changed} AS changed USING ({of_bar})"
    plain = f"SELECT {names} FROM {ours} LEFT ANTI JOIN {joined}"  # noqa: S608
    place = f"row_number() OVER (PARTITION BY {of_bar} ORDER BY {_NEWEST}) AS place"
    ranked = f"SELECT {names}, {place} FROM {ours} LEFT SEMI JOIN {joined}"  # noqa: S608
    newest = f"SELECT {names} FROM ({ranked}) WHERE place = 1 AND gone IS NOT TRUE"  # noqa: S608
    return f"({plain} UNION ALL {newest}) AS {DATASET}"


def has_history_in(lake: Lake, version: int | None = None) -> bool:
    """Say whether the dataset says when rows were recorded; one from before that does not.

    Raises:
        NotFound: If there is no dataset, or no such version of it.
    """
    there = lake.query(DATASET, f"SELECT * FROM {DATASET} LIMIT 0", version)  # noqa: S608
    return set(HISTORY) <= there.keys()


def instant(time_us: int) -> str:
    """Write a moment, in microseconds since 1970 UTC, into SQL."""
    return f"arrow_cast({time_us}, 'Timestamp(Microsecond, Some(\"UTC\"))')"


def microseconds(moment: datetime) -> int:
    """Give a moment in microseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def table_of(columns: Mapping[str, Sequence[Any]]) -> Table:
    """Make a table of rows: all of ``COLUMNS`` but the year; times in microseconds."""
    from arro3.core import Array, DataType, Table

    text, number = DataType.utf8(), DataType.float64()
    stamp = DataType.timestamp("us", tz="UTC")
    days = [time // _US_PER_DAY for time in columns["time"]]
    year_of = {day: _year(day * _US_PER_DAY) for day in set(days)}
    arrays = {
        "symbol": Array(columns["symbol"], text),
        "timeframe": Array(columns["timeframe"], text),
        "year": Array([year_of[day] for day in days], DataType.int32()),
        "time": Array(columns["time"], DataType.int64()).cast(stamp),
        **{name: Array(columns[name], number) for name in NUMBERS},
        "source": Array(columns["source"], text),
        "recorded": Array(columns["recorded"], DataType.int64()).cast(stamp),
        "revision": Array(columns["revision"], DataType.int64()),
        "gone": Array(columns["gone"], DataType.bool()),
    }
    return Table.from_arrays(list(arrays.values()), names=list(arrays))


def _year(time_us: int) -> int:
    return (_EPOCH + timedelta(microseconds=time_us)).year
