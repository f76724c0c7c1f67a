"""The real daily bars of the samples as datasets: some of one asset, some of several."""

from __future__ import annotations

from functools import cache

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.market_data.adapters.samples import SAMPLE_SOURCES, read_samples
from algotrendy.market_data.series import BarSeries

SINGLE = ("AAPL", "SPX")
SEVERAL = ("AAPL FB GOOG IBM MSFT", "SPX IXIC")
PAIRS = ("IBM MSFT", "SPX IXIC")


@cache
def dataset(symbols: str) -> Dataset:
    """Make a dataset of symbols with spaces between, adjusted for splits and dividends."""
    found = _series()
    return from_series([found[symbol] for symbol in symbols.split()])


@cache
def _series() -> dict[str, BarSeries]:
    return {
        str(checked.bars.symbol): checked.bars.adjusted("all")
        for source in SAMPLE_SOURCES
        for checked in read_samples(source)
    }
