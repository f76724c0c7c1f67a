"""Work out the limit-up/limit-down bands that the market data stream tells.

The exchange itself halts nothing at them. Source: the National Market System plan to address
extraordinary market volatility, as its tier 1 outside the first and last minutes of a session:
5 % around the mean of the last five minutes, moved when that mean has moved by 1 %.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from algotrendy.exchange.alpaca_api.wire import Json
from algotrendy.exchange.market.events import BarEvent

_MINUTES: Final = 5
_MOVED: Final = 0.01
_TIER_1: Final = 0.05
_CHEAP: Final = 3.0
_TIER_1_CHEAP: Final = 0.2
_TAPE: Final = "C"


class Bands:
    """The present bands of every symbol."""

    def __init__(self) -> None:
        self._prices: dict[str, deque[float]] = {}
        self._references: dict[str, float] = {}

    def after(self, bar: BarEvent) -> Json | None:
        """Take a minute in; give new bands, or None where they stay."""
        prices = self._prices.setdefault(bar.symbol, deque(maxlen=_MINUTES))
        prices.append(bar.vwap)
        mean = sum(prices) / len(prices)
        reference = self._references.get(bar.symbol)
        if reference is not None and abs(mean / reference - 1) < _MOVED:
            return None
        self._references[bar.symbol] = mean
        width = mean * (_TIER_1 if mean > _CHEAP else _TIER_1_CHEAP)
        return {
            "u": round(mean + width, 2),
            "d": round(mean - width, 2),
            "i": "B",
            "z": _TAPE,
        }
