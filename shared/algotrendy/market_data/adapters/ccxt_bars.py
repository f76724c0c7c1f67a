"""Read bars from any exchange that ccxt knows, as it tells them to everybody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, NotFound, Rejected, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.fetching import FetchedBar

_TIMEFRAMES = {
    Timeframe.MINUTE: "1m",
    Timeframe.FIVE_MINUTES: "5m",
    Timeframe.FIFTEEN_MINUTES: "15m",
    Timeframe.HOUR: "1h",
    Timeframe.DAY: "1d",
}
# Else ccxt asks the servers of futures and of options too, which not every country may reach.
_SPOT_ALONE: dict[str, dict[str, Any]] = {
    "binance": {
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
    }
}
_ATTEMPTS = 6
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_TIMEOUT_MS = 30_000
_PAGE = 500
_BARS_A_STEP = 500
_NS_PER_MS = 1_000_000


class CcxtBars:
    """A ``BarHistory`` of one exchange; it keeps under the exchange's rate limit by itself.

    Args:
        exchange: ccxt's name of it, such as ``binance``.
        url: Of a server that speaks for the exchange; None: its own.
        sleep: Waits that many seconds.

    Raises:
        Invalid: If ccxt does not know the exchange, or it tells no bars.
    """

    def __init__(
        self, exchange: str, url: str | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        import ccxt

        if exchange not in ccxt.exchanges:
            raise Invalid("exchange", "one that ccxt knows, like binance or kraken", exchange)
        self._errors = ccxt
        options = {"defaultType": "spot", "maxRetriesOnFailure": 0, **_SPOT_ALONE.get(exchange, {})}
        settings = {"enableRateLimit": True, "timeout": _TIMEOUT_MS, "options": options}
        self._exchange: Any = getattr(import_module(f"ccxt.{exchange}"), exchange)(settings)
        if not self._exchange.has.get("fetchOHLCV"):
            raise Invalid("exchange", "one that tells bars", exchange)
        if url is not None:
            self._exchange.urls["api"] = _moved(self._exchange.urls["api"], url)
        self._sleep = sleep
        self.source = f"ccxt:{exchange}"

    def pages(
        self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Iterator[Sequence[FetchedBar]]:
        """Give bars, a step of time after another: without trades an exchange tells no bars."""
        name = _TIMEFRAMES[timeframe]
        markets = self._ask(self._exchange.load_markets)
        if symbol not in markets:
            base = symbol.partition("/")[0]
            near = ", ".join(sorted(m for m in markets if m.startswith(base))[:5])
            raise NotFound("symbol", symbol, f"{self._exchange.id} has {near}" if near else "")
        if name not in (self._exchange.timeframes or {}):
            there = ", ".join(self._exchange.timeframes or {})
            raise Invalid("timeframe", f"one that {self._exchange.id} has: {there}", name)
        span = timeframe.span
        at, last = start, end - span
        while at <= last:
            since = int(at.timestamp() * 1000)
            rows = self._ask(partial(self._exchange.fetch_ohlcv, symbol, name, since, _PAGE))
            until = at + _BARS_A_STEP * span
            found = sorted(
                (_bar(row) for row in rows or () if row[0] >= since), key=lambda b: b.time
            )
            yield [bar for bar in found if bar.time <= int(last.timestamp() * 1000) * _NS_PER_MS]
            if found:
                newest = datetime.fromtimestamp(found[-1].time // _NS_PER_MS / 1000, UTC)
                at = newest + span
            else:
                at = until

    def _ask(self, question: Callable[[], Any]) -> Any:
        pause_s = _FIRST_PAUSE_S
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return question()
            except self._errors.NetworkError as error:
                if attempt == _ATTEMPTS:
                    reason = f"{type(error).__name__}; asked {_ATTEMPTS} times"
                    raise Unavailable(self._exchange.id, reason) from error
                self._sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            except self._errors.BaseError as error:
                raise Rejected(f"{self._exchange.id} said no: {str(error)[:300]}") from error
        raise AssertionError("unreachable: the last attempt returns or raises")


def _bar(row: Sequence[Any]) -> FetchedBar:
    numbers = (float("nan") if value is None else float(value) for value in row[1:6])
    return FetchedBar(int(row[0]) * _NS_PER_MS, *numbers)


def _moved(found: Any, base: str) -> Any:
    """Put another server's address in front of every path."""
    if isinstance(found, str):
        address = urlsplit(base)
        return f"{address.scheme}://{address.netloc}{urlsplit(found).path}"
    if isinstance(found, dict):
        return {name: _moved(value, base) for name, value in found.items()}
    return found
