"""What nobody waits for any more does not leave, however long the way to the broker took.

The server is a real one; a name that is looked up slowly stands for every slow way.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest
from urllib3.connection import HTTPConnection

from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.client import OnceClient
from algotrendy.brokers.alpaca.leave import Leave
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.alpaca.wire import UNHEARD_S, NeverSent, Wire
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from fakes.alpaca_order import ORDER
from fakes.canned_server import Canned, canned

REQUEST = OrderRequest("AAPL", Side.BUY, quantity=Decimal(1), client_order_id="mine-1")


def client(url: str) -> OnceClient:
    return OnceClient("key", "secret", url, (2.0, 5.0), paper=True)


class SlowNames:
    """Looks names up, but not before it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let = threading.Event()
        self._usual = socket.getaddrinfo

    def __call__(self, *terms: Any, **named: Any) -> Any:
        self.asked.set()
        assert self.let.wait(30)
        return self._usual(*terms, **named)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowNames]:
    slow = SlowNames()
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield slow
    slow.let.set()


def broker(url: str, **settings: Any) -> AlpacaBroker:
    return AlpacaBroker(AlpacaSettings("key", "secret", url=url, **settings))


def test_an_order_given_up_while_its_thread_connects_never_leaves(names: SlowNames) -> None:
    async def give_up(alpaca: AlpacaBroker) -> None:
        sending = asyncio.create_task(alpaca.submit(REQUEST))
        await asyncio.to_thread(names.asked.wait, 30)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        names.let.set()
        await alpaca.close()

    with canned(Canned(200, ORDER)) as server:
        asyncio.run(give_up(broker(server.url)))
        assert server.asked == []


def test_an_order_that_took_too_long_to_connect_is_unavailable_and_never_leaves(
    names: SlowNames,
) -> None:
    async def be_late(alpaca: AlpacaBroker) -> None:
        sending = asyncio.create_task(alpaca.submit(REQUEST))
        await asyncio.to_thread(names.asked.wait, 30)
        await asyncio.sleep(0.06)
        names.let.set()
        with pytest.raises(Unavailable, match="too late"):
            await sending
        await alpaca.close()

    with canned(Canned(200, ORDER)) as server:
        asyncio.run(be_late(broker(server.url, send_within_s=0.05)))
        assert server.asked == []


@pytest.mark.parametrize("answers", [[False], [True, False], [True, True, False]])
def test_leave_is_asked_for_until_the_request_leaves(answers: list[bool]) -> None:
    with canned(Canned(200, ORDER)) as server, closing(client(server.url)) as alpaca:
        with pytest.raises(NeverSent):
            alpaca.ask("POST", "/orders", {"symbol": "AAPL"}, iter(answers).__next__)
        assert server.asked == []


def test_leave_is_asked_for_on_a_connection_that_stands() -> None:
    with canned(Canned(200, ORDER)) as server, closing(client(server.url)) as alpaca:
        alpaca.ask("POST", "/orders", {"symbol": "AAPL"})
        with pytest.raises(NeverSent):
            alpaca.ask("POST", "/orders", {"symbol": "AAPL"}, lambda: False)
        assert alpaca.ask("GET", "/account", None).status == 599
        assert server.lines == ["POST /v2/orders", "GET /v2/account"]


def test_leave_is_asked_for_before_an_encrypted_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with closing(client(url)) as alpaca, pytest.raises(NeverSent):
            alpaca.ask("POST", "/orders", {"symbol": "AAPL"}, lambda: False)
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_leave_ends_with_its_time_or_when_it_is_withdrawn() -> None:
    now = [1.0]
    leave = Leave(lambda: now[0], 2.0)
    assert leave.holds()
    now[0] = 2.0
    assert not leave.holds()
    withdrawn = Leave(lambda: 0.0, 1.0)
    withdrawn.withdraw()
    assert not withdrawn.holds()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux can be told")
def test_the_system_stops_repeating_what_nobody_hears() -> None:
    with canned(Canned(200, ORDER)) as server:
        pool = Wire().poolmanager.connection_from_url(server.url)
        connection = pool._new_conn()
        assert isinstance(connection, HTTPConnection)
        connection.connect()
        with closing(connection):
            found = connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert found == UNHEARD_S * 1000
