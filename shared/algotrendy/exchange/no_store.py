"""Keep nothing: an exchange that begins anew on every start."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.exchange.venue.model import Changes, Snapshot


class NoStore:
    """Is a ``Store`` that forgets."""

    def take_over(self) -> None:
        """Do nothing: nobody else can have it."""

    def load(self) -> Snapshot:
        """Give an empty snapshot."""
        return Snapshot()

    def save(self, changes: Sequence[Changes], last_event_ns: int | None) -> None:
        """Let it go."""

    def reset(self) -> None:
        """Do nothing: there is nothing."""
