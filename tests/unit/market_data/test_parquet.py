"""A Parquet file goes through the same checks as a CSV file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from algotrendy.kernel.errors import Invalid, InvalidRows
from algotrendy.market_data.adapters.parquet_rows import read_parquet
from algotrendy.market_data.series import session_date


def written(path: Path, select: str) -> Path:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


@pytest.mark.parametrize(
    "day",
    [
        "DATE '2024-01-02'",
        "TIMESTAMP '2024-01-02'",
        "TIMESTAMP_NS '2024-01-02'",
        "TIMESTAMP_S '2024-01-02'",
        "TIMESTAMPTZ '2024-01-02 00:00:00+00'",
        "'2024-01-02'",
    ],
)
def test_dates_and_numbers_of_any_type_are_read(tmp_path: Path, day: str) -> None:
    path = written(
        tmp_path / "bars.parquet",
        f"SELECT {day} AS Date, 10.5::DECIMAL(10,2) AS Open, 12::INTEGER AS High, "
        "0.1::DOUBLE AS Low, '11' AS Close, 9007199254740993::BIGINT AS Volume, "
        "1.1::FLOAT AS 'Adj Close', 'x' AS other",
    )
    rows = read_parquet(path)
    assert [str(session_date(time)) for time in rows.times] == ["2024-01-02"]
    assert (rows.open, rows.high, rows.low, rows.close) == ((10.5,), (12.0,), (0.1,), (11.0,))
    assert rows.factor == (1.1 / 11,)


def test_doubles_come_through_exactly(tmp_path: Path) -> None:
    value = 118.56000000000002
    path = written(
        tmp_path / "bars.parquet",
        f"SELECT DATE '2024-01-02' AS date, {value}::DOUBLE AS open, {value}::DOUBLE AS high, "
        f"{value}::DOUBLE AS low, {value}::DOUBLE AS close, (1/3.0)::DOUBLE AS volume",
    )
    rows = read_parquet(path)
    assert (rows.open, rows.volume) == ((value,), (1 / 3.0,))


def test_every_bad_row_is_named_and_the_file_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path / "bars.parquet",
        "SELECT * FROM (VALUES (DATE '2024-01-02', 10, 12, 9, 11, 1::DOUBLE), "
        "(DATE '2024-01-03', NULL, 12, 9, 11, 1), (DATE '2024-01-04', 10, 12, 9, 11, 'nan'), "
        "(DATE '2024-01-02', 10, 12, 9, 11, 1), (NULL, 10, 8, 9, 11, 1)) "
        "t(date, open, high, low, close, volume)",
    )
    with pytest.raises(InvalidRows) as caught:
        read_parquet(path)
    assert [str(row) for row in caught.value.rows] == [
        "line 3: open is empty",
        "line 4: volume nan is not a finite number",
        "line 5: date is already on line 2",
        "line 6: date is empty",
    ]


def test_missing_columns_and_no_rows_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", "SELECT DATE '2024-01-02' AS date, 1 AS open")
    with pytest.raises(InvalidRows, match=r"a\.parquet has 1 bad row; first: line 1: high"):
        read_parquet(path)
    columns = ", ".join(f"1 AS {name}" for name in ("open", "high", "low", "close", "volume"))
    path = written(tmp_path / "b.parquet", f"SELECT DATE '2024-01-02' AS date, {columns} LIMIT 0")
    with pytest.raises(InvalidRows, match="there is no bar"):
        read_parquet(path)


def test_names_of_files_and_columns_may_hold_anything(tmp_path: Path) -> None:
    named = tmp_path / "it's [1] *?.parquet"
    written(
        tmp_path / "plain",
        'SELECT DATE \'2024-01-02\' AS "the ""day""", 1 AS open, 1 AS high, 1 AS low, '
        "1 AS close, 1 AS volume",
    ).rename(named)
    assert len(read_parquet(named, {"date": 'the "day"'})) == 1


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    with pytest.raises(Invalid, match="No such file"):
        read_parquet(path)
    with pytest.raises(Invalid, match="Is a directory"):
        read_parquet(tmp_path)
    path.write_text("date,open\n")
    with pytest.raises(Invalid, match="file must be a Parquet file") as refused:
        read_parquet(path)
    assert "SELECT" not in str(refused.value)
