"""What a walk forward came to, with its trials counted and the gate's verdict."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.gate import Evidence, Verdict
from algotrendy.backtest.outputs.assumptions import (
    NOT_MODELLED,
    figures_assumed,
    setting_assumed,
)
from algotrendy.backtest.outputs.json_form import plain
from algotrendy.backtest.statistics.full import FullStatistics
from algotrendy.backtest.statistics.resampling import Interval
from algotrendy.backtest.trials import Tried
from algotrendy.backtest.validation.other_fills import Fills, under_other_fills
from algotrendy.backtest.validation.same_bars import SameBars
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walked import Walked

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

KEPT = "the trial ledger"
FORGOTTEN = "this process alone, which forgets them"


@dataclass(frozen=True)
class WalkForwardOutcome:
    """All of it.

    Attributes:
        statistics: Of the returns out of sample, window after window.
        sharpe: Bootstrap interval of their annualised Sharpe ratio; None for fewer than two bars.
        counted: All trials on these data, those of others included.
        is_kept: Whether they were counted in a ledger that outlives the process.
        across: What every combination did on the same bars; None when nobody asked.
    """

    plan: WalkPlan
    walked: Walked
    statistics: FullStatistics
    sharpe: Interval | None
    counted: Tried
    is_kept: bool
    across: SameBars | None
    evidence: Evidence
    verdict: Verdict

    @property
    def returns(self) -> FloatArray:
        """Give the returns out of sample, window after window."""
        return self.walked.returns

    @property
    def time(self) -> IntArray:
        """Give when each of ``returns`` ends, nanoseconds UTC."""
        return self.plan.dataset.timeline[self.walked.bars]

    @property
    def wealth(self) -> FloatArray:
        """Give what 1 became by the end of each of ``returns``."""
        return np.asarray(np.cumprod(1.0 + self.returns), dtype=np.float64)

    @property
    def counted_in(self) -> str:
        """Say where the trials were counted."""
        return KEPT if self.is_kept else FORGOTTEN

    @cached_property
    def fills(self) -> tuple[Fills, ...]:
        """Run what was chosen under optimistic, given and harsh fills."""
        return under_other_fills(self.plan, self.walked)

    @cached_property
    def assumed(self) -> tuple[tuple[str, str], ...]:
        """Say what every run of the walk assumes, as topics and sentences."""
        plan = self.plan
        setting = Setting(plan.dataset, plan.strategy, {}, plan.terms, plan.calendar)
        return (
            *setting_assumed(setting),
            ("Figures", figures_assumed(plan.periods_per_year)),
            ("Not modelled", NOT_MODELLED),
        )

    def windows(self) -> list[dict[str, Any]]:
        """Give a row a window, with dates: a table for a reader."""
        found = []
        for row in self.walked.to_json()["windows"]:
            for part in ("in_sample", "out_of_sample"):
                first, stop = row[f"{part}_bars"]
                days = [self.plan.days[first].isoformat(), self.plan.days[stop - 1].isoformat()]
                row[f"{part}_days"] = days
            found.append(row)
        return found

    def to_text(self) -> str:
        """Give all of it as JSON text: the same bytes for the same outcome."""
        return json.dumps(plain(self.to_json()), indent=1, allow_nan=False) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Give all of it as JSON values."""
        plan, walked = self.plan, self.walked.to_json()
        statistics, interval = self.statistics, self.sharpe
        return {
            "plan_sha256": plan.sha256,
            "version": plan.version,
            "timeframe": plan.dataset.timeframe,
            "spec": plan.spec.model_dump(mode="json"),
            "symbols": list(plan.symbols),
            "first": plan.days[0].isoformat(),
            "last": plan.days[-1].isoformat(),
            "bars": len(plan.dataset),
            **walked,
            "windows": self.windows(),
            "statistics": {
                "bars": len(self.returns),
                "total_return": statistics.growth.total_return,
                "cagr": statistics.growth.cagr,
                "volatility": statistics.risk.volatility,
                "sharpe": statistics.ratios.sharpe,
                "sortino": statistics.ratios.sortino,
                "max_drawdown": statistics.drawdowns.deepest,
                "sharpe_low": None if interval is None else interval.low,
                "sharpe_high": None if interval is None else interval.high,
                "probabilistic_sharpe": statistics.confidence.probabilistic_sharpe,
                "deflated_sharpe": statistics.confidence.deflated_sharpe,
                "expected_maximum_sharpe": statistics.confidence.expected_maximum,
            },
            "harsh_return": self.evidence.harsh_return,
            "fills": [asdict(fills) for fills in self.fills],
            "assumed": [list(each) for each in self.assumed],
            "trades": self.evidence.trades,
            "trials_on_these_data": self.counted.trials,
            "trials_counted_in": self.counted_in,
            "across": None if self.across is None else self.across.to_json(),
            "verdict": self.verdict.to_json(),
            "curve": {
                "time": self.time.tolist(),
                "wealth": self.wealth.tolist(),
            },
        }
