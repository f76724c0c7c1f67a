"""Hold what one client has yet to be sent, in bounded space: conflate, then give up on it.

What counts one by one (trades, closed bars, answers) waits in a bounded queue; one more than fits
ends the client. Of what only the newest counts (quotes, partial bars) one waits, whose content is
replaced. A snapshot is made when it is sent, so that updates meanwhile are in it already.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

_IN_A_TURN: Final = 64
_BYTES_IN_A_TURN: Final = 262_144


@dataclass(slots=True, eq=False)
class _Entry:
    topic: Hashable
    message: bytes | None
    make: Callable[[], bytes] | None = None
    is_counted: bool = True


class Backlog:
    """What waits for one client, in the order in which it will be sent.

    Args:
        most_messages: How many messages may wait that count one by one.
        most_bytes: How many bytes of such.
        on_news: Called when something waits that did not before, or when it has overflowed.
    """

    def __init__(
        self, most_messages: int, most_bytes: int, on_news: Callable[[], None] = lambda: None
    ) -> None:
        self.overflow: str = ""
        """Why this client is to be given up on; "" as long as it is not."""
        self.conflated = 0
        self.sent = 0
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._on_news = on_news
        self._entries: deque[_Entry] = deque()
        self._newest: dict[Hashable, _Entry] = {}
        self._snapshots: dict[Hashable, _Entry] = {}
        self._messages = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._messages + len(self._newest) + len(self._snapshots)

    @property
    def waiting_bytes(self) -> int:
        """Tell the bytes of what counts one by one."""
        return self._bytes

    def awaits_snapshot(self, topic: Hashable) -> bool:
        """Say whether a snapshot of the topic has yet to be made."""
        return topic in self._snapshots

    def put(self, topic: Hashable, message: bytes, supersedes: Hashable = None) -> None:
        """Add a message that counts; ``supersedes`` names a topic whose newest is out of date."""
        if self.overflow:
            return
        if supersedes is not None:
            self._drop(self._newest.pop(supersedes, None))
        if topic is not None and topic in self._snapshots:
            return
        if self._messages >= self._most_messages:
            self._give_up(f"{self._messages} messages waited, and at most as many may")
        elif self._bytes + len(message) > self._most_bytes:
            self._give_up(f"{self._bytes} bytes waited, and at most {self._most_bytes} may")
        else:
            self._messages += 1
            self._bytes += len(message)
            self._append(_Entry(topic, message))

    def newest(self, topic: Hashable, message: bytes) -> None:
        """Add a message that takes the place of the topic's one that waits."""
        if self.overflow or topic in self._snapshots:
            return
        waiting = self._newest.get(topic)
        if waiting is not None:
            self.conflated += 1
            waiting.message = message
            return
        entry = _Entry(topic, message, is_counted=False)
        self._newest[topic] = entry
        self._append(entry)

    def snapshot(
        self, topic: Hashable, make: Callable[[], bytes], supersedes: Hashable = None
    ) -> None:
        """Have the topic told anew, behind what waits of it; ``make`` is called in its turn.

        One that waits already keeps its place, and is made by the new ``make``.
        """
        if self.overflow:
            return
        if supersedes is not None:
            self._drop(self._newest.pop(supersedes, None))
        waiting = self._snapshots.get(topic)
        if waiting is not None:
            waiting.make = make
            return
        self._drop(self._newest.pop(topic, None))
        entry = _Entry(topic, None, make, is_counted=False)
        self._snapshots[topic] = entry
        self._append(entry)

    def forget(self, topic: Hashable) -> None:
        """Send nothing more of what waits of a topic."""
        self._drop(self._newest.pop(topic, None))
        self._drop(self._snapshots.pop(topic, None))
        for entry in self._entries:
            if entry.topic == topic and entry.is_counted and entry.message is not None:
                self._uncount(entry.message)
                self._drop(entry)

    def take(self, most: int = _IN_A_TURN) -> list[bytes]:
        """Give the next messages to send, in order; what is given waits no more."""
        taken: list[bytes] = []
        size = 0
        while self._entries and len(taken) < most and size < _BYTES_IN_A_TURN:
            entry = self._entries.popleft()
            if entry.make is not None:
                del self._snapshots[entry.topic]
                entry.message = entry.make()
            if entry.message is None:
                continue
            if entry.is_counted:
                self._uncount(entry.message)
            else:
                self._newest.pop(entry.topic, None)
            taken.append(entry.message)
            size += len(entry.message)
        self.sent += len(taken)
        return taken

    def _append(self, entry: _Entry) -> None:
        self._entries.append(entry)
        self._on_news()

    def _uncount(self, message: bytes) -> None:
        self._messages -= 1
        self._bytes -= len(message)

    @staticmethod
    def _drop(entry: _Entry | None) -> None:
        """Leave an entry in its place without content; it is passed over."""
        if entry is not None:
            entry.message = entry.make = None

    def _give_up(self, reason: str) -> None:
        self.overflow = reason
        self._entries.clear()
        self._newest.clear()
        self._snapshots.clear()
        self._messages = self._bytes = 0
        self._on_news()
