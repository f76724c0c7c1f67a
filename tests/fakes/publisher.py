"""A bus that keeps what it was sent, and fails when told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from algotrendy.platform.bus import Message


class RecordingPublisher:
    """Keeps the messages it takes, in order.

    Args:
        before: Called with each message before it is taken; what it raises ends the publish.
        refuses: Tells whether the bus turns a message down.
    """

    def __init__(
        self,
        before: Callable[[Message], None] = lambda _: None,
        refuses: Callable[[Message], bool] = lambda _: False,
    ) -> None:
        self.before = before
        self.refuses = refuses
        self.messages: list[Message] = []

    def publish(self, messages: Sequence[Message]) -> set[UUID]:
        """Take the messages that are not refused."""
        taken = set()
        for message in messages:
            self.before(message)
            if not self.refuses(message):
                self.messages.append(message)
                taken.add(message.id)
        return taken

    @property
    def ids(self) -> list[UUID]:
        """Give the ids of what was taken, in order, with repetitions."""
        return [message.id for message in self.messages]
