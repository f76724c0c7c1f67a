"""Write the tables of a run as Parquet."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.outputs.tables import Table, tables_of
from algotrendy.backtest.outputs.writing import replaced


def write_run(backtest: Backtest, folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write equity.parquet, fills.parquet, orders.parquet and trades.parquet; give their paths.

    Times are instants of UTC in microseconds. The same run gives the same bytes under the same
    version of DuckDB. Each file is written whole or not at all.

    Raises:
        Invalid: If the folder cannot be written to.
    """
    written = []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 1")
        for name, table in tables_of(backtest).items():
            path = Path(folder) / f"{name}.parquet"
            with replaced(path) as partial:
                _write(connection, table, partial)
            written.append(path)
    return tuple(written)


def _write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    connection.register("given", {column.name: column.values for column in table})
    cells = ", ".join(
        f'CAST("{column.name}" AS {column.kind}) AS "{column.name}"' for column in table
    )
    rows = connection.sql(f"SELECT {cells} FROM given")  # noqa: S608 - names of our own
    rows.write_parquet(str(path), compression="zstd")
    connection.unregister("given")
