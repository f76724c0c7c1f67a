"""Name what the status page shows, in the words of those who use it, and how each is looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a component stands."""

    UNKNOWN = "unknown"
    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    OUTAGE = "outage"
    MAINTENANCE = "maintenance"

    @property
    def severity(self) -> int:
        """Grow with what a user suffers; planned work is told apart from faults."""
        return _SEVERITY[self]

    @property
    def is_trouble(self) -> bool:
        """Say whether users suffer from something that nobody planned."""
        return self in (State.DEGRADED, State.OUTAGE)


_SEVERITY = {
    State.UNKNOWN: 0,
    State.OPERATIONAL: 0,
    State.MAINTENANCE: 0,
    State.DEGRADED: 1,
    State.OUTAGE: 2,
}


def worst(states: Iterable[State], default: State = State.OPERATIONAL) -> State:
    """Give the worst of some states; the default where there is none or none is worse."""
    return max((default, *states), key=lambda state: state.severity)


class Door(StrEnum):
    """Where a component is asked how it is."""

    API = "api"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Component:
    """One line of the page.

    Attributes:
        says: What a user does with it.
        path: Behind the door's address.
        checks: Those of the answer of ``/ready`` that make up this component, each of which may
            be missing; None: an answer with 200 is enough.
        spare: Those without which it works, if less well.
    """

    id: str
    name: str
    says: str
    path: str
    checks: tuple[str, ...] | None = None
    spare: tuple[str, ...] = ()
    door: Door = Door.API


COMPONENTS = (
    Component("api", "API", "Every request goes through it", "/operations/health"),
    Component(
        "sign-in",
        "Sign-in",
        "Signing in, and keys that prove who asks",
        "",
        door=Door.SIGN_IN,
    ),
    Component(
        "orders",
        "Orders and accounts",
        "Placing and changing orders, positions, risk limits",
        "/trading/ready",
        ("database",),
    ),
    Component(
        "execution",
        "Execution",
        "Orders on their way to brokers, fills on their way back",
        "/trading/ready",
        ("execution", "reconciliation"),
    ),
    Component(
        "market-data",
        "Market data",
        "Bars and quotes of the past, and their quality",
        "/market_data/ready",
        ("lake",),
        ("bars", "cache"),
    ),
    Component(
        "streams",
        "Live streams",
        "Trades, quotes and bars as they happen",
        "/market_data/ready",
        ("streaming",),
    ),
    Component(
        "backtests",
        "Backtests and sweeps",
        "Research on bars of the past",
        "/backtest/ready",
        ("database", "results"),
        ("studies",),
    ),
    Component(
        "events",
        "Events",
        "What happened, told to whatever listens",
        "/operations/ready",
        ("database", "outbox", "relay"),
    ),
)

BY_ID = {component.id: component for component in COMPONENTS}
