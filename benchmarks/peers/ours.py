"""Run the workloads in AlgoTrendy; the product's own environment runs this.

The arguments are size, workload and mode: ``ours.py 1000000 W1 interpreted``. What a mode does
is one function in RUNS.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from measuring import Outcome, Subject, mean, report, size
from numpy.typing import NDArray
from workloads import (
    CASH,
    FAST,
    FEE,
    SLOW,
    SWEEP_CASH,
    UNITS,
    Bars,
    daily_panel,
    daily_times,
    minute_bars,
    minute_times,
    pairs,
)

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.rows import run_rows
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library.sma_cross import SMA_CROSS
from algotrendy.strategy.making import strategy

Run = Callable[[object], Outcome]


@strategy(parameters={"fast": FAST, "slow": SLOW, "units": UNITS}, state={"fast": 0.0, "slow": 0.0})
def crossing(market: Any, own: Any, p: Any) -> None:
    """Hold while the mean of the last closes is above that of more: sums of its own, as a user
    may write them."""
    close = market.close
    seen, price = len(close), close[-1]
    fast, slow = own.fast + price, own.slow + price
    if seen > p.fast:
        fast -= close[-1 - p.fast]
    if seen > p.slow:
        slow -= close[-1 - p.slow]
    own.fast, own.slow = fast, slow
    if seen >= p.slow:
        fast, slow = fast / p.fast, slow / p.slow
        if market.position == 0.0:
            if fast > slow:
                market.buy(p.units)
        elif slow > fast:
            market.exit()


@strategy(parameters={"units": UNITS})
def bracketed(market: Any, own: Any, p: Any) -> None:  # noqa: ARG001
    """Buy every tenth bar when flat, with a target and a stop 0.3 % away."""
    if market.position == 0.0 and (len(market.close) - 1) % 10 == 0 and market.open_orders() == 0:
        close = market.close[-1]
        market.buy_bracket(p.units, take_profit=close * 1.003, stop_loss=close * 0.997)


def w1(mode: Wish, of: Strategy = crossing) -> Run:
    """Give W1, by default with a user's crossing of means."""
    setting = _setting(of, _dataset(minute_bars(size()), minute_times(size()), "1Min"), CASH)
    return lambda _: _outcome(setting, mode)


def w2_interpreted() -> Run:
    """Give W2, one run after the other."""
    panel = [_dataset(bars, daily_times(), "1Day") for bars in daily_panel()]

    def sweep(_: object) -> Outcome:
        done = [
            _outcome(_setting(SMA_CROSS, data, SWEEP_CASH, fast, slow), "interpreted")
            for fast, slow in pairs(size())
            for data in panel
        ]
        return Outcome(mean([o.equity for o in done]), sum(o.fills or 0 for o in done))

    return sweep


def w2_figures() -> Run:
    """Give W2 as sweeps run it: all pairs of a symbol together, and every figure of each run."""
    panel = [_dataset(bars, daily_times(), "1Day") for bars in daily_panel()]
    combinations = [(fast, slow, UNITS) for fast, slow in pairs(size())]
    numbers, cores, terms = range(len(combinations)), os.cpu_count() or 1, _terms(SWEEP_CASH)
    filled = np.zeros(len(combinations), dtype=np.int64)

    def sweep(_: object) -> Outcome:
        many, equity, fills = _many(), [], 0
        # A row does not tell its fills: they are counted beside it.
        plain, many.run_many = many.run_many, partial(many.run_many, filled=filled)
        for data in panel:
            rows = run_rows(data, SMA_CROSS, combinations, terms, numbers, workers=cores)
            equity += [float(row[1] or 0.0) for row in rows]
            fills += int(filled.sum())
        many.run_many = plain
        return Outcome(mean(equity), fills)

    return sweep


def w2_equity() -> Run:
    """Give W2, all pairs of a symbol together, and of each run its final equity alone."""
    panel = [_dataset(bars, daily_times(), "1Day") for bars in daily_panel()]
    combinations = [(fast, slow, UNITS) for fast, slow in pairs(size())]
    filled = np.zeros(len(combinations), dtype=np.int64)

    def sweep(_: object) -> Outcome:
        many, equity, fills = _many(), [], 0
        for data in panel:
            setting = _setting(SMA_CROSS, data, SWEEP_CASH)
            found, _ended = many.run_many(
                setting, combinations, 252.0, with_figures=False, filled=filled
            )
            equity += found[:, 0].tolist()
            fills += int(filled.sum())
        return Outcome(mean(equity), fills)

    return sweep


def _many() -> Any:
    # To load it is to compile it, or to read it from a cache: part of the first call.
    return import_module("algotrendy.backtest.engine.compiled.many")


def w4(mode: Wish) -> Run:
    """Give W4 with real bracket orders."""
    data = _dataset(minute_bars(size()), minute_times(size()), "1Min")
    setting = _setting(bracketed, data, CASH)
    return lambda _: _outcome(setting, mode)


RUNS: dict[tuple[str, str], Callable[[], Run]] = {
    ("W1", "interpreted"): lambda: w1("interpreted"),
    ("W1", "compiled"): lambda: w1("compiled"),
    ("W1", "compiled sma_cross of the library"): lambda: w1("compiled", SMA_CROSS),
    ("W2", "interpreted"): w2_interpreted,
    ("W2", "compiled with all figures"): w2_figures,
    ("W2", "compiled for the equity alone"): w2_equity,
    ("W4", "interpreted"): lambda: w4("interpreted"),
    ("W4", "compiled"): lambda: w4("compiled"),
}


def _dataset(bars: Bars, times: NDArray[np.int64], timeframe: str) -> Dataset:
    arrays = {
        "time": times,
        "open": bars.open,
        "high": np.maximum(bars.high, np.maximum(bars.open, bars.close)),
        "low": np.minimum(bars.low, np.minimum(bars.open, bars.close)),
        "close": bars.close,
        "volume": bars.volume,
    }
    return from_arrays({"SYN": arrays}, timeframe=timeframe)


def _setting(
    of: Strategy, data: Dataset, cash: float, fast: int = FAST, slow: int = SLOW
) -> Setting:
    names = [parameter.name for parameter in of.parameters]
    given = {"fast": fast, "slow": slow, "units": UNITS}
    values = of.check({name: given[name] for name in names})
    return Setting(data, of, values, _terms(cash))


def _terms(cash: float) -> Terms:
    return Terms(cash=cash, fee_bps=FEE * 10_000)


def _outcome(setting: Setting, mode: Wish) -> Outcome:
    found = run(setting, mode)
    return Outcome(float(found.equity[-1]), len(found.fills))


def watch_compiling() -> list[str]:
    """Give a list that gets the name of each function that this process compiles."""
    from numba.core import event

    names: list[str] = []

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            names.append(event.data["dispatcher"].__qualname__)

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Listener())
    return names


def main() -> None:
    """Measure one workload in one mode."""
    workload, mode = sys.argv[2:4]
    if (workload, mode) not in RUNS:
        raise SystemExit(f"the engine does not run {workload} {mode}")
    compiled = [] if mode == "interpreted" else watch_compiling()
    run = RUNS[workload, mode]()
    report(
        Subject("ours", "algotrendy", mode),
        workload,
        run,
        told=lambda: {"functions_compiled": len(compiled)},
    )


if __name__ == "__main__":
    main()
