"""Read a table of SQLite in the order of its keys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.market_data.migration.checking import Row
from algotrendy.market_data.migration.mapping import TableMapping, quoted
from algotrendy.market_data.migration.ports import Key
from algotrendy.market_data.migration.times import TimeKind

_AT_ONCE = 20_000


class SqliteTable:
    """A ``SourceTable`` in a SQLite file, which is opened to be read alone."""

    kind = TimeKind.RAW

    def __init__(self, path: Path, mapping: TableMapping) -> None:
        """Open the table and look at its columns.

        Raises:
            Invalid: If there is no such file, table or column.
        """
        if not path.is_file():
            raise Invalid("database", "a SQLite file that is there", str(path))
        self._mapping = mapping
        self._from = mapping.rows_sql()
        with _translated(mapping):
            uri = f"{path.resolve().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            self._look()
        except BaseException:
            self.close()
            raise
        columns = [quoted(mapping.columns[field]) for field in mapping.fields]
        self._symbol, self._time = columns[:2]
        self._values = ", ".join(columns)

    def _look(self) -> None:
        with _translated(self._mapping):
            # All that is read from here on is of one moment.
            self._connection.execute("BEGIN")
            probe = self._connection.execute(f"SELECT * FROM {self._from} LIMIT 0")  # noqa: S608
        self._mapping.require_columns([column[0] for column in probe.description])

    def close(self) -> None:
        """Leave the file."""
        self._connection.close()

    def count(self) -> int:
        """Count all rows."""
        return int(self._all(f"SELECT count(*) FROM {self._from}")[0][0])  # noqa: S608

    def keyless(self, most: int) -> list[Row]:
        """Give rows without a key, as ``SourceTable.keyless`` says."""
        sql = f"SELECT {self._values} FROM {self._from} WHERE {self._symbol} IS NULL"  # noqa: S608
        return self._all(f"{sql} OR {self._time} IS NULL LIMIT {int(most)}")

    def rows(self, after: Key | None) -> Iterator[Sequence[Row]]:
        """Give rows by their keys, as ``SourceTable.rows`` says."""
        where = f"{self._symbol} IS NOT NULL AND {self._time} IS NOT NULL"
        if after is not None:
            where += f" AND ({self._symbol}, {self._time}) > (?, ?)"
        order = [self._symbol, self._time]
        if "order" in self._mapping.columns:
            order.append(quoted(self._mapping.columns["order"]))
        sql = f"SELECT {self._values} FROM {self._from} WHERE {where}"  # noqa: S608 - quoted
        with _translated(self._mapping):
            cursor = self._connection.execute(f"{sql} ORDER BY {', '.join(order)}", after or ())
            while rows := cursor.fetchmany(_AT_ONCE):
                yield rows

    def ends(self, symbol: str) -> tuple[Any, Any] | None:
        """Give the first and last time of a symbol."""
        values = f"SELECT min({self._time}), max({self._time}) FROM {self._from}"  # noqa: S608
        first, last = self._all(f"{values} WHERE {self._symbol} = ?", symbol)[0]
        return None if first is None else (first, last)

    def _all(self, sql: str, *values: object) -> list[Row]:
        with _translated(self._mapping):
            return self._connection.execute(sql, values).fetchall()


@contextmanager
def _translated(mapping: TableMapping) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "disk" in str(error):
            raise Unavailable("the database to migrate from", str(error)) from error
        raise Invalid(f"{mapping.file}: from", "readable as stated", str(error)) from error
    except sqlite3.DatabaseError as error:
        raise Invalid("database", "a SQLite file", str(error)) from error
