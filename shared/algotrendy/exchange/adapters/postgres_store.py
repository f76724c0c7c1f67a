"""Keep the paper exchange in PostgreSQL or Aurora DSQL: a statement a table, a commit a save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import orjson
from psycopg.rows import tuple_row

from algotrendy.exchange.venue.documents import Entity, from_document, to_document
from algotrendy.exchange.venue.model import (
    Account,
    Activity,
    Changes,
    EquityPoint,
    Order,
    Position,
    Snapshot,
)
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.platform.database import Database, Transaction

DSQL_ROWS = 3000
"""DSQL takes no more in one transaction."""
_MAX_NAME = 100
_EMPTY = "{}"

_BY_ID = (
    "INSERT INTO {table} (exchange, id, document) "
    "SELECT %s, id, document FROM unnest(%s::text[], %s::text[]) AS given (id, document) "
    "ON CONFLICT (exchange, id) DO {action}"
)
_OVERWRITE = "UPDATE SET document = EXCLUDED.document"
_SAVE_ACCOUNTS = _BY_ID.format(table="exchange_accounts", action=_OVERWRITE)
_SAVE_ORDERS = _BY_ID.format(table="exchange_orders", action=_OVERWRITE)
_SAVE_ACTIVITIES = _BY_ID.format(table="exchange_activities", action="NOTHING")
_SAVE_POSITIONS = (
    "INSERT INTO exchange_positions (exchange, account_id, symbol, document) "  # noqa: S608
    "SELECT %s, account_id, symbol, document "
    "FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (account_id, symbol, document) "
    f"ON CONFLICT (exchange, account_id, symbol) DO {_OVERWRITE}"
)
_CLOSE_POSITIONS = (
    "DELETE FROM exchange_positions WHERE exchange = %s AND (account_id, symbol) IN "
    "(SELECT account_id, symbol "
    "FROM unnest(%s::text[], %s::text[]) AS given (account_id, symbol))"
)
_SAVE_EQUITY = (
    "INSERT INTO exchange_equity (exchange, account_id, at, document) "  # noqa: S608
    "SELECT %s, account_id, at, document "
    "FROM unnest(%s::text[], %s::timestamptz[], %s::text[]) AS given (account_id, at, document) "
    f"ON CONFLICT (exchange, account_id, at) DO {_OVERWRITE}"
)
_TAKE_OVER = (
    "INSERT INTO exchange_clock (exchange, writer) VALUES (%s, 1) "
    "ON CONFLICT (exchange) DO UPDATE SET writer = exchange_clock.writer + 1 RETURNING writer"
)
_SAVE_CLOCK = (
    "UPDATE exchange_clock SET last_event_ns = COALESCE(%s, last_event_ns) "
    "WHERE exchange = %s AND writer = %s"
)
_RESET_CLOCK = "UPDATE exchange_clock SET last_event_ns = NULL WHERE exchange = %s"
_TABLES = {
    "exchange_accounts": "id",
    "exchange_orders": "id",
    "exchange_positions": "account_id, symbol",
    "exchange_activities": "id",
    "exchange_equity": "account_id, at",
}

E = TypeVar("E", bound=Entity)


class PostgresStore:
    """Is the ``Store`` of a deployment.

    On DSQL a save of more than 3,000 rows becomes several transactions, each of whole changes and
    in their order: what a crash leaves is a state that the exchange was in.

    Args:
        exchange: Name of the exchange; several may share a database.
        most_rows: Of one transaction; None is what the database takes.
    """

    def __init__(
        self, database: Database, exchange: str = "paper", most_rows: int | None = None
    ) -> None:
        if not exchange or len(exchange) > _MAX_NAME:
            raise Invalid("exchange", f"a name of 1 to {_MAX_NAME} characters", exchange)
        self._database = database
        self._exchange = exchange
        self._writer: int | None = None
        self._most_rows = DSQL_ROWS if most_rows is None and database.is_dsql else most_rows

    def take_over(self) -> None:
        """Become the one that writes, from now on."""
        self._writer = self._database.run(self._count_on)

    def load(self) -> Snapshot:
        """Give what was saved, as of one moment."""
        return self._database.run(self._read)

    def save(self, changes: Sequence[Changes], last_event_ns: int | None) -> None:
        """Keep changes and the clock."""
        if self._writer is None:
            self.take_over()
        *parts, last = [_Rows(part) for part in _parts(changes, self._most_rows)]
        for part in parts:
            self._database.run(partial(self._write, rows=part, last_event_ns=None))
        self._database.run(partial(self._write, rows=last, last_event_ns=last_event_ns))

    def reset(self) -> None:
        """Forget everything of this exchange; interrupted, it can be done again."""
        for table, key in _TABLES.items():
            statement = (
                f"DELETE FROM {table} WHERE exchange = %s AND ({key}) IN "  # noqa: S608 - constants
                f"(SELECT {key} FROM {table} WHERE exchange = %s LIMIT {DSQL_ROWS})"
            )
            work = partial(_count, statement=statement, exchange=self._exchange)
            while self._database.run(work):
                pass
        self._database.run(lambda tx: tx.execute(_RESET_CLOCK, [self._exchange]))

    def _count_on(self, tx: Transaction) -> int:
        row = tx.execute(_TAKE_OVER, [self._exchange]).fetchone()
        return int((row or {})["writer"])

    def _write(self, tx: Transaction, rows: _Rows, last_event_ns: int | None) -> None:
        """Write all in one exchange of messages, unless somebody else took over."""
        with tx.pipeline():
            # First, so that two who write at once meet here and not over half their rows.
            clock = tx.execute(_SAVE_CLOCK, [last_event_ns, self._exchange, self._writer])
            rows.write(tx, self._exchange)
        if clock.rowcount != 1:
            raise Conflict(f"another process serves the exchange {self._exchange} from now on")

    def _read(self, tx: Transaction) -> Snapshot:
        clock = tx.execute(
            "SELECT last_event_ns FROM exchange_clock WHERE exchange = %s",
            [self._exchange],
        ).fetchone() or {"last_event_ns": None}
        accounts = self._documents(tx, "exchange_accounts", Account)
        orders = self._documents(tx, "exchange_orders", Order)
        positions = self._documents(tx, "exchange_positions", Position)
        activities = self._documents(tx, "exchange_activities", Activity)
        equity = self._documents(tx, "exchange_equity", EquityPoint)
        # Sorted here: a database's collation may order ids otherwise than Python does.
        return Snapshot(
            accounts=tuple(sorted(accounts, key=lambda each: (each.created_at, each.id))),
            orders=tuple(sorted(orders, key=lambda each: each.sequence)),
            positions=tuple(sorted(positions, key=lambda each: (each.account_id, each.symbol))),
            activities=tuple(sorted(activities, key=lambda each: each.id)),
            equity=tuple(sorted(equity, key=lambda each: (each.account_id, each.at))),
            last_event_ns=clock["last_event_ns"],
        )

    def _documents(self, tx: Transaction, table: str, kind: type[E]) -> list[E]:
        with tx.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(
                f"SELECT document FROM {table} WHERE exchange = %s",  # noqa: S608 - a constant
                [self._exchange],
            )
            return [from_document(kind, orjson.loads(document)) for (document,) in cursor]


class _Rows:
    """Holds the rows that several changes leave, each key once."""

    def __init__(self, changes: Sequence[Changes]) -> None:
        accounts: dict[str, Account] = {}
        orders: dict[str, Order] = {}
        positions: dict[tuple[str, str], Position] = {}
        closed: set[tuple[str, str]] = set()
        activities: dict[str, Activity] = {}
        equity: dict[tuple[str, datetime], EquityPoint] = {}
        for each in changes:
            accounts |= each.accounts
            orders |= each.orders
            closed = (closed | each.closed_positions) - each.positions.keys()
            positions |= each.positions
            for key in each.closed_positions:
                positions.pop(key, None)
            activities |= {activity.id: activity for activity in each.activities}
            equity |= {(point.account_id, point.at): point for point in each.equity}
        self._writes = [
            (_CLOSE_POSITIONS, _pairs(closed)),
            (_SAVE_ACCOUNTS, _by_one(accounts)),
            (_SAVE_ORDERS, _by_one(orders)),
            (_SAVE_POSITIONS, _by_two(positions)),
            (_SAVE_ACTIVITIES, _by_one(activities)),
            (_SAVE_EQUITY, _by_two(equity)),
        ]

    def write(self, tx: Transaction, exchange: str) -> None:
        """Write the rows."""
        for statement, columns in self._writes:
            if columns[0] != _EMPTY:
                tx.execute(statement, [exchange, *columns])


def _count(tx: Transaction, statement: str, exchange: str) -> int:
    return tx.execute(statement.encode(), [exchange, exchange]).rowcount


def _by_one(kept: Mapping[str, Entity]) -> list[str]:
    return [_array(kept), _array(_texts(kept.values()))]


def _by_two(kept: Mapping[tuple[str, Any], Entity]) -> list[str]:
    return [*_pairs(kept), _array(_texts(kept.values()))]


def _pairs(keys: Iterable[tuple[str, Any]]) -> list[str]:
    ordered = list(keys)
    return [_array(first for first, _ in ordered), _array(str(second) for _, second in ordered)]


def _texts(entities: Iterable[Entity]) -> Iterator[str]:
    return (orjson.dumps(to_document(each)).decode() for each in entities)


def _array(texts: Iterable[str]) -> str:
    """Write an array as PostgreSQL reads it; psycopg takes twenty times as long for a list."""
    escaped = (text.replace("\\", r"\\").replace('"', r"\"") for text in texts)
    return "{" + ",".join([f'"{text}"' for text in escaped]) + "}"


def _parts(changes: Sequence[Changes], most: int | None) -> Iterator[list[Changes]]:
    """Part changes so that no part has more rows than ``most``; always gives at least one."""
    part: list[Changes] = []
    size = 0
    for each in changes:
        rows = 1 + sum(
            len(kind)
            for kind in (
                each.accounts,
                each.orders,
                each.positions,
                each.closed_positions,
                each.activities,
                each.equity,
            )
        )
        if part and most is not None and size + rows > most:
            yield part
            part, size = [], 0
        part.append(each)
        size += rows
    yield part
