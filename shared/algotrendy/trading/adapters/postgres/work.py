"""Leases, and the workflows that wait, in PostgreSQL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.platform.database import Row, Transaction
from algotrendy.trading.adapters.postgres.turns import Turns
from algotrendy.trading.ledger import Lease
from algotrendy.trading.waits import Wait, WaitingFor

_PUT_LEASE = (
    "INSERT INTO ledger_leases (name, holder, epoch, expires_at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, epoch = EXCLUDED.epoch, "
    "expires_at = EXCLUDED.expires_at"
)
_PUT_WAIT = (
    "INSERT INTO ledger_tokens (order_id, token_hash, token, waiting_for, root, at) "
    "SELECT id, %s, %s, %s, root, %s FROM ledger_orders WHERE id = %s "
    "ON CONFLICT (order_id, token_hash) DO UPDATE SET at = EXCLUDED.at"
)
_WAITS = "SELECT order_id, waiting_for, token, at FROM ledger_tokens"


class PostgresLeases:
    """Is the ``Leases`` of one transaction."""

    def __init__(self, tx: Transaction, turns: Turns) -> None:
        self._tx = tx
        self._turns = turns

    def get(self, name: str) -> Lease | None:
        """Read a lease, and let no other transaction change it until this one ends."""
        # After the colon: who works for an account comes in turn with who decides about it.
        self._turns.take(name.rpartition(":")[2])
        row = self._tx.execute(
            "SELECT holder, epoch, expires_at FROM ledger_leases WHERE name = %s FOR UPDATE",
            [name],
        ).fetchone()
        if row is None:
            return None
        return Lease(name, row["holder"], row["epoch"], row["expires_at"].astimezone(UTC))

    def put(self, lease: Lease) -> None:
        """Keep a lease as it is now."""
        self._tx.execute(_PUT_LEASE, [lease.name, lease.holder, lease.epoch, lease.expires_at])


class PostgresWaits:
    """Is the ``Waits`` of one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def put(self, wait: Wait) -> None:
        """Keep a token, beside others that wait."""
        values = [_hash(wait), wait.token, wait.waiting_for.value, wait.at, wait.order_id]
        if self._tx.execute(_PUT_WAIT, values).rowcount != 1:
            raise NotFound("order", wait.order_id)

    def of(self, order_id: OrderId) -> Sequence[Wait]:
        """Give what an order's workflow waits for."""
        rows = self._tx.execute(f"{_WAITS} WHERE order_id = %s", [order_id]).fetchall()
        return _waits(rows)

    def all(self, root: AccountId) -> Sequence[Wait]:
        """Give every wait of an account's orders."""
        return _waits(self._tx.execute(f"{_WAITS} WHERE root = %s", [root]).fetchall())

    def end(self, wait: Wait) -> None:
        """Forget a token that was answered."""
        self._tx.execute(
            "DELETE FROM ledger_tokens WHERE order_id = %s AND token_hash = %s",
            [wait.order_id, _hash(wait)],
        )


def _hash(wait: Wait) -> str:
    return hashlib.sha256(wait.token.encode()).hexdigest()


def _waits(rows: Sequence[Row]) -> list[Wait]:
    found = [
        Wait(
            OrderId(row["order_id"]),
            WaitingFor(row["waiting_for"]),
            row["token"],
            row["at"].astimezone(UTC),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.order_id, each.waiting_for, each.token))
