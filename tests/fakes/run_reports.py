"""Runs whose reports are looked at: with many trades, with none, with several assets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library.sma_cross import SMA_CROSS
from algotrendy.strategy.making import strategy
from fakes.bars_for_backtests import walk

TERMS = Terms(100_000.0, fee_bps=5.0, slippage_bps=2.0)


def many_trades(bars: int = 900, terms: Terms = TERMS, symbol: str = "AAA") -> Backtest:
    """Cross short means of a random walk."""
    values = SMA_CROSS.check({"fast": 3, "slow": 10})
    series = walk(symbol, bars, 7).adjusted("all")
    return run(Setting(from_series(series), SMA_CROSS, values, terms), "interpreted")


def no_trades(bars: int = 120) -> Backtest:
    """Do nothing."""
    return run(_setting(_idle(), ("AAA",), bars), "interpreted")


def two_assets(bars: int = 400) -> Backtest:
    """Change between two assets, long and short."""
    setting = _setting(_swing(), ("AAA", "BBB"), bars)
    terms = replace(TERMS, allow_short=True, leverage=2.0, borrow_rate=0.03, cash_rate=0.01)
    return run(replace(setting, terms=terms), "interpreted")


def _setting(made: Strategy, symbols: Sequence[str], bars: int) -> Setting:
    series = [walk(symbol, bars, 3 + place).adjusted("all") for place, symbol in enumerate(symbols)]
    return Setting(from_series(series), made, {}, TERMS)


def _idle() -> Strategy:
    def idle(market: Any, own: Any, p: Any) -> None:
        """Does nothing."""

    return strategy()(idle)


def _swing() -> Strategy:
    def swing(market: Any, own: Any, p: Any) -> None:
        """Buys one and sells the other."""
        bar = len(market.close)
        if bar % 9 == 1:
            market[0].buy(100.0)
            market[1].sell(80.0)
        if bar % 9 == 6:
            market[0].sell(100.0)
            market[1].buy(80.0)

    return strategy(assets=2)(swing)
