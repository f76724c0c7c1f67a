"""Draw the bars of a style from closed time bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from algotrendy.kernel.records import Record
from algotrendy.market_data.charts.records import ChartBar, record_type
from algotrendy.market_data.charts.styles import Style


class Chain:
    """The second of two kernels: time bars in, the style's bars out.

    Args:
        engine: See ``building.Engine``.
    """

    def __init__(self, style: Style, engine: Any, saved: Mapping[str, Any] | None = None) -> None:
        rules = style.kind.rules
        self._rules, self._engine = rules, engine
        self._row = record_type(rules.STATE)
        self._state = engine.record(self._row(**(saved["state"] if saved else {})))
        self._plain_rule = style.rule()
        self._rule = engine.record(self._plain_rule)
        self._memory = engine.table(max(1, rules.MEMORY))
        for row, (high, low) in enumerate(saved["memory"] if saved else ()):
            self._memory[row].high, self._memory[row].low = high, low
        self._chain = engine.chain(rules, self._state, self._rule)

    def draw(self, bars: Any) -> Any:
        """Take closed time bars, and give the bars that they made."""
        table = self._engine.table(len(bars))
        at = self._chain(self._state, self._rule, self._memory, bars, table, 0)
        return self._engine.join([table[:at]])

    def preview(self, bar: ChartBar) -> ChartBar | None:
        """Give what the unfinished time bar would make if it closed now."""
        rows = [ChartBar()]
        memory = [ChartBar(high=high, low=low) for high, low in self._kept()]
        state: Record = self._row(**self._values())
        made = self._rules.chain(state, self._plain_rule, memory, [bar], rows, 0)
        return rows[0] if made else None

    def state(self) -> dict[str, Any]:
        """Give everything that is needed to go on elsewhere, as JSON values."""
        return {"state": self._values(), "memory": self._kept()}

    def _values(self) -> dict[str, Any]:
        return {
            name: int(getattr(self._state, name))
            if kind == "i8"
            else float(getattr(self._state, name))
            for name, kind in self._rules.STATE
        }

    def _kept(self) -> list[tuple[float, float]]:
        return [(float(row.high), float(row.low)) for row in self._memory]
