"""Find trades for a command: in the lake, in a CSV file, or four a day of the samples' bars."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime
from pathlib import Path

from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ticks import Ticks

_NS = 1_000_000_000


def find_trades(
    symbol: Symbol, csv: Path | None, samples: bool, start: date | None, end: date | None
) -> Ticks:
    """Read the trades of a symbol on UTC dates, both included; None: from the first, to the last.

    Args:
        csv: A file of trades; without one, and without samples, the lake.
        samples: Daily bars that packages carry, four trades a day.

    Raises:
        Invalid: If both are asked for, or the range holds no trade.
        NotFound: If there are no trades of the symbol.
        Unavailable: If there is no lake here; says what else trades can come from.
    """
    first, last = start or date(1970, 1, 1), end or date(2199, 12, 31)
    if csv is not None and samples:
        raise Invalid("trades", "from --csv or from --samples", "both")
    if csv is None and not samples:
        return _of_lake(symbol, first, last)
    found = _of_samples(symbol) if csv is None else _of_csv(csv, symbol)
    low = bisect_left(found.times, _ns(first))
    high = bisect_right(found.times, _ns(last) + 86_400 * _NS - 1)
    if low >= high:
        raise Invalid("start", "a range with trades", f"{first} to {last}")
    rows = slice(low, high)
    return Ticks(symbol, found.times[rows], found.prices[rows], found.sizes[rows], found.source)


def _of_csv(csv: Path, symbol: Symbol) -> Ticks:
    from algotrendy.market_data.tick_rows import read_ticks

    return read_ticks(csv, symbol)


def _of_samples(symbol: Symbol) -> Ticks:
    from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples
    from algotrendy.market_data.charts.of_bars import trades_of_bars

    there = {each.bars.symbol: each.bars for s in SAMPLE_SOURCES for each in read_samples(s)}
    if symbol not in there:
        raise NotFound("sample", symbol, f"there are {', '.join(sorted(there))}")
    return trades_of_bars(there[symbol].adjusted("raw"), there[symbol].source)


def _of_lake(symbol: Symbol, first: date, last: date) -> Ticks:
    from algotrendy.market_data import wiring
    from algotrendy.market_data.ticks import unknown_symbol

    try:
        store = wiring.tick_store()
    except Unavailable as error:
        reason = "none is set up here; `algotrendy up` starts one; --csv and --samples need none"
        raise Unavailable("the lake of trades", reason) from error
    stored = store.symbols()
    summary = next((item for item in stored if item.symbol == symbol), None)
    if summary is None:
        raise unknown_symbol(symbol, stored)
    low, high = max(first, summary.first), min(last, summary.last)
    found = store.read(symbol, low, high) if low <= high else None
    if found is None or not len(found):
        run = f"a range with trades ({summary.first} to {summary.last})"
        raise Invalid("start", run, f"{first} to {last}")
    return found


def _ns(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _NS
