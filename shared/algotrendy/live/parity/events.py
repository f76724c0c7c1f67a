"""What replays of runs come to, as others hear of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId


class ParityReported(Event):
    """A run was replayed through the backtest engine, and every difference is explained."""

    name = "ParityReported"
    version = 1

    run_id: UUID
    account: AccountId
    strategy: str
    decisions: int
    orders: int


class ParityUnexplained(Event):
    """A run was replayed, and did something of which nobody knows why."""

    name = "ParityUnexplained"
    version = 1

    run_id: UUID
    account: AccountId
    strategy: str
    decisions: int
    orders: int
    unexplained: int
    last_day: date
