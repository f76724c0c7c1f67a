"""A FIFO queue in this process: messages come late, twice, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import AccountId, parse_account_id, parse_order_id
from algotrendy.trading.ports import Heard, Ring
from simulation.fate import Fate
from simulation.loop import Process, VirtualLoop

VISIBILITY_S = 30.0


@dataclass(eq=False)
class _Message:
    ring: Ring
    hidden_until: float


class Queue:
    """The queue; while a message is being worked on, those behind it wait."""

    def __init__(self, loop: VirtualLoop, fate: Fate) -> None:
        self._loop = loop
        self._fate = fate
        self._messages: list[_Message] = []
        self._came: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        """Count the messages that nobody has finished."""
        return len(self._messages)

    def send(self, body: Mapping[str, Any]) -> None:
        """Take a message as the workflow writes it."""
        order_id = body.get("order_id")
        account = parse_account_id(body["account"])
        known = None if order_id is None else parse_order_id(order_id)
        self.put(Ring(account, known, body.get("token")))

    def put(self, ring: Ring) -> None:
        """Take a message; it may be lost."""
        if self._fate.strikes("ring lost", 0.04):
            return
        delay = self._fate.between(0.5, 8.0) if self._fate.strikes("ring late", 0.04) else 0.01
        now = self._loop.time()
        self._messages.append(_Message(ring, now + delay))
        if self._fate.strikes("ring doubled", 0.04):
            self._messages.append(_Message(ring, now + delay))
        self._loop.later_outside(delay, self._wake)

    def take(self, account: AccountId, most: int = 10) -> list[_Message]:
        """Give messages of an account in their order, and hide them from others."""
        now = self._loop.time()
        found: list[_Message] = []
        for message in self._messages:
            if message.ring.account != account:
                continue
            if message.hidden_until > now or len(found) == most:
                break
            found.append(message)
        for message in found:
            message.hidden_until = now + VISIBILITY_S
        return found

    def finish(self, message: _Message) -> None:
        """Forget a message."""
        if message in self._messages:
            self._messages.remove(message)

    def release(self, message: _Message) -> None:
        """Let a message be seen at once."""
        message.hidden_until = self._loop.time()
        self._wake()

    async def wait(self, seconds: float) -> None:
        """Wait until something may have come."""
        came = self._loop.create_future()
        self._came.append(came)
        try:
            async with asyncio.timeout(seconds):
                await came
        except TimeoutError:
            pass

    def _wake(self) -> None:
        waiting, self._came = self._came, []
        for each in waiting:
            if not each.done():
                each.set_result(None)


class HeardRing:
    """Is the ``Heard`` of a message."""

    def __init__(self, queue: Queue, message: _Message, process: Process) -> None:
        self._queue = queue
        self._message = message
        self._process = process

    @property
    def ring(self) -> Ring:
        """Give what was rung."""
        return self._message.ring

    async def done(self) -> None:
        """Delete it."""
        self._process.require_alive()
        await asyncio.sleep(0.005)
        self._queue.finish(self._message)

    async def leave(self) -> None:
        """Give it back."""
        self._process.require_alive()
        await asyncio.sleep(0.005)
        self._queue.release(self._message)


class RingsPort:
    """Is the ``Rings`` of an account in one process."""

    def __init__(self, queue: Queue, fate: Fate, account: AccountId, process: Process) -> None:
        self._queue = queue
        self._fate = fate
        self._account = account
        self._process = process

    async def listen(self, wait_s: float) -> Sequence[Heard]:
        """Give what was heard."""
        self._process.require_alive()
        await asyncio.sleep(0.005)
        if self._fate.strikes("queue away", 0.01):
            raise Unavailable("queue", "throttled")
        found = self._queue.take(self._account)
        if not found:
            await self._queue.wait(wait_s)
            found = self._queue.take(self._account)
        return [HeardRing(self._queue, each, self._process) for each in found]


class BellPort:
    """Is the ``Bell`` of one process."""

    def __init__(
        self,
        queue: Queue,
        fate: Fate,
        process: Process,
        effect: Callable[[Process, str], None],
    ) -> None:
        self._queue = queue
        self._fate = fate
        self._process = process
        self._effect = effect

    def ring(self, ring: Ring) -> None:
        """Ring it."""
        self._process.require_alive()
        self._effect(self._process, "before a ring")
        if self._fate.strikes("queue refuses", 0.03):
            raise Unavailable("queue", "throttled")
        self._queue.put(ring)
        self._effect(self._process, "after a ring")
