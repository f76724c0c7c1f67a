"""Hold the bars of one asset and timeframe as numpy arrays that nobody can write to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from algotrendy.backtest.data.faults import require_bars
from algotrendy.backtest.data.moments import in_words
from algotrendy.exchange.rules.codes import FIRST_OF_SESSION, LAST_OF_SESSION, REGULAR_HOURS
from algotrendy.kernel.errors import Invalid

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WHOLE_SESSION: Final = FIRST_OF_SESSION | LAST_OF_SESSION | REGULAR_HOURS
"""The phase of a daily bar, and of a longer one."""

INTEGERS: Final = ("time", "known", "phase")
NUMBERS: Final = ("open", "high", "low", "close", "volume")
NAMES: Final = ("time", "known", "open", "high", "low", "close", "volume", "phase")


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False, repr=False)
class Columns:
    """The bars of one asset and timeframe, oldest first; one entry a bar in every array.

    The arrays are read-only and C-contiguous, of int64 or float64 and of one length; the
    constructor refuses others, and looks at no value: ``validate`` does. A slice shares the arrays.

    Attributes:
        time: Begin of the bar, nanoseconds since 1970 UTC, strictly increasing. A bar of a day or
            longer has 00:00 UTC of its first date.
        known: When the bar was known whole, later than ``time`` and strictly increasing;
            nanoseconds since 1970 UTC.
        open, high, low, close: Prices in the currency of the asset, above 0.
        volume: Units traded, 0 or more.
        phase: ``FIRST_OF_SESSION | LAST_OF_SESSION | REGULAR_HOURS`` of ``exchange.rules.codes``.
    """

    time: IntArray
    known: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    phase: IntArray

    def __post_init__(self) -> None:
        count = len(self.time)
        for name in NAMES:
            array = getattr(self, name)
            wanted = np.float64 if name in NUMBERS else np.int64
            if array.dtype != wanted or array.ndim != 1 or not array.flags.c_contiguous:
                actual = f"{array.dtype} of shape {array.shape}"
                raise Invalid(name, f"a contiguous row of {wanted.__name__}", actual)
            if array.flags.writeable:
                raise Invalid(name, "a read-only array", "one that can be written to")
            if len(array) != count:
                raise Invalid(name, f"of {count} values, as time", len(array))

    def __len__(self) -> int:
        return len(self.time)

    def __repr__(self) -> str:
        """Say how many bars there are, and from when to when."""
        if not len(self):
            return "Columns(0 bars)"
        first, last = in_words(int(self.time[0])), in_words(int(self.time[-1]))
        return f"Columns({len(self)} bars from {first} to {last})"

    def __getitem__(self, bars: slice) -> Columns:
        """Give some bars that follow each other; the arrays are shared."""
        if bars.step not in (None, 1):
            raise Invalid("bars", "a slice of step 1", bars.step)
        # What holds for the arrays holds for slices of them, and a sweep makes thousands.
        cut = object.__new__(Columns)
        for name in NAMES:
            object.__setattr__(cut, name, getattr(self, name)[bars])
        return cut

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays by name, in the order of the attributes."""
        return {name: getattr(self, name) for name in NAMES}

    def validate(self, symbol: str = "") -> Self:
        """Check every bar; the first that is wrong raises.

        Args:
            symbol: Whose bars they are, for the message.

        Raises:
            Invalid: Naming row and column, as ``bars[7].high``, the symbol and the time in words.
        """
        require_bars(self, symbol)
        return self


def columns(
    arrays: Mapping[str, ArrayLike],
    *,
    known: IntArray,
    phase: ArrayLike = WHOLE_SESSION,
    symbol: str = "",
) -> Columns:
    """Make columns of anything that numpy reads as rows of numbers, and check every bar.

    An array that can be written to is copied, so that nobody changes the bars afterwards.

    Args:
        arrays: ``time`` (nanoseconds since 1970 UTC or datetime64), ``open``, ``high``, ``low``,
            ``close``, and ``volume``, which is 0 without.
        known: When each bar was known.
        phase: Of each bar, or of all.
        symbol: Whose bars they are, for the message.

    Raises:
        Invalid: If an array is missing, cannot be read or has another length, or a bar is wrong.
    """
    for name in arrays:
        if name not in ("time", *NUMBERS):
            raise Invalid(name, "one of time, open, high, low, close, volume", "another column")
    times = read_times(arrays.get("time"), "time")
    given = {"time": times, "known": frozen(known, np.int64, "known")}
    for name in NUMBERS:
        values = arrays.get(name, np.zeros(len(times)) if name == "volume" else None)
        given[name] = frozen(values, np.float64, name)
    phases = np.broadcast_to(np.asarray(phase, dtype=np.int64), times.shape)
    given["phase"] = frozen(phases, np.int64, "phase")
    return Columns(**given).validate(symbol)


def read_times(values: ArrayLike | None, field: str) -> IntArray:
    """Read times as nanoseconds since 1970 UTC: integers are those, datetime64 of any unit."""
    if values is not None and np.asarray(values).dtype.kind == "M":
        # "Not a time" stays the least integer there is, which no bar can have.
        values = np.asarray(values).astype("M8[ns]").astype(np.int64)
    elif values is not None and np.asarray(values).dtype.kind not in "iu" and np.size(values):
        raise Invalid(field, "nanoseconds since 1970 or datetime64", np.asarray(values).dtype)
    return frozen(values, np.int64, field)


def frozen(values: ArrayLike | None, dtype: type[Any], field: str) -> NDArray[Any]:
    """Give values as a contiguous read-only array; it is copied when it could be written to."""
    if values is None:
        raise Invalid(field, "given", None)
    try:
        array = np.ascontiguousarray(values, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise Invalid(field, f"numbers that {dtype.__name__} holds", str(error)) from error
    if array.ndim != 1:
        raise Invalid(field, "one row of numbers", f"an array of shape {array.shape}")
    if array.flags.writeable:
        if array is values or array.base is not None:
            array = array.copy()
        array.flags.writeable = False
    return array
