"""Find what a market last said of a symbol, without playing it from its beginning."""

from __future__ import annotations

from typing import Final

from algotrendy.exchange.market.events import QuoteEvent, TradeEvent
from algotrendy.exchange.market.source import MarketSource

_STEP_NS: Final = 10 * 60 * 1_000_000_000
# Over the longest break between two sessions, and a week more.
_STEPS: Final = 14 * 24 * 6


def newest_before(
    market: MarketSource, symbol: str, time_ns: int
) -> tuple[QuoteEvent | None, TradeEvent | None]:
    """Give the last quote and the last trade before a moment; None where there is none for weeks.

    It looks back in small steps, so that a lively market is asked for minutes only.
    """
    quote: QuoteEvent | None = None
    trade: TradeEvent | None = None
    end_ns, first_ns = time_ns, market.span()[0]
    for _ in range(_STEPS):
        begin_ns = end_ns - _STEP_NS
        said = list(market.ticks(symbol, begin_ns, end_ns))
        quotes = (event for event in reversed(said) if isinstance(event, QuoteEvent))
        trades = (event for event in reversed(said) if isinstance(event, TradeEvent))
        quote, trade = quote or next(quotes, None), trade or next(trades, None)
        if (quote is not None and trade is not None) or begin_ns < first_ns:
            break
        end_ns = begin_ns
    return quote, trade
