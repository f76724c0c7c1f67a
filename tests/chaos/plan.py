"""Draw from a seed what one run of chaos does: orders, cancels, kills, and a hostile exchange."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum

SPAN_S = 3.0
# A crypto pair pays its fee in units, so that not all that was bought is there to be sold.
_STOCKS = ("AAPL", "MSFT", "IBM")
_SYMBOLS = (*_STOCKS, "BTC/USD")
_PARENTS = ("twap", "iceberg")
_BUYS = {"market": 3, "limit": 3, "resting": 3, "bracket": 2, "twap": 1, "iceberg": 1}
_CRYPTO_BUYS = ("market", "limit", "resting")
_SALES = ("market", "limit", "resting", "oco")
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
    SECOND = "second"  # the execution service that was started beside the first
    EXCHANGE = "exchange"
    DATABASE = "postgres"
    BACKEND = "backend"  # one process of the database, which then starts all of them again
    EMULATOR = "emulator"  # with all that it has not saved yet


_WEIGHTS = {
    Target.EXECUTION: 10,
    Target.API: 6,
    Target.STEPS: 6,
    Target.EXCHANGE: 2,
    Target.DATABASE: 1,
    Target.BACKEND: 1,
    Target.EMULATOR: 1,
}
_WEIGHT_OF_SECOND = 6


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL, so many seconds into the run."""

    at_s: float
    target: Target


@dataclass(frozen=True, slots=True)
class Wish:
    """One order that a client sends, again and again until it has an answer.

    Attributes:
        kind: ``limit`` is marketable, ``resting`` so far away that it rests; ``oco`` is a pair of
            exits; ``twap`` and ``iceberg`` are parent orders.
        cancel_at_s: When its end is asked for; None for never.
        change_at_s: When another price is asked for; None for never.
    """

    at_s: float
    name: str
    symbol: str
    side: str
    kind: str
    quantity: str
    cancel_at_s: float | None = None
    change_at_s: float | None = None

    @property
    def is_parent(self) -> bool:
        """Say whether it is traded in slices."""
        return self.kind in _PARENTS

    @property
    def changed_name(self) -> str:
        """Name the order that takes its place."""
        return f"{self.name}-changed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run does.

    Attributes:
        holding: What is bought in peace before all else, so that there is something to sell.
        is_paired: A second execution service runs beside the first.
    """

    seed: int
    wishes: tuple[Wish, ...]
    kills: tuple[Kill, ...]
    faults: dict[str, float]
    holding: Wish | None = None
    is_paired: bool = False

    def may_wash(self, wish: Wish) -> bool:
        """Say whether a wish may meet the exits of another one's bracket, and be refused."""
        return wish.kind in ("market", "bracket") and any(
            each.kind == "bracket" and each.symbol == wish.symbol
            for each in self.wishes
            if each != wish
        )


def plan_of(seed: int, batch: str = "") -> Plan:
    """Give the plan of a seed, the same every time; the batch only goes into the orders' names."""
    chance = random.Random(seed)
    name = f"chaos-{batch}{seed}"
    holding, wishes = None, []
    if chance.random() < 0.4:
        size = str(chance.randint(2, 20))
        holding = Wish(0, f"{name}-held", chance.choice(_STOCKS), "buy", "market", size)
        wishes.append(_sale(chance, f"{name}-sold", holding))
    # A buy of what is being sold would be a wash trade.
    symbols = [each for each in _SYMBOLS if holding is None or each != holding.symbol]
    count = chance.randint(2, 4) - len(wishes)
    wishes += (_buy(chance, f"{name}-{n}", chance.choice(symbols)) for n in range(count))
    is_paired = chance.random() < 0.3
    weights = {**_WEIGHTS, **({Target.SECOND: _WEIGHT_OF_SECOND} if is_paired else {})}
    kills = [
        Kill(
            round(chance.uniform(0.05, SPAN_S), 3),
            chance.choices(list(weights), list(weights.values()))[0],
        )
        for _ in range(chance.randint(1, 3))
    ]
    names = chance.sample(sorted(_FAULTS), chance.randint(1, 4))
    faults = {name: round(chance.uniform(0.3, 1) * _FAULTS[name], 3) for name in names}
    kills.sort(key=lambda kill: kill.at_s)
    return Plan(seed, tuple(wishes), tuple(kills), faults, holding, is_paired)


def _buy(chance: random.Random, name: str, symbol: str) -> Wish:
    if "/" in symbol:
        kind, size = chance.choice(_CRYPTO_BUYS), str(chance.randint(1, 9) / 100)
    else:
        kind = chance.choices(list(_BUYS), list(_BUYS.values()))[0]
        size = str(chance.randint(4, 20))
    return _timed(chance, Wish(0, name, symbol, "buy", kind, size))


def _sale(chance: random.Random, name: str, holding: Wish) -> Wish:
    kind = chance.choice(_SALES)
    part = chance.randint(1, int(holding.quantity)) if kind == "market" else holding.quantity
    return _timed(chance, Wish(0, name, holding.symbol, "sell", kind, str(part)))


def _timed(chance: random.Random, wish: Wish) -> Wish:
    at_s = round(chance.uniform(0, SPAN_S / 2), 3)
    rests = wish.kind in ("resting", "oco")
    is_cancelled = rests or chance.random() < 0.25
    cancel_at_s = round(at_s + chance.uniform(0.05, SPAN_S), 3) if is_cancelled else None
    is_changed = wish.kind == "resting" and chance.random() < 0.5
    change_at_s = round(at_s + chance.uniform(0.5, SPAN_S / 2), 3) if is_changed else None
    if change_at_s is not None and cancel_at_s is not None:
        cancel_at_s = round(change_at_s + chance.uniform(0.05, SPAN_S / 2), 3)
    return replace(wish, at_s=at_s, cancel_at_s=cancel_at_s, change_at_s=change_at_s)
