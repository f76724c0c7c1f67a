"""Replay what is in the lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from algotrendy.exchange.market.listings import DEFAULT_LISTINGS, asset_of
from algotrendy.exchange.market.replay import BarTape, StoredBars, TradeTape
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.market.tape import Tape, TapeMarket
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities
from algotrendy.market_data.ports import BarStore, SymbolSummary
from algotrendy.market_data.refusals import nothing_to_read
from algotrendy.market_data.ticks import TickStore, TickSummary, unknown_symbol

Preferred = Literal["bars", "trades"]


def lake_market(
    symbols: Sequence[str],
    seed: int = 0,
    *,
    preferred: Preferred = "bars",
    bars: BarStore | None = None,
    trades: TickStore | None = None,
    calendar: TradingCalendar | None = None,
) -> TapeMarket:
    """Make a market of the bars and single trades in the lake, as the lake is now.

    Args:
        symbols: What is traded; empty for all that is preferred.
        seed: Of what the lake does not say: the way from a bar's open to its close, the quotes.
        preferred: What to play of a symbol of which there are both.
        bars, trades: The stores; by default those of the settings.
        calendar: When equities are traded; US hours by default. Pairs are traded at all times.

    Raises:
        Invalid: If a symbol is malformed.
        NotFound: If the lake has nothing of a symbol, or nothing at all; the hint says what it has.
    """
    bars, trades = bars or wiring.bar_store(), trades or wiring.tick_store()
    hours = calendar or us_equities()
    # A later import must not change a market that is being played.
    version = bars.version()
    of_bars = {item.symbol: item for item in bars.symbols(version)}
    of_trades = {item.symbol: item for item in trades.symbols()}

    def tape(symbol: Symbol) -> Tape:
        asset = _asset(symbol)
        open_at = always_open() if "/" in symbol else hours
        first_choice = preferred == "trades" or symbol not in of_bars
        if first_choice and symbol in of_trades:
            return _trade_tape(asset, open_at, trades, of_trades[symbol], seed)
        if symbol not in of_bars and preferred == "trades":
            raise unknown_symbol(symbol, list(of_trades.values()))
        if symbol not in of_bars:
            raise nothing_to_read(symbol, None, None, list(of_bars.values()))
        return _bar_tape(asset, open_at, bars, of_bars[symbol], version, seed)

    wanted = [parse_symbol(symbol) for symbol in dict.fromkeys(symbols)]
    everything: Sequence[Symbol] = list(of_trades if preferred == "trades" else of_bars)
    chosen = wanted or everything
    if not chosen:
        command = "bars import --source all"
        if preferred == "trades":
            command = "ticks import --csv FILE --symbol SYMBOL"
        hint = f"import some first: algotrendy {command}"
        raise NotFound("market data", "in the lake", hint)
    return TapeMarket([tape(symbol) for symbol in chosen])


def _bar_tape(
    asset: Asset,
    calendar: TradingCalendar,
    store: BarStore,
    summary: SymbolSummary,
    version: int,
    seed: int,
) -> BarTape:
    def load() -> StoredBars:
        raw = store.read(summary.symbol, version=version)
        return StoredBars(raw, store.read(summary.symbol, adjustment="all", version=version))

    return BarTape(asset, calendar, (summary.first, summary.last), load, seed)


def _trade_tape(
    asset: Asset, calendar: TradingCalendar, store: TickStore, summary: TickSummary, seed: int
) -> TradeTape:
    def load(day: date) -> tuple[Sequence[int], Sequence[float], Sequence[float]]:
        ticks = store.read(summary.symbol, day, day)
        return ticks.times, ticks.prices, ticks.sizes

    return TradeTape(asset, calendar, (summary.first, summary.last), load, seed)


def _asset(symbol: Symbol) -> Asset:
    known = (item.asset for item in DEFAULT_LISTINGS if item.asset.symbol == symbol)
    return next(known, asset_of(symbol))
