"""What becomes of gaps over HTTP: kept, filled and marked, or refused."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import nanoarrow.ipc
import pytest

from algotrendy.market_data.api import BarsPage
from algotrendy.market_data.api.bars import SeveralOut
from algotrendy.market_data.quality import policy
from algotrendy.market_data.series import RawBars
from fakes.market_data_api import World, made

ARROW = "application/vnd.apache.arrow.stream"


def thin(name: str, *places: int) -> RawBars:
    """Give bars of whom some lack."""
    whole = made(name)
    kept = [place for place in range(len(whole)) if place not in places]
    names = ("times", "open", "high", "low", "close", "volume", "factor")
    columns: Any = {each: tuple(getattr(whole, each)[place] for place in kept) for each in names}
    return replace(whole, **columns)


@pytest.fixture
def world() -> World:
    found = World()
    # The first is a holiday in New York, the fourth a Saturday; pairs trade every day.
    found.store.replace([thin("GAPS/USD", 0, 3, 4, 9), thin("GAPS", 0, 3, 4, 9)])
    return found


def bars_of(world: World, symbol: str, query: str = "") -> list[dict[str, Any]]:
    return list(world.get(f"/v1/bars/{symbol}?{query}").json()["bars"])


def walked(world: World, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = world.get(path + (f"&cursor={cursor}" if cursor else ""))
        assert page.status_code == 200, page.text
        body = page.json()
        found += body["bars"] if "bars" in body else body["series"][0]["bars"]
        cursor = body["next_cursor"]
    return found


def test_filled_bars_are_the_close_before_without_volume_and_say_so(world: World) -> None:
    stored = bars_of(world, "GAPS/USD")
    found = bars_of(world, "GAPS/USD", "gaps=fill")
    filled = [bar for bar in found if bar["filled"]]
    assert [bar["time"][:10] for bar in filled] == ["2020-01-04", "2020-01-05", "2020-01-10"]
    before = stored[1]["close"]
    assert [filled[0][name] for name in ("open", "high", "low", "close")] == [before] * 4
    assert filled[0]["volume"] == 0.0
    assert [{**bar, "filled": False} for bar in stored] == [
        bar for bar in found if not bar["filled"]
    ]
    assert all("filled" not in bar for bar in stored)


def test_the_calendar_is_that_of_the_symbol(world: World) -> None:
    """A weekend is a gap of a pair, and none of a share."""
    found = bars_of(world, "GAPS", "gaps=fill")
    assert [bar["time"][:10] for bar in found if bar["filled"]] == ["2020-01-10"]


def test_refused_names_the_field_and_the_first_missing_bar(world: World) -> None:
    for path in ("/v1/bars/GAPS?gaps=refuse", "/v1/bars?symbols=AAPL,GAPS&gaps=refuse"):
        answer = world.get(path)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == "gaps"
        assert error["actual"] == "GAPS lacks 1 bar of 1Day, the first at 2020-01-10"
    whole = world.get("/v1/bars/GAPS?gaps=refuse&start=2020-01-02&end=2020-01-09")
    assert whole.json()["bars"] == bars_of(world, "GAPS", "end=2020-01-09")


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 24])
@pytest.mark.parametrize("path", ["/v1/bars/GAPS/USD?", "/v1/bars?symbols=GAPS/USD&"])
def test_pages_of_any_size_are_filled_as_the_whole(world: World, path: str, limit: int) -> None:
    whole = walked(world, f"{path}gaps=fill")
    assert [bar["filled"] for bar in whole].count(True) == 3
    assert walked(world, f"{path}gaps=fill&limit={limit}") == whole


def test_a_cursor_belongs_to_its_policy(world: World) -> None:
    cursor = world.get("/v1/bars/GAPS?gaps=fill&limit=3").json()["next_cursor"]
    answer = world.get(f"/v1/bars/GAPS?limit=3&cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_csv_and_arrow_say_what_is_filled(world: World) -> None:
    several = world.get("/v1/bars?symbols=GAPS&gaps=fill", accept="text/csv").text.splitlines()
    assert several[0] == "symbol,time,open,high,low,close,volume,filled"
    alone = world.get("/v1/bars/GAPS?gaps=fill", accept="text/csv").text.splitlines()
    assert [f"GAPS,{line}" for line in alone[1:]] == several[1:]
    (filled,) = [line for line in alone if line.endswith(",true")]
    assert filled == "2020-01-10T00:00:00Z,19.0,19.0,19.0,19.0,0.0,true"
    body = world.get("/v1/bars?symbols=GAPS&gaps=fill", accept=ARROW).content
    table = nanoarrow.Array(nanoarrow.ipc.InputStream.from_readable(BytesIO(body)))
    assert [row[-1] for row in table.iter_tuples()].count(True) == 1


def test_the_published_models_take_what_is_given(world: World) -> None:
    alone = BarsPage.model_validate_json(world.get("/v1/bars/GAPS?gaps=fill").content)
    assert [bar.filled for bar in alone.bars].count(True) == 1
    several = SeveralOut.model_validate_json(world.get("/v1/bars?symbols=GAPS&gaps=fill").content)
    assert [bar.filled for bar in several.series[0].bars].count(True) == 1


def test_a_range_that_is_too_wide_to_judge_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy, "MOST_JUDGED", 20)
    answer = world.get("/v1/bars/GAPS/USD?gaps=fill")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"].startswith("keep, or a range of at most 20 bars")
    assert world.get("/v1/bars/GAPS/USD?gaps=fill&end=2020-01-20").status_code == 200


def test_a_style_has_no_gaps(world: World) -> None:
    day = "start=2024-03-01&end=2024-03-01"
    answer = world.get(f"/v1/bars?symbols=AAPL&style=tick:amount=2&{day}&gaps=fill")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "gaps"
