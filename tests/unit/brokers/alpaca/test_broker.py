"""What Alpaca answers, and what never comes, is told in the platform's errors; nothing is resent.

alpaca-py itself speaks here, over HTTP, with a server that answers what it was told to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import pytest

from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Invalid,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side
from algotrendy.kernel.order_request import OrderRequest, StopLoss, TakeProfit
from fakes.alpaca_order import MULTI_LEG, ORDER
from fakes.canned_server import Canned, CannedServer, canned, free_port

T = TypeVar("T")

ID = str(UUID(ORDER["id"]))
REQUEST = OrderRequest(
    "AAPL",
    Side.BUY,
    OrderType.LIMIT,
    quantity=Decimal("10.000000001"),
    limit_price=Decimal("100.020"),
    client_order_id="mine-1",
)
NO_SUCH = Canned(404, {"code": 40410000, "message": "order not found"})


def ask(url: str, question: Callable[[AlpacaBroker], Awaitable[T]], **settings: Any) -> T:
    async def main() -> T:
        broker = AlpacaBroker(AlpacaSettings("key", "secret", url=url, **settings))
        try:
            return await question(broker)
        finally:
            await broker.close()

    return asyncio.run(main())


def submit(server: CannedServer, **settings: Any) -> Any:
    return ask(server.url, lambda broker: broker.submit(REQUEST), **settings)


def test_an_order_is_sent_with_every_digit_as_text_and_with_our_name() -> None:
    with canned(Canned(200, ORDER)) as server:
        placed = submit(server)
    assert placed.client_order_id == "mine-1"
    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", "/v2/orders")
    assert asked.headers["APCA-API-KEY-ID"] == "key"
    assert asked.body == {
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "time_in_force": "day",
        "client_order_id": "mine-1",
        "qty": "10.000000001",
        "limit_price": "100.020",
    }


def test_a_bracket_is_sent_with_its_exits() -> None:
    bracket = OrderRequest(
        "AAPL",
        Side.BUY,
        quantity=Decimal(10),
        client_order_id="mine-2",
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfit(Decimal(105)),
        stop_loss=StopLoss(Decimal(95), Decimal("94.5")),
    )
    with canned(Canned(200, ORDER)) as server:
        ask(server.url, lambda broker: broker.submit(bracket))
    body = server.asked[0].body
    assert body["order_class"] == "bracket"
    assert body["take_profit"] == {"limit_price": "105"}
    assert body["stop_loss"] == {"stop_price": "95", "limit_price": "94.5"}


def test_what_the_table_does_not_offer_is_never_sent() -> None:
    with canned() as server, pytest.raises(Invalid):
        ask(server.url, lambda b: b.submit(OrderRequest("AAPL", Side.BUY, quantity=Decimal(1))))
    assert server.asked == []


@pytest.mark.parametrize(
    "answer", [Canned(500), Canned(502), Canned(504), Canned(breaks=True), Canned(200, b"<html>")]
)
def test_an_order_without_a_clear_answer_is_unknown_and_sent_once(answer: Canned) -> None:
    with canned(answer) as server, pytest.raises(Unknown, match="order mine-1"):
        submit(server)
    assert server.lines == ["POST /v2/orders"]


def test_an_order_that_is_answered_too_late_is_unknown() -> None:
    with canned(Canned(200, ORDER, delay_s=20)) as server, pytest.raises(Unknown):
        submit(server, read_timeout_s=0.1)
    assert len(server.asked) == 1


@pytest.mark.parametrize("answer", [{"id": "x"}, MULTI_LEG, ORDER | {"side": "both"}])
def test_an_answer_that_is_no_order_of_ours_leaves_the_outcome_unknown(
    answer: dict[str, Any],
) -> None:
    with (
        canned(Canned(200, answer)) as server,
        pytest.raises(Unknown, match="cannot be read"),
    ):
        submit(server)


def test_an_order_that_could_not_be_sent_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="no connection"):
        ask(f"http://127.0.0.1:{free_port()}", lambda broker: broker.submit(REQUEST))


def test_a_503_behind_which_no_order_turns_up_is_unknown_and_never_sent_again() -> None:
    with (
        canned(Canned(503), NO_SUCH, NO_SUCH, NO_SUCH) as server,
        pytest.raises(Unknown, match="order mine-1"),
    ):
        submit(server, look_again_s=(0.0, 0.0))
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET", "GET"]


def test_a_503_behind_which_the_order_stands_gives_the_order() -> None:
    with canned(Canned(503), Canned(200, ORDER)) as server:
        assert submit(server).broker_order_id == ID


@pytest.mark.parametrize("first", [NO_SUCH, Canned(503), Canned(breaks=True)])
def test_an_order_that_turns_up_later_behind_a_503_is_given(first: Canned) -> None:
    with canned(Canned(503), first, Canned(200, ORDER)) as server:
        assert submit(server, look_again_s=(0.0,)).broker_order_id == ID
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET"]


def test_a_503_behind_which_nobody_answers_is_unknown() -> None:
    with canned(Canned(503), Canned(503), Canned(503)) as server, pytest.raises(Unknown):
        submit(server, look_again_s=(0.0,))
    assert len(server.asked) == 3


def test_a_503_behind_which_a_look_is_refused_is_unknown_at_once() -> None:
    refused = Canned(401, {"code": 40110000, "message": "request is not authorized"})
    with canned(Canned(503), refused) as server, pytest.raises(Unknown):
        submit(server, look_again_s=(0.0, 0.0))
    assert len(server.asked) == 2


def test_a_look_behind_a_503_ends_when_the_broker_is_closed() -> None:
    async def closed_meanwhile(broker: AlpacaBroker) -> None:
        waiting = asyncio.create_task(broker.submit(REQUEST))
        while len(server.asked) < 2:  # noqa: ASYNC110 - the server is in a thread
            await asyncio.sleep(0.005)
        await broker.close()
        await asyncio.wait_for(waiting, 30)

    with canned(Canned(503), NO_SUCH) as server:
        with pytest.raises(Unknown):
            ask(server.url, closed_meanwhile, look_again_s=(600.0, 600.0))
        assert len(server.asked) == 2


def test_a_429_is_unavailable_until_the_time_it_says_and_not_sent_again() -> None:
    with (
        canned(Canned(429, headers={"Retry-After": "7"})) as server,
        pytest.raises(Unavailable) as refusal,
    ):
        submit(server)
    assert refusal.value.retry_after_s == 7.0
    assert len(server.asked) == 1


def test_after_a_429_nothing_is_sent_before_its_time() -> None:
    async def twice(broker: AlpacaBroker) -> None:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await broker.account()

    with canned(Canned(429, headers={"Retry-After": "60"})) as server:
        ask(server.url, twice)
    assert len(server.asked) == 1


def test_a_422_for_a_name_that_is_in_use_is_a_conflict_that_names_the_order() -> None:
    refused = Canned(422, {"code": 40010001, "message": "client_order_id must be unique"})
    with canned(refused, Canned(200, ORDER)) as server, pytest.raises(Conflict) as refusal:
        submit(server)
    assert refusal.value.facts["broker_order_id"] == ID


def test_the_same_422_for_another_mistake_is_rejected_with_its_words() -> None:
    refused = Canned(422, {"code": 42210000, "message": "invalid limit_price 100.021"})
    with canned(refused, NO_SUCH) as server, pytest.raises(Rejected, match="limit_price") as found:
        submit(server)
    assert not isinstance(found.value, Conflict)
    assert found.value.facts["broker_code"] == 42210000


def test_a_422_behind_which_nobody_answers_is_unknown() -> None:
    with canned(Canned(422, {"code": 40010001}), Canned(500)) as server, pytest.raises(Unknown):
        submit(server)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {"code": 40110000, "message": "request is not authorized"}, Unauthenticated),
        (403, {"message": "forbidden."}, Unauthenticated),
        (403, {"code": 40310000, "message": "insufficient buying power"}, Rejected),
        (400, {"code": 40010000, "message": "request body format is invalid"}, Rejected),
        (400, b"<html>", Rejected),
    ],
)
def test_a_refusal_is_told_by_its_status_and_number(
    status: int, body: Any, error: type[AlgoTrendyError]
) -> None:
    with canned(Canned(status, body)) as server, pytest.raises(AlgoTrendyError) as refusal:
        submit(server)
    assert type(refusal.value) is error


def test_facts_of_a_refusal_come_along() -> None:
    body = {"code": 40310000, "message": "insufficient buying power", "buying_power": "5"}
    with canned(Canned(403, body)) as server, pytest.raises(Rejected) as refusal:
        submit(server)
    assert refusal.value.facts["buying_power"] == "5"


@pytest.mark.parametrize("answer", [Canned(500), Canned(503), Canned(504), Canned(breaks=True)])
def test_a_read_that_fails_is_unavailable(answer: Canned) -> None:
    with canned(answer) as server, pytest.raises(Unavailable):
        ask(server.url, lambda broker: broker.account())


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_cancel_without_a_clear_answer_is_unknown(status: int) -> None:
    with canned(Canned(status)) as server, pytest.raises(Unknown, match="cancel of"):
        ask(server.url, lambda broker: broker.cancel(ID))
    assert server.lines == [f"DELETE /v2/orders/{ID}"]


def test_an_id_that_alpaca_never_gives_is_not_found_without_asking() -> None:
    with canned() as server, pytest.raises(NotFound):
        ask(server.url, lambda broker: broker.order("../account"))
    assert server.asked == []


def test_orders_are_read_page_by_page() -> None:
    page = [ORDER | {"id": str(UUID(int=n))} for n in range(500)]
    with canned(Canned(200, page), Canned(200, [ORDER])) as server:
        found = ask(server.url, lambda broker: broker.orders())
    assert len(found) == 501
    assert f"after_order_id={UUID(int=499)}" in server.asked[1].path


def test_orders_that_are_not_offered_are_left_out_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def twice(broker: AlpacaBroker) -> list[list[str]]:
        return [[o.client_order_id for o in await broker.orders()] for _ in range(2)]

    listed = Canned(200, [MULTI_LEG, ORDER])
    with canned(listed, listed) as server, caplog.at_level(logging.WARNING):
        assert ask(server.url, twice) == [["mine-1"], ["mine-1"]]
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert MULTI_LEG["id"] in record.getMessage()


def test_a_page_that_ends_with_what_is_not_offered_leads_to_the_next() -> None:
    page = [MULTI_LEG | {"id": str(UUID(int=n))} for n in range(500)]
    with canned(Canned(200, page), Canned(200, [ORDER])) as server:
        found = ask(server.url, lambda broker: broker.orders())
    assert [order.client_order_id for order in found] == ["mine-1"]
    assert f"after_order_id={UUID(int=499)}" in server.asked[1].path


def test_a_page_that_comes_again_ends_the_reading() -> None:
    page = [MULTI_LEG | {"id": str(UUID(int=n))} for n in range(500)]
    with canned(Canned(200, page), Canned(200, page)) as server:
        assert ask(server.url, lambda broker: broker.orders()) == []
    assert len(server.asked) == 2


def test_one_order_that_is_not_offered_is_rejected_by_its_kind() -> None:
    with (
        canned(Canned(200, MULTI_LEG)) as server,
        pytest.raises(Rejected, match="order class 'mleg'"),
    ):
        ask(server.url, lambda broker: broker.order(MULTI_LEG["id"]))


def test_a_name_that_an_order_not_offered_has_is_a_conflict() -> None:
    refused = Canned(422, {"code": 40010001, "message": "client_order_id must be unique"})
    with canned(refused, Canned(200, MULTI_LEG)) as server, pytest.raises(Conflict) as refusal:
        submit(server)
    assert refusal.value.facts["broker_order_id"] == MULTI_LEG["id"]


def test_fills_are_read_page_by_page_and_each_once() -> None:
    def activity(number: int) -> dict[str, str]:
        return {
            "id": f"20260105150001000::{number}",
            "order_id": ID,
            "symbol": "AAPL",
            "side": "buy",
            "qty": "1",
            "price": "99.5",
            "transaction_time": "2026-01-05T15:00:01Z",
        }

    page = [activity(n) for n in range(100)]
    with canned(Canned(200, page), Canned(200, [activity(99), activity(100)])) as server:
        found = ask(server.url, lambda broker: broker.fills())
    assert [fill.execution_id for fill in found] == [str(n) for n in range(101)]


def test_a_pair_held_is_named_with_its_slash() -> None:
    position = {
        "symbol": "BTCUSD",
        "asset_class": "crypto",
        "asset_id": "b-1",
        "qty": "0.25",
        "side": "long",
        "avg_entry_price": "40000",
    }
    with canned(Canned(200, [position]), Canned(200, {"symbol": "BTC/USD"})) as server:
        [held] = ask(server.url, lambda broker: broker.positions())
    assert held.symbol == Symbol("BTC/USD")
    assert server.lines[1] == "GET /v2/assets/b-1"


def test_a_redirect_is_not_followed() -> None:
    moved = Canned(307, headers={"Location": "/elsewhere"})
    with canned(moved) as server, pytest.raises(Unknown):
        submit(server)
    assert len(server.asked) == 1


def test_a_closed_broker_sends_nothing() -> None:
    async def closed_first(broker: AlpacaBroker) -> None:
        await broker.close()
        await broker.account()

    with canned() as server, pytest.raises(Unavailable, match="closed by us"):
        ask(server.url, closed_first)
    assert server.asked == []


def test_a_request_that_waits_its_turn_while_the_broker_closes_is_not_sent() -> None:
    async def closed_meanwhile(broker: AlpacaBroker) -> None:
        with pytest.raises(Unavailable, match="too many"):
            await broker.account()
        waiting = asyncio.create_task(broker.submit(REQUEST))
        await asyncio.sleep(0)
        await broker.close()
        await waiting

    with canned(Canned(429, {}, {"Retry-After": "0.1"})) as server:
        with pytest.raises(Unavailable, match="closed by us"):
            ask(server.url, closed_meanwhile)
        assert len(server.asked) == 1
