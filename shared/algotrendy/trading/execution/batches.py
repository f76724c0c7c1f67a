"""Let what is to be written at the same time share a transaction: each costs a wait for the disk.

What comes while a transaction is under way shares the next one. If one of them cannot be done, all
are undone, and each is done by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, TypeVar

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.trading.ledger import Desk, LedgerTransaction

T = TypeVar("T")

_MOST = 32

Work = Callable[[LedgerTransaction], Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    work: Work
    answer: asyncio.Future[Any]


class Batches:
    """Is a ``Desk`` over another one, with one transaction at a time.

    Args:
        first: Done at the begin of each transaction.
    """

    def __init__(self, desk: Desk, first: Callable[[LedgerTransaction], None]) -> None:
        self._desk = desk
        self._first = first
        self._home = copy_context()
        self._waiting: list[_Asked] = []
        self._driving: asyncio.Future[None] | None = None

    async def run(self, work: Callable[[LedgerTransaction], T]) -> T:
        """Run a function in a transaction, which it may share with others.

        Raises:
            Unavailable, Unknown: As the ledger does; and whatever the function raises.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Asked(work, answer))
        if self._driving is None or self._driving.done():
            # What it writes is not of the one alone who asked first.
            loop, home = asyncio.get_running_loop(), self._home.copy()
            self._driving = loop.create_task(self._drive(), context=home)
        return await answer

    async def _drive(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            # Who asked may have gone meanwhile.
            batch = [each for each in batch if not each.answer.done()]
            if batch and not await self._together(batch):
                for each in batch:
                    await self._together([each])

    async def _together(self, batch: list[_Asked]) -> bool:
        """Do all in one transaction; False when one of several stands in the way of the others."""

        def whole(tx: LedgerTransaction) -> list[Any]:
            self._first(tx)
            return [each.work(tx) for each in batch]

        try:
            results = await self._desk.run(whole)
        except (Unavailable, Unknown) as error:
            _fail(batch, error)
        # Whatever it is, it is told to whoever asked for it.
        except Exception as error:  # noqa: BLE001
            if len(batch) > 1:
                return False
            _fail(batch, error)
        else:
            for each, result in zip(batch, results, strict=True):
                if not each.answer.done():
                    each.answer.set_result(result)
        return True


def _fail(batch: list[_Asked], error: Exception) -> None:
    for each in batch:
        if not each.answer.done():
            each.answer.set_exception(error)
