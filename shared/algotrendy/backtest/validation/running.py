"""Run a walk forward on the engine, count its trials, and hold what comes of it to the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.evidence import evidence_of, trials_of
from algotrendy.backtest.gate import Evidence, Gate, judge
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.search.methods import make_search
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.shard import OnMode
from algotrendy.backtest.statistics.full import FullStatistics, full_statistics
from algotrendy.backtest.statistics.resampling import Interval, bootstrap_intervals, figures
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.validation.kept_scores import BlobScores, Noted
from algotrendy.backtest.validation.kept_steps import KeptStep, KeptSteps, failure
from algotrendy.backtest.validation.limits import require_checks
from algotrendy.backtest.validation.on_engine import OnCombination, OnEngine, Outing, tell_nobody
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.ports import NothingKept
from algotrendy.backtest.validation.recording import LedgerSink
from algotrendy.backtest.validation.same_bars import SameBars, look_across
from algotrendy.backtest.validation.walk_forward import Progress, Walker, no_progress
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.walked import Step, Walked
from algotrendy.kernel.errors import Invalid, Rejected

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BOOTSTRAP_SEED = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """A planned walk forward, ready to run: whole, or window by window in several places.

    Attributes:
        recorder: Counts every combination tried.
        blobs: Where scores are kept, so that a walk that was killed goes on; None keeps nothing.
        gate: What has to be reached; by default ``Gate()``.
        scores: What the keys of the scores begin with.
        steps: Where windows that are done are kept; by default beside the scores.
        on_run: Told each combination before it runs on a window.
        on_mode: Told of each of these runs how it was made.
    """

    plan: WalkPlan
    recorder: Recorder
    blobs: Blobs | None = None
    gate: Gate | None = None
    progress: Progress = no_progress
    scores: str = "walk-forwards"
    steps: KeptSteps | None = None
    on_run: OnCombination = tell_nobody
    on_mode: OnMode = tell_nobody

    def run(self) -> WalkForwardOutcome:
        """Walk through all windows that are not done yet, and judge.

        Raises:
            Invalid: For windows or parameters that do not fit.
            WindowFailed: For a window that cannot be done.
            Conflict: If the same walk is recorded with other figures.
        """
        require_checks(self.plan)
        kept = self.kept_steps
        steps: list[Step] = []
        tried: set[Combination] = set()
        for number in range(1, len(self.plan.windows) + 1):
            done = None if kept is None else kept.read(number)
            found = done or self.window(number)
            self.count(found.step)
            steps.append(found.step)
            tried.update(found.tried)
        return self.judged(steps, tried)

    def window(self, number: int) -> KeptStep:
        """Do one window, counted from 1, and keep it.

        Raises:
            WindowFailed: For what comes again when it is tried again.
        """
        try:
            step, combinations = self.step(number - 1)
        except (Rejected, Invalid) as error:
            raise failure(number, len(self.plan.windows), error) from error
        done = KeptStep(step.to_json(), tuple(sorted(combinations, key=self.plan.space.places)))
        if (kept := self.kept_steps) is not None:
            kept.write(number, done)
        return done

    def step(self, number: int) -> tuple[Step, set[Combination]]:
        """Do one window, counted from 0; also give the combinations that were tried in it.

        No window needs another one.
        """
        plan, noted = self.plan, Noted(self._kept)
        engine = replace(plan.engine, on_run=self.on_run, on_mode=self.on_mode)
        spec = plan.spec
        walk = Walker(
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
        across = self._across(tried)
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
    def kept_steps(self) -> KeptSteps | None:
        """Give where windows that are done are kept; None where nothing is."""
        if self.steps is not None or self.blobs is None:
            return self.steps
        folder = f"{self.scores}/{self.plan.sha256}/steps"
        return KeptSteps(self.blobs, self.plan.sha256, f"{folder}/window-{{:05d}}.json".format)

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
        plan, checks = self.plan, self.plan.spec.cross_checks
        if checks is None or len(tried) < 2:
            return None
        ordered = sorted(tried, key=plan.space.places)
        return look_across(plan, self.recorder, plan.span, ordered, checks)


def run_walk_forward(
    plan: WalkPlan,
    recorder: Recorder,
    *,
    blobs: Blobs | None = None,
    gate: Gate | None = None,
    progress: Progress = no_progress,
) -> WalkForwardOutcome:
    """Run a walk forward whole, here; see ``Walk``."""
    return Walk(plan, recorder, blobs, gate, progress).run()


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
