"""Run strategies compiled with numba; nothing else of the engine knows it."""

from __future__ import annotations

from algotrendy.backtest.engine.compiled.bind import SPAN, STEP, Bound, CannotCompileError, bind
from algotrendy.backtest.engine.compiled.running import Run
from algotrendy.backtest.engine.compiled.signatures import FULL, RAISED
from algotrendy.backtest.engine.raw import Raw
from algotrendy.backtest.engine.setting import Setting

__all__ = ["Bound", "CannotCompileError", "StrategyRaisedError", "bind", "run_compiled"]


class StrategyRaisedError(Exception):
    """Says that the compiled strategy raised; run interpreted, it raises what it raises."""


def run_compiled(setting: Setting) -> Raw:
    """Run a strategy compiled.

    Raises:
        CannotCompileError: With the reason.
        StrategyRaisedError: If it raises while it runs.
    """
    bound = bind(setting.strategy, SPAN if setting.is_plain else STEP)
    # Memory that is never touched costs nothing: an order every second bar is room enough.
    rows, log_rows = 64, 4096 + len(setting.dataset) * len(setting.dataset.assets) // 2
    while True:
        run = Run(setting, bound, rows, log_rows)
        ended = run.go()
        if ended == RAISED:
            raise StrategyRaisedError(setting.strategy.name)
        if ended != FULL:
            return run.raw()
        rows, log_rows = rows * 4, log_rows * 4
