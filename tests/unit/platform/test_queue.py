"""Consuming events from an SQS batch."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import CorrelationId, EventId, SeededIds, TenantId
from algotrendy.platform.queue import each_event
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
