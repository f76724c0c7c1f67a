"""Trade on the paper exchange with Alpaca's own client; only the two URLs differ from Alpaca's.

algotrendy exchange --port 4580
python docs/examples/alpaca_trading.py
"""

import sys
import threading
import time

from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.requests import StockLatestQuoteRequest
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, TimeInForce
from alpaca.trading.requests import (
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)
from alpaca.trading.stream import TradingStream

HOST = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:4580"
KEYS = ("PAPER", "paper-secret")
trading = TradingClient(*KEYS, url_override=f"http://{HOST}")
prices = StockHistoricalDataClient(*KEYS, url_override=f"http://{HOST}")
stream = TradingStream(*KEYS, url_override=f"ws://{HOST}/stream")


async def on_update(update):
    print(f"  {update.event:13} {update.order.side.value:4} {update.order.qty}")


stream.subscribe_trade_updates(on_update)
threading.Thread(target=stream.run, daemon=True).start()

quotes = prices.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))
ask = quotes["AAPL"].ask_price
low, lower, high = round(ask * 0.9, 2), round(ask * 0.8, 2), round(ask * 1.1, 2)
buy = {"symbol": "AAPL", "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC}
sell = {**buy, "side": OrderSide.SELL}
profit, loss = TakeProfitRequest(limit_price=high), StopLossRequest(stop_price=low)
exits = {"take_profit": profit, "stop_loss": loss}

trading.close_all_positions(cancel_orders=True)
trading.submit_order(MarketOrderRequest(qty=10, **buy))
resting = trading.submit_order(LimitOrderRequest(qty=1, limit_price=low, **buy))
time.sleep(0.2)
smaller = trading.replace_order_by_id(resting.id, ReplaceOrderRequest(limit_price=lower))
trading.cancel_order_by_id(smaller.id)
trading.submit_order(StopOrderRequest(qty=1, stop_price=low, **sell))
trading.submit_order(StopLimitOrderRequest(qty=1, stop_price=low, limit_price=lower, **sell))
trading.submit_order(TrailingStopOrderRequest(qty=1, trail_percent=5, **sell))
oco = {"limit_price": high, "order_class": OrderClass.OCO, **exits}
trading.submit_order(LimitOrderRequest(qty=2, **oco, **sell))
trading.submit_order(MarketOrderRequest(qty=3, order_class=OrderClass.BRACKET, **exits, **buy))
trading.submit_order(MarketOrderRequest(qty=1, order_class=OrderClass.OTO, stop_loss=loss, **buy))
for order in trading.get_orders():
    kind = f"{order.type.value:13} {order.order_class.value:8}"
    print(f"{kind} {order.side.value:4} {order.qty:>3} {order.status.value}")
trading.close_all_positions(cancel_orders=True)
time.sleep(1)
account = trading.get_account()
print(f"flat: {not trading.get_all_positions()}, equity {account.equity} {account.currency}")
