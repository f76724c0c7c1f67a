"""Draw from a seed what one run of chaos does: orders, cancels, kills, and a hostile exchange."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

SPAN_S = 3.0
_SYMBOLS = ("AAPL", "MSFT", "IBM", "BTC/USD")
_FAULTS = {
    "timeout_after": 0.15,
    "timeout_before": 0.15,
    "drop_after": 0.15,
    "drop_before": 0.15,
    "error_after": 0.1,
    "drop_updates": 0.3,
    "duplicate_updates": 0.3,
    "late_updates": 0.3,
    "reorder_updates": 0.3,
    "partial_fills": 0.5,
    "rate_limit": 0.1,
    "latency_jitter_s": 0.5,
}


class Target(StrEnum):
    """What a kill falls on."""

    API = "api"
    STEPS = "steps"
    EXECUTION = "execution"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL, so many seconds into the run."""

    at_s: float
    target: Target


@dataclass(frozen=True, slots=True)
class Wish:
    """One order that a client sends, again and again until it has an answer.

    Attributes:
        body: Of ``POST /v1/orders``, without account and name.
        far: The price that it asks for is so far away that it rests.
        cancel_at_s: When its end is asked for; None for never.
    """

    at_s: float
    name: str
    symbol: str
    side: str
    kind: str
    quantity: str
    cancel_at_s: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run does."""

    seed: int
    wishes: tuple[Wish, ...]
    kills: tuple[Kill, ...]
    faults: dict[str, float]


def plan_of(seed: int, batch: str = "") -> Plan:
    """Give the plan of a seed, the same every time; the batch only goes into the orders' names."""
    chance = random.Random(seed)
    wishes = tuple(_wish(chance, f"chaos-{batch}{seed}-{n}") for n in range(chance.randint(2, 4)))
    kills = tuple(
        Kill(round(chance.uniform(0.05, SPAN_S), 3), _target(chance))
        for _ in range(chance.randint(1, 3))
    )
    names = chance.sample(sorted(_FAULTS), chance.randint(1, 4))
    faults = {name: round(chance.uniform(0.3, 1) * _FAULTS[name], 3) for name in names}
    return Plan(seed, wishes, tuple(sorted(kills, key=lambda kill: kill.at_s)), faults)


def _wish(chance: random.Random, name: str) -> Wish:
    symbol = chance.choice(_SYMBOLS)
    is_crypto = "/" in symbol
    kind = chance.choice(
        ("market", "limit", "resting") if is_crypto else ("market", "limit", "resting", "bracket")
    )
    at_s = round(chance.uniform(0, SPAN_S / 2), 3)
    is_cancelled = kind == "resting" or chance.random() < 0.25
    cancel_at_s = round(at_s + chance.uniform(0.05, SPAN_S), 3) if is_cancelled else None
    quantity = str(chance.randint(1, 9) / 100) if is_crypto else str(chance.randint(1, 20))
    return Wish(at_s, name, symbol, "buy", kind, quantity, cancel_at_s)


def _target(chance: random.Random) -> Target:
    weights = {Target.EXECUTION: 5, Target.API: 3, Target.STEPS: 3, Target.EXCHANGE: 1}
    return chance.choices(list(weights), list(weights.values()))[0]
