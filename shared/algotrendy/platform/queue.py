"""Consume events from a queue, one by one: what fails comes again, the rest does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar, cast

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.events import Event, parse
from algotrendy.platform.telemetry import correlated

E = TypeVar("E", bound=Event)


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
        with correlated(event.correlation_id):
            work(event)

    failed = process_partial_response(
        event=batch,
        record_handler=consume,
        processor=BatchProcessor(event_type=EventType.SQS),
        context=context,
    )
    return cast("dict[str, Any]", failed)


def _envelope(record: dict[str, Any]) -> dict[str, Any]:

    try:
        detail = json.loads(record["body"])["detail"]
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("body", "an EventBridge event with a detail", record.get("body")) from error
    if not isinstance(detail, dict):
        raise Invalid("detail", "an event envelope", detail)
    return detail
