"""Share one queue of bells among the accounts of a process: each hears its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import AccountId
from algotrendy.trading.execution.lease import Monotonic
from algotrendy.trading.ports import Heard, Rings

_LISTEN_S = 1.0
_PAUSE_S = 0.2
_RETRY_S = 1.0
_DEAF_AFTER_S = 3.0

_logger = logging.getLogger(__name__)


class Extension:
    """Is the ``Rings`` of one account; it counts as manned for as long as somebody listens."""

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._listened_at = float("-inf")

    @property
    def is_manned(self) -> bool:
        """Say whether what is put here is heard soon."""
        return self._monotonic() - self._listened_at < _DEAF_AFTER_S

    async def listen(self, wait_s: float) -> Sequence[Heard]:
        """Give what was heard, after waiting for so long at most."""
        self._listened_at = self._monotonic()
        found = []
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                found.append(await self._heard.get())
        return [*found, *self.take()]

    def put(self, heard: Heard) -> None:
        """Let it be heard."""
        self._heard.put_nowait(heard)

    def take(self) -> list[Heard]:
        """Take what nobody has heard yet."""
        return [self._heard.get_nowait() for _ in range(self._heard.qsize())]


class Switchboard:
    """Listens while any account of this process is served, and leaves to others what is theirs."""

    def __init__(self, rings: Rings, monotonic: Monotonic) -> None:
        self._rings = rings
        self._monotonic = monotonic
        self._extensions: dict[AccountId, Extension] = {}

    def of(self, account: AccountId) -> Rings:
        """Give the bells of one account."""
        return self._extensions.setdefault(account, Extension(self._monotonic))

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                if any(each.is_manned for each in self._extensions.values()):
                    for heard in await self._rings.listen(_LISTEN_S):
                        await self._connect(heard)
                else:
                    await asyncio.sleep(_PAUSE_S)
                await self._leave_unheard()
            except Unavailable as error:
                # Whoever serves finds the orders in the ledger meanwhile.
                _logger.warning("%s", error.message)
                await asyncio.sleep(_RETRY_S)
            # The outermost handler: whatever stumbled, bells are heard again.
            except Exception:
                _logger.exception("bells")
                await asyncio.sleep(_RETRY_S)

    async def _connect(self, heard: Heard) -> None:
        extension = self._extensions.get(heard.ring.account)
        if extension is not None and extension.is_manned:
            extension.put(heard)
            return
        await heard.leave()
        # Most likely it comes back to us at once: another process needs its turn.
        await asyncio.sleep(_PAUSE_S)

    async def _leave_unheard(self) -> None:
        for extension in self._extensions.values():
            if not extension.is_manned:
                for heard in extension.take():
                    await heard.leave()
