"""The bars of a sweep: pinned, so that every run of it sees the same, and made into datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algotrendy.backtest.canonical import digest
from algotrendy.backtest.request import CalendarName, ResearchSpec, SweepSpec
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities
from algotrendy.market_data.ports import BarStore, stored_timeframe
from algotrendy.market_data.quality.policy import GapPolicy, all_declared
from algotrendy.market_data.series import BarSeries, session_date
from algotrendy.strategy.definition import Strategy

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Pinned:
    """The bars of one symbol that every run of the sweep is to see.

    Attributes:
        timeframe: That a strategy decides at, and that ``bars`` counts.
        sha256: Of the series, see ``BarSeries.sha256``.
        first, last: Session dates, ISO 8601.
        source: As the store names it.
    """

    symbol: str
    timeframe: str
    sha256: str
    bars: int
    first: str
    last: str
    source: str


@dataclass(frozen=True, slots=True)
class Market:
    """What one run of a sweep sees: a symbol, or with ``together`` all of them."""

    data: tuple[Pinned, ...]

    @property
    def name(self) -> str:
        """Give its symbols in a word, as the table of results has them."""
        return " ".join(self.symbols)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Give its symbols, in order."""
        return tuple(pinned.symbol for pinned in self.data)

    @property
    def sha256(self) -> str:
        """Hash its bars."""
        return data_sha256([pinned.sha256 for pinned in self.data])

    @property
    def bars(self) -> int:
        """Count its steps, those at which one symbol alone has a bar not counted twice."""
        return max(pinned.bars for pinned in self.data)


def data_sha256(series: Sequence[str]) -> str:
    """Hash the hashes of series that are traded together; of one it is that of the series."""
    return series[0] if len(series) == 1 else digest(sorted(series))


def calendar_named(name: CalendarName) -> TradingCalendar | None:
    """Give the calendar of a request."""
    if name == "none":
        return None
    return us_equities() if name == "us-equities" else always_open()


def pin(
    spec: SweepSpec,
    strategy: Strategy,
    name: str,
    bars: BarStore,
    version: int,
    sources: dict[Any, str],
) -> Pinned:
    """Note which bars of a symbol the store has now."""
    symbol = parse_symbol(name)
    series = read_bars(spec, symbol, bars, version)
    timeframe, count = series.timeframe.value, len(series)
    if spec.timeframe not in (None, series.timeframe) or spec.gaps is not GapPolicy.KEEP:
        made = dataset_of([series], strategy, spec)
        timeframe, count = made.timeframe, len(made)
    return Pinned(
        symbol=name,
        timeframe=timeframe,
        sha256=series.sha256(),
        bars=count,
        first=session_date(series.times[0]).isoformat(),
        last=session_date(series.times[-1]).isoformat(),
        source=sources.get(symbol, "unknown"),
    )


def read_bars(spec: ResearchSpec, symbol: Symbol, bars: BarStore, version: int) -> BarSeries:
    """Read the bars of a request, as they were known at the moment that it asks for.

    They are the longest that the store has and that the request's timeframe can be made of.
    """
    stored = None
    wanted = getattr(spec, "timeframe", None)
    if wanted is not None:
        summaries = bars.symbols(version, spec.as_of)
        stored = stored_timeframe(symbol, wanted, summaries)
    return bars.read(
        symbol,
        spec.start,
        spec.end,
        timeframe=stored,
        adjustment=spec.adjustment,
        version=version,
        as_of=spec.as_of,
    )


def pinned_bars(
    spec: ResearchSpec, symbol: str, sha256: str, version: int, bars: BarStore
) -> BarSeries:
    """Read the bars that a plan pinned.

    Raises:
        Conflict: If the store no longer has them as they were.
    """
    series = read_bars(spec, parse_symbol(symbol), bars, version)
    if series.sha256() != sha256:
        raise Conflict(
            f"the bars of {symbol} in version {version} are not those that were planned with",
            symbol=symbol,
            planned=sha256,
            actual=series.sha256(),
        )
    return series


def dataset_of(series: Sequence[BarSeries], strategy: Strategy, spec: SweepSpec) -> Dataset:
    """Make a dataset of stored series, as a strategy of a request is to see them."""
    # Loads numpy: not before there is something to compute.
    from algotrendy.backtest.data.making import from_series
    from algotrendy.backtest.data.resampling import on_timeframe

    calendar = calendar_named(spec.calendar)
    wanted = all_declared(series, spec.gaps, calendar)
    made = from_series(wanted, coarser=strategy.timeframes, calendar=calendar)
    return made if spec.timeframe is None else on_timeframe(made, spec.timeframe, calendar)
