"""Public trades are asked for with unmodified ccxt, and none is missed or told twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from algotrendy.brokers.ccxt.feed import CcxtFeed
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.market_data.streaming.feeds import Connection, Upto
from algotrendy.market_data.streaming.messages import Quote, Trade
from algotrendy.market_data.streaming.producer import Producer, ProducerTerms
from algotrendy.market_data.streaming.sender import Sender
from fakes.public_trades_server import PAIR, PublicTradesServer
from fakes.scripted_feed import Heard, ScriptedSink, ScriptedStored

HOUR_MS = 3_600_000
Story = Callable[[Connection], Awaitable[None]]


@pytest.fixture
def server() -> Iterator[PublicTradesServer]:
    with PublicTradesServer() as running:
        yield running


def feed_of(server: PublicTradesServer, *symbols: str) -> CcxtFeed:
    return CcxtFeed("binance", symbols or (PAIR,), time.time_ns, server.url, poll_s=0.01)


def listen(server: PublicTradesServer, since_ms: int, story: Story) -> None:
    async def scenario() -> None:
        async with feed_of(server).open({PAIR: since_ms * 1_000_000}) as connection:
            await story(connection)

    asyncio.run(scenario())


async def hear(connection: Connection, count: int) -> list[Trade]:
    found: list[Trade] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += [item for item in await connection.receive() if isinstance(item, Trade)]
    return found


def now_ms() -> int:
    return round(time.time() * 1000)


def test_trades_come_once_and_in_order_with_ids_and_times(server: PublicTradesServer) -> None:
    begin = now_ms()
    server.make(3, begin)

    async def story(connection: Connection) -> None:
        first = await hear(connection, 3)
        assert [(t.id, t.time, t.price, t.size) for t in first] == [
            (str(id_), begin * 1_000_000, price, 0.5) for id_, _, price in server.trades
        ]
        # Two more in the very millisecond that was read already.
        server.make(2, begin)
        server.make(1)
        assert [t.id for t in await hear(connection, 3)] == ["3", "4", "5"]
        assert not [i for i in await connection.receive() if isinstance(i, Trade)]

    listen(server, begin, story)


def test_many_trades_come_page_by_page(server: PublicTradesServer) -> None:
    begin = now_ms() - 5_000
    for number in range(2_500):
        server.make(1, begin + number)

    async def story(connection: Connection) -> None:
        assert [t.id for t in await hear(connection, 2_500)] == [str(n) for n in range(2_500)]

    listen(server, begin, story)


def test_a_trade_of_the_future_keeps_none_from_being_told(server: PublicTradesServer) -> None:
    begin = now_ms()
    server.make(2, begin)
    server.make(1, begin + HOUR_MS // 2)

    async def story(connection: Connection) -> None:
        assert [t.id for t in await hear(connection, 3)] == ["0", "1", "2"]
        for number in range(3, 6):
            server.make(1)
            assert [t.id for t in await hear(connection, 1)] == [str(number)]
        assert not [i for i in await connection.receive() if isinstance(i, Trade)]

    listen(server, begin, story)


@pytest.mark.parametrize("ahead_ms", [0, 60_000])
def test_pages_go_on_where_our_clock_is_wrong(server: PublicTradesServer, ahead_ms: int) -> None:
    """The exchange tells its time, or (0) it seems to be as wrong as ours."""
    server.ahead_ms = ahead_ms
    begin = now_ms() + 50_000
    for number in range(3_000):
        server.make(1, begin + number)

    async def story(connection: Connection) -> None:
        assert [t.id for t in await hear(connection, 3_000)] == [str(n) for n in range(3_000)]
        assert server.asked < 10

    listen(server, begin - 5_000, story)


def test_hours_without_a_trade_are_passed_over(server: PublicTradesServer) -> None:
    begin = now_ms() - 5 * HOUR_MS
    server.make(1, begin)
    server.make(1, begin + 4 * HOUR_MS)

    async def story(connection: Connection) -> None:
        assert [t.id for t in await hear(connection, 2)] == ["0", "1"]

    listen(server, begin, story)


def test_a_quote_comes_when_it_changes(server: PublicTradesServer) -> None:
    async def story(connection: Connection) -> None:
        quotes: list[Quote] = []
        for bid in (100.0, 100.0, 101.0):
            server.bid = bid
            quotes += [item for item in await connection.receive() if isinstance(item, Quote)]
        assert [(q.bid, q.bid_size, q.ask, q.ask_size) for q in quotes] == [
            (100.0, 1.0, 101.0, 2.0),
            (101.0, 1.0, 102.0, 2.0),
        ]

    listen(server, now_ms(), story)


def test_an_exchange_that_fails_is_unavailable(server: PublicTradesServer) -> None:
    async def story(connection: Connection) -> None:
        server.is_down = True
        with pytest.raises(Unavailable, match="binance"):
            await connection.receive()

    listen(server, now_ms(), story)


def test_what_is_not_traded_there_is_refused(server: PublicTradesServer) -> None:
    async def scenario() -> None:
        async with feed_of(server, "NO/SUCH").open({}):
            pass

    with pytest.raises(Invalid, match="pairs that binance trades"):
        asyncio.run(scenario())
    with pytest.raises(Invalid, match="pairs, like BTC/USDT"):
        feed_of(server, "AAPL")


async def clocks(connection: Connection) -> list[int]:
    return [item.time for item in await connection.receive() if isinstance(item, Upto)]


def test_up_to_when_all_was_told_is_said_by_the_exchanges_clock(
    server: PublicTradesServer,
) -> None:
    server.ahead_ms = 3_000
    begin = now_ms()

    async def story(connection: Connection) -> None:
        (told,) = await clocks(connection)
        settled = told // 1_000_000 + 10_000 - server.ahead_ms
        assert begin <= settled <= now_ms()
        # Not with each look.
        assert await clocks(connection) == []

    listen(server, begin, story)


@pytest.mark.parametrize(("trades", "hours_ago"), [(1_000, 0), (1, 5)])
def test_nothing_is_said_of_the_time_while_more_is_to_be_told(
    server: PublicTradesServer, trades: int, hours_ago: int
) -> None:
    begin = now_ms() - hours_ago * HOUR_MS
    server.make(trades, begin)

    async def story(connection: Connection) -> None:
        assert await clocks(connection) == []

    listen(server, begin, story)


def test_a_clock_that_is_wrong_is_told_to_people_once(
    server: PublicTradesServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.ahead_ms = 60_000

    async def story(connection: Connection) -> None:
        await connection.receive()
        await connection.receive()

    listen(server, now_ms(), story)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "60.0 s behind that of binance: set it right" in said


def test_a_quiet_pair_sends_a_clock_to_the_lake(server: PublicTradesServer) -> None:
    sink = ScriptedSink()
    begin = now_ms()

    async def scenario() -> None:
        feed = feed_of(server)
        sender = Sender(sink, feed.name, "run", lambda: 0.5)
        stored = ScriptedStored(sink)
        producer = Producer(feed, sender, stored, Heard(), SystemClock(), lambda: 0.5)
        tasks = [asyncio.create_task(producer.run()), asyncio.create_task(sender.run())]
        async with asyncio.timeout(20):
            while not sink.taken:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())
    (record,) = sink.taken
    assert (record.trades, record.symbol) == ((), PAIR)
    assert begin - 11_000 <= record.clock // 1_000_000 <= now_ms() - 9_000


def test_after_an_outage_nothing_is_missing(server: PublicTradesServer) -> None:
    sink = ScriptedSink()

    async def scenario() -> None:
        feed = feed_of(server)
        sender = Sender(sink, feed.name, "run", lambda: 0.5)
        terms = ProducerTerms(backoff_s=(0.01, 0.05))
        producer = Producer(
            feed, sender, ScriptedStored(sink), Heard(), SystemClock(), lambda: 0.5, terms
        )
        tasks = [asyncio.create_task(producer.run()), asyncio.create_task(sender.run())]
        for is_down in (False, True, False):
            server.is_down = is_down
            server.make(5)
            await asyncio.sleep(0.2)
        async with asyncio.timeout(20):
            while len(sink.trades(PAIR)) < 15:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(scenario())
    assert [trade.id for trade in sink.trades(PAIR)] == [str(number) for number in range(15)]
