"""`algotrendy quality`: what it prints, draws, and when it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import typer
from arro3.core import Array, DataType, Table
from typer.testing import CliRunner, Result

from algotrendy.cli.quality import quality
from algotrendy.kernel.errors import Rejected
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.lake_stream import StreamLake
from algotrendy.market_data.adapters.stream_memory import LakeStreamMemory
from algotrendy.market_data.quality.gaps import ns
from algotrendy.market_data.quality.values import NewestQuote
from algotrendy.market_data.series import BarSeries, RawBars
from algotrendy.market_data.streaming.accepting import Verdict, accept
from algotrendy.market_data.streaming.messages import Hole, Record
from algotrendy.market_data.streaming.screening import Limits
from algotrendy.market_data.streaming.stores import Moved
from algotrendy.platform.lake import Lake, lake_at
from fakes.quality_bars import daily, without

DAY = ns(datetime(2025, 3, 3, tzinfo=UTC))
WHOLE = daily(date(2025, 1, 2), date(2025, 6, 30))
CACHED = (wiring.bar_store, wiring.inspector, wiring.page_cache)


@pytest.fixture(autouse=True)
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    url = f"file://{tmp_path}/lake"
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", url)
    monkeypatch.setenv("COLUMNS", "130")
    for cached in CACHED:
        cached.cache_clear()
    yield lake_at(url)
    for cached in CACHED:
        cached.cache_clear()


def store(lake: Lake, symbol: str, bars: BarSeries) -> None:
    numbers = (bars.open, bars.high, bars.low, bars.close, bars.volume, (1.0,) * len(bars))
    LakeBars(lake).replace([RawBars(Symbol(symbol), bars.timeframe, bars.times, *numbers, "test")])


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(quality)
    return CliRunner().invoke(app, arguments)


def test_an_empty_lake_says_what_to_do() -> None:
    assert run().stdout == "no bars yet: algotrendy bars import --source all\n"


def test_all_symbols_have_a_line_the_worst_first(lake: Lake) -> None:
    store(lake, "AAPL", WHOLE)
    store(lake, "MSFT", without(WHOLE, 7, 8))
    _, msft, aapl = run().stdout.splitlines()
    assert msft.split()[:7] == ["MSFT", "1Day", "!", "120", "122", "2", "98.36%"]
    assert aapl.split()[:7] == ["AAPL", "1Day", "✓", "122", "122", "·", "100.00%"]


def test_one_symbol_has_a_timeline_and_findings(lake: Lake, tmp_path: Path) -> None:
    store(lake, "MSFT", without(WHOLE, 7, 8))
    shown = run("MSFT", "--svg", str(tmp_path / "gaps.svg")).stdout.splitlines()
    assert shown[0] == "MSFT 1Day, 120 bars, US equities: 98.36% of 122 sessions"
    assert shown[1].startswith("2025 ■■✗■")
    assert shown[-1].split() == [
        *("2025-01-14", "missing", "session", "2"),
        *("no", "bar", "on", "2025-01-14", "to", "2025-01-15"),
    ]
    assert "<svg" in (tmp_path / "gaps.svg").read_text()


def test_json_is_for_programs(lake: Lake) -> None:
    store(lake, "AAPL", WHOLE)
    (found,) = json.loads(run("--json", "--timeframe", "1Day").stdout)
    assert (found["symbol"], found["good"], found["bars"]) == ("AAPL", True, 122)


def test_strict_fails_where_something_is_wrong(lake: Lake) -> None:
    store(lake, "AAPL", WHOLE)
    assert run("--strict").exit_code == 0
    store(lake, "MSFT", without(WHOLE, 7))
    result = run("--strict")
    assert isinstance(result.exception, Rejected)
    assert "not good: MSFT" in result.exception.message


class Cached:
    """A cache with one value for each key."""

    def __init__(self, value: bytes | None) -> None:
        self.value = value

    def get(self, key: str) -> bytes | None:
        return self.value if key == "quote:AAPL" else None

    def set(self, key: str, value: bytes, ttl_s: int) -> None:
        self.value = value


def test_the_stream_s_memory_is_in_the_lake_and_the_cache(lake: Lake) -> None:
    empty = LakeStreamMemory(lake, Cached(None))
    assert (empty.refused(Symbol("AAPL")), empty.quote(Symbol("AAPL"))) == ({}, None)
    columns = [
        Array(["AAPL", "AAPL", "IBM"], DataType.utf8()),
        Array(["absurd jump"] * 3, DataType.utf8()),
        Array([5, 9, 7], DataType.int64()),
    ]
    rows = Table.from_arrays(columns, names=["symbol", "reason", "time"])
    lake.write("quarantined_ticks", rows, ["symbol"])
    told = b'{"symbol":"AAPL","time":3,"bid":1.0,"bid_size":1,"ask":1.5,"ask_size":1,"received":4}'
    memory = LakeStreamMemory(lake, Cached(told))
    assert memory.refused(Symbol("AAPL")) == {"absurd jump": (2, 5, 9)}
    assert memory.quote(Symbol("AAPL")) == NewestQuote(3, 1.0, 1.5, 4)
    assert memory.quote(Symbol("IBM")) is None


HOLE = Hole("AAPL", "trades", DAY + 1, DAY + 2, "the plan has no history")


def lacking(lake: Lake, *holes: Hole) -> None:
    stream = StreamLake(lake)
    standing = stream.standings(["AAPL"])["AAPL"]
    moved = Moved(None, 0, 0, standing, Verdict())
    record = Record("alpaca:iex", "run", 0, "AAPL", holes=holes)
    accept(standing, record, 0, Limits(), moved.verdict)
    stream.lack([moved])


def test_holes_of_the_stream_are_told_in_the_range_that_is_asked_for(lake: Lake) -> None:
    store(lake, "AAPL", WHOLE)
    assert json.loads(run("AAPL", "--json").stdout)[0]["counts"] == {}
    lacking(lake, HOLE, HOLE._replace(what="silence", first=DAY - 10, last=DAY - 5))
    (report,) = json.loads(run("AAPL", "--json").stdout)
    assert (report["good"], report["counts"]) == (False, {"stream_hole": 2})
    silence, hole = report["findings"]
    assert (silence["weight"], hole["weight"]) == ("note", "warning")
    assert "alpaca:iex: trades may be missing: the plan has no history" in hole["detail"]
    assert hole["first"].startswith("2025-03-03T00:00:00")
    for span, count in ((("--start", "2025-03-03"), 1), (("--end", "2025-03-02"), 1)):
        (report,) = json.loads(run("AAPL", *span, "--json").stdout)
        assert report["counts"] == {"stream_hole": count}
    assert "Holes" in run().stdout


@pytest.mark.parametrize("broken", [b"", b"[]", b'{"bid":1}', b'{"bid":"x","ask":1}'])
def test_a_broken_quote_is_none(lake: Lake, broken: bytes) -> None:
    assert LakeStreamMemory(lake, Cached(broken)).quote(Symbol("AAPL")) is None
