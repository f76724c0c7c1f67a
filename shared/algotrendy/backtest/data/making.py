"""Make a dataset of arrays, or of the series that the bar store gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from algotrendy.backtest.data.actions import NO_ACTIONS, Action, Actions, action_table
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.columns import Columns, IntArray, columns, frozen, read_times
from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data.faults import NO_TIME, require_order
from algotrendy.backtest.data.moments import DAY_NS, in_words
from algotrendy.backtest.data.phases import known_times, phases
from algotrendy.backtest.data.resampling import resample
from algotrendy.backtest.data.timeframes import Timeframe, infer_timeframe, parse_timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.series import BarSeries

Arrays = Mapping[str, ArrayLike]


@dataclass(frozen=True, slots=True)
class AssetTerms:
    """Say by what terms an asset is traded; the attributes are those of ``Asset``."""

    currency: str = "USD"
    multiplier: float = 1.0
    fractional: bool | None = None
    tick: float = 0.0
    borrow_rate: float | None = None


class Options(TypedDict, total=False):
    """What every maker of a dataset takes besides the bars.

    Attributes:
        timeframe: Of the bars, as ``5Min``; without it the least distance between bars tells.
        coarser: Names of longer timeframes that are made of the bars.
        calendar: When the market is open. Without one each UTC date is a session.
        terms: Of all assets, or by symbol.
        actions: What companies did, by symbol.
        rates: By currency, columns of what one unit costs in the account's.
        currency: Of the account, USD without.
    """

    timeframe: str
    coarser: Sequence[str]
    calendar: TradingCalendar | None
    terms: AssetTerms | Mapping[str, AssetTerms]
    actions: Mapping[str, Sequence[Action] | Actions]
    rates: Mapping[str, Columns]
    currency: str


def from_arrays(arrays: Mapping[str, Arrays], **options: Unpack[Options]) -> Dataset:
    """Make a dataset of arrays by symbol and name: time, open, high, low, close, volume.

    ``time`` is the begin of each bar, in nanoseconds since 1970 UTC or as datetime64; of a bar of
    a day or longer only the date counts. Volume may be left out. Symbols may have other times and
    lengths than each other.

    Args:
        arrays: By symbol, in the order in which a strategy counts them.
        options: See ``Options``.

    Raises:
        Invalid: At the first wrong bar, option or name.
    """
    calendar = options.get("calendar")
    timeframe = common_timeframe(_times(arrays), options)
    longer = [parse_timeframe(name, "coarser") for name in options.get("coarser", ())]
    names = (str(timeframe), *map(str, longer))
    frames: dict[str, tuple[Columns, ...]] = {}
    for symbol, columns_of in arrays.items():
        base = bars(columns_of, timeframe, calendar, symbol)
        coarser = (resample(base, timeframe, frame, calendar) for frame in longer)
        frames[symbol] = (base, *coarser)
    silent = [symbol for symbol, columns_of in arrays.items() if "volume" not in columns_of]
    return put_together(frames, names, silent, options)


def put_together(
    frames: Mapping[str, tuple[Columns, ...]],
    names: tuple[str, ...],
    silent: Sequence[str],
    options: Options,
) -> Dataset:
    """Make a dataset of the bars of each symbol, of the names' timeframes, with its terms.

    Args:
        frames: By symbol, one for each name.
        names: Of the timeframes, the shortest first.
        silent: Symbols whose volume is not known.
        options: Of which terms, actions, rates and currency count.
    """
    terms = _by_symbol(options.get("terms", AssetTerms()), frames, AssetTerms(), "terms")
    actions = _by_symbol(options.get("actions", {}), frames, NO_ACTIONS, "actions")
    assets = []
    for symbol, (base, *coarser) in frames.items():
        said = terms[symbol]
        asset = Asset(
            symbol=symbol,
            base=base,
            coarser=tuple(coarser),
            timeframes=names,
            currency=said.currency,
            multiplier=said.multiplier,
            fractional=said.fractional,
            tick=said.tick,
            actions=_action_table(actions[symbol], symbol),
            borrow_rate=said.borrow_rate,
            has_volume=symbol not in silent,
        )
        assets.append(asset)
    return dataset(assets, currency=options.get("currency", "USD"), rates=options.get("rates"))


def from_series(series: BarSeries | Iterable[BarSeries], **options: Unpack[Options]) -> Dataset:
    """Make a dataset of series of bars as the store gives them, all of one timeframe.

    Raises:
        Invalid: At the first wrong bar, option or name.
    """
    given = [series] if isinstance(series, BarSeries) else list(series)
    for place, one in enumerate(given):
        if one.timeframe != given[0].timeframe:
            raise Invalid(f"series[{place}].timeframe", str(given[0].timeframe), one.timeframe)
        if one.symbol in [other.symbol for other in given[:place]]:
            raise Invalid(f"series[{place}].symbol", "another one each", one.symbol)
    if given:
        options = {**options, "timeframe": str(given[0].timeframe)}
    arrays = {
        str(one.symbol): {
            "time": np.array(one.times, dtype=np.int64),
            "open": np.array(one.open),
            "high": np.array(one.high),
            "low": np.array(one.low),
            "close": np.array(one.close),
            "volume": np.array(one.volume),
        }
        for one in given
    }
    return from_arrays(arrays, **options)


def rate(arrays: Arrays, timeframe: str | None = None) -> Columns:
    """Make columns of an exchange rate; where there are closes alone they are all four prices.

    Raises:
        Invalid: At the first wrong bar.
    """
    prices = {name: arrays["close"] for name in ("open", "high", "low") if "close" in arrays}
    options: Options = {} if timeframe is None else {"timeframe": timeframe}
    found = common_timeframe(_times({"rate": arrays}), options)
    return bars(prices | dict(arrays), found, None, "rate")


def bars(
    arrays: Arrays, timeframe: Timeframe, calendar: TradingCalendar | None, symbol: str
) -> Columns:
    """Make the bars of one asset and timeframe, with when they were known and their phase."""
    time = read_times(arrays.get("time"), "time")
    if not timeframe.is_intraday:
        time = frozen(np.where(time == NO_TIME, time, time - time % DAY_NS), np.int64, "time")
    made = columns(
        {**arrays, "time": time},
        known=known_times(time, timeframe, calendar),
        phase=phases(time, timeframe, calendar),
        symbol=symbol,
    )
    _require_distance(made, timeframe, symbol)
    return made


def _require_distance(made: Columns, timeframe: Timeframe, symbol: str) -> None:
    """Refuse bars that overlap: they are of a shorter timeframe than was said."""
    close = np.diff(made.time) < timeframe.ns
    if timeframe.is_intraday and close.any():
        row = int(np.argmax(close)) + 1
        at = in_words(int(made.time[row]))
        expected = f"{timeframe} or more after the bar before it ({symbol} at {at})"
        raise Invalid(f"bars[{row}].time", expected, in_words(int(made.time[row - 1])))


def common_timeframe(times: Mapping[str, IntArray], options: Options) -> Timeframe:
    """Read the timeframe, or tell it by the bars of every symbol that has two or more.

    Raises:
        Invalid: If there is no such timeframe, or the bars do not tell a single one.
    """
    if "timeframe" in options:
        return parse_timeframe(options["timeframe"])
    if not times:
        raise Invalid("assets", "at least one asset", "none")
    if not any(len(time) for time in times.values()):
        raise Invalid("bars", "at least one bar", f"no bars of {', '.join(times)}")
    found = {symbol: infer_timeframe(time) for symbol, time in times.items() if len(time) > 1}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    actual = ", ".join(f"{symbol} has {frame}" for symbol, frame in found.items())
    raise Invalid("timeframe", "named, where the bars do not tell one", actual or "too few bars")


def _times(arrays: Mapping[str, Arrays]) -> dict[str, IntArray]:
    times = {symbol: read_times(one.get("time"), "time") for symbol, one in arrays.items()}
    for symbol, time in times.items():
        require_order(time, symbol)
    return times


def _by_symbol(given: Any, arrays: Mapping[str, Any], default: Any, field: str) -> dict[str, Any]:
    """Give what each symbol has, and refuse what is for a symbol that there is not."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(arrays, given)
    for symbol in given:
        if symbol not in arrays:
            raise Invalid(f"{field}.{symbol}", "for one of " + ", ".join(arrays), symbol)
    return {symbol: given.get(symbol, default) for symbol in arrays}


def _action_table(actions: Sequence[Action] | Actions, symbol: str) -> Actions:
    if isinstance(actions, np.ndarray):
        return actions
    return action_table(actions, symbol)
