"""Bars of several symbols over HTTP: pages, formats, chart styles, and symbols by filter."""

from __future__ import annotations

import io
from typing import Any

import nanoarrow.ipc
import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import bar_pages
from algotrendy.market_data.api.bars import SeveralOut
from algotrendy.market_data.charts.building import bars_of
from algotrendy.market_data.ticks import Ticks
from fakes.chart_trades import BEGIN, SECOND
from fakes.market_data_api import World, made

ARROW = "application/vnd.apache.arrow.stream"
DAY = "start=2024-03-01&end=2024-03-01"
TRADES = Ticks(
    Symbol("AAPL"),
    [BEGIN + second * SECOND for second in range(60)],
    [100 + (second * 7 % 13) / 4 for second in range(60)],
    [float(1 + second % 3) for second in range(60)],
    "test",
)


@pytest.fixture
def world() -> World:
    found = World()
    found.trades.replace(TRADES)
    return found


def walk(world: World, path: str) -> list[dict[str, Any]]:
    """Give all series of all pages, those of one symbol joined."""
    found: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        answer = world.get(path + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status_code == 200, answer.text
        page = SeveralOut.model_validate_json(answer.content)
        for series in answer.json()["series"]:
            there = found.setdefault(series["symbol"], {**series, "bars": []})
            there["bars"] += series["bars"]
        if page.next_cursor is None:
            return list(found.values())
        assert "next" in answer.headers["link"]
        cursor = page.next_cursor


def test_several_symbols_are_given_in_the_order_asked(world: World) -> None:
    found = walk(world, "/v1/bars?symbols=BTC/USD,AAPL&limit=1000")
    assert [series["symbol"] for series in found] == ["BTC/USD", "AAPL"]
    alone = world.get("/v1/bars/AAPL?limit=1000").json()["bars"]
    assert [{k: bar[k] for k in alone[0]} for bar in found[1]["bars"]] == alone


@pytest.mark.parametrize("limit", [1, 7, 25, 26, 49, 50])
def test_pages_of_any_size_go_across_symbols_without_a_hole(world: World, limit: int) -> None:
    whole = walk(world, "/v1/bars?symbols=AAPL,BTC/USD&limit=1000")
    assert walk(world, f"/v1/bars?symbols=AAPL,BTC/USD&limit={limit}") == whole


def test_pages_stay_with_the_version_that_they_began_with(world: World) -> None:
    first = world.get("/v1/bars?symbols=AAPL,BTC/USD&limit=30")
    world.store.replace([made("BTC/USD", price=9000.0)])
    rest = world.get(f"/v1/bars?symbols=AAPL,BTC/USD&limit=30&cursor={first.json()['next_cursor']}")
    assert rest.headers["x-bars-version"] == first.headers["x-bars-version"]
    assert rest.json()["series"][0]["bars"][0]["open"] == 5005.0


def test_of_several_symbols_one_without_bars_in_the_range_has_none(world: World) -> None:
    world.store.replace([made("LATE", count=2)])
    found = walk(world, "/v1/bars?symbols=AAPL,LATE&start=2020-01-10&end=2020-01-11")
    assert [len(series["bars"]) for series in found] == [2, 0]
    assert world.get("/v1/bars?symbols=LATE&start=2020-01-10").status_code == 422


def test_an_arrow_stream_holds_the_same_bars(world: World) -> None:
    path = "/v1/bars?symbols=AAPL,BTC/USD&limit=30"
    answer = world.get(path, accept=ARROW)
    assert answer.headers["content-type"] == ARROW
    table = nanoarrow.Array(nanoarrow.ipc.InputStream.from_readable(io.BytesIO(answer.content)))
    rows = list(table.iter_tuples())
    told = [
        (series["symbol"], bar["open"], bar["volume"])
        for series in world.get(path).json()["series"]
        for bar in series["bars"]
    ]
    assert [(row[0], row[2], row[6]) for row in rows] == told
    again = world.get(path, accept=ARROW, if_none_match=answer.headers["etag"])
    assert again.status_code == 304


def test_csv_has_a_column_of_symbols(world: World) -> None:
    answer = world.get("/v1/bars?symbols=AAPL&limit=1", accept="text/csv")
    assert answer.text == (
        "symbol,time,open,high,low,close,volume\nAAPL,2020-01-01T00:00:00Z,10.0,12.5,9.0,11.0,0.0\n"
    )


@pytest.mark.parametrize("style", ["tick:amount=7", "renko:size=0.5", "time:interval=10Sec"])
@pytest.mark.parametrize("limit", [3, 1000])
def test_bars_of_a_style_are_made_of_stored_trades(world: World, style: str, limit: int) -> None:
    [found] = walk(world, f"/v1/bars?symbols=AAPL&style={style}&{DAY}&limit={limit}")
    expected = bars_of(TRADES, style)
    assert [(bar["open"], bar["last"], bar["ticks"]) for bar in found["bars"]] == [
        (bar.open, bar.last, bar.ticks) for bar in expected
    ]
    assert found["bars"][0]["known"] >= found["bars"][0]["time"]


def test_pages_of_a_style_stay_with_the_trades_that_they_began_with(world: World) -> None:
    path = f"/v1/bars?symbols=AAPL&style=tick:amount=7&{DAY}&limit=2"
    [whole] = walk(world, path)
    first = world.get(path).json()
    for changed in (Symbol("MSFT"), TRADES.symbol):
        world.trades.replace(Ticks(changed, [BEGIN], [9.0], [1.0], "other"))
    answer = world.get(f"{path}&cursor={first['next_cursor']}")
    assert answer.json()["series"][0]["bars"] == whole["bars"][2:4]
    [anew] = walk(world, path)
    assert anew["bars"] == []


def test_a_cursor_of_trades_that_are_kept_no_longer_is_refused(world: World) -> None:
    path = f"/v1/bars?symbols=AAPL&style=tick:amount=7&{DAY}&limit=2"
    cursor = world.get(path).json()["next_cursor"]
    world.trades.forget(0)
    world.cache.values.clear()
    answer = world.get(f"{path}&cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_too_many_trades_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_pages, "MOST_TRADES", 59)
    answer = world.get(f"/v1/bars?symbols=AAPL&style=tick:amount=7&{DAY}")
    assert answer.status_code == 422
    assert "at most 59 trades" in answer.text


@pytest.mark.parametrize("style", ["renko:size=0.00001", "volume:amount=0.001,excess=split"])
def test_a_style_of_too_many_bars_is_refused_before_they_are_made(
    world: World, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    monkeypatch.setattr(bar_pages, "MOST_DRAWN", 1000)
    answer = world.get(f"/v1/bars?symbols=AAPL&style={style}&{DAY}")
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["field"] == "style"
    assert "at most 1,000 bars of these trades; give a larger size" in answer.text
    assert walk(world, f"/v1/bars?symbols=AAPL&style=tick:amount=1&{DAY}")[0]["bars"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("symbols=", "symbols"),
        ("symbols=AAPL,AAPL", "symbols[1]"),
        ("symbols=AAPL,a%20b", "symbols[1]"),
        ("symbols=AAPL&timeframe=2Min", "timeframe"),
        ("symbols=AAPL&as_of=yesterday", "as_of"),
        ("symbols=AAPL&start=2020-02-01&end=2020-01-01", "start"),
        ("symbols=AAPL&cursor=abc", "cursor"),
        (f"symbols=AAPL&style=renco:size=1&{DAY}", "style"),
        (f"symbols=AAPL&style=renko:size=0&{DAY}", "style.renko"),
        ("symbols=AAPL&style=tick:amount=7", "start"),
        ("symbols=AAPL&style=tick:amount=7&start=2024-01-01&end=2024-03-01", "end"),
        (f"symbols=AAPL&style=tick:amount=7&{DAY}&adjustment=all", "adjustment"),
        (f"symbols=AAPL&style=tick:amount=7&{DAY}&timeframe=1Day", "timeframe"),
    ],
)
def test_what_is_wrong_is_named(world: World, query: str, field: str) -> None:
    answer = world.get(f"/v1/bars?{query}")
    assert answer.status_code == 422, answer.text
    assert field in answer.text


def test_an_unknown_symbol_is_not_found_and_near_ones_are_named(world: World) -> None:
    answer = world.get("/v1/bars?symbols=AAPL,AAPK")
    assert answer.status_code == 404
    assert "AAPL" in answer.text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["AAPL", "BTC/USD"]),
        ("?prefix=b", ["BTC/USD"]),
        ("?timeframe=1Min", []),
        ("?on=2020-01-25", ["AAPL", "BTC/USD"]),
        ("?on=2020-01-26", []),
        ("?source=tes", ["AAPL", "BTC/USD"]),
        ("?source=other", []),
    ],
)
def test_symbols_are_filtered(world: World, query: str, names: list[str]) -> None:
    found = world.get(f"/v1/symbols{query}").json()["symbols"]
    assert [item["symbol"] for item in found] == names
