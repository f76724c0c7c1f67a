"""What every request passes, on the deployed gateway: limits, keys, sizes, ETag, compression."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from fixtures.platform import Platform

pytestmark = pytest.mark.platform

SWEEP = {
    "strategy": "sma_cross",
    "symbols": ["AAPL"],
    "start": "2005-01-03",
    "end": "2006-12-29",
    "parameters": {"fast": ["5", "10"], "slow": ["50"]},
}


@pytest.fixture(scope="module")
def http(platform: Platform) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {platform.token('ada')}"}
    with httpx.Client(base_url=platform.api_url, timeout=40, headers=headers) as client:
        yield client


def test_requests_are_counted_in_the_cache(http: httpx.Client) -> None:
    answer = http.get("/v1/gate")
    assert answer.status_code == 200, answer.text
    assert answer.headers["ratelimit-limit"] == "2000"
    assert 0 < int(answer.headers["ratelimit-remaining"]) < 2000
    assert answer.headers["ratelimit-policy"] == '"read";q=2000;w=2'
    assert "ratelimit-unchecked" not in answer.headers
    refused = http.post("/v1/orders", json={})
    assert refused.status_code == 403
    assert refused.headers["ratelimit-policy"] == '"trade";q=2000;w=2'


def test_an_answer_is_compressed_and_not_sent_twice(http: httpx.Client) -> None:
    plain = http.get("/v1/strategies", headers={"accept-encoding": "identity"})
    small = http.get("/v1/strategies", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.json() == plain.json()
    assert small.num_bytes_downloaded < plain.num_bytes_downloaded / 2
    tag = small.headers["etag"]
    again = http.get("/v1/strategies", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize(
    ("body", "status"), [(b"[" * 10_000_000, 413), (b"[" * 100_000, 422)], ids=["large", "deep"]
)
def test_a_body_that_is_too_large_or_too_deep_is_told_so(
    http: httpx.Client, body: bytes, status: int
) -> None:
    headers = {"content-type": "application/json", "idempotency-key": str(uuid4())}
    answer = http.post("/v1/sweeps", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_sent_twice_is_done_once(http: httpx.Client) -> None:
    def ask(path: str, key: str, **changes: object) -> httpx.Response:
        return http.post(path, json={**SWEEP, **changes}, headers={"idempotency-key": key})

    key = str(uuid4())
    first, again = ask("/v1/sweeps", key), ask("/v1/sweeps", key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    other = ask("/v1/sweeps", key, seed=9)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

    path, cancel = f"/v1/sweeps/{first.json()['id']}/cancel", str(uuid4())
    cancelled, replayed = ask(path, cancel), ask(path, cancel)
    if cancelled.status_code == 409:  # it was over before
        assert (replayed.status_code, "idempotency-replayed" in replayed.headers) == (409, False)
    else:
        assert cancelled.json()["status"] == "cancelled"
        assert replayed.json() == cancelled.json()
        assert replayed.headers["idempotency-replayed"] == "true"
        reused = ask(f"/v1/walk-forwards/{uuid4()}/cancel", cancel)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")
