"""A real paper exchange that hangs up, goes mute and falls over: nothing of its tape is missing."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import Unauthenticated
from algotrendy.market_data.adapters.alpaca_messages import time_ns
from algotrendy.market_data.adapters.feed_alpaca import AlpacaFeed, AlpacaTerms
from algotrendy.market_data.streaming.listening import FeedState
from algotrendy.market_data.streaming.messages import Fix, Trade
from algotrendy.market_data.streaming.producer import Producer, ProducerTerms
from algotrendy.market_data.streaming.sender import Sender
from fakes.exchange_process import ExchangeProcess
from fakes.scripted_feed import Heard, ScriptedSink, ScriptedStored
from fixtures.exchange import KEY_ID, SECRET

SPEED = 120.0
AGO = timedelta(hours=30)


@pytest.fixture(scope="module")
def exchange() -> Iterator[ExchangeProcess]:
    start = (datetime.now(UTC) - AGO).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory() as home:
        process = ExchangeProcess(
            Path(home),
            *("--ephemeral", "--symbols", "AAPL,BTC/USD", "--speed", f"{SPEED:g}"),
            *("--start", start),
        )
        process.start()
        yield process
        assert process.stop() == 0


@pytest.fixture(autouse=True)
def _peace(exchange: ExchangeProcess) -> Iterator[None]:
    yield
    assert exchange.client.delete("/exchange/faults").status_code < 300


def terms(
    exchange: ExchangeProcess, symbol: str, *, packed: bool, key: str = KEY_ID, quiet_s: float = 60
) -> AlpacaTerms:
    url = f"http://127.0.0.1:{exchange.port}"
    return AlpacaTerms(
        "paper:iex",
        (symbol,),
        key,
        SECRET,
        None if "/" in symbol else "iex",
        stream_url=url.replace("http", "ws"),
        data_url=url,
        packed=packed,
        quiet_s=quiet_s,
        begin_s=AGO.total_seconds(),
        settle_s=0.2,
        page=50,
    )


class Listening:
    """A service that listens to the exchange; it can die, and come again."""

    def __init__(self, told: AlpacaTerms) -> None:
        self.told = told
        self.sink = ScriptedSink()
        self.heard = Heard()
        self.producer: Producer
        self.runs = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        feed = AlpacaFeed(self.told, time.time_ns)
        sender = Sender(self.sink, feed.name, f"run-{self.runs}", lambda: 0.5)
        stored = ScriptedStored(self.sink, lag=3)
        patience = ProducerTerms(look_s=0.1, backoff_s=(0.05, 0.2))
        self.runs += 1
        self.producer = Producer(
            feed, sender, stored, self.heard, SystemClock(), lambda: 0.5, patience
        )
        self._tasks = [asyncio.create_task(self.producer.run()), asyncio.create_task(sender.run())]

    async def die(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def hear(self, more: int) -> None:
        """Wait until so many more trades were sent."""
        wanted = len(self.sent()) + more
        await until(lambda: len(self.sent()) >= wanted)

    def sent(self) -> list[Trade]:
        return self.sink.trades(self.told.symbols[0])

    def fixes(self) -> list[Fix]:
        return [fix for record in self.sink.taken for fix in record.fixes]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


def history(exchange: ExchangeProcess, symbol: str, first: int, last: int) -> dict[str, int]:
    """Give id and time of what the exchange itself says was traded."""
    path = "/v1beta3/crypto/us/trades" if "/" in symbol else "/v2/stocks/trades"
    query = {"symbols": symbol, "start": text(first), "end": text(last), "limit": "10000"}
    found: dict[str, int] = {}
    while True:
        answer = exchange.client.get(path, params=query).json()
        found |= {str(row["i"]): time_ns(row["t"]) for row in answer["trades"].get(symbol, [])}
        if not answer["next_page_token"]:
            return found
        query["page_token"] = answer["next_page_token"]


def _within(trades: dict[str, int], first: int, last: int) -> set[str]:
    return {id_ for id_, time in trades.items() if first < time < last}


def text(time_ns: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1_000)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hang_up(exchange: ExchangeProcess) -> None:
    faults(exchange, next=[{"fault": "disconnect", "path": "/v*"}])


def faults(exchange: ExchangeProcess, **wanted: object) -> None:
    answer = exchange.client.patch("/exchange/faults", json=wanted)
    assert answer.status_code < 300, answer.text


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USD"])
@pytest.mark.parametrize("packed", [False, True], ids=["json", "msgpack"])
def test_nothing_of_the_tape_is_missing(
    exchange: ExchangeProcess, symbol: str, packed: bool
) -> None:
    async def scenario(listening: Listening) -> None:
        listening.start()
        await listening.hear(30)
        for _ in range(2):
            await asyncio.to_thread(hang_up, exchange)
            await listening.hear(10)
        await asyncio.to_thread(faults, exchange, disconnect_every_updates=15)
        await listening.hear(20)
        await listening.die()
        await asyncio.sleep(0.5)
        listening.start()
        await listening.hear(20)
        await asyncio.to_thread(faults, exchange, disconnect_every_updates=0)
        await listening.hear(10)
        await listening.die()

    listening = Listening(terms(exchange, symbol, packed=packed))
    asyncio.run(scenario(listening))
    sent = {trade.id: trade.time for trade in listening.sent()}
    first, last = min(sent.values()), max(sent.values())
    # Of the first and the last moment some may not have been asked for, or not told yet.
    assert _within(sent, first, last) == _within(
        history(exchange, symbol, first, last), first, last
    )
    assert listening.producer.counts.gaps == 0
    for run in range(listening.runs):
        mine = listening.sink.trades(symbol, f"run-{run}")
        assert all(before.time <= after.time for before, after in pairwise(mine))
    for record in listening.sink.taken:
        assert record.feed == "paper:iex"


def test_a_mute_socket_is_left_and_what_it_did_not_tell_is_read(exchange: ExchangeProcess) -> None:
    async def scenario(listening: Listening) -> None:
        listening.start()
        await listening.hear(10)
        await asyncio.to_thread(faults, exchange, mute_market_data=True)
        await until(lambda: listening.producer.counts.mutes > 0)
        # Mute as the stream is, the history is read with each new connection.
        await listening.hear(10)
        await asyncio.to_thread(faults, exchange, mute_market_data=False)
        await listening.hear(10)
        await listening.die()

    # Crypto: its market is open whenever this test runs.
    listening = Listening(terms(exchange, "BTC/USD", packed=True, quiet_s=2))
    asyncio.run(scenario(listening))
    assert FeedState.MUTE in {change.state for change in listening.heard.states}


def test_cancels_and_corrections_are_told(exchange: ExchangeProcess) -> None:
    async def scenario(listening: Listening) -> None:
        await asyncio.to_thread(faults, exchange, cancel_trades=0.4, correct_trades=0.4)
        listening.start()
        await until(lambda: len({fix.kind for fix in listening.heard.fixes}) == 2)
        # It dies at a moment when whatever it heard was sent.
        await until(lambda: everything_was_sent(listening))
        await listening.die()

    def everything_was_sent(listening: Listening) -> bool:
        return (
            listening.sent()[-1:] == listening.heard.trades[-1:]
            and listening.fixes() == listening.heard.fixes
        )

    listening = Listening(terms(exchange, "AAPL", packed=True))
    asyncio.run(scenario(listening))
    sent = {trade.id: trade for trade in listening.sent()}
    for fix in listening.heard.fixes:
        assert fix.venue == sent[fix.id].venue
        half = sent[fix.id].size / 2
        assert fix.size == (half if fix.kind == "correct" else sent[fix.id].size)
    assert listening.fixes() == listening.heard.fixes


def test_wrong_keys_are_said_to_be_wrong(exchange: ExchangeProcess) -> None:
    async def connect() -> None:
        feed = AlpacaFeed(terms(exchange, "AAPL", packed=False, key="NOBODY"), time.time_ns)
        async with feed.open({}):
            pass

    with pytest.raises(Unauthenticated, match="paper:iex does not take these keys"):
        asyncio.run(connect())
