"""Say why a store has no bars to give, in the same words whichever store it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from difflib import get_close_matches

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import SymbolSummary
from algotrendy.market_data.series import RawBars


def require_order(start: date | None, end: date | None) -> None:
    """Refuse a range that ends before it starts."""
    if start is not None and end is not None and start > end:
        raise Invalid("start", f"on or before end, {end}", start)


def require_one_import_a_series(imports: Sequence[RawBars]) -> None:
    """Refuse a batch that has two imports of one series: which would win is not stated."""
    seen: set[tuple[Symbol, Timeframe]] = set()
    for bars in imports:
        if (bars.symbol, bars.timeframe) in seen:
            actual = f"two of {bars.symbol} {bars.timeframe}"
            raise Invalid("imports", "one of each symbol and timeframe", actual)
        seen.add((bars.symbol, bars.timeframe))


def unknown_version(version: int, newest: int) -> NotFound:
    """Say that the store never was, or no longer keeps, a version."""
    return NotFound("version of the bars", version, f"the newest is {newest}")


def nothing_to_read(
    symbol: Symbol,
    start: date | None,
    end: date | None,
    stored: Sequence[SymbolSummary],
    timeframe: Timeframe = Timeframe.DAY,
    as_of: datetime | None = None,
) -> NotFound | Invalid:
    """Say why there are no bars of a symbol in a range, given all that was stored by then."""
    there = {item.timeframe: item for item in stored if item.symbol == symbol}
    if not there:
        return _unknown_symbol(symbol, sorted({item.symbol for item in stored}), as_of)
    if timeframe not in there:
        return Invalid("timeframe", f"of {symbol} one of {', '.join(there)}", str(timeframe))
    summary = there[timeframe]
    run = f"bars for {symbol} run {summary.first} to {summary.last}"
    if start is not None and start > summary.last:
        return Invalid("start", f"on or before {summary.last} ({run})", start)
    if end is not None and end < summary.first:
        return Invalid("end", f"on or after {summary.first} ({run})", end)
    return Invalid("end", f"in a range with at least one bar ({run})", f"{start} to {end}")


def _unknown_symbol(symbol: Symbol, known: Sequence[Symbol], as_of: datetime | None) -> NotFound:
    if not known and as_of is not None:
        moment = f"{as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        hint = f"nothing was recorded by {moment}: give a later as_of, or none"
    elif not known:
        hint = "nothing is imported yet: algotrendy bars import --source all"
    elif near := get_close_matches(symbol, known, n=3, cutoff=0.5):
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = f"{len(known)} symbols are stored: algotrendy bars list"
    return NotFound("symbol", symbol, hint)
