"""Count what the command line tries: in the platform's ledger, or in this process without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from algotrendy.backtest.counting import Entry, Recorder, entry_of_run
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.evidence import trials_of
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.statistics.summary import periods_per_year
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.kernel.bar import parse_timeframe
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import AlgoTrendyError, Unauthenticated, Unavailable
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId, Uuid7s

NOBODY = (TenantId("local"), UserId("local"))
"""For whom it is counted when nobody is signed in."""


def recorder() -> Recorder:
    """Give who counts: for whoever is signed in, in the ledger if it answers."""
    from algotrendy.platform.settings import settings

    correlation = CorrelationId(f"cli-{Uuid7s(SystemClock()).next()}")
    if settings().optional("database_url") is None:
        return _forgetful(correlation)
    from algotrendy.backtest import wiring

    tenant, user = _who()
    try:
        wiring.trials().history(tenant, 1)
    except Unavailable:
        return _forgetful(correlation)
    return Recorder(wiring.trials(), tenant, user, correlation)


def _forgetful(correlation: CorrelationId) -> Recorder:
    clock = SystemClock()
    ledger = TrialLedger(MemoryTrials(), clock, Uuid7s(clock))
    return Recorder(ledger, *NOBODY, correlation, is_kept=False)


def _who() -> tuple[TenantId, UserId]:
    from algotrendy.cli.session import sessions
    from algotrendy.identity import wiring

    try:
        principal = wiring.verifier().verify(sessions().access_token())
    except (Unauthenticated, Unavailable):
        return NOBODY
    return principal.tenant, principal.subject


def keep_walk(outcome: WalkForwardOutcome, who: Recorder, walks: WalkForwards | None = None) -> str:
    """Keep what came of a walk where its trials are counted; say in a line where it is.

    Args:
        walks: By default those of the platform.
    """
    if not who.is_kept:
        return "Not kept: there is no platform here."
    from algotrendy.backtest import wiring

    try:
        kept = (walks or wiring.walk_forwards()).keep(outcome, who)
    except AlgoTrendyError as error:
        return f"Not kept: {error}"
    return f"Kept for {who.tenant}: GET /v1/walk-forwards/{kept.id}"


def count_sweep(summary: Mapping[str, Any], who: Recorder) -> str:
    """Count the runs of a sweep that ran here as trials; say in a line what became of it."""
    if not who.is_kept:
        return "Not counted as trials: there is no trial ledger here."
    try:
        batch = who.record(Entry.from_json(summary["tried"]))
    except AlgoTrendyError as error:
        return f"Not counted as trials: {error}"
    runs = sum(tally.trials for tally in batch.tallies)
    return f"Counted in the trial ledger of {who.tenant}: {runs:,} runs."


@dataclass(frozen=True, slots=True)
class Counting:
    """What became of counting runs.

    Attributes:
        words: In a line.
        trials: How many there were on the same data in all; None where nobody knows.
    """

    words: str
    trials: Trials | None = None


def count_runs(runs: Sequence[Backtest], who: Recorder | None = None) -> Counting:
    """Count single runs on the same bars as trials.

    Args:
        who: Counts; by default whoever `recorder` gives.
    """
    who = who or recorder()
    if not who.is_kept:
        return Counting("Not counted as trials: there is no trial ledger here.")
    try:
        timeframe = parse_timeframe(runs[0].setting.dataset.timeframe)
        for run in runs:
            batch = who.record(entry_of_run(run))
        tally = batch.tallies[0]
        tried = who.ledger.tried_on(who.tenant, tally.symbols, tally.first, tally.last)
    except AlgoTrendyError as error:
        return Counting(f"Not counted as trials: {error}")
    words = f"Counted in the trial ledger of {who.tenant}: {tried.trials:,} on these data in all."
    return Counting(words, trials_of(tried, periods_per_year(timeframe)))
