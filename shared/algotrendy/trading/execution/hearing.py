"""Listen to what a broker tells of an account's orders, and miss nothing for long.

The stream may lose, double and reorder; at each gap everything that may have been missed is read
again from the broker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from algotrendy.brokers.port import BrokerFill, StreamGap
from algotrendy.kernel.errors import AlgoTrendyError, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import OrderId
from algotrendy.trading.execution import news
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.execution.lease import Fenced, Monotonic
from algotrendy.trading.execution.news import Told
from algotrendy.trading.execution.patience import USUAL, Timing, answered
from algotrendy.trading.execution.session import Session
from algotrendy.trading.execution.strangers import Strangers, lacks_exits
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.orders import PlatformOrder

T = TypeVar("T")
R = TypeVar("R")

_BATCH = 50
_QUEUE = 10_000
_EVERY_S = 1.0
_LONGEST_S = 30.0
_OVERLAP = timedelta(minutes=10)
_LONG_OVERLAP = timedelta(days=1)

_logger = logging.getLogger(__name__)


class Hearing:
    """Hears the news of one account, under one lease.

    Args:
        on_change: Hears of each order that changed, after the transaction.
        monotonic: Seconds of a clock that never steps, such as the loop's.
    """

    def __init__(
        self,
        post: Post,
        session: Session,
        on_change: Callable[[OrderId], None],
        monotonic: Monotonic,
        timing: Timing = USUAL,
    ) -> None:
        self._post = post
        self._session = session
        self._on_change = on_change
        self._monotonic = monotonic
        self._timing = timing
        self._strangers = Strangers(post, on_change, monotonic, timing)
        self._news: asyncio.Queue[Told] = asyncio.Queue(_QUEUE)
        self._has_gap = True
        self._fills_read_to: datetime | None = None
        self._lacking: dict[OrderId, float] = {}

    async def listen(self) -> None:
        """Take in what the stream tells, until cancelled; connect again when it ends."""
        failures = 0
        while True:
            try:
                async for item in self._post.broker.updates():
                    failures = 0
                    if isinstance(item, StreamGap):
                        _logger.info("the stream of %s: %s", self._post.root, item.reason)
                        self._has_gap = True
                    else:
                        await self._news.put(news.told_by(item))
            except AlgoTrendyError as error:
                _logger.warning("the stream of %s: %s", self._post.root, error.message)
            self._has_gap = True
            failures += 1
            await asyncio.sleep(_pause_s(failures))

    async def write(self) -> None:
        """Write down what was heard, until cancelled.

        Raises:
            Fenced: If the lease was lost.
        """
        while True:
            batch = [await self._news.get()]
            while len(batch) < _BATCH and not self._news.empty():
                batch.append(self._news.get_nowait())
            await self.hear(batch)

    async def keep_up(self) -> None:
        """Read again what may have been missed, at each gap, and take in strangers.

        Raises:
            Fenced: If the lease was lost.
        """
        failures = 0
        while True:
            try:
                if self._has_gap:
                    self._has_gap = False
                    await self.catch_up()
                await self._strangers.settle()
                # What could not be written down now may never be.
                failures = failures + 1 if self._has_gap else 0
            except Fenced:
                raise
            except AlgoTrendyError as error:
                self._has_gap = True
                failures += 1
                _logger.warning("catching up with %s: %s", self._post.root, error.message)
            # The outermost handler of what is read again: orders are sent and cancelled meanwhile.
            except Exception:
                self._has_gap = True
                failures += 1
                _logger.exception("catching up with %s", self._post.root)
            await asyncio.sleep(_pause_s(failures))

    async def hear(self, batch: Sequence[Told]) -> None:
        """Write some news down, in their order; news of a stranger is kept for later.

        Raises:
            Fenced: If the lease was lost.
        """
        root = self._post.root

        def work(tx: LedgerTransaction, told: Told) -> tuple[PlatformOrder, bool] | None:
            found = news.hear(tx, root, told)
            return None if found is None else (found.after, lacks_exits(tx, found.after))

        heard = await self._written(batch, work)
        if any(told.fill or told.busted for told, _ in heard):
            self._post.moved.set()
        for told, known in heard:
            if known is None:
                self._strangers.keep(told.order, told.fill)
                continue
            order, lacks = known
            self._on_change(order.id)
            if lacks:
                self._session.look_at(order)
            elif order.cancel_requested_at is not None:
                self._session.attend([order])

    async def catch_up(self) -> None:
        """Read from the broker how every order stands, and the executions that may be missing.

        Raises:
            Fenced: If the lease was lost.
            Unavailable, Unknown: If broker or ledger do not answer; do it again.
        """
        begun_at, root = self._post.clock.now(), self._post.root
        ours = await self._post.desk.run(lambda tx: tuple(tx.orders.unsettled(root)))
        standing = await self._ask(self._post.broker.orders(open_only=True))
        told = [Told(order, begun_at) for order in standing]
        shown = {order.broker_order_id for order in standing}
        for order in ours:
            for broker_order_id in sorted(order.broker_order_ids - shown):
                told += await self._read_order(broker_order_id, begun_at)
        for start in range(0, len(told), _BATCH):
            await self.hear(told[start : start + _BATCH])
        since = self._fills_read_to or min([begun_at, *_first_told(ours)])
        fills = await self._read_fills(since - _OVERLAP)
        if fills and self._has_gap:
            # What is missing must not fall behind what is read again.
            self._fills_read_to = since
        elif fills:
            # A time that is yet to come would hide all that comes until then.
            read_to = min(max(fill.filled_at for fill in fills), self._post.clock.now())
            self._fills_read_to = max(self._fills_read_to or read_to, read_to)

    async def want_fills(self, orders: Iterable[PlatformOrder]) -> None:
        """Ask for executions that the broker counted and did not tell, less often each time.

        Raises:
            Fenced: If the lease was lost.
            Unavailable, Unknown: If broker or ledger do not answer.
        """
        lacking = {order.id: order for order in orders if order.missing_quantity}
        now = self._monotonic()
        self._lacking = {each: due for each, due in self._lacking.items() if each in lacking}
        is_first = any(each not in self._lacking for each in lacking)
        if not is_first and not any(due <= now for due in self._lacking.values()):
            return
        for each in lacking:
            # The first look most often comes before the broker's own books are written.
            self._lacking[each] = now + (_LONGEST_S if each in self._lacking else _EVERY_S)
        since = min(each.news[0].at if each.news else each.intended_at for each in lacking.values())
        # The broker may have told another time of the order than of its executions.
        await self._read_fills(since - (_OVERLAP if is_first else _LONG_OVERLAP))

    async def _read_order(self, broker_order_id: str, now: datetime) -> list[Told]:
        try:
            return [Told(await self._ask(self._post.broker.order(broker_order_id)), now)]
        except NotFound as error:
            _logger.error("the broker forgot an order: %s", error.message)
            return []

    async def _read_fills(self, since: datetime) -> Sequence[BrokerFill]:
        root = self._post.root
        fills = await self._ask(self._post.broker.fills(since))
        unknown: list[BrokerFill] = []
        for start in range(0, len(fills), _BATCH):
            unknown += await self._hear_fills(fills[start : start + _BATCH])
        try:
            opened_at = await self._post.desk.run(lambda tx: tx.accounts.get(root).opened_at)
            for fill in unknown:
                # What was before is in the opening balance.
                if fill.filled_at >= opened_at:
                    for told in await self._read_order(fill.broker_order_id, fill.filled_at):
                        self._strangers.keep(told.order, fill)
        except AlgoTrendyError:
            # Nobody else knows of those that are left.
            self._has_gap = True
            raise
        return fills

    async def _hear_fills(self, fills: Sequence[BrokerFill]) -> list[BrokerFill]:
        """Write some executions down; give those whose order is nobody's here."""
        root = self._post.root
        heard = await self._written(fills, lambda tx, fill: news.hear_fill(tx, root, fill))
        for _, recorded in heard:
            if recorded is not None and recorded.events:
                self._on_change(recorded.after.id)
                self._post.moved.set()
        return [fill for fill, recorded in heard if recorded is None]

    async def _written(
        self, items: Sequence[T], work: Callable[[LedgerTransaction, T], R]
    ) -> list[tuple[T, R]]:
        """Write news down, together if that can be; give what came of each that was written.

        One that cannot be, whatever is wrong, must not hold up the rest: it would be told again,
        and end every session anew. What is wrong in itself is left out for good; what stumbled over
        anything else is read from the broker again.
        """
        try:
            results = await self._post.desk.see_through(
                lambda tx: [work(tx, item) for item in items]
            )
        except Fenced:
            raise
        except Exception as error:
            if len(items) > 1:
                return [pair for item in items for pair in await self._written([item], work)]
            _logger.exception("news that cannot be written: %s", items[0])
            if not isinstance(error, Invalid | Rejected):
                self._has_gap = True
            return []
        return list(zip(items, results, strict=True))

    async def _ask(self, question: Awaitable[T]) -> T:
        return await answered(question, self._post.broker.name, self._timing.ask_timeout_s)


def _first_told(orders: Iterable[PlatformOrder]) -> list[datetime]:
    """Give when the broker first told of each order, by its own clock, which may not be ours."""
    return [order.news[0].at for order in orders if order.news]


def _pause_s(failures: int) -> float:
    return min(_EVERY_S * 2.0 ** min(failures - 1, 10), _LONGEST_S) if failures else _EVERY_S
