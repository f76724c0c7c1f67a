"""Each fault is switched on over HTTP, seen by a client, and switched off again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from algotrendy.exchange.faults import Faults
from fakes.alpaca_sockets import HEADERS, market_socket, raw_socket, updates_socket
from fixtures.exchange import RunningExchange, running_exchange

FAULTS = "/exchange/faults"


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("AAPL", 100.00, 100.02)
        yield running


@pytest.fixture
def rest(exchange: RunningExchange) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=exchange.url, headers=HEADERS, timeout=20) as client:
        yield client
        assert client.delete(FAULTS).status_code == 200
        # Whatever a fault has done, the exchange is well without it.
        assert client.get("/v2/clock").status_code == 200


def switch_on(rest: httpx.Client, **faults: Any) -> None:
    answer = rest.put(FAULTS, json=faults)
    assert answer.status_code == 200, answer.text


def script(rest: httpx.Client, **fault: Any) -> None:
    switch_on(rest, next=[fault])


def injected(rest: httpx.Client, name: str) -> int:
    return int(rest.get(f"{FAULTS}/injected").json().get(name, 0))


def submit(rest: httpx.Client, client_order_id: str | None = None, **more: Any) -> httpx.Response:
    body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    if client_order_id:
        body["client_order_id"] = client_order_id
    return rest.post("/v2/orders", json=body | more)


def known(rest: httpx.Client, client_order_id: str) -> bool:
    found = rest.get("/v2/orders:by_client_order_id", params={"client_order_id": client_order_id})
    assert found.status_code in (200, 404)
    return found.status_code == 200


# The control routes


def test_settings_are_shown_replaced_changed_and_switched_off(rest: httpx.Client) -> None:
    calm = rest.get(FAULTS).json()
    assert calm == {**Faults().model_dump(mode="json"), "next": []}
    coming = {"fault": "fail_before", "path": "/v2/account", "status": 500}
    put = rest.put(FAULTS, json={"latency_s": 0.01, "busts": 0.5, "next": [coming]}).json()
    assert (put["latency_s"], put["busts"], put["next"][0]["status"]) == (0.01, 0.5, 500)
    patched = rest.patch(FAULTS, json={"busts": 0.25}).json()
    assert (patched["latency_s"], patched["busts"]) == (0.01, 0.25)
    assert len(patched["next"]) == 1
    assert rest.put(FAULTS, json=patched).json() == patched, "what is shown can be sent back"
    assert rest.put(FAULTS, json={}).json() == calm
    assert rest.delete(FAULTS).json() == calm


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 400, "object"),
        (b'{"latency_s": -1}', 422, "latency_s"),
        (b'{"drop_updates": 2}', 422, "drop_updates"),
        (b'{"explode": true}', 422, "explode"),
        (b'{"next": [{"fault": "explode"}]}', 422, "next.0.fault"),
        (b'{"next": [{"fault": "fail_after", "status": 200}]}', 422, "next.0.status"),
        (b'{"next": {}}', 422, "next"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name_and_change_nothing(
    rest: httpx.Client, body: bytes, status: int, named: str
) -> None:
    switch_on(rest, latency_jitter_s=0.01)
    before = rest.get(FAULTS).json()
    for method in ("PUT", "PATCH"):
        refused = rest.request(method, FAULTS, content=body)
        assert refused.status_code == status
        assert named in refused.json()["message"]
    assert rest.get(FAULTS).json() == before


def test_control_never_suffers(rest: httpx.Client) -> None:
    switch_on(rest, error_before=1, drop_before=1, latency_s=0.01)
    assert rest.get("/exchange/health").status_code == 200
    assert rest.get(FAULTS).status_code == 200
    assert rest.get("/v2/clock").status_code in (500, 503)


# Requests


def test_latency_is_waited_for(rest: httpx.Client) -> None:
    before = injected(rest, "latency")
    switch_on(rest, latency_s=0.3, latency_jitter_s=0.1)
    started = time.monotonic()
    assert rest.get("/v2/clock").status_code == 200
    assert time.monotonic() - started >= 0.3
    assert injected(rest, "latency") == before + 1


def test_a_429_has_its_headers(rest: httpx.Client) -> None:
    switch_on(rest, rate_limit=1, retry_after_s=7)
    limited = rest.get("/v2/clock")
    assert limited.status_code == 429
    assert limited.json()["code"] == 42910000
    assert limited.headers["retry-after"] == "7"
    assert limited.headers["x-ratelimit-remaining"] == "0"
    assert int(limited.headers["x-ratelimit-reset"]) > 1_700_000_000
    assert limited.headers["x-ratelimit-limit"] == "200"


def test_a_key_that_asks_too_often_waits_for_the_next_minute(rest: httpx.Client) -> None:
    switch_on(rest, requests_per_minute=3)
    answers = [rest.get("/v2/clock") for _ in range(8)]
    statuses = [answer.status_code for answer in answers]
    # A minute may begin in between: then the count begins anew.
    assert statuses[:3] == [200, 200, 200]
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    assert answers[0].headers["x-ratelimit-limit"] == "3"
    assert int(answers[0].headers["x-ratelimit-remaining"]) <= 2
    other = rest.get("/v2/clock", headers={"APCA-API-KEY-ID": "another"})
    assert other.status_code != 429


@pytest.mark.parametrize(
    ("fault", "statuses"), [("error_before", {500, 503}), ("timeout_before", {504})]
)
def test_a_failure_before_accepting_leaves_no_order(
    rest: httpx.Client, fault: str, statuses: set[int]
) -> None:
    switch_on(rest, **{fault: 1})
    failed = submit(rest, fault)
    assert failed.status_code in statuses
    assert failed.json()["code"] // 100_000 == failed.status_code
    switch_on(rest)
    assert not known(rest, fault)


@pytest.mark.parametrize(
    ("fault", "statuses"), [("error_after", {500, 503}), ("timeout_after", {504})]
)
def test_a_failure_after_accepting_leaves_the_order_in_the_book(
    rest: httpx.Client, fault: str, statuses: set[int]
) -> None:
    switch_on(rest, **{fault: 1})
    assert submit(rest, fault).status_code in statuses
    switch_on(rest)
    assert known(rest, fault)


@pytest.mark.parametrize(
    ("fault", "is_in_the_book"), [("drop_before", False), ("drop_after", True)]
)
def test_a_dropped_connection_gives_no_answer(
    rest: httpx.Client, fault: str, is_in_the_book: bool
) -> None:
    switch_on(rest, **{fault: 1})
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        submit(rest, fault)
    switch_on(rest)
    assert known(rest, fault) is is_in_the_book


def test_a_script_hits_exactly_the_next_request_that_it_fits(rest: httpx.Client) -> None:
    script(rest, fault="fail_after", path="/v2/orders", method="POST", status=504)
    assert rest.get("/v2/account").status_code == 200
    assert submit(rest, "scripted-1").status_code == 504
    assert submit(rest, "scripted-2").status_code == 200
    assert known(rest, "scripted-1")


def test_positions_are_told_as_they_were_while_orders_are_told_as_they_are(
    rest: httpx.Client, exchange: RunningExchange
) -> None:
    exchange.quote("MSFT", 300.0, 300.2)
    switch_on(rest, stale_view_s=600)
    bought = submit(rest, symbol="MSFT").json()
    assert rest.get(f"/v2/orders/{bought['id']}").json()["status"] == "filled"
    assert "MSFT" not in {row["symbol"] for row in rest.get("/v2/positions").json()}
    missing = rest.get("/v2/positions/MSFT")
    assert (missing.status_code, missing.json()["code"]) == (404, 40410000)
    assert rest.get("/v2/positions", headers={"APCA-API-SECRET-KEY": "x"}).status_code == 401
    switch_on(rest, stale_view_s=0.2)
    while (later := rest.get("/v2/positions/MSFT")).status_code == 404:
        continue
    assert later.json()["qty"] == "1", "in the end both agree"
    switch_on(rest)
    assert rest.get("/v2/positions/MSFT").json()["qty"] == "1"


# The stream of updates


def events_of(socket: Any, order_id: str, count: int) -> list[str]:
    heard: list[str] = []
    while len(heard) < count:
        update = socket.hear()["data"]
        if update["order"]["id"] == order_id:
            heard.append(update["event"])
    return heard


def test_updates_are_dropped(rest: httpx.Client, exchange: RunningExchange) -> None:
    with updates_socket(exchange.stream_url) as socket:
        switch_on(rest, drop_updates=1)
        assert submit(rest).status_code == 200
        assert socket.is_silent()
        switch_on(rest)
        order = submit(rest).json()["id"]
        assert events_of(socket, order, 2) == ["new", "fill"]


def test_updates_are_duplicated(rest: httpx.Client, exchange: RunningExchange) -> None:
    with updates_socket(exchange.stream_url) as socket:
        switch_on(rest, duplicate_updates=1)
        order = submit(rest).json()["id"]
        assert events_of(socket, order, 4) == ["new", "new", "fill", "fill"]


def test_updates_are_reordered(rest: httpx.Client, exchange: RunningExchange) -> None:
    with updates_socket(exchange.stream_url) as socket:
        script(rest, fault="reorder_update", event="new")
        order = submit(rest).json()["id"]
        assert events_of(socket, order, 2) == ["fill", "new"]
        # Nothing follows it: it comes in the end all the same.
        script(rest, fault="reorder_update", event="fill")
        order = submit(rest).json()["id"]
        assert events_of(socket, order, 2) == ["new", "fill"], (
            "nothing follows: it comes in the end"
        )


def test_updates_are_late_and_what_comes_meanwhile_is_not(
    rest: httpx.Client, exchange: RunningExchange
) -> None:
    with updates_socket(exchange.stream_url) as socket:
        script(rest, fault="late_update", event="new", seconds=0.5)
        order = submit(rest).json()["id"]
        assert events_of(socket, order, 2) == ["fill", "new"]
        switch_on(rest, late_updates=1, late_update_s=0.5)
        order = submit(rest).json()["id"]
        assert socket.is_silent(0.2)
        assert events_of(socket, order, 2) == ["new", "fill"]


def test_a_socket_breaks_in_place_of_an_update_which_is_lost(
    rest: httpx.Client, exchange: RunningExchange
) -> None:
    with updates_socket(exchange.stream_url) as socket:
        script(rest, fault="disconnect_on_update", event="fill")
        order = submit(rest).json()["id"]
        assert events_of(socket, order, 1) == ["new"]
        assert socket.end() is None
    with updates_socket(exchange.stream_url) as socket:
        assert socket.is_silent()


def test_a_connected_socket_is_mute(rest: httpx.Client, exchange: RunningExchange) -> None:
    with (
        updates_socket(exchange.stream_url) as updates,
        market_socket(exchange.market_url(), quotes=["AAPL"]) as market,
    ):
        switch_on(rest, mute_updates=True, mute_market_data=True)
        submit(rest)
        exchange.quote("AAPL", 100.00, 100.02)
        assert updates.is_silent()
        assert market.is_silent()
        listen = {"action": "listen", "data": {"streams": ["trade_updates"]}}
        assert updates.ask(listen)["stream"] == "listening"
        switch_on(rest)
        submit(rest)
        exchange.quote("AAPL", 100.00, 100.02)
        assert updates.hear()["stream"] == "trade_updates"
        assert market.hear()[0]["T"] == "q"


# Sockets


def test_sockets_break_at_once(rest: httpx.Client, exchange: RunningExchange) -> None:
    with (
        updates_socket(exchange.stream_url) as updates,
        market_socket(exchange.market_url()) as market,
    ):
        script(rest, fault="disconnect", path="/stream")
        assert updates.end() is None
        assert market.is_silent()
        script(rest, fault="disconnect")
        assert market.end() is None


def test_sockets_break_after_so_many_updates(rest: httpx.Client, exchange: RunningExchange) -> None:
    with updates_socket(exchange.stream_url) as socket:
        switch_on(rest, disconnect_every_updates=3)
        first, second = submit(rest).json()["id"], submit(rest).json()["id"]
        assert events_of(socket, first, 2) == ["new", "fill"]
        assert events_of(socket, second, 1) == ["new"]
        assert socket.end() is None


def test_sockets_break_after_so_many_seconds(rest: httpx.Client, exchange: RunningExchange) -> None:
    switch_on(rest, disconnect_every_s=0.3)
    with (
        updates_socket(exchange.stream_url) as updates,
        market_socket(exchange.market_url()) as market,
    ):
        assert updates.end() is None
        assert market.end() is None


def test_sockets_are_refused(rest: httpx.Client, exchange: RunningExchange) -> None:
    with updates_socket(exchange.stream_url) as socket:
        switch_on(rest, refuse_sockets=True)
        assert socket.end() is None
        for url in (exchange.stream_url, exchange.market_url()):
            with pytest.raises(InvalidStatus) as refused, raw_socket(url):
                pass
            assert refused.value.response.status_code == 503
        assert rest.get("/v2/clock").status_code == 200
        switch_on(rest)
    with updates_socket(exchange.stream_url):
        pass


# The market


@pytest.mark.parametrize(("fault", "letter"), [("cancel_trades", "x"), ("correct_trades", "c")])
def test_trades_on_the_tape_are_cancelled_or_corrected(
    rest: httpx.Client, exchange: RunningExchange, fault: str, letter: str
) -> None:
    with market_socket(exchange.market_url(), trades=["AAPL"]) as market:
        switch_on(rest, **{fault: 1})
        exchange.trade("AAPL", 100.01, 10.0)
        (trade,) = market.hear()
        exchange.quote("AAPL", 100.00, 100.02)
        (undone,) = market.hear()
        assert undone["T"] == letter
        assert trade["i"] in (undone.get("i"), undone.get("oi"))
        switch_on(rest)
        exchange.trade("AAPL", 100.01, 10.0)
        assert market.hear()[0]["T"] == "t"
        exchange.quote("AAPL", 100.00, 100.02)
        assert market.is_silent()


def test_fills_are_a_part_of_what_they_could_be(
    rest: httpx.Client, exchange: RunningExchange
) -> None:
    switch_on(rest, partial_fills=1)
    cut = submit(rest, qty="100").json()
    assert cut["status"] == "partially_filled"
    assert 0 < int(cut["filled_qty"]) < 100
    switch_on(rest)
    assert submit(rest).json()["status"] == "filled"
    exchange.quote("AAPL", 100.00, 100.02)
    assert rest.get(f"/v2/orders/{cut['id']}").json()["status"] == "filled"


def test_a_busted_trade_takes_the_position_back(
    rest: httpx.Client, exchange: RunningExchange
) -> None:
    exchange.quote("NVDA", 150.0, 150.1)
    cash = rest.get("/v2/account").json()["cash"]
    with updates_socket(exchange.stream_url) as socket:
        script(rest, fault="bust", seconds=0.1)
        order = submit(rest, symbol="NVDA").json()["id"]
        assert events_of(socket, order, 3) == ["new", "fill", "trade_bust"]
    assert rest.get("/v2/positions/NVDA").status_code == 404
    assert rest.get("/v2/account").json()["cash"] == cash
    switch_on(rest, busts=1, bust_after_s=0.05)
    with updates_socket(exchange.stream_url) as socket:
        order = submit(rest, symbol="NVDA").json()["id"]
        assert events_of(socket, order, 3)[-1] == "trade_bust"


def test_the_nightly_window_refuses_requests_and_closes_sockets(
    rest: httpx.Client, exchange: RunningExchange
) -> None:
    now = exchange.floor.now()
    with updates_socket(exchange.stream_url) as socket:
        switch_on(rest, maintenance_start=now.strftime("%H:%M"), maintenance_minutes=10)
        closed = rest.get("/v2/clock")
        assert closed.status_code == 503
        assert 1 <= int(closed.headers["retry-after"]) <= 600
        assert socket.end() == 1001
        with pytest.raises(InvalidStatus), raw_socket(exchange.stream_url):
            pass
        exchange.advance(600)
        assert rest.get("/v2/clock").status_code == 200
    exchange.quote("AAPL", 100.00, 100.02)
