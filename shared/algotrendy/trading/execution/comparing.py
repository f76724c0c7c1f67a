"""Compare all that a broker told with the ledger, in short transactions.

Nobody sends an order while a transaction of the account's writer is under way. What was found the
same once is not read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from algotrendy.brokers.port import BrokerFill
from algotrendy.trading.execution.differences import (
    BrokerView,
    Difference,
    Sighting,
    of_activities,
    of_bookings,
    of_fills,
    of_orders,
    of_sums,
    of_vanished,
)
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.ledger import LedgerTransaction

A_TRANSACTION: Final = 20
KEPT: Final = timedelta(days=4)

T = TypeVar("T")
K = TypeVar("K")
Part = Callable[[LedgerTransaction], Iterable[Sighting]]


class Comparing:
    """Compares one account's ledger with what its broker tells, and remembers what was the same."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._fills: dict[BrokerFill, datetime] = {}
        self._activities: dict[str, datetime] = {}

    async def compare(
        self, view: BrokerView, ignored: Collection[str], given_up: Collection[Difference]
    ) -> Sequence[Sighting]:
        """Find every difference.

        Args:
            ignored: Executions and activities of before the books were opened.
            given_up: What no rule could settle: nothing waits for it any more.

        Raises:
            Fenced: If the lease was lost.
            Unavailable, Unknown: If the ledger does not answer.
        """
        found: list[Sighting] = []
        for part in self._parts(view, ignored):
            found += await self._read(part)
        self._remember(view, ignored, found)
        # What a rule will book may explain all of the rest, which is compared when it is booked.
        if any(each.remedy is not None and each.difference not in given_up for each in found):
            return found
        found += await self._bookings(view)
        found += await self._read(partial(of_sums, root=self._post.root, view=view))
        return found

    async def _read(self, part: Part) -> Sequence[Sighting]:
        return await self._post.desk.run(lambda tx: tuple(part(tx)))

    def _parts(self, view: BrokerView, ignored: Collection[str]) -> Iterator[Part]:
        root = self._post.root
        for orders in _batches(view.orders):
            yield partial(of_orders, root=root, orders=orders, now=view.at)
        for names in _batches(view.vanished):
            yield partial(of_vanished, vanished=names)
        fills = [each for each in view.fills if each not in self._fills]
        for some in _batches(fills):
            yield partial(of_fills, root=root, fills=some, ignored=ignored)
        activities = [each for each in view.activities if each.id not in self._activities]
        for few in _batches(activities):
            yield partial(of_activities, root=root, activities=few, ignored=ignored)

    async def _bookings(self, view: BrokerView) -> Sequence[Sighting]:
        root = self._post.root
        found: list[Sighting] = []
        before: str | None = None
        while True:
            page, before = await self._post.desk.run(
                partial(of_bookings, root=root, view=view, before=before)
            )
            found += page
            if before is None:
                return found

    def _remember(
        self, view: BrokerView, ignored: Collection[str], found: Iterable[Sighting]
    ) -> None:
        """Note what was the same; what is ignored may yet turn out to be ours."""
        differing = {each.difference.subject for each in found} | set(ignored)
        self._fills |= {
            each: each.filled_at for each in view.fills if each.execution_id not in differing
        }
        self._activities |= {
            each.id: each.at for each in view.activities if each.id not in differing
        }

        self._fills = _newest(self._fills)
        self._activities = _newest(self._activities)


def _newest(times: dict[K, datetime]) -> dict[K, datetime]:
    """Leave out what is too old to be told again."""
    last = max(times.values(), default=None)
    return {} if last is None else {k: at for k, at in times.items() if at >= last - KEPT}


def _batches(values: Iterable[T]) -> Iterator[tuple[T, ...]]:
    rest = iter(values)
    while batch := tuple(islice(rest, A_TRANSACTION)):
        yield batch
