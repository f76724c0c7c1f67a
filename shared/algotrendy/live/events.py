"""What happens to runs of strategies, as others hear of it."""

from __future__ import annotations

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
