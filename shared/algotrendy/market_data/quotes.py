"""Tell the newest trade and quote of symbols, and how old they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import orjson

from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.streaming.messages import Quote, Trade

Source = Literal["stream", "lake"]


class NewestTrade(NamedTuple):
    """A trade, and whence it is known: from the stream just now, or from what is stored."""

    trade: Trade
    source: Source


@dataclass(frozen=True, slots=True)
class Newest:
    """What is known last of a symbol; None: nothing is."""

    symbol: Symbol
    trade: NewestTrade | None
    quote: Quote | None


class StoredTrades(Protocol):
    """Knows the newest trade that is stored."""

    def newest(self, symbols: Sequence[Symbol]) -> dict[str, Trade]:
        """Give the newest trade of each symbol that has one."""
        ...


def read_newest(
    symbols: Sequence[Symbol], kept: Callable[[str], bytes | None], stored: StoredTrades
) -> list[Newest]:
    """Give the newest of each symbol: what the stream keeps, else the trade that is stored.

    Args:
        kept: Gives what is kept under ``trade:<symbol>`` and ``quote:<symbol>``, or None; where
            it is lost, only the trades are slower, and quotes come with the next of the stream.
    """
    trades = {symbol: _trade(kept(f"trade:{symbol}")) for symbol in symbols}
    quotes = {symbol: _quote(kept(f"quote:{symbol}")) for symbol in symbols}
    unknown = [symbol for symbol, trade in trades.items() if trade is None]
    of_lake = stored.newest(unknown) if unknown else {}
    found = []
    for symbol in symbols:
        trade = trades[symbol]
        newest = None if trade is None else NewestTrade(trade, "stream")
        if newest is None and symbol in of_lake:
            newest = NewestTrade(of_lake[symbol], "lake")
        found.append(Newest(symbol, newest, quotes[symbol]))
    return found


def age_s(time_ns: int, now_ns: int) -> float:
    """Tell how old something is, in seconds; a clock ahead of ours makes it new, not younger."""
    return max(0, now_ns - time_ns) / 1e9


def _trade(data: bytes | None) -> Trade | None:
    # A cache may hold anything, also what another version wrote: what does not fit is a miss.
    try:
        return None if data is None else Trade(**orjson.loads(data))
    except (orjson.JSONDecodeError, TypeError):
        return None


def _quote(data: bytes | None) -> Quote | None:
    try:
        return None if data is None else Quote(**orjson.loads(data))
    except (orjson.JSONDecodeError, TypeError):
        return None
