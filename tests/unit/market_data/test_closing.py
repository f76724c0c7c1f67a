"""Whole bars are told to others after the lake has them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.events import parse
from algotrendy.kernel.ids import CorrelationId, SeededIds
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.adapters.bus_teller import BusTeller
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.charts.records import CHART_BAR, ChartBar
from algotrendy.market_data.closing import (
    TellingBars,
    TellingStream,
    WholeBar,
    closings,
    timeframe_of,
)
from algotrendy.market_data.events import MOST_SYMBOLS, BarsClosed
from algotrendy.market_data.series import RawBars, day_ns
from algotrendy.market_data.streaming.bars import Closed
from algotrendy.market_data.streaming.stores import BarMark, Key, NewBars
from algotrendy.platform.bus import Message
from algotrendy.platform.lake import lake_at

NOW = datetime(2024, 1, 5, 21, 30, tzinfo=UTC)
REQUEST = CorrelationId("request")
MINUTE_NS = 60 * 10**9


class Heard:
    """A ``Teller`` that remembers."""

    def __init__(self) -> None:
        self.events: list[BarsClosed] = []

    def tell(self, closed: Sequence[BarsClosed]) -> None:
        self.events += closed


class Bus:
    """A ``Publisher`` that can be away, or refuse some."""

    def __init__(self) -> None:
        self.is_away = False
        self.refused: set[UUID] = set()
        self.taken: list[Message] = []

    def publish(self, messages: Sequence[Message]) -> set[UUID]:
        if self.is_away:
            raise Unavailable("event bus", "away")
        good = [message for message in messages if message.id not in self.refused]
        self.taken += good
        return {message.id for message in good}


def day(symbol: str, of: date) -> WholeBar:
    return WholeBar(symbol, Timeframe.DAY, day_ns(of) + 24 * 60 * MINUTE_NS)


def told(*bars: WholeBar, version: int = 7) -> list[BarsClosed]:
    return closings(bars, "bars", version, NOW, REQUEST)


def test_symbols_whose_bars_end_together_are_told_by_one_event() -> None:
    (event,) = told(day("MSFT", date(2024, 1, 5)), day("AAPL", date(2024, 1, 5)))
    assert event.symbols == ("AAPL", "MSFT")
    assert event.bar_at == datetime(2024, 1, 6, tzinfo=UTC)
    assert (event.timeframe, event.dataset, event.lake_version) == (Timeframe.DAY, "bars", 7)


def test_of_many_bars_of_a_symbol_the_newest_is_told() -> None:
    (event,) = told(day("AAPL", date(2024, 1, 5)), day("AAPL", date(2024, 1, 4)))
    assert event.bar_at == datetime(2024, 1, 6, tzinfo=UTC)


def test_bars_that_end_at_other_times_are_told_apart_the_older_first() -> None:
    events = told(day("AAPL", date(2024, 1, 5)), day("MSFT", date(2024, 1, 4)))
    assert [event.symbols for event in events] == [("MSFT",), ("AAPL",)]


def test_more_symbols_than_an_event_names_are_told_by_several() -> None:
    many = [day(f"S{number:04}", date(2024, 1, 5)) for number in range(MOST_SYMBOLS + 1)]
    assert [len(event.symbols) for event in told(*many)] == [MOST_SYMBOLS, 1]


def test_the_same_bars_of_the_same_version_are_the_same_event() -> None:
    bar = day("AAPL", date(2024, 1, 5))
    assert told(bar)[0].id == told(bar)[0].id
    assert told(bar)[0].id != told(bar, version=8)[0].id


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("time:interval=1Min", Timeframe.MINUTE),
        ("time:interval=60Min", Timeframe.HOUR),
        ("time:interval=3Min", None),
        ("time:interval=1Min,sessions=regular", None),
        ("renko:size=1", None),
    ],
)
def test_a_style_of_whole_spans_is_a_timeframe(style: str, expected: Timeframe | None) -> None:
    assert timeframe_of(style) == expected


def test_an_import_is_told_once_and_one_that_changes_nothing_is_not(tmp_path: Path) -> None:
    heard, clock = Heard(), ManualClock(NOW)
    store = TellingBars(
        LakeBars(lake_at(f"file://{tmp_path}/lake")), heard, clock, SeededIds(1, clock)
    )
    ones = (1.0, 1.0)
    times = (day_ns(date(2024, 1, 4)), day_ns(date(2024, 1, 5)))
    bars = RawBars(
        parse_symbol("AAPL"), Timeframe.DAY, times, ones, ones, ones, ones, ones, ones, "test"
    )
    store.replace([bars])
    store.replace([bars])
    (event,) = heard.events
    assert event.symbols == ("AAPL",)
    assert event.bar_at == datetime(2024, 1, 6, tzinfo=UTC)
    assert event.lake_version == store.version()


def test_time_bars_of_the_stream_are_told_and_bricks_are_not() -> None:
    heard, clock = Heard(), ManualClock(NOW)
    tell = TellingStream(heard, clock, SeededIds(1, clock))
    values = {name: 1 for name, _ in CHART_BAR} | {"ended": 5 * MINUTE_NS}
    closed = [Closed(1, 3, ChartBar(**values))]
    after = BarMark(3, 1)
    tell(
        [
            NewBars(Key("AAPL", "time:interval=1Min"), None, after, closed),
            NewBars(Key("AAPL", "renko:size=1"), None, after, closed),
        ],
        4,
    )
    (event,) = heard.events
    assert event.dataset == "chart_bars"
    assert event.bar_at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=5)
    assert event.lake_version == 4


def test_what_is_published_is_the_envelope_of_the_event() -> None:
    bus = Bus()
    (event,) = told(day("AAPL", date(2024, 1, 5)))
    BusTeller(bus).tell([event])
    (message,) = bus.taken
    envelope = json.loads(message.payload)
    envelope.pop("traceparent", None)
    assert parse(envelope) == event


def test_what_the_bus_does_not_take_goes_with_the_next_bars() -> None:
    bus = Bus()
    teller = BusTeller(bus)
    (first,), (second,) = told(day("AAPL", date(2024, 1, 4))), told(day("AAPL", date(2024, 1, 5)))
    bus.is_away = True
    teller.tell([first])
    bus.is_away, bus.refused = False, {second.id}
    teller.tell([second])
    bus.refused = set()
    teller.tell([])
    assert [message.id for message in bus.taken] == [first.id, second.id]
    teller.tell([])
    assert len(bus.taken) == 2
