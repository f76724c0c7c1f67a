"""Unmodified alpaca-py hears the paper exchange's streams."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import httpx
import pytest
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.models import Bar, Orderbook, Quote, Trade, TradeCancel, TradeCorrection
from alpaca.trading.enums import OrderStatus, TradeEvent
from alpaca.trading.models import TradeUpdate
from alpaca.trading.stream import TradingStream

from algotrendy.exchange.faults import Faults
from fakes.alpaca_sockets import HEADERS
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, running_exchange

T = TypeVar("T")
PATIENCE_S = 10.0


class Stream(Protocol):
    def run(self) -> None: ...

    def stop(self) -> None: ...


class Heard(queue.Queue[T]):
    """What a handler was called with."""

    async def handle(self, message: Any) -> None:
        self.put(message)

    def next(self) -> T:
        return self.get(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("AAPL", 100.00, 100.02)
        yield running


@pytest.fixture(scope="module")
def rest(exchange: RunningExchange) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=exchange.url, headers=HEADERS) as client:
        yield client


def buy(rest: httpx.Client, **more: Any) -> dict[str, Any]:
    body = {"symbol": "AAPL", "qty": "2", "side": "buy", "type": "market", "time_in_force": "day"}
    answer = rest.post("/v2/orders", json=body | more)
    assert answer.status_code == 200, answer.text
    order: dict[str, Any] = answer.json()
    return order


def nudge(rest: httpx.Client) -> None:
    buy(rest)


@contextmanager
def running(stream: Stream, wake: Callable[[], None], is_up: Callable[[], bool]) -> Iterator[None]:
    """Run a stream in a thread; ``wake`` makes it hear something, for it looks up only then."""
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    for _ in range(200):
        if is_up():
            break
        threading.Event().wait(0.05)
    assert is_up(), "the stream did not connect"
    try:
        yield
    finally:
        stream.stop()
        wake()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def listeners(exchange: RunningExchange) -> int:
    feeds = exchange.floor._update_feeds.get(exchange.account_id(), [])
    return sum(not feed.ended for feed in feeds)


def test_a_trading_stream_hears_an_order_become_new_and_filled(
    exchange: RunningExchange, rest: httpx.Client
) -> None:
    heard: Heard[TradeUpdate] = Heard()
    stream = TradingStream(KEY_ID, SECRET, url_override=exchange.stream_url)
    stream.subscribe_trade_updates(heard.handle)
    with running(stream, lambda: nudge(rest), lambda: listeners(exchange) == 1):
        order = buy(rest)
        updates = [heard.next()]
        while updates[-1].event != TradeEvent.FILL:
            updates.append(heard.next())
        fill = updates[-1]
        assert {str(update.order.id) for update in updates} == {order["id"]}
        assert fill.order.status == OrderStatus.FILLED
        assert (fill.price, fill.qty, fill.position_qty) == (100.02, 2.0, 2.0)
        assert fill.execution_id is not None
        assert fill.order.filled_qty == "2"
        assert fill.timestamp == fill.order.filled_at
        resting = buy(rest, type="limit", limit_price="90")
        rest.delete(f"/v2/orders/{resting['id']}")
        events = []
        while TradeEvent.CANCELED not in events:
            events.append(heard.next().event)
        assert events[0] == TradeEvent.NEW


def test_a_bracket_is_told_with_its_legs(exchange: RunningExchange, rest: httpx.Client) -> None:
    heard: Heard[TradeUpdate] = Heard()
    stream = TradingStream(KEY_ID, SECRET, url_override=exchange.stream_url)
    stream.subscribe_trade_updates(heard.handle)
    with running(stream, lambda: nudge(rest), lambda: listeners(exchange) == 1):
        order = buy(
            rest,
            type="limit",
            limit_price="95",
            order_class="bracket",
            take_profit={"limit_price": "110"},
            stop_loss={"stop_price": "90"},
        )
        update = heard.next()
        while str(update.order.id) != order["id"]:
            update = heard.next()
        legs = update.order.legs or []
        assert {str(leg.id) for leg in legs} == {leg["id"] for leg in order["legs"]}
        rest.delete("/v2/orders")


def test_a_stock_stream_hears_quotes_trades_and_bars(exchange: RunningExchange) -> None:
    quotes: Heard[Quote] = Heard()
    trades: Heard[Trade] = Heard()
    bars: Heard[Bar] = Heard()
    days: Heard[Bar] = Heard()
    stream = StockDataStream(KEY_ID, SECRET, url_override=exchange.market_url())
    stream.subscribe_quotes(quotes.handle, "MSFT")
    stream.subscribe_trades(trades.handle, "*")
    stream.subscribe_bars(bars.handle, "MSFT")
    stream.subscribe_daily_bars(days.handle, "MSFT")

    def wake() -> None:
        exchange.quote("MSFT", 300.0, 300.2)

    exchange.trade("MSFT", 299.0, 5.0)
    with running(stream, wake, lambda: bool(stream._running)):
        exchange.quote("AAPL", 100.00, 100.02)
        exchange.quote("MSFT", 300.1, 300.3, 7.0)
        quote = quotes.next()
        assert (quote.symbol, quote.bid_price, quote.ask_price) == ("MSFT", 300.1, 300.3)
        assert (quote.bid_size, quote.ask_size) == (7.0, 7.0)
        exchange.advance(60)
        exchange.trade("MSFT", 300.2, 10.0)
        exchange.trade("MSFT", 300.4, 30.0)
        trade = trades.next()
        assert (trade.symbol, trade.price, trade.size) == ("MSFT", 300.2, 10.0)
        assert trade.timestamp == exchange.floor.now()
        exchange.advance(60)
        exchange.trade("MSFT", 301.0, 1.0)
        bar = bars.next()
        while bar.open != 300.2:
            bar = bars.next()
        assert (bar.high, bar.low, bar.close, bar.volume) == (300.4, 300.2, 300.4, 40.0)
        assert (bar.trade_count, bar.vwap) == (2, 300.35)
        day = days.next()
        while day.volume < 45:
            day = days.next()
        assert (day.open, day.high, day.low, day.close) == (299.0, 300.4, 299.0, 300.4)
        assert day.timestamp.isoformat() == "2026-01-05T05:00:00+00:00"
        stream.unsubscribe_quotes("MSFT")


def test_a_crypto_stream_hears_quotes_trades_and_books(exchange: RunningExchange) -> None:
    quotes: Heard[Quote] = Heard()
    trades: Heard[Trade] = Heard()
    books: Heard[Orderbook] = Heard()
    url = exchange.market_url().replace("/v2/iex", "/v1beta3/crypto/us")
    stream = CryptoDataStream(KEY_ID, SECRET, url_override=url)
    stream.subscribe_quotes(quotes.handle, "BTC/USD")
    stream.subscribe_trades(trades.handle, "BTC/USD")
    stream.subscribe_orderbooks(books.handle, "BTC/USD")

    def wake() -> None:
        exchange.quote("BTC/USD", 60_000.0, 60_010.0)

    with running(stream, wake, lambda: bool(stream._running)):
        exchange.quote("AAPL", 100.00, 100.02)
        exchange.quote("BTC/USD", 60_000.0, 60_010.0, 0.5)
        assert quotes.next().ask_price == 60_010.0
        book = books.next()
        assert (book.bids[0].price, book.bids[0].size) == (60_000.0, 0.5)
        exchange.trade("BTC/USD", 60_010.0, 0.25)
        trade = trades.next()
        assert (trade.symbol, trade.price, trade.size) == ("BTC/USD", 60_010.0, 0.25)


def test_a_stock_stream_hears_cancelled_and_corrected_trades(exchange: RunningExchange) -> None:
    cancels: Heard[TradeCancel] = Heard()
    corrections: Heard[TradeCorrection] = Heard()
    trades: Heard[Trade] = Heard()
    stream = StockDataStream(KEY_ID, SECRET, url_override=exchange.market_url())
    stream.register_trade_cancels(cancels.handle)
    stream.register_trade_corrections(corrections.handle)
    stream.subscribe_trades(trades.handle, "AAPL")

    def wake() -> None:
        exchange.trade("AAPL", 100.01, 10.0)

    with running(stream, wake, lambda: bool(stream._running)):
        try:
            exchange.floor.chaos.faults = Faults(cancel_trades=1)
            exchange.trade("AAPL", 100.01, 10.0)
            exchange.floor.chaos.faults = Faults(correct_trades=1)
            exchange.trade("AAPL", 100.02, 20.0)
            exchange.quote("AAPL", 100.00, 100.02)
        finally:
            exchange.floor.chaos.calm()
        cancel, correction = cancels.next(), corrections.next()
        assert (cancel.id, cancel.size, cancel.action) == (trades.next().id, 10.0, "C")
        assert correction.original_id == trades.next().id
        assert (correction.original_size, correction.corrected_size) == (20.0, 10.0)
