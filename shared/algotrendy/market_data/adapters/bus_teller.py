"""Tell of bars on the event bus; what it does not take goes with the next."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from typing import Final

from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.market_data.events import BarsClosed
from algotrendy.platform import tracing
from algotrendy.platform.bus import Message, Publisher
from algotrendy.platform.telemetry import logger

MOST_WAITING: Final = 1_000


class BusTeller:
    """Is the ``Teller`` of one process, over a publisher.

    There is no outbox: the lake is no database, and no transaction holds both. What the bus does
    not take waits here for the next bars; with the process it is lost. Runs that wait for bars are
    led on by the watch then.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiting: deque[Message] = deque(maxlen=MOST_WAITING)

    def tell(self, closed: Sequence[BarsClosed]) -> None:
        """Publish what waits and what is new, oldest first."""
        self._waiting.extend(_message(each) for each in closed)
        messages = list(self._waiting)
        if not messages:
            return
        try:
            taken = self._publisher.publish(messages)
        except (Unavailable, Unknown) as error:
            logger.warning("closed bars were not told: %s", error.message, events=len(messages))
            return
        left = [message for message in messages if message.id not in taken]
        self._waiting = deque(left, maxlen=MOST_WAITING)
        if left:
            logger.warning("closed bars were not told: the bus refuses them", events=len(left))


def _message(event: BarsClosed) -> Message:
    envelope = event.envelope()
    carried = event.traceparent or tracing.traceparent()
    if carried is not None:
        envelope[tracing.HEADER] = carried
    text = json.dumps(envelope, separators=(",", ":"), allow_nan=False)
    return Message(event.id, event.name, text, event.occurred_at)
