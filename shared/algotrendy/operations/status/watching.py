"""Look at everything once, keep what was seen, and show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Unavailable
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import COMPONENTS
from algotrendy.operations.status.judging import judge
from algotrendy.operations.status.page import pages_of
from algotrendy.operations.status.ports import BoardStore, Pages, Prober
from algotrendy.operations.status.standing import Patience

_ATTEMPTS: Final = 8


def change(store: BoardStore, work: Callable[[Board], Board]) -> Board:
    """Change the board, whoever else does meanwhile; give what it became.

    Args:
        work: Is called again where somebody else was first. What gives the same board writes
            nothing.

    Raises:
        Unavailable: If the store does not answer, or others kept coming first.
    """
    for _ in range(_ATTEMPTS):
        kept = store.load()
        board = work(kept.board)
        if board == kept.board:
            return board
        try:
            store.save(board, kept.mark)
        except Conflict:
            continue
        return board
    raise Unavailable("the record of the status page", f"others changed it {_ATTEMPTS} times")


class Watch:
    """Looks at the components, one round after the other."""

    def __init__(
        self,
        store: BoardStore,
        pages: Pages,
        prober: Prober,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._store = store
        self._pages = pages
        self._prober = prober
        self._clock = clock
        self._patience = patience or Patience()

    def look(self) -> Board:
        """Do one round; give the board after it.

        Raises:
            Unavailable: If what was seen cannot be kept or shown.
        """
        replies = self._prober.ask(COMPONENTS)
        now = self._clock.now()
        judged = [
            judge(component, replies[component.id])
            for component in COMPONENTS
            if component.id in replies
        ]
        sightings = [sighting for sighting in judged if sighting is not None]
        board = change(self._store, lambda before: before.looked(sightings, now, self._patience))
        self.show(board)
        return board

    def show(self, board: Board) -> None:
        """Publish a board's pages."""
        self._pages.publish(pages_of(board, self._clock.now()))
