"""The correlation id: found in whatever arrives, kept in every log line, never a way in."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.ids import parse_correlation_id
from algotrendy.platform import metrics
from algotrendy.platform.telemetry import (
    HEADER,
    bind_correlation_id,
    correlated,
    correlation_id,
    correlation_of,
    logger,
    observed,
)

CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:f",
    aws_request_id="r-1",
    tenant_id=None,
)
ENVELOPE = {"name": "SweepRequested", "version": 1, "correlation_id": "c-1", "payload": {}}
BUS_EVENT = {"source": "algotrendy", "detail-type": "SweepRequested", "detail": ENVELOPE}
RECORD = {"messageId": "m", "eventSource": "aws:sqs", "body": json.dumps(BUS_EVENT)}


def http_event(**headers: str) -> dict[str, Any]:
    return {"version": "2.0", "headers": headers, "body": '{"correlation_id": "from-the-body"}'}


@pytest.mark.parametrize(
    "event",
    [
        {"correlation_id": "c-1", "sweep_id": "s"},
        BUS_EVENT,
        {"Records": [RECORD]},
        RECORD,
        {"Records": [{"body": json.dumps(ENVELOPE)}]},
        http_event(**{"x-correlation-id": "c-1"}),
        http_event(**{"X-Correlation-Id": "c-1"}),
    ],
    ids=[
        "workflow",
        "event",
        "queue",
        "queue record",
        "queue of bare envelopes",
        "http",
        "http in other letters",
    ],
)
def test_the_id_is_found_in_what_invokes_a_function(event: Any) -> None:
    assert correlation_of(event) == "c-1"


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"correlation_id": 7},
        {"Records": []},
        {"Records": [{"body": "not json"}]},
        {"Records": [{"body": "[1]"}]},
        {"detail": "text"},
        {"headers": {HEADER: None}},
        http_event(host="x"),
    ],
)
def test_what_holds_no_id_has_none(event: Any) -> None:
    assert correlation_of(event) is None


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in found if line["message"] != "span"]


def test_a_handler_logs_under_the_id_that_arrived(capsys: pytest.CaptureFixture[str]) -> None:
    @observed
    def handler(event: Any, context: Any) -> Any:
        logger.info("working", extra={"sweep": "s"})
        return correlation_id()

    assert handler({"Records": [RECORD]}, CONTEXT) == "c-1"
    (line,) = logged(capsys)
    assert line["correlation_id"] == "c-1"
    assert line["function_request_id"] == "r-1"
    assert line["message"] == "working"
    assert line["sweep"] == "s"


def test_an_invocation_without_an_id_gets_a_new_one_each_time() -> None:
    @observed
    def handler(event: Any, context: Any) -> Any:
        return correlation_id()

    first, second = handler({}, CONTEXT), handler({}, CONTEXT)
    assert first != second
    assert parse_correlation_id(first) == first


@pytest.mark.parametrize("correlation", ["trace.id", lambda event: event["trace"]["id"]])
def test_a_handler_may_say_where_its_id_is(correlation: Any) -> None:
    @observed(correlation=correlation)
    def handler(event: Any, context: Any) -> Any:
        return correlation_id()

    assert handler({"trace": {"id": "elsewhere"}}, CONTEXT) == "elsewhere"


def test_a_path_to_nothing_gives_a_new_id() -> None:
    @observed(correlation="trace.id")
    def handler(event: Any, context: Any) -> Any:
        return correlation_id()

    assert parse_correlation_id(handler({"trace": 7}, CONTEXT))


def test_a_failing_handler_fails_and_leaves_no_id_behind() -> None:
    @observed
    def handler(event: Any, context: Any) -> Any:
        raise ValueError("broken")

    with correlated("outer"):
        with pytest.raises(ValueError, match="broken"):
            handler({"correlation_id": "inner"}, CONTEXT)
        assert correlation_id() == "outer"


def test_metrics_are_written_in_the_embedded_format_when_there_are_any(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @observed
    def handler(event: Any, context: Any) -> Any:
        if event.get("count"):
            metrics.count("BacktestsRun", event["count"])

    handler({}, CONTEXT)
    assert capsys.readouterr().out == ""
    handler({"count": 3}, CONTEXT)
    written = json.loads(capsys.readouterr().out)
    assert written["BacktestsRun"] == [3]
    assert written["service"] == "tests"
    directive = written["_aws"]["CloudWatchMetrics"][0]
    assert directive["Namespace"] == "AlgoTrendy"


def test_threads_of_one_process_keep_their_ids_apart(capsys: pytest.CaptureFixture[str]) -> None:
    together = threading.Barrier(4)

    def work(name: str) -> None:
        with correlated(name):
            together.wait()
            logger.info(name)

    threads = [threading.Thread(target=work, args=(f"thread-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = logged(capsys)
    assert len(lines) == 4
    assert all(line["correlation_id"] == line["message"] for line in lines)


def test_an_id_is_put_back_when_its_block_ends() -> None:
    with correlated("outer"):
        with correlated("inner") as bound:
            assert bound == correlation_id() == "inner"
        assert correlation_id() == "outer"


def test_asking_for_an_id_begins_one_that_stays() -> None:
    with correlated(None) as bound:
        assert correlation_id() == correlation_id() == bound


@pytest.mark.parametrize(
    "value",
    ["", " ", "a b", "a\r\nset-cookie: x=1", "a\n{}", "é", "a\x00", "x" * 129, "<script>", '"'],
)
def test_a_value_that_is_not_safe_is_replaced(value: str) -> None:
    with correlated("before"):
        bound = bind_correlation_id(value)
        assert bound != value
        assert correlation_id() == bound


@given(st.text(max_size=200))
def test_whatever_is_bound_is_safe_to_log_and_to_echo(value: str) -> None:
    with correlated(value) as bound:
        assert parse_correlation_id(bound) == bound
        assert bound.isascii()
        assert bound.isprintable()
