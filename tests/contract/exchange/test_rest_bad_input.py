"""What the paper exchange answers to mistakes over HTTP: status, code, and the field by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from fixtures.exchange import KEY_ID, SECRET, RunningExchange, options, running_exchange

HEADERS = {"APCA-API-KEY-ID": KEY_ID, "APCA-API-SECRET-KEY": SECRET}
ORDER = {
    "symbol": "AAPL",
    "qty": "1",
    "side": "buy",
    "type": "limit",
    "limit_price": "90",
    "time_in_force": "day",
}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("AAPL", 100.00, 100.02)
        yield running


@pytest.fixture(scope="module")
def rest(exchange: RunningExchange) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=exchange.url, headers=HEADERS) as client:
        yield client


def refused(answer: httpx.Response, status: int, code: int, words: str = "") -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert words in body["message"]
    return body


@pytest.mark.parametrize(
    ("changed", "status", "code", "words"),
    [
        ({"limit_price": "90.001"}, 422, 42210000, "limit_price"),
        ({"limit_price": "0.99999"}, 422, 42210000, "limit_price"),
        ({"notional": "100"}, 422, 40010001, "notional"),
        ({"qty": None}, 422, 40010001, "qty"),
        ({"qty": "0"}, 422, 42210000, "qty"),
        ({"qty": "-1"}, 422, 42210000, "qty"),
        ({"qty": "1e17"}, 422, 42210000, "qty"),
        ({"qty": "1e40"}, 422, 40010001, "qty"),
        ({"qty": "0.0000000001"}, 422, 42210000, "qty"),
        ({"qty": "ten"}, 422, 40010001, "qty"),
        ({"qty": {}}, 422, 40010001, "qty"),
        ({"limit_price": "-90"}, 422, 42210000, "limit_price"),
        ({"limit_price": None}, 422, 40010001, "limit_price"),
        ({"stop_price": "90"}, 422, 40010001, "stop_price"),
        ({"symbol": "NOPE"}, 422, 42210000, "NOPE"),
        ({"symbol": None}, 422, 40010001, "symbol"),
        ({"side": "hold"}, 422, 40010001, "side"),
        ({"type": "iceberg"}, 422, 40010001, "type"),
        ({"time_in_force": "gtd"}, 422, 40010001, "time_in_force"),
        ({"order_class": "mleg"}, 422, 40010001, "order_class"),
        ({"order_class": "bracket"}, 422, 40010001, "take_profit"),
        ({"client_order_id": "x" * 129}, 422, 40010001, "client_order_id"),
        ({"client_order_id": "a\u0000b"}, 422, 40010001, "client_order_id"),
        ({"qty": "100000"}, 403, 40310000, "buying power"),
        (
            {"type": "market", "limit_price": None, "time_in_force": "fok", "qty": "0.5"},
            422,
            42210000,
            "time_in_force",
        ),
    ],
)
def test_a_wrong_order_is_refused_and_named(
    rest: httpx.Client, changed: dict[str, Any], status: int, code: int, words: str
) -> None:
    body = {name: value for name, value in (ORDER | changed).items() if value is not None}
    refused(rest.post("/v2/orders", json=body), status, code, words)
    assert rest.get("/v2/orders").json() == []


def test_what_is_too_dear_says_what_there_is(rest: httpx.Client) -> None:
    body = refused(rest.post("/v2/orders", json=ORDER | {"qty": "100000"}), 403, 40310000)
    assert float(body["buying_power"]) == 400_000


@pytest.mark.parametrize("content", [b"", b"{", b"not json", b'{"qty": NaN}', b"\xff\xfe\x00"])
def test_broken_json_is_400(rest: httpx.Client, content: bytes) -> None:
    for method, path in (("POST", "/v2/orders"), ("PATCH", f"/v2/orders/{NOBODY}")):
        refused(rest.request(method, path, content=content), 400, 40010000, "JSON")


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_body_beyond_reason_is_refused(rest: httpx.Client, in_parts: bool) -> None:
    content = b'{"a":"' + b"x" * 100_000 + b'"}'
    parts = (content[place : place + 10_000] for place in range(0, len(content), 10_000))
    answer = rest.post("/v2/orders", content=parts if in_parts else content)
    refused(answer, 413, 41310000, "at most 65536 bytes")


def test_a_client_order_id_is_used_once(rest: httpx.Client) -> None:
    wanted = ORDER | {"client_order_id": "once"}
    first = rest.post("/v2/orders", json=wanted).json()
    again = rest.post("/v2/orders", json=wanted)
    refused(again, 422, 40010001, "client_order_id must be unique")
    rest.delete(f"/v2/orders/{first['id']}")
    refused(rest.post("/v2/orders", json=wanted), 422, 40010001, "client_order_id")


def test_what_is_over_is_neither_replaced_nor_cancelled(rest: httpx.Client) -> None:
    order = rest.post("/v2/orders", json=ORDER).json()
    path = f"/v2/orders/{order['id']}"
    assert rest.delete(path).status_code == 204
    refused(rest.delete(path), 422, 42210000, "canceled")
    refused(rest.patch(path, json={"qty": "2"}), 422, 42210000, "canceled")


def test_a_change_of_nothing_is_refused(rest: httpx.Client) -> None:
    order = rest.post("/v2/orders", json=ORDER).json()
    path = f"/v2/orders/{order['id']}"
    refused(rest.patch(path, json={}), 422, 40010001, "required")
    refused(rest.patch(path, json={"limit_price": "90.001"}), 422, 42210000, "limit_price")
    refused(rest.patch(path, json={"qty": "many"}), 422, 40010001, "qty")
    assert rest.get(path).json()["status"] == "new"
    rest.delete(path)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/v2/orders/{NOBODY}", 404, 40410000),
        ("DELETE", f"/v2/orders/{NOBODY}", 404, 40410000),
        ("GET", "/v2/orders/not-a-uuid", 422, 40010001),
        ("GET", "/v2/orders:by_client_order_id?client_order_id=never", 404, 40410000),
        ("GET", "/v2/orders:by_client_order_id", 422, 40010001),
        ("GET", "/v2/orders?limit=501", 422, 40010001),
        ("GET", "/v2/orders?status=some", 422, 40010001),
        ("GET", f"/v2/orders?after_order_id={NOBODY}", 404, 40410000),
        ("GET", "/v2/positions/AAPL", 404, 40410000),
        ("DELETE", "/v2/positions/AAPL?qty=1&percentage=5", 422, 40010001),
        ("DELETE", "/v2/positions/NOPE", 404, 40410000),
        ("GET", "/v2/assets/NOPE", 404, 40410000),
        ("GET", "/v2/assets?status=odd", 422, 40010001),
        ("GET", "/v2/calendar?start=soon", 422, 40010001),
        ("GET", "/v2/account/activities/not-a-type", 422, 40010001),
        ("GET", "/v2/account/activities?page_token=x", 422, 40010001),
        ("GET", "/v2/account/portfolio/history?period=soon", 422, 40010001),
        ("GET", "/v2/account/portfolio/history?period=3M&timeframe=1Min", 422, 40010001),
        ("GET", "/v2/watchlists", 404, 40410000),
        ("GET", "/nowhere", 404, 40410000),
        ("PUT", "/v2/orders", 405, 40510000),
        ("GET", "/v2/stocks/bars", 400, 40010000),
        ("GET", "/v2/stocks/bars?symbols=AAPL", 400, 40010000),
        ("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=2Day", 400, 40010000),
        ("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&limit=10001", 400, 40010000),
        ("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&adjustment=spin", 400, 40010000),
        ("GET", "/v2/stocks/bars?symbols=AAPL&timeframe=1Min&page_token=eA==", 400, 40010000),
        ("GET", "/v2/stocks/trades?symbols=AAPL&start=soon", 400, 40010000),
        ("GET", "/v2/stocks/trades?symbols=AAPL&start=2026-01-02&end=2026-01-01", 400, 40010000),
        ("GET", "/v2/stocks/trades?symbols=a%20b", 400, 40010000),
        ("GET", "/v2/stocks/quotes?symbols=AAPL&feed=best", 400, 40010000),
        ("GET", "/v2/stocks/MSFT/trades/latest", 404, 40410000),
    ],
)
def test_a_wrong_question_is_refused(
    rest: httpx.Client, method: str, path: str, status: int, code: int
) -> None:
    refused(rest.request(method, path), status, code)


def test_symbols_that_are_not_traded_here_have_no_data(rest: httpx.Client) -> None:
    query = {"symbols": "NOPE,BTC/USD", "timeframe": "1Min"}
    answer = rest.get("/v2/stocks/bars", params=query)
    assert answer.json() == {"bars": {}, "next_page_token": None}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"APCA-API-KEY-ID": KEY_ID},
        {"APCA-API-KEY-ID": KEY_ID, "APCA-API-SECRET-KEY": "wrong"},
        {"APCA-API-KEY-ID": KEY_ID, "APCA-API-SECRET-KEY": ""},
        {"APCA-API-KEY-ID": "nobody", "APCA-API-SECRET-KEY": ""},
        {"Authorization": "Bearer token"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic bm9ib2R5Om5vYm9keQ=="},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/account"),
        ("POST", "/v2/orders"),
        ("DELETE", "/v2/positions"),
        ("GET", "/v2/clock"),
        ("GET", "/v2/stocks/quotes/latest?symbols=AAPL"),
    ],
)
def test_without_the_right_keys_nothing_is_told(
    exchange: RunningExchange, headers: dict[str, str], method: str, path: str
) -> None:
    answer = httpx.request(method, exchange.url + path, headers=headers)
    body = refused(answer, 401, 40110000, "not authorized")
    assert SECRET not in str(body)


def test_a_closed_market_takes_orders_that_can_wait_and_no_others() -> None:
    evening = options().start
    assert evening is not None
    with (
        running_exchange(options(start=evening.replace(hour=23, minute=30))) as exchange,
        httpx.Client(base_url=exchange.url, headers=HEADERS) as rest,
    ):
        exchange.quote("AAPL", 100.00, 100.02)
        assert rest.get("/v2/clock").json()["is_open"] is False
        assert rest.post("/v2/orders", json=ORDER).json()["status"] == "accepted"
        now = ORDER | {"time_in_force": "ioc"}
        refused(rest.post("/v2/orders", json=now), 422, 42210000, "time_in_force")


# The control routes


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PATCH", "/exchange/clock", {"advance_s": -1}, "advance_s"),
        ("PATCH", "/exchange/clock", {"speed": "fast"}, "speed"),
        ("PATCH", "/exchange/clock", {"speed": 1e9}, "speed"),
        ("POST", "/exchange/accounts", {"key_id": "a b", "secret": "s"}, "key_id"),
        ("POST", "/exchange/accounts", {"key_id": "new", "secret": "s", "cash": "-1"}, "cash"),
        ("POST", "/exchange/accounts", {"key_id": "n", "secret": "s", "multiplier": 3}, "multi"),
        ("POST", "/exchange/accounts", {"key_id": KEY_ID, "secret": "s"}, "key_id"),
        ("POST", "/exchange/events", {"events": []}, "events"),
        ("POST", "/exchange/events", {"events": [{"type": "quote", "symbol": "AAPL"}]}, "bid"),
        (
            "POST",
            "/exchange/events",
            {"events": [{"type": "quote", "symbol": "AAPL", "bid": 2, "ask": 1}]},
            "bid",
        ),
        (
            "POST",
            "/exchange/events",
            {"events": [{"type": "trade", "symbol": "AAPL", "price": 0}]},
            "price",
        ),
        (
            "POST",
            "/exchange/events",
            {"events": [{"type": "trade", "symbol": "AAPL", "price": 1e308}]},
            "price",
        ),
        (
            "POST",
            "/exchange/events",
            {"events": [{"type": "trade", "symbol": "AAPL", "price": 1, "size": 1e300}]},
            "size",
        ),
        (
            "POST",
            "/exchange/events",
            {"events": [{"type": "trade", "symbol": "AAPL", "price": 1, "time": "2030-01-01T00Z"}]},
            "time",
        ),
    ],
)
def test_control_names_the_field_too(
    rest: httpx.Client, method: str, path: str, body: dict[str, Any], words: str
) -> None:
    refused(rest.request(method, path, json=body), 422, 40010001, words)


def test_control_moves_the_market(rest: httpx.Client) -> None:
    before = rest.get("/exchange/clock").json()
    assert before["speed"] == 0
    events = [
        {"type": "quote", "symbol": "AAPL", "bid": 100, "ask": 100.02},
        {"type": "trade", "symbol": "AAPL", "price": 100.01, "size": 5},
    ]
    assert rest.post("/exchange/events", json={"events": events}).status_code == 200
    newest = rest.get("/v2/stocks/AAPL/trades/latest").json()
    assert (newest["symbol"], newest["trade"]["p"]) == ("AAPL", 100.01)
    after = rest.patch("/exchange/clock", json={"advance_s": 1}).json()
    assert after["now"] > before["now"]
    unknown = [{"type": "trade", "symbol": "NOPE", "price": 1}]
    refused(rest.post("/exchange/events", json={"events": unknown}), 404, 40410000)


def test_only_a_scripted_market_takes_events() -> None:
    seeded = replace(options(), market="synthetic")
    with running_exchange(seeded) as exchange:
        events = [{"type": "trade", "symbol": "AAPL", "price": 1}]
        answer = httpx.post(f"{exchange.url}/exchange/events", json={"events": events})
        refused(answer, 422, 42210000, "--market scripted")


@pytest.mark.parametrize(
    "query",
    [
        {"end": "0001-01-01"},
        {"start": "9999-12-31", "period": "9999A"},
        {"start": "0001-01-01", "end": "9999-12-31"},
        {"date_end": "9999-12-31", "period": "9999A"},
    ],
)
def test_the_ends_of_time_are_no_dates_of_a_portfolio(
    rest: httpx.Client, query: dict[str, str]
) -> None:
    answer = rest.get("/v2/account/portfolio/history", params=query)
    refused(answer, 422, 40010001, "start, end and period")


# The description


def test_the_description_shows_every_route_with_its_bodies(rest: httpx.Client) -> None:
    document = rest.get("/openapi.json").json()
    paths = document["paths"]
    submit = paths["/v2/orders"]["post"]
    reference = submit["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert reference == "#/components/schemas/OrderBody"
    schemas = document["components"]["schemas"]
    assert {"symbol", "side", "type", "time_in_force"} <= set(schemas["OrderBody"]["required"])
    names = {parameter["name"] for parameter in paths["/v2/orders"]["get"]["parameters"]}
    assert {"status", "limit", "after", "nested", "after_order_id"} <= names
    for path, methods in paths.items():
        for method, described in methods.items():
            assert described["summary"], f"{method} {path}"
            assert described["tags"], f"{method} {path}"
            for status in ("400", "404", "422", "429"):
                content = described["responses"][status]["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert set(schemas["Problem"]["required"]) == {"code", "message"}
    assert {"401", "403"} <= set(submit["responses"])


def test_the_examples_of_the_description_can_be_sent_as_they_stand(rest: httpx.Client) -> None:
    schemas = rest.get("/openapi.json").json()["components"]["schemas"]
    for method, path, name in (
        ("POST", "/v2/orders", "OrderBody"),
        ("POST", "/exchange/accounts", "AccountBody"),
        ("POST", "/exchange/events", "EventsBody"),
        ("PATCH", "/exchange/clock", "ClockBody"),
    ):
        answer = rest.request(method, path, json=schemas[name]["example"])
        assert answer.is_success, answer.text


def test_every_reference_of_the_description_leads_somewhere(rest: httpx.Client) -> None:
    document = rest.get("/openapi.json").json()
    schemas = document["components"]["schemas"]

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for each in node.values():
                yield from walk(each)
        elif isinstance(node, list):
            for each in node:
                yield from walk(each)

    missing = {ref for ref in walk(document) if ref.rpartition("/")[2] not in schemas}
    assert not missing


def test_the_page_of_the_description_loads_nothing_from_elsewhere(rest: httpx.Client) -> None:
    page = rest.get("/docs").text
    assert "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"docs/{name}" in page
        assert rest.get(f"/docs/{name}").status_code == 200
    refused(rest.get("/docs/other.js"), 404, 40410000)
