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


def require_bars(columns: Columns, symbol: str) -> None:
    """Refuse the first bar that is wrong, by its row and column.

    Raises:
        Invalid: Naming ``bars[7].high``, and saying the symbol and the bar's time.
    """
    sound = _sound_times(columns) & _sound_prices(columns)
    if sound.all():
        return
    row = int(np.argmin(sound))
    time = int(columns.time[row])
    column, expected, actual = _time_fault(columns, row) or _price_fault(columns, row)
    at = "" if time == NO_TIME else f" at {in_words(time)}"
    whose = f" ({symbol}{at})" if symbol else f" ({at.strip()})" if at else ""
    raise Invalid(f"bars[{row}].{column}", expected + whose, actual)


def _sound_times(columns: Columns) -> NDArray[np.bool_]:
    time, known = columns.time, columns.known
    sound = known > time
    sound &= time != NO_TIME
    sound[1:] &= time[1:] > time[:-1]
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


def _time_fault(columns: Columns, row: int) -> tuple[str, str, object] | None:
    time = int(columns.time[row])
    if time == NO_TIME:
        return "time", "a moment", "not a time"
    if row:
        before = int(columns.time[row - 1])
        if time == before:
            return "time", "later than the bar before it", f"the same, {in_words(before)}"
        if time < before:
            return "time", "later than the bar before it", f"earlier than {in_words(before)}"
    known = int(columns.known[row])
    if known <= time:
        return "known", "later than the bar's begin", in_words(known)
    if row and known <= int(columns.known[row - 1]):
        return "known", "later than the bar before it was known", in_words(known)
    return None


def _price_fault(columns: Columns, row: int) -> tuple[str, str, object]:
    prices = {name: float(getattr(columns, name)[row]) for name in ("open", "high", "low", "close")}
    for name, price in prices.items():
        if not (isfinite(price) and price > 0):
            return name, "a finite price above 0", price
    if fault := row_fault(**{("open_" if n == "open" else n): p for n, p in prices.items()}):
        column, reason = fault
        return column, "inside low to high", reason
    return "volume", "a finite volume of at least 0", float(columns.volume[row])
