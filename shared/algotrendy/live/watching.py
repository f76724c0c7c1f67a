"""Look after runs each minute: bars that stay away, and runs that are to end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict
from algotrendy.live.ports import LiveLedger, RunBars
from algotrendy.live.runs import HALTING, Run, RunId, Trouble, Wanted
from algotrendy.live.standing import stand

_STALE_AFTER = 2
"""Closes in a row without a bar: what is late with one is stale with as many."""


class Ends(Protocol):
    """Leads runs to their end."""

    def close_down(self, run_id: RunId) -> Run:
        """Lead a run that is to end one step nearer to its end."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """What was found.

    Attributes:
        missed: Runs whose bars stay away: late or stale.
        ending: Runs that are on the way to their end.
    """

    missed: tuple[RunId, ...]
    ending: tuple[RunId, ...]


class Watcher:
    """Finds what nobody tells."""

    def __init__(self, ledger: LiveLedger, bars: RunBars, ends: Ends, clock: Clock) -> None:
        self._ledger = ledger
        self._bars = bars
        self._ends = ends
        self._clock = clock

    def look(self) -> Watched:
        """Look at every run that is not over; leading runs on is the runner's, before."""
        runs = self._ledger.run(lambda _, live: live.open_runs())
        ending = [run for run in runs if run.wanted in (Wanted.STOPPING, Wanted.FLATTENING)]
        for run in ending:
            self._ends.close_down(run.id)
        missed = [run.id for run in runs if self._misses(run)]
        return Watched(tuple(missed), tuple(run.id for run in ending))

    def _misses(self, run: Run) -> bool:
        """Say whether a run's next bar should have come, and note it in the run."""
        if run.patience_s is None or not run.decides or run.trouble in HALTING:
            return False
        missed = self._missed(run, run.patience_s)
        if not missed:
            return False
        trouble = Trouble.STALE if len(missed) >= _STALE_AFTER else Trouble.LATE
        if run.trouble is not trouble:
            at = self._clock.now()
            reason = f"no bar of {missed[0].isoformat()} within {run.patience_s} s"
            # Whoever led it on meanwhile knows better.
            with suppress(Conflict):
                self._ledger.run(lambda tx, live: stand(tx, live, run, trouble, reason, at))
        return True

    def _missed(self, run: Run, patience_s: int) -> Sequence[datetime]:
        """Give the closes, up to two, whose bars should be there by now and are not."""
        waited = self._clock.now() - timedelta(seconds=patience_s)
        after = max(datetime.fromtimestamp(run.bar_at // 10**9, UTC), run.started_at)
        found: list[datetime] = []
        while len(found) < _STALE_AFTER:
            close = self._bars.next_close(run.content, after)
            if close is None or close > waited:
                break
            found.append(close)
            after = close
        return found
