"""Show all that PostgreSQL keeps of one account, page by page, within one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.platform.database import Transaction
from algotrendy.trading.accounts import PART
from algotrendy.trading.adapters.postgres.books import balance_of
from algotrendy.trading.adapters.postgres.texts import decimal_of, read
from algotrendy.trading.journal import Entry, Place
from algotrendy.trading.lots import ClosedLot, Lots
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.verification import OrderRow
from algotrendy.trading.verify import StoredOrder

PAGE = 1000
_NOTHING = UUID(int=0)
_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
_TURN_OF_CLOSED = ("closed_at", "account", "symbol", "closed_by", "lot_id")
_ROOTS = (
    "SELECT root FROM ledger_accounts UNION SELECT root FROM ledger_orders "
    "UNION SELECT root FROM ledger_order_events UNION SELECT root FROM ledger_entries "
    "UNION SELECT root FROM ledger_balances UNION SELECT root FROM ledger_broker_orders "
    "UNION SELECT root FROM ledger_closed_lots"
)
_EVENTS = (
    "SELECT order_id, seq, document FROM ledger_order_events "
    "WHERE root = %s AND (order_id, seq) > (%s, %s) ORDER BY order_id, seq LIMIT %s"
)
_ENTRIES = (
    "SELECT id, document FROM ledger_entries "
    "WHERE root = %s AND (reverses IS NOT NULL) = %s AND id > %s ORDER BY id LIMIT %s"
)
_ORDERS = (
    "SELECT id, events, status, filled_quantity, held, currency, is_settled "
    "FROM ledger_orders WHERE root = %s"
)
_BALANCES = (
    "SELECT account, book, symbol, currency, amount FROM ledger_balances "
    "WHERE root = %s AND amount <> 0"
)
_BROKER_NAMES = "SELECT order_id, broker_order_id FROM ledger_broker_orders WHERE root = %s"
_LOTS = "SELECT account, symbol, document FROM ledger_lots WHERE account = %s OR account LIKE %s"
_CLOSED_LOTS = (
    "SELECT account, symbol, closed_by, lot_id, closed_at, document FROM ledger_closed_lots "
    "WHERE root = %s AND (closed_at, account, symbol, closed_by, lot_id) > (%s, %s, %s, %s, %s) "
    "ORDER BY closed_at, account, symbol, closed_by, lot_id LIMIT %s"
)


def roots(tx: Transaction) -> list[AccountId]:
    """Name every account of which anything is kept."""
    return sorted(AccountId(row["root"]) for row in tx.execute(_ROOTS).fetchall())


class PostgresEvidence:
    """Is the ``Evidence`` of one account."""

    def __init__(self, tx: Transaction, root: AccountId) -> None:
        self._tx = tx
        self._root = root

    def events(self) -> Iterator[OrderEvent]:
        """Go through the events of all orders, those of each in the order of their storing."""
        last: tuple[UUID, int] = (_NOTHING, 0)
        while rows := self._tx.execute(_EVENTS, [self._root, *last, PAGE]).fetchall():
            for row in rows:
                yield read(OrderEvent, row["document"])
            last = (rows[-1]["order_id"], rows[-1]["seq"])

    def entries(self) -> Iterator[Entry]:
        """Go through the journal; what takes an entry back comes after it."""
        for is_reversal in (False, True):
            last = _NOTHING
            while rows := self._tx.execute(
                _ENTRIES, [self._root, is_reversal, last, PAGE]
            ).fetchall():
                for row in rows:
                    yield read(Entry, row["document"])
                last = rows[-1]["id"]

    def orders(self) -> Mapping[OrderId, OrderRow]:
        """Give the rows of all orders."""
        return {
            OrderId(row["id"]): OrderRow(
                StoredOrder(
                    PlatformStatus(row["status"]),
                    decimal_of(row["filled_quantity"]),
                    Money(decimal_of(row["held"]), Currency(row["currency"])),
                    row["is_settled"],
                ),
                row["events"],
            )
            for row in self._tx.execute(_ORDERS, [self._root])
        }

    def broker_names(self) -> Mapping[OrderId, frozenset[str]]:
        """Give the names by which orders are found that the broker tells of."""
        found: defaultdict[OrderId, set[str]] = defaultdict(set)
        for row in self._tx.execute(_BROKER_NAMES, [self._root]):
            found[OrderId(row["order_id"])].add(row["broker_order_id"])
        return {order_id: frozenset(names) for order_id, names in found.items()}

    def balances(self) -> Mapping[Place, Decimal]:
        """Give the balances."""
        return dict(map(balance_of, self._tx.execute(_BALANCES, [self._root])))

    def lots(self) -> Mapping[tuple[AccountId, Symbol], Lots]:
        """Give the open tax lots."""
        # Nothing in a root's name stands for something else in a pattern.
        rows = self._tx.execute(_LOTS, [self._root, f"{self._root}{PART}%"]).fetchall()
        kept = [
            ((AccountId(row["account"]), Symbol(row["symbol"])), read(Lots, row["document"]))
            for row in rows
        ]
        return dict(kept)

    def closed_lots(self) -> Iterator[tuple[AccountId, Symbol, ClosedLot]]:
        """Go through the closed tax lots."""
        last: tuple[object, ...] = (_LONG_AGO, "", "", "", "")
        while rows := self._tx.execute(_CLOSED_LOTS, [self._root, *last, PAGE]).fetchall():
            for row in rows:
                closed = read(ClosedLot, row["document"])
                yield AccountId(row["account"]), Symbol(row["symbol"]), closed
            last = tuple(rows[-1][name] for name in _TURN_OF_CLOSED)
