"""Take in orders at the broker that nobody here knows, once it is sure that they are nobody's.

An order of ours may be told of before it is known under its broker's name, and an exit before the
order that it belongs to. So a stranger waits until nothing is in doubt that it could be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from algotrendy.brokers.port import BrokerFill, BrokerOrder
from algotrendy.kernel.errors import Invalid, NotFound, Rejected
from algotrendy.kernel.ids import OrderId
from algotrendy.kernel.order import OrderClass
from algotrendy.trading.execution import news
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.lease import Monotonic
from algotrendy.trading.execution.news import Told
from algotrendy.trading.execution.patience import USUAL, Timing, answered
from algotrendy.trading.execution.succession import exits_of, succession
from algotrendy.trading.ledger import LedgerTransaction, OrderQuery
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

_GRACE_S = 2.0
_ENTRIES_LOOKED_AT = 50
_IN_DOUBT = (PlatformStatus.SUBMITTING, PlatformStatus.UNKNOWN)

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stranger:
    """An order that is not in the ledger, or not yet; ``since`` is of a monotonic clock."""

    order: BrokerOrder
    since: float
    fills: dict[str, BrokerFill] = field(default_factory=dict)


class Strangers:
    """Orders of one account's broker that are to be taken in.

    Losing them loses nothing: the broker tells of them again when it is asked.
    """

    def __init__(
        self,
        post: Post,
        on_change: Callable[[OrderId], None],
        monotonic: Monotonic,
        timing: Timing = USUAL,
    ) -> None:
        self._post = post
        self._on_change = on_change
        self._monotonic = monotonic
        self._timing = timing
        self._known: dict[str, _Stranger] = {}

    def keep(self, order: BrokerOrder, fill: BrokerFill | None = None) -> None:
        """Remember news of a stranger."""
        stranger = self._known.setdefault(
            order.broker_order_id, _Stranger(order, self._monotonic())
        )
        stranger.order = order
        if fill is not None:
            stranger.fills[fill.execution_id] = fill

    async def settle(self) -> None:
        """Take in who has waited long enough.

        Raises:
            Fenced: If the lease was lost.
            Unavailable, Unknown: If broker or ledger do not answer; they wait on.
        """
        for name, stranger in list(self._known.items()):
            if self._monotonic() - stranger.since < _GRACE_S:
                continue
            try:
                is_settled = await self._settle(stranger)
            except (Invalid, Rejected) as error:
                _logger.error("order %s cannot be taken in: %s", name, error.message)
                is_settled = True
            if is_settled and self._known.get(name) is stranger:
                del self._known[name]

    async def _settle(self, stranger: _Stranger) -> bool:
        root, told = self._post.root, stranger.order
        is_ours, in_doubt, entries = await self._post.desk.run(
            lambda tx: (
                news.find(tx, root, told) is not None,
                _is_in_doubt(tx, self._post, told),
                _entries(tx, self._post, told),
            )
        )
        if in_doubt and not is_ours:
            return False
        if not is_ours:
            await self._look_at(entries)
        now = self._post.clock.now()

        def work(tx: LedgerTransaction) -> PlatformOrder | None:
            known = news.find(tx, root, told)
            if known is None and told.status.is_terminal and not told.filled_quantity:
                return None
            opened_at = tx.accounts.get(root).opened_at
            order = news.adopt(tx, root, told, now).after
            for fill in stranger.fills.values():
                # What was before is in the opening balance.
                if fill.filled_at >= opened_at or known is not None:
                    order = news.hear_of_fill(tx, order, fill).after
            return order

        order = await self._post.desk.see_through(work)
        if order is not None:
            self._on_change(order.id)
        return True

    async def _look_at(self, entries: tuple[PlatformOrder, ...]) -> None:
        """Ask about orders whose exits are not known: the stranger may be one."""
        broker = self._post.broker
        for entry in entries:
            for broker_order_id in sorted(entry.broker_order_ids):
                try:
                    told = await answered(
                        broker.order(broker_order_id), broker.name, self._timing.ask_timeout_s
                    )
                except NotFound:
                    continue
                await self._hear(Told(told, self._post.clock.now()))

    async def _hear(self, told: Told) -> None:
        root = self._post.root
        await self._post.desk.see_through(lambda tx: news.hear(tx, root, told))


def lacks_exits(tx: LedgerTransaction, order: PlatformOrder) -> bool:
    """Say whether the broker holds exits for an order that nobody here knows yet."""
    if order.request.order_class is OrderClass.SIMPLE or not order.is_at_broker:
        return False
    if order.is_terminal and not order.executions:
        return False
    return not any(exits_of(tx, succession(tx, order)))


def _is_in_doubt(tx: LedgerTransaction, post: Post, told: BrokerOrder) -> bool:
    return any(
        order.symbol == told.symbol and order.status in _IN_DOUBT and not order.is_at_broker
        for order in tx.orders.unsettled(post.root)
    )


def _entries(tx: LedgerTransaction, post: Post, told: BrokerOrder) -> tuple[PlatformOrder, ...]:
    query = OrderQuery(account=post.root, symbol=told.symbol, limit=_ENTRIES_LOOKED_AT)
    return tuple(order for order in tx.orders.select(query) if lacks_exits(tx, order))
