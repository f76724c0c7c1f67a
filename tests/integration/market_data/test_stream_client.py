"""The client of the stream, and the command that shows it, against a real service."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from rich.console import Console

from algotrendy.cli.stream import run
from algotrendy.kernel.errors import Invalid, Rejected, Unauthenticated, Unavailable
from algotrendy.market_data.adapters.stream_client import StreamClient
from algotrendy.market_data.streaming.backing_off import Backoff
from algotrendy.market_data.streaming.messages import Quote, Trade
from algotrendy.market_data.streaming.topics import Channel, Offer, Topic
from fakes.stream_clients import StreamService, stream_service
from fakes.streamed import bar
from fixtures.valkey import free_port

STYLE = "renko:size=1"
BARS = Topic("AAPL", Channel.BARS, STYLE)
PATIENCE_S = 20.0
Message = dict[str, Any]


def client(url: str, token: Callable[[], str], *channels: str) -> StreamClient:
    backoff = Backoff(0.02, 0.2, lambda: 0.5)
    return StreamClient(url, token, ["AAPL"], channels or [f"bars:{STYLE}"], backoff)


async def next_of(messages: AsyncGenerator[Message, None], *types: str) -> Message:
    """Give the next message of a type, passing over others."""
    async with asyncio.timeout(PATIENCE_S):
        async for message in messages:
            if message["type"] in types:
                return message
    raise AssertionError("the stream ended")


def numbers(message: Message) -> tuple[str, list[int]]:
    return message["reason"], [each["number"] for each in message["bars"]]


def test_after_a_lost_connection_bars_go_on_where_they_were() -> None:
    port = free_port()

    async def story() -> None:
        with stream_service(port=port) as service:
            messages = client(service.url, service.token).listen()
            assert (await next_of(messages, "connection"))["state"] == "connected"
            await asyncio.to_thread(until_wanted, service)
            service.do(lambda: service.hub.load(BARS, [bar(1), bar(2)]))
            assert numbers(await next_of(messages, "snapshot")) == ("subscribed", [1, 2])
            service.do(lambda: service.hub.add(BARS, [bar(3)]))
            assert (await next_of(messages, "bar"))["number"] == 3
        lost = await next_of(messages, "connection")
        assert (lost["state"], lost["reason"][:4]) == ("lost", "1001")
        with stream_service(port=port) as service:
            while (await next_of(messages, "connection"))["state"] != "connected":
                continue
            await asyncio.to_thread(until_wanted, service)
            service.do(lambda: service.hub.load(BARS, [bar(n) for n in range(1, 6)]))
            assert numbers(await next_of(messages, "snapshot")) == ("resumed", [4, 5])
            await messages.aclose()

    asyncio.run(story())


def until_wanted(service: StreamService) -> None:
    while BARS not in service.do(service.hub.positions):
        continue


def test_a_token_is_renewed_before_it_ends() -> None:
    async def story() -> None:
        with stream_service() as service:
            messages = client(service.url, service.token, "trades").listen()
            await next_of(messages, "subscribed")
            service.advance(3_550)
            await next_of(messages, "expiring")
            renewed = await next_of(messages, "authenticated")
            assert renewed["expires"] == "2026-11-22T13:59:10.000000Z"
            await messages.aclose()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("claims", "kind"),
    [({"client_id": "another"}, Unauthenticated), ({"cognito:groups": ["tenant:a"]}, Rejected)],
)
def test_what_would_be_refused_again_is_not_tried_again(
    claims: dict[str, Any], kind: type[Exception]
) -> None:
    async def story() -> None:
        with stream_service() as service:
            messages = client(service.url, lambda: service.token(**claims)).listen()
            with pytest.raises(kind):
                await next_of(messages, "subscribed")

    asyncio.run(story())


def test_asking_for_what_is_not_streamed_says_what_is() -> None:
    async def story() -> None:
        told = pytest.raises(Rejected, match="BTC/USD")
        with stream_service(offer=Offer({"BTC/USD"})) as service, told:
            await next_of(client(service.url, service.token).listen(), "subscribed")

    asyncio.run(story())


def test_a_service_that_is_not_there_is_given_up_on() -> None:
    async def story(url: str) -> None:
        await next_of(client(url, str).listen(), "subscribed")

    with pytest.raises(Unavailable, match="does not answer"):
        asyncio.run(story(f"ws://127.0.0.1:{free_port()}/v1/stream"))
    with pytest.raises(Invalid, match="ws://"):
        asyncio.run(story("not an address"))


def shown(service: StreamService, console: Console, **options: Any) -> None:
    """Run the command against a service in which something happens, until Ctrl-C."""
    channels = ("trades", "quotes", f"bars:{STYLE}", f"partials:{STYLE}")
    listening = client(service.url, service.token, *channels).listen()

    async def until_told() -> AsyncGenerator[Message, None]:
        async for message in listening:
            yield message
            if message["type"] == "partial":
                os.kill(os.getpid(), signal.SIGINT)

    def happen() -> None:
        until_wanted(service)
        service.do(lambda: service.hub.load(BARS, [bar(1), bar(2)]))
        service.do(lambda: service.hub.on_trade(Trade("AAPL", 10**18, 271.5, 3.0, "V", "1", 5)))
        service.do(lambda: service.hub.on_quote(Quote("AAPL", 10**18, 271.4, 1, 271.6, 2, 5)))
        service.do(lambda: service.hub.add(BARS, [bar(3)]))
        partials = BARS.beside(Channel.PARTIALS)
        while partials not in service.do(service.hub.partial_topics):
            continue
        service.do(lambda: service.hub.partial(partials, bar(4, known=0)))

    thread = threading.Thread(target=happen)
    thread.start()
    run(until_told(), console, ["AAPL"], [STYLE], **options)
    thread.join(PATIENCE_S)


def test_the_command_prints_json_lines_and_ends_well_on_ctrl_c(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stream_service() as service:
        shown(service, Console(file=io.StringIO()), as_json=True)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = {each["type"] for each in told}
    assert {"welcome", "authenticated", "subscribed", "snapshot", "bar", "partial"} <= kinds


def test_the_command_prints_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with stream_service() as service:
        shown(service, Console(file=io.StringIO()))
    told = capsys.readouterr().out
    assert "connection: connected" in told
    assert "AAPL renko:size=1 3 ▲" in told


def test_the_command_draws_what_is_newest_on_a_terminal() -> None:
    drawn = io.StringIO()
    with stream_service() as service:
        shown(service, Console(file=drawn, force_terminal=True, width=120, height=40))
    told = drawn.getvalue()
    for word in ("AAPL", "271.5", "271.4", "0.2", "renko:size=1", "104", "connected"):
        assert word in told
