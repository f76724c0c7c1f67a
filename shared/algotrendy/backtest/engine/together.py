"""Run many sets of parameters together where that can be: compiled, over the same memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.setting import Setting
from algotrendy.strategy.parameters import Value

FloatArray = NDArray[np.float64]
Made = tuple[FloatArray, NDArray[np.int64]]


def made_together(
    setting: Setting,
    combinations: Sequence[Sequence[Value]],
    *,
    with_figures: bool = True,
    workers: int = 1,
    equity: FloatArray | None = None,
) -> Made | None:
    """Run a setting's strategy with each combination, as ``compiled.many.run_many``.

    Args:
        setting: Its values are not used.

    Returns:
        None where each is to be run alone: the setting is not plain, or cannot be compiled.
    """
    if not setting.is_plain:
        return None
    try:
        from algotrendy.backtest.engine.compiled import CannotCompileError
        from algotrendy.backtest.engine.compiled.many import run_many
    except ModuleNotFoundError as error:
        if error.name not in ("numba", "llvmlite"):
            raise
        return None
    try:
        return run_many(
            setting,
            combinations,
            setting.a_year,
            with_figures=with_figures,
            workers=workers,
            equity=equity,
        )
    except CannotCompileError:
        return None


def equities_of(
    setting: Setting, combinations: Sequence[Sequence[Value]]
) -> Sequence[FloatArray | None]:
    """Give the equity of each combination's run at each step's end; None: it is to be run alone."""
    equity = np.empty((len(combinations), len(setting.dataset)))
    made = made_together(setting, combinations, with_figures=False, equity=equity)
    if made is None:
        return [None] * len(combinations)
    return [
        curve if how == 0 else None for curve, how in zip(equity, made[1].tolist(), strict=True)
    ]
