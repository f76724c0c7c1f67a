"""A BarStore in memory, for the tests of whoever reads bars."""

from collections.abc import Sequence
from datetime import date

from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import NO_BARS_YET, Replacement, SymbolSummary
from algotrendy.market_data.refusals import (
    nothing_to_read,
    require_one_import_a_symbol,
    require_order,
    unknown_version,
)
from algotrendy.market_data.series import Adjustment, BarSeries, RawBars, day_ns, session_date

_Row = tuple[tuple[float, ...], str]
_Contents = dict[Symbol, dict[int, _Row]]


class MemoryBars:
    """Keeps every version; daily bars only."""

    def __init__(self, *imports: RawBars) -> None:
        self._versions: list[_Contents] = []
        self._timeframes = {bars.symbol: bars.timeframe for bars in imports}
        if imports:
            self.replace(imports)

    def version(self) -> int:
        return len(self._versions) - 1 if self._versions else NO_BARS_YET

    def symbols(self, version: int | None = None) -> list[SymbolSummary]:
        return [
            SymbolSummary(
                symbol,
                self._timeframes[symbol],
                session_date(min(rows)),
                session_date(max(rows)),
                len(rows),
                ", ".join(sorted({source for _, source in rows.values()})),
            )
            for symbol, rows in sorted(self._at(version).items())
        ]

    def read(
        self,
        symbol: Symbol,
        start: date | None = None,
        end: date | None = None,
        *,
        adjustment: Adjustment = "raw",
        limit: int | None = None,
        after: int | None = None,
        version: int | None = None,
    ) -> BarSeries:
        require_order(start, end)
        rows = self._at(version).get(symbol, {})
        times = [
            time
            for time in sorted(rows)
            if (start is None or time >= day_ns(start)) and (end is None or time <= day_ns(end))
        ]
        if not times:
            raise nothing_to_read(symbol, start, end, self.symbols(version))
        times = [time for time in times if after is None or time > after][:limit]
        numbers = [rows[time][0] for time in times]
        open_, high, low, close, volume, factor = (
            tuple(row[place] for row in numbers) for place in range(6)
        )
        timeframe = self._timeframes[symbol]
        page = RawBars(
            symbol, timeframe, tuple(times), open_, high, low, close, volume, factor, "memory"
        )
        return page.adjusted(adjustment)

    def replace(self, imports: Sequence[RawBars]) -> Replacement:
        require_one_import_a_symbol(imports)
        now = {symbol: dict(rows) for symbol, rows in self._at(None).items()}
        changed = []
        for bars in imports:
            self._timeframes[bars.symbol] = bars.timeframe
            old = now.get(bars.symbol, {})
            new = {time: row for time, row in old.items() if not _covers(bars, time)} | _rows(bars)
            if new != old:
                now[bars.symbol] = new
                changed.append(bars.symbol)
        if changed:
            self._versions.append(now)
        return Replacement(self.version(), tuple(changed))

    def _at(self, version: int | None) -> _Contents:
        if version == NO_BARS_YET or not self._versions:
            return {}
        if version is None:
            return self._versions[-1]
        if not 0 <= version < len(self._versions):
            raise unknown_version(version, self.version())
        return self._versions[version]


def _covers(bars: RawBars, time: int) -> bool:
    return bars.times[0] <= time <= bars.times[-1]


def _rows(bars: RawBars) -> dict[int, _Row]:
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.factor)
    rows = zip(*columns, strict=True)
    return {time: (row, bars.source) for time, row in zip(bars.times, rows, strict=True)}
