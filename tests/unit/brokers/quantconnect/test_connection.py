"""The signature, the pace and the address of calls."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime

import httpx
import pytest

from algotrendy.brokers.quantconnect.connection import Connection, Credentials, Pacer
from algotrendy.brokers.quantconnect.models import Answer
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid, Unknown

AT = datetime(2026, 1, 5, 15, 0, 0, 999_000, tzinfo=UTC)


def test_a_request_is_signed_with_the_hash_of_token_and_whole_second() -> None:
    auth, headers = Credentials("4711", "secret").sign(AT)
    assert headers == {"Timestamp": "1767625200"}
    request = next(auth.auth_flow(httpx.Request("POST", "https://example.com")))
    hashed = hashlib.sha256(b"secret:1767625200").hexdigest()
    wanted = base64.b64encode(f"4711:{hashed}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {wanted}"


def test_the_token_is_in_no_repr() -> None:
    assert "secret" not in repr(Credentials("4711", "secret"))


@pytest.mark.parametrize(
    ("user", "token", "field"), [("me", "t", "user_id"), ("", "t", "user_id"), ("1", " ", "token")]
)
def test_credentials_that_cannot_be_right_are_invalid(user: str, token: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Credentials(user, token)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "url", ["http://example.com", "ftp://localhost", "quantconnect", "http://localhost.example.com"]
)
def test_an_address_that_others_can_listen_to_is_invalid(url: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Connection(Credentials("1", "t"), SystemClock(), url=url)
    assert refusal.value.field == "url"


def test_a_full_minute_of_requests_makes_the_next_one_wait() -> None:
    now, slept = [0.0], []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    async def act() -> None:
        pacer = Pacer(3, sleep, lambda: now[0])
        for _ in range(7):
            await pacer.wait()
            now[0] += 1

    asyncio.run(act())
    assert slept == [57, 57]


def test_an_answer_that_cannot_be_unpacked_leaves_the_outcome_unknown() -> None:
    def garbled(_: httpx.Request) -> httpx.Response:
        headers = {"Content-Encoding": "gzip"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"no gzip at all"))

    async def act() -> None:
        transport = httpx.MockTransport(garbled)
        made = Connection(Credentials("1", "t"), SystemClock(), transport=transport)
        async with made as connection:
            await connection.once("live/commands/create", Answer)

    with pytest.raises(Unknown, match="DecodingError"):
        asyncio.run(act())
