"""Bars of services over real HTTP: all pages, rate limits kept, gone on with after a stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.responses import JSONResponse
from typer.testing import CliRunner

from algotrendy.cli.actions import app as actions_app
from algotrendy.cli.bars import app
from algotrendy.exchange.wiring import ExchangeOptions
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, NotFound, Unauthenticated, Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.alpaca_bars import AlpacaBars, alpaca_actions
from algotrendy.market_data.adapters.alpaca_rest import AlpacaRest
from algotrendy.market_data.adapters.ccxt_bars import CcxtBars
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.lake_imports import LakeImportNotes
from algotrendy.market_data.fetching import BarHistory, Fetched, Task, fetch_bars
from algotrendy.platform.lake import Lake
from algotrendy.platform.settings import reset_settings
from fakes.canned_server import Canned, canned
from fakes.crypto_exchange_server import CryptoExchangeServer
from fixtures.exchange import KEY_ID, SECRET, RunningExchange, running_exchange

AAPL, BTC, PAIR = Symbol("AAPL"), Symbol("BTC/USD"), Symbol("BTC/USDT")
NOW = datetime(2026, 1, 14, 16, 0, tzinfo=UTC)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MS = 1000


class World(NamedTuple):
    """A lake in a folder."""

    store: LakeBars
    notes: LakeImportNotes

    def fetch(self, history: BarHistory, task: Task, most: int | None = None) -> Fetched:
        """Import; stop after so many pages as a kill would."""
        told: list[Fetched] = []

        def tell(done: Fetched) -> None:
            told.append(done)
            if len(told) == most:
                raise KeyboardInterrupt

        return fetch_bars(self.store, history, self.notes, task, tell)


@pytest.fixture
def world(tmp_path: Path) -> World:
    lake = Lake(f"file://{tmp_path}/lake")
    return World(LakeBars(lake), LakeImportNotes(lake))


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    symbols = ("AAPL", "BTC/USD")
    with running_exchange(
        ExchangeOptions("synthetic", symbols, NOW, speed=0.0, key_id=KEY_ID, secret=SECRET)
    ) as found:
        yield found


class Slept(list[float]):
    """Keeps what was waited for, and waits for nothing."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def rest_of(exchange: RunningExchange, slept: Slept | None = None) -> AlpacaRest:
    return AlpacaRest(KEY_ID, SECRET, exchange.url, sleep=slept if slept is not None else Slept())


def script(exchange: RunningExchange, **fault: Any) -> None:
    answer = httpx.put(f"{exchange.url}/exchange/faults", json={"next": [fault]})
    assert answer.status_code == 200, answer.text


def test_minutes_of_days_come_over_all_pages_and_only_once(
    exchange: RunningExchange, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("algotrendy.market_data.adapters.alpaca_bars._PAGE", 300)
    task = Task(AAPL, Timeframe.MINUTE, MONDAY, MONDAY + timedelta(days=2))
    with rest_of(exchange) as rest:
        done = world.fetch(AlpacaBars(rest), task)
        again = world.fetch(AlpacaBars(rest), task)
        [plain] = rest.pages(
            "/v2/stocks/bars",
            {"symbols": AAPL, "timeframe": "1Min", "start": "2026-01-05", "end": "2026-01-06",
             "limit": 10_000},
        )  # fmt: skip
    found = world.store.read(AAPL)
    assert done.bars == len(found) > 600
    assert (done.changed >= 3, done.quarantined, done.resumed) == (True, 0, None)
    assert (again.changed, again.bars, again.resumed) == (0, 1, done.last)
    told = plain["bars"]["AAPL"]
    assert list(found.close[: len(told)]) == [row["c"] for row in told]
    [summary] = world.store.symbols()
    assert (summary.source, summary.timeframe) == ("alpaca:iex", Timeframe.MINUTE)


def test_days_are_sessions_and_the_unfinished_one_is_left(
    exchange: RunningExchange, world: World
) -> None:
    for symbol in (AAPL, BTC):
        with rest_of(exchange) as rest:
            feed = None if symbol == BTC else "iex"
            world.fetch(AlpacaBars(rest, feed), Task(symbol, Timeframe.DAY, MONDAY, NOW))
    shares, pairs = world.store.read(AAPL), world.store.read(BTC)
    day_ns = 86_400 * 10**9
    assert all(time % day_ns == 0 for time in (*shares.times, *pairs.times))
    last = datetime.fromtimestamp(shares.times[-1] // 10**9, UTC).date()
    assert last == date(2026, 1, 13)
    assert (len(shares), len(pairs)) == (7, 9)


def test_a_stopped_import_goes_on_where_it_was(
    exchange: RunningExchange, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("algotrendy.market_data.adapters.alpaca_bars._PAGE", 200)
    task = Task(BTC, Timeframe.FIVE_MINUTES, MONDAY, MONDAY + timedelta(days=4))
    with rest_of(exchange) as rest:
        history = AlpacaBars(rest, None)
        with pytest.raises(KeyboardInterrupt):
            world.fetch(history, task, most=2)
        stored = world.store.read(BTC)
        rest_of_it = world.fetch(history, task)
    assert 0 < len(stored) < rest_of_it.bars + len(stored)
    assert rest_of_it.resumed is not None
    whole = World(*world)
    assert len(whole.store.read(BTC)) == 4 * 288
    assert whole.store.read(BTC).times[: len(stored)] == stored.times


def test_a_rate_limit_is_waited_for_and_an_outage_is_asked_again(
    exchange: RunningExchange, world: World
) -> None:
    slept = Slept()
    task = Task(AAPL, Timeframe.HOUR, MONDAY, NOW)
    with rest_of(exchange, slept) as rest:
        script(exchange, fault="rate_limit", path="/v2/stocks/bars", seconds=7)
        assert world.fetch(AlpacaBars(rest), task).changed == 1
        assert slept == [7.0]
        slept.clear()
        script(exchange, fault="fail_before", path="/v2/stocks/bars", status=503, count=2)
        world.fetch(AlpacaBars(rest), task)
        assert slept == [1.0, 2.0]
        script(exchange, fault="fail_before", path="/v2/stocks/bars", status=504, count=6)
        with pytest.raises(Unavailable, match="it answered 504; asked 6 times"):
            world.fetch(AlpacaBars(rest), task)


def test_keys_that_are_wrong_are_said_to_be(exchange: RunningExchange, world: World) -> None:
    task = Task(AAPL, Timeframe.DAY, MONDAY, NOW)
    with (
        AlpacaRest("wrong", "wrong", exchange.url) as rest,
        pytest.raises(Unauthenticated, match="Alpaca does not take these keys"),
    ):
        world.fetch(AlpacaBars(rest), task)
    with pytest.raises(Invalid, match="start must be before the end"):
        world.fetch(AlpacaBars(rest), Task(AAPL, Timeframe.DAY, NOW, MONDAY))


def test_a_spent_limit_is_waited_for_before_the_next_page(world: World) -> None:
    rows = [
        {"t": f"2024-01-0{day}T05:00:00Z", "o": 1, "h": 2, "l": 1, "c": 2, "v": 3} for day in (2, 3)
    ]
    bad = {"t": "2024-01-04T05:00:00Z", "o": 5, "h": 2, "l": 1, "c": 2, "v": 3}
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1009"}
    pages = (
        Canned(body={"bars": {"AAPL": rows[:1]}, "next_page_token": "more"}, headers=spent),
        Canned(body={"bars": {"AAPL": [*rows[1:], bad]}, "next_page_token": None}),
    )
    slept = Slept()
    with (
        canned(*pages) as server,
        AlpacaRest("k", "s", server.url, sleep=slept, unix_s=lambda: 1000.0) as rest,
    ):
        task = Task(AAPL, Timeframe.DAY, datetime(2024, 1, 1, tzinfo=UTC), NOW)
        done = world.fetch(AlpacaBars(rest), task)
    assert slept == [9.0]
    assert "page_token=more" in server.lines[1]
    assert (done.bars, done.quarantined) == (3, 1)
    assert str(done.faults[0]) == "line 3: open 5.0 is outside low 1.0 to high 2.0"
    assert len(world.store.read(AAPL)) == 2


def test_actions_of_alpaca_are_read_and_those_without_a_rule_passed_over() -> None:
    groups = {
        "forward_splits": [{"symbol": "AAPL", "new_rate": 4, "old_rate": 1, "ex_date": "2020-08-31",
                            "process_date": "2020-08-31"}],
        "reverse_splits": [{"symbol": "GE", "new_rate": 1, "old_rate": 8, "ex_date": "2021-08-02",
                            "process_date": "2021-08-02"}],
        "cash_dividends": [{"symbol": "AAPL", "rate": 0.205, "ex_date": "2020-11-06",
                            "process_date": "2020-11-12"}],
        "stock_dividends": [{"symbol": "TSLA", "rate": 0.05, "ex_date": "2021-01-04",
                             "process_date": "2021-01-04"}],
        "name_changes": [{"old_symbol": "FB", "new_symbol": "META", "process_date": "2022-06-09"}],
        "cash_mergers": [{"acquiree_symbol": "TWTR", "rate": 54.2, "effective_date": "2022-10-28",
                          "process_date": "2022-10-31"}],
        "worthless_removals": [{"symbol": "OLD", "process_date": "2021-05-01"}],
        "spin_offs": [{"source_symbol": "GE", "process_date": "2023-01-04"}],
    }  # fmt: skip
    page = Canned(body={"corporate_actions": groups, "next_page_token": None})
    symbols = [Symbol(name) for name in ("AAPL", "FB", "GE", "OLD", "TSLA", "TWTR")]
    with canned(page) as server, AlpacaRest("k", "s", server.url) as rest:
        given = alpaca_actions(rest, symbols, date(2020, 1, 1), date(2023, 12, 31))
    assert [
        (a.symbol, str(a.kind), str(a.day), a.value or a.new_symbol) for a in given.actions
    ] == [
        ("AAPL", "dividend", "2020-11-06", 0.205),
        ("AAPL", "split", "2020-08-31", 4.0),
        ("FB", "rename", "2022-06-09", "META"),
        ("GE", "split", "2021-08-02", 0.125),
        ("OLD", "delisting", "2021-05-01", None),
        ("TSLA", "split", "2021-01-04", 1.05),
        ("TWTR", "delisting", "2022-10-28", 54.2),
    ]
    assert "symbols=AAPL%2CFB%2CGE%2COLD%2CTSLA%2CTWTR" in server.lines[0]


@pytest.fixture(scope="module")
def crypto() -> Iterator[CryptoExchangeServer]:
    with CryptoExchangeServer() as server:
        begin = int(MONDAY.timestamp() * MS)
        minutes = (minute for minute in range(1500) if not 700 <= minute < 720)
        server.klines.rows = {
            begin + minute * 60_000: (100.0, 102.0, 99.0, 100.0 + minute % 2, 5.0)
            for minute in minutes
        }
        yield server


def test_an_exchange_of_ccxt_tells_all_its_pages(
    crypto: CryptoExchangeServer, world: World
) -> None:
    slept = Slept()
    history = CcxtBars("binance", crypto.url, slept)
    task = Task(PAIR, Timeframe.MINUTE, MONDAY, MONDAY + 1400 * MINUTE)
    crypto.klines.first.append(JSONResponse({"code": -1003, "msg": "Too many requests."}, 429))
    with pytest.raises(KeyboardInterrupt):
        world.fetch(history, task, most=1)
    assert slept == [1.0]
    done = world.fetch(history, task)
    found = world.store.read(PAIR)
    assert (len(found), done.resumed, done.quarantined) == (
        1380,
        MONDAY + 499 * MINUTE,
        0,
    )
    assert world.store.symbols()[0].source == "ccxt:binance"
    with pytest.raises(NotFound, match="DOGE/USDT was not found"):
        world.fetch(history, Task(Symbol("DOGE/USDT"), Timeframe.MINUTE, MONDAY, NOW))
    with pytest.raises(Invalid, match="exchange must be one that ccxt knows"):
        CcxtBars("nowhere")


@pytest.fixture
def _lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ALGOTRENDY_LAKE_URL", f"file://{tmp_path}/lake")
    stores = (wiring.bar_store, wiring.action_store, wiring.import_notes)

    def forget() -> None:
        reset_settings()
        for store in stores:
            store.cache_clear()

    forget()
    yield
    forget()


@pytest.mark.usefixtures("_lake")
def test_the_commands_import_and_show(
    exchange: RunningExchange, crypto: CryptoExchangeServer
) -> None:
    keys = {"APCA_API_KEY_ID": KEY_ID, "APCA_API_SECRET_KEY": SECRET}

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, env=keys)
        if done.exception is not None:
            raise done.exception
        return done.stdout

    span = ("--timeframe", "1Min", "--start", "2026-01-05", "--end", "2026-01-05T18:00")
    told = run("import", "--alpaca", "AAPL", *span, "--url", exchange.url)
    assert told.startswith("imported: ")
    assert "bars of AAPL 1Min from alpaca:iex, 2026-01-05T" in told
    told = run("import", "--ccxt", "binance", "BTC/USDT", *span, "--url", crypto.url)
    assert told == (
        "imported: 1,060 bars of BTC/USDT 1Min from ccxt:binance, 2026-01-05T00:00:00Z to "
        "2026-01-05T17:59:00Z, 0 quarantined\n"
    )
    assert "2026-01-05 00:00" in run("show", "BTC/USDT")
    with pytest.raises(Invalid, match="start must be given with --start"):
        run("import", "--alpaca", "AAPL")
    nothing = Canned(body={"corporate_actions": {}, "next_page_token": None})
    with canned(nothing) as server:
        done = CliRunner().invoke(
            actions_app, ["import", "--alpaca", "AAPL", "--url", server.url], env=keys
        )
    assert done.stdout == "unchanged: 0 actions, 0 new, changed or taken back\n"
