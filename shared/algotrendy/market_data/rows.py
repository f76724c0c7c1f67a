"""Check rows of daily bars one by one, whatever file they come from."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from heapq import nsmallest
from math import isfinite

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import MAX_ROWS_KEPT, InvalidRows, RowError
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.series import (
    FACTOR_LIMITS,
    PRICE_LIMITS,
    VOLUME_LIMIT,
    YEAR_LIMITS,
    RawBars,
    day_ns,
    row_fault,
)

REQUIRED = ("date", "open", "high", "low", "close", "volume")
OPTIONAL = ("adj_close",)

_FIELDS = (*REQUIRED, *OPTIONAL)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class ValidRows:
    """Rows that are bars, oldest first, at least one: the columns of ``RawBars``."""

    times: tuple[int, ...]
    open: tuple[float, ...]
    high: tuple[float, ...]
    low: tuple[float, ...]
    close: tuple[float, ...]
    volume: tuple[float, ...]
    factor: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.times)

    def bars(self, symbol: Symbol, timeframe: Timeframe, source: str) -> RawBars:
        """Say whose bars they are, and where they come from."""
        return RawBars(
            symbol,
            timeframe,
            self.times,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.factor,
            source,
        )


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows of a file, the good parted from the bad.

    Attributes:
        rows: The good ones, or None when there are none.
        bad: How many are not.
        faults: What is wrong with them, in file order, the first 100.
    """

    rows: ValidRows | None
    bad: int
    faults: tuple[RowError, ...]

    def all_or_nothing(self, source: str) -> ValidRows:
        """Give the rows when every one is good.

        Raises:
            InvalidRows: If any is bad, or there is none.
        """
        if self.bad:
            raise InvalidRows(source, self.faults, self.bad)
        if self.rows is None:
            raise InvalidRows(source, [RowError(1, "rows", "are missing: there is no bar")])
        return self.rows


class BadCellError(ValueError):
    """Says what is wrong with one cell, in words that read after the name of its column."""


class RowCheck:
    """Takes rows one by one and parts the good from the bad.

    Rows may come in any order. Of rows with the same date the first in the file is kept and each
    later one is bad. Every bad row is counted, and the first 100 faults are kept in words.
    """

    def __init__(self, *, date_format: str | None = None) -> None:
        """Check rows whose dates are ISO 8601, or as ``date_format`` of strptime says."""
        self._date_format = date_format
        self._lines = array("q")
        self._times = array("q")
        self._columns = tuple(array("d") for _ in range(6))
        self._faults: list[RowError] = []
        self._bad = 0

    def refuse(self, line: int, field: str, reason: str) -> None:
        """Count a row as bad that could not even be taken apart."""
        self._count([RowError(line, field, reason)])

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        """Check one row.

        Args:
            line: Where it stands in the file, header included.
            cells: In the order of ``REQUIRED``, and adj_close where there is one.
        """
        faults: list[RowError] = []
        numbers: list[float] = []
        time_ns = 0
        try:
            time_ns = day_ns(self._session(cells[0]))
        except BadCellError as error:
            faults.append(RowError(line, "date", str(error)))
        for place in range(1, len(cells)):
            try:
                read = read_volume if place == 5 else read_price
                numbers.append(read(cells[place]))
            except BadCellError as error:
                faults.append(RowError(line, _FIELDS[place], str(error)))
        if not faults and (fault := row_fault(*numbers[:4]) or _factor_fault(numbers)):
            faults.append(RowError(line, *fault))
        if faults:
            self._count(faults)
            return
        self._lines.append(line)
        self._times.append(time_ns)
        for place in range(5):
            self._columns[place].append(numbers[place])
        self._columns[5].append(_factor(numbers))

    def result(self) -> CheckedRows:
        """Give the good rows so far, oldest first, and what was wrong with the others."""
        # Python's sort is stable: of equal dates the first in the file comes first.
        order = sorted(range(len(self._times)), key=self._times.__getitem__)
        kept: list[int] = []
        later, first = array("q"), array("q")
        for index in order:
            if kept and self._times[kept[-1]] == self._times[index]:
                later.append(self._lines[index])
                first.append(self._lines[kept[-1]])
            else:
                kept.append(index)
        doubles = (
            RowError(line, "date", f"is already on line {of}")
            for line, of in nsmallest(MAX_ROWS_KEPT, zip(later, first, strict=True))
        )
        faults = sorted((*self._faults, *doubles), key=lambda fault: fault.line)
        rows = None
        if kept:
            times = tuple(self._times[index] for index in kept)
            columns = (tuple(column[index] for index in kept) for column in self._columns)
            rows = ValidRows(times, *columns)
        return CheckedRows(rows, self._bad + len(later), tuple(faults[:MAX_ROWS_KEPT]))

    def _count(self, faults: list[RowError]) -> None:
        self._bad += 1
        if len(self._faults) < MAX_ROWS_KEPT:
            self._faults.extend(faults)

    def _session(self, cell: str | None) -> date:
        text = (cell or "").strip()
        if not text:
            raise BadCellError("is empty")
        try:
            if self._date_format is None:
                moment = datetime.fromisoformat(text)
            else:
                moment = datetime.strptime(text, self._date_format)  # noqa: DTZ007 - a date
        except ValueError:
            wanted = self._date_format or "YYYY-MM-DD"
            raise BadCellError(f"{_shown(text)} is not a date like {wanted}") from None
        return _checked_session(moment)


def _factor(numbers: list[float]) -> float:
    return numbers[5] / numbers[3] if len(numbers) > 5 else 1.0


def _factor_fault(numbers: list[float]) -> tuple[str, str] | None:
    if FACTOR_LIMITS[0] <= _factor(numbers) <= FACTOR_LIMITS[1]:
        return None
    return "adj_close", f"{numbers[5]!r} is not plausible for close {numbers[3]!r}"


def _checked_session(moment: datetime) -> date:
    # The date as written is the session, whatever its offset; any other time of day would leave
    # open which session is meant.
    if moment.time() != _MIDNIGHT:
        raise BadCellError(f"{moment.isoformat()} is not a date: a daily bar has no time of day")
    first, last = YEAR_LIMITS
    if not first <= moment.year <= last:
        raise BadCellError(f"{moment.date()} is not in the years {first} to {last}")
    return moment.date()


def read_price(cell: str | None) -> float:
    """Read a price above zero, or raise BadCellError."""
    price = _number(cell)
    least, most = PRICE_LIMITS
    if price <= 0:
        raise BadCellError(f"{price!r} is not above 0")
    if not least <= price <= most:
        raise BadCellError(f"{price!r} is not in {least:g} to {most:g}")
    return price


def read_volume(cell: str | None) -> float:
    """Read a volume of zero or more, or raise BadCellError."""
    volume = _number(cell)
    if volume < 0:
        raise BadCellError(f"{volume!r} is below 0")
    if volume > VOLUME_LIMIT:
        raise BadCellError(f"{volume!r} is above {VOLUME_LIMIT:g}")
    return abs(volume)  # -0.0 is no volume


def _number(cell: str | None) -> float:
    text = (cell or "").strip()
    if not text:
        raise BadCellError("is empty")
    try:
        # float() reads 1_000 as a thousand; no file of prices means that.
        number = float(text.replace("_", "?"))
    except ValueError:
        raise BadCellError(f"{_shown(text)} is not a number") from None
    if not isfinite(number):
        raise BadCellError(f"{text} is not a finite number")
    return number


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
