"""Consume events from a queue, one by one: what fails comes again, the rest does not."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    process_partial_response,
)

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.events import Event, parse
from algotrendy.platform import tracing
from algotrendy.platform.telemetry import correlated, correlation_of, trace_of

E = TypeVar("E", bound=Event)
_MS = 1_000_000


def each_event(
    batch: dict[str, Any],
    context: Any,
    kinds: tuple[type[E], ...],
    work: Callable[[E], None],
) -> dict[str, Any]:
    """Hand each event of an SQS batch to ``work``, under the event's own correlation id.

    The messages are those that an EventBridge rule put there, of one of the kinds. An event may
    come twice, so ``work`` is idempotent. What raises comes again, and goes to the dead-letter
    queue in the end.

    Returns:
        The messages that failed, as Lambda wants them: ``{"batchItemFailures": [...]}``.

    Raises:
        BatchProcessingError: If every message failed.
    """

    def consume(record: dict[str, Any]) -> None:
        event = parse(_envelope(record))
        if not isinstance(event, kinds):
            raise Invalid("name", " or ".join(kind.name for kind in kinds), event.name)
        with correlated(event.correlation_id), _gone_on_with(event, record):
            work(event)

    failed = process_partial_response(
        event=batch,
        record_handler=consume,
        processor=BatchProcessor(event_type=EventType.SQS),
        context=context,
    )
    return cast("dict[str, Any]", failed)


def each_in_order(
    batch: dict[str, Any], context: Any, work: Callable[[str], None]
) -> dict[str, Any]:
    """Hand the body of each message of an ordered queue to ``work``.

    What raises comes again, and with it what comes after it in its group; other groups go on. A
    body that is a JSON object may carry a correlation id and a trace.

    Returns:
        The messages that come again, as Lambda wants them: ``{"batchItemFailures": [...]}``.

    Raises:
        BatchProcessingError: If every message failed.
    """

    def consume(record: dict[str, Any]) -> None:
        with (
            correlated(correlation_of(record)),
            tracing.continued(trace_of(record)),
            tracing.span("message", "consumer", begins=True),
        ):
            work(str(record["body"]))

    failed = process_partial_response(
        event=batch,
        record_handler=consume,
        processor=SqsFifoPartialProcessor(skip_group_on_error=True),
        context=context,
    )
    return cast("dict[str, Any]", failed)


@contextmanager
def _gone_on_with(event: Event, record: dict[str, Any]) -> Iterator[None]:
    """Go on with the event's trace; its way here is two waits, for the bus and in the queue."""
    now = time.time_ns()
    with tracing.continued(event.traceparent):
        happened = int(event.occurred_at.timestamp() * 1_000) * _MS
        sent = _sent_ns(record)
        if sent is not None:
            tracing.record("event bus", happened, max(sent, happened), "producer", event=event.name)
            tracing.record("queue", sent, now, "consumer", event=event.name)
        with tracing.span(f"on {event.name}", "consumer", begins=True):
            yield


def _sent_ns(record: dict[str, Any]) -> int | None:
    try:
        return int(record["attributes"]["SentTimestamp"]) * _MS
    except (KeyError, TypeError, ValueError):
        return None


def _envelope(record: dict[str, Any]) -> dict[str, Any]:
    try:
        detail = json.loads(record["body"])["detail"]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("body", "an EventBridge event with a detail", record.get("body")) from error
    if not isinstance(detail, dict):
        raise Invalid("detail", "an event envelope", detail)
    return detail
