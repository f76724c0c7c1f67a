"""The newest over HTTP: with its age, from the stream or else from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from algotrendy.identity.app import token_verifier
from algotrendy.identity.principal import ROLE_GROUP, TENANT_GROUP
from algotrendy.identity.tokens import TokenVerifier
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.lake_newest import LakeNewest
from algotrendy.market_data.adapters.lake_ticks import LakeTicks
from algotrendy.market_data.adapters.quotes_api import newest_cache, now_ns, stored_trades
from algotrendy.market_data.api import create_api
from algotrendy.market_data.streaming.messages import Quote, Trade
from algotrendy.market_data.ticks import Ticks
from algotrendy.platform.lake import lake_at
from fakes.app_client import AppClient
from fakes.identity import CLIENT_ID, ISSUER, NOW, Issuer, KeysInMemory, jwk, jwks

CLOCK = ManualClock(NOW)
S = 1_000_000_000
AT = 1_795_789_800 * S


class Kept:
    """What the streaming service keeps."""

    def __init__(self, *ticks: Trade | Quote) -> None:
        self.values = {
            f"{type(tick).__name__.lower()}:{tick.symbol}": orjson.dumps(tick._asdict())
            for tick in ticks
        }

    def get(self, key: str) -> bytes | None:
        return self.values.get(key)

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        raise AssertionError("the API keeps nothing here")


class Stored:
    """The newest trades of a lake."""

    def __init__(self, *trades: Trade) -> None:
        self.trades = {trade.symbol: trade for trade in trades}
        self.asked: list[str] = []

    def newest(self, symbols: Sequence[Symbol]) -> dict[str, Trade]:
        self.asked += symbols
        return {symbol: self.trades[symbol] for symbol in symbols if symbol in self.trades}


def trade(symbol: str, price: float = 100.0, at: int = AT) -> Trade:
    return Trade(symbol, at, price, 5.0, "V", "1", at + 1)


def quote(symbol: str, at: int = AT) -> Quote:
    return Quote(symbol, at, 99.0, 1.0, 101.0, 2.0, at + 1)


def client(kept: Kept, stored: Stored | LakeNewest, seconds_later: float = 2.0) -> AppClient:
    app = create_api()
    verifier = TokenVerifier(ISSUER, CLIENT_ID, KeysInMemory(jwks(jwk())), CLOCK)
    app.dependency_overrides |= {
        token_verifier: lambda: verifier,
        newest_cache: lambda: kept,
        stored_trades: lambda: stored,
        now_ns: lambda: lambda: AT + int(seconds_later * S),
    }
    token = Issuer(CLOCK).token(TENANT_GROUP + "acme", ROLE_GROUP + "viewer")
    return AppClient(app, {"Authorization": f"Bearer {token}"})


def quotes(at: AppClient, query: str) -> list[dict[str, Any]]:
    answer = at.get(f"/v1/quotes?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: list[dict[str, Any]] = answer.json()["quotes"]
    return found


def test_the_newest_of_the_stream_comes_with_its_age() -> None:
    stored = Stored()
    (found,) = quotes(client(Kept(trade("AAPL"), quote("AAPL")), stored), "symbols=AAPL")
    assert found["trade"] == {
        "time": "2026-11-27T14:30:00.000000000Z",
        "received": "2026-11-27T14:30:00.000000001Z",
        "age_s": 2.0,
        "is_stale": False,
        "price": 100.0,
        "size": 5.0,
        "venue": "V",
        "source": "stream",
    }
    assert (found["quote"]["bid"], found["quote"]["ask"]) == (99.0, 101.0)
    assert stored.asked == []


def test_what_is_older_than_the_caller_allows_is_stale() -> None:
    at = client(Kept(trade("AAPL"), quote("AAPL", AT + S)), Stored(), seconds_later=10)
    (found,) = quotes(at, "symbols=AAPL&stale_after_s=9.5")
    assert (found["trade"]["is_stale"], found["quote"]["is_stale"]) == (True, False)
    (found,) = quotes(at, "symbols=AAPL")
    assert found["trade"]["is_stale"] is False


def test_without_the_stream_the_trade_is_the_stored_one_and_the_quote_is_not_known() -> None:
    kept = Kept(trade("AAPL"))
    kept.values["trade:MSFT"] = b"not what it should be"
    found = quotes(client(kept, Stored(trade("MSFT", 7.0))), "symbols=AAPL,MSFT,BTC/USD")
    assert [each["symbol"] for each in found] == ["AAPL", "MSFT", "BTC/USD"]
    assert [each["trade"] and each["trade"]["source"] for each in found] == ["stream", "lake", None]
    assert found[1]["quote"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("symbols=aapl", "symbols[0]"),
        ("symbols=", "symbols[0]"),
        ("symbols=" + ",".join(f"A{n}" for n in range(101)), "symbols"),
        ("symbols=AAPL&stale_after_s=0", "stale_after_s"),
        ("", "symbols"),
    ],
)
def test_a_wrong_question_names_the_field(query: str, field: str) -> None:
    answer = client(Kept(), Stored()).get(f"/v1/quotes?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_nobody_asks_without_a_token() -> None:
    at = client(Kept(), Stored())
    assert at.get("/v1/quotes?symbols=AAPL", headers={"Authorization": ""}).status_code == 401


def test_the_lake_gives_the_last_trade_of_the_last_day(tmp_path: Path) -> None:
    lake = lake_at(f"file://{tmp_path}")
    newest = LakeNewest(lambda: lake)
    assert newest.newest([Symbol("AAPL")]) == {}
    day = 86_400 * S
    times = (AT - day, AT, AT)
    LakeTicks(lake).replace(Ticks(Symbol("AAPL"), times, (1.0, 2.0, 3.0), (1.0, 1.0, 4.0), "csv"))
    found = newest.newest([Symbol("AAPL"), Symbol("MSFT")])
    assert found == {"AAPL": Trade("AAPL", AT, 3.0, 4.0, "", "", AT)}
