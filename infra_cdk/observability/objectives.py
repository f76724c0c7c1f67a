"""Say what the platform promises, and how fast its budget of errors may burn.

The windows and rates are those of the Site Reliability Workbook, chapter 5: an alarm needs a long
window, so that it is worth somebody's time, and a short one, so that it ends when the fault does.
Rates are in times of what would use the budget up in exactly 30 days.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PERIOD_DAYS: Final = 30


class Urgency(StrEnum):
    """Who is told: somebody at once, or whoever works next."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Burn:
    """One pair of windows, and the rate that both must be over.

    Attributes:
        budget: The part of the whole budget that is gone when the long window is full.
    """

    short_s: int
    long_s: int
    rate: float
    budget: float
    urgency: Urgency

    @property
    def name(self) -> str:
        """Name it by its long window: ``1h``."""
        return window(self.long_s)


BURNS: Final = (
    Burn(5 * 60, 3600, 14.4, 0.02, Urgency.PAGE),
    Burn(30 * 60, 6 * 3600, 6.0, 0.05, Urgency.PAGE),
    Burn(2 * 3600, 24 * 3600, 3.0, 0.10, Urgency.TICKET),
    Burn(6 * 3600, 3 * 24 * 3600, 1.0, 0.10, Urgency.TICKET),
)


@dataclass(frozen=True, slots=True)
class Objective:
    """A promise about one kind of event: so many of all are good.

    Attributes:
        name: Part of the alarms' names.
        target: 0.999 for three nines.
        says: What is promised, for a person.
    """

    name: str
    target: float
    says: str

    @property
    def budget(self) -> float:
        """Give the part that may be bad."""
        return round(1 - self.target, 9)


API: Final = Objective("api", 0.999, "of all requests, 99.9% are answered, and not with 5xx")
BROKER: Final = Objective(
    "broker-calls", 0.999, "of all calls to brokers, 99.9% get an answer, be it a refusal"
)


def window(seconds: int) -> str:
    """Write a span as Prometheus does: ``5m``, ``1h``, ``3d``."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
