"""Find the first bar that no market can have made, in one pass over whole arrays."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.data.moments import in_words
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.series import row_fault

if TYPE_CHECKING:
    from algotrendy.backtest.data.columns import Columns

NO_TIME: Final = np.iinfo(np.int64).min
"""What numpy and pandas write for "not a time"."""

_Fault = tuple[str, str, object]
_NO_MOMENT: Final = ("time", "a moment", "not a time")
_PRICES: Final = ("open", "high", "low", "close")


def require_bars(columns: Columns, symbol: str) -> None:
    """Refuse the first bar that is wrong, by its row and column.

    Raises:
        Invalid: Naming ``bars[7].high``, and saying the symbol and the bar's time.
    """
    sound = _in_order(columns.time) & _sound_known(columns) & _sound_prices(columns)
    if sound.all():
        return
    row = int(np.argmin(sound))
    fault = _order_fault(columns.time, row) or _known_fault(columns, row)
    _refuse(row, int(columns.time[row]), symbol, fault or _price_fault(columns, row))


def require_order(time: NDArray[np.int64], symbol: str) -> None:
    """Refuse the first bar that has no time, or none that is later than the bar before it.

    Raises:
        Invalid: Naming ``bars[7].time``, and saying the symbol and the bar's time.
    """
    sound = _in_order(time)
    if not sound.all():
        row = int(np.argmin(sound))
        fault = _order_fault(time, row) or _NO_MOMENT
        _refuse(row, int(time[row]), symbol, fault)


def _refuse(row: int, time: int, symbol: str, fault: _Fault) -> None:
    column, expected, actual = fault
    at = "" if time == NO_TIME else f"at {in_words(time)}"
    whose = " ".join(part for part in (symbol, at) if part)
    raise Invalid(f"bars[{row}].{column}", f"{expected} ({whose})" if whose else expected, actual)


def _in_order(time: NDArray[np.int64]) -> NDArray[np.bool_]:
    sound: NDArray[np.bool_] = time != NO_TIME
    sound[1:] &= time[1:] > time[:-1]
    return sound


def _sound_known(columns: Columns) -> NDArray[np.bool_]:
    known = columns.known
    sound: NDArray[np.bool_] = known > columns.time
    sound[1:] &= known[1:] > known[:-1]
    return sound


def _sound_prices(columns: Columns) -> NDArray[np.bool_]:
    open_, high, low, close = columns.open, columns.high, columns.low, columns.close
    # Every comparison with NaN is false, and low <= open <= high bounds the other three.
    sound = low > 0.0
    sound &= high < np.inf
    sound &= low <= open_
    sound &= open_ <= high
    sound &= low <= close
    sound &= close <= high
    sound &= columns.volume >= 0.0
    sound &= columns.volume < np.inf
    return sound


def _order_fault(time: NDArray[np.int64], row: int) -> _Fault | None:
    now = int(time[row])
    if now == NO_TIME:
        return _NO_MOMENT
    before = int(time[row - 1]) if row else NO_TIME
    if now > before:
        return None
    order = "the same," if now == before else "earlier than"
    return "time", "later than the bar before it", f"{order} {in_words(before)}"


def _known_fault(columns: Columns, row: int) -> _Fault | None:
    known = int(columns.known[row])
    if known <= int(columns.time[row]):
        return "known", "later than the bar's begin", in_words(known)
    if row and known <= int(columns.known[row - 1]):
        return "known", "later than the bar before it was known", in_words(known)
    return None


def _price_fault(columns: Columns, row: int) -> _Fault:
    prices = [float(getattr(columns, name)[row]) for name in _PRICES]
    for name, price in zip(_PRICES, prices, strict=True):
        if not (isfinite(price) and price > 0):
            return name, "a finite price above 0", price
    open_, high, low, close = prices
    if fault := row_fault(open_, high, low, close):
        column, reason = fault
        return column, "inside low to high", reason
    return "volume", "a finite volume of at least 0", float(columns.volume[row])
