"""Tell others that bars are whole, once the lake has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, Protocol

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.ids import CorrelationId, EventId, Ids, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.charts.styles import parse
from algotrendy.market_data.events import MOST_SYMBOLS, OF_NO_TENANT, BarsClosed
from algotrendy.market_data.ports import BarStore, Replacement, SymbolSummary
from algotrendy.market_data.series import Adjustment, BarSeries, RawBars
from algotrendy.market_data.streaming.stores import NewBars

Dataset = Literal["bars", "chart_bars"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STYLE: Final = "time"


@dataclass(frozen=True, slots=True)
class WholeBar:
    """A bar that the lake has; ``end`` is that of its span, in nanoseconds since 1970 UTC."""

    symbol: str
    timeframe: Timeframe
    end: int


class Teller(Protocol):
    """Lets others hear that bars closed. Never raises: who misses it looks into the lake."""

    def tell(self, closed: Sequence[BarsClosed]) -> None:
        """Publish the events, now or with the next ones."""
        ...


class TellsNobody:
    """Is the ``Teller`` where there is no bus."""

    def tell(self, closed: Sequence[BarsClosed]) -> None:
        """Do nothing."""


def closings(
    bars: Iterable[WholeBar],
    dataset: Dataset,
    lake_version: int,
    now: datetime,
    correlation_id: CorrelationId,
) -> list[BarsClosed]:
    """Make one event of the newest bars that end together in one timeframe.

    The same bars of the same version are the same event, so that a repetition has the same id.
    """
    newest: dict[tuple[str, Timeframe], int] = {}
    for bar in bars:
        key = bar.symbol, bar.timeframe
        newest[key] = max(bar.end, newest.get(key, bar.end))
    together: dict[tuple[int, Timeframe], list[str]] = {}
    for (symbol, timeframe), end in newest.items():
        together.setdefault((end, timeframe), []).append(symbol)
    found: list[BarsClosed] = []
    for (end, timeframe), symbols in sorted(together.items()):
        symbols.sort()
        for first in range(0, len(symbols), MOST_SYMBOLS):
            some = tuple(symbols[first : first + MOST_SYMBOLS])
            at = _EPOCH + timedelta(microseconds=end // 1000)
            names = (BarsClosed.name, dataset, str(lake_version), timeframe, *some)
            found.append(
                BarsClosed(
                    id=EventId(derived_uuid7(at, *names)),
                    occurred_at=now,
                    correlation_id=correlation_id,
                    tenant=OF_NO_TENANT,
                    symbols=some,
                    timeframe=timeframe,
                    bar_at=at,
                    dataset=dataset,
                    lake_version=lake_version,
                )
            )
    return found


def timeframe_of(style: str) -> Timeframe | None:
    """Give the timeframe whose bars a chart style draws; None of a style that draws others.

    Raises:
        Invalid: If it is no style.
    """
    found = parse(style)
    if found.kind.name != _STYLE:
        return None
    for timeframe in Timeframe:
        # A day of the chart begins at midnight, as that of the lake does.
        if str(parse(f"{_STYLE}:interval={timeframe}")) == str(found):
            return timeframe
    return None


class TellingStream:
    """Lets others hear of the time bars that streamed trades made; of other styles, of none."""

    def __init__(self, teller: Teller, clock: Clock, ids: Ids) -> None:
        self._teller = teller
        self._clock = clock
        self._ids = ids

    def __call__(self, new: Sequence[NewBars], version: int) -> None:
        """Tell of new bars that a version of the lake has."""
        bars = [
            WholeBar(each.key.symbol, timeframe, each.closed[-1].bar.ended)
            for each in new
            if each.closed and (timeframe := timeframe_of(each.key.style)) is not None
        ]
        correlation = CorrelationId(f"bars-{self._ids.next().hex}")
        found = closings(bars, "chart_bars", version, self._clock.now(), correlation)
        self._teller.tell(found)


class TellingBars:
    """Is a ``BarStore`` that lets others hear of what it stores.

    Args:
        store: Where bars are kept.
    """

    def __init__(self, store: BarStore, teller: Teller, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._teller = teller
        self._clock = clock
        self._ids = ids

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        """Store series, as ``BarStore.replace`` says, and tell of those that were changed."""
        done = self._store.replace(imports)
        bars = [
            WholeBar(each.symbol, each.timeframe, each.times[-1] + _span_ns(each.timeframe))
            for each in imports
            if each.symbol in done.changed
        ]
        correlation = CorrelationId(f"bars-{self._ids.next().hex}")
        found = closings(bars, "bars", done.version, self._clock.now(), correlation)
        self._teller.tell(found)
        return done

    def version(self) -> int:
        """Give the newest version."""
        return self._store.version()

    def symbols(
        self, version: int | None = None, as_of: datetime | None = None
    ) -> list[SymbolSummary]:
        """List what is stored."""
        return self._store.symbols(version, as_of)

    def read(
        self,
        symbol: Symbol,
        start: date | None = None,
        end: date | None = None,
        *,
        timeframe: Timeframe | None = None,
        adjustment: Adjustment = "raw",
        limit: int | None = None,
        after: int | None = None,
        version: int | None = None,
        as_of: datetime | None = None,
        named: date | None = None,
    ) -> BarSeries:
        """Read bars."""
        return self._store.read(
            symbol,
            start,
            end,
            timeframe=timeframe,
            adjustment=adjustment,
            limit=limit,
            after=after,
            version=version,
            as_of=as_of,
            named=named,
        )


def _span_ns(timeframe: Timeframe) -> int:
    return int(timeframe.span / timedelta(microseconds=1)) * 1000
