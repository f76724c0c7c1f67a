"""Turn a table's times, however it writes them, into the times that the lake keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from algotrendy.kernel.bar import Timeframe
from algotrendy.market_data.migration.mapping import UNITS_NS, TableMapping
from algotrendy.market_data.rows import BadCellError
from algotrendy.market_data.series import YEAR_LIMITS

Nanoseconds = npt.NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
_NUMBER = re.compile(r"-?\d+(\.\d*)?")
_FRACTION = re.compile(r"[.,](\d{7,9})(?!\d)")


def _year_ns(year: int) -> int:
    return (datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1) * _SECOND


# A day on either side is left for what a zone moves. Within the day there are no older times than
# these: what seems older counts in another unit.
_EARLIEST_WITHIN_DAYS = 1971
_LAST_NS = _year_ns(YEAR_LIMITS[1] + 1) - _DAY


class TimeKind(Enum):
    """How a reader gives the times of a table."""

    INSTANT = "microseconds since 1970 UTC"
    LOCAL = "microseconds since 1970 as if the clock on the wall were UTC"
    RAW = "as they stand in the table: whole or real numbers, or text"


class TimeReader:
    """Reads times by a mapping's zone and unit; one that cannot be read is told with the reason."""

    def __init__(self, mapping: TableMapping) -> None:
        """Read times of the mapping's kind."""
        self._zone = _Zone(mapping.zone, mapping.repeated_hour)
        self._unit_ns = None if mapping.unit is None else UNITS_NS[mapping.unit]
        self._is_daily = mapping.timeframe is Timeframe.DAY
        self._is_bars = mapping.kind == "bars"
        self._any_time_of_day = mapping.any_time_of_day
        first = YEAR_LIMITS[0] if self._is_daily else _EARLIEST_WITHIN_DAYS
        self._first_ns = _year_ns(first) + (_DAY if self._is_daily else 0)
        self._years = f"is not in the years {first} to {YEAR_LIMITS[1]}"

    def read(self, values: Sequence[Any], kind: TimeKind) -> tuple[Nanoseconds, dict[int, str]]:
        """Give nanoseconds since 1970 UTC of each value, and what is wrong, by place.

        A daily bar's is 00:00 UTC of its session date. What is wrong has a time of no meaning.
        """
        faults: dict[int, str] = {}
        written, is_local = self._written(values, kind, faults)
        if self._is_daily:
            local = np.where(is_local, written, written + self._zone.ahead(written, ~is_local))
            midnight = local // _DAY * _DAY
            if not self._any_time_of_day:
                self._refuse_hours(local, midnight, faults)
            return midnight, faults
        times = np.where(is_local, written - self._zone.behind(written, is_local, faults), written)
        if self._is_bars:
            for place in np.flatnonzero(times % _SECOND):
                reason = "is not a whole second: a bar's time is when its span begins"
                faults.setdefault(int(place), reason)
        return times, faults

    def _refuse_hours(
        self, local: Nanoseconds, midnight: Nanoseconds, faults: dict[int, str]
    ) -> None:
        for place in np.flatnonzero(local != midnight):
            shown = (_EPOCH + timedelta(microseconds=int(local[place]) // 1000)).time()
            reason = f"is at {shown} in {self._zone.name}, and a daily bar at 00:00 of its date"
            faults.setdefault(int(place), f"{reason}: is time.zone right?")

    def _written(
        self, values: Sequence[Any], kind: TimeKind, faults: dict[int, str]
    ) -> tuple[Nanoseconds, npt.NDArray[np.bool_]]:
        count = len(values)
        unit_ns = self._unit_ns if kind is TimeKind.RAW else 1000
        if unit_ns is not None and set(map(type, values)) <= {int}:
            whole = np.array(values, dtype=np.int64)
            times = np.clip(whole, self._first_ns // unit_ns, _LAST_NS // unit_ns)
            for place in np.flatnonzero(times != whole).tolist():
                raw = kind is TimeKind.RAW
                faults[place] = self._outside(values[place]) if raw else self._years
            return times * unit_ns, np.full(count, kind is TimeKind.LOCAL)
        times, is_local = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
        for place, value in enumerate(values):
            try:
                times[place], is_local[place] = self._one(value)
            except BadCellError as error:
                faults[place] = str(error)
        return times, is_local

    def _one(self, value: Any) -> tuple[int, bool]:
        if value is None:
            raise BadCellError("is empty")
        if isinstance(value, int | float | Decimal):
            return self._number(value), False
        if not isinstance(value, str):
            raise BadCellError(f"is of the type {type(value).__name__}, no time")
        text = value.strip()
        if self._unit_ns is not None and _NUMBER.fullmatch(text):
            return self._number(Decimal(text)), False
        # Python reads microseconds and drops the rest.
        more = _FRACTION.search(text)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            shown = repr(text[:40])
            raise BadCellError(f"{shown} is not a time like 2024-07-02T13:30:00Z") from None
        is_local = moment.tzinfo is None
        since = (moment.replace(tzinfo=UTC) if is_local else moment) - _EPOCH
        time_ns = since // timedelta(microseconds=1) * 1000
        if more:
            time_ns += int(more[1].ljust(9, "0")[6:])
        return self._inside(time_ns, text), is_local

    def _number(self, value: float | Decimal) -> int:
        if self._unit_ns is None:
            raise BadCellError(
                f"{value} is a number: state time.unit, one of {', '.join(UNITS_NS)}"
            )
        try:
            return self._inside(round(Decimal(value) * self._unit_ns), value)
        except (ArithmeticError, ValueError):
            raise BadCellError(f"{value} is not a time") from None

    def _inside(self, time_ns: int, value: object) -> int:
        if not self._first_ns <= time_ns <= _LAST_NS:
            raise BadCellError(self._outside(value))
        return time_ns

    def _outside(self, value: object) -> str:
        return f"{value} {self._years}: is time.unit right?"


class _Zone:
    """Knows how far a zone's clock is ahead of UTC; looks it up once an hour of time."""

    def __init__(self, zone: ZoneInfo, repeated_hour: str | None) -> None:
        self.name = zone.key
        self._zone, self._repeated = zone, repeated_hour

    def ahead(self, instants: Nanoseconds, wanted: npt.NDArray[np.bool_]) -> Nanoseconds:
        """Give how far the clock is ahead of UTC at instants, in nanoseconds."""
        found = np.zeros(len(instants), dtype=np.int64)
        if self.name == "UTC" or not wanted.any():
            return found
        places = np.flatnonzero(wanted)
        hours, place_of = np.unique(instants[places] // _HOUR, return_inverse=True)
        begin = np.array([self._at(int(hour) * _HOUR) for hour in hours])
        end = np.array([self._at(int(hour) * _HOUR + _HOUR - _SECOND) for hour in hours])
        found[places] = begin[place_of]
        for place in places[(begin != end)[place_of]]:
            found[place] = self._at(int(instants[place]))
        return found

    def behind(
        self, clock: Nanoseconds, wanted: npt.NDArray[np.bool_], faults: dict[int, str]
    ) -> Nanoseconds:
        """Give the same for times that a clock on the wall shows, and name those it cannot."""
        found = np.zeros(len(clock), dtype=np.int64)
        if self.name == "UTC" or not wanted.any():
            return found
        places = np.flatnonzero(wanted)
        hours, place_of = np.unique(clock[places] // _HOUR, return_inverse=True)
        begin = np.array([self._shown(int(hour) * _HOUR) for hour in hours])
        end = np.array([self._shown(int(hour) * _HOUR + _HOUR - _SECOND) for hour in hours])
        found[places] = begin[place_of, 0]
        uneven = (begin != end).any(axis=1) | (begin[:, 0] != begin[:, 1])
        for place in places[uneven[place_of]]:
            first, second = self._shown(int(clock[place]))
            found[place] = second if self._repeated == "second" else first
            if first < second:
                faults.setdefault(int(place), f"is a time that no clock of {self.name} showed")
            elif first > second and self._repeated is None:
                reason = f"is a time that clocks of {self.name} showed twice"
                faults.setdefault(int(place), f"{reason}: state time.repeated_hour")
        return found

    def _at(self, instant: int) -> int:
        moment = (_EPOCH + timedelta(seconds=instant // _SECOND)).astimezone(self._zone)
        return _offset(moment)

    def _shown(self, clock: int) -> tuple[int, int]:
        moment = (_EPOCH + timedelta(seconds=clock // _SECOND)).replace(tzinfo=self._zone)
        return _offset(moment.replace(fold=0)), _offset(moment.replace(fold=1))


def _offset(moment: datetime) -> int:
    ahead = moment.utcoffset()
    assert ahead is not None  # noqa: S101 - it has a zone
    return ahead // timedelta(seconds=1) * _SECOND
