"""Run a strategy: compiled when it can be, interpreted when not, and the same either way."""

from __future__ import annotations

from typing import Literal

from algotrendy.backtest.engine.interpreted import run_interpreted
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.setting import Setting
from algotrendy.kernel.errors import Invalid

Wish = Literal["auto", "compiled", "interpreted"]

_NO_COMPILER = "numba is not installed"


def run(setting: Setting, mode: Wish = "auto") -> Backtest:
    """Run a strategy.

    Args:
        setting: What to run.
        mode: "auto" compiles what can be compiled; "compiled" refuses what cannot.

    Raises:
        Invalid: If it is to be compiled and cannot be, with the compiler's reason.
        Exception: Whatever the strategy raises. A compiled run that raises is made again
            interpreted, so that the error is the strategy's own, with its line.
    """
    if mode not in ("auto", "compiled", "interpreted"):
        raise Invalid("mode", "auto, compiled or interpreted", mode)
    if mode == "interpreted":
        return Backtest(setting, run_interpreted(setting), "interpreted")
    try:
        from algotrendy.backtest.engine import compiled
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return _without(setting, mode, _NO_COMPILER)
    try:
        return Backtest(setting, compiled.run_compiled(setting), "compiled")
    except compiled.CannotCompileError as error:
        return _without(setting, mode, str(error))
    except compiled.StrategyRaisedError as error:
        run_interpreted(setting)
        raise AssertionError(f"{setting.strategy.name} raises only when compiled") from error


def _without(setting: Setting, mode: Wish, reason: str) -> Backtest:
    if mode == "compiled":
        raise Invalid("mode", "interpreted, since it cannot be compiled", reason)
    return Backtest(setting, run_interpreted(setting), "interpreted", reason)
