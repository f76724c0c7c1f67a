"""Remember orders as they were folded, so that a history is read once and not at each look."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping

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

    def find(self, wanted: Mapping[OrderId, int]) -> dict[OrderId, PlatformOrder]:
        """Give those that are known, each after as many events as are wanted or fewer."""
        found = {}
        with self._lock:
            for order_id, events in wanted.items():
                order = self._kept.get(order_id)
                if order is not None and len(order.seen) <= events:
                    self._kept.move_to_end(order_id)
                    found[order_id] = order
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
