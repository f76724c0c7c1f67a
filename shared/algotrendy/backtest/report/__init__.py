"""Write the report of a sweep: one HTML file that needs nothing from the network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import accumulate
from string import Template
from typing import Any

from algotrendy.backtest.report.contents import Curve, ReportInput
from algotrendy.backtest.report.embedding import embeddable, prose, resource, scripts, short
from algotrendy.backtest.report.words import (
    assumptions,
    figures,
    headline,
    subtitle,
    verdict,
    warning,
)
from algotrendy.kernel.bar import Timeframe

__all__ = ["Curve", "ReportInput", "embeddable", "render"]

_SCRIPTS = (
    "format.js",
    "colours.js",
    "ordering.js",
    "charts.js",
    "spread.js",
    "heatmap.js",
    "table.js",
    "page.js",
)
_POINTS_LIMIT = 4000


def render(given: ReportInput) -> bytes:
    """Give the report as UTF-8 HTML; the same input gives the same bytes."""
    name, symbols = given.plan.strategy.name, given.plan.spec.symbols
    title = f"{name} on {', '.join(symbols[:4])}{' and more' if len(symbols) > 4 else ''}"
    best_title, best_subtitle = headline(given)
    caution = warning(given)
    verdict_title, verdict_lead = verdict(given)
    page = Template(resource("page.html")).substitute(
        title=escape(title),
        subtitle=escape(subtitle(given)),
        best_title=escape(best_title),
        best_subtitle=escape(best_subtitle),
        figures="\n".join(_figure(*figure) for figure in figures(given)),
        warning=f'<p class="note">{escape(caution)}</p>' if caution else "",
        verdict_title=escape(verdict_title),
        verdict_lead=escape(verdict_lead),
        checks="\n".join(
            f'<li class="{"passed" if check.passed else "missed"}">{escape(str(check))}</li>'
            for check in given.winner.verdict.checks
        ),
        equity_label=escape("Equity of the best run and of buy and hold over time"),
        drawdown_label=escape("Fall from the last peak of the best run and of buy and hold"),
        assumptions="\n".join(
            f"<dt>{escape(term)}</dt><dd>{prose(words)}</dd>" for term, words in assumptions(given)
        ),
        sweep_id=escape(given.sweep_id),
        vendor_style=resource("vendor/uPlot.min.css"),
        style=resource("page.css"),
        data=embeddable(_payload(given)),
        vendor_script=resource("vendor/uPlot.iife.min.js"),
        script=scripts(_SCRIPTS),
    )
    return page.encode()


def _figure(label: str, value: str, beside: str) -> str:
    return (
        f"<div><dt>{escape(label)}</dt>"
        f'<dd class="value">{escape(value)}</dd><dd class="beside">{escape(beside)}</dd></div>'
    )


def _payload(given: ReportInput) -> dict[str, Any]:
    plan, best = given.plan, given.best_run
    return {
        "parameters": [parameter.name for parameter in plan.strategy.parameters],
        "symbols": [market.name for market in plan.markets],
        # Runs are numbered: all combinations on the first market, then all on the next.
        "combinations": [[short(value) for value in values] for values in plan.combinations],
        "columns": list(given.columns),
        "values": [[short(cell) for cell in row[1:]] for row in given.rows],
        "best": {
            "run": best.number,
            "label": "Best run" if plan.runs > 1 else "The run",
            "statistics": [short(cell) for cell in given.best[1:]],
        },
        "benchmark": [short(cell) for cell in given.benchmark[1:]],
        "rankedBy": given.ranked_by,
        "curve": _curve(given.curve, daily=plan.data[0].timeframe == Timeframe.DAY),
    }


def _curve(curve: Curve, *, daily: bool) -> dict[str, Any]:
    each = -(-len(curve.times) // _POINTS_LIMIT)
    # Of each stretch the last equity and the deepest fall: thinning must not hide a fall.
    ends = [min(start + each, len(curve.times)) for start in range(0, len(curve.times), each)]
    deep = [_falls(curve.equity), _falls(curve.benchmark)]
    own, other = ([short(min(falls[max(end - each, 0) : end])) for end in ends] for falls in deep)
    return {
        "daily": daily,
        "seconds": [curve.times[end - 1] // 1_000_000_000 for end in ends],
        "equity": [short(curve.equity[end - 1]) for end in ends],
        "benchmark": [short(curve.benchmark[end - 1]) for end in ends],
        "drawdown": own,
        "benchmarkDrawdown": other,
    }


def _falls(equity: Sequence[float]) -> list[float]:
    return [value / peak - 1.0 for value, peak in zip(equity, accumulate(equity, max), strict=True)]
