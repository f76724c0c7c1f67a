"""Keep the scores of a walk forward as objects, so that it goes on after a kill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from algotrendy.backtest.canonical import JSON, digest, sealed, unsealed
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.search.space import Combination
from algotrendy.backtest.validation.ports import NothingKept, Scored, ScoreRecord
from algotrendy.backtest.validation.windows import Window
from algotrendy.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class BlobScores:
    """Keeps each batch as an object of its own, under the hash of all that decides it.

    Attributes:
        sha256: Of the walk's plan. Another request, other bars or other code find nothing here.
        root: What the keys begin with.
    """

    blobs: Blobs
    sha256: str
    root: str = "walk-forwards"

    def read(self, window: Window) -> Mapping[Combination, Scored]:
        """Give what is stored of a window; a batch that is damaged counts as not there."""
        found: dict[Combination, Scored] = {}
        for info in self.blobs.list(self._folder(window)):
            try:
                found.update(_read(self.blobs.get(info.key)))
            except NotFound:
                continue
        return found

    def write(self, window: Window, scored: Sequence[tuple[Combination, Scored]]) -> None:
        """Store a batch; the same batch again is the same object."""
        body = [[list(each), one.score, one.mean, one.sharpe] for each, one in scored]
        name = digest([list(each) for each, _ in scored])
        key = f"{self._folder(window)}{name}.json"
        self.blobs.put(key, sealed({"scored": body}), JSON)

    def _folder(self, window: Window) -> str:
        return f"{self.root}/{self.sha256}/scores/window-{window.number:05d}/"


@dataclass(frozen=True, slots=True)
class Noted:
    """Passes everything on to a record, and notes which combinations were tried at all."""

    record: ScoreRecord = field(default_factory=NothingKept)
    combinations: set[Combination] = field(default_factory=set)

    def read(self, window: Window) -> Mapping[Combination, Scored]:
        """Give what is stored of a window."""
        found = self.record.read(window)
        self.combinations.update(found)
        return found

    def write(self, window: Window, scored: Sequence[tuple[Combination, Scored]]) -> None:
        """Store what a batch found."""
        self.combinations.update(combination for combination, _ in scored)
        self.record.write(window, scored)


def _read(data: bytes) -> dict[Combination, Scored]:
    found = unsealed(data) or {"scored": ()}
    return {
        tuple(each): Scored(score, mean, sharpe) for each, score, mean, sharpe in found["scored"]
    }
