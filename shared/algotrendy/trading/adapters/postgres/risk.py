"""What people decide about risk, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import AccountId
from algotrendy.platform.database import Row, Transaction
from algotrendy.risk.limits import Limits, StrategyId
from algotrendy.risk.records import KillSwitch, LimitsVersion, Marks, StateChange
from algotrendy.trading.adapters.postgres.texts import read, written

_ADD_LIMITS = (
    "INSERT INTO risk_limits (account, version, document) VALUES (%s, %s, %s) "
    "ON CONFLICT (account, version) DO NOTHING"
)
_PUT_STATE = (
    "INSERT INTO risk_trading_states (account, strategy, document) VALUES (%s, %s, %s) "
    "ON CONFLICT (account, strategy) DO UPDATE SET document = EXCLUDED.document"
)
_PUT_MARKS = (
    "INSERT INTO risk_marks (account, strategy, document) VALUES (%s, %s, %s) "
    "ON CONFLICT (account, strategy) DO UPDATE SET document = EXCLUDED.document"
)
_PUT_SWITCH = (
    "INSERT INTO risk_kill_switches "
    "(id, account, asked_at, due_at, is_scheduled, is_acting, document) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET "
    "due_at = EXCLUDED.due_at, is_scheduled = EXCLUDED.is_scheduled, "
    "is_acting = EXCLUDED.is_acting, document = EXCLUDED.document"
)
_SWITCHES = "SELECT document FROM risk_kill_switches"


class PostgresRiskRecords:
    """Is the ``RiskRecords`` of one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def limits(self, account: AccountId) -> Limits:
        """Give the newest limits; version 1 with the defaults where none were set."""
        newest = self.limits_versions(account, 1)
        return newest[0].limits if newest else Limits(version=1)

    def limits_versions(
        self, account: AccountId, limit: int, below: int | None = None
    ) -> Sequence[LimitsVersion]:
        """Give versions, newest first, all below a number where one is given."""
        older = "AND version < %(below)s" if below is not None else ""
        rows = self._tx.execute(
            f"SELECT document FROM risk_limits WHERE account = %(account)s {older} "  # noqa: S608 - constants
            "ORDER BY version DESC LIMIT %(limit)s",
            {"account": account, "below": below, "limit": limit},
        ).fetchall()
        return [read(LimitsVersion, row["document"]) for row in rows]

    def add_limits(self, version: LimitsVersion) -> None:
        """Keep the next version; Conflict when there is one of that number."""
        number = version.limits.version
        values = [version.account, number, written(version)]
        if self._tx.execute(_ADD_LIMITS, values).rowcount != 1:
            raise Conflict(f"account {version.account} has limits of version {number} already")

    def trading_states(self, account: AccountId) -> Mapping[StrategyId | None, StateChange]:
        """Give what was set last, by strategy, None for the account; absent is ACTIVE."""
        rows = self._tx.execute(
            "SELECT document FROM risk_trading_states WHERE account = %s", [account]
        ).fetchall()
        found = (read(StateChange, row["document"]) for row in rows)
        return {each.strategy: each for each in found}

    def set_trading_state(self, change: StateChange) -> None:
        """Take a new state in place of the one before."""
        self._tx.execute(_PUT_STATE, [change.account, change.strategy or "", written(change)])

    def kill_switches(
        self, account: AccountId, limit: int = 20, before: KillSwitch | None = None
    ) -> Sequence[KillSwitch]:
        """Give the last ones, newest first, all that were asked for before one of them."""
        older = "" if before is None else "AND (asked_at, id) < (%s, %s) "
        place = [] if before is None else [before.asked_at, before.id]
        return self._switches(
            f"{_SWITCHES} WHERE account = %s {older}ORDER BY asked_at DESC, id DESC LIMIT %s",
            [account, *place, limit],
        )

    def kill_switch(self, switch_id: UUID) -> KillSwitch | None:
        """Give one by its id, of whatever account, or None."""
        found = self._switches(f"{_SWITCHES} WHERE id = %s", [switch_id])
        return found[0] if found else None

    def due_kill_switches(self, now: datetime) -> Sequence[KillSwitch]:
        """Give those of any account that are due, and neither pulled nor revoked."""
        return self._switches(
            f"{_SWITCHES} WHERE is_scheduled AND due_at <= %s ORDER BY due_at, id", [now]
        )

    def acting_kill_switches(self, account: AccountId) -> Sequence[KillSwitch]:
        """Give those for which orders are still to be ended."""
        return self._switches(
            f"{_SWITCHES} WHERE account = %s AND is_acting ORDER BY asked_at DESC, id DESC",
            [account],
        )

    def put_kill_switch(self, switch: KillSwitch) -> None:
        """Keep a new one, or a known one as it is now."""
        self._tx.execute(
            _PUT_SWITCH,
            [
                switch.id,
                switch.account,
                switch.asked_at,
                switch.due_at,
                switch.pulled_at is None and switch.revoked_at is None,
                switch.is_acting,
                written(switch),
            ],
        )

    def marks(self, account: AccountId) -> Mapping[StrategyId | None, Marks]:
        """Give what losses are measured from, by strategy, None for the account."""
        rows = self._tx.execute(
            "SELECT document FROM risk_marks WHERE account = %s", [account]
        ).fetchall()
        found = (read(Marks, row["document"]) for row in rows)
        return {each.strategy: each for each in found}

    def put_marks(self, marks: Marks) -> None:
        """Take new marks in place of the ones before."""
        self._tx.execute(_PUT_MARKS, [marks.account, marks.strategy or "", written(marks)])

    def _switches(self, statement: str, values: Sequence[object]) -> list[KillSwitch]:
        rows: Sequence[Row] = self._tx.execute(statement, values).fetchall()
        return [read(KillSwitch, row["document"]) for row in rows]
