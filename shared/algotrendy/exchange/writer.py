"""Store what changes, in order, one transaction at a time, and tell who waits for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from algotrendy.exchange.ports import Store
from algotrendy.exchange.venue.model import Changes
from algotrendy.kernel.errors import Unavailable, Unknown

_logger = logging.getLogger(__name__)
_PATIENCE_S = 20.0
_STUCK_S = 5.0
_RETRY_S = 0.25
_IDLE_S = 2.0


@dataclass(slots=True)
class _Unsaved:
    """What one command or a turn of the market changed, and who waits for it to be stored."""

    changes: Changes
    played_ns: int
    stored: asyncio.Future[None]


class Writer:
    """The one task that saves. What comes while it saves shares the next transaction.

    Args:
        on_stored: Hears of changes, in their order, once they are stored.
    """

    def __init__(self, store: Store, on_stored: Callable[[Changes], None]) -> None:
        self._store = store
        self._on_stored = on_stored
        self._waiting: list[_Unsaved] = []
        self._saving: list[_Unsaved] = []
        self._work = asyncio.Event()
        self._stuck_since: float | None = None
        self._saved_ns: int | None = None

    @property
    def is_stuck(self) -> bool:
        """Say whether the store has not answered for seconds."""
        return self._stuck_since is not None and time.monotonic() - self._stuck_since > _STUCK_S

    def add(self, changes: Changes, played_ns: int) -> asyncio.Future[None]:
        """Take changes to be stored; the future is done when they are, or fails with Unknown.

        Args:
            played_ns: Up to where the market was played then.
        """
        # The venue goes on to change its entities while a thread stores these.
        still = replace(
            changes,
            accounts={key: value.still() for key, value in changes.accounts.items()},
            orders={key: value.still() for key, value in changes.orders.items()},
            positions={key: value.still() for key, value in changes.positions.items()},
        )
        unsaved = _Unsaved(still, played_ns, asyncio.get_running_loop().create_future())
        self._waiting.append(unsaved)
        self._work.set()
        return unsaved.stored

    async def run(self, played_ns: Callable[[], int]) -> None:
        """Save for ever; when nothing changes, now and then how far the market was played."""
        while True:
            idle = asyncio.get_running_loop().call_later(_IDLE_S, self._work.set)
            await self._work.wait()
            idle.cancel()
            self._work.clear()
            self._saving, self._waiting = self._waiting, []
            played = self._saving[-1].played_ns if self._saving else played_ns()
            if self._saving or played != self._saved_ns:
                await self._save(played)
            for unsaved in self._saving:
                self._on_stored(unsaved.changes)
                if not unsaved.stored.done():
                    unsaved.stored.set_result(None)
            self._saving = []

    async def settled(self) -> None:
        """Wait until all that was added so far is stored.

        Raises:
            Unavailable: If the store does not answer.
        """
        for unsaved in (*self._saving, *self._waiting)[-1:]:
            await asyncio.wait([unsaved.stored])
            if unsaved.stored.exception() is not None:
                raise Unavailable("exchange", "its store does not answer", retry_after_s=1.0)

    async def drain(self) -> None:
        """Wait some seconds for what is left to be stored."""
        left = [unsaved.stored for unsaved in (*self._saving, *self._waiting)]
        if left:
            await asyncio.wait(left, timeout=_STUCK_S)

    def give_up(self, reason: str) -> None:
        """Store nothing more of what waits, and let everybody know."""
        self._disappoint(reason)
        self._waiting.clear()

    def _disappoint(self, reason: str) -> None:
        for unsaved in (*self._saving, *self._waiting):
            if not unsaved.stored.done():
                unsaved.stored.set_exception(Unknown("the command", reason))
                # Nobody waits for what the market itself did; then nobody else asks for this.
                unsaved.stored.exception()

    async def _save(self, played_ns: int) -> None:
        """Save a batch, however long the store is away: what was done must not be lost."""
        changes: Sequence[Changes] = [unsaved.changes for unsaved in self._saving]
        while True:
            try:
                await asyncio.to_thread(self._store.save, changes, played_ns)
            except (Unavailable, Unknown) as error:
                # A save is idempotent: one whose outcome is unknown is sent again.
                if self._stuck_since is None:
                    self._stuck_since = time.monotonic()
                    _logger.warning("the store does not answer: %s", error.message)
                if time.monotonic() - self._stuck_since > _PATIENCE_S:
                    self._disappoint("the store does not answer")
                await asyncio.sleep(_RETRY_S)
            else:
                self._stuck_since = None
                self._saved_ns = played_ns
                return
