"""Check a table's rows, and turn the good ones into columns as the lake keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.migration.checksum import Columns
from algotrendy.market_data.migration.mapping import TableMapping
from algotrendy.market_data.migration.times import TimeKind, TimeReader
from algotrendy.market_data.rows import BadCellError, read_price, read_volume
from algotrendy.market_data.series import (
    FACTOR_LIMITS,
    PRICE_LIMITS,
    VOLUME_LIMIT,
    row_fault,
)

Row = tuple[Any, ...]
_PRICES = ("open", "high", "low", "close")

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fault:
    """Says what is wrong in one column of a row."""

    column: str
    reason: str

    def __str__(self) -> str:
        """Read as a part of a line."""
        return f"{self.column} {self.reason}"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not taken: its key and values as they stand in the table, and why."""

    symbol: str
    time: str
    faults: tuple[Fault, ...]
    values: tuple[str, ...]

    def __str__(self) -> str:
        """Read as a line of a report."""
        return f"{self.symbol} {self.time}: {'; '.join(map(str, self.faults))}"


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """Rows, the good parted from the bad.

    Attributes:
        names: Whose the good ones are, by the table's own symbols.
        bad: How many are bad.
        told: Those of them that there was room to tell of.
    """

    good: Columns
    names: tuple[str, ...]
    bad: int
    told: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the last good row lies; the symbol is the table's own."""

    name: str
    time_ns: int


class RowChecker:
    """Checks blocks of rows in the order of symbol and time, each block after the one before it.

    Rows of one symbol and time stand in one block. Of bars with the same time the first is kept
    and the others are bad; trades may share one.
    """

    def __init__(self, mapping: TableMapping, kind: TimeKind, last: Place | None = None) -> None:
        """Begin after ``last``, or at the beginning."""
        self._mapping, self._kind = mapping, kind
        self._times = TimeReader(mapping)
        self._names: dict[str, tuple[str, str]] = {}
        self.last = last

    def check(self, rows: Sequence[Row], room: int) -> CheckedBlock:
        """Check rows, and tell of at most ``room`` bad ones."""
        raw = list(zip(*rows, strict=True))
        named = [self._name(symbol) for symbol in raw[0]]
        times, time_faults = self._times.read(raw[1], self._kind)
        numbers = [_floats(column) for column in raw[2:]]
        good = np.array([not fault for _, fault in named])
        good[list(time_faults)] = False
        stored = self._stored(numbers, good)
        order_faults = self._disorder(rows, times, np.flatnonzero(good))
        good[list(order_faults)] = False
        bad = np.flatnonzero(~good)
        kept = np.flatnonzero(good).tolist()
        told = tuple(
            self._told(
                rows[place],
                named[place][1],
                order_faults.get(place) or time_faults.get(place),
            )
            for place in bad[:room].tolist()
        )
        if len(kept):
            self.last = Place(str(rows[kept[-1]][0]), int(times[kept[-1]]))
        symbols = [named[place][0] for place in kept]
        columns = Columns(symbols, times[kept], tuple(column[kept] for column in stored))
        names = tuple(str(rows[place][0]) for place in kept)
        return CheckedBlock(columns, names, len(bad), told)

    def keyless(self, rows: Sequence[Row]) -> tuple[BadRow, ...]:
        """Tell of rows that have no symbol, or no time."""
        return tuple(
            self._told(
                row,
                "is empty" if row[0] is None else self._name(row[0])[1],
                "is empty" if row[1] is None else None,
            )
            for row in rows
        )

    def _name(self, raw: Any) -> tuple[str, str]:
        found = self._names.get(raw)
        if found is None:
            text = str(raw)
            try:
                found = self._mapping.symbols.get(text) or parse_symbol(text), ""
            except Invalid as error:
                found = "", f"{text[:40]!r} is not {error.expected}: rename it in [symbols]"
            self._names[raw] = found
        return found

    def _stored(
        self, numbers: list[npt.NDArray[np.float64]], good: Flags
    ) -> list[npt.NDArray[np.float64]]:
        least, most = PRICE_LIMITS
        if self._mapping.kind == "trades":
            price, size = numbers
            good &= (price >= least) & (price <= most) & (size > 0) & (size <= VOLUME_LIMIT)
            return numbers
        open_, high, low, close, volume = numbers[:5]
        for price in (open_, high, low, close):
            good &= (price >= least) & (price <= most)
        good &= (volume >= 0) & (volume <= VOLUME_LIMIT)
        good &= (low <= open_) & (open_ <= high) & (low <= close) & (close <= high)
        factor = np.ones(len(close))
        if len(numbers) > 5:
            with np.errstate(all="ignore"):
                factor = numbers[5] / close
            good &= (numbers[5] >= least) & (numbers[5] <= most)
            good &= (factor >= FACTOR_LIMITS[0]) & (factor <= FACTOR_LIMITS[1])
        return [open_, high, low, close, volume, factor]

    def _disorder(
        self,
        rows: Sequence[Row],
        times: npt.NDArray[np.int64],
        places: npt.NDArray[np.intp],
    ) -> dict[int, str]:
        faults: dict[int, str] = {}
        name, top = (self.last.name, self.last.time_ns) if self.last else ("", 0)
        raw: Any = None
        shares = self._mapping.kind == "trades"
        for place, time_ns in zip(places.tolist(), times[places].tolist(), strict=True):
            row = rows[place]
            if str(row[0]) != name:
                name = str(row[0])
            elif time_ns == top and not (shares and row[1] == raw):
                faults[place] = f"is already there: {name} has a row at {shown_time(top)}"
                continue
            elif time_ns < top:
                reason = f"is before {shown_time(top)}, though the table sorts it after that"
                faults[place] = f"{reason}: convert it in a query"
                continue
            top, raw = time_ns, row[1]
        return faults

    def _told(self, row: Row, symbol_fault: str, time_fault: str | None) -> BadRow:
        of = self._mapping.columns
        faults = [Fault(of["symbol"], symbol_fault)] if symbol_fault else []
        faults += [Fault(of["time"], time_fault)] if time_fault else []
        faults += [Fault(of[field], reason) for field, reason in self._number_faults(row)]
        shown = tuple("" if value is None else str(value)[:80] for value in row)
        written = self._written_time(row[1])
        return BadRow(shown[0], written, tuple(faults), (shown[0], written, *shown[2:]))

    def _number_faults(self, row: Row) -> Iterator[tuple[str, str]]:
        read: dict[str, float] = {}
        for field, value in zip(self._mapping.fields[2:], row[2:], strict=True):
            text = None if value is None else str(value)
            try:
                if field not in ("volume", "size"):
                    read[field] = read_price(text)
                elif not (amount := read_volume(text)) and field == "size":
                    yield field, "is 0: nothing was traded"
                else:
                    read[field] = amount
            except BadCellError as error:
                yield field, str(error)
        prices = [read[field] for field in _PRICES if field in read]
        if len(prices) == len(_PRICES):
            if fault := row_fault(*prices):
                yield fault
            factor = read.get("adj_close", read["close"]) / read["close"]
            if not FACTOR_LIMITS[0] <= factor <= FACTOR_LIMITS[1]:
                reason = f"{read['adj_close']!r} is not plausible for close {read['close']!r}"
                yield "adj_close", reason

    def _written_time(self, value: Any) -> str:
        if self._kind is TimeKind.RAW or not isinstance(value, int):
            return "" if value is None else str(value)[:80]
        try:
            written = shown_time(value * 1000)
        except (OverflowError, ValueError):
            return "infinity" if value > 0 else "-infinity"
        return written if self._kind is TimeKind.INSTANT else written.removesuffix("Z")


def shown_time(time_ns: int) -> str:
    """Show a time, down to what it has of a second."""
    seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
    whole = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
    return whole + (f".{nanoseconds:09d}".rstrip("0") if nanoseconds else "") + "Z"


def _floats(values: Sequence[Any]) -> npt.NDArray[np.float64]:
    if not set(map(type, values)) <= {float, int}:
        values = [_float(value) for value in values]
    # Adding 0.0 turns -0.0, which is no volume, into 0.0.
    return np.array(values, dtype=np.float64) + 0.0


def _float(value: Any) -> float:
    try:
        # float() reads 1_000 as a thousand; no table of prices means that.
        return float(value.replace("_", "?") if isinstance(value, str) else value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")
