"""Judge a trade by itself, and against the last good one: what is absurd goes to quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.streaming.messages import Fix, Trade

_SECOND = 1_000_000_000


class Reason(StrEnum):
    """Why a tick is kept out of the trades; the text is what the quarantine stores."""

    PRICE = "price is not finite and above 0"
    SIZE = "size is not finite and above 0"
    NO_TIME = "time is not after 1970"
    FUTURE = "time is in the future"
    GOING_BACK = "time going back"
    JUMP = "absurd jump"
    FIX = "fix without a right price and size"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tick may be at most.

    Attributes:
        jump: A price more than so many times the last accepted one, or less than that part of
            it, waits in quarantine until the next trade tells whether it was one (``accepting``).
        ahead_ns: How far a trade's time may be after the time at which it was received: what two
            clocks may be apart. A time of after would hold up every right trade until then.
    """

    jump: float = 1.5
    ahead_ns: int = 10 * _SECOND

    def __post_init__(self) -> None:
        if not (isfinite(self.jump) and self.jump > 1):
            raise Invalid("limits.jump", "a number above 1", self.jump)
        if self.ahead_ns < 0:
            raise Invalid("limits.ahead_ns", "0 or more nanoseconds", self.ahead_ns)


def fault(trade: Trade, limits: Limits) -> Reason | None:
    """Say what is wrong with a trade whatever came before it, or None."""
    # A NaN fails every comparison.
    if not (isfinite(trade.price) and trade.price > 0):
        return Reason.PRICE
    if not (isfinite(trade.size) and trade.size > 0):
        return Reason.SIZE
    if trade.time <= 0:
        return Reason.NO_TIME
    if is_future(trade.time, trade.received, limits):
        return Reason.FUTURE
    return None


def is_future(time: int, received: int, limits: Limits) -> bool:
    """Say whether a time is too far after that at which it was received."""
    return time > received + limits.ahead_ns


def fault_of_fix(fix: Fix) -> Reason | None:
    """Say what is wrong with a fix, or None; a cancel needs no price."""
    if fix.kind == "cancel":
        return None
    is_right = isfinite(fix.price) and fix.price > 0 and isfinite(fix.size) and fix.size > 0
    return None if is_right else Reason.FIX


def apart(one: float, other: float) -> float:
    """Say how many times the smaller of two prices the larger is, 1 or more."""
    return max(one, other) / min(one, other)
