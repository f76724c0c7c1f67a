"""Write what the market says as messages of market data.

Derived from it are the running bars of the day, bars corrected by late trades, and LULD bands;
trades are cancelled and corrected where chaos wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from algotrendy.exchange.alpaca_api.bands import Bands
from algotrendy.exchange.alpaca_api.frames import EncodedOnce, Encoding, Message, TimeNs
from algotrendy.exchange.alpaca_api.subscriptions import Subscriptions
from algotrendy.exchange.alpaca_api.wire import (
    ASSET_CLASSES,
    Json,
    bar_json,
    number,
    quote_json,
    trade_json,
)
from algotrendy.exchange.chaos import TapeFate
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.events import BarEvent, MarketEvent, QuoteEvent, TradeEvent
from algotrendy.kernel.errors import AlgoTrendyError

MINUTE_NS: Final = 60_000_000_000
_NEW_YORK: Final = ZoneInfo("America/New_York")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encoded: WeakKeyDictionary[Floor, EncodedOnce] = WeakKeyDictionary()


@dataclass(slots=True)
class _Day:
    begins_ns: int
    last_ns: int
    bar: BarEvent


class Tape:
    """The market as one client hears it; what is encoded is shared with the other clients.

    Bars of the day come with every minute bar. A trade that belongs to a minute whose bar is out
    already gives that bar again, as an updated one. What becomes of a trade is told before the
    symbol's next event.
    """

    def __init__(self, floor: Floor, encoding: Encoding, *, crypto: bool) -> None:
        self._floor = floor
        self._encoding = encoding
        self._is_crypto = crypto
        self._once = _encoded.setdefault(floor, EncodedOnce())
        self._is_ours: dict[str, bool] = {}
        self._days: dict[str, _Day] = {}
        self._minutes: dict[str, BarEvent] = {}
        self._bands = Bands()
        self._undone: dict[str, tuple[TradeEvent, TapeFate]] = {}

    def messages(self, event: MarketEvent, wanted: Subscriptions) -> Iterator[bytes]:
        """Give the encoded messages that an event makes for what is wanted."""
        if not self._belongs(event.symbol):
            return iter(())
        messages = self._of(event, wanted)
        if event.symbol in self._undone:
            return chain(self._of_undone(event.symbol, wanted), messages)
        return messages

    def _of(self, event: MarketEvent, wanted: Subscriptions) -> Iterator[bytes]:
        if isinstance(event, QuoteEvent):
            return self._of_quote(event, wanted)
        if isinstance(event, TradeEvent):
            return self._of_trade(event, wanted)
        if isinstance(event, BarEvent) and event.span_ns == MINUTE_NS:
            return self._of_bar(event, wanted)
        return iter(())

    def _of_undone(self, symbol: str, wanted: Subscriptions) -> Iterator[bytes]:
        trade, fate = self._undone.pop(symbol)
        if fate is TapeFate.CANCELLED:
            if ("cancelErrors", symbol) in wanted:
                yield self._encode("x", trade, lambda: _cancel_json(trade))
        elif ("corrections", symbol) in wanted:
            yield self._encode("c", trade, lambda: _correction_json(trade))

    def _of_quote(self, quote: QuoteEvent, wanted: Subscriptions) -> Iterator[bytes]:
        if ("quotes", quote.symbol) in wanted:
            yield self._encode("q", quote, lambda: quote_json(quote, crypto=self._is_crypto))
        if ("orderbooks", quote.symbol) in wanted:
            yield self._encode("o", quote, lambda: _book_json(quote))

    def _of_trade(self, trade: TradeEvent, wanted: Subscriptions) -> Iterator[bytes]:
        if ("trades", trade.symbol) in wanted:
            yield self._encode("t", trade, lambda: self._trade_json(trade))
        fate = self._floor.chaos.for_trade(trade.symbol, trade.id)
        if fate is not TapeFate.STANDS:
            self._undone[trade.symbol] = (trade, fate)
        corrected = self._corrected(trade)
        if corrected is not None and ("updatedBars", trade.symbol) in wanted:
            yield self._encode("u", corrected, lambda: bar_json(corrected))

    def _of_bar(self, bar: BarEvent, wanted: Subscriptions) -> Iterator[bytes]:
        self._minutes[bar.symbol] = bar
        if ("bars", bar.symbol) in wanted:
            yield self._encode("b", bar, lambda: bar_json(bar))
        if ("dailyBars", bar.symbol) in wanted:
            day = self._day(bar)
            yield self._encode("d", bar, lambda: bar_json(day), day.time_ns)
        band = self._bands.after(bar)
        if band is not None and ("lulds", bar.symbol) in wanted:
            yield self._encode("l", bar, lambda: band, bar.time_ns + bar.span_ns)

    def _encode(
        self,
        letter: str,
        thing: QuoteEvent | TradeEvent | BarEvent,
        body: Callable[[], Json],
        time_ns: int | None = None,
    ) -> bytes:
        def message() -> Message:
            at = TimeNs(thing.time_ns if time_ns is None else time_ns)
            return {"T": letter, "S": thing.symbol, **body(), "t": at}

        return self._once.get(thing, letter, self._encoding, message)

    def _belongs(self, symbol: str) -> bool:
        if symbol not in self._is_ours:
            try:
                asset = self._floor.venue.asset(symbol)
            except AlgoTrendyError:
                self._is_ours[symbol] = False
            else:
                is_crypto = ASSET_CLASSES[asset.asset_class] == "crypto"
                self._is_ours[symbol] = is_crypto is self._is_crypto
        return self._is_ours[symbol]

    def _trade_json(self, trade: TradeEvent) -> Json:
        written = trade_json(trade, crypto=self._is_crypto)
        if self._is_crypto:
            quote = self._floor.venue.quote(trade.symbol)
            bought = quote is None or trade.price * 2 >= quote.bid + quote.ask
            written["tks"] = "B" if bought else "S"
        return written

    def _corrected(self, trade: TradeEvent) -> BarEvent | None:
        bar = self._minutes.get(trade.symbol)
        if bar is None or not bar.time_ns <= trade.time_ns < bar.time_ns + bar.span_ns:
            return None
        corrected = bar.joined(_bar_of(trade, bar))
        self._minutes[trade.symbol] = corrected
        return corrected

    def _day(self, bar: BarEvent) -> BarEvent:
        begins_ns = day_begin_ns(bar.time_ns, crypto=self._is_crypto)
        day = self._days.get(bar.symbol)
        if day is None or day.begins_ns != begins_ns:
            # Who comes in the middle of a day gets the whole day.
            day = None
            before = self._floor.market.bars(bar.symbol, MINUTE_NS, begins_ns, bar.time_ns)
            for earlier in before:
                day = _with(day, earlier, begins_ns)
        if day is None or bar.time_ns > day.last_ns:
            day = _with(day, bar, begins_ns)
        self._days[bar.symbol] = day
        return day.bar


def day_begin_ns(time_ns: int, *, crypto: bool) -> int:
    """Give the midnight before a moment: New York's for stocks, UTC for crypto."""
    zone = UTC if crypto else _NEW_YORK
    moment = (_EPOCH + timedelta(microseconds=time_ns // 1_000)).astimezone(zone)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1_000


def _with(day: _Day | None, bar: BarEvent, begins_ns: int) -> _Day:
    if day is None:
        whole = replace(bar, time_ns=begins_ns, span_ns=86_400 * 1_000_000_000)
        return _Day(begins_ns, bar.time_ns, whole)
    return _Day(begins_ns, bar.time_ns, day.bar.joined(bar))


def _bar_of(trade: TradeEvent, like: BarEvent) -> BarEvent:
    price = trade.price
    return replace(
        like,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=trade.size,
        trades=1,
        vwap=price,
    )


def _book_json(quote: QuoteEvent) -> Json:
    # The exchange knows one level; "r" says that it stands for the whole book.
    return {
        "b": [{"p": number(quote.bid), "s": number(quote.bid_size)}],
        "a": [{"p": number(quote.ask), "s": number(quote.ask_size)}],
        "r": True,
    }


def _cancel_json(trade: TradeEvent) -> Json:
    written = trade_json(trade, crypto=False)
    return {name: written[name] for name in ("i", "x", "p", "s", "z")} | {"a": "C"}


def _correction_json(trade: TradeEvent) -> Json:
    was = trade_json(trade, crypto=False)
    # Half of what was told: a correction that a client cannot overlook.
    return {
        "x": was["x"],
        "oi": was["i"],
        "op": was["p"],
        "os": was["s"],
        "oc": was["c"],
        "ci": was["i"],
        "cp": was["p"],
        "cs": number(trade.size / 2),
        "cc": was["c"],
        "z": was["z"],
    }
