"""Write the report of a sweep: one HTML file that needs nothing from the network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from algotrendy.backtest.plan import Plan
from algotrendy.backtest.report.words import assumptions
from algotrendy.backtest.shard import Row

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Curve:
    """The best run and buy-and-hold beside it, one value a bar; times in nanoseconds."""

    times: Sequence[int]
    equity: Sequence[float]
    benchmark: Sequence[float]


@dataclass(frozen=True, slots=True)
class ReportInput:
    """What the report shows.

    Attributes:
        columns: Names of the statistics in a row, after its number.
        rows: Every run of the sweep.
        best: The row that ranks first by ``ranked_by``.
        benchmark: Buy and hold of the best run's symbol, on the same terms.
    """

    sweep_id: str
    plan: Plan
    columns: Sequence[str]
    rows: Sequence[Row]
    best: Row
    benchmark: Row
    curve: Curve
    ranked_by: str


def render(given: ReportInput) -> bytes:
    """Give the report as UTF-8 HTML; the same input gives the same bytes."""
    here = files(__package__)
    strategy = given.plan.strategy
    page = Template((here / "page.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=escape(f"{strategy.name} on {', '.join(given.plan.spec.symbols)}"),
        vendor_style=(here / "vendor" / "uPlot.min.css").read_text(encoding="utf-8"),
        style=(here / "page.css").read_text(encoding="utf-8"),
        assumptions="\n".join(
            f"<dt>{escape(term)}</dt><dd>{escape(words)}</dd>"
            for term, words in assumptions(given.plan, given.ranked_by)
        ),
        data=embeddable(_payload(given)),
        vendor_script=(here / "vendor" / "uPlot.iife.min.js").read_text(encoding="utf-8"),
        script="\n".join(
            (here / name).read_text(encoding="utf-8")
            for name in ("format.js", "charts.js", "heatmap.js", "table.js", "page.js")
        ),
    ).encode()


def embeddable(value: object) -> str:
    """Write JSON that cannot end the script element it stands in, whatever its strings say."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _payload(given: ReportInput) -> dict[str, Any]:
    plan = given.plan
    place = plan.run(int(given.best[0] or 0))
    return {
        "sweepId": given.sweep_id,
        "strategy": plan.strategy.name,
        "parameters": [parameter.name for parameter in plan.strategy.parameters],
        "symbols": list(plan.spec.symbols),
        # Runs are numbered: all combinations on the first symbol, then all on the next.
        "combinations": [[_short(v) for v in values] for values in plan.combinations],
        "columns": list(given.columns),
        "values": [[_short(cell) for cell in row[1:]] for row in given.rows],
        "best": {
            "run": place.number,
            "symbol": place.symbol,
            "statistics": [_short(cell) for cell in given.best[1:]],
        },
        "benchmark": [_short(cell) for cell in given.benchmark[1:]],
        "rankedBy": given.ranked_by,
        "cash": float(plan.spec.cash),
        "curve": {
            "seconds": [time // 1_000_000_000 for time in given.curve.times],
            "equity": [_short(v, 8) for v in given.curve.equity],
            "benchmark": [_short(v, 8) for v in given.curve.benchmark],
        },
    }


def _short(value: Any, digits: int = _DIGITS) -> Any:
    if not isinstance(value, float):
        return value
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
