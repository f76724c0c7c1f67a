"""How long a writer waits for an answer, and what it remembers of an order between two tries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from algotrendy.kernel.errors import Unavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a session is, in seconds.

    Attributes:
        absent_after_s: A broker may not know an order for so long after it was sent in vain.
        absent_looks: So many looks in a row must not find it then.
        look_every_s: Between two looks for one order.
        start_within_s: From storing that an order is sent to sending it.
        lost_bell_s: An order of this age is sent without anybody having rung for it.
        ask_timeout_s: For a question.
        orders_per_minute: Most that are sent; None for the broker's documented limit, 0 for none.
        backoff_s: Least and most wait before something is tried again.
    """

    absent_after_s: float = 10.0
    absent_looks: int = 3
    look_every_s: float = 1.0
    start_within_s: float = 2.0
    lost_bell_s: float = 5.0
    ask_timeout_s: float = 20.0
    backoff_s: tuple[float, float] = (0.5, 30.0)
    orders_per_minute: int | None = None


USUAL = Timing()


@dataclass(slots=True)
class Patience:
    """What is remembered of one order between two tries; losing it only costs time.

    Attributes:
        in_doubt_since: Since when nobody can be sending it any more without an answer.
        absences: Looks in a row that did not find it, and that count.
        refusal: Why the broker refused it when it was sent again; it stands once the broker is
            proven not to have the order from the time before.
    """

    next_at: float = 0.0
    failures: int = 0
    in_doubt_since: float | None = None
    absences: int = 0
    refusal: str | None = None

    def wait_longer(self, now: float, timing: Timing, at_least_s: float = 0.0) -> None:
        """Put the next try off, each time for longer; ``now`` is of a monotonic clock."""
        least_s, most_s = timing.backoff_s
        wait_s = min(least_s * 2.0 ** min(self.failures, 10), most_s)
        self.failures += 1
        self.next_at = now + max(wait_s, at_least_s)

    def count_absence(self, asked_at: float, timing: Timing) -> bool:
        """Count a look that did not find the order; say whether that is proof by now."""
        since = asked_at if self.in_doubt_since is None else self.in_doubt_since
        counts = asked_at >= since + timing.absent_after_s
        self.absences = self.absences + 1 if counts else 0
        self.next_at = asked_at + timing.look_every_s
        return self.absences >= timing.absent_looks


async def answered(question: Awaitable[T], service: str, timeout_s: float) -> T:
    """Give the answer to a question.

    Raises:
        Unavailable: If it does not come in time.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await question
    except TimeoutError as error:
        raise Unavailable(service, f"no answer within {timeout_s:g} s") from error
