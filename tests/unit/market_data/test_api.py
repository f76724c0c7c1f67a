"""Bars over HTTP: ranges, pages, ETags, formats, and an error that names the field."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from algotrendy.market_data.api import BarsPage, SymbolsOut
from algotrendy.market_data.csv_rows import read_csv
from fakes.app_client import AppClient
from fakes.bar_store import MemoryBars
from fakes.market_data_api import COUNT, MemoryCache, World, made


@pytest.fixture
def world() -> World:
    return World()


def test_bars_are_given_oldest_first_with_times_in_utc(world: World) -> None:
    answer = world.get("/v1/bars/AAPL?start=2020-01-02&end=2020-01-03")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "symbol": "AAPL",
        "timeframe": "1Day",
        "adjustment": "raw",
        "bars": [
            {
                "time": "2020-01-02T00:00:00Z",
                "open": 11.0,
                "high": 13.5,
                "low": 10.0,
                "close": 12.0,
                "volume": 1000.0,
            },
            {
                "time": "2020-01-03T00:00:00Z",
                "open": 12.0,
                "high": 14.5,
                "low": 11.0,
                "close": 13.0,
                "volume": 2000.0,
            },
        ],
        "next_cursor": None,
    }
    assert BarsPage.model_validate_json(answer.content).bars[1].close == 13.0


def test_adjusted_prices_are_times_the_factor_and_volume_as_traded(world: World) -> None:
    page = world.get("/v1/bars/AAPL?adjustment=all&end=2020-01-02").json()
    assert page["adjustment"] == "all"
    assert (page["bars"][1]["close"], page["bars"][1]["volume"]) == (3.0, 1000.0)


def pages(world: World, path: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        answer = world.get(path + cursor)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        if found[-1]["next_cursor"] is None:
            assert "link" not in answer.headers
            return found
        following = answer.headers["link"].removeprefix("<").partition(">")[0]
        assert world.get(following).status_code == 200
        cursor = f"&cursor={found[-1]['next_cursor']}"


@pytest.mark.parametrize(("limit", "count"), [(1, 25), (7, 4), (24, 2), (25, 1), (10_000, 1)])
def test_pages_put_together_are_the_whole(world: World, limit: int, count: int) -> None:
    whole = world.get("/v1/bars/AAPL").json()["bars"]
    found = pages(world, f"/v1/bars/AAPL?limit={limit}")
    assert len(found) == count
    assert [bar for page in found for bar in page["bars"]] == whole
    assert len(whole) == COUNT


def test_an_import_between_two_pages_tears_nothing(world: World) -> None:
    before = world.get("/v1/bars/AAPL").json()["bars"]
    first = world.get("/v1/bars/AAPL?limit=10").json()
    world.store.replace([made("AAPL", price=900.0)])
    path = f"/v1/bars/AAPL?limit=100&cursor={first['next_cursor']}"
    second = world.get(path)
    assert first["bars"] + second.json()["bars"] == before
    assert second.headers["x-bars-version"] == "0"
    newest = world.get("/v1/bars/AAPL?limit=10")
    assert newest.json()["bars"][0]["open"] == 900.0
    assert newest.headers["x-bars-version"] == "1"


def test_a_symbol_with_a_slash_is_a_symbol(world: World) -> None:
    for path in ("/v1/bars/BTC/USD", "/v1/bars/BTC%2FUSD"):
        assert world.get(path + "?limit=1").json()["symbol"] == "BTC/USD"


@pytest.mark.parametrize(
    ("query", "field", "expected"),
    [
        ("AAPL?limit=0", "limit", "greater than or equal to 1"),
        ("AAPL?limit=10001", "limit", "less than or equal to 10000"),
        ("AAPL?limit=x", "limit", "integer"),
        ("AAPL?start=yesterday", "start", "a date like 2013-03-01"),
        ("AAPL?start=86400", "start", "a date like 2013-03-01"),
        ("AAPL?end=2020-02-30", "end", "date"),
        ("AAPL?adjustment=splits", "adjustment", "'raw', 'split', 'dividend' or 'all'"),
        ("AAPL?start=2020-01-05&end=2020-01-04", "start", "on or before end, 2020-01-04"),
        ("AAPL?start=2021-01-01", "start", "bars for AAPL run 2020-01-01 to 2020-01-25"),
        ("AAPL?end=2019-01-01", "end", "bars for AAPL run 2020-01-01 to 2020-01-25"),
        ("AAPL?cursor=x", "cursor", "next_cursor of the page before"),
        ("AAPL?cursor=%C3%A9", "cursor", "next_cursor of the page before"),
        ("AAPL?cursor=MS4wLjE", "cursor", "next_cursor of the page before"),
        ("aapl", "symbol", "1 to 20 capitals"),
        ("A'%20OR%201=1--", "symbol", "1 to 20 capitals"),
        ("../../secret", "symbol", "1 to 20 capitals"),
    ],
)
def test_a_bad_request_is_a_problem_that_names_the_field(
    world: World, query: str, field: str, expected: str
) -> None:
    answer = world.get(f"/v1/bars/{query.replace('../..', '..%2F..')}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    wrong = answer.json()["errors"][0]
    assert wrong["field"] == field
    assert expected in wrong["expected"]


def test_an_unknown_symbol_is_not_found_with_near_ones(world: World) -> None:
    answer = world.get("/v1/bars/APPL")
    assert answer.status_code == 404
    assert answer.json()["hint"] == "did you mean AAPL?"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "other",
    [
        "BTC/USD?limit=3",
        "AAPL?limit=3&adjustment=all",
        "AAPL?limit=3&start=2020-01-01",
        "AAPL?limit=3&end=2020-01-20",
    ],
)
def test_a_cursor_of_another_query_is_refused(world: World, other: str) -> None:
    cursor = world.get("/v1/bars/AAPL?limit=3").json()["next_cursor"]
    answer = world.get(f"/v1/bars/{other}&cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"
    assert "was given for" in answer.json()["errors"][0]["expected"]


def test_a_cursor_of_a_version_that_is_gone_says_to_start_again(world: World) -> None:
    world.store.replace([made("AAPL", price=11.0)])
    cursor = world.get("/v1/bars/AAPL?limit=3").json()["next_cursor"]
    world.store, world.cache = MemoryBars(made("AAPL")), MemoryCache()
    answer = world.get(f"/v1/bars/AAPL?limit=3&cursor={cursor}")
    assert answer.status_code == 422
    assert "start again without it" in answer.json()["errors"][0]["expected"]


def test_the_etag_saves_sending_what_the_caller_has(world: World) -> None:
    first = world.get("/v1/bars/AAPL?limit=5")
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = world.get("/v1/bars/AAPL?limit=5", if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == "private, max-age=60"
    assert world.get("/v1/bars/AAPL?limit=5", if_none_match='"other"').status_code == 200


def test_the_etag_is_of_the_bytes(world: World) -> None:
    def etag(query: str) -> str:
        return str(world.get(f"/v1/bars/AAPL?{query}").headers["etag"])

    assert len({etag("limit=30"), etag("limit=5"), etag("adjustment=all"), etag("limit=24")}) == 4
    before = etag("limit=30")
    world.store.replace([made("IBM")])
    assert etag("limit=30") == before
    world.store.replace([made("AAPL", price=11.0)])
    assert etag("limit=30") != before


def test_the_first_page_is_fresh_for_a_minute_and_a_pinned_one_for_an_hour(world: World) -> None:
    first = world.get("/v1/bars/AAPL?limit=5")
    assert first.headers["cache-control"] == "private, max-age=60"
    assert first.headers["vary"] == "accept"
    later = world.get(f"/v1/bars/AAPL?limit=5&cursor={first.json()['next_cursor']}")
    assert later.headers["cache-control"] == "private, max-age=3600"


def test_csv_is_given_to_who_prefers_it_and_can_be_imported_again(world: World) -> None:
    answer = world.get("/v1/bars/AAPL?limit=20", accept="text/csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["link"].endswith('rel="next"')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (len(rows), rows[0]["time"], rows[0]["close"]) == (20, "2020-01-01T00:00:00Z", "11.0")
    assert read_csv(io.StringIO(answer.text)).close == made("AAPL").close[:20]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv; charset=utf-8"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/*, application/json;q=0.9", "text/csv; charset=utf-8"),
        ("text/csv;q=none", "application/json"),
        ("text/html", "application/json"),
        ("text/csv;q=0, */*", "application/json"),
    ],
)
def test_the_format_follows_the_accept_header(world: World, accept: str, media_type: str) -> None:
    assert world.get("/v1/bars/AAPL?limit=1", accept=accept).headers["content-type"] == media_type


def test_a_page_comes_from_the_cache_and_never_from_an_older_version(world: World) -> None:
    path = "/v1/bars/AAPL?limit=5"
    first = world.get(path)
    assert len(world.cache.values) == 1
    key = next(iter(world.cache.values))
    world.cache.values[key] = world.cache.values[key].replace(b"10.0", b"77.0")
    assert world.get(path).json()["bars"][0]["open"] == 77.0
    assert world.get(path).headers["link"] == first.headers["link"]
    world.store.replace([made("AAPL", price=30.0)])
    assert world.get(path).json()["bars"][0]["open"] == 30.0
    assert world.cache.ttls == {300}


def test_every_request_has_its_own_place_in_the_cache(world: World) -> None:
    for path in (
        "AAPL",
        "AAPL?limit=5",
        "AAPL?adjustment=all",
        "AAPL?start=2020-01-01",
        "AAPL?end=2020-01-25",
        "BTC/USD",
    ):
        world.get(f"/v1/bars/{path}")
    world.get("/v1/bars/AAPL", accept="text/csv")
    assert len(world.cache.values) == 7


def test_symbols_are_listed_and_have_an_etag(world: World) -> None:
    answer = world.get("/v1/symbols")
    assert answer.json() == {
        "symbols": [
            {
                "symbol": name,
                "timeframe": "1Day",
                "first": "2020-01-01",
                "last": "2020-01-25",
                "bars": 25,
                "source": "test",
            }
            for name in ("AAPL", "BTC/USD")
        ]
    }
    assert len(SymbolsOut.model_validate_json(answer.content).symbols) == 2
    again = world.get("/v1/symbols", if_none_match=answer.headers["etag"])
    assert again.status_code == 304
    world.store.replace([made("IBM")])
    assert len(world.get("/v1/symbols").json()["symbols"]) == 3


def test_an_empty_store_lists_nothing_and_says_how_to_import(world: World) -> None:
    world.store = MemoryBars()
    assert world.get("/v1/symbols").json() == {"symbols": []}
    answer = world.get("/v1/bars/AAPL")
    assert answer.status_code == 404
    assert "algotrendy bars import" in answer.json()["hint"]


@pytest.mark.parametrize("path", ["/v1/bars/AAPL", "/v1/symbols"])
def test_only_a_viewer_may_read(world: World, path: str) -> None:
    assert AppClient(world.app).get(path).status_code == 401
    forged = AppClient(world.app, {"Authorization": "Bearer a.b.c"})
    assert forged.get(path).status_code == 401
    assert world.caller("emperor").get(path).status_code == 403
    for role in ("viewer", "researcher", "trader", "admin"):
        assert world.caller(role).get(path).status_code == 200


def test_nothing_is_read_or_told_before_the_caller_is_known(world: World) -> None:
    assert AppClient(world.app).get("/v1/bars/nonsense?limit=0").status_code == 401
    assert world.cache.values == {}


def test_the_description_shows_parameters_formats_and_an_example(world: World) -> None:
    paths = world.app.openapi()["paths"]
    bars = paths["/v1/bars/{symbol}"]["get"]
    names = [parameter["name"] for parameter in bars["parameters"]]
    assert names == [
        "symbol",
        "start",
        "end",
        "adjustment",
        "timeframe",
        "as_of",
        "named",
        "gaps",
        "limit",
        "cursor",
        "accept",
    ]
    assert set(bars["responses"]) >= {"200", "304", "4XX", "5XX"}
    assert set(bars["responses"]["200"]["content"]) == {"application/json", "text/csv"}
    example = world.app.openapi()["components"]["schemas"]["BarsPage"]["examples"][0]
    assert BarsPage.model_validate(example).bars[0].close == 44.86
    assert "/v1/symbols" in paths
