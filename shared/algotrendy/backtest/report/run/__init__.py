"""Write the report of one run: one HTML file that needs nothing from the network."""

from __future__ import annotations

from html import escape
from string import Template
from typing import Any

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.outputs.assumptions import assumptions_of, identity_of
from algotrendy.backtest.outputs.cautions import cautions_of
from algotrendy.backtest.outputs.findings import Findings, findings_of
from algotrendy.backtest.outputs.summary import subtitle_of, title_of
from algotrendy.backtest.report.embedding import embeddable, prose, resource, scripts
from algotrendy.backtest.report.run import tables
from algotrendy.backtest.report.run.charts import MOST_ASSETS, MOST_TRADES, payload_of, window_of
from algotrendy.backtest.report.run.fan import Fan, fan_of

__all__ = ["render_run"]

_SCRIPTS = (
    "format.js",
    "colours.js",
    "ordering.js",
    "run/plots.js",
    "run/curves.js",
    "run/returns.js",
    "run/prices.js",
    "run/trades.js",
    "run/page.js",
)


def render_run(
    backtest: Backtest,
    *,
    benchmark: Any = None,
    trials: Any = None,
    scenarios: bool = True,
    periods_per_year: float | None = None,
    seed: int = 1,
    title: str | None = None,
) -> bytes:
    """Give the report of a run as UTF-8 HTML; the same run gives the same bytes.

    Args:
        benchmark: Another run on the same steps, prices at them, or None: buy and hold of the
            first asset on the same terms.
        trials: How many runs it was chosen from, as a number or as `statistics.selection.Trials`.
        scenarios: Whether it is run again under optimistic and harsh fills.
        periods_per_year: Steps in a year, for annualising; by default of 252 sessions.
        seed: Of the bootstrap and of the draws of trades.
        title: Instead of strategy and symbols.

    Raises:
        Invalid: If the run has no steps, or the benchmark not as many.
    """
    found = findings_of(
        backtest,
        benchmark=benchmark,
        trials=trials,
        scenarios=scenarios,
        periods_per_year=periods_per_year,
        seed=seed,
    )
    fan = _fan(found)
    page = Template(resource("run/page.html")).substitute(
        title=escape(title or title_of(backtest)),
        subtitle=escape(subtitle_of(backtest)),
        vendor_style=resource("vendor/uPlot.min.css"),
        style=resource("page.css") + resource("run/page.css"),
        data=embeddable(payload_of(found, fan)),
        vendor_script=resource("vendor/uPlot.iife.min.js"),
        script=scripts(_SCRIPTS),
        **_texts(found),
        **_tables(found, fan),
    )
    return page.encode()


def _fan(found: Findings) -> Fan | None:
    closed = found.trips.profit[~found.trips.is_open]
    return fan_of(closed, found.backtest.setting.terms.cash, found.seed)


def _texts(found: Findings) -> dict[str, str]:
    run = found.backtest
    window, trades = window_of(found), len(found.trips)
    shown_assets = min(len(run.setting.dataset.assets), MOST_ASSETS)
    cut_trades = f" The {MOST_TRADES:,} largest of {trades:,} are shown."
    cut_assets = f" The first {MOST_ASSETS} assets are shown."
    return {
        "summary": prose(run.setting.strategy.summary),
        "benchmark": escape(found.benchmark.name),
        "cautions": _cautions(found),
        "window": f"{window:,}" if window else "",
        "trades_note": cut_trades if trades > MOST_TRADES else "",
        "assets_note": cut_assets if len(run.setting.dataset.assets) > shown_assets else "",
        "currency": escape(run.setting.dataset.currency),
        "identity": prose(identity_of(run)),
        "assumptions": "\n".join(
            f"<dt>{escape(topic)}</dt><dd>{prose(words)}</dd>"
            for topic, words in assumptions_of(found)
        ),
    }


def _tables(found: Findings, fan: Fan | None) -> dict[str, str]:
    return {
        "key_figures": tables.key_figures(found),
        "drawdowns": tables.drawdowns(found),
        "statistics": tables.statistics(found),
        "confidence": tables.confidence(found),
        "intervals": tables.intervals(found),
        "regimes": tables.regimes(found),
        "costs": tables.costs(found),
        "scenarios": tables.scenarios(found) if found.scenarios else _NOT_ASKED,
        "chances": "<p>It takes two closed trades to draw from.</p>"
        if fan is None
        else tables.chances(fan),
    }


_NOT_ASKED = "<p>The run was not made again under other fills.</p>"


def _cautions(found: Findings) -> str:
    said = cautions_of(found)
    if not said:
        return ""
    listed = "".join(f"<li>{escape(words)}</li>" for words in said)
    head = "<strong>Before you believe it</strong>"
    return f'<div class="note" id="cautions">{head}<ul>{listed}</ul></div>'
