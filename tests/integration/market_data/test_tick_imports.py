"""Trades of the past over real HTTP: all pages, gone on with after a stop, each stored once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from algotrendy.cli.ticks import app
from algotrendy.exchange.wiring import ExchangeOptions
from algotrendy.kernel.errors import Conflict, Invalid, Unauthenticated
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.alpaca_rest import AlpacaRest
from algotrendy.market_data.adapters.alpaca_trades import AlpacaTrades
from algotrendy.market_data.adapters.feed_replay import LakeRecording
from algotrendy.market_data.adapters.lake_imports import LakeImportNotes
from algotrendy.market_data.adapters.lake_stream import StreamLake
from algotrendy.market_data.adapters.lake_tick_imports import LakeTickImports
from algotrendy.market_data.adapters.lake_ticks import LakeTicks
from algotrendy.market_data.adapters.redis_board import NoBoard
from algotrendy.market_data.adapters.saved_folds import FoldStates
from algotrendy.market_data.streaming.consuming import Arrived, Consumer
from algotrendy.market_data.streaming.messages import Trade, records
from algotrendy.market_data.streaming.states import Folds
from algotrendy.market_data.tick_fetching import (
    FetchedTrades,
    TickTask,
    Told,
    fetch_trades,
)
from algotrendy.market_data.ticks import Ticks
from algotrendy.platform.blobs import blobs_at
from algotrendy.platform.cache import cache_at
from algotrendy.platform.lake import Lake
from algotrendy.platform.settings import reset_settings
from fakes.canned_server import Canned, canned
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, running_exchange

AAPL, BTC = Symbol("AAPL"), Symbol("BTC/USD")
NOW = datetime(2026, 1, 14, 16, 0, tzinfo=UTC)
BEGIN = datetime(2026, 1, 13, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TASK = TickTask(AAPL, BEGIN, BEGIN + HOUR)
DAY = BEGIN.date()


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    options = ExchangeOptions(
        "synthetic", ("AAPL", "BTC/USD"), NOW, speed=0.0, key_id=KEY_ID, secret=SECRET
    )
    with running_exchange(options) as found:
        yield found


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("algotrendy.market_data.adapters.alpaca_trades._PAGE", 100)


class World(NamedTuple):
    """A lake in a folder, and trades of an exchange."""

    lake: Lake
    exchange: RunningExchange

    def fetch(self, task: TickTask = TASK, most: int | None = None) -> FetchedTrades:
        """Import; stop after so many pages as a kill would."""
        told: list[FetchedTrades] = []

        def tell(done: FetchedTrades) -> None:
            told.append(done)
            if len(told) == most:
                raise KeyboardInterrupt

        with AlpacaRest(KEY_ID, SECRET, self.exchange.url, sleep=lambda _: None) as rest:
            history = AlpacaTrades(rest, None if "/" in task.symbol else "iex")
            notes = LakeImportNotes(self.lake)
            return fetch_trades(LakeTickImports(self.lake), history, notes, task, tell)

    def told(self, task: TickTask = TASK) -> list[Trade]:
        """Give what the exchange itself says was traded."""
        with AlpacaRest(KEY_ID, SECRET, self.exchange.url) as rest:
            history = AlpacaTrades(rest, None if "/" in task.symbol else "iex")
            pages = history.pages(task.symbol, task.start, task.end)
            return [trade for page in pages for trade in page.trades]

    def read(self, symbol: Symbol = AAPL) -> Ticks:
        return LakeTicks(self.lake).read(symbol, DAY, DAY)

    def stream(self, trades: Sequence[Trade]) -> None:
        """Let the consumer of the stream take trades."""
        stream = StreamLake(self.lake)
        states = FoldStates(cache_at(None, ""), blobs_at(self.lake.url))
        consumer = Consumer(stream, Folds(stream, states), NoBoard(), ())
        told = records("paper:iex", "run", 1, str(trades[0].symbol), trades)
        consumer.take([Arrived(record, trades[-1].received) for record in told])


@pytest.fixture
def world(tmp_path: Path, exchange: RunningExchange) -> World:
    return World(Lake(f"file://{tmp_path}/lake"), exchange)


def rows(ticks: Ticks) -> list[tuple[int, float, float]]:
    return list(zip(ticks.times, ticks.prices, ticks.sizes, strict=True))


def content(trades: Sequence[Trade]) -> list[tuple[int, float, float]]:
    return [(trade.time, trade.price, trade.size) for trade in trades]


def test_trades_come_over_all_pages_and_only_once(world: World) -> None:
    done = world.fetch()
    told = world.told()
    assert done.trades == done.new == len(told) > 250
    assert rows(world.read()) == content(told)
    again = world.fetch()
    assert (again.new, again.resumed) == (0, done.last)
    assert again.trades < 10
    assert rows(world.read()) == content(told)
    [summary] = LakeTicks(world.lake).symbols()
    assert (summary.ticks, summary.source) == (len(told), "alpaca:iex")


def test_a_run_that_was_stopped_goes_on_and_comes_to_the_same(world: World) -> None:
    for stops in (1, 1):
        with pytest.raises(KeyboardInterrupt):
            world.fetch(most=stops)
    done = world.fetch()
    assert done.resumed is not None
    assert rows(world.read()) == content(world.told())


def test_a_stop_between_the_trades_and_the_note_stores_nothing_twice(world: World) -> None:
    told = world.told()
    LakeTickImports(world.lake).add(AAPL, told[:150], "alpaca:iex")
    done = world.fetch()
    assert (done.resumed, done.new) == (None, len(told) - 150)
    assert rows(world.read()) == content(told)


def test_a_later_begin_and_another_feed_store_nothing_twice(world: World) -> None:
    world.fetch()
    again = world.fetch(TickTask(AAPL, BEGIN + HOUR / 4, BEGIN + HOUR / 2))
    assert (again.new, again.resumed) == (0, None)
    told = world.told()
    assert LakeTickImports(world.lake).add(AAPL, told[:50], "alpaca:sip") == 0


@pytest.mark.parametrize("streamed_first", [True, False])
def test_what_was_streamed_and_imported_is_there_once(world: World, streamed_first: bool) -> None:
    told = world.told()
    part = told[100:250]
    if streamed_first:
        world.stream(part)
        assert world.fetch().new == len(told) - len(part)
    else:
        assert world.fetch().new == len(told)
        world.stream(part)
    assert rows(world.read()) == content(told)
    [summary] = LakeTicks(world.lake).symbols()
    assert summary.ticks == len(told)
    assert summary.source == "alpaca:iex, stream:paper:iex"
    assert list(LakeRecording(world.lake).trades("AAPL", str(DAY))) == content(told)
    # The stream counts its own trades alone: bars of it are those that it would have made.
    assert StreamLake(world.lake).at("AAPL") == (len(part), 0)
    assert content(list(StreamLake(world.lake).trades("AAPL", 0, 999))) == content(part)  # type: ignore[arg-type]


def test_pairs_are_imported_too(world: World) -> None:
    task = TickTask(BTC, BEGIN, BEGIN + HOUR)
    done = world.fetch(task)
    assert done.new == len(world.told(task)) > 0
    assert rows(world.read(BTC)) == content(world.told(task))
    assert world.read(BTC).source == "alpaca"


def test_a_day_with_trades_without_ids_is_refused(world: World) -> None:
    first = world.told()[0]
    own = Ticks(AAPL, [first.time], [first.price], [first.size], "csv:own.csv")
    LakeTicks(world.lake).replace(own)
    told = f"AAPL must have no trades without ids on {DAY}, has some from csv:own.csv"
    with pytest.raises(Conflict, match=told):
        world.fetch()
    assert rows(world.read()) == rows(own)


def test_two_importers_at_once_store_each_trade_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = world.told()
    slow, quick = LakeTickImports(world.lake), LakeTickImports(world.lake)
    slow.add(AAPL, told[:10], "alpaca:iex")
    looked: list[bool] = []
    known = slow._known

    def overtaken(symbol: Symbol, trades: Sequence[Trade]) -> Any:
        found = known(symbol, trades)
        if not looked:
            looked.append(True)
            quick.add(AAPL, told[:100], "alpaca:iex")
        return found

    monkeypatch.setattr(slow, "_known", overtaken)
    assert slow.add(AAPL, told[:120], "alpaca:iex") == 20
    assert rows(world.read()) == content(told[:120])


class Pages:
    """A history of a test's own."""

    source = "alpaca:iex"

    def __init__(self, *pages: Told) -> None:
        self._pages = pages

    def pages(self, *_: object) -> Iterator[Told]:
        yield from self._pages


def test_what_no_market_made_is_left_out_and_named(world: World) -> None:
    good = world.told()[:3]
    bad = [good[0]._replace(price=float("nan")), good[1]._replace(id=""), good[2]._replace(size=0)]
    page = Told([*good, *bad], taken_back=2)
    notes = LakeImportNotes(world.lake)
    done = fetch_trades(LakeTickImports(world.lake), Pages(page), notes, TASK)
    assert (done.trades, done.new, done.quarantined, done.taken_back) == (8, 3, 3, 2)
    assert [str(fault) for fault in done.faults] == [
        "line 4: price is not finite and above 0",
        "line 5: id is not told",
        "line 6: size is not finite and above 0",
    ]
    assert rows(world.read()) == content(good)


def test_what_was_taken_back_is_left_out_and_an_evening_has_ids_of_its_own() -> None:
    trades = [
        {"t": "2026-01-14T00:30:00.000000001Z", "x": "V", "p": 10, "s": 1, "i": 7},
        {"t": "2026-01-14T15:00:00Z", "x": "V", "p": 10, "s": 1, "i": 7},
        {"t": "2026-01-14T15:00:01Z", "x": "V", "p": 11, "s": 1, "i": 8, "u": "canceled"},
        {"t": "2026-01-14T15:00:02Z", "x": "V", "p": 11, "s": 1, "i": 9, "u": "corrected"},
    ]
    answer = Canned(200, {"trades": {"AAPL": trades}, "next_page_token": None})
    with canned(answer) as server, AlpacaRest("k", "s", server.url) as rest:
        history = AlpacaTrades(rest, ids_restart=True)
        [page] = history.pages(AAPL, NOW - 24 * HOUR, NOW)
    assert [trade.id for trade in page.trades] == ["e7", "7", "9"]
    assert page.taken_back == 1


def test_a_span_that_ends_before_it_begins_is_refused(world: World) -> None:
    with pytest.raises(Invalid, match="start must be before the end"):
        world.fetch(TickTask(AAPL, BEGIN, BEGIN))


@pytest.fixture
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    monkeypatch.setenv("APCA_API_KEY_ID", KEY_ID)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)
    reset_settings()
    made = (wiring.tick_store, wiring.tick_imports, wiring.import_notes)
    for each in made:
        each.cache_clear()
    yield
    reset_settings()
    for each in made:
        each.cache_clear()


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.mark.usefixtures("_lake")
def test_the_command_imports_counts_and_goes_on(exchange: RunningExchange) -> None:
    begin = ("import", "--alpaca", "AAPL", "--start", f"{BEGIN:%Y-%m-%dT%H:%M}")
    command = (*begin, "--end", f"{BEGIN + HOUR:%Y-%m-%dT%H:%M}", "--url", exchange.url)
    first = run(*command).stdout
    assert first.startswith("imported: ")
    assert "trades of AAPL from alpaca:iex, 2026-01-13T15:00:" in first
    assert ", 0 taken back, 0 quarantined\n" in first
    again = run(*command).stdout
    assert again.startswith("unchanged: 0 new of ")
    assert "went on at 2026-01-13T15:59:" in again
    assert "AAPL on 2026-01-13" in run("show", "AAPL").stdout


@pytest.mark.usefixtures("_lake")
def test_the_command_says_what_it_lacks(exchange: RunningExchange) -> None:
    with pytest.raises(Invalid, match="import must be one of --csv and --alpaca, was 'none'"):
        run("import")
    with pytest.raises(Invalid, match="start must be given with --start"):
        run("import", "--alpaca", "AAPL")
    start = ("--start", f"{date(2026, 1, 13)}")
    with pytest.raises(Unauthenticated):
        run("import", "--alpaca", "AAPL", *start, "--url", exchange.url, "--secret", "wrong")
