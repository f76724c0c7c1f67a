"""Publish events that happened, at least once: write them with the change, send them after it.

A transaction that changes something appends the event to the outbox in the same commit. A relay
sends what lies there. An event is therefore never lost and never sent for a change that was undone;
it may be sent twice, when a process dies between sending and noting it, so consumers tell events
apart by their id.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from algotrendy.kernel.clock import Clock, SystemClock
from algotrendy.kernel.errors import Unavailable, Unknown
from algotrendy.kernel.events import Event
from algotrendy.platform import aws, metrics, telemetry, tracing
from algotrendy.platform.database import Database, Transaction

SOURCE = "algotrendy"

# How long an event belongs to the relay that took it: longer than a publish can last.
CLAIM = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(minutes=15)

# The limits of PutEvents.
MAX_ENTRIES = 10
MAX_REQUEST_BYTES = 256 * 1024
PUT_ATTEMPTS = 3

# As ``Outbox.append`` writes it. Within a text of the payload the quotes would be escaped.
_TRACEPARENT = re.compile(r'"traceparent":"([0-9a-f-]{55})"')


@dataclass(frozen=True, slots=True)
class Message:
    """Is an event on its way out; ``payload`` is its envelope as JSON."""

    id: UUID
    name: str
    payload: str
    occurred_at: datetime


class Publisher(Protocol):
    """Sends messages to whoever listens."""

    def publish(self, messages: Sequence[Message]) -> set[UUID]:
        """Send the messages in order, and give the ids of those that were taken.

        Raises:
            Unavailable: If it is not known that any was taken.
        """
        ...


class Outbox:
    """Holds the events of committed changes until they are sent."""

    @staticmethod
    def append(tx: Transaction, event: Event) -> None:
        """Promise to publish an event, if and only if the transaction commits.

        The same id a second time changes nothing: a commit of unknown outcome is done again.
        """
        found = event.envelope()
        carried = event.traceparent or tracing.traceparent()
        if carried is not None:
            # Beside what happened: of whose request it is a part.
            found[tracing.HEADER] = carried
        envelope = json.dumps(found, separators=(",", ":"), allow_nan=False)
        tx.execute(
            "INSERT INTO outbox (id, name, version, payload, occurred_at, attempts)"
            " VALUES (%s, %s, %s, %s, %s, 0) ON CONFLICT (id) DO NOTHING",
            [event.id, event.name, event.version, envelope, event.occurred_at],
        )

    @staticmethod
    def purge(tx: Transaction, before: datetime, limit: int = 1000) -> int:
        """Delete events that were published before that time, and say how many."""
        # DSQL changes at most 3,000 rows in a transaction.
        done = tx.execute(
            "DELETE FROM outbox WHERE id IN"
            " (SELECT id FROM outbox WHERE published_at < %s ORDER BY published_at LIMIT %s)",
            [before, limit],
        )
        return done.rowcount


def relay(
    database: Database, publisher: Publisher, limit: int = 100, clock: Clock | None = None
) -> int:
    """Send up to ``limit`` waiting events in the order of their ids, and say how many were taken.

    Several relays may run at once: each takes events of its own. An event that the bus does not
    take waits, longer each time, and does not hold up the events behind it.

    Raises:
        Unavailable: If database or bus do not answer; every event is still there.
    """
    time_of = SystemClock() if clock is None else clock
    now = time_of.now()
    messages = database.run(lambda tx: _claim(tx, limit, now))
    waited = [(now - message.occurred_at).total_seconds() for message in messages]
    metrics.gauge("OutboxLagSeconds", max([0.0, *waited]))
    if not messages:
        return 0
    taken: set[UUID] = set()
    try:
        taken = publisher.publish(messages)
    finally:
        left = [message.id for message in messages if message.id not in taken]
        database.run(lambda tx: _settle(tx, sorted(taken), left, time_of.now()))
        if left:
            telemetry.logger.warning(
                "events were not taken", extra={"events": [str(identity) for identity in left]}
            )
    return len(taken)


def relay_soon(database: Database, publisher: Publisher, clock: Clock | None = None) -> None:
    """Send waiting events now if that works; if not, the scheduled relay will.

    The change that promised them is committed: nothing that happens here may fail its request.
    """
    try:
        relay(database, publisher, clock=clock)
    except (Unavailable, Unknown) as error:
        telemetry.logger.warning("left to the scheduled relay: %s", error.message)


def backlog(tx: Transaction) -> int:
    """Count the events that wait to be sent."""
    row = tx.execute("SELECT count(*) AS n FROM outbox WHERE published_at IS NULL").fetchone()
    return int(row["n"]) if row else 0


def _claim(tx: Transaction, limit: int, now: datetime) -> list[Message]:
    # Two relays that pick the same rows conflict in the update: one runs again, and picks others.
    rows = tx.execute(
        "SELECT id, name, payload, occurred_at FROM outbox"
        " WHERE published_at IS NULL AND (claimed_until IS NULL OR claimed_until <= %s)"
        " ORDER BY id LIMIT %s",
        [now, limit],
    ).fetchall()
    ids = [row["id"] for row in rows]
    if ids:
        tx.execute(
            "UPDATE outbox SET claimed_until = %s, attempts = attempts + 1 WHERE id = ANY(%s)",
            [now + CLAIM, ids],
        )
    return [Message(row["id"], row["name"], row["payload"], row["occurred_at"]) for row in rows]


def _settle(tx: Transaction, taken: list[UUID], left: list[UUID], now: datetime) -> None:
    if taken:
        tx.execute(
            "UPDATE outbox SET published_at = %s, claimed_until = NULL WHERE id = ANY(%s)",
            [now, taken],
        )
    if left:
        rows = tx.execute("SELECT id, attempts FROM outbox WHERE id = ANY(%s)", [left]).fetchall()
        for row in rows:
            wait = min(timedelta(seconds=2 ** min(row["attempts"], 12)), _LONGEST_WAIT)
            tx.execute(
                "UPDATE outbox SET claimed_until = %s WHERE id = %s AND published_at IS NULL",
                [now + wait, row["id"]],
            )


class EventBridgePublisher:
    """Sends messages to an EventBridge bus: source ``algotrendy``, the envelope as detail.

    Args:
        bus: Name or ARN of the bus.
        client: A boto3 client of EventBridge; by default the one of this process.
        sleep: Waits that many seconds before refused entries are sent again.
    """

    def __init__(
        self, bus: str, client: Any = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._bus = bus
        self._given = client
        self._sleep = sleep

    def publish(self, messages: Sequence[Message]) -> set[UUID]:
        """Send the messages in order, and give the ids of those that the bus took."""
        taken: set[UUID] = set()
        for batch in _batches(messages):
            try:
                taken |= self._publish_batch(batch)
            except Unavailable:
                if not taken:
                    raise
                break  # earlier batches are out, and must be noted as such
        return taken

    def _publish_batch(self, batch: Sequence[Message]) -> set[UUID]:
        taken: set[UUID] = set()
        waiting = list(batch)
        for attempt in range(1, PUT_ATTEMPTS + 1):
            with (
                tracing.span("publish", "producer", events=len(waiting)),
                aws.translated("event bus"),
            ):
                answer = self._client.put_events(Entries=[self._entry(each) for each in waiting])
            results = list(zip(waiting, answer["Entries"], strict=True))
            taken |= {each.id for each, result in results if "ErrorCode" not in result}
            waiting = [each for each, result in results if "ErrorCode" in result]
            if not waiting or attempt == PUT_ATTEMPTS:
                break
            self._sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 - jitter guards nothing
        return taken

    def _entry(self, message: Message) -> dict[str, Any]:
        found = _TRACEPARENT.search(message.payload)
        carried = tracing.read_traceparent(found[1] if found else None)
        # By this X-Ray follows it through the bus to its targets.
        more = {} if carried is None else {"TraceHeader": tracing.xray_header(carried)}
        return {
            **more,
            "Source": SOURCE,
            "DetailType": message.name,
            "Detail": message.payload,
            "EventBusName": self._bus,
            "Time": message.occurred_at,
        }

    @property
    def _client(self) -> Any:
        return self._given if self._given is not None else aws.client("events")


def _batches(messages: Sequence[Message]) -> list[list[Message]]:
    batches: list[list[Message]] = []
    room = 0
    for message in messages:
        # An entry counts its detail, source and detail type, and 14 bytes for its time.
        size = len(message.payload.encode()) + len(message.name) + len(SOURCE) + 14
        if not batches or size > room or len(batches[-1]) == MAX_ENTRIES:
            batches.append([])
            room = MAX_REQUEST_BYTES
        batches[-1].append(message)
        room -= size
    return batches
