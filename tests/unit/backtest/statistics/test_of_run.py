from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from algotrendy.backtest.statistics.of_run import statistics_of
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.series import DAY_NS, FloatArray, IntArray
from algotrendy.backtest.trades import Trade

if TYPE_CHECKING:
    from algotrendy.backtest.engine.result import Backtest
    from algotrendy.backtest.statistics.of_run import Run

    def the_engines_result_is_a_run(result: Backtest) -> Run:
        return result


@dataclass(frozen=True)
class Ran:
    time: IntArray
    equity: FloatArray
    exposure: FloatArray
    notional: FloatArray
    fills: Any
    trades: tuple[Trade, ...]


RAN = Ran(
    time=np.arange(5) * DAY_NS,
    equity=np.array([1000.0, 1010.0, 990.0, 1020.0, 1020.0]),
    exposure=np.array([0.0, 500.0, 480.0, 510.0, 0.0]),
    notional=np.array([500.0, 520.0]),
    fills=np.array([(1, 0.5), (4, 0.52)], dtype=[("step", np.int64), ("fee", np.float64)]),
    trades=(Trade(1, 4, 5.0, 100.0, 104.0, 1.02, 18.98),),
)


def test_a_run_of_the_engine_gives_all_groups_of_figures() -> None:
    found = statistics_of(
        RAN,
        benchmark=[10.0, 11.0, 10.5, 11.0, 11.5],
        trials=Trials(20, 0.01),
        high=[100.0, 101.0, 106.0, 104.0, 104.0],
        low=[99.0, 98.0, 96.0, 100.0, 103.0],
    )
    assert found.growth.total_return == pytest.approx(0.02)
    assert found.drawdowns.deepest == pytest.approx(990 / 1010 - 1)
    assert found.activity is not None
    assert (found.activity.exposure, found.activity.fills) == (0.6, 2)
    assert found.activity.fees == pytest.approx(1.02)
    assert found.trades is not None
    assert found.trades.long.worst_adverse == pytest.approx(-0.04)
    assert found.benchmark is not None
    assert found.confidence.deflated_sharpe is not None


def test_figures_are_annualised_by_the_steps_of_a_year() -> None:
    daily, hourly = statistics_of(RAN), statistics_of(RAN, periods_per_year=252.0 * 4)
    assert daily.risk.volatility is not None
    assert hourly.risk.volatility == pytest.approx(daily.risk.volatility * 2)
