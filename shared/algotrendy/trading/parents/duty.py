"""Bring an account's parent orders forward while its writer holds the lease."""

from __future__ import annotations

from datetime import datetime

from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.ids import EventId, OrderId
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.parents.parent import Parent
from algotrendy.trading.parents.working import StepIds, advance, note_refusal, open_parents


class SliceDuty:
    """Places the slices that are due, and ends those whose time is over."""

    name = "parent orders"
    every_s = 1.0

    def __init__(self, post: Post) -> None:
        self._post = post

    async def do(self) -> None:
        """Take each open parent order one step further."""
        has_changed = False
        for parent_id in await self._post.desk.run(self._open):
            has_changed |= await self._advance(parent_id)
        if has_changed:
            self._post.wake()

    def _open(self, tx: LedgerTransaction) -> list[OrderId]:
        now = self._post.clock.now()
        parents = [each for each in open_parents(tx, self._post.root) if _is_due(each, now)]
        # Oldest first.
        return [each.id for each in reversed(parents)]

    async def _advance(self, parent_id: OrderId) -> bool:
        ids = StepIds(OrderId(self._post.ids.next()), EventId(self._post.ids.next()))
        now = self._post.clock.now()
        try:
            return await self._post.desk.see_through(lambda tx: advance(tx, parent_id, ids, now))
        except (Rejected, Invalid) as error:
            reason = error.message
            await self._post.desk.see_through(lambda tx: note_refusal(tx, parent_id, reason, now))
            return False


def _is_due(parent: Parent, now: datetime) -> bool:
    """Leave out the many that only wait for their next slice's time."""
    return parent.slice is not None or parent.look_at is None or parent.look_at <= now
