"""Book what the broker tells and the ledger lacks: news, strangers, activities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from algotrendy.brokers.port import BrokerActivity, BrokerFill, BrokerOrder
from algotrendy.kernel.errors import NotFound, Rejected
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.order import OrderClass
from algotrendy.trading.execution import news, posting
from algotrendy.trading.execution.differences import IN_FLIGHT, Remedy
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.patience import USUAL, answered
from algotrendy.trading.ledger import LedgerTransaction, OrderQuery

IN_DOUBT: Final = "an order of ours, of which nobody knows whether it was taken, may be it"
_FAMILY_LOOKED_AT: Final = 30


class Settling:
    """Books one remedy after the other; what was booked before is known again."""

    def __init__(self, post: Post) -> None:
        self._post = post

    async def book(self, remedy: Remedy) -> str | None:
        """Book what a difference lacks; give the reason where it cannot be.

        Raises:
            Fenced: If the lease was lost.
            Invalid, Rejected: If it tells what cannot be, or the broker says no.
            Unavailable: If the broker does not answer.
        """
        match remedy:
            case BrokerActivity():
                return await self._post_activity(remedy)
            case BrokerFill():
                return await self._hear_fill(remedy)
            case BrokerOrder():
                return await self._hear_order(remedy)

    async def _hear_order(self, told: BrokerOrder) -> str | None:
        post = self._post
        at = post.clock.now()
        if await post.desk.see_through(partial(_heard, root=post.root, told=told, at=at)):
            return None
        if await post.desk.run(lambda tx: _is_in_doubt(tx, post.root, told)):
            return IN_DOUBT
        # It may be an exit of an order whose exits were never told.
        for entry_id in await post.desk.run(lambda tx: _with_exits(tx, post.root, told)):
            try:
                entry = await self._order(entry_id)
            except Rejected:
                continue
            await post.desk.see_through(partial(_heard, root=post.root, told=entry, at=at))
        await post.desk.see_through(lambda tx: news.adopt(tx, post.root, told, at))
        return None

    async def _hear_fill(self, fill: BrokerFill) -> str | None:
        if await self._book(fill):
            return None
        reason = await self._ask_for_order(fill.broker_order_id)
        if reason is not None or await self._book(fill):
            return reason
        return "its order was not found after it was taken in"

    async def _post_activity(self, activity: BrokerActivity) -> str | None:
        root, desk, name = self._post.root, self._post.desk, activity.broker_order_id
        book = partial(posting.post, root=root, activity=activity)
        reason = await desk.see_through(book)
        if reason is None or name is None:
            return reason
        if await desk.run(lambda tx: tx.orders.by_broker_id(root, name) is not None):
            return reason
        reason = await self._ask_for_order(name)
        return reason if reason is not None else await desk.see_through(book)

    async def _ask_for_order(self, broker_order_id: str) -> str | None:
        """Take in an order that nobody here knows; give the reason where that cannot be."""
        try:
            order = await self._order(broker_order_id)
        except NotFound:
            return f"the broker does not know its order, {broker_order_id}"
        return await self._hear_order(order)

    async def _order(self, broker_order_id: str) -> BrokerOrder:
        broker = self._post.broker
        return await answered(broker.order(broker_order_id), broker.name, USUAL.ask_timeout_s)

    async def _book(self, fill: BrokerFill) -> bool:
        root = self._post.root
        return await self._post.desk.see_through(
            lambda tx: news.hear_fill(tx, root, fill) is not None
        )


def _heard(tx: LedgerTransaction, root: AccountId, told: BrokerOrder, at: datetime) -> bool:
    return news.hear(tx, root, news.Told(told, at)) is not None


def _is_in_doubt(tx: LedgerTransaction, root: AccountId, told: BrokerOrder) -> bool:
    return any(
        order.symbol == told.symbol and order.status in IN_FLIGHT and not order.is_at_broker
        for order in tx.orders.unsettled(root)
    )


def _with_exits(tx: LedgerTransaction, root: AccountId, told: BrokerOrder) -> Sequence[str]:
    """Give the broker's names of orders of late whose exit an order may be."""
    query = OrderQuery(account=root, symbol=told.symbol, limit=_FAMILY_LOOKED_AT)
    return [
        max(order.broker_order_ids)
        for order in tx.orders.select(query)
        if order.request.order_class is not OrderClass.SIMPLE
        and (order.request.side is not told.side or order.request.order_class is OrderClass.OCO)
        and order.broker_order_ids
    ]
