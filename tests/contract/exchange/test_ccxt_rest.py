"""Another client of Alpaca's, ccxt, trades pairs on the paper exchange unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ccxt
import pytest

from fixtures.exchange import KEY_ID, SECRET, RunningExchange, running_exchange


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("BTC/USD", 50_000.0, 50_010.0, 5.0)
        running.trade("BTC/USD", 50_005.0, 0.5)
        running.advance(60)
        yield running


@pytest.fixture(scope="module")
def client(exchange: RunningExchange) -> Any:
    found = ccxt.alpaca({"apiKey": KEY_ID, "secret": SECRET})
    found.urls["api"] = dict.fromkeys(("broker", "trader", "market"), exchange.url)
    found.load_markets()
    return found


def test_it_reads_the_market(client: Any) -> None:
    assert "BTC/USD" in client.markets
    assert client.fetch_ticker("BTC/USD")["last"] == 50_005
    assert client.fetch_order_book("BTC/USD")["bids"] == [[50_000, 5]]
    assert [trade["amount"] for trade in client.fetch_trades("BTC/USD")] == [0.5]
    assert [bar[4] for bar in client.fetch_ohlcv("BTC/USD", "1m")] == [50_005]


def test_it_tells_the_markets_time(client: Any, exchange: RunningExchange) -> None:
    assert client.fetch_time() == int(exchange.floor.now().timestamp() * 1_000)


def test_it_trades_and_sees_what_it_has(client: Any) -> None:
    bought = client.create_order("BTC/USD", "market", "buy", 0.1)
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.1, 50_010)
    resting = client.create_order("BTC/USD", "limit", "buy", 0.1, 40_000)
    changed = client.edit_order(resting["id"], "BTC/USD", "limit", "buy", 0.1, 41_000)
    assert changed["id"] != resting["id"]
    assert [order["id"] for order in client.fetch_open_orders()] == [changed["id"]]
    client.cancel_all_orders()
    assert client.fetch_open_orders() == []
    assert [trade["order"] for trade in client.fetch_my_trades()] == [bought["id"]]
    assert client.fetch_balance()["total"] == {"USD": 94_999.0, "BTC": 0.1}


def test_it_hears_of_its_mistakes(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeError, match="40410000"):
        client.cancel_order("00000000-0000-4000-8000-000000000000")
    with pytest.raises(ccxt.BaseError, match="insufficient"):
        client.create_order("BTC/USD", "market", "buy", 1_000)
