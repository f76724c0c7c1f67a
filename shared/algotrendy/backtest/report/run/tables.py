"""Write the tables of a run's report as HTML; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from typing import Any, Final

import numpy as np

from algotrendy.backtest.outputs.definitions import (
    ACTIVITY,
    BENCHMARK,
    COMPARED,
    CONFIDENCE,
    DRAWDOWNS,
    GROWTH,
    KEY,
    NONE,
    RATIOS,
    RISK,
    TRADES,
    Figure,
    Form,
    written,
)
from algotrendy.backtest.outputs.findings import Findings
from algotrendy.backtest.report.run.fan import SHARES, Fan
from algotrendy.backtest.statistics.annual import TRADING_DAYS
from algotrendy.backtest.statistics.regimes import (
    TREND_NAMES,
    VOLATILITY_NAMES,
    Regime,
    by_calendar,
    by_state,
    trend_by_mean,
    volatility_terciles,
)
from algotrendy.backtest.statistics.resampling import Interval, bootstrap_intervals, figures
from algotrendy.backtest.statistics.series import FloatArray, daily_returns

_RESAMPLED: Final[tuple[tuple[str, str, Form], ...]] = (
    ("sharpe", "Sharpe ratio", "number"),
    ("sortino", "Sortino ratio", "number"),
    ("annual_return", "Annual return", "percent"),
    ("volatility", "Volatility", "percent"),
    ("max_drawdown", "Deepest drawdown", "percent"),
)
_RESAMPLES = 1_000
_LEAST_RESAMPLES = 100
_DRAWS = 5_000_000
_TREND_WINDOW = 200
_LEAST_RETURNS = 20


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Write a table; the first column names the rows."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        f"{''.join(f'<td>{escape(cell)}</td>' for cell in row[1:])}</tr>"
        for row in rows
    )
    said = f'<p class="hint">{escape(caption)}</p>' if caption else ""
    return (
        f'{said}<div class="scroll" role="region" tabindex="0" '
        f'aria-label="{escape(caption or "Table")}"><table class="plain">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def key_figures(findings: Findings) -> str:
    """Write the figures to be seen first, with the benchmark's below."""
    beside = findings.benchmark.statistics
    cells = []
    for figure in KEY:
        own = written(getattr(findings.key, figure.name), figure.form)
        other = NONE if beside is None else written(getattr(beside, figure.name), figure.form)
        cells.append(
            f"<div><dt>{escape(figure.label)}</dt>"
            f'<dd class="value">{escape(own)}</dd>'
            f'<dd class="beside">{escape(findings.benchmark.name)} {escape(other)}</dd></div>'
        )
    return "\n".join(cells)


def statistics(findings: Findings) -> str:
    """Write every figure in groups, each with its definition."""
    full = findings.full
    groups: list[tuple[str, tuple[Figure, ...], Any]] = [
        ("Growth", GROWTH, full.growth),
        ("Risk", RISK, full.risk),
        ("Ratios", RATIOS, full.ratios),
        ("Drawdowns", DRAWDOWNS, full.drawdowns),
        ("Exposure and turnover", ACTIVITY, full.activity),
        (f"Against {findings.benchmark.name}", BENCHMARK, full.benchmark),
    ]
    if full.trades is not None:
        groups.append(("Trades", TRADES, full.trades.all))
        # Where all are of one side, they are the same figures again.
        if full.trades.long.count and full.trades.short.count:
            groups.append(("Long trades", TRADES, full.trades.long))
            groups.append(("Short trades", TRADES, full.trades.short))
    return "\n".join(
        _group(title, wanted, found) for title, wanted, found in groups if found is not None
    )


def confidence(findings: Findings) -> str:
    """Write how far the Sharpe ratio can be trusted."""
    return _group("The Sharpe ratio", CONFIDENCE, findings.full.confidence)


def _group(title: str, wanted: tuple[Figure, ...], found: Any) -> str:
    rows = "".join(
        f'<div><dt tabindex="0">{escape(figure.label)}'
        f'<span class="definition" role="note">{escape(figure.definition)}</span></dt>'
        f"<dd>{escape(written(getattr(found, figure.name), figure.form))}</dd></div>"
        for figure in wanted
    )
    return f'<div class="group"><h3>{escape(title)}</h3><dl>{rows}</dl></div>'


def drawdowns(findings: Findings) -> str:
    """Write the deepest falls."""
    rows = [
        (
            str(place),
            written(fall.depth, "percent"),
            _day(fall.peak_time),
            _day(fall.trough_time),
            _day(fall.recovery_time) if fall.recovery_time else "not yet",
            written(float(fall.bars), "count"),
            written(fall.days, "days"),
        )
        for place, fall in enumerate(findings.full.drawdown_table, start=1)
    ]
    if not rows:
        return "<p>The equity never fell below a peak.</p>"
    return table(("", "Depth", "Peak", "Lowest", "Recovered", "Bars", "Days"), rows)


def scenarios(findings: Findings) -> str:
    """Write the key figures under optimistic, given and harsh fills, side by side."""
    made = findings.scenarios
    terms = [asdict(found.backtest.setting.terms) for found in made]
    rows: list[tuple[str, ...]] = [
        (f"Terms: {name.replace('_', ' ')}", *(f"{float(each[name]):g}" for each in terms))
        for name in terms[0]
        if len({each[name] for each in terms}) > 1
    ]
    rows += [
        (
            figure.label,
            *(written(getattr(found.statistics, figure.name), figure.form) for found in made),
        )
        for figure in COMPARED
    ]
    return table(("", *(found.name for found in made)), rows)


def costs(findings: Findings) -> str:
    """Write how the profit before costs becomes the profit: what was paid and earned."""
    run = findings.backtest
    paid = run.costs()
    cash = run.setting.terms.cash
    net = float(run.equity[-1]) - cash
    before = net + paid["fees"] + paid["slippage"] + paid["borrow"]
    before -= paid["interest"] + paid["dividends"]
    rows = (
        ("Profit from prices, before costs", before),
        ("Fees", -paid["fees"]),
        ("Slippage", -paid["slippage"]),
        ("Borrowed shares", -paid["borrow"]),
        ("Interest earned less paid", paid["interest"]),
        ("Dividends received less owed", paid["dividends"]),
        ("Profit", net),
    )
    return table(
        ("", run.setting.dataset.currency, "Of the start"),
        [
            (label, written(value + 0.0, "money"), written((value + 0.0) / cash, "percent"))
            for label, value in rows
        ],
    )


def intervals(findings: Findings) -> str:
    """Write bootstrap intervals of the figures that are quoted most."""
    made = _intervals(findings)
    if made is None:
        return "<p>There are too few returns that vary to resample them.</p>"
    found, count, unit = made
    rows = [
        (
            label,
            written(found[name].estimate, form),
            written(found[name].low, form),
            written(found[name].high, form),
        )
        for name, label, form in _RESAMPLED
    ]
    first = found["sharpe"]
    caption = (
        f"95 % intervals from {count:,} resamples of the "
        f"{unit} returns in blocks of {first.block:.3g} on average (stationary bootstrap, "
        "bias-corrected and accelerated)"
    )
    return table(("", "Estimate", "Low", "High"), rows, caption)


def _intervals(findings: Findings) -> tuple[dict[str, Interval], int, str] | None:
    days = daily_returns(findings.series)
    returns = findings.series.returns if days is None else days
    is_bars = days is None or days is findings.series.returns
    periods = findings.periods_per_year if is_bars else TRADING_DAYS
    if len(returns) < _LEAST_RETURNS or returns.min() == returns.max():
        return None
    count = max(_LEAST_RESAMPLES, min(_RESAMPLES, _DRAWS // len(returns)))
    wanted = {name: figures(periods)[name] for name, _, _ in _RESAMPLED}
    found = bootstrap_intervals(returns, wanted, seed=findings.seed, resamples=count)
    return found, count, "bars'" if is_bars else "daily"


def regimes(findings: Findings) -> str:
    """Write what was made in which state of the market, by weekday and by month."""
    series, periods = findings.series, findings.periods_per_year
    count = len(series.returns)
    market = _market(findings)[: count + 1]
    trend = f"Market above (bull) or below its mean of {_TREND_WINDOW} bars at the close before"
    made = [
        (
            trend,
            by_state(series.returns, trend_by_mean(market, _TREND_WINDOW), TREND_NAMES, periods),
        ),
        (
            "Volatility of the market, known at the close before",
            by_state(
                series.returns,
                volatility_terciles(np.diff(market) / market[:-1]),
                VOLATILITY_NAMES,
                periods,
            ),
        ),
        ("Day of the week", by_calendar(series, "weekday")),
        ("Month of the year", by_calendar(series, "month")),
    ]
    shown = [
        _regimes(caption, found) for caption, found in made if any(state.bars for state in found)
    ]
    return "\n".join(shown) or "<p>The run is too short to tell states of the market apart.</p>"


def _market(findings: Findings) -> FloatArray:
    """Give the closes of the first asset at each step; before its first bar its open."""
    dataset = findings.backtest.setting.dataset
    base, seen = dataset.assets[0].base, dataset.seen(0)
    if not len(base):
        return np.ones(len(dataset))
    return np.where(seen > 0, base.close[np.maximum(seen - 1, 0)], base.open[0])


def _regimes(caption: str, found: Iterable[Regime]) -> str:
    rows = [
        (
            state.name.capitalize(),
            written(state.share, "percent"),
            written(state.total_return, "percent"),
            written(state.sharpe, "number"),
            written(state.volatility, "percent"),
            written(state.win_rate, "percent"),
            written(state.worst, "percent"),
        )
        for state in found
        if state.bars
    ]
    head = ("", "Of bars", "Return", "Sharpe", "Volatility", "Bars won", "Worst bar")
    return f"<div>{table(head, rows, caption)}</div>"


def chances(fan: Fan) -> str:
    """Write what the paths of a fan came to."""
    ends = fan.quantiles[:, -1]
    rows = [
        (
            f"{share:.0%} of paths below",
            written(float(end), "money"),
            written(float(fall), "percent"),
        )
        for share, end, fall in zip(SHARES, ends, fan.drawdowns, strict=True)
    ]
    caption = (
        f"{fan.paths:,} paths of {int(fan.trades[-1]):,} trades drawn with replacement: "
        f"{fan.loss:.1%} end below the capital, {fan.halved:.1%} lose half of it on the way"
    )
    return table(("", "Final equity", "Deepest drawdown"), rows, caption)


def _day(time_ns: int | None) -> str:
    return NONE if time_ns is None else str(np.datetime64(time_ns, "ns").astype("M8[D]"))
