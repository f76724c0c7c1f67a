"""Tell workflows that wait for an order what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import JsonValue, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.trading.execution.following import NOBODY, Following
from algotrendy.trading.execution.lease import FencedDesk
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.saga import Answer, due_answers, end_waits
from algotrendy.trading.waits import Wait

_RETRY_S = 1.0

_logger = logging.getLogger(__name__)


class Answers(Protocol):
    """Where workflows are answered, beside the loop."""

    async def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        """Tell a workflow that waits what came of it; one that waits no more is left alone.

        Raises:
            Unavailable: If it cannot be reached now.
        """
        ...


class Teller:
    """Answers the waits of orders that changed; begins with every wait of the account."""

    def __init__(
        self,
        root: AccountId,
        desk: FencedDesk,
        answers: Answers,
        clock: Clock,
        following: Following = NOBODY,
    ) -> None:
        self._root = root
        self._desk = desk
        self._answers = answers
        self._clock = clock
        self._following = following
        self._changed: set[OrderId] = set()
        self._is_begun = False
        self._work = asyncio.Event()
        self._work.set()

    def note(self, order_id: OrderId) -> None:
        """Say that an order changed; its transaction is committed."""
        self._changed.add(order_id)
        self._work.set()

    async def run(self) -> None:
        """Answer until cancelled; what cannot be answered now is tried again.

        Raises:
            Fenced: If the lease was lost.
        """
        while True:
            await self._work.wait()
            self._work.clear()
            try:
                await self.tell()
            except (Unavailable, Unknown) as error:
                _logger.warning("workflows are answered later: %s", error.message)
                self._work.set()
                await asyncio.sleep(_RETRY_S)

    async def tell(self) -> None:
        """Answer what is due now.

        Raises:
            Fenced: If the lease was lost.
            Unavailable, Unknown: If the ledger or the workflows do not answer; what was not told is
                told the next time.
        """
        ids, self._changed = self._changed, set()
        try:
            now = self._clock.now()
            due = await self._desk.run(lambda tx: self._due(tx, ids, now))
            failures = await asyncio.gather(
                *(self._answer(*each) for each in due), return_exceptions=True
            )
            outcomes = list(zip(due, failures, strict=True))
            told = [wait for (_, wait, _), failure in outcomes if failure is None]
            if told:
                await self._desk.run(lambda tx: end_waits(tx, told))
            for failure in failures:
                if failure is not None:
                    raise failure
        except BaseException:
            self._changed |= ids
            raise
        self._is_begun = True

    def _due(
        self, tx: LedgerTransaction, ids: set[OrderId], now: datetime
    ) -> list[tuple[PlatformOrder, Wait, Answer]]:
        due = due_answers(tx, self._waits(tx, ids), now)
        return [(tx.orders.get(wait.order_id), wait, result) for wait, result in due]

    async def _answer(self, order: PlatformOrder, wait: Wait, result: Answer) -> None:
        with self._following.order(order):
            await self._answers.answer(wait.token, result)

    def _waits(self, tx: LedgerTransaction, ids: set[OrderId]) -> Sequence[Wait]:
        if not self._is_begun:
            return tx.waits.all(self._root)
        return [wait for order_id in sorted(ids, key=str) for wait in tx.waits.of(order_id)]
