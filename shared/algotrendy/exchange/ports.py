"""Say what the paper exchange needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from algotrendy.exchange.venue.model import Changes, Snapshot


class Store(Protocol):
    """Keeps one exchange over restarts."""

    def take_over(self) -> None:
        """Become the one that writes: whoever took over before is refused from now on."""
        ...

    def load(self) -> Snapshot:
        """Give what was saved.

        Accounts come in the order of their opening, orders of their sequence, positions of
        account and symbol, activities of their ids, equity points of account and time.
        """
        ...

    def save(self, changes: Sequence[Changes], last_event_ns: int | None) -> None:
        """Keep changes in their order, all or none, and up to where the market was played.

        The same call again changes nothing, so whoever heard ``Unknown`` may repeat it.

        Args:
            changes: Oldest first; updates are not kept.
            last_event_ns: None leaves what was kept.

        Raises:
            Conflict: If another took over meanwhile; nothing was saved.
            Unavailable: If nothing was saved.
            Unknown: If it may or may not have been.
        """
        ...

    def reset(self) -> None:
        """Forget everything of this exchange."""
        ...
