"""Write the report of a walk forward: one HTML file that needs nothing from the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

import numpy as np

from algotrendy.backtest.outputs.definitions import Form, written
from algotrendy.backtest.report.embedding import resource
from algotrendy.backtest.validation.outcome import WalkForwardOutcome

_WIDTH, _HEIGHT, _POINTS = 1000.0, 260.0, 1000
_STYLE = """
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: right; padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, .assumed td { text-align: left; }
.scroll { overflow-x: auto; }
.passed { color: var(--good); } .missed { color: var(--bad); font-weight: 600; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 13px; }
"""
_NOTE = (
    "In each window parameters were chosen on the part in sample, and only the choice ran on the "
    "part out of sample, on which it begins without a position and closes what it holds at the "
    "end. The returns below are those parts, one after the other, after all costs. Every "
    "combination tried counts as a trial, and the Sharpe ratio is deflated by all trials on these "
    "data that were counted."
)


def render_walk(outcome: WalkForwardOutcome) -> bytes:
    """Give the report as UTF-8 HTML; the same walk with the same trials gives the same bytes."""
    found, plan = outcome.to_json(), outcome.plan
    title = f"{plan.strategy.name} on {', '.join(plan.symbols[:4])}, walked forward"
    steps = len(found["windows"])
    subtitle = f"{steps} windows · {found['first']} to {found['last']} · {found['bars']:,} bars"
    verdict = "The gate lets it pass" if outcome.verdict.passed else "The gate refuses it"
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{resource("page.css")}{_STYLE}</style>
</head>
<body>
<header><div><p class="kicker">Walk forward</p><h1>{escape(title)}</h1>
<p class="subtitle">{escape(subtitle)}</p></div></header>
<section><h2>{verdict}</h2>
{_table(("Check", ""), _checks(outcome))}
</section>
<section><h2>Out of sample</h2><p class="lead">{escape(_NOTE)}</p>
{_curve(outcome)}
{_table(("Figure", ""), _figures(outcome, found))}
</section>
<section><h2>Under other fills</h2><p class="lead">{escape(_FILLS)}</p>
{_table(("Fills", *(label for _, label, _ in _COMPARED)), _other_fills(outcome))}
</section>
<section><h2>Windows</h2>
{_table(_HEADINGS, _windows(found))}
</section>
<section class="assumed"><h2>Assumed</h2>
{_table(("", ""), _assumed(outcome, found))}
</section>
<footer>plan sha256 {escape(found["plan_sha256"])}</footer>
</body>
</html>
"""
    return page.encode()


_FILLS = (
    "The same choices again, out of sample. Optimistic fills have half of every fee and rate, no "
    "slippage and no volume limit; harsh ones twice the costs, at least 10 bps of slippage and 50 "
    "of impact, and take 2 % of a bar's volume at most. What earns under kind fills only earns "
    "nothing."
)
_COMPARED: Final[tuple[tuple[str, str, Form], ...]] = (
    ("total_return", "Total return", "percent"),
    ("cagr", "CAGR", "percent"),
    ("sharpe", "Sharpe ratio", "number"),
    ("max_drawdown", "Deepest drawdown", "percent"),
    ("trades", "Trades", "count"),
)
_HEADINGS = (
    *("Window", "In sample", "Out of sample", "Chosen", "Tried"),
    *("Score in sample", "Score out of sample", "Return"),
)


def _checks(outcome: WalkForwardOutcome) -> Iterable[tuple[str, ...]]:
    for check in outcome.verdict.checks:
        kind, word = ("passed", "passed") if check.passed else ("missed", "refuses")
        yield escape(str(check)), f'<span class="{kind}">{word}</span>'


def _figures(outcome: WalkForwardOutcome, found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    figures = found["statistics"]
    low, high = (written(figures[name], "number") for name in ("sharpe_low", "sharpe_high"))
    rows = [
        ("Total return", written(figures["total_return"], "percent")),
        ("CAGR", written(figures["cagr"], "percent")),
        ("Volatility", written(figures["volatility"], "percent")),
        ("Sharpe ratio", written(figures["sharpe"], "number")),
        ("Its 95 % bootstrap interval", f"{low} to {high}"),
        (
            "Probability that it is above 0 after all trials",
            written(figures["deflated_sharpe"], "percent"),
        ),
        ("Deepest drawdown", written(figures["max_drawdown"], "percent")),
        ("Return under harsh fills", written(found["harsh_return"], "percent")),
        ("Trades", f"{found['trades']:,}"),
        ("Walk-forward efficiency", written(outcome.walked.efficiency, "number")),
        ("Windows that gained", written(found["gained"], "percent")),
        ("Trials of this walk", f"{found['trials']:,}"),
        ("Trials on these data", f"{found['trials_on_these_data']:,}"),
        ("They were counted in", found["trials_counted_in"]),
    ]
    if found["across"] is not None:
        across = found["across"]
        overfitting = across["overfitting"]["probability"]
        lost, paths = across["paths_that_lost"], len(across["paths"])
        rows.append(("Probability of overfitting", written(overfitting, "percent")))
        rows.append(("Paths of purged cross-validation that lost", f"{lost} of {paths}"))
    rows += [
        (f"Stability of {name}", written(each["stability"], "number"))
        for name, each in found["stability"].items()
    ]
    return ((escape(label), escape(words)) for label, words in rows)


def _windows(found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    for row in found["windows"]:
        chosen = row["parameters"] or {}
        searched = [f"{name} {chosen[name]:g}" for name in found["stability"] if name in chosen]
        cells = (
            str(row["window"]),
            " to ".join(row["in_sample_days"]),
            " to ".join(row["out_of_sample_days"]),
            ", ".join(searched) or "nothing",
            f"{row['trials']:,}",
            written(row["in_sample"], "number"),
            written(row["out_of_sample"], "number"),
            written(row["total_return"], "percent"),
        )
        yield tuple(map(escape, cells))


def _other_fills(outcome: WalkForwardOutcome) -> Iterable[tuple[str, ...]]:
    for fills in outcome.fills:
        cells = [written(getattr(fills, name), form) for name, _, form in _COMPARED]
        yield tuple(map(escape, (fills.name, *cells)))


def _assumed(outcome: WalkForwardOutcome, found: dict[str, Any]) -> Iterable[tuple[str, ...]]:
    spec = found["spec"]
    windows = ", ".join(f"{name} {value}" for name, value in spec["windows"].items() if value)
    rows = (
        ("Strategy", outcome.plan.strategy.summary),
        ("Windows", windows),
        ("Search", f"{spec['method']}, for the best {spec['objective']}, seed {spec['seed']}"),
        *outcome.assumed,
    )
    return ((escape(label), escape(words)) for label, words in rows)


def _table(headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> str:
    """Make a table; cells are HTML."""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    top = f"<thead><tr>{head}</tr></thead>" if any(headings) else ""
    return f'<div class="scroll"><table>{top}<tbody>\n{body}\n</tbody></table></div>'


def _curve(outcome: WalkForwardOutcome) -> str:
    """Draw what 1 became, on a logarithmic scale."""
    wealth = np.concatenate([[1.0], outcome.wealth])
    if len(wealth) < 2 or not (wealth > 0.0).all():
        return '<p class="lead">The account was ruined; there is no curve to draw.</p>'
    rows = np.unique(np.linspace(0, len(wealth) - 1, _POINTS).astype(np.int64))
    heights = np.log(wealth)
    low, high = float(heights.min()), float(heights.max())
    span = (high - low) or 1.0
    x = rows / (len(wealth) - 1) * _WIDTH
    y = _HEIGHT - (heights[rows] - low) / span * _HEIGHT
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    level = _HEIGHT + low / span * _HEIGHT
    days = outcome.plan.days
    first, last = days[int(outcome.walked.bars[0])], days[int(outcome.walked.bars[-1])]
    said = f"1 became {wealth[-1]:,.3g} out of sample, {first} to {last}"
    return f"""<svg viewBox="-10 -10 {_WIDTH + 20:g} {_HEIGHT + 40:g}" role="img"
aria-label="{escape(said)}"><line x1="0" x2="{_WIDTH:g}" y1="{level:.1f}" y2="{level:.1f}"
stroke="var(--line)"/><polyline points="{points}" fill="none" stroke="var(--accent)"
stroke-width="1.5"/><text x="0" y="{_HEIGHT + 25:g}">{escape(said)}; the line is 1,
the scale logarithmic</text></svg>"""
