"""Read a table of PostgreSQL or TimescaleDB by a server-side cursor, in the order of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql as sql_parts

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.market_data.migration.checking import Row
from algotrendy.market_data.migration.mapping import TableMapping, quoted
from algotrendy.market_data.migration.ports import Key
from algotrendy.market_data.migration.times import TimeKind

_AT_ONCE = 20_000
_INFINITY = 2**63 - 1

_WHOLE, _REAL, _NUMERIC, _TEXT = {20, 21, 23}, {700, 701}, {1700}, {25, 1042, 1043}
_DATE, _TIMESTAMP, _TIMESTAMPTZ = 1082, 1114, 1184
_TIMES = {_DATE: "date", _TIMESTAMP: "timestamp", _TIMESTAMPTZ: "timestamptz"}


# One transaction reads it all, and waits for the lake between two reads, however long that takes.
_SETTINGS = (
    "timezone = 'UTC'",
    "statement_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
)


class PostgresTable:
    """A ``SourceTable`` in PostgreSQL; every read sees the table as of the opening."""

    def __init__(self, url: str, mapping: TableMapping) -> None:
        """Open the table and look at its columns.

        Raises:
            Unavailable: If the database does not answer, or refuses.
            Invalid: If there is no such table or column, or one of a type that fits no field.
        """
        self._mapping = mapping
        with _translated(mapping):
            self._connection = psycopg.connect(url, client_encoding="utf8", connect_timeout=10)
        self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        self._connection.read_only = True
        self._from = mapping.rows_sql()
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        mapping = self._mapping
        for setting in _SETTINGS:
            self._run(f"SET {setting}")
        probe = self._run(f"SELECT * FROM {self._from} LIMIT 0")  # noqa: S608 - quoted
        types = {column.name: column.type_code for column in probe.description or ()}
        mapping.require_columns(list(types))
        self._time_type = types[mapping.columns["time"]]
        self._symbol, self._time = (quoted(mapping.columns[name]) for name in ("symbol", "time"))
        self.kind = self._kind_of_times()
        numbers = [self._number(field, types) for field in mapping.fields[2:]]
        self._values = ", ".join((f"{self._symbol}::text", self._time_value(), *numbers))

    def close(self) -> None:
        """Leave the database."""
        with suppress(psycopg.Error):
            self._connection.close()

    def count(self) -> int:
        """Count all rows."""
        row = self._run(f"SELECT count(*) FROM {self._from}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    def keyless(self, most: int) -> list[Row]:
        """Give rows without a key, as ``SourceTable.keyless`` says."""
        sql = f"SELECT {self._values} FROM {self._from} WHERE {self._symbol} IS NULL"  # noqa: S608
        return self._run(f"{sql} OR {self._time} IS NULL LIMIT {int(most)}").fetchall()

    def rows(self, after: Key | None) -> Iterator[Sequence[Row]]:
        """Give rows by their keys, as ``SourceTable.rows`` says."""
        where = f"{self._symbol} IS NOT NULL AND {self._time} IS NOT NULL"
        if after is not None:
            key = f"({self._literal(after[0])}, {self._time_literal(after[1])})"
            where += f" AND ({self._symbol}, {self._time}) > {key}"
        order = [self._symbol, self._time]
        if "order" in self._mapping.columns:
            order.append(quoted(self._mapping.columns["order"]))
        sql = f"SELECT {self._values} FROM {self._from} WHERE {where}"  # noqa: S608 - quoted
        with (
            _translated(self._mapping),
            self._connection.cursor("algotrendy_migrate", binary=True) as cursor,
        ):
            cursor.execute(f"{sql} ORDER BY {', '.join(order)}".encode())
            while rows := cursor.fetchmany(_AT_ONCE):
                yield rows

    def ends(self, symbol: str) -> tuple[Any, Any] | None:
        """Give the first and last time of a symbol."""
        of_it = f"{self._from} WHERE {self._symbol} = {self._literal(symbol)}"
        wanted = f"SELECT {self._time_value()} FROM {of_it} AND {self._time} IS NOT NULL"  # noqa: S608
        ends = [
            self._run(f"{wanted} ORDER BY {self._time} {way} LIMIT 1").fetchone()
            for way in ("ASC", "DESC")
        ]
        return None if ends[0] is None or ends[1] is None else (ends[0][0], ends[1][0])

    def _run(self, sql: str) -> psycopg.Cursor[Row]:
        with _translated(self._mapping):
            return self._connection.execute(sql.encode())

    def _kind_of_times(self) -> TimeKind:
        if self._time_type == _TIMESTAMPTZ:
            return TimeKind.INSTANT
        if self._time_type in _TIMES:
            return TimeKind.LOCAL
        if self._time_type in _WHOLE | _REAL | _NUMERIC | _TEXT:
            return TimeKind.RAW
        expected = "a column of timestamps, dates, numbers or text"
        column = self._mapping.columns["time"]
        raise self._mapping.invalid("columns.time", expected, f"{column}: another type")

    def _time_value(self) -> str:
        if self._time_type not in _TIMES:
            # A numeric comes as text, so that a long one keeps its digits.
            return f"{self._time}::text" if self._time_type in _NUMERIC else self._time
        sign = f"CASE WHEN {self._time} > 'now'::timestamptz THEN {_INFINITY} ELSE -{_INFINITY} END"
        micros = f"(extract(epoch FROM {self._time}) * 1000000)::bigint"
        other = f"WHEN {self._time} IS NULL THEN NULL ELSE {sign}"
        return f"CASE WHEN isfinite({self._time}) THEN {micros} {other} END"

    def _time_literal(self, value: Any) -> str:
        if self._time_type in _WHOLE:
            return str(int(value))
        if self._time_type not in _TIMES:
            cast = "numeric" if self._time_type in _NUMERIC else "float8"
            text = self._literal(str(value))
            return text if self._time_type in _TEXT else f"{text}::{cast}"
        name = _TIMES[self._time_type]
        if abs(value) == _INFINITY:
            return f"'{'-' if value < 0 else ''}infinity'::{name}"
        if name == "date":
            return f"(date 'epoch' + {int(value) // 86_400_000_000})"
        # Exact: a whole number of microseconds fits a double for 142 years around 1970 and more.
        return f"({name} 'epoch' + {int(value)} * interval '1 microsecond')"

    def _number(self, field: str, types: dict[str, int]) -> str:
        column = self._mapping.columns[field]
        if types[column] in _TEXT:
            return quoted(column)
        if types[column] not in _WHOLE | _REAL | _NUMERIC:
            expected = "a column of numbers, or of text that holds numbers"
            raise self._mapping.invalid(f"columns.{field}", expected, f"{column}: another type")
        return f"{quoted(column)}::float8"

    def _literal(self, value: object) -> str:
        return sql_parts.Literal(str(value)).as_string(self._connection)


@contextmanager
def _translated(mapping: TableMapping) -> Iterator[None]:
    try:
        yield
    except (psycopg.ProgrammingError, psycopg.DataError) as error:
        key = "from.query" if mapping.query else "from"
        raise Invalid(f"{mapping.file}: {key}", "readable as stated", _line(error)) from error
    except psycopg.Error as error:
        raise Unavailable("the database to migrate from", _line(error)) from error


def _line(error: psycopg.Error) -> str:
    # What PostgreSQL says beyond its first line is where, or a guess at why.
    return (str(error).strip() or type(error).__name__).splitlines()[0]
