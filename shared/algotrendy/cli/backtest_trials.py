"""Count what the command line tries: in the platform's ledger, or in this process without one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from algotrendy.backtest.counting import Entry, Recorder, entry_of_run
from algotrendy.backtest.data.timeframes import is_style
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.evidence import trials_of
from algotrendy.backtest.memory_trials import MemoryTrials
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.kernel.bar import parse_timeframe
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import AlgoTrendyError, Unauthenticated, Unavailable
from algotrendy.kernel.ids import CorrelationId, TenantId, UserId, Uuid7s

NOBODY = (TenantId("local"), UserId("local"))
"""For whom it is counted when nobody is signed in."""

_NO_LEDGER = "there is no trial ledger here"


def recorder() -> Recorder:
    """Give who counts: for whoever is signed in, in the ledger if it answers."""
    from algotrendy.platform.settings import settings

    if settings().optional("database_url") is None:
        return _forgetful()
    from algotrendy.backtest import wiring

    return recorder_on(wiring.trials(), _signed_in)


def recorder_on(ledger: TrialLedger, signed_in: Callable[[], tuple[TenantId, UserId]]) -> Recorder:
    """Give who counts in a ledger; what is not as it should be is said on stderr, and goes on.

    Where nobody is signed in it is counted for `NOBODY`: their trials deflate one another, and
    not those of whoever signs in later.
    """
    try:
        tenant, user = signed_in()
    except (Unauthenticated, Unavailable) as error:
        tenant, user = NOBODY
        _warn(
            f"nobody is signed in ({error}): trials are counted for the tenant {tenant} and will "
            "not deflate yours, and a walk forward is not kept; sign in first: `algotrendy login`"
        )
    try:
        ledger.history(tenant, 1)
    except Unavailable as error:
        _warn(f"trials are not counted: {error}")
        return _forgetful()
    return Recorder(ledger, tenant, user, _correlation())


def _forgetful() -> Recorder:
    clock = SystemClock()
    ledger = TrialLedger(MemoryTrials(), clock, Uuid7s(clock))
    return Recorder(ledger, *NOBODY, _correlation(), is_kept=False)


def _correlation() -> CorrelationId:
    return CorrelationId(f"cli-{Uuid7s(SystemClock()).next()}")


def _signed_in() -> tuple[TenantId, UserId]:
    from algotrendy.cli.session import sessions
    from algotrendy.identity import wiring

    principal = wiring.verifier().verify(sessions().access_token())
    return principal.tenant, principal.subject


def _warn(words: str) -> None:
    typer.secho(f"warning: {words}", err=True, fg=typer.colors.YELLOW)


def keep_walk(outcome: WalkForwardOutcome, who: Recorder, walks: WalkForwards | None = None) -> str:
    """Keep what came of a walk where its trials are counted; say in a line where it is.

    Args:
        walks: By default those of the platform.
    """
    if not who.is_kept:
        return "Not kept: there is no platform here."
    if (who.tenant, who.recorded_by) == NOBODY:
        return "Not kept: nobody is signed in, so nobody could read it; `algotrendy login` first."
    from algotrendy.backtest import wiring

    try:
        kept = (walks or wiring.walk_forwards()).keep(outcome, who)
    except AlgoTrendyError as error:
        return f"Not kept: {error}"
    return f"Kept for {who.tenant}: GET /v1/walk-forwards/{kept.id}"


def count_sweep(summary: Mapping[str, Any], who: Recorder) -> str:
    """Count the runs of a sweep that ran here as trials; say in a line what became of it."""
    if not who.is_kept:
        return f"Not counted as trials: {_NO_LEDGER}."
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
        return Counting(f"Not counted as trials: {_NO_LEDGER}.")
    try:
        name = runs[0].setting.dataset.timeframe
        if not is_style(name):
            parse_timeframe(name)  # the ledger knows some of them
        for run in runs:
            batch = who.record(entry_of_run(run))
        tally = batch.tallies[0]
        tried = who.ledger.tried_on(who.tenant, tally.symbols, tally.first, tally.last)
    except AlgoTrendyError as error:
        return Counting(f"Not counted as trials: {error}")
    words = f"Counted in the trial ledger of {who.tenant}: {tried.trials:,} on these data in all."
    return Counting(words, trials_of(tried, runs[0].setting.a_year))
