"""Every request is held to its caller's limits, told so, and safe when nobody can count."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request

from algotrendy.identity import app as guarded
from algotrendy.identity import throttling
from algotrendy.identity.permissions import Permission
from algotrendy.identity.principal import Principal, PrincipalKind, Role
from algotrendy.identity.routes import PUBLIC, ROUTES, SIGNED_IN, Access, LimitClass
from algotrendy.kernel.errors import Unauthenticated, Unavailable
from algotrendy.kernel.ids import TenantId, UserId
from algotrendy.platform.flags import RateLimit
from algotrendy.platform.rate_limits import LocalBuckets, Verdict, own_buckets
from algotrendy.platform.settings import reset_settings
from fakes.app_client import AppClient

LIMITS = {
    "read": RateLimit(rate_per_s=2.0, burst=4),
    "research": RateLimit(rate_per_s=1.0, burst=1),
    "trade": RateLimit(rate_per_s=0.5, burst=2),
    "admin": RateLimit(rate_per_s=0.1, burst=1),
    "public": RateLimit(rate_per_s=1.0, burst=2),
    "failures": RateLimit(rate_per_s=0.1, burst=3),
}
TABLE = {
    ("GET", "/v1/orders"): Access(SIGNED_IN, LimitClass.READ),
    ("POST", "/v1/orders"): Access(Permission.ORDERS_PLACE, LimitClass.TRADE),
    ("DELETE", "/v1/orders/{order_id}"): Access(Permission.ORDERS_PLACE, LimitClass.TRADE),
    ("POST", "/v1/sweeps"): Access(Permission.RESEARCH_RUN, LimitClass.RESEARCH),
    ("GET", "/docs"): Access(PUBLIC, LimitClass.PUBLIC),
}


class Down:
    """Buckets of a server that does not answer."""

    def take(self, name: str, limit: RateLimit) -> Verdict:
        raise Unavailable("rate limits", "it does not answer", retry_after_s=1)


class Known:
    """Knows a person by a name, a script's key by ``name/key``, a tenant by ``name@tenant``."""

    def verify(self, token: str) -> Principal:
        if token == "wrong":
            raise Unauthenticated("the token has expired")
        who, _, tenant = token.partition("@")
        name, _, key = who.partition("/")
        return Principal(
            subject=UserId(name),
            username=name,
            tenant=TenantId(tenant or "acme"),
            roles=frozenset({Role.VIEWER if name == "vic" else Role.TRADER}),
            kind=PrincipalKind.API_KEY if key else PrincipalKind.USER,
            key_id=key or None,
        )


class Desk:
    """An app with a clock of its own, and whoever calls it."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.app: FastAPI = guarded.create_guarded_app("Orders", "trading")
        self.done: list[str] = []

        def act() -> dict[str, str]:
            self.done.append("act")
            return {}

        for method, path in TABLE:
            self.app.add_api_route(path, act, methods=[method])
        self.use(guarded.routes_table, TABLE)
        self.use(guarded.token_verifier, Known())
        self.use(throttling.limits, LIMITS)
        self.count_with(LocalBuckets(monotonic=lambda: self.now_s))

    def use(self, dependency: Any, value: Any) -> None:
        """Let a dependency give this."""

        async def give() -> Any:
            return value

        self.app.dependency_overrides[dependency] = give

    def count_with(self, buckets: Any) -> None:
        """Count there from now on."""
        self.use(throttling.buckets, buckets)

    def ask(self, who: str, method: str = "POST", path: str = "/v1/orders") -> Any:
        """Send one request as somebody."""
        headers = {"authorization": f"Bearer {who}"} if who else {}
        return AppClient(self.app).request(method, path, headers=headers)


@pytest.fixture
def desk() -> Desk:
    own_buckets.cache_clear()
    return Desk()


def test_every_answer_says_how_its_caller_stands(desk: Desk) -> None:
    first, second = desk.ask("ada"), desk.ask("ada")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["ratelimit-limit"] == "2"
    assert first.headers["ratelimit-remaining"] == "1"
    assert first.headers["ratelimit-reset"] == "2"
    assert first.headers["ratelimit-policy"] == '"trade";q=2;w=4'
    assert second.headers["ratelimit-remaining"] == "0"
    assert second.headers["ratelimit-reset"] == "4"


def test_one_request_too_many_is_told_when_to_come_back_and_does_nothing(desk: Desk) -> None:
    for _ in range(2):
        desk.ask("ada")
    answer = desk.ask("ada")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["ratelimit-remaining"] == "0"
    body = answer.json()
    assert body["code"] == "too-many-requests"
    assert (body["policy"], body["rate_per_s"], body["burst"]) == ("trade", 0.5, 2)
    assert body["retry_after_s"] == pytest.approx(2)
    assert len(desk.done) == 2
    desk.now_s += 1.9
    assert desk.ask("ada").status_code == 429
    desk.now_s += 0.1
    assert desk.ask("ada").status_code == 200


def test_people_keys_and_tenants_are_counted_apart(desk: Desk) -> None:
    callers = ("ada", "bob", "ada/key-1", "ada/key-2", "ada@globex")
    for who in callers:
        assert [desk.ask(who).status_code for _ in range(3)] == [200, 200, 429], who


def test_each_class_of_routes_is_counted_apart(desk: Desk) -> None:
    for _ in range(3):
        desk.ask("ada")
    assert desk.ask("ada", "GET").headers["ratelimit-remaining"] == "3"


def test_a_program_that_used_everything_up_keeps_nobody_from_cancelling(desk: Desk) -> None:
    for _ in range(3):
        desk.ask("ada")
    answer = desk.ask("ada", "DELETE", "/v1/orders/1")
    assert answer.status_code == 200
    assert answer.headers["ratelimit-policy"] == '"safety";q=2;w=4'


def test_whoever_may_not_uses_requests_up_like_any_other(desk: Desk) -> None:
    answers = [desk.ask("vic") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert answers[0].headers["ratelimit-remaining"] == "1"
    assert answers[0].json()["code"] == "forbidden"


def test_strangers_share_the_bucket_of_their_address(desk: Desk) -> None:
    answers = [desk.ask("", "GET", "/docs") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


@pytest.mark.parametrize(
    ("passed", "counted_as"),
    [
        ("9.9.9.9, 10.0.0.1", "9.9.9.9"),
        ("spoofed, 9.9.9.9, 10.0.0.1", "9.9.9.9"),
        ("9.9.9.8,10.0.0.1", "9.9.9.8"),
        ("10.0.0.1", "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_behind_a_proxy_of_ours_the_address_is_the_one_that_it_saw(
    monkeypatch: pytest.MonkeyPatch, passed: str, counted_as: str
) -> None:
    monkeypatch.setenv("ALGOTRENDY_TRUSTED_PROXIES", "1")
    reset_settings()
    headers = [(b"x-forwarded-for", passed.encode())]
    scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 1)}
    assert throttling.address_of(Request(scope)) == counted_as


def test_without_a_proxy_of_ours_nobody_chooses_an_address() -> None:
    headers = [(b"x-forwarded-for", b"spoofed, 9.9.9.9")]
    scope = {"type": "http", "headers": headers, "client": ("127.0.0.1", 1)}
    assert throttling.address_of(Request(scope)) == "127.0.0.1"


def test_an_address_that_proves_nothing_too_often_hears_only_that(desk: Desk) -> None:
    answers = [desk.ask(who) for who in ("wrong", "", "wrong", "wrong", "")]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[0].headers["www-authenticate"].startswith("Bearer")
    assert answers[3].json()["policy"] == "failures"
    assert answers[3].headers["retry-after"] == "10"
    assert "expired" not in answers[3].text
    assert desk.ask("ada").status_code == 200
    desk.now_s += 10
    assert desk.ask("wrong").status_code == 401


def test_while_nobody_can_count_nothing_is_traded(desk: Desk) -> None:
    desk.count_with(Down())
    answer = desk.ask("ada")
    assert answer.status_code == 503
    assert answer.json()["service"] == "rate limits"
    assert answer.headers["retry-after"] == "1"
    assert desk.done == []


@pytest.mark.parametrize(
    ("method", "path", "burst"),
    [
        ("GET", "/v1/orders", 4),
        ("DELETE", "/v1/orders/1", 2),
        ("GET", "/docs", 2),
    ],
)
def test_while_nobody_can_count_reading_and_cancelling_go_on_within_bounds(
    desk: Desk, method: str, path: str, burst: int
) -> None:
    desk.count_with(Down())
    answers = [desk.ask("ada", method, path) for _ in range(burst + 1)]
    assert [answer.status_code for answer in answers] == [200] * burst + [429]
    assert {answer.headers["ratelimit-unchecked"] for answer in answers} == {
        "shared count out of reach"
    }


def test_while_nobody_can_count_strangers_and_viewers_are_still_turned_away(desk: Desk) -> None:
    desk.count_with(Down())
    assert [desk.ask("wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    assert desk.ask("vic").status_code == 403


def test_a_request_that_does_not_fit_is_counted_too(desk: Desk) -> None:
    @desk.app.get("/v1/numbers")
    def numbers(n: int) -> int:
        return n

    desk.use(guarded.routes_table, {("GET", "/v1/numbers"): Access(SIGNED_IN, LimitClass.READ)})
    answer = desk.ask("ada", "GET", "/v1/numbers?n=x")
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (422, "3")


def test_what_makes_risk_smaller_is_a_route_of_trading_each() -> None:
    assert {ROUTES[route].limit_class for route in throttling.SAFETY} == {LimitClass.TRADE}
