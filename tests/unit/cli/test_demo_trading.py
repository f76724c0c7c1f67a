"""The demo's trade, against the real API and a broker that does what is wanted, or not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from algotrendy.cli import demo_trading
from algotrendy.cli.api_client import ApiClient
from algotrendy.kernel.order import OrderClass, OrderType
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import ROOT
from fakes.risk_desk import sell
from fakes.trading_api import TradingApi, served


class Floor:
    """A broker that looks at the ledger before each read, and brings its orders forward."""

    def __init__(self, api: TradingApi, client: ApiClient) -> None:
        self._api = api
        self._client = client
        self.rejects = False

    def get(self, path: str, **params: str | list[str]) -> Any:
        counter = self._api.counter
        for order in self._api.ledger.run(lambda tx: tx.orders.unsettled(ROOT)):
            if order.cancel_requested_at is not None:
                counter.told(order, "canceled")
            elif order.status is PlatformStatus.INTENDED:
                counter.accept(order)
                self._trade(order)
        return self._client.get(path, **params)

    def post(self, path: str, body: object, idempotency_key: str) -> Any:
        return self._client.post(path, body, idempotency_key)

    def patch(self, path: str, body: object, idempotency_key: str) -> Any:
        return self._client.patch(path, body, idempotency_key)

    def delete(self, path: str, **params: str) -> Any:
        return self._client.delete(path, **params)

    def _trade(self, order: PlatformOrder) -> None:
        counter = self._api.counter
        if self.rejects:
            counter.told(order, "rejected", reason="closed today")
            return
        if order.replaces is not None and order.leg_of is not None:
            old, entry = order.replaces, order.leg_of
            counter.told(self._api.ledger.run(lambda tx: tx.orders.get(old)), "replaced")
            counter.fill(order, price=99)
            for leg in self._api.ledger.run(lambda tx: tx.orders.legs(entry)):
                if not leg.is_terminal:
                    counter.told(leg, "canceled")
            return
        if order.request.type is OrderType.MARKET:
            counter.fill(order)
        if order.request.order_class is OrderClass.BRACKET:
            target = sell("10", client_order_id="t", type=OrderType.LIMIT, limit_price="105")
            stop = sell("10", client_order_id="s", type=OrderType.STOP, stop_price="95")
            for name, request in (("t", target), ("s", stop)):
                leg = counter.leg(order, name, request)
                counter.told(leg, "new")


@contextmanager
def floor(api: TradingApi) -> Iterator[Floor]:
    token = api.issuer.token("tenant:demo", "role:trader")
    with served(api.app) as address, ApiClient(address, lambda: token) as client:
        yield Floor(api, client)


def trade(api: TradingApi, at: Floor) -> str:
    said = io.StringIO()
    demo_trading.trade(at, Console(file=said, width=200), Decimal(100))
    return said.getvalue()


def test_the_demo_trades_from_a_refusal_to_the_end() -> None:
    api = TradingApi(leverage=Decimal(2))
    with floor(api) as at:
        said = trade(api, at)
    for words in (
        "1000000 AAPL are refused: buying_power of account",
        "buy 10 AAPL market bracket target 105 stop 95 gtc",
        "filled 10 at 100",
        "protected: stop 95 (new), target 105 (new)",
        "the target is brought down to 99.00",
        "settled: none AAPL held, 99990 USD in cash, 0 set aside, -10 realised",
    ):
        assert words in said, f"{words}\n{said}"


def test_what_an_earlier_demo_left_open_is_ended_first() -> None:
    api = TradingApi()
    left = api.place(type="limit", limit_price="50")
    with floor(api) as at:
        trade(api, at)
    assert api.client().get(f"/v1/orders/{left['id']}").json()["status"] == "canceled"


def test_a_bracket_that_is_rejected_fails_the_demo_and_says_why() -> None:
    api = TradingApi()
    with floor(api) as at:
        at.rejects = True
        with pytest.raises(demo_trading.TradeFailedError, match="closed today"):
            trade(api, at)
