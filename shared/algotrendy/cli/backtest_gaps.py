"""Do about the gaps of the bars that were found what the command line declares."""

from __future__ import annotations

from typing import Any

from algotrendy.backtest.data.asset import Asset
from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_series
from algotrendy.cli.backtest_bars import Found, Wanted
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.quality.policy import GapPolicy, all_declared
from algotrendy.market_data.series import BarSeries


def as_declared(found: Found, wanted: Wanted, options: dict[str, Any]) -> Found:
    """Give bars as the policy wants them; ``options`` are those that they were made with.

    Raises:
        Invalid: If there are gaps and they are refused; or if the bars do not say what is missing.
    """
    dataset = found.dataset
    if dataset.timeframe not in tuple(Timeframe):
        expected = f"keep for bars of {dataset.timeframe}: judged are {', '.join(Timeframe)}"
        raise Invalid("gaps", expected, str(wanted.gaps))
    if wanted.files and wanted.trading_calendar is None:
        raise Invalid("calendar", "given with --gaps: files do not say when a market is open", None)
    if wanted.gaps is GapPolicy.FILL:
        _require_fillable(dataset)
    series = [_series(asset, dataset.timeframe) for asset in dataset.assets]
    declared = all_declared(series, wanted.gaps, wanted.trading_calendar)
    if wanted.gaps is GapPolicy.REFUSE:
        return found
    return Found(from_series(declared, **options), f"{found.origin}, gaps filled by the calendar")


def _require_fillable(dataset: Dataset) -> None:
    for asset in dataset.assets:
        if not asset.has_volume:
            expected = f"keep or refuse: no volume of {asset.symbol} is known"
            raise Invalid("gaps", expected, str(GapPolicy.FILL))
        if len(asset.actions):
            # A filled bar on an ex-date would have the price of before it.
            expected = "keep or refuse with --actions: a filled bar knows of none"
            raise Invalid("gaps", expected, str(GapPolicy.FILL))


def _series(asset: Asset, timeframe: str) -> BarSeries:
    base = asset.base
    names = ("open", "high", "low", "close", "volume")
    columns: Any = {name: tuple(getattr(base, name).tolist()) for name in names}
    times = tuple(base.time.tolist())
    return BarSeries(Symbol(asset.symbol), Timeframe(timeframe), times, **columns)
