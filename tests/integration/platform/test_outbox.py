"""The outbox on a real PostgreSQL: no event is lost, whatever fails and whenever."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import AlgoTrendyError, Conflict, Unavailable, Unknown
from algotrendy.kernel.events import Event, parse
from algotrendy.kernel.ids import CorrelationId, EventId, SeededIds, TenantId
from algotrendy.platform.bus import (
    CLAIM,
    EventBridgePublisher,
    Message,
    Outbox,
    backlog,
    relay,
    relay_soon,
)
from algotrendy.platform.database import Database, Transaction
from fakes.publisher import RecordingPublisher

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Knocked(Event):
    """Somebody knocked."""

    name = "TestKnocked"
    version = 1

    times: int


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


def knocks(count: int, clock: ManualClock) -> list[Knocked]:
    ids = SeededIds(7, clock)
    return [
        Knocked(
            id=EventId(ids.next()),
            occurred_at=clock.now(),
            correlation_id=CorrelationId("c-1"),
            tenant=TenantId("acme"),
            times=n,
        )
        for n in range(count)
    ]


def promise(database: Database, events: list[Knocked]) -> list[UUID]:
    shuffled = random.Random(1).sample(events, len(events))
    database.run(lambda tx: [Outbox.append(tx, event) for event in shuffled])
    return [event.id for event in events]


def test_events_are_sent_once_in_the_order_of_their_ids(
    database: Database, clock: ManualClock
) -> None:
    ids = promise(database, knocks(25, clock))
    publisher = RecordingPublisher()
    assert relay(database, publisher, limit=10, clock=clock) == 10
    assert relay(database, publisher, limit=100, clock=clock) == 15
    assert relay(database, publisher, limit=100, clock=clock) == 0
    assert publisher.ids == ids
    assert database.run(backlog) == 0


def test_a_sent_message_is_the_event_again(database: Database, clock: ManualClock) -> None:
    (event,) = knocks(1, clock)
    promise(database, [event])
    publisher = RecordingPublisher()
    relay(database, publisher, clock=clock)
    (message,) = publisher.messages
    assert message.name == "TestKnocked"
    assert parse(json.loads(message.payload)) == event


def test_the_event_of_an_undone_change_is_never_sent(
    database: Database, clock: ManualClock
) -> None:
    def change(tx: Transaction) -> None:
        Outbox.append(tx, knocks(1, clock)[0])
        raise Conflict("no")

    with pytest.raises(Conflict):
        database.run(change)
    publisher = RecordingPublisher()
    assert relay(database, publisher, clock=clock) == 0


def test_a_bus_that_fails_half_way_loses_nothing(database: Database, clock: ManualClock) -> None:
    ids = promise(database, knocks(10, clock))
    fail_at = ids[5]

    def fail(message: Message) -> None:
        if message.id == fail_at:
            raise Unavailable("event bus", "gone")

    publisher = RecordingPublisher(before=fail)
    with pytest.raises(Unavailable):
        relay(database, publisher, clock=clock)
    assert database.run(backlog) == 10

    publisher.before = lambda _: None
    clock.advance(timedelta(minutes=1))
    assert relay(database, publisher, clock=clock) == 10
    assert Counter(publisher.ids) == {key: 2 if key in ids[:5] else 1 for key in ids}


def test_an_event_that_the_bus_turns_down_waits_and_does_not_hold_up_the_others(
    database: Database, clock: ManualClock
) -> None:
    ids = promise(database, knocks(4, clock))
    publisher = RecordingPublisher(refuses=lambda message: message.id == ids[0])
    assert relay(database, publisher, limit=2, clock=clock) == 1
    assert relay(database, publisher, limit=2, clock=clock) == 2
    assert relay(database, publisher, limit=2, clock=clock) == 0

    waits = []
    for _ in range(4):
        waited = timedelta(0)
        tried = attempts(database, ids[0])
        while attempts(database, ids[0]) == tried:
            waited += timedelta(seconds=1)
            clock.advance(timedelta(seconds=1))
            relay(database, publisher, clock=clock)
        waits.append(waited.total_seconds())
    assert waits == [2, 4, 8, 16]

    publisher.refuses = lambda _: False
    clock.advance(timedelta(hours=1))
    assert relay(database, publisher, clock=clock) == 1
    assert sorted(publisher.ids) == ids


def attempts(database: Database, event_id: UUID) -> int:
    row = database.run(
        lambda tx: tx.execute("SELECT attempts FROM outbox WHERE id = %s", [event_id]).fetchone()
    )
    assert row is not None
    return int(row["attempts"])


def test_two_relays_at_once_send_every_event_exactly_once(
    database_url: str, database: Database, clock: ManualClock
) -> None:
    ids = promise(database, knocks(120, clock))
    publishers = [RecordingPublisher(), RecordingPublisher()]
    together = threading.Barrier(2)

    def work(publisher: RecordingPublisher) -> None:
        own = Database(database_url)
        together.wait()
        while relay(own, publisher, limit=7, clock=clock):
            pass
        own.close()

    threads = [threading.Thread(target=work, args=(publisher,)) for publisher in publishers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(publishers[0].ids + publishers[1].ids) == ids
    assert database.run(backlog) == 0
    for publisher in publishers:
        batches = [publisher.ids[at : at + 7] for at in range(0, len(publisher.ids), 7)]
        assert all(batch == sorted(batch) for batch in batches)


KILLED_RELAY = """
import os, signal, sys
from datetime import UTC, datetime
from algotrendy.kernel.clock import ManualClock
from algotrendy.platform.bus import relay
from algotrendy.platform.database import Database

class Dies:
    def publish(self, messages):
        with open(sys.argv[2], "w") as file:
            file.write("\\n".join(str(message.id) for message in messages))
        os.kill(os.getpid(), signal.SIGKILL)

noon = ManualClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
relay(Database(sys.argv[1]), Dies(), limit=3, clock=noon)
"""


def test_a_process_killed_between_sending_and_noting_sends_again_once_its_claim_is_over(
    database_url: str, database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    ids = promise(database, knocks(5, clock))
    sent = tmp_path / "sent"
    done = subprocess.run(
        [sys.executable, "-c", KILLED_RELAY, database_url, str(sent)],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert [UUID(line) for line in sent.read_text().split()] == ids[:3]

    publisher = RecordingPublisher()
    assert relay(database, publisher, clock=clock) == 2
    clock.advance(CLAIM)
    assert relay(database, publisher, clock=clock) == 3
    assert sorted(publisher.ids) == ids


@pytest.mark.parametrize("fault", [Unavailable("event bus", "gone"), Unknown("commit", "cut off")])
def test_a_request_does_not_fail_when_the_relay_does(
    fault: AlgoTrendyError, database: Database, clock: ManualClock
) -> None:
    promise(database, knocks(1, clock))

    def fail(_: Message) -> None:
        raise fault

    relay_soon(database, RecordingPublisher(before=fail), clock)
    assert database.run(backlog) == 1


def test_purging_removes_old_published_events_and_no_waiting_one(
    database: Database, clock: ManualClock
) -> None:
    ids = promise(database, knocks(3, clock))
    publisher = RecordingPublisher(refuses=lambda message: message.id == ids[0])
    relay(database, publisher, clock=clock)
    clock.advance(timedelta(days=8))
    cut = clock.now() - timedelta(days=7)
    assert database.run(lambda tx: Outbox.purge(tx, cut, limit=1)) == 1
    assert database.run(lambda tx: Outbox.purge(tx, cut)) == 1
    assert database.run(lambda tx: Outbox.purge(tx, cut)) == 0
    assert database.run(backlog) == 1


# EventBridge: the real client against moto, with a queue that listens.


@pytest.fixture
def queue_url(aws_cloud: None) -> str:
    sqs, events = boto3.client("sqs"), boto3.client("events")
    url: str = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events.create_event_bus(Name="bus")
    events.put_rule(
        Name="all", EventBusName="bus", EventPattern=json.dumps({"source": ["algotrendy"]})
    )
    events.put_targets(
        Rule="all", EventBusName="bus", Targets=[{"Id": "q", "Arn": arn["QueueArn"]}]
    )
    return url


def received(queue_url: str) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []
    while True:
        answer = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        messages = answer.get("Messages", [])
        bodies += [json.loads(message["Body"]) for message in messages]
        if not messages:
            return bodies


def test_events_reach_a_queue_through_the_bus_with_their_envelope(
    database: Database, clock: ManualClock, queue_url: str
) -> None:
    events = knocks(23, clock)
    promise(database, events)
    assert relay(database, EventBridgePublisher("bus"), clock=clock) == 23
    bodies = received(queue_url)
    assert {body["detail-type"] for body in bodies} == {"TestKnocked"}
    assert {body["source"] for body in bodies} == {"algotrendy"}
    assert sorted(body["detail"]["id"] for body in bodies) == [str(event.id) for event in events]
    assert parse(bodies[0]["detail"]).tenant == "acme"


class HalfDeafBus:
    """Answers as EventBridge does, refusing chosen entries some number of times."""

    def __init__(self, refusals: dict[str, int]) -> None:
        self.refusals = refusals
        self.requests: list[list[str]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        names = [entry["DetailType"] for entry in Entries]
        self.requests.append(names)
        answers = []
        for name in names:
            left = self.refusals.get(name, 0)
            self.refusals[name] = left - 1
            answers.append({"ErrorCode": "InternalFailure"} if left > 0 else {"EventId": name})
        return {"Entries": answers}


def message(name: str, size: int = 10) -> Message:
    identity = UUID(int=int(name.removeprefix("e")) + 1)
    return Message(identity, name, "x" * size, NOON)


def test_refused_entries_are_sent_again_alone_and_at_last_left_out() -> None:
    bus = HalfDeafBus({"e1": 1, "e2": 99})
    messages = [message(f"e{n}") for n in range(4)]
    taken = EventBridgePublisher("bus", bus, sleep=lambda _: None).publish(messages)
    assert bus.requests == [["e0", "e1", "e2", "e3"], ["e1", "e2"], ["e2"]]
    assert taken == {messages[0].id, messages[1].id, messages[3].id}


def test_a_request_stays_within_ten_entries_and_256_kb() -> None:
    bus = HalfDeafBus({})
    sizes = [100_000, 100_000, 100_000, *[10] * 12]
    messages = [message(f"e{n}", size) for n, size in enumerate(sizes)]
    taken = EventBridgePublisher("bus", bus).publish(messages)
    assert taken == {each.id for each in messages}
    assert [len(request) for request in bus.requests] == [2, 10, 3]


def test_a_bus_that_is_not_there_is_unavailable_and_the_events_stay(
    database: Database, clock: ManualClock
) -> None:
    promise(database, knocks(2, clock))
    # Port 9 of this machine answers nobody: the client gives up by itself.
    client = boto3.client("events", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="event bus is unavailable"):
        relay(database, EventBridgePublisher("bus", client), clock=clock)
    assert database.run(backlog) == 2
