"""Find the bars for a backtest: in the lake, in files of the user's own, or among the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.cli.backtest_options import CalendarName
from algotrendy.kernel.errors import Invalid, NotFound, Unavailable
from algotrendy.market_data.calendar import TradingCalendar


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars.

    Attributes:
        symbols: In the order in which the strategy counts them; of files, their names.
        files: CSV and Parquet, one a symbol; where there are none, the lake.
        samples: Whether to read the bars that installed packages ship.
        first, last: Dates, both included.
        timeframe: Of the bars; a longer one than they have is made of them.
        raw: Prices as traded, not adjusted.
        date_format: Of the files' dates.
        calendar: When the market is open.
        periods_per_year: Bars in a year, for annualising; None: by timeframe and calendar.
        actions, rates: Files of what companies did and of what currencies cost.
        currency, borrow: Of an asset, as ``XYZ=EUR`` and ``XYZ=0.05``.
    """

    symbols: tuple[str, ...]
    files: tuple[Path, ...] = ()
    samples: bool = False
    first: date | None = None
    last: date | None = None
    timeframe: str | None = None
    raw: bool = False
    date_format: str | None = None
    calendar: CalendarName = CalendarName.NONE
    periods_per_year: float | None = None
    actions: Path | None = None
    rates: Path | None = None
    currency: tuple[str, ...] = ()
    borrow: tuple[str, ...] = ()

    @property
    def trading_calendar(self) -> TradingCalendar | None:
        """Give the calendar itself."""
        from algotrendy.market_data.calendar import always_open, us_equities

        if self.calendar is CalendarName.NONE:
            return None
        return us_equities() if self.calendar is CalendarName.US else always_open()


@dataclass(frozen=True, slots=True)
class Found:
    """The bars, and where they come from, in words."""

    dataset: Dataset
    origin: str


def find_bars(wanted: Wanted, coarser: Sequence[str] = ()) -> Found:
    """Read the bars and check them.

    Args:
        wanted: Which.
        coarser: Longer timeframes that the strategy reads besides.

    Raises:
        Invalid: Naming the option, or the line of the file, that is wrong.
        NotFound: If there are no bars of a symbol.
        Unavailable: If there is no lake here; says what else bars can come from.
    """
    if wanted.files and wanted.samples:
        raise Invalid("bars", "from --csv or --parquet, or from --samples", "both")
    wanted = replace(wanted, symbols=_names(wanted))
    options = _checked_options(wanted, coarser)
    if wanted.files:
        found = _of_files(wanted, options)
    elif wanted.samples:
        found = _of_samples(wanted, options)
    else:
        found = _of_lake(wanted, options)
    return Found(_within(_on_timeframe(found.dataset, wanted), wanted), found.origin)


def _checked_options(wanted: Wanted, coarser: Sequence[str]) -> dict[str, Any]:
    from algotrendy.backtest.data.timeframes import parse_timeframe
    from algotrendy.cli.backtest_market import market_options

    if wanted.timeframe is not None:
        parse_timeframe(wanted.timeframe)
    said = market_options(
        wanted.symbols,
        raw=wanted.raw,
        actions=wanted.actions,
        rates=wanted.rates,
        currencies=wanted.currency,
        borrow=wanted.borrow,
    )
    return {"coarser": tuple(coarser), "calendar": wanted.trading_calendar, **said}


def _names(wanted: Wanted) -> tuple[str, ...]:
    """Name what the bars are of: of files that are given no names, their own."""
    if not wanted.files:
        if not wanted.symbols:
            raise Invalid("symbols", "named, such as AAPL, or a file given with --csv", None)
        return wanted.symbols
    names = wanted.symbols or tuple(_name(path) for path in wanted.files)
    if len(names) != len(wanted.files):
        expected = f"one for each of the {len(wanted.files)} files, or left out"
        raise Invalid("symbols", expected, ", ".join(names))
    if len(set(names)) < len(names):
        raise Invalid("symbols", "another one for each file", ", ".join(names))
    return names


def _of_files(wanted: Wanted, options: dict[str, Any]) -> Found:
    from algotrendy.cli.backtest_files import dataset_of_files, read_file

    files = {
        name: read_file(path, raw=wanted.raw, date_format=wanted.date_format)
        for name, path in zip(wanted.symbols, wanted.files, strict=True)
    }
    return Found(dataset_of_files(files, **options), ", ".join(path.name for path in wanted.files))


def _name(path: Path) -> str:
    return path.name.partition(".")[0].upper()


def _of_samples(wanted: Wanted, options: dict[str, Any]) -> Found:
    from algotrendy.backtest.data.making import from_series
    from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples

    there = {str(each.bars.symbol): each.bars for s in SAMPLE_SOURCES for each in read_samples(s)}
    for symbol in wanted.symbols:
        if symbol not in there:
            raise NotFound("sample", symbol, f"there are {', '.join(sorted(there))}")
    adjustment: Any = "raw" if wanted.raw else "all"
    series = [there[symbol].adjusted(adjustment) for symbol in wanted.symbols]
    sources = sorted({there[symbol].source for symbol in wanted.symbols})
    return Found(from_series(series, **options), ", ".join(sources))


def _of_lake(wanted: Wanted, options: dict[str, Any]) -> Found:
    from algotrendy.backtest.data.making import from_series
    from algotrendy.kernel.instrument import parse_symbol
    from algotrendy.market_data import wiring

    symbols = [parse_symbol(symbol) for symbol in wanted.symbols]
    try:
        store = wiring.bar_store()
    except Unavailable as error:
        reason = "none is set up here; `algotrendy up` starts one, and --csv FILE, --parquet FILE "
        raise Unavailable("the lake of bars", f"{reason}and --samples need none") from error
    adjustment: Any = "raw" if wanted.raw else "all"
    series = [
        store.read(symbol, wanted.first, wanted.last, adjustment=adjustment) for symbol in symbols
    ]
    return Found(from_series(series, **options), "the lake")


def _on_timeframe(dataset: Dataset, wanted: Wanted) -> Dataset:
    """Give the bars on the timeframe that was asked for."""
    from algotrendy.backtest.data.resampling import on_timeframe

    if wanted.timeframe is None:
        return dataset
    return on_timeframe(dataset, wanted.timeframe, wanted.trading_calendar)


def _within(dataset: Dataset, wanted: Wanted) -> Dataset:
    """Cut the bars to the dates that were asked for."""
    from algotrendy.backtest.data.moments import in_words

    last = None if wanted.last is None else wanted.last + timedelta(days=1)
    found = dataset.between(wanted.first, last)
    for asset in found.assets:
        if not len(asset.base):
            whole = dataset.assets[dataset.symbols.index(asset.symbol)].base
            there = f"{in_words(int(whole.time[0]))} to {in_words(int(whole.time[-1]))}"
            asked = f"{wanted.first or 'the first bar'} to {wanted.last or 'the last bar'}"
            raise Invalid("from", f"a range with bars of {asset.symbol}, {there}", asked)
    return found
