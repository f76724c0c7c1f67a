"""Make a dataset of pandas frames of OHLCV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Unpack, cast

import numpy as np

from algotrendy.backtest.data.columns import Columns, IntArray
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.faults import require_order
from algotrendy.backtest.data.making import Arrays, Options, common_timeframe, from_arrays, rate
from algotrendy.kernel.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd

_PRICES: Final[tuple[str, ...]] = ("open", "high", "low", "close")
_TIMES: Final = ("time", "date", "datetime", "timestamp")


def from_frame(
    frames: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    symbol: str = "ASSET",
    **options: Unpack[Options],
) -> Dataset:
    """Make a dataset of pandas frames with the columns open, high, low, close and volume.

    Case does not matter, and other columns are left alone. Without a volume it is 0, and no order
    is capped by it. When a bar begins is its index, or a column time, date, datetime or timestamp.
    A time in words is read as ISO 8601, and one without a zone is UTC. Bars of a day or longer
    are known by their date in the zone they are given in, so that midnight in New York is that
    day's.

    Columns of two levels, one of which names symbols, are as many frames; a row that has nothing
    of a symbol is no bar of it.

    Args:
        frames: Of one asset, or of several by symbol.
        symbol: The name of one asset.
        options: See ``Options``. A rate may be a frame, or a series of closes.

    Raises:
        Invalid: At the first wrong bar, column, option or name.
    """
    by_symbol = _by_symbol(frames, symbol)
    for name, frame in by_symbol.items():
        if not len(frame):  # whose index is of no type that says anything
            raise Invalid("bars", "at least one bar", f"no bars of {name}")
    clocks = {name: _clock(frame, name) for name, frame in by_symbol.items()}
    for name, (moments, _) in clocks.items():
        require_order(moments, name)
    timeframe = common_timeframe({name: wall for name, (_, wall) in clocks.items()}, options)
    arrays: dict[str, Arrays] = {}
    for name, frame in by_symbol.items():
        moments, wall = clocks[name]
        time = moments if timeframe.is_intraday else wall
        arrays[name] = {"time": time, **_numbers(frame, name)}
    options = {**options, "timeframe": str(timeframe)}
    if "rates" in options:
        options["rates"] = {name: _rate(bars) for name, bars in options["rates"].items()}
    return from_arrays(arrays, **options)


def _by_symbol(frames: Any, symbol: str) -> Mapping[str, Any]:
    if isinstance(frames, Mapping):
        return frames
    if getattr(frames, "columns", None) is None:
        raise Invalid("frames", "a pandas DataFrame, or several by symbol", type(frames).__name__)
    if frames.columns.nlevels == 1:
        return {symbol: frames}
    for level in (0, 1):
        names = {str(name).lower() for name in frames.columns.get_level_values(level)}
        if names.issuperset(_PRICES):
            symbols = frames.columns.get_level_values(1 - level).unique()
            parts = {str(one): frames.xs(one, axis=1, level=1 - level) for one in symbols}
            return {one: part.dropna(how="all") for one, part in parts.items()}
    raise Invalid("columns", "open, high, low and close in one of their levels", "none of them")


def _clock(frame: Any, symbol: str) -> tuple[IntArray, IntArray]:
    """Read when bars begin, twice: as moments, and as a clock in their own zone shows them."""
    import pandas as pd

    columns = _columns(frame, symbol)
    name = next((name for name in _TIMES if name in columns), None)
    given = frame.index if name is None else frame[columns[name]]
    field = f"{symbol}.{'index' if name is None else columns[name]}"
    if pd.api.types.is_numeric_dtype(given.dtype):
        raise Invalid(field, "dates, as an index or a column named time or date", str(given.dtype))
    try:
        # Words are read as ISO 8601 alone: 01/02/2024 is one day here and another there.
        written = None if pd.api.types.is_datetime64_any_dtype(given.dtype) else "ISO8601"
        index = pd.DatetimeIndex(pd.to_datetime(given, format=written)).as_unit("ns")
    except (TypeError, ValueError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise Invalid(field, "dates in ISO 8601 of 1678 to 2261, of one zone", reason) from error
    wall = index.tz_localize(None)
    moments = wall if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return _kept(moments.asi8), _kept(wall.asi8)


def _numbers(frame: Any, symbol: str) -> dict[str, np.ndarray[Any, Any]]:
    columns = _columns(frame, symbol)
    missing = [name for name in _PRICES if name not in columns]
    if missing:
        expected = f"a frame with the columns {', '.join(_PRICES)}"
        raise Invalid(symbol, expected, f"one without {', '.join(missing)}")
    found: dict[str, np.ndarray[Any, Any]] = {}
    for name in (*_PRICES, "volume"):
        if name not in columns:
            continue
        try:
            values = frame[columns[name]].to_numpy(dtype="float64", na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise Invalid(f"{symbol}.{columns[name]}", "a column of numbers", str(error)) from error
        found[name] = _kept(values)
    return found


def _columns(frame: Any, symbol: str) -> dict[str, Any]:
    """Give the names of columns as the frame has them, by the names that they have here."""
    found: dict[str, Any] = {}
    for column in frame.columns:
        name = str(column).strip().lower()
        if name in found and name in (*_TIMES, *_PRICES, "volume"):
            raise Invalid(f"{symbol}.{column}", "there once, whatever its case", found[name])
        found[name] = column
    return found


def _rate(bars: Any) -> Columns:
    if isinstance(bars, Columns):
        return bars
    frame = bars.to_frame("close") if getattr(bars, "columns", None) is None else bars
    moments, wall = _clock(frame, "rate")
    require_order(moments, "rate")
    timeframe = common_timeframe({"rate": wall}, {})
    time = moments if timeframe.is_intraday else wall
    columns = _columns(frame, "rate")
    names = [name for name in _PRICES if name in columns]
    numbers = {
        n: _kept(frame[columns[n]].to_numpy(dtype="float64", na_value=np.nan)) for n in names
    }
    return rate({"time": time, **numbers}, str(timeframe))


def _kept(values: Any) -> np.ndarray[Any, Any]:
    """Copy what pandas may change later, and let nobody write to the copy."""
    array = np.array(values)
    array.flags.writeable = False
    return cast("np.ndarray[Any, Any]", array)
