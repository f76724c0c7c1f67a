"""Trials for tests: a tally of AAPL, a batch of it, a ledger that numbers what it records."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from algotrendy.backtest.ports import TrialStore
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.trials import Batch, BatchId, Kind, Tally
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import CorrelationId, SeededIds, TenantId, UserId

ACME, RIVAL = TenantId("acme"), TenantId("rival")
NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def sha(name: object) -> str:
    """Give the hash of a run of that name."""
    return hashlib.sha256(str(name).encode()).hexdigest()


def some_tally(
    *symbols: str, sharpes: Sequence[float | None] = (0.01, 0.03), **changes: Any
) -> Tally:
    """Give a tally of AAPL, or of the symbols, over the year 2010."""
    named: dict[str, Any] = {
        "timeframe": Timeframe.DAY,
        "first": date(2010, 1, 4),
        "last": date(2010, 12, 31),
        "observations": 251,
        "periods_per_year": 252.0,
    }
    return Tally.of(symbols or ("AAPL",), sharpes=sharpes, **{**named, **changes})


def some_batch(number: int, *tallies: Tally, **changes: Any) -> Batch:
    """Give the batch of a number, of one tally of AAPL or of those given."""
    named: dict[str, Any] = {
        "id": BatchId(UUID(f"01936b1e-0000-7000-8000-{number:012d}")),
        "tenant": ACME,
        "sha256": sha(number),
        "kind": Kind.SWEEP,
        "strategy": "sma_cross",
        "version": "1",
        "tallies": tallies or (some_tally(),),
        "recorded_by": UserId("ada"),
        "recorded_at": NOW,
        "correlation_id": CorrelationId("request-1"),
    }
    return Batch(**{**named, **changes})


def ledger_over(store: TrialStore, seed: int = 1) -> TrialLedger:
    """Give a ledger whose clock stands at ``NOW``."""
    clock = ManualClock(NOW)
    return TrialLedger(store, clock, SeededIds(seed, clock))


def record(ledger: TrialLedger, name: object, *tallies: Tally, **changes: Any) -> Batch:
    """Record a sweep of ``sma_cross`` by ada of acme."""
    named: dict[str, Any] = {
        "kind": Kind.SWEEP,
        "strategy": "sma_cross",
        "version": "1",
        "tenant": ACME,
        "recorded_by": UserId("ada"),
        "correlation_id": CorrelationId("request-1"),
    }
    return ledger.record(sha(name), tallies=tallies or (some_tally(),), **{**named, **changes})
