"""Read daily bars from CSV text."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Protocol

from algotrendy.kernel.errors import Invalid, InvalidRows, NotFound, RowError
from algotrendy.market_data.rows import OPTIONAL, RowCheck, ValidRows

_ALIASES = {
    "date": ("date", "time", "timestamp", "datetime", "day"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v"),
    "adj_close": ("adjclose", "adjustedclose"),
}


class Refusing(Protocol):
    """Counts what could not even be taken apart."""

    def refuse(self, line: int, field: str, reason: str) -> None:
        """Count one row as bad."""
        ...


def read_csv(
    source: Path | IO[str],
    columns: Mapping[str, str] | None = None,
    *,
    date_format: str | None = None,
    name: str | None = None,
) -> ValidRows:
    """Read a file of daily bars; one bad row refuses it whole.

    The first line names the columns, in any order and case; columns that are not bars' are passed
    over. UTF-8 with or without BOM, any line end, also gzip (``.gz``). Blank lines are no rows.

    Args:
        source: A file, or text.
        columns: Which column of the file holds a field, where its name does not say so:
            ``{"close": "Last"}``. Fields are date, open, high, low, close, volume, adj_close.
        date_format: As of strptime; None for ISO 8601.
        name: What errors call it; the file's name by default.

    Raises:
        Invalid: If it is not there or cannot be opened, or ``columns`` names no field.
        InvalidRows: Every bad line with its reason, or what is wrong with the file.
    """
    name = name or (source.name if isinstance(source, Path) else "the text")
    check = RowCheck(date_format=date_format)
    if isinstance(source, Path) and not source.exists():
        raise Invalid("file", "a file that can be read", f"{name}: No such file or directory")
    with opened(source, name) as stream:
        for line, cells in csv_rows(stream, name, check, columns):
            check.add(line, cells)
    return check.result().all_or_nothing(name)


def opened(source: Path | IO[str], name: str) -> AbstractContextManager[IO[str]]:
    """Open a file, packed or not, as text without its BOM."""
    if not isinstance(source, Path):
        return nullcontext(source)
    try:
        if source.suffix == ".gz":
            return gzip.open(source, "rt", encoding="utf-8-sig", newline="")
        return source.open(encoding="utf-8-sig", newline="")
    except FileNotFoundError as error:
        raise NotFound("file", source) from error
    except OSError as error:
        raise Invalid("file", "a file that can be read", f"{name}: {error.strerror}") from error


def csv_rows(
    stream: IO[str],
    name: str,
    check: RowCheck,
    columns: Mapping[str, str] | None = None,
    *,
    also: str | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Take CSV text apart into line numbers and cells in the order that ``RowCheck.add`` takes.

    Rows that cannot be taken apart are refused to ``check``. ``also`` names one more column of the
    file, whose cell then stands before the others.
    """

    def find(header: list[str]) -> list[int]:
        return _places(header, name, columns or {}, also)

    return table_rows(stream, name, check, find)


def table_rows(
    stream: IO[str], name: str, check: Refusing, find: Callable[[list[str]], list[int]]
) -> Iterator[tuple[int, list[str]]]:
    """Take CSV text apart into line numbers and the cells at the places that ``find`` gives.

    Raises:
        InvalidRows: If there is no line at all.
    """
    reader = csv.reader(stream, strict=True)
    places: list[int] | None = None
    width = 0
    try:
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if places is None:
                row[0] = row[0].removeprefix("\ufeff")
                places, width = find(row), len(row)
            elif len(row) != width:
                reason = f"has {len(row)} cells where the header has {width}"
                check.refuse(reader.line_num, "row", reason)
            else:
                yield reader.line_num, [row[place] for place in places]
    except UnicodeDecodeError:
        check.refuse(reader.line_num + 1, "text", "is not UTF-8 from about here; reading stopped")
    except csv.Error as error:
        check.refuse(reader.line_num, "row", f"is not CSV: {error}; reading stopped")
    except (OSError, EOFError, zlib.error) as error:
        check.refuse(reader.line_num + 1, "file", f"cannot be read on: {error}")
    else:
        if places is None:
            raise InvalidRows(name, [RowError(1, "file", "is empty")])


def find_columns(
    header: list[str],
    name: str,
    columns: Mapping[str, str],
    aliases: Mapping[str, Sequence[str]] = _ALIASES,
    optional: Sequence[str] = OPTIONAL,
) -> dict[str, int]:
    """Find the place of each field in a header; fields come in the order of ``aliases``.

    Raises:
        Invalid: If ``columns`` names something that is no field.
        InvalidRows: If a needed column is missing, or two could be the same field.
    """
    for field in columns:
        if field not in aliases:
            raise Invalid("columns", f"one of {', '.join(aliases)}", field)
    plain = [_plain(cell) for cell in header]
    found: dict[str, int] = {}
    faults: list[RowError] = []
    for field, names in aliases.items():
        if field in columns:
            places = [place for place, cell in enumerate(header) if cell == columns[field]]
        else:
            places = [place for place, cell in enumerate(plain) if cell in names]
        if len(places) == 1:
            found[field] = places[0]
        elif places:
            both = " and ".join(repr(header[place]) for place in places)
            faults.append(RowError(1, field, f"could be {both}"))
        elif field not in optional or field in columns:
            faults.append(RowError(1, field, f"has no column; there are {', '.join(header)}"))
    if faults:
        # However many columns it lacks, the header is one row.
        raise InvalidRows(name, faults, count=1)
    return found


def _places(
    header: list[str], name: str, columns: Mapping[str, str], also: str | None
) -> list[int]:
    places = list(find_columns(header, name, columns).values())
    if also is None:
        return places
    if also not in header:
        reason = f"has no column; there are {', '.join(header)}"
        raise InvalidRows(name, [RowError(1, also, reason)])
    return [header.index(also), *places]


def _plain(column: str) -> str:
    return "".join(c for c in column.casefold() if c.isalnum())
