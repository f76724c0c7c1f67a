"""Keep nothing: a simulation is over when its process is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from algotrendy.exchange.venue.model import Changes, Snapshot


class NoStore:
    """A store that forgets everything at once."""

    def load(self) -> Snapshot:
        """Give nothing."""
        return Snapshot()

    def save(
        self, changes: Sequence[Changes], last_event_ns: int | None, session: date | None
    ) -> None:
        """Keep nothing."""

    def reset(self) -> None:
        """Forget nothing: there is nothing."""
