"""Unmodified alpaca-py reads the paper exchange's past over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from alpaca.data.enums import DataFeed
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.requests import (
    CryptoBarsRequest,
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    CryptoSnapshotRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from fixtures.exchange import KEY_ID, OPENING, SECRET, RunningExchange, running_exchange

SYMBOLS = ("AAPL", "MSFT")


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    """Three minutes of quotes and trades, the sizes growing."""
    with running_exchange() as running:
        for place in range(1, 4):
            running.quote("BTC/USD", 50_000.0 + place, 50_010.0 + place, 5.0)
            running.trade("BTC/USD", 50_005.0 + place, 0.5)
            for symbol in SYMBOLS:
                running.quote(symbol, 100.00, 100.02)
                running.trade(symbol, 100.01, 100.0 * place)
            running.advance(60)
        yield running


@pytest.fixture(scope="module")
def stocks(exchange: RunningExchange) -> StockHistoricalDataClient:
    return StockHistoricalDataClient(KEY_ID, SECRET, url_override=exchange.url)


@pytest.fixture(scope="module")
def crypto(exchange: RunningExchange) -> CryptoHistoricalDataClient:
    return CryptoHistoricalDataClient(url_override=exchange.url)


def test_bars_of_several_symbols_come_in_pages(stocks: StockHistoricalDataClient) -> None:
    found: Any = stocks.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols=list(SYMBOLS),
            timeframe=TimeFrame.Minute,
            start=OPENING,
            end=OPENING + timedelta(minutes=3),
            feed=DataFeed.IEX,
        )
    )
    assert set(found.data) == set(SYMBOLS)
    assert [bar.volume for bar in found.data["AAPL"]] == [100, 200, 300]
    assert found.data["AAPL"][0].timestamp == OPENING
    few: Any = stocks.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols=list(SYMBOLS), timeframe=TimeFrame.Minute, start=OPENING, limit=4
        )
    )
    assert {symbol: len(bars) for symbol, bars in few.data.items()} == {"AAPL": 3, "MSFT": 1}


def test_longer_bars_hold_the_shorter_ones(stocks: StockHistoricalDataClient) -> None:
    five = TimeFrame(5, TimeFrameUnit.Minute)
    request = StockBarsRequest(symbol_or_symbols="AAPL", timeframe=five, start=OPENING)
    found: Any = stocks.get_stock_bars(request)
    assert found.data == {}, "five minutes are not over yet"


def test_quotes_and_trades_are_told_in_both_directions(stocks: StockHistoricalDataClient) -> None:
    span = {"start": OPENING, "end": OPENING + timedelta(minutes=3)}
    up: Any = stocks.get_stock_trades(StockTradesRequest(symbol_or_symbols="AAPL", **span))
    down: Any = stocks.get_stock_trades(
        StockTradesRequest(symbol_or_symbols="AAPL", sort="desc", **span)
    )
    assert [trade.size for trade in up.data["AAPL"]] == [100, 200, 300]
    assert down.data["AAPL"] == up.data["AAPL"][::-1]
    quotes: Any = stocks.get_stock_quotes(StockQuotesRequest(symbol_or_symbols="AAPL", **span))
    assert [quote.ask_price for quote in quotes.data["AAPL"]] == [100.02] * 3


def test_the_newest_of_shares(stocks: StockHistoricalDataClient) -> None:
    one = {"symbol_or_symbols": "AAPL"}
    trade: Any = stocks.get_stock_latest_trade(StockLatestTradeRequest(**one))
    quote: Any = stocks.get_stock_latest_quote(StockLatestQuoteRequest(**one))
    bar: Any = stocks.get_stock_latest_bar(StockLatestBarRequest(**one))
    snapshot: Any = stocks.get_stock_snapshot(StockSnapshotRequest(**one))
    assert trade["AAPL"].price == 100.01
    assert quote["AAPL"].bid_price == 100
    assert bar["AAPL"].volume == 300
    assert snapshot["AAPL"].latest_trade == trade["AAPL"]
    assert snapshot["AAPL"].minute_bar == bar["AAPL"]
    assert snapshot["AAPL"].daily_bar.volume == 600
    assert snapshot["AAPL"].previous_daily_bar is None


def test_pairs_are_told_without_keys(crypto: CryptoHistoricalDataClient) -> None:
    one = {"symbol_or_symbols": "BTC/USD"}
    bars: Any = crypto.get_crypto_bars(
        CryptoBarsRequest(timeframe=TimeFrame.Minute, start=OPENING, **one)
    )
    quote: Any = crypto.get_crypto_latest_quote(CryptoLatestQuoteRequest(**one))
    book: Any = crypto.get_crypto_latest_orderbook(CryptoLatestOrderbookRequest(**one))
    snapshot: Any = crypto.get_crypto_snapshot(CryptoSnapshotRequest(**one))
    assert [bar.close for bar in bars.data["BTC/USD"]] == [50_006, 50_007, 50_008]
    assert quote["BTC/USD"].ask_price == 50_013
    assert book["BTC/USD"].bids[0].price == 50_003
    assert snapshot["BTC/USD"].latest_trade.price == 50_008
