"""What a ledger in memory keeps of risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId
from algotrendy.risk.limits import Limits, StrategyId
from algotrendy.risk.records import KillSwitch, LimitsVersion, Marks, StateChange
from fakes.memory_ledger.tables import Index, Table, Undo


class MemoryRiskRecords:
    """Is the ``RiskRecords`` of a memory ledger."""

    def __init__(self, undo: Undo) -> None:
        self._limits: Table[AccountId, tuple[LimitsVersion, ...]] = Table(undo)
        self._states: Table[AccountId, Mapping[StrategyId | None, StateChange]] = Table(undo)
        self._marks: Table[AccountId, Mapping[StrategyId | None, Marks]] = Table(undo)
        self._switches: Table[UUID, KillSwitch] = Table(undo)
        self._switches_of: Index[AccountId, UUID] = Index(undo)

    def limits(self, account: AccountId) -> Limits:
        versions = self._limits.get(account)
        return versions[-1].limits if versions else Limits(version=1)

    def limits_versions(
        self, account: AccountId, limit: int, below: int | None = None
    ) -> Sequence[LimitsVersion]:
        versions = self._limits.get(account) or ()
        newest = reversed(versions)
        return [each for each in newest if below is None or each.limits.version < below][:limit]

    def add_limits(self, version: LimitsVersion) -> None:
        known = self._limits.get(version.account) or ()
        number = version.limits.version
        if any(each.limits.version == number for each in known):
            raise Conflict(f"account {version.account} has limits of version {number} already")
        versions = sorted((*known, version), key=lambda each: each.limits.version)
        self._limits.put(version.account, tuple(versions))

    def trading_states(self, account: AccountId) -> Mapping[StrategyId | None, StateChange]:
        return self._states.get(account) or {}

    def set_trading_state(self, change: StateChange) -> None:
        states = {**self.trading_states(change.account), change.strategy: change}
        self._states.put(change.account, states)

    def kill_switches(
        self, account: AccountId, limit: int = 20, before: KillSwitch | None = None
    ) -> Sequence[KillSwitch]:
        found = self._newest(account)
        if before is not None:
            found = [each for each in found if _asked(each) < _asked(before)]
        return found[:limit]

    def kill_switch(self, switch_id: UUID) -> KillSwitch | None:
        return self._switches.get(switch_id)

    def due_kill_switches(self, now: datetime) -> Sequence[KillSwitch]:
        due = [
            each
            for each in self._switches.rows.values()
            if each.due_at <= now and each.pulled_at is None and each.revoked_at is None
        ]
        return sorted(due, key=lambda each: (each.due_at, each.id.int))

    def acting_kill_switches(self, account: AccountId) -> Sequence[KillSwitch]:
        return [each for each in self._newest(account) if each.is_acting]

    def put_kill_switch(self, switch: KillSwitch) -> None:
        self._switches.put(switch.id, switch)
        self._switches_of.add(switch.account, switch.id)

    def marks(self, account: AccountId) -> Mapping[StrategyId | None, Marks]:
        return self._marks.get(account) or {}

    def put_marks(self, marks: Marks) -> None:
        kept = {**self.marks(marks.account), marks.strategy: marks}
        self._marks.put(marks.account, kept)

    def _newest(self, account: AccountId) -> list[KillSwitch]:
        found = [self._switches.rows[each] for each in self._switches_of.of(account)]
        return sorted(found, key=_asked, reverse=True)


def _asked(switch: KillSwitch) -> tuple[datetime, int]:
    return switch.asked_at, switch.id.int
