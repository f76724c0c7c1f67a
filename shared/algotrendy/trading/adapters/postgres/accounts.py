"""Accounts and their parts in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.platform.database import Row, Transaction
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres.texts import read, written
from algotrendy.trading.adapters.postgres.turns import Turns

_INSERT = (
    "INSERT INTO ledger_accounts (id, root, tenant, claims, document) "
    "VALUES (%s, %s, %s, 0, %s) ON CONFLICT (id) DO NOTHING"
)
_UPDATE = "UPDATE ledger_accounts SET document = %s WHERE id = %s"
# A write and no lock alone: who waited for a lock would go on with what it saw before it waited.
_CLAIM = "UPDATE ledger_accounts SET claims = claims + 1 WHERE id = %s RETURNING document"


class PostgresAccounts:
    """Is the ``Accounts`` of one transaction; reads each account once."""

    def __init__(self, tx: Transaction, turns: Turns) -> None:
        self._tx = tx
        self._turns = turns
        self._known: dict[AccountId, Account] = {}

    def add(self, account: Account) -> bool:
        """Keep a new account or part; False when there is one of its id."""
        values = [account.id, account.root, account.tenant, written(account)]
        return self._tx.execute(_INSERT, values).rowcount == 1

    def get(self, account: AccountId) -> Account:
        """Read one; NotFound when there is none."""
        known = self._known.get(account)
        if known is not None:
            return known
        row = self._tx.execute(
            "SELECT document FROM ledger_accounts WHERE id = %s", [account]
        ).fetchone()
        return self._read(account, row)

    def put(self, account: Account) -> None:
        """Keep a known account as it is now."""
        if self._tx.execute(_UPDATE, [written(account), account.id]).rowcount != 1:
            raise NotFound("account", account.id)
        self._known[account.id] = account

    def of_tenant(self, tenant: TenantId) -> Sequence[Account]:
        """Give a tenant's accounts and parts, by id."""
        rows = self._tx.execute(
            "SELECT document FROM ledger_accounts WHERE tenant = %s", [tenant]
        ).fetchall()
        return _by_id(rows)

    def family(self, root: AccountId) -> Sequence[Account]:
        """Give an account, then its parts by id; NotFound when there is no such account."""
        rows = self._tx.execute(
            "SELECT document FROM ledger_accounts WHERE root = %s", [root]
        ).fetchall()
        found = _by_id(rows)
        if not found or found[0].id != root:
            raise NotFound("account", root)
        return found

    def claim(self, root: AccountId) -> Account:
        """Let nobody else decide about the account's money until this transaction ends."""
        self._turns.take(root)
        return self._read(root, self._tx.execute(_CLAIM, [root]).fetchone())

    def _read(self, account: AccountId, row: Row | None) -> Account:
        if row is None:
            raise NotFound("account", account)
        found = self._known[account] = read(Account, row["document"])
        return found


def _by_id(rows: Sequence[Row]) -> list[Account]:
    # Sorted here: a database's collation may order ids otherwise than Python does.
    return sorted((read(Account, row["document"]) for row in rows), key=lambda each: each.id)
