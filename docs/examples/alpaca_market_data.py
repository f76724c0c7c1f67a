"""Read history and listen to the market with Alpaca's own data clients.

algotrendy exchange --port 4580
python docs/examples/alpaca_market_data.py
"""

import sys
from datetime import timedelta

from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestQuoteRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:4580"
KEYS = ("PAPER", "paper-secret")
history = StockHistoricalDataClient(*KEYS, url_override=f"http://{HOST}")
now = TradingClient(*KEYS, url_override=f"http://{HOST}").get_clock().timestamp

days = {"symbol_or_symbols": ["AAPL", "MSFT"], "start": now - timedelta(days=14), "end": now}
print(history.get_stock_bars(StockBarsRequest(timeframe=TimeFrame.Day, **days)).df.tail(4))
minute = {"symbol_or_symbols": "AAPL", "start": now - timedelta(minutes=5), "end": now}
print(history.get_stock_trades(StockTradesRequest(limit=3, **minute)).df)
print(history.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"])
snapshot = history.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"]
print("last trade", snapshot.latest_trade.price, "day's volume", snapshot.daily_bar.volume)

live = StockDataStream(*KEYS, url_override=f"ws://{HOST}/v2/iex")
heard = []


async def on_event(event):
    print(type(event).__name__, event.symbol, event.timestamp)
    heard.append(event)
    if len(heard) >= 10:
        await live.stop_ws()


live.subscribe_quotes(on_event, "AAPL")
live.subscribe_trades(on_event, "AAPL", "MSFT")
live.run()
