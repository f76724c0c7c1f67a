"""Consuming events from an SQS batch."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, EventId, SeededIds, TenantId
from algotrendy.platform import tracing
from algotrendy.platform.queue import each_event, each_in_order
from algotrendy.platform.telemetry import correlation_id
from fakes.functions import Context
from fakes.identity import NOW


class Rang(Event):
    """A bell rang."""

    name: ClassVar[str] = "QueueTestRang"
    version: ClassVar[int] = 1

    times: int


class Fell(Event):
    """A bell fell."""

    name: ClassVar[str] = "QueueTestFell"
    version: ClassVar[int] = 1


IDS = SeededIds(7, ManualClock(NOW))


def rang(times: int) -> Rang:
    return Rang(
        id=EventId(IDS.next()),
        occurred_at=NOW,
        correlation_id=CorrelationId(f"request-{times}"),
        tenant=TenantId("acme"),
        times=times,
    )


def record(body: str, message_id: str) -> dict[str, Any]:
    return {"messageId": message_id, "body": body, "eventSource": "aws:sqs"}


def delivered(event: Event, message_id: str) -> dict[str, Any]:
    return record(json.dumps({"detail-type": event.name, "detail": event.envelope()}), message_id)


def test_each_event_is_handed_on_under_its_own_correlation_id() -> None:
    seen: list[tuple[int, str]] = []
    batch = {"Records": [delivered(rang(n), str(n)) for n in (1, 2)]}
    answer = each_event(
        batch, Context(), (Rang,), lambda event: seen.append((event.times, correlation_id()))
    )
    assert answer == {"batchItemFailures": []}
    assert seen == [(1, "request-1"), (2, "request-2")]


def test_each_event_goes_on_with_its_own_trace_and_tells_how_long_it_was_on_the_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    carried = [f"00-{str(n) * 32}-{'b' * 16}-01" for n in (1, 2)]
    events = [
        rang(n).model_copy(update={"traceparent": text, "occurred_at": NOW})
        for n, text in enumerate(carried, start=1)
    ]
    sent_ms = int(NOW.timestamp() * 1000) + 40
    seen: list[str | None] = []
    batch = {
        "Records": [
            delivered(event, event.name) | {"attributes": {"SentTimestamp": str(sent_ms)}}
            for event in events
        ]
    }
    each_event(batch, Context(), (Rang,), lambda event: seen.append(tracing.traceparent()))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    found = [(line["trace_id"][0], line["span"]["name"]) for line in lines]
    names = ("event bus", "queue", "on QueueTestRang")
    assert found == [(number, name) for number in "12" for name in names]
    assert [text is not None and text[3] for text in seen] == ["1", "2"]
    bus, queue = (line["span"] for line in lines[:2])
    assert bus["end_ns"] - bus["start_ns"] == 40_000_000
    assert queue["start_ns"] == bus["end_ns"] < queue["end_ns"]
    assert {line["correlation_id"] for line in lines} == {"request-1", "request-2"}


@pytest.mark.parametrize(
    "bad",
    [
        "not JSON",
        "[]",
        "{}",
        '{"detail": 3}',
        '{"detail": {"name": "Unknown", "version": 1}}',
        json.dumps({"detail": rang(5).envelope() | {"version": 2}}),
        json.dumps(
            {
                "detail": Fell(
                    id=EventId(IDS.next()),
                    occurred_at=NOW,
                    correlation_id=CorrelationId("request"),
                    tenant=TenantId("acme"),
                ).envelope()
            }
        ),
    ],
)
def test_a_message_that_is_no_such_event_fails_alone(bad: str) -> None:
    seen: list[int] = []
    batch = {"Records": [record(bad, "bad"), delivered(rang(7), "good")]}
    answer = each_event(batch, Context(), (Rang,), lambda event: seen.append(event.times))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert seen == [7]


def test_what_the_work_raises_fails_its_message_alone() -> None:
    def work(event: Rang) -> None:
        if event.times == 1:
            raise ConnectionError("no")

    batch = {"Records": [delivered(rang(n), str(n)) for n in (1, 2)]}
    answer = each_event(batch, Context(), (Rang,), work)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def ordered(body: str, message_id: str, group: str) -> dict[str, Any]:
    return record(body, message_id) | {"attributes": {"MessageGroupId": group}}


def test_what_comes_after_a_failure_in_its_group_waits_and_other_groups_go_on() -> None:
    seen: list[tuple[str, str]] = []

    def work(body: str) -> None:
        seen.append((json.loads(body)["what"], correlation_id()))
        if json.loads(body)["what"] == "fails":
            raise ValueError("no")

    said = [("fails", "a"), ("after", "a"), ("other", "b")]
    batch = {
        "Records": [
            ordered(json.dumps({"what": what, "correlation_id": f"of-{what}"}), str(at), group)
            for at, (what, group) in enumerate(said)
        ]
    }
    answer = each_in_order(batch, Context(), work)
    assert seen == [("fails", "of-fails"), ("other", "of-other")]
    assert {each["itemIdentifier"] for each in answer["batchItemFailures"]} == {"0", "1"}
