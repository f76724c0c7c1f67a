"""Sweep a strategy of one's own, or over bars of one's own: on this machine, without a lake.

The bars lie beside the plan, where every worker maps them, and nowhere else.
"""

from __future__ import annotations

from datetime import date
from typing import NoReturn

from algotrendy.backtest.data.dataset import Dataset, dataset
from algotrendy.backtest.data_files import put_dataset
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.markets import Pinned
from algotrendy.backtest.plan import Ask, Plan, planned, write_plan
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.request import SweepSpec
from algotrendy.kernel.bar import parse_timeframe
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import SweepId
from algotrendy.market_data.ports import NO_BARS_YET, Replacement, SymbolSummary
from algotrendy.market_data.series import session_date
from algotrendy.strategy.definition import Strategy


class NoLake:
    """Is a ``BarStore`` without bars: those of the sweep lie beside its plan."""

    def version(self) -> int:
        """Say that nothing was ever imported."""
        return NO_BARS_YET

    def symbols(self, *_: object, **__: object) -> list[SymbolSummary]:
        """List nothing."""
        return []

    def read(self, *_: object, **__: object) -> NoReturn:
        """Refuse: whoever asks has found the bars beside the plan damaged."""
        raise Conflict("the bars beside the plan are not as they were written; sweep again")

    def replace(self, imports: object) -> Replacement:  # noqa: ARG002 - a port
        """Refuse."""
        raise Conflict("there is no lake here")


def plan_own(
    sweep_id: SweepId,
    spec: SweepSpec,
    strategy: Strategy,
    bars: Dataset,
    blobs: Blobs,
    source: str,
    ask: Ask | None = None,
) -> Plan:
    """Plan a sweep on bars that are at hand, and write the plan, and the bars beside it.

    Args:
        bars: Of the symbols of ``spec``.
        source: Names them for a reader.

    Raises:
        Invalid: As ``make_plan``; also for a timeframe that trials cannot be counted by.
    """
    parse_timeframe(bars.timeframe)
    alone = {asset.symbol: dataset_of_symbols(bars, (asset.symbol,)) for asset in bars.assets}
    data = [_pinned(symbol, alone[symbol], source) for symbol in spec.symbols]
    plan = planned(spec, strategy, data, NO_BARS_YET, ask=ask)
    files = {
        market.name: put_dataset(
            dataset_of_symbols(bars, market.symbols), Keys(sweep_id).data(market.sha256), blobs
        )
        for market in plan.markets
    }
    write_plan(sweep_id, plan, blobs, files)
    return plan


def days_of(bars: Dataset) -> tuple[date, date]:
    """Give the dates of the first and the last bar.

    Raises:
        Invalid: If there is none.
    """
    if not len(bars):
        raise Invalid("bars", "at least one bar", 0)
    first, last = (session_date(int(bars.timeline[at]) - 1) for at in (0, -1))
    return first, last


def dataset_of_symbols(bars: Dataset, symbols: tuple[str, ...]) -> Dataset:
    """Give some of the symbols of a dataset, in the order of the names."""
    assets = [bars.assets[bars.symbols.index(symbol)] for symbol in symbols]
    return dataset(assets, currency=bars.currency, rates=bars.rates)


def _pinned(symbol: str, bars: Dataset, source: str) -> Pinned:
    first, last = days_of(bars)
    return Pinned(
        symbol=symbol,
        timeframe=bars.timeframe,
        sha256=bars.sha256(),
        bars=len(bars),
        first=first.isoformat(),
        last=last.isoformat(),
        source=source,
    )
