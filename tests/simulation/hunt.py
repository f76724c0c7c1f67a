"""Play many seeds on all cores, and make the history of one that fails as short as it gets."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from simulation.laws import DOUBLED, LOST, OTHER, UNBALANCED
from simulation.run import Result, play
from simulation.world import Plan

TRIES = 400
_COLLECT_EVERY = 20


@dataclass
class Tally:
    """What came of many seeds."""

    seeds: int = 0
    orders: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    laws: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take other seeds in."""
        self.seeds += other.seeds
        self.orders += other.orders
        self.kinds += other.kinds
        self.faults += other.faults
        self.laws += other.laws
        self.failed += other.failed

    def __str__(self) -> str:
        """Read as the last line of a run."""
        counts = ", ".join(f"{self.laws[law]} {law}" for law in (LOST, DOUBLED, UNBALANCED))
        other = f", {self.laws[OTHER]} {OTHER}" if self.laws[OTHER] else ""
        return f"simulate: {self.seeds} seeds, {self.faults.total()} faults, {counts}{other}"


def play_all(seeds: Iterable[int], on_broken: Callable[[Result], None] = lambda _: None) -> Tally:
    """Play seeds in this process; each law counts once a seed.

    Args:
        on_broken: Hears of each seed that breaks a law, before the next one is played.
    """
    quiet()
    tally = Tally()
    for seed in seeds:
        result = play(Plan(seed))
        tally.seeds += 1
        tally.orders += result.orders
        tally.kinds += result.kinds
        tally.faults += result.faults
        tally.laws.update(result.laws)
        if result.broken:
            tally.failed.append(seed)
            on_broken(result)
        if tally.seeds % _COLLECT_EVERY == 0:
            gc.collect()
    return tally


def hunt(first: int, count: int, workers: int, chunk: int = 50) -> Iterator[Tally]:
    """Play a range of seeds on several cores; give what is known after each part of it.

    A seed that breaks a law is told on stderr at once, by the process that plays it.
    """
    parts = [
        range(start, min(start + chunk, first + count))
        for start in range(first, first + count, chunk)
    ]
    tally = Tally()
    play_part = partial(play_all, on_broken=tell_broken)
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for part in pool.imap_unordered(play_part, parts):
            tally.add(part)
            yield tally


def tell_broken(result: Result) -> None:
    """Say in one line on stderr which law a seed breaks, and how to play it again."""
    first, *others = result.broken
    more = f" (and {len(others)} more)" if others else ""
    seed = result.plan.seed
    # In one piece, or the lines of two processes would run into each other.
    sys.stderr.write(f"seed {seed}: {first}{more}; make simulate SEED={seed}\n")
    sys.stderr.flush()


def shortest(found: Result, tries: int = TRIES) -> Result:
    """Leave out what the failure does without: faults at the end, then actions, then faults."""
    search = _Search(found, tries)
    search.cut_faults_short()
    for _ in range(2):
        search.leave_out_actions()
        search.leave_out_faults()
    return play(search.best.plan, is_told=True)


class _Search:
    """Goes from a failing plan to smaller ones that fail by the same law."""

    def __init__(self, found: Result, tries: int) -> None:
        self.best = found
        self._law = found.broken[0].law
        self._tries = tries

    def cut_faults_short(self) -> None:
        low, high = 0, len(self.best.struck)
        while low < high:
            middle = (low + high) // 2
            if self._takes(replace(self.best.plan, most_faults=middle)):
                high = middle
            else:
                low = middle + 1

    def leave_out_actions(self) -> None:
        self._leave_out(
            [each.number for each in self.best.actions],
            lambda gone: replace(self.best.plan, actions=self.best.plan.actions | gone),
            lambda: [each.number for each in self.best.actions],
        )

    def leave_out_faults(self) -> None:
        self._leave_out(
            [number for number, _ in self.best.struck],
            lambda gone: replace(self.best.plan, faults=self.best.plan.faults | gone),
            lambda: [number for number, _ in self.best.struck],
        )

    def _leave_out(
        self,
        numbers: list[int],
        without: Callable[[frozenset[int]], Plan],
        left: Callable[[], list[int]],
    ) -> None:
        size = max(len(numbers) // 2, 1)
        while size and self._tries > 0:
            place = 0
            while place < len(numbers) and self._tries > 0:
                if self._takes(without(frozenset(numbers[place : place + size]))):
                    numbers = left()
                else:
                    place += size
            size //= 2

    def _takes(self, plan: Plan) -> bool:
        self._tries -= 1
        result = play(plan)
        if self._tries % _COLLECT_EVERY == 0:
            gc.collect()
        if result.broken and result.broken[0].law == self._law:
            self.best = result
            return True
        return False


def quiet() -> None:
    """Write nothing of what the platform logs: it is told a thousand faults a second."""
    logging.getLogger("algotrendy").setLevel(logging.CRITICAL + 1)


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
