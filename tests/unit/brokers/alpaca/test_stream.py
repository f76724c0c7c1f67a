"""The stream says when it may have missed something, also on a socket that lives and is mute.

alpaca-py's own socket speaks here with a server that does what each test wants.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.alpaca.stream import BEFORE_ALL, UpdateStream
from algotrendy.brokers.port import BrokerUpdate, StreamGap
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    NotFound,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from fakes.alpaca_order import MULTI_LEG, ORDER

BEFORE = datetime(2026, 1, 5, 15, 0, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 5, 15, 0, 2, tzinfo=UTC)

Session = Callable[[ServerConnection], Awaitable[None]]
Newest = Callable[[], Awaitable[datetime]]


def authorization(status: str) -> str:
    return json.dumps({"stream": "authorization", "data": {"status": status, "action": "auth"}})


def update(**changes: Any) -> bytes:
    data = {"event": "new", "timestamp": "2026-01-05T15:00:01Z", "order": ORDER | changes}
    return json.dumps({"stream": "trade_updates", "data": data}).encode()


async def sign_in(socket: ServerConnection) -> None:
    asked = json.loads(await socket.recv())
    assert asked == {
        "action": "authenticate",
        "data": {"key_id": "key", "secret_key": "secret"},
    }
    await socket.send(authorization("authorized").encode())
    await answer_listen(socket)


async def answer_listen(socket: ServerConnection) -> None:
    assert json.loads(await socket.recv())["action"] == "listen"
    await socket.send(
        json.dumps({"stream": "listening", "data": {"streams": ["trade_updates"]}}).encode()
    )


async def until_left(socket: ServerConnection) -> None:
    await socket.wait_closed()


async def never_changed() -> datetime:
    return BEFORE_ALL


def hear(
    *sessions: Session,
    items: int,
    newest: Newest = never_changed,
    silence_s: float = 30.0,
    answer_s: float = 5.0,
) -> list[BrokerUpdate | StreamGap]:
    """Listen to so many items; each connection gets the next session, the last one for ever."""

    async def main() -> list[BrokerUpdate | StreamGap]:
        met = 0

        async def meet(socket: ServerConnection) -> None:
            nonlocal met
            met += 1
            try:
                await sessions[min(met, len(sessions)) - 1](socket)
            except ConnectionClosed:
                return

        async with serve(meet, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            settings = AlpacaSettings(
                "key",
                "secret",
                stream_url=f"ws://127.0.0.1:{port}/stream",
                silence_s=silence_s,
                answer_s=answer_s,
                backoff_s=(0.01, 0.02),
            )
            closed = asyncio.Event()
            heard: list[BrokerUpdate | StreamGap] = []
            async for item in UpdateStream(settings, newest, closed, lambda: 0.5).items():
                heard.append(item)
                if len(heard) == items:
                    closed.set()
            return heard

    return asyncio.run(asyncio.wait_for(main(), 30))


async def tells_one_update(socket: ServerConnection) -> None:
    await sign_in(socket)
    await socket.send(update())
    await until_left(socket)


def test_a_gap_comes_first_and_then_the_news() -> None:
    gap, news = hear(tells_one_update, items=2)
    assert gap == StreamGap("connected")
    assert isinstance(news, BrokerUpdate)
    assert news.order.client_order_id == "mine-1"


def test_keys_that_are_not_taken_end_the_stream() -> None:
    async def refuses(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(authorization("unauthorized"))
        await until_left(socket)

    with pytest.raises(Unauthenticated):
        hear(refuses, items=1)


def test_a_broken_connection_comes_back_with_a_gap() -> None:
    async def breaks(socket: ServerConnection) -> None:
        await sign_in(socket)
        await socket.send(update())
        await socket.close()

    heard = hear(breaks, tells_one_update, items=4)
    assert [type(item) for item in heard] == [StreamGap, BrokerUpdate] * 2
    assert heard[2] == StreamGap("the connection broke")


async def hangs_up(socket: ServerConnection) -> None:
    await socket.close()


async def babbles_at_sign_in(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.send("not json")
    await until_left(socket)


async def never_answers(socket: ServerConnection) -> None:
    await until_left(socket)


async def never_confirms(socket: ServerConnection) -> None:
    await socket.recv()
    await socket.send(authorization("authorized"))
    await until_left(socket)


@pytest.mark.parametrize(
    "begins",
    [hangs_up, babbles_at_sign_in, never_answers, never_confirms],
    ids=lambda f: f.__name__,
)
def test_a_connection_that_does_not_come_about_is_tried_again(begins: Session) -> None:
    heard = hear(begins, begins, tells_one_update, items=2, answer_s=0.2)
    assert [type(item) for item in heard] == [StreamGap, BrokerUpdate]


@pytest.mark.parametrize("frame", [b"{", b"[]", b'{"stream":"trade_updates"}', update(side="both")])
def test_news_that_cannot_be_read_is_a_gap(frame: bytes) -> None:
    async def babbles(socket: ServerConnection) -> None:
        await sign_in(socket)
        await socket.send(frame)
        await until_left(socket)

    heard = hear(babbles, tells_one_update, items=3)
    assert heard[1] == StreamGap("an update that cannot be read")


def test_streams_that_nobody_asked_for_are_not_heard() -> None:
    async def chats(socket: ServerConnection) -> None:
        await sign_in(socket)
        await socket.send(json.dumps({"stream": "account_updates", "data": {}}))
        await socket.send(update())
        await until_left(socket)

    assert [type(item) for item in hear(chats, items=2)] == [StreamGap, BrokerUpdate]


def test_news_of_orders_that_are_not_offered_is_left_out() -> None:
    async def tells_of_options(socket: ServerConnection) -> None:
        await sign_in(socket)
        await socket.send(update(**MULTI_LEG))
        await socket.send(update())
        await until_left(socket)

    gap, news = hear(tells_of_options, items=2)
    assert isinstance(gap, StreamGap)
    assert isinstance(news, BrokerUpdate)
    assert news.order.client_order_id == "mine-1"


def test_a_socket_that_does_not_answer_any_more_is_given_up() -> None:
    async def falls_mute(socket: ServerConnection) -> None:
        await sign_in(socket)
        await until_left(socket)

    heard = hear(falls_mute, tells_one_update, items=3, silence_s=0.05, answer_s=0.3)
    assert heard[1] == StreamGap("no answer to us")


@pytest.mark.parametrize("before", [BEFORE, BEFORE_ALL], ids=["orders", "no orders"])
def test_a_socket_that_answers_and_does_not_tell_what_changed_is_given_up(
    before: datetime,
) -> None:
    changes = iter([before, LATER])

    async def newest() -> datetime:
        return next(changes, LATER)

    async def answers_only(socket: ServerConnection) -> None:
        await sign_in(socket)
        while True:
            await answer_listen(socket)

    heard = hear(
        answers_only, tells_one_update, items=3, newest=newest, silence_s=0.05, answer_s=0.3
    )
    assert heard[1] == StreamGap("the stream was mute")


def test_a_socket_that_is_only_quiet_is_kept() -> None:
    async def newest() -> datetime:
        return BEFORE

    async def is_quiet_for_long(socket: ServerConnection) -> None:
        await sign_in(socket)
        for _ in range(3):
            await answer_listen(socket)
        await socket.send(update())
        await until_left(socket)

    heard = hear(is_quiet_for_long, items=2, newest=newest, silence_s=0.05)
    assert [type(item) for item in heard] == [StreamGap, BrokerUpdate]


def test_a_proof_whose_rest_question_fails_goes_by_the_answer_alone() -> None:
    async def newest() -> datetime:
        raise Unavailable("alpaca", "away")

    async def is_quiet(socket: ServerConnection) -> None:
        await sign_in(socket)
        await answer_listen(socket)
        await socket.send(update())
        await until_left(socket)

    heard = hear(is_quiet, items=2, newest=newest, silence_s=0.05)
    assert [type(item) for item in heard] == [StreamGap, BrokerUpdate]


REFUSALS = [Rejected("no"), NotFound("orders", "all"), Unknown("orders", "who knows")]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda e: type(e).__name__)
def test_a_proof_whose_rest_question_is_refused_is_a_gap_and_not_the_end(
    refusal: AlgoTrendyError,
) -> None:
    asked = 0

    async def newest() -> datetime:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise refusal
        return BEFORE

    async def is_quiet(socket: ServerConnection) -> None:
        await sign_in(socket)
        await until_left(socket)

    heard = hear(is_quiet, tells_one_update, items=3, newest=newest, silence_s=0.05)
    assert heard[:2] == [
        StreamGap("connected"),
        StreamGap("orders could not be read to prove the stream"),
    ]
    assert isinstance(heard[2], BrokerUpdate)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda e: type(e).__name__)
def test_a_rest_question_that_is_always_refused_leaves_the_news_that_comes(
    refusal: AlgoTrendyError,
) -> None:
    async def newest() -> datetime:
        raise refusal

    heard = hear(tells_one_update, items=4, newest=newest, silence_s=0.05)
    assert [type(item) for item in heard] == [StreamGap, BrokerUpdate] * 2


@pytest.mark.parametrize("before", [0, 1], ids=["at once", "later"])
def test_keys_that_rest_does_not_take_end_the_stream(before: int) -> None:
    answers = [BEFORE] * before

    async def newest() -> datetime:
        if answers:
            return answers.pop()
        raise Unauthenticated("Alpaca does not take these keys")

    async def is_quiet(socket: ServerConnection) -> None:
        await sign_in(socket)
        await until_left(socket)

    with pytest.raises(Unauthenticated, match="does not take these keys"):
        hear(is_quiet, items=3, newest=newest, silence_s=0.05)


def test_news_that_comes_while_the_socket_is_put_to_the_proof_is_told() -> None:
    changes = iter([BEFORE, LATER])

    async def newest() -> datetime:
        return next(changes, LATER)

    async def tells_late(socket: ServerConnection) -> None:
        await sign_in(socket)
        assert json.loads(await socket.recv())["action"] == "listen"
        await socket.send(update(updated_at="2026-01-05T15:00:02Z"))
        await socket.send(
            json.dumps({"stream": "listening", "data": {"streams": ["trade_updates"]}})
        )
        await answer_listen(socket)
        await socket.send(update())
        await until_left(socket)

    heard = hear(tells_late, items=3, newest=newest, silence_s=0.05)
    assert [type(item) for item in heard] == [StreamGap, BrokerUpdate, BrokerUpdate]
