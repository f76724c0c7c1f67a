"""Keep what people decide about risk: limits in versions, trading states, kill switches, marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from algotrendy.kernel.ids import AccountId
from algotrendy.risk.limits import Limits, StrategyId, TradingState


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsVersion:
    """One version of an account's limits, and who made it, why and when."""

    account: AccountId
    limits: Limits
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A trading state that somebody set; of the account where ``strategy`` is None."""

    account: AccountId
    state: TradingState
    by: str
    reason: str
    at: datetime
    strategy: StrategyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSwitch:
    """An order to stop everything on an account: it halts, cancels all, and may flatten.

    Attributes:
        due_at: When it takes effect; later than ``asked_at`` for a scheduled one.
        pulled_at: When the account was halted by it; None while it is scheduled.
        done_at: When every order was over, and flat where asked; None before.
        revoked_at: When a scheduled one was taken back, or trading was allowed again.
    """

    id: UUID
    account: AccountId
    flatten: bool
    by: str
    reason: str
    asked_at: datetime
    due_at: datetime
    pulled_at: datetime | None = None
    done_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def is_acting(self) -> bool:
        """Say whether orders are still to be ended for it."""
        return self.pulled_at is not None and self.done_at is None and self.revoked_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What losses are measured from; of the account where ``strategy`` is None.

    Attributes:
        day: Of the market, in the calendar of New York.
        day_start: Equity at its begin.
        peak: Highest equity so far.
    """

    account: AccountId
    day: date
    day_start: Decimal
    peak: Decimal
    strategy: StrategyId | None = None


class RiskRecords(Protocol):
    """What is kept, read and written within one transaction; accounts are whole ones."""

    def limits(self, account: AccountId) -> Limits:
        """Give the newest limits; version 1 with the defaults where none were set."""
        ...

    def limits_versions(
        self, account: AccountId, limit: int, below: int | None = None
    ) -> Sequence[LimitsVersion]:
        """Give versions, newest first, all below a number where one is given."""
        ...

    def add_limits(self, version: LimitsVersion) -> None:
        """Keep the next version; Conflict when there is one of that number."""
        ...

    def trading_states(self, account: AccountId) -> Mapping[StrategyId | None, StateChange]:
        """Give what was set last, by strategy, None for the account; absent is ACTIVE."""
        ...

    def set_trading_state(self, change: StateChange) -> None:
        """Take a new state in place of the one before."""
        ...

    def kill_switches(
        self, account: AccountId, limit: int = 20, before: KillSwitch | None = None
    ) -> Sequence[KillSwitch]:
        """Give the last ones, newest first, all that were asked for before one of them."""
        ...

    def kill_switch(self, switch_id: UUID) -> KillSwitch | None:
        """Give one by its id, of whatever account, or None."""
        ...

    def due_kill_switches(self, now: datetime) -> Sequence[KillSwitch]:
        """Give those of any account that are due, and neither pulled nor revoked."""
        ...

    def acting_kill_switches(self, account: AccountId) -> Sequence[KillSwitch]:
        """Give those for which orders are still to be ended."""
        ...

    def put_kill_switch(self, switch: KillSwitch) -> None:
        """Keep a new one, or a known one as it is now."""
        ...

    def marks(self, account: AccountId) -> Mapping[StrategyId | None, Marks]:
        """Give what losses are measured from, by strategy, None for the account."""
        ...

    def put_marks(self, marks: Marks) -> None:
        """Take new marks in place of the ones before."""
        ...
