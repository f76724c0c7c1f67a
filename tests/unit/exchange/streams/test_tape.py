from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from algotrendy.exchange.alpaca_api.bands import Bands
from algotrendy.exchange.alpaca_api.frames import Encoding
from algotrendy.exchange.alpaca_api.subscriptions import (
    CRYPTO_CHANNELS,
    STOCK_CHANNELS,
    Subscriptions,
)
from algotrendy.exchange.alpaca_api.tape import MINUTE_NS, Tape, day_begin_ns
from algotrendy.exchange.faults import Faults
from algotrendy.exchange.floor import Floor, to_ns
from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    TradeEvent,
)
from algotrendy.exchange.wiring import build_floor
from algotrendy.kernel.clock import ManualClock
from fakes.exchange_store import MemoryStore
from fixtures.exchange import OPENING, options

MINUTE = to_ns(OPENING)


@pytest.fixture
def floor() -> Floor:
    return build_floor(options(), MemoryStore(), ManualClock(OPENING))


def everything(channels: Iterable[str]) -> Subscriptions:
    wanted = Subscriptions(tuple(channels))
    wanted.change({channel: ["*"] for channel in channels}, add=True, limit=0)
    return wanted


def told(tape: Tape, *events: MarketEvent, wanted: Subscriptions | None = None) -> list[Any]:
    wanted = wanted or everything(STOCK_CHANNELS)
    return [json.loads(one) for event in events for one in tape.messages(event, wanted)]


def stocks(floor: Floor) -> Tape:
    return Tape(floor, Encoding.JSON, crypto=False)


def bar(minute: int, price: float, volume: float = 10.0, symbol: str = "AAPL") -> BarEvent:
    begin = MINUTE + minute * MINUTE_NS
    return BarEvent(symbol, begin, MINUTE_NS, price, price, price, price, volume, 2, price)


def test_each_feed_tells_its_own_kind_of_asset_and_what_is_not_traded_nowhere(
    floor: Floor,
) -> None:
    quotes = [QuoteEvent(symbol, MINUTE, 1, 1, 2, 1) for symbol in ("AAPL", "BTC/USD", "NONE")]
    crypto = Tape(floor, Encoding.JSON, crypto=True)
    assert [message["S"] for message in told(stocks(floor), *quotes)] == ["AAPL"]
    heard = told(crypto, *quotes, wanted=everything(CRYPTO_CHANNELS))
    assert [(message["T"], message["S"]) for message in heard] == [
        ("q", "BTC/USD"),
        ("o", "BTC/USD"),
    ]
    assert heard[1]["b"] == [{"p": 1, "s": 1}]
    assert told(stocks(floor), Dividend("AAPL", MINUTE, "0.1")) == []


def test_a_crypto_trade_tells_who_took(floor: Floor) -> None:
    floor.venue.on_event(QuoteEvent("BTC/USD", MINUTE, 100, 1, 102, 1), OPENING)
    crypto = Tape(floor, Encoding.JSON, crypto=True)
    trades = [
        TradeEvent("BTC/USD", MINUTE, price, 1, number) for number, price in ((1, 102), (2, 100))
    ]
    heard = told(crypto, *trades, wanted=everything(CRYPTO_CHANNELS))
    assert [message["tks"] for message in heard] == ["B", "S"]


def test_a_day_grows_with_every_minute(floor: Floor) -> None:
    heard = told(stocks(floor), bar(0, 100, 10), bar(1, 104, 30), bar(2, 102, 0))
    days = [message for message in heard if message["T"] == "d"]
    assert [day["c"] for day in days] == [100, 104, 102]
    last = days[-1]
    assert (last["o"], last["h"], last["l"], last["v"], last["n"]) == (100, 104, 100, 40, 6)
    assert last["vw"] == 103
    assert last["t"] == "2026-01-05T05:00:00Z"
    minutes = [message["t"] for message in heard if message["T"] == "b"]
    assert minutes == ["2026-01-05T15:00:00Z", "2026-01-05T15:01:00Z", "2026-01-05T15:02:00Z"]


def test_who_comes_later_hears_of_the_same_day(floor: Floor) -> None:
    floor.market.push(TradeEvent("AAPL", MINUTE, 90.0, 5.0))  # type: ignore[attr-defined]
    (day,) = [m for m in told(stocks(floor), bar(3, 100)) if m["T"] == "d"]
    assert (day["o"], day["l"], day["c"], day["v"]) == (90, 90, 100, 15)


def test_the_next_day_begins_anew(floor: Floor) -> None:
    heard = told(stocks(floor), bar(0, 100), bar(24 * 60, 120))
    days = [message for message in heard if message["T"] == "d"]
    assert [(day["o"], day["t"][:10]) for day in days] == [(100, "2026-01-05"), (120, "2026-01-06")]


def test_a_late_trade_gives_its_bar_again_and_a_timely_one_does_not(floor: Floor) -> None:
    tape = stocks(floor)
    told(tape, bar(0, 100, 10))
    late = TradeEvent("AAPL", MINUTE + 59_000_000_000, 97.0, 10.0, 7)
    timely = TradeEvent("AAPL", MINUTE + 61_000_000_000, 50.0, 10.0, 8)
    updated = [message for message in told(tape, late, timely) if message["T"] == "u"]
    assert len(updated) == 1
    message = updated[0]
    assert (message["o"], message["l"], message["c"]) == (100, 97, 97)
    assert (message["v"], message["n"], message["vw"]) == (20, 3, 98.5)
    assert message["t"] == "2026-01-05T15:00:00Z"


def test_a_cancelled_trade_is_told_before_the_next_event(floor: Floor) -> None:
    tape = stocks(floor)
    floor.chaos.faults = Faults(cancel_trades=1)
    trades = [TradeEvent("AAPL", MINUTE, 100.0, 10.0, number) for number in (1, 2)]
    heard = told(tape, *trades)
    assert [(message["T"], message["i"]) for message in heard] == [("t", 1), ("x", 1), ("t", 2)]
    assert set(heard[1]) == {"T", "S", "i", "x", "p", "s", "a", "t", "z"}
    floor.chaos.faults = Faults()
    assert told(tape, TradeEvent("AAPL", MINUTE, 100.0, 10.0, 3))[-1]["T"] == "t"


def test_a_corrected_trade_is_told_as_it_was_and_as_it_is(floor: Floor) -> None:
    floor.chaos.faults = Faults(correct_trades=1)
    quote = QuoteEvent("AAPL", MINUTE, 1, 1, 2, 1)
    heard = told(stocks(floor), TradeEvent("AAPL", MINUTE, 100.0, 10.0, 1), quote)
    assert [message["T"] for message in heard] == ["t", "c", "q"]
    correction = heard[1]
    assert (correction["oi"], correction["os"], correction["cs"]) == (1, 10, 5)
    names = {"x", "oi", "op", "os", "oc", "ci", "cp", "cs", "cc", "z"}
    assert set(correction) == names | {"T", "S", "t"}


def test_some_trades_are_cancelled_and_for_everybody_the_same(floor: Floor) -> None:
    floor.chaos.faults = Faults(cancel_trades=0.3)
    trades = [TradeEvent("AAPL", MINUTE, 100.0, 10.0, number) for number in range(50)]
    first, second = told(stocks(floor), *trades), told(stocks(floor), *trades)
    assert first == second
    cancelled = sum(message["T"] == "x" for message in first)
    assert 5 < cancelled < 30


def test_bands_move_when_the_mean_of_five_minutes_has_moved_by_a_hundredth() -> None:
    bands = Bands()
    assert bands.after(bar(0, 100)) == {"u": 105, "d": 95, "i": "B", "z": "C"}
    assert bands.after(bar(1, 101)) is None
    moved = bands.after(bar(2, 105))
    assert moved is not None
    assert (moved["u"], moved["d"]) == (107.1, 96.9)
    cheap = bands.after(bar(0, 2, symbol="F"))
    assert cheap is not None
    assert (cheap["u"], cheap["d"]) == (2.4, 1.6)


def test_bands_come_with_the_minute_that_moved_them(floor: Floor) -> None:
    heard = [m for m in told(stocks(floor), bar(0, 100), bar(1, 100)) if m["T"] == "l"]
    assert [(m["S"], m["u"], m["t"]) for m in heard] == [("AAPL", 105, "2026-01-05T15:01:00Z")]


@pytest.mark.parametrize(
    ("moment", "crypto", "begin"),
    [
        ("2026-01-05T15:00:00+00:00", False, "2026-01-05T05:00:00+00:00"),
        ("2026-07-06T03:59:59+00:00", False, "2026-07-05T04:00:00+00:00"),
        ("2026-07-06T04:00:00+00:00", False, "2026-07-06T04:00:00+00:00"),
        # The clocks went forward in this night.
        ("2026-03-08T16:00:00+00:00", False, "2026-03-08T05:00:00+00:00"),
        ("2026-01-05T03:00:00+00:00", True, "2026-01-05T00:00:00+00:00"),
    ],
)
def test_a_day_begins_at_midnight_in_new_york_or_utc(moment: str, crypto: bool, begin: str) -> None:
    at = to_ns(datetime.fromisoformat(moment))
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=day_begin_ns(at, crypto=crypto) // 1_000
    )
    assert expected == datetime.fromisoformat(begin)
