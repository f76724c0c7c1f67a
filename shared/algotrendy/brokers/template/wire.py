"""Stand for the vendor's library: one request, one answer.

In an adapter of yours this module wraps the vendor's client, or an HTTP session with timeouts,
without any retries of its own. It is the only one that imports the vendor's library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class NotSent(Exception):  # noqa: N818 - reads as what it means
    """Says that no connection was made: the broker cannot have heard of it."""


class NoAnswer(Exception):  # noqa: N818
    """Says that the broker may have heard of it, and that no answer came in time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the broker answered, whatever it was; decimals are text."""

    status: int
    json: Any = None
    retry_after_s: float | None = None


class Wire(Protocol):
    """Sends requests."""

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        """Send one request once.

        Raises:
            NotSent: If it cannot have arrived.
            NoAnswer: If it may have.
        """
        ...

    async def close(self) -> None:
        """End the connections."""
        ...
