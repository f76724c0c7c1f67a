"""A TickStore in memory, for the tests of whoever reads trades."""

from __future__ import annotations

from datetime import date

from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.ports import NO_BARS_YET, Replacement
from algotrendy.market_data.series import session_date
from algotrendy.market_data.ticks import (
    Ticks,
    TickSummary,
    dates_of,
    require_dates,
    unknown_symbol,
    unknown_version,
)

_Row = tuple[int, float, float, str]


class MemoryTicks:
    """Keeps every version."""

    def __init__(self, *imports: Ticks) -> None:
        self._version = NO_BARS_YET
        self._rows: dict[Symbol, list[_Row]] = {}
        self._versions: dict[int, dict[Symbol, list[_Row]]] = {NO_BARS_YET: {}}
        for ticks in imports:
            self.replace(ticks)

    def version(self) -> int:
        return self._version

    def symbols(self) -> list[TickSummary]:
        return [
            TickSummary(
                symbol,
                session_date(rows[0][0]),
                session_date(rows[-1][0]),
                len(rows),
                ", ".join(sorted({row[3] for row in rows})),
            )
            for symbol, rows in sorted(self._rows.items())
        ]

    def read(
        self,
        symbol: Symbol,
        first: date,
        last: date,
        as_of: int | None = None,
        version: int | None = None,
    ) -> Ticks:
        require_dates(first, last)
        if version is not None and version not in self._versions:
            raise unknown_version(version, self._version)
        if symbol not in self._rows:
            raise unknown_symbol(symbol, self.symbols())
        there = self._rows if version is None else self._versions[version]
        rows = [row for row in there.get(symbol, ()) if first <= session_date(row[0]) <= last]
        source = ", ".join(sorted({row[3] for row in rows}))
        times = [row[0] for row in rows]
        return Ticks(symbol, times, [row[1] for row in rows], [row[2] for row in rows], source)

    def replace(self, ticks: Ticks) -> Replacement:
        ticks.validate()
        first, last = dates_of(ticks)
        old = self._rows.get(ticks.symbol, [])
        columns = (ticks.times, ticks.prices, ticks.sizes)
        rows = [(*row, ticks.source) for row in zip(*columns, strict=True)]
        kept = [row for row in old if not first <= session_date(row[0]) <= last]
        new = sorted([*kept, *rows], key=lambda row: row[0])
        if new == old:
            return Replacement(self._version, ())
        self._rows[ticks.symbol] = new
        self._version += 1
        self._versions[self._version] = dict(self._rows)
        return Replacement(self._version, (ticks.symbol,))

    def forget(self, version: int) -> None:
        """Keep a version no longer, as upkeep of the lake does."""
        del self._versions[version]
