"""Run the same again under kinder and under harsher fills, and buy and hold beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from algotrendy.backtest.engine.raw import Raw
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
    """Run buy and hold of the first asset on the same bars and terms.

    It decides once, at its first close: after a warm-up it begins when that ends.
    """
    setting = replace(backtest.setting, strategy=BUY_AND_HOLD, values={})
    late = setting.trade_from
    if not late:
        return _again(backtest, setting)
    begun = replace(setting, dataset=setting.dataset[late:], trade_from=0)
    made = _again(backtest, begun)
    return replace(made, setting=setting, raw=_later(made.raw, late, setting.terms.cash))


def _later(raw: Raw, late: int, cash: float) -> Raw:
    """Put so many steps without a position before what was done."""
    done, log = raw.done.copy(), raw.log.copy()
    done["step"] += late
    log["step"] += late
    waiting = np.full(late, cash)
    return replace(
        raw,
        equity=np.concatenate((waiting, raw.equity)),
        cash=np.concatenate((waiting, raw.cash)),
        exposure=np.concatenate((np.zeros(late), raw.exposure)),
        done=done,
        log=log,
    )


def _again(backtest: Backtest, setting: Setting) -> Backtest:
    # What was interpreted runs so again: few bars, no compiler, or code that cannot be compiled.
    wish: Wish = "interpreted" if backtest.mode == "interpreted" else "auto"
    return run(setting, wish)
