"""Where a stage has a domain, requests come through it, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from algotrendy.platform.http import create_app
from algotrendy.platform.settings import reset_settings
from fakes.app_client import AppClient

SECRET = "a-secret-of-the-distribution"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppClient]:
    monkeypatch.setenv("ALGOTRENDY_ORIGIN_SECRET", SECRET)
    reset_settings()
    yield AppClient(create_app("Things", "things"))
    reset_settings()


def test_a_request_with_the_secret_comes_in(client: AppClient) -> None:
    answer = client.get("/things/health", headers={"x-origin-verify": SECRET})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("x-origin-verify", "")],
        [("x-origin-verify", SECRET + "x")],
        [("x-origin-verify", SECRET[:-1])],
        [("x-origin-verify", "guess"), ("x-origin-verify", SECRET)],
        [("authorization", f"Bearer {SECRET}")],
    ],
)
@pytest.mark.parametrize("path", ["/things/health", "/nothing/here"])
def test_a_request_that_went_around_is_refused_whatever_it_asks_for(
    client: AppClient, headers: list[tuple[str, str]], path: str
) -> None:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert SECRET not in answer.text


def test_without_a_domain_requests_come_from_anywhere() -> None:
    assert AppClient(create_app("Things", "things")).get("/things/health").status_code == 200
