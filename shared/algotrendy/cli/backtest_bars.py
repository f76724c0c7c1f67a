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
from algotrendy.market_data.quality.policy import GapPolicy


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars.

    Attributes:
        symbols: In the order in which the strategy counts them; of files, their names.
        files: CSV and Parquet, one a symbol; where there are none, the lake.
        samples: Whether to read the bars that installed packages ship.
        first, last: Dates, both included.
        timeframe: Of the bars; a longer one than they have is made of them.
        style: A chart style; then the bars are made of trades, and files are of trades.
        raw: Prices as traded, not adjusted.
        as_of: Bars of the lake as they were recorded by this moment, ISO 8601 with a zone.
        gaps: What becomes of bars that are missing by the exchange's calendar.
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
    style: str | None = None
    as_of: str | None = None
    raw: bool = False
    gaps: GapPolicy = GapPolicy.KEEP
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
    if wanted.as_of is not None and (wanted.files or wanted.samples):
        raise Invalid("as_of", "left out for files and samples: the lake alone knows", wanted.as_of)
    wanted = replace(wanted, symbols=_names(wanted))
    if wanted.style is not None:
        wanted = _of_style(wanted, coarser)
    options = _checked_options(wanted, coarser)
    if wanted.style is not None:
        return _of_trades(wanted, wanted.style, options)
    if wanted.files:
        found = _of_files(wanted, options)
    elif wanted.samples:
        found = _of_samples(wanted, options)
    else:
        found = _of_lake(wanted, options)
    if wanted.gaps is not GapPolicy.KEEP:
        from algotrendy.cli.backtest_gaps import as_declared

        found = as_declared(found, wanted, options)
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


def _of_style(wanted: Wanted, coarser: Sequence[str]) -> Wanted:
    """Refuse what does not go with bars of trades, which have the prices as they were traded."""
    if coarser:
        raise Invalid("style", "left out for a strategy that reads longer timeframes", wanted.style)
    for name in ("timeframe", "date_format", "as_of"):
        if given := getattr(wanted, name):
            raise Invalid(name, "left out with --style: bars are made of trades", given)
    if wanted.gaps is not GapPolicy.KEEP:
        raise Invalid("gaps", "keep with --style: its bars come when trades do", str(wanted.gaps))
    if wrong := [path.name for path in wanted.files if path.suffix in (".parquet", ".pq")]:
        raise Invalid("parquet", "left out with --style: trades come as CSV", wrong[0])
    return replace(wanted, raw=True)


def _of_trades(wanted: Wanted, style: str, options: dict[str, Any]) -> Found:
    from algotrendy.backtest.data.trades import from_trades
    from algotrendy.cli.trade_source import find_trades
    from algotrendy.kernel.instrument import parse_symbol
    from algotrendy.market_data.charts.styles import parse

    made = parse(style)
    files = wanted.files or (None,) * len(wanted.symbols)
    trades = [
        find_trades(parse_symbol(name), file, wanted.samples, wanted.first, wanted.last)
        for name, file in zip(wanted.symbols, files, strict=True)
    ]
    origin = ", ".join(dict.fromkeys(each.source for each in trades))
    return Found(from_trades(trades, made, **options), f"trades of {origin}")


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
    from algotrendy.kernel.bar import Timeframe
    from algotrendy.kernel.clock import parse_time
    from algotrendy.kernel.instrument import parse_symbol
    from algotrendy.market_data import wiring
    from algotrendy.market_data.ports import stored_timeframe

    symbols = [parse_symbol(symbol) for symbol in wanted.symbols]
    try:
        store = wiring.bar_store()
    except Unavailable as error:
        reason = "none is set up here; `algotrendy up` starts one, and --csv FILE, --parquet FILE "
        raise Unavailable("the lake of bars", f"{reason}and --samples need none") from error
    adjustment: Any = "raw" if wanted.raw else "all"
    as_of = None if wanted.as_of is None else parse_time(wanted.as_of, "as_of")
    version = store.version()
    stored = store.symbols(version, as_of) if wanted.timeframe in tuple(Timeframe) else []
    series = [
        store.read(
            symbol,
            wanted.first,
            wanted.last,
            timeframe=stored_timeframe(symbol, Timeframe(wanted.timeframe), stored)
            if stored and wanted.timeframe
            else None,
            adjustment=adjustment,
            version=version,
            as_of=as_of,
        )
        for symbol in symbols
    ]
    recorded = "" if as_of is None else f" as it was recorded by {as_of:%Y-%m-%d %H:%M:%S} UTC"
    return Found(from_series(series, **options), f"the lake{recorded}")


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
