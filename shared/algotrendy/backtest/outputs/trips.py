"""List the round trips of a run with their asset, and how far the price went meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from algotrendy.backtest.data.actions import SPLIT
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.statistics.round_trips import excursions, trade_columns
from algotrendy.backtest.statistics.series import BoolArray, FloatArray, IntArray
from algotrendy.backtest.trades import Trade


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Round trips as columns, in the order of their ends; those that are open come last.

    Attributes:
        asset: Place of the asset in the dataset.
        entry, exit: Steps; an open trade is valued at the last.
        units: The most held, below 0 for a short trade.
        entry_price, exit_price: In the account's currency, a unit.
        fees, profit: In the account's currency; the profit is after fees.
        returns: Profit over what was put in.
        adverse, favourable: Excursions, fractions of the entry price.
        is_open: Whether the trade has not ended.
    """

    asset: IntArray
    entry: IntArray
    exit: IntArray
    units: FloatArray
    entry_price: FloatArray
    exit_price: FloatArray
    fees: FloatArray
    profit: FloatArray
    returns: FloatArray
    adverse: FloatArray
    favourable: FloatArray
    is_open: BoolArray

    def __len__(self) -> int:
        return len(self.asset)


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """What an asset cost at most and at least at each step, in the account's currency a unit.

    Prices before a split are given in shares of after it, as a trade counts them. ``factor`` is by
    how much shares have multiplied up to each step.
    """

    high: FloatArray
    low: FloatArray
    factor: FloatArray


def trips_of(backtest: Backtest) -> Trips:
    """List the round trips of all assets, closed and open."""
    parts = [_of_asset(backtest, place) for place in range(len(backtest.setting.dataset.assets))]
    columns: dict[str, Any] = {
        name: np.concatenate([part[name] for part in parts])
        for name in Trips.__slots__
        if name != "is_open"
    }
    is_open = np.concatenate([part["is_open"] for part in parts]).astype(np.bool_)
    order = np.lexsort((columns["entry"], columns["exit"], is_open))
    return Trips(
        is_open=is_open[order], **{name: values[order] for name, values in columns.items()}
    )


def extremes(backtest: Backtest, place: int) -> Extremes:
    """Give the highest and lowest price of an asset at each step; its last close without a bar."""
    dataset, rates = backtest.setting.dataset, backtest.setting.rates
    asset, base = dataset.assets[place], dataset.assets[place].base
    seen = dataset.seen(place)
    bar = np.maximum(seen - 1, 0)
    is_new = np.diff(seen, prepend=0) > 0
    unit = asset.multiplier * (1.0 if rates is None else rates[:, place])
    factor = _factor(asset, len(dataset), bar)
    high = np.where(is_new, base.high[bar], base.close[bar]) * unit * factor
    low = np.where(is_new, base.low[bar], base.close[bar]) * unit * factor
    return Extremes(high, low, factor)


def _of_asset(backtest: Backtest, place: int) -> dict[str, FloatArray | IntArray]:
    closed, still = backtest.trades_of(place)
    trades: list[Trade] = [*closed, *still]
    found = trade_columns(trades)
    travelled = np.zeros((2, len(trades)))
    if trades:
        prices = extremes(backtest, place)
        factor = prices.factor[found.exit]
        there = trade_columns(trades)
        there.entry_price[:] = found.entry_price * factor
        there.exit_price[:] = found.exit_price * factor
        went = excursions(there, prices.high, prices.low)
        travelled = np.stack((went.adverse, went.favourable))
    return {
        "asset": np.full(len(trades), place, dtype=np.int64),
        "entry": found.entry,
        "exit": found.exit,
        "units": np.array([trade.units for trade in trades], dtype=np.float64),
        "entry_price": found.entry_price,
        "exit_price": found.exit_price,
        "fees": found.fees,
        "profit": found.profit,
        "returns": found.returns,
        "adverse": travelled[0],
        "favourable": travelled[1],
        "is_open": np.arange(len(trades)) >= len(closed),
    }


def _factor(asset: Asset, steps: int, bar: IntArray) -> FloatArray:
    splits = asset.actions[asset.actions["kind"] == SPLIT]
    if not len(splits):
        return np.ones(steps)
    ratios = np.concatenate((np.ones(1), np.asarray(splits["value"], dtype=np.float64)))
    grown = np.cumprod(ratios)
    # A split takes effect before the first bar that begins at or after its moment.
    taken = np.searchsorted(splits["time"], asset.base.time[bar], "right")
    return np.asarray(grown[taken], dtype=np.float64)
