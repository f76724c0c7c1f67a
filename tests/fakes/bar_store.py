"""A BarStore in memory, for the tests of whoever reads bars."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import Clock, SystemClock, as_utc
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionBook, ActionsImport, CorporateAction
from algotrendy.market_data.ports import NO_BARS_YET, Replacement, SymbolSummary
from algotrendy.market_data.reading import Query, read_series
from algotrendy.market_data.refusals import require_one_import_a_series, unknown_version
from algotrendy.market_data.series import Adjustment, BarSeries, RawBars, session_date

_Series = tuple[Symbol, Timeframe]
_Row = tuple[tuple[float, ...], str]
_TICK = timedelta(microseconds=1)


class _Entry(NamedTuple):
    """What was recorded of one bar; no row: the source took it back."""

    version: int
    recorded: datetime
    series: _Series
    time: int
    row: _Row | None


class MemoryBars:
    """Keeps every version, and when each bar was recorded."""

    def __init__(self, *imports: RawBars, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._entries: list[_Entry] = []
        self._actions: list[tuple[int, datetime, tuple[object, ...], CorporateAction | None]] = []
        self._newest = NO_BARS_YET
        if imports:
            self.replace(imports)

    def version(self) -> int:
        return self._newest

    def symbols(
        self, version: int | None = None, as_of: datetime | None = None
    ) -> list[SymbolSummary]:
        return [
            SymbolSummary(
                symbol,
                timeframe,
                session_date(min(rows)),
                session_date(max(rows)),
                len(rows),
                ", ".join(sorted({source for _, source in rows.values()})),
            )
            for (symbol, timeframe), rows in sorted(
                self.at(version, as_of).items(), key=lambda item: (item[0][0], item[0][1].span)
            )
        ]

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
        source = _Source(self, version, as_of)
        on = (as_of or self._clock.now()).astimezone(UTC).date()
        query = Query(symbol, start, end, timeframe, adjustment, limit, after, on, named)
        return read_series(source, query, as_of)

    def raw(
        self, series: _Series, version: int | None, as_of: datetime | None
    ) -> dict[int, tuple[float, ...]]:
        found = self.at(version, as_of).get(series, {})
        return {time: found[time][0] for time in sorted(found)}

    def actions(self, version: int | None, as_of: datetime | None) -> ActionBook:
        newest = self._newest if version is None else version
        moment = None if as_of is None else as_utc(as_of, "as_of")
        found: dict[tuple[object, ...], CorporateAction] = {}
        for at, recorded, key, action in self._actions:
            if at > newest or (moment is not None and recorded > moment):
                continue
            found.pop(key, None)
            if action is not None:
                found[key] = action
        return ActionBook(found.values())

    def tell(self, given: ActionsImport) -> None:
        """Replace actions as ``ActionStore.replace`` does."""
        self._newest += 1
        now = self._clock.now()
        for old in self.actions(None, None).all():
            if old.symbol in given.symbols and given.first <= old.day <= given.last:
                self._actions.append((self._newest, now, old.key, None))
        for action in given.actions:
            self._actions.append((self._newest, now, action.key, action))

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        require_one_import_a_series(imports)
        version = self._newest + 1
        stored = self.at(None, None)
        changed = []
        for bars in imports:
            series = bars.symbol, bars.timeframe
            old, new = stored.get(series, {}), _rows(bars)
            lost = [time for time in old if _covers(bars, time) and time not in new]
            differing = [time for time in new if old.get(time) != new[time]]
            if not lost and not differing:
                continue
            changed.append(bars.symbol)
            now = self._moment_for(bars)
            for time in (*lost, *differing):
                self._entries.append(_Entry(version, now, series, time, new.get(time)))
        if changed:
            self._newest = version
        return Replacement(self._newest, tuple(changed))

    def _moment_for(self, bars: RawBars) -> datetime:
        series = bars.symbol, bars.timeframe
        earlier = [
            entry.recorded
            for entry in self._entries
            if entry.series == series and _covers(bars, entry.time)
        ]
        return max([self._clock.now(), *(moment + _TICK for moment in earlier)])

    def at(self, version: int | None, as_of: datetime | None) -> dict[_Series, dict[int, _Row]]:
        if version is None:
            version = self._newest
        elif not NO_BARS_YET <= version <= self._newest:
            raise unknown_version(version, self._newest)
        moment = None if as_of is None else as_utc(as_of, "as_of")
        found: dict[_Series, dict[int, _Row]] = {}
        for entry in self._entries:
            if entry.version > version or (moment is not None and entry.recorded > moment):
                continue
            rows = found.setdefault(entry.series, {})
            if entry.row is None:
                rows.pop(entry.time, None)
            else:
                rows[entry.time] = entry.row
        return {series: rows for series, rows in found.items() if rows}


class _Source:
    def __init__(self, store: MemoryBars, version: int | None, as_of: datetime | None) -> None:
        self._store, self._of = store, (version, as_of)

    def raw(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        span_ns: tuple[int | None, int | None],
        after: int | None = None,
        limit: int | None = None,
    ) -> RawBars:
        first, last = span_ns
        rows = {
            time: row
            for time, row in self._store.raw((symbol, timeframe), *self._of).items()
            if (first is None or time >= first) and (last is None or time <= last)
        }
        times = tuple(time for time in rows if after is None or time > after)[:limit]
        numbers = [rows[time] for time in times]
        open_, high, low, close, volume, factor = (
            tuple(row[place] for row in numbers) for place in range(6)
        )
        return RawBars(symbol, timeframe, times, open_, high, low, close, volume, factor, "memory")

    def summaries(self) -> list[SymbolSummary]:
        return self._store.symbols(*self._of)

    def actions(self) -> ActionBook:
        return self._store.actions(*self._of)


def _covers(bars: RawBars, time: int) -> bool:
    return bars.times[0] <= time <= bars.times[-1]


def _rows(bars: RawBars) -> dict[int, _Row]:
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.factor)
    rows = zip(*columns, strict=True)
    return {time: (row, bars.source) for time, row in zip(bars.times, rows, strict=True)}
