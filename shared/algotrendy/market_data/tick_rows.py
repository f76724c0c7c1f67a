"""Read single trades from CSV text, and check them row by row."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from algotrendy.kernel.errors import MAX_ROWS_KEPT, Invalid, InvalidRows, RowError
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.csv_rows import find_columns, opened, table_rows
from algotrendy.market_data.rows import BadCellError, read_price, read_volume
from algotrendy.market_data.ticks import Ticks

TIME_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
YEARS = (1971, 2199)

_ALIASES = {
    "time": ("time", "timestamp", "datetime", "t", "tradetime"),
    "price": ("price", "p", "tradeprice"),
    "size": ("size", "s", "volume", "vol", "v", "qty", "quantity", "amount"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
_WHOLE = re.compile(r"\d{1,20}")


def read_ticks(
    source: Path | IO[str],
    symbol: Symbol,
    columns: Mapping[str, str] | None = None,
    *,
    time_unit: str = "ns",
    name: str | None = None,
) -> Ticks:
    """Read a file of trades; one bad row refuses it whole.

    The first line names the columns, in any order and case; those that are not time, price and
    size are passed over. Rows may come in any order; of equal times they keep that of the file.

    Args:
        source: A file, also gzip (``.gz``), or text.
        columns: Which column of the file holds a field, where its name does not say so.
        time_unit: Of times that are whole numbers since 1970: s, ms, us, ns. Others are ISO 8601
            with a zone, down to the nanosecond.
        name: What errors call it; the file's name by default.

    Raises:
        Invalid: If it is not there or cannot be opened, or an argument is none of these.
        InvalidRows: Every bad line with its reason, or what is wrong with the file.
    """
    if time_unit not in TIME_UNITS:
        raise Invalid("time_unit", f"one of {', '.join(TIME_UNITS)}", time_unit)
    label = name or (source.name if isinstance(source, Path) else "the text")
    if isinstance(source, Path) and not source.exists():
        raise Invalid("file", "a file that can be read", f"{label}: No such file or directory")

    def find(header: list[str]) -> list[int]:
        return list(find_columns(header, label, columns or {}, _ALIASES, ()).values())

    check = TickCheck(TIME_UNITS[time_unit])
    with opened(source, label) as stream:
        for line, cells in table_rows(stream, label, check, find):
            check.add(line, cells)
    return check.all_or_nothing(label, symbol)


class TickCheck:
    """Takes rows one by one; every bad row is counted, the first 100 faults are kept in words."""

    def __init__(self, unit_ns: int) -> None:
        """Check rows whose times, where they are whole numbers, count ``unit_ns``."""
        self._unit_ns = unit_ns
        self._times, self._prices, self._sizes = array("q"), array("d"), array("d")
        self._faults: list[RowError] = []
        self._bad = 0

    def refuse(self, line: int, field: str, reason: str) -> None:
        """Count a row as bad that could not even be taken apart."""
        self._count([RowError(line, field, reason)])

    def add(self, line: int, cells: Sequence[str]) -> None:
        """Check one row: time, price, size."""
        faults: list[RowError] = []
        time_ns, price, size = 0, 0.0, 0.0
        try:
            time_ns = self._time(cells[0].strip())
        except BadCellError as error:
            faults.append(RowError(line, "time", str(error)))
        try:
            price = read_price(cells[1])
        except BadCellError as error:
            faults.append(RowError(line, "price", str(error)))
        try:
            size = read_volume(cells[2])
            if not size:
                raise BadCellError("is 0: nothing was traded")
        except BadCellError as error:
            faults.append(RowError(line, "size", str(error)))
        if faults:
            self._count(faults)
            return
        self._times.append(time_ns)
        self._prices.append(price)
        self._sizes.append(size)

    def all_or_nothing(self, name: str, symbol: Symbol) -> Ticks:
        """Give the trades, oldest first, when every row is good; else raise InvalidRows."""
        if self._bad:
            raise InvalidRows(name, self._faults, self._bad)
        if not self._times:
            raise InvalidRows(name, [RowError(1, "rows", "are missing: there is no trade")])
        order = sorted(range(len(self._times)), key=self._times.__getitem__)
        return Ticks(
            symbol,
            [self._times[index] for index in order],
            [self._prices[index] for index in order],
            [self._sizes[index] for index in order],
            f"csv:{name}",
        )

    def _count(self, faults: list[RowError]) -> None:
        self._bad += 1
        if len(self._faults) < MAX_ROWS_KEPT:
            self._faults.extend(faults)

    def _time(self, text: str) -> int:
        if not text:
            raise BadCellError("is empty")
        if _WHOLE.fullmatch(text):
            time_ns = int(text) * self._unit_ns
            if not _begin_ns(YEARS[0]) <= time_ns < _begin_ns(YEARS[1] + 1):
                years = f"in the years {YEARS[0]} to {YEARS[1]}"
                raise BadCellError(f"{text} is not {years}: is it of another unit?")
            return time_ns
        found = _ISO.fullmatch(text)
        if found is None:
            raise BadCellError(f"{text[:40]!r} is not a time like 2024-07-02T13:30:00.123456789Z")
        whole, fraction, zone = found.groups()
        if zone is None:
            raise BadCellError(f"{text!r} has no zone, such as Z or -04:00")
        try:
            moment = datetime.fromisoformat(whole + zone)
        except ValueError:
            raise BadCellError(f"{text!r} is not a time that there was") from None
        if not YEARS[0] <= moment.year <= YEARS[1]:
            raise BadCellError(f"{text!r} is not in the years {YEARS[0]} to {YEARS[1]}")
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
        return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def _begin_ns(year: int) -> int:
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1) * 1_000_000_000
