"""Send spans to X-Ray as segments: to the daemon beside a Lambda, else by its API.

Format: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import queue
import re
import socket
import threading
from typing import Any, Protocol

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

from algotrendy.kernel.errors import Unavailable
from algotrendy.platform import aws

DAEMON_VARIABLE = "AWS_XRAY_DAEMON_ADDRESS"
# Of a datagram that the daemon reads.
LARGEST_DOCUMENT = 64_000
_HEADER = b'{"format":"json","version":1}\n'
# X-Ray refuses a segment whose name has anything else.
_NOT_IN_NAMES = re.compile(r"[^\w\s.:/%&#=+\\@-]")
_LONGEST_NAME = 200
_MOST_WAITING = 2_000
_AT_ONCE = 50
_EVERY_S = 1.0
_FLUSH_S = 2.0
_NS = 1_000_000_000

_logger = logging.getLogger(__name__)


class Sender(Protocol):
    """Takes documents, and waits for nobody."""

    def send(self, document: str) -> None:
        """Send one; what cannot be sent is lost, and disturbs nobody."""
        ...

    def flush(self) -> None:
        """Wait a little for what is under way."""
        ...


class XRaySpans(SpanProcessor):
    """Sends each span of a sampled trace when it ends."""

    def __init__(self, to: Sender, service: str) -> None:
        self._to = to
        self._service = service

    def on_end(self, span: ReadableSpan) -> None:
        """Send it, if its trace is sampled."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        document = json.dumps(document_of(span, self._service), separators=(",", ":"))
        if len(document) <= LARGEST_DOCUMENT:
            self._to.send(document)

    def shutdown(self) -> None:
        """Wait a little for what is under way."""
        self._to.flush()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        """Wait a little for what is under way."""
        self._to.flush()
        return True


def document_of(span: ReadableSpan, service: str) -> dict[str, Any]:
    """Write a span as a segment, or as a subsegment where it is a part of another one's work."""
    context = span.context
    assert context is not None  # noqa: S101 - an SDK's span has one
    trace_id = f"{context.trace_id:032x}"
    facts = dict(span.attributes or {})
    is_segment = span.parent is None or span.kind in (SpanKind.SERVER, SpanKind.CONSUMER)
    found: dict[str, Any] = {
        # A segment's name is a service's, in the map of which it is a node.
        "name": _name(service if is_segment else span.name),
        "id": f"{context.span_id:016x}",
        "trace_id": f"1-{trace_id[:8]}-{trace_id[8:]}",
        "start_time": (span.start_time or 0) / _NS,
        "end_time": (span.end_time or 0) / _NS,
        # What is annotated can be looked for.
        "annotations": {
            re.sub(r"\W", "_", key): value
            for key, value in facts.items()
            if isinstance(value, str | int | float | bool)
        },
        "metadata": {"algotrendy": {"span": span.name, "kind": span.kind.name.lower()}},
    }
    if span.parent is not None:
        found["parent_id"] = f"{span.parent.span_id:016x}"
    if not is_segment:
        found["type"] = "subsegment"
        if span.kind is SpanKind.CLIENT or span.kind is SpanKind.PRODUCER:
            found["namespace"] = "remote"
    if span.status.status_code is StatusCode.ERROR:
        found["fault"] = True
    method, path = facts.get("method"), facts.get("path")
    if method and path:
        found["http"] = {"request": {"method": method, "url": path}}
        status = facts.get("status")
        if isinstance(status, int):
            found["http"]["response"] = {"status": status}
    return found


class Daemon:
    """The X-Ray daemon, which Lambda runs beside each function: a datagram each."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._to = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def send(self, document: str) -> None:
        """Send one; what cannot be sent is lost."""
        try:
            self._socket.sendto(_HEADER + document.encode(), self._to)
        except OSError as error:
            _logger.debug("a span did not reach X-Ray's daemon: %s", error)

    def flush(self) -> None:
        """Do nothing: a datagram is gone."""

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Api:
    """X-Ray's own API, for a service without a daemon: a thread sends what waits, every second.

    Args:
        client: A boto3 client of X-Ray; by default the one of this process.
    """

    def __init__(self, client: Any = None) -> None:
        self._given = client
        self._waiting: queue.Queue[str] = queue.Queue(_MOST_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="xray", daemon=True)
        self._thread.start()
        atexit.register(self.flush)

    def send(self, document: str) -> None:
        """Let it be sent; where too many wait it is lost, so that memory is not."""
        try:
            self._waiting.put_nowait(document)
        except queue.Full:
            self._lost += 1

    def flush(self) -> None:
        """Wait a little until what waits is sent."""
        done = threading.Thread(target=self._waiting.join, daemon=True)
        done.start()
        done.join(_FLUSH_S)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            batch = [self._waiting.get()]
            # A trace comes in bursts: wait for the rest of it.
            pause.wait(_EVERY_S / 10)
            while len(batch) < _AT_ONCE and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                self._put(batch)
            # The outermost handler of this thread: traces must never end a service.
            except Exception as error:  # noqa: BLE001
                _logger.warning("%d spans did not reach X-Ray: %s", len(batch), error)
                pause.wait(_EVERY_S)
            finally:
                for _ in batch:
                    self._waiting.task_done()

    def _put(self, batch: list[str]) -> None:
        client = self._given if self._given is not None else aws.client("xray")
        with aws.translated("X-Ray"):
            answer = client.put_trace_segments(TraceSegmentDocuments=batch)
        refused = answer.get("UnprocessedTraceSegments") or []
        if refused:
            raise Unavailable("X-Ray", f"refused {len(refused)}: {refused[0].get('Message')}")


def sender() -> Sender:
    """Give the daemon beside this process, else X-Ray's API."""
    address = os.environ.get(DAEMON_VARIABLE)
    return Daemon(address) if address else Api()


def _name(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text)[:_LONGEST_NAME] or "algotrendy"
