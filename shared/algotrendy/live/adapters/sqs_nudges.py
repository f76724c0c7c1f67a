"""Nudge runs of strategies over an SQS queue that keeps the order of each run's nudges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.live.nudging import Nudge
from algotrendy.live.runs import parse_run_id
from algotrendy.platform import aws, telemetry, tracing

_SERVICE: Final = "queue of runs"
_AT_ONCE: Final = 10


class SqsNudges:
    """Is the ``Nudges``.

    The group of a message is its run: Lambda works at one message of a run at a time, and at those
    of other runs beside it. Two runners of one run would not harm each other, since the ledger lets
    one of them win; but one would work for nothing. A run that hangs holds up nobody but itself.

    Args:
        client: A boto3 client of SQS; by default the one of this process.
    """

    def __init__(self, queue_url: str, client: Any = None) -> None:
        self._queue_url = queue_url
        self._given = client

    def send(self, nudges: Sequence[Nudge]) -> None:
        """Send them, ten at a time."""
        client = self._given if self._given is not None else aws.client("sqs")
        for first in range(0, len(nudges), _AT_ONCE):
            some = nudges[first : first + _AT_ONCE]
            with aws.translated(_SERVICE):
                done = client.send_message_batch(
                    QueueUrl=self._queue_url,
                    Entries=[_entry(str(at), nudge) for at, nudge in enumerate(some)],
                )
            if refused := done.get("Failed"):
                raise Unavailable(_SERVICE, f"it refuses {len(refused)} of {len(some)} nudges")


def parse_nudge(body: str) -> Nudge:
    """Read a message's body.

    Raises:
        Invalid: If it is no nudge; names the field.
    """
    try:
        told = json.loads(body)
    except ValueError as error:
        raise Invalid("body", "a nudge as JSON", body[:100]) from error
    if not isinstance(told, Mapping):
        raise Invalid("body", "a nudge as a JSON object", body[:100])
    words = {}
    for name in ("run_id", "up_to", "why", "key"):
        if not isinstance(told.get(name), str):
            raise Invalid(f"body.{name}", "a text", told.get(name))
        words[name] = str(told[name])
    run_id = parse_run_id(words["run_id"], "body.run_id")
    return Nudge(run_id, parse_time(words["up_to"], "body.up_to"), words["why"], words["key"])


def _entry(number: str, nudge: Nudge) -> dict[str, str]:
    body = {
        "run_id": str(nudge.run_id),
        "up_to": nudge.up_to.isoformat(),
        "why": nudge.why,
        "key": nudge.key,
        "correlation_id": telemetry.correlation_id(),
    }
    if (carried := tracing.traceparent()) is not None:
        body[tracing.HEADER] = carried
    return {
        "Id": number,
        "MessageBody": json.dumps(body, separators=(",", ":")),
        "MessageGroupId": str(nudge.run_id),
        "MessageDeduplicationId": hashlib.sha256(
            f"{nudge.run_id}|{nudge.key}|{nudge.up_to.isoformat()}".encode()
        ).hexdigest(),
    }
