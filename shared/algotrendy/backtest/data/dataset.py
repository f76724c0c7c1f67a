"""Hold everything that a backtest runs on, and cut it by time without a copy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from algotrendy.backtest.data.actions import Actions
from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.columns import Columns, IntArray
from algotrendy.backtest.data.moments import Moment, in_words, to_ns
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """The assets of a backtest, and what their currencies are worth.

    A step is a moment at which one bar or more became known; ``len`` counts them. Slices are by
    step (``dataset[100:200]``) and share the arrays: ``dataset[:n]`` holds nothing that was known
    later than its last step. In a slice an asset may have no bar at all; it keeps its place.

    Attributes:
        assets: In the order in which a strategy counts them; the first is ``market`` itself.
        currency: Of the account.
        rates: For each other currency of an asset, bars of what one unit of it costs in the
            account's; a rate counts once its bar is known.
        timeline: When each step is: the distinct ``known`` of all base bars, increasing,
            nanoseconds since 1970 UTC.
    """

    assets: tuple[Asset, ...]
    currency: str
    rates: Mapping[str, Columns]
    timeline: IntArray

    def __len__(self) -> int:
        return len(self.timeline)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Name the assets."""
        return tuple(asset.symbol for asset in self.assets)

    @property
    def timeframe(self) -> str:
        """Name the timeframe of the base bars."""
        return self.assets[0].timeframes[0]

    @property
    def timeframes(self) -> tuple[str, ...]:
        """Name the timeframes, the same for every asset."""
        return self.assets[0].timeframes

    def seen(self, asset: int, frame: int = 0) -> IntArray:
        """Count at each step the bars of an asset's timeframe that were known, shape (steps,)."""
        known = self.assets[asset].frames[frame].known
        return np.searchsorted(known, self.timeline, "right")

    def head(self, steps: int) -> Dataset:
        """Give the first steps, at most so many, and nothing that was known later."""
        return self[: max(steps, 0)]

    def between(self, first: Moment | None = None, last: Moment | None = None) -> Dataset:
        """Give the bars that were known later than ``first`` and not later than ``last``.

        Bars that follow each other without a gap are those that begin at ``first`` or later and
        end by ``last``: 2020-01-01 to 2021-01-01 is the year, and touches no other.
        """
        low, high = 0, len(self)
        if first is not None:
            low = int(self.timeline.searchsorted(to_ns(first, "first"), "right"))
        if last is not None:
            high = int(self.timeline.searchsorted(to_ns(last, "last"), "right"))
        return self[low:high]

    def __getitem__(self, steps: slice) -> Dataset:
        """Give some steps that follow each other, with what belongs to them."""
        if steps.step not in (None, 1):
            raise Invalid("steps", "a slice of step 1", steps.step)
        first, last, _ = steps.indices(len(self))
        last = max(first, last)
        if last - first == len(self):
            return self
        assets = tuple(_cut(asset, self.timeline, first, last) for asset in self.assets)
        timeline = self.timeline[first:last]
        begin, end = _first_begin(assets), int(timeline[-1]) if len(timeline) else 0
        rates = {name: _cut_rates(bars, begin, end) for name, bars in self.rates.items()}
        return Dataset(assets, self.currency, rates, timeline)

    def validate(self) -> Self:
        """Check all of it: every bar, action and rate, and that they fit each other.

        Raises:
            Invalid: At the first fault, which it names.
        """
        if not self.assets:
            raise Invalid("assets", "at least one asset", "none")
        for place, symbol in enumerate(self.symbols):
            if symbol in self.symbols[:place]:
                raise Invalid(f"assets[{place}].symbol", "another one each", symbol)
        for asset in self.assets:
            asset.validate()
            if asset.timeframes != self.timeframes:
                expected = f"{', '.join(self.timeframes)} as for {self.symbols[0]}"
                raise Invalid(f"{asset.symbol}.timeframes", expected, ", ".join(asset.timeframes))
        self._require_rates()
        return self

    def sha256(self) -> str:
        """Hash everything that decides a result: equal data, equal hash."""
        head = {
            "currency": self.currency,
            "assets": [_described(asset) for asset in self.assets],
            "rates": {name: len(self.rates[name]) for name in sorted(self.rates)},
        }
        digest = hashlib.sha256(json.dumps(head, allow_nan=False).encode())
        # Native order: every machine that this runs on is little-endian.
        for asset in self.assets:
            for bars in asset.frames:
                _digest_bars(digest.update, bars)
            digest.update(asset.actions.tobytes())
        for name in sorted(self.rates):
            _digest_bars(digest.update, self.rates[name])
        return digest.hexdigest()

    def _require_rates(self) -> None:
        for name, bars in self.rates.items():
            users = [asset.symbol for asset in self.assets if asset.currency == name]
            if name == self.currency or not users:
                expected = f"of a currency of an asset, other than {self.currency}"
                raise Invalid(f"rates.{name}", expected, name)
            bars.validate(f"rate of {name}")
        for asset in self.assets:
            if asset.currency == self.currency:
                continue
            rate = self.rates.get(asset.currency)
            if rate is None or not len(rate):
                expected = f"given, because {asset.symbol} is quoted in {asset.currency}"
                raise Invalid(f"rates.{asset.currency}", expected, None)
            needed = int(asset.base.known[0])
            if int(rate.known[0]) > needed:
                expected = f"known by {in_words(needed)}, when {asset.symbol} has its first bar"
                actual = f"known from {in_words(int(rate.known[0]))}"
                raise Invalid(f"rates.{asset.currency}", expected, actual)


def dataset(
    assets: Iterable[Asset], *, currency: str = "USD", rates: Mapping[str, Columns] | None = None
) -> Dataset:
    """Make a dataset of assets and rates, and check all of it."""
    made = tuple(assets)
    return Dataset(made, currency, dict(rates or {}), merged_times(made)).validate()


def merged_times(assets: Iterable[Asset]) -> IntArray:
    """Give the distinct times at which base bars became known, in order."""
    columns = [asset.base.known for asset in assets]
    if not columns:
        columns = [np.empty(0, dtype=np.int64)]
    if all(np.array_equal(known, columns[0]) for known in columns[1:]):
        return columns[0]
    merged: IntArray = np.unique(np.concatenate(columns))
    merged.flags.writeable = False
    return merged


def _cut(asset: Asset, timeline: IntArray, first: int, last: int) -> Asset:
    known = asset.base.known
    begin = int(known.searchsorted(timeline[first], "left")) if first < last else 0
    end = int(known.searchsorted(timeline[last - 1], "right")) if first < last else 0
    cut = asset.bars(begin, end, int(timeline[last - 1]) if first < last else None)
    if not len(asset.actions):
        return cut
    return replace(cut, actions=_kept_actions(asset, timeline, (first, last), (begin, end)))


def _kept_actions(
    asset: Asset, timeline: IntArray, steps: tuple[int, int], bars: tuple[int, int]
) -> Actions:
    """Keep what takes effect before a bar that is kept, or, after the last of all, by the end."""
    times, begins = asset.actions["time"], asset.base.time
    (first, last), (begin, end) = steps, bars
    low, high = 0, len(times)
    if begin == len(begins):
        low = int(times.searchsorted(timeline[first - 1], "right")) if first else 0
    elif begin:
        low = int(times.searchsorted(begins[begin - 1], "right"))
    if end < len(begins):
        high = int(times.searchsorted(begins[end - 1], "right")) if end else 0
    elif last < len(timeline):
        high = int(times.searchsorted(timeline[last - 1], "right"))
    return asset.actions[low : max(low, high)]


def _first_begin(assets: tuple[Asset, ...]) -> int | None:
    begins = [int(asset.base.time[0]) for asset in assets if len(asset.base)]
    return min(begins, default=None)


def _cut_rates(bars: Columns, begin: int | None, end: int) -> Columns:
    """Keep what was known by the end, and of what was known at the begin the newest."""
    if begin is None:
        return bars[:0]
    low = int(bars.known.searchsorted(begin, "right")) - 1
    high = int(bars.known.searchsorted(end, "right"))
    return bars[max(low, 0) : high]


def _described(asset: Asset) -> list[object]:
    return [
        asset.symbol,
        asset.timeframes,
        asset.currency,
        asset.multiplier,
        asset.fractional,
        asset.tick,
        asset.borrow_rate,
        asset.has_volume,
        [len(bars) for bars in asset.frames],
        len(asset.actions),
    ]


def _digest_bars(update: Callable[[memoryview], None], bars: Columns) -> None:
    for array in bars.arrays().values():
        update(array.data)
