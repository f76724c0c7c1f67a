"""Send what waits, in order, again and again until it is taken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.market_data.streaming.backing_off import Backoff
from algotrendy.market_data.streaming.feeds import Sink, Told
from algotrendy.market_data.streaming.messages import Hole, Record
from algotrendy.market_data.streaming.outbox import Outbox

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SendingTerms:
    """How much waits, and how patiently it is sent.

    Attributes:
        most_pending: Of trades and fixes together, in memory; a trade takes about 400 bytes.
        most_records: Handed to the sink at once.
        backoff_s: Least and most wait before a record that was not taken goes again.
    """

    most_pending: int = 50_000
    most_records: int = 500
    backoff_s: tuple[float, float] = (0.1, 10.0)


class Sender:
    """Sends the records of one feed.

    Args:
        run: Names this process, and no other one that ever was.
        random: Gives 0 to 1.

    Attributes:
        records, retries: How many were taken, and how often one was not.
        trouble: Why the last ones were not taken; "" when they were.
    """

    def __init__(
        self,
        sink: Sink,
        feed: str,
        run: str,
        random: Callable[[], float],
        terms: SendingTerms | None = None,
    ) -> None:
        self._sink = sink
        self._feed = feed
        self._terms = terms or SendingTerms()
        self._outbox = Outbox(feed, run, Backoff(*self._terms.backoff_s, random))
        self._more = asyncio.Event()
        self._less = asyncio.Event()
        self.records = 0
        self.retries = 0
        self.trouble = ""

    @property
    def pending(self) -> int:
        """Give how many trades, fixes and holes wait."""
        return self._outbox.pending

    @property
    def is_full(self) -> bool:
        """Say whether as much waits as may."""
        return self.pending >= self._terms.most_pending

    @property
    def is_overfull(self) -> bool:
        """Say whether twice as much waits: then nothing at all may be added."""
        return self.pending >= 2 * self._terms.most_pending

    def add(self, symbol: str, told: Sequence[Told]) -> None:
        """Send something of a symbol, after all of it that was added before; never waits."""
        if told:
            self._outbox.add(symbol, told)
            self._more.set()

    def tell_clock(self, symbol: str, clock: int) -> None:
        """Say, behind what was added, that all up to ``clock`` was told; 0 says nothing."""
        self._outbox.tell_clock(symbol, clock)
        self._more.set()

    def tell_hole(self, hole: Hole) -> None:
        """Say in the next record of its symbol what is missing; never waits."""
        self._outbox.tell_hole(hole)
        self._more.set()

    async def room(self) -> None:
        """Wait until no more than half of what may wait does."""
        while self.pending > self._terms.most_pending // 2:
            self._less.clear()
            await self._less.wait()

    async def drain(self) -> None:
        """Wait until nothing waits any more."""
        while self.pending:
            self._less.clear()
            await self._less.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = self._outbox.due()
            if due is None or due > loop.time():
                await self._wait(None if due is None else due - loop.time())
                continue
            sent = self._outbox.take(loop.time(), self._terms.most_records)
            taken = await self._put(sent)
            self._outbox.settle(sent, taken, loop.time())
            self.records += sum(taken)
            self.retries += len(taken) - sum(taken)
            self._less.set()

    async def _wait(self, longest_s: float | None) -> None:
        self._more.clear()
        try:
            async with asyncio.timeout(longest_s):
                await self._more.wait()
        except TimeoutError:
            return

    async def _put(self, sent: Sequence[Record]) -> Sequence[bool]:
        trouble = ""
        try:
            taken = await self._sink.put(sent)
        except (Unavailable, Unknown) as error:
            trouble = error.message
            taken = [False] * len(sent)
        if not trouble and not all(taken):
            trouble = "some records were not taken"
        if bool(trouble) is not bool(self.trouble):
            if trouble:
                _logger.warning("%s: ticks are not taken: %s", self._feed, trouble)
            else:
                _logger.info("%s: ticks are taken again", self._feed)
        self.trouble = trouble
        return taken
