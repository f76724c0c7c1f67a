"""Listen to public trades at a crypto exchange, by asking for them: no key is needed.

ccxt's sockets connect again by themselves and tell nobody what was missed, so trades are asked for
over REST, from the newest that is known on: an outage of any length leaves no hole, as far back as
the exchange tells.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from algotrendy.brokers.ccxt.calls import Calls
from algotrendy.brokers.ccxt.profiles import profile_of
from algotrendy.brokers.ccxt.vendor import make_public, vendor_class
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import always_open
from algotrendy.market_data.streaming.feeds import Connection, Item, Upto
from algotrendy.market_data.streaming.messages import LAST_NS, LONGEST_ID, Quote, Trade

POLL_S = 1.0
BEGIN_S = 900.0
CLOCK_S = 10.0
"""Between two looks at the exchange's clock."""
_PAGE = 1_000
_MS_NS = 1_000_000
# Some exchanges look so far ahead of where they are asked to begin, and no further.
_WINDOW_MS = 3_600_000
# An answer may come from a cache of some seconds.
_SETTLE_MS = 10_000
_SKEW_MS = 5_000

_logger = logging.getLogger(__name__)


class CcxtFeed:
    """Is a ``Feed`` that waits to be asked.

    Args:
        exchange: ccxt's name of it, such as ``binance``.
        symbols: Pairs, such as BTC/USDT.
        now_ns: Tells the time, nanoseconds since 1970 UTC.
        url: Scheme, host and port of a server that speaks for the exchange; None: its own.
        poll_s: Between two looks.
    """

    # Each look is answered, or fails.
    quiet_s = None
    begin_s = BEGIN_S
    history = None

    def __init__(
        self,
        exchange: str,
        symbols: Sequence[str],
        now_ns: Callable[[], int],
        url: str | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        for symbol in symbols:
            if "/" not in symbol:
                raise Invalid("symbols", "pairs, like BTC/USDT", symbol)
        self.name = f"ccxt:{exchange}"
        self.symbols = tuple(symbols)
        self.calendar = always_open()
        self._exchange = exchange
        self._now_ns = now_ns
        self._url = url
        self._poll_s = poll_s

    @asynccontextmanager
    async def open(self, since: Mapping[str, int]) -> AsyncIterator[Connection]:
        """Load the exchange's markets, and begin to ask.

        Raises:
            Unavailable: If it cannot be reached.
            Invalid: If ccxt does not know it, or it does not trade a pair.
        """
        profile = profile_of(self._exchange)
        exchange = make_public(await vendor_class(self._exchange), profile, self._url)
        calls = Calls(self._exchange, profile)
        try:
            markets = await calls.read(exchange.load_markets)
            for symbol in self.symbols:
                if symbol not in markets:
                    raise Invalid("symbols", f"pairs that {self._exchange} trades", symbol)
            yield _Looks(exchange, calls, dict(since), self._now_ns, self._poll_s)
        finally:
            await exchange.close()


class _Looks:
    def __init__(
        self,
        exchange: Any,
        calls: Calls,
        since: dict[str, int],
        now_ns: Callable[[], int],
        poll_s: float,
    ) -> None:
        self._exchange = exchange
        self._calls = calls
        # Milliseconds, as exchanges have them.
        self._since = {symbol: time // _MS_NS for symbol, time in since.items()}
        # What was told of that time on, with its milliseconds.
        self._told: dict[str, dict[str, int]] = {symbol: {} for symbol in since}
        self._now_ns = now_ns
        self._poll_s = poll_s
        self._is_first = True
        self._is_behind = False
        self._clock_due = 0.0
        self._is_skewed = False
        self._skew_ms = 0
        self._quotes: dict[str, Quote] = {}

    async def receive(self) -> Sequence[Item]:
        """Ask for what is new of each pair."""
        if not self._is_first and not self._is_behind:
            await asyncio.sleep(self._poll_s)
        self._is_first = self._is_behind = False
        found: list[Item] = []
        clock_ms = await self._time_there()
        for symbol in self._since:
            # All of a last hour that is asked for now, and is no page of more, has been told.
            is_whole = clock_ms is not None and self._since[symbol] + _WINDOW_MS >= clock_ms
            found += await self._trades(symbol)
            if clock_ms is not None and is_whole and not self._is_behind:
                found.append(Upto(symbol, (clock_ms - _SETTLE_MS) * _MS_NS))
        return [*found, *await self._newest_quotes()]

    async def _time_there(self) -> int | None:
        """Ask for the exchange's time, now and then, where it tells it: milliseconds."""
        now = asyncio.get_running_loop().time()
        if now < self._clock_due or not self._exchange.has.get("fetchTime"):
            return None
        self._clock_due = now + CLOCK_S
        there = await self._calls.read(self._exchange.fetch_time)
        if not isinstance(there, int) or isinstance(there, bool):
            return None
        self._skew_ms = there - self._now_ns() // _MS_NS
        self._look_at_skew(self._skew_ms)
        return there

    def _look_at_skew(self, skew_ms: int) -> None:
        is_skewed = abs(skew_ms) > _SKEW_MS
        if is_skewed and not self._is_skewed:
            side = "behind" if skew_ms > 0 else "ahead of"
            _logger.warning(
                "this machine's clock is %.1f s %s that of %s: set it right; trades of more than"
                " 10 s after the time at which they come are refused",
                *(abs(skew_ms) / 1_000, side, self._exchange.id),
            )
        self._is_skewed = is_skewed

    async def _trades(self, symbol: str) -> list[Trade]:
        since = self._since[symbol]
        rows = await self._calls.read(lambda: self._exchange.fetch_trades(symbol, since, _PAGE))
        received = self._now_ns()
        trades = _trades(symbol, rows, received)
        new = [t for t in trades if t.time >= since * _MS_NS and t.id not in self._told[symbol]]
        self._told[symbol] |= {trade.id: trade.time // _MS_NS for trade in new}
        times = [trade.time // _MS_NS for trade in trades]
        self._go_on(symbol, times, received // _MS_NS + self._skew_ms, has_new=bool(new))
        return new

    def _go_on(self, symbol: str, times: Sequence[int], there_ms: int, *, has_new: bool) -> None:
        """Move to where the next look begins: the newest millisecond, of which more may come.

        Args:
            times: Of all trades of the answer, milliseconds, oldest first.
            there_ms: The exchange's time; ours where it does not tell it.
        """
        since = self._since[symbol]
        # A trade of the future moves nothing: all that is made until then would not be asked for.
        newest = max((time for time in times if time <= there_ms), default=since)
        if is_page := len(times) >= _PAGE:
            # Nor may it hold us up, where it is our clock that is wrong: half a page was told.
            newest = max(newest, times[len(times) // 2])
        if newest > since or (is_page and has_new):
            self._is_behind |= is_page
        elif is_page:
            # More trades in one millisecond than a page has: the rest of it cannot be asked for.
            newest = since + 1
            self._is_behind = True
        elif not has_new and since + _WINDOW_MS < there_ms:
            newest = since + _WINDOW_MS
            self._is_behind = True
        if newest > since:
            self._since[symbol] = newest
            told = self._told[symbol]
            self._told[symbol] = {id_: at for id_, at in told.items() if at >= newest}

    async def _newest_quotes(self) -> list[Quote]:
        if not self._exchange.has.get("fetchBidsAsks"):
            return []
        symbols = list(self._since)
        found = await self._calls.read(lambda: self._exchange.fetch_bids_asks(symbols))
        received = self._now_ns()
        fresh: list[Quote] = []
        for symbol in symbols:
            row = found.get(symbol) or {}
            names = ("bid", "bidVolume", "ask", "askVolume")
            bid, bid_size, ask, ask_size = (_number(row.get(name)) for name in names)
            at = _time(row.get("timestamp")) or received
            quote = Quote(symbol, at, bid, bid_size, ask, ask_size, received)
            before = self._quotes.get(symbol)
            if before is None or before[2:6] != quote[2:6]:
                self._quotes[symbol] = quote
                fresh.append(quote)
        return fresh


def _trades(symbol: str, rows: Sequence[Mapping[str, Any]], received: int) -> list[Trade]:
    """Read rows, oldest first; one without an id gets one of its content and its occurrence.

    An answer begins with a whole millisecond, so the occurrence is the same in every answer.
    """
    seen: Counter[tuple[object, ...]] = Counter()
    found: list[Trade] = []
    for row in rows:
        time = row.get("timestamp")
        price, size = _number(row.get("price")), _number(row.get("amount"))
        id_ = row.get("id")
        if not id_:
            content = (time, repr(price), repr(size), row.get("side"))
            seen[content] += 1
            id_ = f"{'/'.join(str(part) for part in content)}/{seen[content]}"
        # What cannot be written as UTF-8 could never be sent.
        name = str(id_).encode(errors="replace").decode()[:LONGEST_ID]
        found.append(Trade(symbol, _time(time), price, size, "", name, received))
    return sorted(found, key=lambda trade: trade.time)


def _time(value: object) -> int:
    return value * _MS_NS if isinstance(value, int) and abs(value) <= LAST_NS // _MS_NS else 0


def _number(value: object) -> float:
    try:
        return math.nan if value is None else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan
