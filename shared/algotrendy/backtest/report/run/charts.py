"""Give the charts of a run what they draw, as plain lists of few numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.outputs.findings import Findings
from algotrendy.backtest.report.embedding import short
from algotrendy.backtest.report.run.fan import Fan
from algotrendy.backtest.report.run.thinning import candles, kept_rows
from algotrendy.backtest.statistics.drawdowns import drawdown_series
from algotrendy.backtest.statistics.rolling import rolling_sharpe, rolling_volatility
from algotrendy.backtest.statistics.series import daily_returns

SECOND_NS = 1_000_000_000
POINTS = 4_000
CANDLES = 24_000
MOST_CANDLES = 5_000
LEAST_CANDLES = 300
MOST_ASSETS = 40
MOST_TRADES = 5_000
LEAST_WINDOW = 20
_BINS = 60


def payload_of(findings: Findings, fan: Fan | None) -> dict[str, Any]:
    """Give all that the page's scripts read."""
    return {
        "daily": findings.is_daily,
        "currency": findings.backtest.setting.dataset.currency,
        "names": {
            "run": findings.backtest.setting.strategy.name,
            "benchmark": findings.benchmark.name,
        },
        "curve": _curve(findings),
        "rolling": _rolling(findings),
        "months": [[y, m, short(made)] for y, m, made in findings.full.calendar.months],
        "years": _years(findings),
        "histogram": _histogram(findings),
        "assets": [
            _asset(findings, place)
            for place, asset in enumerate(findings.backtest.setting.dataset.assets[:MOST_ASSETS])
            if len(asset.base)
        ],
        "trades": _trades(findings),
        "fan": None if fan is None else _fan(fan),
    }


def window_of(findings: Findings) -> int | None:
    """Choose the window of the rolling figures: half a year, or a quarter of a short run.

    None where the run is too short or nothing moved.
    """
    returns = findings.series.returns
    window = min(round(findings.periods_per_year / 2), len(returns) // 4)
    return window if window >= LEAST_WINDOW and returns.any() else None


def _curve(findings: Findings) -> dict[str, Any]:
    run = findings.backtest
    equity, other = run.equity, findings.benchmark.equity
    exposure = np.divide(run.exposure, equity, out=np.full(len(equity), np.nan), where=equity > 0.0)
    fallen, other_fallen = drawdown_series(equity), drawdown_series(other)
    rows = kept_rows([equity, other, fallen, exposure], POINTS)
    kinder_and_harsher = [
        {"name": found.name, "equity": _numbers(found.backtest.equity[rows])}
        for found in findings.scenarios
        if found.backtest is not run
    ]
    return {
        "seconds": _seconds(run.time[rows] - 1),
        "equity": _numbers(equity[rows]),
        "benchmark": _numbers(other[rows]),
        "drawdown": _numbers(fallen[rows]),
        "benchmarkDrawdown": _numbers(other_fallen[rows]),
        "exposure": _numbers(exposure[rows]),
        "scenarios": kinder_and_harsher,
    }


def _rolling(findings: Findings) -> dict[str, Any] | None:
    window = window_of(findings)
    if window is None:
        return None
    series, periods = findings.series, findings.periods_per_year
    sharpe = rolling_sharpe(series.returns, window, periods)
    volatility = rolling_volatility(series.returns, window, periods)
    rows = kept_rows([sharpe, volatility], POINTS)
    rows = rows[rows >= window - 1]
    times = findings.backtest.time[1 : len(series.returns) + 1]
    return {
        "window": window,
        "seconds": _seconds(times[rows] - 1),
        "sharpe": _numbers(sharpe[rows]),
        "volatility": _numbers(volatility[rows]),
    }


def _years(findings: Findings) -> list[list[Any]]:
    theirs = dict(findings.benchmark_full.calendar.years)
    return [
        [year, short(made), short(theirs.get(year))] for year, made in findings.full.calendar.years
    ]


def _histogram(findings: Findings) -> dict[str, Any] | None:
    days = daily_returns(findings.series)
    returns = findings.series.returns if days is None else days
    unit = "day" if days is not None and not findings.is_daily else "bar"
    moved = returns[returns != 0.0]
    if len(moved) < 2 or moved.min() == moved.max():
        return None
    # The ends gather what lies beyond them, so that one crash does not make the rest a needle.
    low, high = np.quantile(moved, [0.002, 0.998])
    if low == high:
        low, high = moved.min(), moved.max()
    bins = int(min(_BINS, max(10, 2 * len(moved) ** 0.5)))
    counts, edges = np.histogram(np.clip(moved, low, high), bins=bins, range=(low, high))
    return {
        "unit": unit,
        "low": short(float(edges[0])),
        "width": short(float(edges[1] - edges[0])),
        "counts": counts.tolist(),
        "flat": int(len(returns) - len(moved)),
    }


def _asset(findings: Findings, place: int) -> dict[str, Any]:
    dataset = findings.backtest.setting.dataset
    asset = dataset.assets[place]
    shown = min(len(dataset.assets), MOST_ASSETS)
    drawn = candles(asset.base, max(LEAST_CANDLES, min(MOST_CANDLES, CANDLES // shown)))
    return {
        "symbol": asset.symbol,
        "currency": asset.currency,
        "each": drawn.each,
        "seconds": _seconds(drawn.time),
        "open": _numbers(drawn.open),
        "high": _numbers(drawn.high),
        "low": _numbers(drawn.low),
        "close": _numbers(drawn.close),
        "marks": _marks(findings, place, drawn.each),
    }


def _marks(findings: Findings, place: int, each: int) -> list[list[Any]]:
    """Give fills by candle and side: candle, 1 or -1, fills, units, mean price, fees."""
    run = findings.backtest
    fills = run.fills[(run.fills["asset"] == place) & (run.fills["price"] > 0.0)]
    if not len(fills):
        return []
    bar = np.maximum(run.setting.dataset.seen(place)[fills["step"]] - 1, 0)
    side = np.where(fills["units"] > 0.0, 1, 0)
    group, where = np.unique(bar // each * 2 + side, return_inverse=True)
    units = np.abs(fills["units"])
    total = np.bincount(where, units)
    paid = np.bincount(where, units * fills["price"])
    fees = np.bincount(where, fills["fee"])
    counts = np.bincount(where)
    return [
        [int(key) // 2, 1 if key % 2 else -1, int(n), short(u), short(value / u), short(fee)]
        for key, n, u, value, fee in zip(
            group.tolist(), counts, total.tolist(), paid.tolist(), fees.tolist(), strict=True
        )
    ]


def _trades(findings: Findings) -> dict[str, Any]:
    trips, run = findings.trips, findings.backtest
    chosen = np.arange(len(trips))
    if len(trips) > MOST_TRADES:
        # Those that made the difference, in the order in which they ended.
        chosen = np.sort(np.argsort(-np.abs(trips.profit), kind="stable")[:MOST_TRADES])
    return {
        "all": len(trips),
        "asset": [run.setting.dataset.symbols[place] for place in trips.asset[chosen].tolist()],
        "entry": _seconds(run.time[trips.entry[chosen]] - 1),
        "exit": _seconds(run.time[trips.exit[chosen]] - 1),
        "bars": (trips.exit - trips.entry)[chosen].tolist(),
        "units": _numbers(trips.units[chosen]),
        "entryPrice": _numbers(trips.entry_price[chosen]),
        "exitPrice": _numbers(trips.exit_price[chosen]),
        "fees": _numbers(trips.fees[chosen]),
        "profit": _numbers(trips.profit[chosen]),
        "return": _numbers(trips.returns[chosen]),
        "adverse": _numbers(trips.adverse[chosen]),
        "favourable": _numbers(trips.favourable[chosen]),
        "open": trips.is_open[chosen].astype(np.int64).tolist(),
    }


def _fan(fan: Fan) -> dict[str, Any]:
    return {
        "trades": fan.trades.tolist(),
        "quantiles": [_numbers(level) for level in fan.quantiles],
        "actual": _numbers(fan.actual),
    }


def _seconds(times: NDArray[np.int64]) -> list[int]:
    found: list[int] = (times // SECOND_NS).tolist()
    return found


def _numbers(values: Iterable[Any] | NDArray[Any]) -> list[Any]:
    return [
        None if value != value else short(value)
        for value in np.asarray(values, dtype=np.float64).tolist()
    ]
