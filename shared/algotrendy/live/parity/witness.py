"""Run the backtester over a run's bars, and keep what its strategy was told and asked for."""

from __future__ import annotations

from dataclasses import dataclass

from algotrendy.backtest.engine.interpreted import run_interpreted
from algotrendy.backtest.engine.listening import ListenedStep, listened
from algotrendy.backtest.engine.raw import Raw
from algotrendy.backtest.engine.setting import Setting


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """A backtest that was listened to.

    Attributes:
        raw: Of the same run when nobody listened, as any backtest is made.
        steps: Up to the last at which the strategy was called.
    """

    setting: Setting
    raw: Raw
    steps: tuple[ListenedStep, ...]


def witness(setting: Setting) -> Witness:
    """Run a strategy over bars, and keep each step.

    Raises:
        Exception: Whatever the strategy raises.
    """
    return Witness(setting, run_interpreted(setting), tuple(listened(setting)))
