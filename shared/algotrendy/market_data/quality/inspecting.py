"""Look at what is stored of symbols, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import BarStore, SymbolSummary
from algotrendy.market_data.quality.findings import Rules
from algotrendy.market_data.quality.report import Evidence, QualityReport, inspect
from algotrendy.market_data.quality.values import NewestQuote, StreamHole
from algotrendy.market_data.streaming.messages import FIRST_NS, LAST_NS


class StreamMemory(Protocol):
    """What the stream remembers of a symbol; a platform that streams nothing remembers nothing."""

    def refused(self, symbol: Symbol) -> Mapping[str, tuple[int, int, int]]:
        """Give the refused trades by reason: how many, first and last time (ns UTC)."""
        ...

    def holes(self, symbol: Symbol, first: int, last: int) -> Sequence[StreamHole]:
        """Give the newest holes of its stream that touch a span of time (ns UTC), oldest first."""
        ...

    def quote(self, symbol: Symbol) -> NewestQuote | None:
        """Give the newest quote, or None when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Which bars are looked at; None means all there is."""

    symbols: tuple[Symbol, ...] = ()
    timeframe: Timeframe | None = None
    start: date | None = None
    end: date | None = None


class Inspector:
    """Looks at the bars of a store, and at what the stream remembers.

    Args:
        clock: Gives the present moment.
        rules: When something counts as wrong; None: the usual rules of each timeframe.
    """

    def __init__(
        self,
        store: BarStore,
        stream: StreamMemory,
        clock: Callable[[], datetime],
        rules: Rules | None = None,
    ) -> None:
        self._store = store
        self._stream = stream
        self._clock = clock
        self._rules = rules

    def version(self) -> int:
        """Give the version of the store that a report would be of."""
        return self._store.version()

    def series(self, asked: Asked) -> list[SymbolSummary]:
        """List the series that are asked for.

        Raises:
            NotFound: If a symbol has no bars, or none of the timeframe.
        """
        stored = self._store.symbols()
        found = [
            item
            for item in stored
            if (not asked.symbols or item.symbol in asked.symbols)
            and asked.timeframe in (None, item.timeframe)
        ]
        there = {item.symbol for item in found}
        for symbol in asked.symbols:
            if symbol not in there:
                names = ", ".join(sorted({item.symbol for item in stored})[:20])
                raise NotFound("bars of symbol", symbol, f"there are {names or 'none'}")
        return found

    def reports(self, asked: Asked) -> Iterator[QualityReport]:
        """Judge each series that is asked for, one at a time.

        Raises:
            NotFound: As ``series`` does.
            Invalid: If the range of dates holds no bars of a symbol.
        """
        return self.judge(self.series(asked), asked.start, asked.end)

    def judge(
        self, series: Iterable[SymbolSummary], start: date | None = None, end: date | None = None
    ) -> Iterator[QualityReport]:
        """Judge series one at a time, as they are asked for."""
        for item in series:
            yield self._report(item, start, end)

    def _report(self, item: SymbolSummary, start: date | None, end: date | None) -> QualityReport:
        version = self._store.version()
        raw, adjusted = (
            self._store.read(
                item.symbol,
                start,
                end,
                timeframe=item.timeframe,
                adjustment=adjustment,
                version=version,
            )
            for adjustment in ("raw", "all")
        )
        refused = self._stream.refused(item.symbol)
        quote = self._stream.quote(item.symbol)
        first = _midnight(start) if start else FIRST_NS
        last = _midnight(end + timedelta(days=1)) - 1 if end else LAST_NS
        holes = self._stream.holes(item.symbol, first, last)
        evidence = Evidence(raw, adjusted, refused, quote, holes)
        return inspect(evidence, self._clock(), self._rules)


def _midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400 * 1_000_000_000
