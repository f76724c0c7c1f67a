"""Ring for an account's execution service, and hear it, over an SQS queue that keeps its order."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import uuid4

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.ids import parse_account_id, parse_order_id
from algotrendy.platform import aws, bound, tracing
from algotrendy.trading.ports import Heard, Ring

T = TypeVar("T")

_SERVICE = "order queue"
_AT_ONCE = 10
_LONGEST_WAIT_S = 20
_MS = 1_000_000

_logger = logging.getLogger(__name__)


class SqsBell:
    """Is the ``Bell``.

    Args:
        client: A boto3 client of SQS; by default the one of this process.
    """

    def __init__(self, queue_url: str, client: Any = None) -> None:
        self._queue_url = queue_url
        self._given = client

    def ring(self, ring: Ring) -> None:
        """Wake the account's execution service.

        Raises:
            Unavailable: If the queue does not answer; the service also looks by itself.
        """
        client = self._given if self._given is not None else aws.client("sqs")
        with aws.translated(_SERVICE):
            client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=json.dumps(_body(ring) | _carried()),
                MessageGroupId=ring.account,
                # Each ring is one of its own: a second one may be for something new.
                MessageDeduplicationId=uuid4().hex,
            )


class SqsRings:
    """Is the ``Rings`` of one queue. Waits in threads of its own, as boto3 does not know the loop.

    Args:
        client: A boto3 client of SQS; by default the one of this process.
    """

    def __init__(self, queue_url: str, client: Any = None) -> None:
        self._queue_url = queue_url
        self._given = client
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="bells")

    async def listen(self, wait_s: float) -> Sequence[Heard]:
        """Give what was heard, after waiting for so long at most.

        What comes after its caller was cancelled is left to somebody else at once.

        Raises:
            Unavailable: If the queue does not answer.
        """
        listening = self._threads.submit(self._receive, wait_s)
        try:
            return await asyncio.shield(asyncio.wrap_future(listening))
        except asyncio.CancelledError:
            listening.add_done_callback(self._leave_all)
            raise

    async def done(self, receipt: str) -> None:
        """Take a message off the queue."""
        await self._beside(self._delete, receipt)

    async def leave(self, receipt: str) -> None:
        """Let a message be received again at once."""
        await self._beside(self._return, receipt)

    def close(self) -> None:
        """End the threads, after what is under way."""
        self._threads.shutdown()

    async def _beside(self, work: Callable[[str], None], receipt: str) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, work, receipt)

    def _receive(self, wait_s: float) -> Sequence[SqsHeard]:
        with aws.translated(_SERVICE):
            answer = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=_AT_ONCE,
                MessageSystemAttributeNames=["SentTimestamp"],
                WaitTimeSeconds=max(0, min(round(wait_s), _LONGEST_WAIT_S)),
            )
        heard = []
        for message in answer.get("Messages", ()):
            try:
                ring = _ring(message["Body"])
            except Invalid as error:
                _logger.error("a message that is no ring: %s", error.message)
                self._delete(message["ReceiptHandle"])
                continue
            _tell_wait(message)
            heard.append(SqsHeard(self, ring, message["ReceiptHandle"]))
        return heard

    def _leave_all(self, listening: Future[Sequence[SqsHeard]]) -> None:
        if listening.cancelled() or listening.exception() is not None:
            return
        for each in listening.result():
            try:
                self._return(each.receipt)
            except Unavailable as error:
                _logger.warning("a ring comes again later: %s", error.message)

    def _delete(self, receipt: str) -> None:
        with aws.translated(_SERVICE):
            self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=receipt)

    def _return(self, receipt: str) -> None:
        with aws.translated(_SERVICE):
            self._client.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=0
            )

    @property
    def _client(self) -> Any:
        return self._given if self._given is not None else aws.client("sqs")


class SqsHeard:
    """Is a ``Heard``."""

    def __init__(self, rings: SqsRings, ring: Ring, receipt: str) -> None:
        self._rings = rings
        self._ring = ring
        self.receipt = receipt

    @property
    def ring(self) -> Ring:
        """Give what was rung for."""
        return self._ring

    async def done(self) -> None:
        """Never hear it again."""
        await self._rings.done(self.receipt)

    async def leave(self) -> None:
        """Let somebody else hear it at once."""
        await self._rings.leave(self.receipt)


def _body(ring: Ring) -> dict[str, str]:
    body = {"account": str(ring.account)}
    if ring.order_id is not None:
        body["order_id"] = str(ring.order_id)
    if ring.token is not None:
        body["token"] = ring.token
    return body


def _carried() -> dict[str, str]:
    """Give what travels beside a ring: whose request it is a part of."""
    carried = {"correlation_id": bound.bound_correlation_id(), "traceparent": tracing.traceparent()}
    return {name: value for name, value in carried.items() if value is not None}


def _tell_wait(message: Mapping[str, Any]) -> None:
    """Tell how long a ring lay in the queue: only its reader can."""
    body, sent = json.loads(message["Body"]), message.get("Attributes", {}).get("SentTimestamp")
    carried = tracing.read_traceparent(body.get("traceparent"))
    if carried is None or sent is None:
        return
    with bound.correlated(body.get("correlation_id")):
        tracing.record(
            "order queue",
            int(sent) * _MS,
            time.time_ns(),
            "consumer",
            parent=carried,
            account=body.get("account"),
            order_id=body.get("order_id"),
        )


def _ring(text: str) -> Ring:
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Invalid("body", "JSON", text) from error
    if not isinstance(body, dict):
        raise Invalid("body", "an object", text)
    account, order_id, token = (body.get(name) for name in ("account", "order_id", "token"))
    return Ring(
        parse_account_id(str(account)),
        None if order_id is None else parse_order_id(str(order_id)),
        None if token is None else str(token),
    )
