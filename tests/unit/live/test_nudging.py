"""Runs are nudged when bars close, when their market opens or closes, and every minute."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.live.adapters.sqs_nudges import SqsNudges, parse_nudge
from algotrendy.live.nudging import Called, Nudge, Nudger, is_called
from algotrendy.live.runs import RunId

TREND = RunId(UUID("019b0000-0000-7000-8000-000000000001"))
COINS = RunId(UUID("019b0000-0000-7000-8000-000000000002"))
# A Friday; New York is five hours behind.
OPEN = datetime(2024, 1, 5, 14, 30, tzinfo=UTC)
CLOSE = datetime(2024, 1, 5, 21, 0, tzinfo=UTC)
SATURDAY = timedelta(days=1)


class Sent:
    """Is the ``Nudges`` that remembers."""

    def __init__(self) -> None:
        self.nudges: list[Nudge] = []

    def send(self, nudges: Sequence[Nudge]) -> None:
        self.nudges += nudges


def called(
    schedule: str = "bars",
    run_id: RunId = TREND,
    symbols: tuple[str, ...] = ("AAPL", "MSFT"),
    timeframe: str = "1Day",
) -> Called:
    return Called(run_id, symbols, timeframe, schedule)


def nudger(*runs: Called, now: datetime = OPEN) -> tuple[Nudger, Sent]:
    sent = Sent()
    return Nudger(lambda: runs, sent, ManualClock(now)), sent


def test_runs_that_trade_one_of_the_symbols_are_nudged_when_its_bar_closes() -> None:
    coins = called(run_id=COINS, symbols=("BTC/USD",))
    nudging, sent = nudger(called(), coins)
    nudging.bars_closed("1Day", ["MSFT", "IBM"], CLOSE, "event")
    assert sent.nudges == [Nudge(TREND, CLOSE, "bars", "event")]


@pytest.mark.parametrize(
    "run", [called(timeframe="1Hour"), called("close"), called(symbols=("IBM",))]
)
def test_bars_of_another_timeframe_moment_or_symbol_nudge_nobody(run: Called) -> None:
    nudging, sent = nudger(run)
    assert nudging.bars_closed("1Day", ["AAPL"], CLOSE, "event") == []
    assert sent.nudges == []


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        ("open", OPEN, True),
        ("open", OPEN - timedelta(minutes=1), False),
        ("open", OPEN + timedelta(minutes=59), True),
        ("open", OPEN + timedelta(minutes=60), False),
        ("open", OPEN + SATURDAY, False),
        ("close", CLOSE, True),
        ("close", CLOSE - timedelta(minutes=1), False),
        ("close", CLOSE + timedelta(minutes=59), True),
        ("every 15 minutes", OPEN, True),
        ("every 15 minutes", OPEN + timedelta(minutes=15, seconds=20), True),
        ("every 15 minutes", OPEN + timedelta(minutes=16), False),
        ("every 15 minutes", CLOSE, True),
        ("every 15 minutes", CLOSE + timedelta(minutes=15), False),
        ("every 15 minutes", OPEN + SATURDAY, False),
    ],
)
def test_a_schedule_calls_by_the_calendar_of_its_market(
    schedule: str, now: datetime, expected: bool
) -> None:
    assert is_called(called(schedule), now) is expected


def test_an_early_close_calls_at_one_oclock_in_new_york() -> None:
    day_after_thanksgiving = datetime(2024, 11, 29, 18, 0, tzinfo=UTC)
    assert is_called(called("close"), day_after_thanksgiving)
    assert not is_called(called("close"), day_after_thanksgiving + timedelta(hours=3))


def test_a_market_without_pause_closes_at_midnight_of_the_day_before() -> None:
    coins = called("close", symbols=("BTC/USD",))
    assert is_called(coins, datetime(2024, 1, 6, 0, 5, tzinfo=UTC))
    assert not is_called(coins, datetime(2024, 1, 6, 12, 0, tzinfo=UTC))


def test_a_year_that_the_calendar_does_not_know_calls_nobody() -> None:
    assert not is_called(called("open"), datetime(2060, 1, 5, 14, 30, tzinfo=UTC))


def test_a_schedule_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="schedule"):
        is_called(called("sometimes"), OPEN)


def test_each_minute_those_of_a_schedule_are_called_and_those_of_bars_are_looked_after() -> None:
    nudging, sent = nudger(called(), called("open", run_id=COINS))
    nudging.scheduled()
    nudging.missed()
    assert [(nudge.run_id, nudge.why) for nudge in sent.nudges] == [
        (COINS, "schedule"),
        (TREND, "watch"),
    ]
    assert {nudge.key for nudge in sent.nudges} == {"2024-01-05T14:30"}


class Queue:
    """A client of SQS that remembers, or refuses what it is told to."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refuses = 0

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "https://queue"
        self.entries += Entries
        return {"Failed": [{"Id": "0"}] * self.refuses}


def test_a_nudge_is_read_as_it_was_sent_in_the_group_of_its_run() -> None:
    queue = Queue()
    nudge = Nudge(TREND, CLOSE, "bars", "event")
    SqsNudges("https://queue", queue).send([nudge])
    [entry] = queue.entries
    assert parse_nudge(entry["MessageBody"]) == nudge
    assert entry["MessageGroupId"] == str(TREND)
    assert "correlation_id" in json.loads(entry["MessageBody"])


def test_the_same_nudge_is_one_and_that_of_another_event_is_another() -> None:
    queue = Queue()
    nudges = [Nudge(TREND, CLOSE, "bars", key) for key in ("one", "one", "two")]
    SqsNudges("https://queue", queue).send(nudges)
    first, second, third = (entry["MessageDeduplicationId"] for entry in queue.entries)
    assert first == second != third


def test_many_nudges_go_ten_at_a_time_and_one_that_is_refused_is_said() -> None:
    queue = Queue()
    nudges = [Nudge(TREND, CLOSE, "bars", str(number)) for number in range(25)]
    SqsNudges("https://queue", queue).send(nudges)
    assert len(queue.entries) == 25
    queue.refuses = 1
    with pytest.raises(Unavailable, match="refuses 1 of 5"):
        SqsNudges("https://queue", queue).send(nudges[:5])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("no json", "body"),
        ("[]", "body"),
        ('{"run_id": 1}', "body.run_id"),
        ('{"run_id": "x", "up_to": "y", "why": "", "key": ""}', "body.run_id"),
    ],
)
def test_a_message_that_is_no_nudge_names_what_is_wrong(body: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_nudge(body)
    assert refused.value.field == field
