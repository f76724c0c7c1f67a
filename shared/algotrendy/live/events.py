"""What happens to runs of strategies, as others hear of it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId


class StrategyRunChanged(Event):
    """A run stands elsewhere: somebody wanted it, or it happened to it."""

    name = "StrategyRunChanged"
    version = 1

    run_id: UUID
    strategy: str
    strategy_version: int
    account: AccountId
    state: str
    before: str
    by: str
    reason: str


class StrategyStepped(Event):
    """A run was told of bars, and decided."""

    name = "StrategyStepped"
    version = 1

    run_id: UUID
    strategy: str
    strategy_version: int
    account: AccountId
    step: int
    bar_at: int
    decisions: int
    refused: int
    sends: bool


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
