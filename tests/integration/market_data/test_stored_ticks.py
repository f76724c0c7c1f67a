"""How far the streamed trades of the lake go is known by symbol and feed; they can be played."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from arro3.core import Array, DataType, Table

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.adapters.feed_replay import LakeRecording, ReplayFeed
from algotrendy.market_data.adapters.stored_ticks import StoredTicks
from algotrendy.market_data.streaming.listening import FeedState
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.market_data.streaming.producer import Producer
from algotrendy.market_data.streaming.sender import Sender
from algotrendy.platform.lake import Lake, lake_at
from fakes.scripted_feed import Heard, ScriptedSink, ScriptedStored

SECOND = 1_000_000_000
DAYS = ("2024-07-02", "2024-07-03")


def store(
    lake: Lake,
    symbol: str,
    source: str,
    rows: list[tuple[str, int, float]],
    dataset: str = "ticks",
) -> None:
    text, whole, number = DataType.utf8(), DataType.int64(), DataType.float64()
    count = len(rows)
    columns: dict[str, Any] = {
        "symbol": Array([symbol] * count, text),
        "date": Array([day for day, _, _ in rows], text),
        "time": Array([time for _, time, _ in rows], whole),
        "place": Array(list(range(count)), whole),
        "price": Array([price for _, _, price in rows], number),
        "size": Array([1.0] * count, number),
        "source": Array([source] * count, text),
    }
    table = Table.from_arrays(list(columns.values()), names=list(columns))
    lake.write(dataset, table, ("symbol", "date"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_at(f"file://{tmp_path}/lake")


def test_nothing_is_stored_in_an_empty_lake(lake: Lake) -> None:
    assert asyncio.run(StoredTicks(lake).newest("paper:iex", ["AAPL"])) == {}


def test_the_newest_of_a_feed_is_found_by_symbol(lake: Lake) -> None:
    mine = "stream:paper:iex"
    store(lake, "AAPL", mine, [(DAYS[0], 90, 1.0), (DAYS[1], 10, 1.0), (DAYS[1], 30, 1.0)])
    store(lake, "AAPL", "csv:x", [(DAYS[1], 99, 1.0)])
    store(lake, "BTC/USD", mine, [(DAYS[0], 50, 1.0)])
    store(lake, "MSFT", "stream:other", [(DAYS[0], 70, 1.0)])
    found = asyncio.run(StoredTicks(lake).newest("paper:iex", ["AAPL", "BTC/USD", "MSFT"]))
    assert found == {"AAPL": 30, "BTC/USD": 50}


class Recorded:
    """A recording in memory: one thread less."""

    def __init__(self, rows: dict[str, dict[str, list[tuple[int, float, float]]]]) -> None:
        self.rows = rows

    def days(self, symbol: str) -> list[str]:
        return sorted(self.rows.get(symbol, {}))

    def trades(self, symbol: str, day: str) -> list[tuple[int, float, float]]:
        return self.rows[symbol][day]


def test_a_recording_holds_all_but_what_a_replay_has_put_there(lake: Lake) -> None:
    store(lake, "AAPL", "csv:x", [(DAYS[0], 3, 1.0), (DAYS[0], 1, 2.0), (DAYS[1], 9, 3.0)])
    store(lake, "AAPL", "stream:replay:ticks", [(DAYS[1], 10, 9.0)])
    recording = LakeRecording(lake)
    assert recording.days("AAPL") == list(DAYS)
    assert recording.days("MSFT") == []
    assert recording.trades("AAPL", DAYS[0]) == [(1, 2.0, 1.0), (3, 1.0, 1.0)]
    assert recording.trades("AAPL", DAYS[1]) == [(9, 3.0, 1.0)]


def test_a_dataset_of_ones_own_is_played_and_one_that_holds_no_trades_is_refused(
    lake: Lake,
) -> None:
    store(lake, "AAPL", "csv:x", [(DAYS[0], 3, 1.0)])
    store(lake, "AAPL", "csv:y", [(DAYS[1], 9, 2.0), (DAYS[1], 8, 3.0)], "my_trades")
    store(lake, "AAPL", "stream:replay:my_trades", [(DAYS[1], 10, 9.0)])
    mine = LakeRecording(lake, "my_trades")
    assert mine.days("AAPL") == [DAYS[1]]
    assert mine.trades("AAPL", DAYS[1]) == [(8, 3.0, 1.0), (9, 2.0, 1.0)]
    # What any replay has put there is no recording.
    assert LakeRecording(lake).days("AAPL") == [DAYS[0]]
    with pytest.raises(NotFound, match="dataset other was not found; the lake has: my_trades"):
        LakeRecording(lake, "other").days("AAPL")
    text = DataType.utf8()
    no_trades = Table.from_arrays([Array(["AAPL"], text)], names=["symbol"])
    lake.write("notes", no_trades)
    with pytest.raises(Invalid, match=r"symbol, date, .*was 'notes, without date'"):
        LakeRecording(lake, "notes").days("AAPL")


def test_nothing_is_recorded_in_an_empty_lake(lake: Lake) -> None:
    async def begin() -> None:
        feed = ReplayFeed(LakeRecording(lake), ("AAPL",), 1.0, "run", time.time_ns)
        async with feed.open({}):
            pass

    with pytest.raises(NotFound, match="recording of AAPL"):
        asyncio.run(begin())


ROWS = {
    "AAPL": {
        DAYS[0]: [(0, 1.0, 1.0), (10 * SECOND, 2.0, 1.0)],
        DAYS[1]: [(90 * SECOND, 3.0, 1.0)],
    },
    "BTC/USD": {DAYS[0]: [(5 * SECOND, 7.0, 1.0), (5 * SECOND, 7.0, 1.0)]},
}


@pytest.mark.parametrize("speed", [500.0, 1_000.0, 1_000_000.0])
def test_a_replay_keeps_order_and_distance_at_any_speed(speed: float) -> None:
    sink, heard = ScriptedSink(), Heard()

    async def scenario() -> None:
        feed = ReplayFeed(Recorded(ROWS), ("AAPL", "BTC/USD"), speed, "run", time.time_ns)
        sender = Sender(sink, feed.name, "run", lambda: 0.5)
        stored = ScriptedStored(sink)
        producer = Producer(feed, sender, stored, heard, SystemClock(), lambda: 0.5)
        sending = asyncio.create_task(sender.run())
        async with asyncio.timeout(30):
            # It ends by itself when all is played.
            await producer.run()
            await sender.drain()
        sending.cancel()

    asyncio.run(scenario())
    trades, begin = heard.trades, heard.trades[0].time
    assert [trade.price for trade in trades] == [1.0, 7.0, 7.0, 2.0, 3.0]
    passed = [round((trade.time - begin) * speed / SECOND, 1) for trade in trades]
    assert passed == pytest.approx([0, 5, 5, 10, 90], abs=0.01)
    assert all(trade.time <= trade.received for trade in trades)
    assert len({trade.id for trade in trades}) == 5
    for symbol in ROWS:
        assert sink.trades(symbol) == [trade for trade in trades if trade.symbol == symbol]
    assert heard.states[-1].state is FeedState.CLOSED


def test_a_second_play_is_no_double_of_the_first() -> None:
    async def play(feed: ReplayFeed) -> set[str]:
        async with feed.open({}) as connection:
            return {item.id for item in await connection.receive() if isinstance(item, Trade)}

    async def scenario() -> None:
        feed = ReplayFeed(Recorded(ROWS), ("BTC/USD",), 1.0, "run", time.time_ns)
        first, second = await play(feed), await play(feed)
        assert len(first | second) == 4

    asyncio.run(scenario())


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_is_above_zero(speed: float) -> None:
    with pytest.raises(Invalid, match="speed"):
        ReplayFeed(Recorded({}), ("AAPL",), speed, "run", time.time_ns)
