"""Backtests: the engine, its data and statistics, sweeps, walk-forwards and reports.

For notebooks everything is at hand here:

    from algotrendy.backtest import backtest

    result = backtest(frame, "sma_cross", fast=20, slow=50)

Names are loaded when they are asked for: a Lambda that needs none of it pays for none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from algotrendy.backtest.data.dataset import Dataset
    from algotrendy.backtest.engine.result import Backtest
    from algotrendy.backtest.engine.terms import Terms
    from algotrendy.backtest.lookahead import check_lookahead
    from algotrendy.backtest.notebook import backtest
    from algotrendy.backtest.notebook_sweeps import sweep
    from algotrendy.backtest.notebook_walks import walk_forward
    from algotrendy.strategy.definition import Strategy
    from algotrendy.strategy.making import strategy
    from algotrendy.strategy.own import Vector
    from algotrendy.strategy.parameters import Parameter, Rule

__all__ = [
    "Backtest",
    "Dataset",
    "Parameter",
    "Rule",
    "Strategy",
    "Terms",
    "Vector",
    "backtest",
    "check_lookahead",
    "strategy",
    "sweep",
    "walk_forward",
]

_HOMES = {
    "Backtest": "algotrendy.backtest.engine.result",
    "Dataset": "algotrendy.backtest.data.dataset",
    "Parameter": "algotrendy.strategy.parameters",
    "Rule": "algotrendy.strategy.parameters",
    "Strategy": "algotrendy.strategy.definition",
    "Terms": "algotrendy.backtest.engine.terms",
    "Vector": "algotrendy.strategy.own",
    "backtest": "algotrendy.backtest.notebook",
    "check_lookahead": "algotrendy.backtest.lookahead",
    "strategy": "algotrendy.strategy.making",
    "sweep": "algotrendy.backtest.notebook_sweeps",
    "walk_forward": "algotrendy.backtest.notebook_walks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
