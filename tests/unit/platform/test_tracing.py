"""Traces: read and written as W3C and X-Ray have them, carried on, told in lines of the log."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.platform import tracing
from algotrendy.platform.telemetry import about, correlated, logger, observed, trace_of
from algotrendy.platform.tracing import TraceParent, read_traceparent, read_xray, xray_header
from unit.platform.test_telemetry import CONTEXT

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CARRIED = f"00-{TRACE}-{PARENT}-01"
ROOT = f"Root=1-{TRACE[:8]}-{TRACE[8:]}"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return read


def spans(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        line["span"]["name"]: line["span"] | {"trace_id": line["trace_id"], "line": line}
        for line in found
        if line["message"] == "span"
    }


def test_a_traceparent_is_read_and_written_as_it_was() -> None:
    found = read_traceparent(CARRIED)
    assert found == TraceParent(TRACE, PARENT, is_sampled=True)
    assert str(found) == CARRIED


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        CARRIED.upper(),
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{PARENT}",
        f"{CARRIED}\r\nx-evil: 1",
        f"{CARRIED}-" + "a" * 300,
    ],
)
def test_what_is_no_traceparent_is_none(text: object) -> None:
    assert read_traceparent(text) is None


@given(st.text(max_size=80))
def test_whatever_comes_is_read_without_a_fault(text: str) -> None:
    found = read_traceparent(text)
    assert found is None or read_traceparent(str(found)) == found


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known() -> None:
    found = read_traceparent(f"01-{TRACE}-{PARENT}-00-more")
    assert found == TraceParent(TRACE, PARENT, is_sampled=False)


def test_the_header_of_xray_is_the_same_trace() -> None:
    found = TraceParent(TRACE, PARENT, is_sampled=True)
    assert xray_header(found) == f"{ROOT};Parent={PARENT};Sampled=1"
    assert read_xray(xray_header(found)) == found
    assert read_xray(f"Self=1-x;{ROOT}") == TraceParent(TRACE, "", is_sampled=False)
    assert read_xray("Sampled=1") is None


def test_a_span_without_a_trace_is_nothing(lines: Lines) -> None:
    with tracing.span("transaction") as span:
        assert span is None
        assert tracing.traceparent() is None
    tracing.note(order_id="o")
    tracing.record("a wait", 1, 2)
    assert lines() == []


def test_spans_within_each_other_are_one_trace(lines: Lines) -> None:
    with correlated("c-1"), about(account="paper"), tracing.span("a request", begins=True) as outer:
        assert outer is not None
        with tracing.span("a step", "client", symbol="AAPL", price=None):
            tracing.note(order_id="o-1")
        assert tracing.traceparent() == outer.traceparent
    found = spans(lines())
    step, request = found["a step"], found["a request"]
    assert step["trace_id"] == request["trace_id"]
    assert (step["parent"], request["parent"]) == (request["id"], None)
    assert (step["kind"], step["facts"]) == ("client", {"symbol": "AAPL"})
    assert step["line"]["order_id"] == "o-1"
    assert step["line"]["account"] == request["line"]["account"] == "paper"
    assert step["line"]["correlation_id"] == "c-1"
    assert request["start_ns"] <= step["start_ns"] <= step["end_ns"] <= request["end_ns"]


def test_a_trace_goes_on_where_it_was_carried_to(lines: Lines) -> None:
    with tracing.continued(CARRIED), tracing.span("a step"):
        pass
    (step,) = spans(lines()).values()
    assert (step["trace_id"], step["parent"]) == (TRACE, PARENT)


def test_a_trace_of_which_only_the_number_is_known_begins_under_it(lines: Lines) -> None:
    with tracing.continued(read_xray(ROOT)):
        assert tracing.traceparent() is None
        with tracing.span("a request", begins=True):
            pass
    (request,) = spans(lines()).values()
    assert (request["trace_id"], request["parent"]) == (TRACE, None)


def test_a_span_that_fails_says_of_what_kind_and_no_more(lines: Lines) -> None:
    with pytest.raises(ValueError, match="hunter2"), tracing.span("a step", begins=True):
        raise ValueError("hunter2")
    (line,) = lines()
    assert not line["span"]["ok"]
    assert line["span"]["facts"] == {"error": "ValueError"}
    assert "hunter2" not in json.dumps(line)


def test_what_only_its_reader_can_tell_is_told_afterwards(lines: Lines) -> None:
    tracing.record("queue", 1_000, 5_000, "consumer", parent=CARRIED, queue="orders")
    (wait,) = spans(lines()).values()
    assert (wait["start_ns"], wait["end_ns"], wait["parent"]) == (1_000, 5_000, PARENT)


def test_a_line_of_the_log_names_its_span(lines: Lines) -> None:
    with tracing.span("a step", begins=True), about(execution_id="x-1"):
        logger.info("working")
    line, span = lines()
    assert (line["trace_id"], line["span_id"]) == (span["trace_id"], span["span"]["id"])
    assert line["execution_id"] == "x-1"


def test_threads_and_tasks_go_on_with_the_trace_of_whoever_began_them(lines: Lines) -> None:
    def work(name: str) -> None:
        with tracing.span(name):
            pass

    async def all_of_it() -> None:
        with tracing.span("in the loop"):
            await asyncio.gather(*(asyncio.to_thread(work, f"thread {n}") for n in range(2)))

    with tracing.span("a request", begins=True):
        asyncio.run(all_of_it())
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work, "a thread"))
        thread.start()
        thread.join()
    found = spans(lines())
    assert len({each["trace_id"] for each in found.values()}) == 1
    assert found["thread 0"]["parent"] == found["thread 1"]["parent"] == found["in the loop"]["id"]
    assert found["a thread"]["parent"] == found["a request"]["id"]


@pytest.mark.parametrize(
    "event",
    [
        {"traceparent": CARRIED, "order_id": "o"},
        {"detail": {"name": "SweepRequested", "traceparent": CARRIED}},
        {"Records": [{"body": json.dumps({"detail": {"traceparent": CARRIED}})}]},
        {"headers": {"Traceparent": CARRIED}, "body": "{}"},
        {"headers": {"X-Amzn-Trace-Id": f"{ROOT};Parent={PARENT};Sampled=1"}},
    ],
    ids=["workflow", "event", "queue", "http", "gateway's own"],
)
def test_the_trace_is_found_in_what_invokes_a_function(event: Any) -> None:
    assert trace_of(event) == TraceParent(TRACE, PARENT, is_sampled=True)


def test_the_trace_of_lambda_itself_is_gone_on_with_where_none_is_carried(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"{ROOT};Parent={PARENT};Sampled=1")

    @observed
    def handler(event: Any, context: Any) -> None: ...

    handler({}, CONTEXT)
    own = f"00-{'a' * 32}-{'b' * 16}-00"
    handler({"traceparent": own}, CONTEXT)
    first, second = (line for line in lines() if line["message"] == "span")
    assert (first["trace_id"], first["span"]["parent"]) == (TRACE, PARENT)
    assert "links" not in first["span"]
    assert (second["trace_id"], second["span"]["links"]) == ("a" * 32, [TRACE])


def test_a_request_begins_when_it_came_to_the_gateway(lines: Lines) -> None:
    @observed
    def handler(event: Any, context: Any) -> None: ...

    import time

    came = int(time.time() * 1000) - 25
    event = {"version": "2.0", "routeKey": "POST /v1/orders", "rawPath": "/v1/orders"}
    request = {"timeEpoch": came, "http": {"method": "POST"}}
    handler({**event, "headers": {}, "requestContext": request}, CONTEXT)
    found = spans(lines())
    assert found["gateway"]["start_ns"] == found["gateway to function"]["start_ns"] == came * 10**6
    assert found["gateway to function"]["parent"] == found["gateway"]["id"]
    assert found["gateway"]["facts"] == {"method": "POST", "route": "POST /v1/orders"}


def test_a_probe_of_health_is_no_story(lines: Lines) -> None:
    @observed
    def handler(event: Any, context: Any) -> None: ...

    handler({"rawPath": "/trading/ready", "requestContext": {}, "headers": {}}, CONTEXT)
    assert lines() == []


def test_a_batch_leaves_the_traces_to_its_messages(lines: Lines) -> None:
    seen: list[str | None] = []

    @observed
    def handler(event: Any, context: Any) -> None:
        seen.append(tracing.traceparent())

    handler({"Records": [{"body": json.dumps({"traceparent": CARRIED})}]}, CONTEXT)
    assert seen == [None]
    assert lines() == []
