"""``GET /v1/quality``: reports by symbol, page by page, and who may ask."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI

from algotrendy.identity.app import create_guarded_app, token_verifier
from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.quality_api import QualityOut, inspector, router
from algotrendy.market_data.quality.inspecting import Inspector
from algotrendy.market_data.quality.values import StreamHole
from algotrendy.market_data.series import RawBars
from fakes.app_client import AppClient
from fakes.bar_store import MemoryBars
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks
from fakes.quality_bars import daily, without

CLOCK = ManualClock(NOW)


class Silent:
    """A stream that remembers nothing."""

    def refused(self, symbol: Symbol) -> dict[str, tuple[int, int, int]]:
        return {}

    def holes(self, symbol: Symbol, first: int, last: int) -> list[StreamHole]:
        return []

    def quote(self, symbol: Symbol) -> None:
        return None


class Clock:
    """Moves on with each look."""

    def __init__(self) -> None:
        self.minute = 0

    def __call__(self) -> datetime:
        self.minute += 1
        return datetime(2026, 11, 23, 12, self.minute, tzinfo=UTC)


def stored() -> MemoryBars:
    store = MemoryBars()
    whole = daily(date(2025, 1, 2), date(2025, 3, 31))
    for name in ("AAPL", "IBM", "MSFT"):
        bars = without(whole, 5) if name == "IBM" else whole
        numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume, (1.0,) * len(bars))
        store.replace([RawBars(Symbol(name), bars.timeframe, bars.times, *numbers, "test")])
    return store


@pytest.fixture
def app() -> FastAPI:
    made = create_guarded_app("quality", "market_data", {})
    made.include_router(router)
    judge = Inspector(stored(), Silent(), Clock())
    made.dependency_overrides[inspector] = lambda: judge
    verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), CLOCK)
    made.dependency_overrides[token_verifier] = lambda: verifier
    return made


@pytest.fixture
def client(app: FastAPI) -> AppClient:
    token = Issuer(CLOCK).token(TENANT_GROUP + "acme", ROLE_GROUP + "viewer")
    return AppClient(app, {"Authorization": f"Bearer {token}"})


def asked(client: AppClient, query: str = "") -> QualityOut:
    answer = client.get(f"/v1/quality{query}")
    assert answer.status_code == 200, answer.content
    return QualityOut.model_validate_json(answer.content)


def test_every_symbol_has_a_report(client: AppClient) -> None:
    aapl, ibm, msft = asked(client).reports
    assert (aapl.symbol, aapl.good, msft.symbol) == ("AAPL", True, "MSFT")
    assert (ibm.good, ibm.sessions.missing, ibm.counts) == (False, 1, {"missing_session": 1})
    assert ibm.findings[0].detail == "no bar on 2025-01-10"


def test_pages_follow_one_another(client: AppClient) -> None:
    first = asked(client, "?limit=2")
    assert [report.symbol for report in first.reports] == ["AAPL", "IBM"]
    assert first.next_after == "IBM 1Day"
    second = asked(client, "?limit=2&after=IBM%201Day")
    assert [report.symbol for report in second.reports] == ["MSFT"]
    assert (second.next_after, second.next_cursor) == (None, None)
    alike = asked(client, f"?limit=2&cursor={first.next_cursor}")
    assert [report.symbol for report in alike.reports] == ["MSFT"]


@pytest.mark.parametrize("more", ["A", "&after=IBM%201Day", "&symbols=MSFT"])
def test_a_cursor_that_was_changed_or_is_of_another_question_is_refused(
    client: AppClient, more: str
) -> None:
    cursor = asked(client, "?limit=2").next_cursor
    assert client.get(f"/v1/quality?limit=2&cursor={cursor}{more}").status_code == 422


def test_what_is_known_already_is_not_sent_again(client: AppClient) -> None:
    etag = client.get("/v1/quality?symbols=AAPL").headers["etag"]
    again = client.get("/v1/quality?symbols=AAPL", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/v1/quality?symbols=IBM", headers={"if-none-match": etag})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "names"),
    [
        ("?symbols=NOPE", 404, b"NOPE"),
        ("?symbols=AAPL,", 422, b"symbols[1]"),
        ("?timeframe=2Day", 422, b"timeframe"),
        ("?limit=0", 422, b"limit"),
        ("?after=IBM", 422, b"next_after"),
        ("?symbols=AAPL&timeframe=1Min", 404, b"AAPL"),
    ],
)
def test_a_wrong_question_names_what_is_wrong(
    client: AppClient, query: str, status: int, names: bytes
) -> None:
    answer = client.get(f"/v1/quality{query}")
    assert answer.status_code == status
    assert names in answer.content


def test_nobody_else_may_ask(app: FastAPI) -> None:
    assert AppClient(app).get("/v1/quality").status_code == 401
