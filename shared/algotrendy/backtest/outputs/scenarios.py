"""Run the same again under kinder and under harsher fills, and buy and hold beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish, run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.statistics.figures import Statistics
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD


@dataclass(frozen=True, slots=True)
class Scenario:
    """The run under some fills.

    Attributes:
        name: Optimistic, as given or harsh.
        backtest: The whole run.
        statistics: Its key figures.
    """

    name: str
    backtest: Backtest
    statistics: Statistics


def scenarios_of(backtest: Backtest, periods_per_year: float) -> tuple[Scenario, ...]:
    """Run the same setting under optimistic and harsh terms; the run itself stands between them."""
    terms = backtest.setting.terms
    return tuple(
        Scenario(name, made, summarise(made, periods_per_year))
        for name, made in (
            ("Optimistic", _again(backtest, replace(backtest.setting, terms=terms.optimistic()))),
            ("As given", backtest),
            ("Harsh", _again(backtest, replace(backtest.setting, terms=terms.harsh()))),
        )
    )


def held(backtest: Backtest) -> Backtest:
    """Run buy and hold of the first asset on the same bars and terms."""
    return _again(backtest, replace(backtest.setting, strategy=BUY_AND_HOLD, values={}))


def _again(backtest: Backtest, setting: Setting) -> Backtest:
    # What was interpreted runs so again: few bars, no compiler, or code that cannot be compiled.
    wish: Wish = "interpreted" if backtest.mode == "interpreted" else "auto"
    return run(setting, wish)
