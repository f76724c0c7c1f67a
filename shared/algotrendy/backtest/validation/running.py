"""Run a walk forward on the engine, count its trials, and hold what comes of it to the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.evidence import evidence_of, trials_of
from algotrendy.backtest.gate import Evidence, Gate, judge
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.search.methods import make_search
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.statistics.full import FullStatistics, full_statistics
from algotrendy.backtest.statistics.resampling import Interval, bootstrap_intervals, figures
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.validation.kept_scores import BlobScores, Noted
from algotrendy.backtest.validation.on_engine import OnEngine, Outing
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.ports import NothingKept
from algotrendy.backtest.validation.recording import LedgerSink
from algotrendy.backtest.validation.same_bars import CrossChecks, SameBars, look_across
from algotrendy.backtest.validation.walk_forward import Progress, WalkForward, no_progress
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walked import Step, Walked

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BOOTSTRAP_SEED = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """A planned walk forward, ready to run: whole, or window by window on several machines.

    Attributes:
        recorder: Counts every combination tried.
        blobs: Where scores are kept, so that a walk that was killed goes on; None keeps nothing.
        checks: What to look at besides, on the same bars for every combination; None does not.
        scores: What the keys of the scores begin with.
        gate: What has to be reached; by default ``Gate()``.
    """

    plan: WalkPlan
    recorder: Recorder
    blobs: Blobs | None = None
    checks: CrossChecks | None = None
    gate: Gate | None = None
    progress: Progress = no_progress
    scores: str = "walk-forwards"

    def run(self) -> WalkForwardOutcome:
        """Walk through all windows, and judge.

        Raises:
            Invalid: For windows or parameters that do not fit.
            Conflict: If the same walk is recorded with other figures.
        """
        steps, tried = [], set()
        for number in range(len(self.plan.windows)):
            step, combinations = self.step(number)
            steps.append(step)
            tried |= combinations
        return self.judged(steps, tried)

    def step(self, number: int) -> tuple[Step, set[Combination]]:
        """Do one window, counted from 0; also give the combinations that were tried in it.

        No window needs another one, and ``Step`` travels as JSON.
        """
        plan, noted = self.plan, Noted(self._kept)
        engine, spec = plan.engine, plan.spec
        walk = WalkForward(
            windows=plan.windows,
            space=plan.space,
            searcher=lambda _: make_search(spec.method, plan.space, spec.budget, spec.seed),
            evaluate=engine.evaluate,
            out_of_sample=engine.out_of_sample,
            trials=self._sink,
            selection=spec.selection,
            batch=spec.batch,
            record=noted,
            progress=self.progress,
        )
        return walk.step(plan.windows[number]), noted.combinations

    def count(self, step: Step) -> None:
        """Record the trials of a step that is done; recorded before, they change nothing."""
        self._sink.record(step.trials)

    def judged(self, steps: Sequence[Step], tried: set[Combination]) -> WalkForwardOutcome:
        """Put the steps of all windows together, and judge; all are recorded by now."""
        plan = self.plan
        walked = Walked(plan.space, tuple(steps))
        outings = _outings(plan.engine, walked)
        harsh = _outings(plan.engine.on_terms(plan.terms.harsh()), walked)
        across = None if self.checks is None else self._across(tried)
        first, last = plan.windows[0].in_sample.start, plan.windows[-1].out_of_sample.stop - 1
        counted = self.recorder.ledger.tried_on(
            self.recorder.tenant, plan.symbols, plan.days[first], plan.days[last]
        )
        year = plan.periods_per_year
        figures_ = _statistics(plan, walked, trials_of(counted, year))
        lower = _sharpe_interval(walked.returns, year)
        shown = Evidence(
            overfitting=None if across is None else across.overfitting.probability,
            out_of_sample_sharpe=figures_.ratios.sharpe,
            out_of_sample_lower=None if lower is None else lower.low,
            trades=sum(outing.trades for outing in outings),  # whole numbers
            max_drawdown=figures_.drawdowns.deepest,
            walk_forward_efficiency=walked.efficiency,
            harsh_return=_compounded(harsh),
        )
        evidence = evidence_of(walked.returns, year, counted, shown=shown)
        return WalkForwardOutcome(
            plan=plan,
            walked=walked,
            statistics=figures_,
            sharpe=lower,
            counted=counted,
            is_kept=self.recorder.is_kept,
            across=across,
            evidence=evidence,
            verdict=judge(evidence, self.gate),
        )

    @property
    def _kept(self) -> BlobScores | NothingKept:
        return (
            NothingKept()
            if self.blobs is None
            else BlobScores(self.blobs, self.plan.sha256, self.scores)
        )

    @property
    def _sink(self) -> LedgerSink:
        plan, recorder = self.plan, self.recorder
        return LedgerSink(
            ledger=recorder.ledger,
            sha256=plan.sha256,
            strategy=plan.strategy.name,
            version=plan.version,
            symbols=plan.symbols,
            timeframe=plan.timeframe,
            days=plan.days,
            periods_per_year=plan.periods_per_year,
            tenant=recorder.tenant,
            recorded_by=recorder.recorded_by,
            correlation_id=recorder.correlation_id,
        )

    def _across(self, tried: set[Combination]) -> SameBars | None:
        plan = self.plan
        ordered = sorted(tried, key=plan.space.places)
        bars = range(plan.windows[0].in_sample.start, plan.windows[-1].out_of_sample.stop)
        if self.checks is None or len(ordered) < 2:
            return None
        return look_across(plan, self.recorder, bars, ordered, self.checks)


def run_walk_forward(
    plan: WalkPlan,
    recorder: Recorder,
    *,
    blobs: Blobs | None = None,
    checks: CrossChecks | None = None,
    gate: Gate | None = None,
    progress: Progress = no_progress,
) -> WalkForwardOutcome:
    """Run a walk forward whole; see ``Walk``."""
    return Walk(plan, recorder, blobs, checks, gate, progress).run()


def _outings(engine: OnEngine, walked: Walked) -> list[Outing]:
    """Run what was chosen once more: a step keeps its returns alone."""
    return [
        engine.outing(step.window, step.choice.combination)
        for step in walked.steps
        if step.choice is not None
    ]


def _statistics(plan: WalkPlan, walked: Walked, trials: Trials | None) -> FullStatistics:
    ends = plan.dataset.timeline[walked.bars]
    begin = plan.dataset.timeline[walked.bars[0] - 1]
    return full_statistics(
        returns=walked.returns,
        times=np.concatenate([[begin], ends]),
        periods_per_year=plan.periods_per_year,
        trials=trials,
    )


def _sharpe_interval(returns: FloatArray, periods_per_year: float) -> Interval | None:
    if len(returns) < 2:
        return None
    wanted = {"sharpe": figures(periods_per_year)["sharpe"]}
    return bootstrap_intervals(returns, wanted, seed=_BOOTSTRAP_SEED)["sharpe"]


def _compounded(outings: Sequence[Outing]) -> float:
    wealth = 1.0
    for outing in outings:
        wealth *= float(np.prod(1.0 + outing.returns))
    return wealth - 1.0
