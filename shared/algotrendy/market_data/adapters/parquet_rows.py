"""Read daily bars from a Parquet file of the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.csv_rows import find_columns
from algotrendy.market_data.rows import RowCheck, ValidRows

_ROWS_AT_ONCE = 10_000


def read_parquet(
    path: Path, columns: Mapping[str, str] | None = None, *, date_format: str | None = None
) -> ValidRows:
    """Read a file of daily bars as ``read_csv`` does.

    Dates may be DATE, TIMESTAMP or text, numbers any numeric type or text. In errors the first
    row is line 2, as if the names of the columns stood on line 1.

    Raises:
        Invalid: If it is not there or no Parquet file, or ``columns`` names no field.
        InvalidRows: Every bad row with its reason; nothing is taken then.
    """
    if not path.is_file():
        reason = "Is a directory" if path.is_dir() else "No such file or directory"
        raise Invalid("file", "a file that can be read", f"{path.name}: {reason}")
    check = RowCheck(date_format=date_format)
    try:
        with duckdb.connect() as connection:
            for line, cells in enumerate(_rows(connection, path, columns or {}), start=2):
                check.add(line, cells)
    except duckdb.Error as error:
        # The lines after the first quote our own query.
        reason = str(error).partition("\n")[0]
        raise Invalid("file", "a Parquet file", f"{path.name}: {reason}") from error
    return check.result().all_or_nothing(path.name)


def _rows(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: Mapping[str, str]
) -> Iterator[tuple[str | None, ...]]:
    # DuckDB would take *, ? and [ in a path for a pattern.
    this_file = [re.sub(r"([*?[])", r"[\1]", str(path))]
    # A time with a zone comes out as the instant in UTC, whatever machine this is.
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", this_file)
    header = [column[0] for column in connection.description or ()]
    wanted = [header[place] for place in find_columns(header, path.name, columns).values()]
    # As text, every type goes the way a CSV cell goes; doubles come out in full.
    cells = ", ".join(f"CAST({_quoted(column)} AS VARCHAR)" for column in wanted)
    connection.execute(f"SELECT {cells} FROM read_parquet(?)", this_file)  # noqa: S608 - quoted
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
