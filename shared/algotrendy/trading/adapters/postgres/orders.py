"""Orders and their events in PostgreSQL: a row each says where it stands, and its events why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import errors

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.platform.database import Row, Transaction
from algotrendy.trading.accounts import root_of
from algotrendy.trading.adapters.measuring import Stored
from algotrendy.trading.adapters.postgres.folds import Folds
from algotrendy.trading.adapters.postgres.texts import read, scope_of, written
from algotrendy.trading.adapters.postgres.turns import Turns
from algotrendy.trading.folding import apply
from algotrendy.trading.holds import hold_of
from algotrendy.trading.ledger import OrderQuery
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder

_INSERT = (
    "INSERT INTO ledger_orders (id, root, account, client_order_id, symbol, intended_at, leg_of, "
    "parent, events, status, filled_quantity, held, currency, is_settled, executed_symbol, "
    "attempt, is_workflow_over) "
    "VALUES (%(id)s, %(root)s, %(account)s, %(client_order_id)s, %(symbol)s, %(intended_at)s, "
    "%(leg_of)s, %(parent)s, %(events)s, %(status)s, %(filled_quantity)s, %(held)s, "
    "%(currency)s, %(is_settled)s, %(executed_symbol)s, 1, %(is_leg)s) "
    "ON CONFLICT DO NOTHING"
)
_UPDATE = (
    "UPDATE ledger_orders SET events = %(events)s, status = %(status)s, "
    "filled_quantity = %(filled_quantity)s, held = %(held)s, is_settled = %(is_settled)s, "
    "executed_symbol = %(executed_symbol)s WHERE id = %(id)s AND events = %(events_before)s"
)
_APPEND = (
    "INSERT INTO ledger_order_events (order_id, seq, root, document) "
    "SELECT %s, seq, %s, document "
    "FROM unnest(%s::integer[], %s::text[]) AS given (seq, document)"
)
_NAME = (
    "INSERT INTO ledger_broker_orders (root, broker_order_id, order_id) "
    "SELECT %s, name, %s FROM unnest(%s::text[]) AS given (name) ON CONFLICT DO NOTHING"
)
_EVENTS = (
    "SELECT events.order_id, events.document "
    "FROM unnest(%s::uuid[], %s::integer[]) AS wanted (id, known) "
    "JOIN ledger_order_events AS events "
    "ON events.order_id = wanted.id AND events.seq >= wanted.known "
    "ORDER BY events.order_id, events.seq"
)
_SELECT = "SELECT id, events FROM ledger_orders"
_NEXT_ATTEMPT = "UPDATE ledger_orders SET attempt = attempt + 1 WHERE id = %s RETURNING attempt"
_END = "UPDATE ledger_orders SET is_workflow_over = true WHERE id = %s AND NOT is_workflow_over"


class PostgresOrders:
    """Is the ``Orders`` of one transaction.

    Args:
        folds: Of all transactions; nothing of this one goes there before it is committed.
    """

    def __init__(self, tx: Transaction, folds: Folds, turns: Turns) -> None:
        self.written: dict[OrderId, PlatformOrder] = {}
        self.stored: list[Stored] = []
        self._tx = tx
        self._folds = folds
        self._turns = turns

    def get(self, order_id: OrderId) -> PlatformOrder:
        """Read an order, folded from its history; NotFound when there is none."""
        found = self.find(order_id)
        if found is None:
            raise NotFound("order", order_id)
        return found

    def find(self, order_id: OrderId) -> PlatformOrder | None:
        """Read an order, or None."""
        written_here = self.written.get(order_id)
        if written_here is not None:
            return written_here
        return self._one(f"{_SELECT} WHERE id = %s", [order_id])

    def by_client_id(self, root: AccountId, client_order_id: str) -> PlatformOrder | None:
        """Find an account's order, of whatever part, by our name for it."""
        return self._one(
            f"{_SELECT} WHERE root = %s AND client_order_id = %s", [root, client_order_id]
        )

    def by_broker_id(self, root: AccountId, broker_order_id: str) -> PlatformOrder | None:
        """Find an account's order by a name that the broker gave it."""
        return self._one(
            f"{_SELECT} WHERE id IN (SELECT order_id FROM ledger_broker_orders "  # noqa: S608 - constants
            "WHERE root = %s AND broker_order_id = %s) ORDER BY id LIMIT 1",
            [root, broker_order_id],
        )

    def legs(self, order_id: OrderId) -> Sequence[PlatformOrder]:
        """Give the exits of an order that are known."""
        return self._all(f"{_SELECT} WHERE leg_of = %s ORDER BY id", [order_id])

    def children(self, parent: OrderId) -> Sequence[PlatformOrder]:
        """Give the slices of a parent order, oldest first."""
        return self._all(f"{_SELECT} WHERE parent = %s ORDER BY id", [parent])

    def history(self, order_id: OrderId) -> Sequence[OrderEvent]:
        """Give an order's events in the order in which they were stored."""
        rows = self._tx.execute(
            "SELECT document FROM ledger_order_events WHERE order_id = %s ORDER BY seq", [order_id]
        ).fetchall()
        return [_event(row) for row in rows]

    def unsettled(self, root: AccountId) -> Sequence[PlatformOrder]:
        """Give an account's orders that may still change, of all parts, oldest first."""
        return self._all(f"{_SELECT} WHERE root = %s AND NOT is_settled ORDER BY id", [root])

    def intended_since(self, root: AccountId, since: datetime) -> Sequence[PlatformOrder]:
        """Give an account's orders from a moment on, oldest first, exits left out."""
        return self._all(
            f"{_SELECT} WHERE root = %s AND intended_at >= %s AND leg_of IS NULL ORDER BY id",
            [root, since],
        )

    def traded(self, account: AccountId, symbol: Symbol) -> Sequence[PlatformOrder]:
        """Give every order of one part that has executions in a symbol, busted ones too."""
        return self._all(
            f"{_SELECT} WHERE account = %s AND executed_symbol = %s ORDER BY id",
            [account, symbol],
        )

    def select(self, query: OrderQuery) -> Sequence[PlatformOrder]:
        """List orders."""
        scope = scope_of(query.account) if query.with_parts else "account"
        conditions = [f"{scope} = %(account)s"]
        if not query.with_legs:
            conditions.append("leg_of IS NULL")
        if query.is_open is not None:
            conditions.append("is_settled = %(is_settled)s")
        if query.symbol is not None:
            conditions.append("symbol = %(symbol)s")
        if query.since is not None:
            conditions.append("intended_at >= %(since)s")
        if query.until is not None:
            conditions.append("intended_at < %(until)s")
        if query.statuses:
            conditions.append("status = ANY(%(statuses)s)")
        if query.before is not None:
            conditions.append("id < %(before)s")
        values = {
            "account": query.account,
            "is_settled": not query.is_open,
            "symbol": query.symbol,
            "since": query.since,
            "until": query.until,
            "statuses": [each.value for each in query.statuses],
            "before": query.before,
            "limit": query.limit,
        }
        where = " AND ".join(conditions)
        return self._all(f"{_SELECT} WHERE {where} ORDER BY id DESC LIMIT %(limit)s", values)

    def store(self, after: PlatformOrder, events: Sequence[OrderEvent]) -> None:
        """Append events to an order's history, and keep where it stands after them.

        Raises:
            Conflict: If it is new, and its account has an order of its client order id; or if it
                was made of other events than are there.
        """
        values = _values(after, len(events))
        before = values["events_before"]
        self._turns.remember(values["root"])
        if not self._is_stored(after, events, values):
            raise Conflict(
                f"order {after.id} has not {before} events: this was made of others"
                if before
                else f"account {values['root']} has an order of the client order id "
                f"{after.client_order_id}"
            )
        self.stored.append(Stored(self._before(after.id, before), after, tuple(events)))
        self.written[after.id] = after

    def attempt(self, order_id: OrderId) -> int:
        """Give the number of the order's workflow, from 1."""
        row = self._tx.execute(
            "SELECT attempt FROM ledger_orders WHERE id = %s", [order_id]
        ).fetchone()
        return _number(order_id, row)

    def next_attempt(self, order_id: OrderId) -> int:
        """Count one more workflow of an order, and give its number."""
        return _number(order_id, self._tx.execute(_NEXT_ATTEMPT, [order_id]).fetchone())

    def without_end(self, since: datetime, limit: int, after: OrderId | None) -> Sequence[OrderId]:
        """Give orders of any account whose workflow has not recorded its end, oldest first."""
        behind = "AND id > %(after)s" if after else ""
        rows = self._tx.execute(
            "SELECT id FROM ledger_orders "  # noqa: S608 - constants
            f"WHERE NOT is_workflow_over AND intended_at < %(since)s {behind} "
            "ORDER BY id LIMIT %(limit)s",
            {"since": since, "after": after, "limit": limit},
        ).fetchall()
        return [OrderId(row["id"]) for row in rows]

    def end_workflow(self, order_id: OrderId) -> None:
        """Note that the order's workflow has nothing left to do."""
        if self._tx.execute(_END, [order_id]).rowcount != 1:
            self.attempt(order_id)

    def _before(self, order_id: OrderId, events: int) -> PlatformOrder | None:
        if order_id in self.written:
            return self.written[order_id]
        return self._folds.find({order_id: events}).get(order_id) if events else None

    def _is_stored(
        self, order: PlatformOrder, events: Sequence[OrderEvent], values: dict[str, Any]
    ) -> bool:
        root, before = values["root"], values["events_before"]
        numbers = list(range(before, values["events"]))
        texts = [written(event) for event in events]
        try:
            with self._tx.pipeline():
                # First, so that two writers of one order meet here and not over their events.
                row = self._tx.execute(_UPDATE if before else _INSERT, values)
                self._tx.execute(_APPEND, [order.id, root, numbers, texts])
                if order.broker_order_ids:
                    self._tx.execute(_NAME, [root, order.id, sorted(order.broker_order_ids)])
        except errors.UniqueViolation:
            return False
        return row.rowcount == 1

    def _one(self, statement: str, values: Sequence[object]) -> PlatformOrder | None:
        found = self._all(statement, values)
        return found[0] if found else None

    def _all(
        self, statement: str, values: Sequence[object] | dict[str, object]
    ) -> list[PlatformOrder]:
        """Give the orders of the rows that a statement finds, in the order of the rows."""
        rows = self._tx.execute(statement, values).fetchall()
        wanted = {OrderId(row["id"]): int(row["events"]) for row in rows}
        known = self._folds.find(wanted)
        for order_id in self.written.keys() & wanted.keys():
            known[order_id] = self.written[order_id]
        behind = [
            order_id
            for order_id, events in wanted.items()
            if order_id not in known or len(known[order_id].seen) < events
        ]
        if behind:
            self._catch_up(known, behind)
        return [known[order_id] for order_id in wanted]

    def _catch_up(self, known: dict[OrderId, PlatformOrder], behind: Iterable[OrderId]) -> None:
        ids = list(behind)
        seen = [len(known[each].seen) if each in known else 0 for each in ids]
        for row in self._tx.execute(_EVENTS, [ids, seen]).fetchall():
            order_id = OrderId(row["order_id"])
            known[order_id] = apply(known.get(order_id), _event(row))
        # What this transaction wrote itself is never behind: these are all committed.
        self._folds.keep(known[each] for each in ids)


def _values(order: PlatformOrder, new: int) -> dict[str, Any]:
    return {
        "id": order.id,
        "root": root_of(order.account),
        "account": order.account,
        "client_order_id": order.client_order_id,
        "symbol": order.symbol,
        "intended_at": order.intended_at,
        "leg_of": order.leg_of,
        "is_leg": order.leg_of is not None,
        "parent": order.provenance.parent,
        "events": len(order.seen),
        "events_before": len(order.seen) - new,
        "status": order.status.value,
        "filled_quantity": order.filled_quantity,
        "held": hold_of(order).held.amount,
        "currency": order.currency.value,
        "is_settled": order.is_settled,
        "executed_symbol": order.symbol if order.executions else None,
    }


def _event(row: Row) -> OrderEvent:
    return read(OrderEvent, row["document"])


def _number(order_id: OrderId, row: Row | None) -> int:
    if row is None:
        raise NotFound("order", order_id)
    return int(row["attempt"])
