"""Read bars from a user's own CSV and Parquet files, for a backtest without an import.

What is wrong is named by the line of the file; the names of the columns stand on line 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.frames import from_frame
from algotrendy.kernel.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd

_PRICES = ("open", "high", "low", "close")
_NUMBERS = (*_PRICES, "volume", "adj_close")
_NAMES = {
    "time": ("time", "date", "datetime", "timestamp", "day"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c", "last"),
    "volume": ("volume", "vol", "v"),
    "adj_close": ("adjclose", "adjustedclose"),
}
_BAR = re.compile(r"bars\[(\d+)\]\.(\w+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class OwnFile:
    """The bars of one file, as a frame, and the line that each row stood on."""

    path: Path
    frame: pd.DataFrame
    lines: np.ndarray[Any, np.dtype[np.int64]]


def read_file(path: Path, *, raw: bool = False, date_format: str | None = None) -> OwnFile:
    """Read a file of bars.

    Columns go by their names, in any order and case: date or time, open, high, low, close, and
    volume and adj_close where there are any. Other columns are passed over.

    Args:
        path: ``.parquet``, or CSV, also packed as ``.gz``.
        raw: Whether to leave prices as they are where there is an adjusted close.
        date_format: As of strptime; None for ISO 8601.

    Raises:
        Invalid: If it cannot be read, or a cell is no number or date; names the line.
    """
    if not path.is_file():
        raise Invalid("file", "a file that is there", str(path))
    table = _parquet(path) if path.suffix in (".parquet", ".pq") else _csv(path)
    blank = (table == "").all(axis=1).to_numpy() if len(table.columns) else np.zeros(0, bool)
    table = table[~blank]
    lines = np.flatnonzero(~blank) + 2
    if not len(table):
        raise Invalid(path.name, "a file with bars in it", "no row")
    found = _columns(list(table.columns), path)
    columns = {
        name: _numbers(table[found[name]], f"{path.name}, line {{}}, {found[name]}", lines)
        for name in _NUMBERS
        if name in found
    }
    if "adj_close" in columns:
        adjusted = columns.pop("adj_close")
        if not raw:
            factor = adjusted / columns["close"]
            columns |= {name: columns[name] * factor for name in _PRICES}
    index = _times(table[found["time"]], date_format, f"{path.name}, line {{}}", lines)
    import pandas as pd

    return OwnFile(path, pd.DataFrame(columns, index=index), lines)


def dataset_of_files(files: Mapping[str, OwnFile], **options: Any) -> Dataset:
    """Make a dataset of files by symbol; ``options`` are those of ``from_frame``.

    Raises:
        Invalid: At the first wrong bar, by the line of its file.
    """
    frames = {symbol: file.frame for symbol, file in files.items()}
    try:
        return from_frame(frames, **options)
    except Invalid as error:
        found = _BAR.fullmatch(error.field)
        if found is None:
            raise
        symbol = _whose(error, list(files))
        file = files[symbol]
        field = f"{file.path.name}, line {file.lines[int(found[1])]}, {found[2]}"
        raise Invalid(field, error.expected, error.actual) from error


def _whose(error: Invalid, symbols: list[str]) -> str:
    """Tell whose bar it is: the message says it in brackets at its end."""
    said = error.expected.rpartition("(")[2]
    named = [symbol for symbol in symbols if said.startswith((f"{symbol} at ", f"{symbol})"))]
    return named[0] if named else symbols[0]


def _csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(
            path, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
        ).fillna("")
    except (ValueError, OSError, EOFError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise Invalid(path.name, "a CSV file in UTF-8", reason) from error


def _parquet(path: Path) -> pd.DataFrame:
    import duckdb

    # DuckDB would take *, ? and [ in a path for a pattern.
    this_file = re.sub(r"([*?[])", r"[\1]", str(path))
    try:
        with duckdb.connect() as connection:
            # A time with a zone comes out as the instant in UTC, whatever machine this is.
            connection.execute("SET TimeZone = 'UTC'")
            found = connection.execute("SELECT * FROM read_parquet(?)", [this_file])
            names = [column[0] for column in found.description or ()]
            rows = found.fetchall()
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise Invalid(path.name, "a Parquet file", reason) from error
    import pandas as pd

    return pd.DataFrame([["" if c is None else str(c) for c in row] for row in rows], columns=names)


def _columns(header: list[str], path: Path) -> dict[str, str]:
    plain = {re.sub(r"[\s_]", "", str(name)).lower(): name for name in reversed(header)}
    found = {
        field: plain[name] for field, names in _NAMES.items() for name in names if name in plain
    }
    if missing := [field for field in ("time", *_PRICES) if field not in found]:
        expected = "a file with the columns date, open, high, low and close on its first line"
        raise Invalid(path.name, expected, f"one without {', '.join(missing)}")
    return found


def _numbers(cells: Any, field: str, lines: Any) -> Any:
    import pandas as pd

    numbers = pd.to_numeric(cells.str.strip(), errors="coerce").to_numpy(dtype="float64")
    # An empty cell and "nan" are no prices; what they are is for the check of bars to say.
    wrong = np.isnan(numbers) & ~cells.str.strip().str.lower().isin(["", "nan", "null"]).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise Invalid(field.format(lines[row]), "a number", cells.iloc[row])
    return numbers


def _times(cells: Any, date_format: str | None, field: str, lines: Any) -> Any:
    import pandas as pd

    form = date_format or "ISO8601"
    try:
        times = pd.to_datetime(cells.str.strip(), format=form, errors="coerce")
    except ValueError:
        # Offsets that change with the season make one clock only in UTC.
        times = pd.to_datetime(cells.str.strip(), format=form, errors="coerce", utc=True)
    wrong = times.isna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        expected = f"a date as {date_format}" if date_format else "a date in ISO 8601"
        hint = "" if date_format else ", or given a --date-format"
        raise Invalid(field.format(lines[row]), expected + hint, cells.iloc[row])
    return pd.DatetimeIndex(times)
