"""Wake runs of strategies: when bars close, when a market opens or closes, and every minute.

A wake carries no news: who is woken reads the lake and the ledger, and does what is due. So one too
many does nothing, and one that is lost is made up for by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from algotrendy.live.ports import LiveLedger
from algotrendy.live.runs import Run, RunId


@dataclass(frozen=True, slots=True)
class Wake:
    """Asks for what is due of one run.

    Attributes:
        up_to: Bars that were known by then are wanted.
        why: In a word, for the log: ``bars``, ``open``, ``close``, ``minutes`` or ``watch``.
        key: Of what woke it. Two wakes of one run and key are one, and of other keys they are two:
            a second event may tell of a symbol that the first one lacked.
    """

    run_id: RunId
    up_to: datetime
    why: str
    key: str


class Wakes(Protocol):
    """Brings wakes to who advances runs: those of one run one after the other."""

    def ring(self, wakes: Sequence[Wake]) -> None:
        """Hand them over; the same again within five minutes may be left out.

        Raises:
            Unavailable: If it is not known that all were taken.
        """
        ...


class Waker:
    """Finds the runs that something is of interest to, and wakes them."""

    def __init__(self, ledger: LiveLedger, wakes: Wakes) -> None:
        self._ledger = ledger
        self._wakes = wakes

    def bars_closed(
        self, timeframe: str, symbols: Collection[str], bar_at: datetime, key: str
    ) -> Sequence[Wake]:
        """Wake the runs that decide at bars of a timeframe and trade one of the symbols."""
        return self._wake(
            [run for run in self._open(timeframe) if not run_is_apart(run, symbols)],
            bar_at,
            "bars",
            key,
        )

    def everybody(self, now: datetime, why: str) -> Sequence[Wake]:
        """Wake all runs that are not over, once in a minute for one reason."""
        return self._wake(self._open(), now, why, f"{why}:{now:%Y-%m-%dT%H:%M}")

    def _open(self, timeframe: str | None = None) -> Sequence[Run]:
        return self._ledger.run(lambda _, tables: tables.open_runs(timeframe))

    def _wake(self, runs: Sequence[Run], up_to: datetime, why: str, key: str) -> Sequence[Wake]:
        wakes = [Wake(run.id, up_to, why, key) for run in runs]
        if wakes:
            self._wakes.ring(wakes)
        return wakes


def run_is_apart(run: Run, symbols: Collection[str]) -> bool:
    """Say whether a run trades none of some symbols."""
    return set(symbols).isdisjoint(run.program.symbols)
