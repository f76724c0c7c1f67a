"""Remember orders as they were folded, so that a history is read once and not at each look."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from algotrendy.kernel.ids import OrderId
from algotrendy.trading.orders import PlatformOrder

MOST_KEPT = 4096


class Folds:
    """The last orders that were read or written, each after a number of committed events.

    Events are only ever added, so an order after so many of them never changes. Safe to share
    between threads.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[OrderId, PlatformOrder] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, order_id: OrderId, events: int) -> PlatformOrder | None:
        """Give an order as it was after that many events, or fewer; None where it is not known."""
        with self._lock:
            found = self._kept.get(order_id)
            if found is None or len(found.seen) > events:
                return None
            self._kept.move_to_end(order_id)
            return found

    def keep(self, orders: Iterable[PlatformOrder]) -> None:
        """Remember orders, all of whose events are committed."""
        with self._lock:
            for order in orders:
                known = self._kept.get(order.id)
                if known is None or len(known.seen) < len(order.seen):
                    self._kept[order.id] = order
                self._kept.move_to_end(order.id)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
