"""Spans of sampled traces reach X-Ray as segments; whatever is wrong with it disturbs nobody."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode

from algotrendy.platform.trace_export import ForTheLog, TimedIds
from algotrendy.platform.xray import Api, Daemon, XRaySpans


class Kept:
    """Is a ``Sender`` that keeps what it is given."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []

    def send(self, document: str) -> None:
        self.documents.append(json.loads(document))

    def flush(self) -> None: ...


def provider(kept: Kept, share: float = 1.0) -> TracerProvider:
    made = TracerProvider(sampler=ForTheLog(share), id_generator=TimedIds(), shutdown_on_exit=False)
    made.add_span_processor(XRaySpans(kept, "trading"))
    return made


def test_a_request_is_a_segment_and_its_parts_are_subsegments() -> None:
    kept = Kept()
    tracer = provider(kept).get_tracer("t")
    with tracer.start_as_current_span("POST /v1/orders", kind=SpanKind.SERVER) as request:
        request.set_attributes({"method": "POST", "path": "/v1/orders", "status": 202})
        with tracer.start_as_current_span("broker submit", kind=SpanKind.CLIENT) as call:
            call.set_attribute("order_id", "o-1")
            call.set_status(Status(StatusCode.ERROR))
    part, whole = kept.documents
    assert whole["name"] == "trading"
    assert whole["http"] == {
        "request": {"method": "POST", "url": "/v1/orders"},
        "response": {"status": 202},
    }
    assert "type" not in whole
    assert (part["type"], part["namespace"], part["fault"]) == ("subsegment", "remote", True)
    assert part["name"] == "broker submit"
    assert part["parent_id"] == whole["id"]
    assert part["trace_id"] == whole["trace_id"]
    assert part["annotations"] == {"order_id": "o-1"}
    version, seconds, rest = whole["trace_id"].split("-")
    assert (version, len(seconds), len(rest)) == ("1", 8, 24)
    assert abs(int(seconds, 16) - whole["start_time"]) < 2
    assert whole["start_time"] <= part["start_time"] <= part["end_time"] <= whole["end_time"]


@pytest.mark.parametrize(("share", "sent"), [(0.0, 0), (1.0, 20)])
def test_only_the_share_that_was_asked_for_is_sent(share: float, sent: int) -> None:
    kept = Kept()
    tracer = provider(kept, share).get_tracer("t")
    for _ in range(20):
        with tracer.start_as_current_span("a request") as span:
            assert span.is_recording(), "the log has every span"
    assert len(kept.documents) == sent


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(2)
        yield listener


def test_the_daemon_gets_a_datagram_each(daemon: socket.socket) -> None:
    host, port = daemon.getsockname()
    with closing(Daemon(f"{host}:{port}")) as sender:
        sender.send('{"id":"1"}')
    assert daemon.recv(1000) == b'{"format":"json","version":1}\n{"id":"1"}'


def test_a_daemon_that_is_away_disturbs_nobody() -> None:
    with closing(Daemon("127.0.0.1:9")) as away:
        for _ in range(3):
            away.send("{}")


class Client:
    """Is the part of boto3's client that is used."""

    def __init__(self, failures: int = 0) -> None:
        self.put: list[str] = []
        self._failures = failures

    def put_trace_segments(self, TraceSegmentDocuments: list[str]) -> dict[str, Any]:  # noqa: N803
        if self._failures:
            self._failures -= 1
            raise RuntimeError("away")
        self.put += TraceSegmentDocuments
        return {"UnprocessedTraceSegments": []}


def test_a_service_without_a_daemon_sends_to_the_api() -> None:
    client = Client()
    api = Api(client)
    for n in range(120):
        api.send(str(n))
    api.flush()
    assert client.put == [str(n) for n in range(120)]


def test_an_api_that_is_away_costs_no_more_than_what_was_sent_then() -> None:
    client = Client(failures=1)
    api = Api(client)
    api.send("lost")
    api.flush()
    api.send("sent")
    api.flush()
    assert client.put == ["sent"]
