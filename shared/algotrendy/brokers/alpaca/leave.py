"""Say whether a request may still leave: whoever asked for it may have given up."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Leave:
    """The leave to send one request; safe from any thread.

    Args:
        monotonic_s: A clock that never steps, and counts a sleep of the machine.
        until_s: By that clock, when it ends by itself.
    """

    def __init__(self, monotonic_s: Callable[[], float], until_s: float) -> None:
        self._monotonic_s = monotonic_s
        self._until_s = until_s
        self._withdrawn = threading.Event()

    def withdraw(self) -> None:
        """End it."""
        self._withdrawn.set()

    def holds(self) -> bool:
        """Say whether the request may leave now."""
        return not self._withdrawn.is_set() and self._monotonic_s() < self._until_s
