"""What the status page needs: where it is kept, where it is shown, and what looks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import Component
from algotrendy.operations.status.judging import Reply


@dataclass(frozen=True, slots=True)
class Kept:
    """A board as it was kept, and the mark by which the store knows whether it still is."""

    board: Board
    mark: str | None


class BoardStore(Protocol):
    """Keeps the one board. Several may change it: none undoes what another one wrote."""

    def load(self) -> Kept:
        """Give what is kept; an empty board where nothing is yet.

        Raises:
            Unavailable: If it cannot be read now.
        """
        ...

    def save(self, board: Board, mark: str | None) -> None:
        """Keep a board in place of the one that had the mark.

        Raises:
            Conflict: If another one is kept by now; nothing was changed.
            Unavailable: If it cannot be written now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """A file that the public sees."""

    body: bytes
    content_type: str


class Pages(Protocol):
    """Shows files to the public."""

    def publish(self, pages: Mapping[str, Page]) -> None:
        """Show files under their names, each whole, in place of those that were there.

        Raises:
            Unavailable: If they cannot be written now.
        """
        ...


class Prober(Protocol):
    """Asks what is watched how it is."""

    def ask(self, components: Sequence[Component]) -> Mapping[str, Reply]:
        """Give the reply by component; one that cannot be asked yet is left out."""
        ...
