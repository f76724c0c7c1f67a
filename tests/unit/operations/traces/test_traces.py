"""A request's whole way is found in the log, put together with its workflow, told and drawn."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.operations.traces.drawing import drawn
from algotrendy.operations.traces.finding import (
    Run,
    State,
    checked_key,
    find_lines,
    find_spans,
    since_of,
    with_workflows,
)
from algotrendy.operations.traces.lines import Line, Span, read_span
from algotrendy.operations.traces.text import lasted, line_told, readable, told
from algotrendy.operations.traces.tree import story_of

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
ORDER = "01a20aab-d40f-7e07-85ac-ff741adb4b6a"
T1, T2 = "1" * 32, "2" * 32
MS = 1_000_000


class Written:
    """Is a ``Log`` of lines that a test writes."""

    def __init__(self, *lines: dict[str, Any] | str) -> None:
        self._lines = [
            Line("a-source", NOW + timedelta(seconds=n), each if isinstance(each, str) else dumped)
            for n, each in enumerate(lines)
            for dumped in [json.dumps(each)]
        ]

    def lines(self, texts: Collection[str], since: datetime) -> Iterable[Line]:
        return [
            line
            for line in self._lines
            if line.at >= since and any(text in line.text for text in texts)
        ]


def span_line(
    name: str,
    span_id: str,
    parent: str | None = None,
    *,
    trace_id: str = T1,
    start: int = 0,
    end: int = 10,
    kind: str = "internal",
    ok: bool = True,
    links: Sequence[str] = (),
    facts: dict[str, Any] | None = None,
    **keys: str,
) -> dict[str, Any]:
    span = {"name": name, "id": span_id, "parent": parent, "kind": kind, "ok": ok}
    times = {"start_ns": start * MS, "end_ns": end * MS, "facts": facts or {}}
    told = {**span, **times, "links": list(links)}
    line = {"level": "INFO", "message": "span", "service": "trading", "trace_id": trace_id}
    return {**line, **keys, "span": told}


REQUEST = span_line(
    "POST /v1/orders", "a", start=0, end=40, kind="server", order_id=ORDER, correlation_id="c-1"
)
STARTED = span_line(
    "start workflow", "b", "a", start=30, end=35, facts={"workflow": "w", "execution": ORDER}
)
STEP = span_line("begin_order", "c", "a", start=52, end=58, kind="server")
SUBMIT = span_line("execution: submit", "d", "a", start=61, end=80, kind="consumer")
CALL = span_line("broker: submit", "e", "d", start=62, end=70, kind="client", ok=False)
LOG = Written(CALL, STEP, "plain text about nothing", SUBMIT, STARTED, REQUEST)


class Remembered:
    """Is a ``Runs`` with one run."""

    def of(self, workflow: str, name: str) -> Sequence[Run]:
        states = (State("Begin", 45 * MS, 60 * MS), State("Submit", 60 * MS, 90 * MS))
        return [Run(workflow, name, 40 * MS, 95 * MS, "SUCCEEDED", states)]


def names(spans: Sequence[Span]) -> list[str]:
    return [span.name for span in spans]


@pytest.mark.parametrize("key", [ORDER, "c-1", T1])
def test_all_of_a_request_is_found_by_any_of_its_ids(key: str) -> None:
    found = names(find_spans(LOG, key, NOW))
    assert found == [
        *("POST /v1/orders", "start workflow", "begin_order"),
        *("execution: submit", "broker: submit"),
    ]


def test_traces_that_are_linked_belong_together() -> None:
    log = Written(
        REQUEST,
        span_line("a batch", "x", trace_id=T2, start=5, links=[T1]),
        span_line("a step of it", "y", "x", trace_id=T2, start=6),
        span_line("another request", "z", trace_id="3" * 32, order_id="another"),
    )
    assert names(find_spans(log, ORDER, NOW)) == ["POST /v1/orders", "a batch", "a step of it"]


def test_who_only_asked_about_an_order_is_no_part_of_its_way() -> None:
    looked = span_line("GET /v1/orders/{id}", "g", trace_id=T2, facts={"path": f"/{ORDER}"})
    assert names(find_spans(Written(REQUEST, looked), ORDER, NOW)) == ["POST /v1/orders"]


def test_what_nobody_wrote_of_is_not_found_and_the_hint_says_since_when() -> None:
    with pytest.raises(NotFound, match="since 2026-11-23 14:30:00 UTC"):
        find_spans(LOG, "c-9", NOW)


@pytest.mark.parametrize("key", ["", "two words", "a\nb", "x" * 200])
def test_what_can_be_no_id_is_refused(key: str) -> None:
    with pytest.raises(Invalid, match="an order or an execution"):
        checked_key(key)


def test_an_id_of_ours_says_since_when_to_look() -> None:
    later = datetime(2026, 12, 24, tzinfo=UTC)
    made = datetime(2026, 11, 23, 23, 9, 22, 959000, tzinfo=UTC)
    assert abs(since_of(ORDER, later, timedelta(hours=1)) - made) < timedelta(minutes=2)
    assert since_of("c-1", later, timedelta(hours=1)) == later - timedelta(hours=1)
    # Of the future it tells nothing.
    assert since_of(ORDER, NOW, timedelta(hours=1)) == NOW - timedelta(hours=1)


def test_steps_stand_in_the_state_of_the_workflow_in_which_they_began() -> None:
    spans = with_workflows(find_spans(LOG, ORDER, NOW), Remembered())
    rows = {row.span.name: row.depth for row in story_of(ORDER, spans).rows}
    assert list(rows) == [
        *("POST /v1/orders", "start workflow", "workflow succeeded"),
        *("state Begin", "begin_order", "state Submit"),
        *("execution: submit", "broker: submit"),
    ]
    assert list(rows.values()) == [0, 1, 2, 3, 4, 3, 1, 2]


def test_every_span_is_told_once_whatever_they_say_of_each_other() -> None:
    circle = [span_line("one", "1", "2"), span_line("two", "2", "1"), span_line("me", "3", "3")]
    found = find_spans(Written(*circle), T1, NOW)
    assert sorted(names(story_of(T1, found).spans)) == ["me", "one", "two"]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12))
def test_no_span_is_lost_or_doubled(pairs: list[tuple[int, int]]) -> None:
    lines = [span_line(f"s{n}", str(n), str(parent)) for n, parent in dict(pairs).items()]
    found = find_spans(Written(*lines), T1, NOW) if lines else []
    story = story_of(T1, found)
    assert sorted(span.id for span in story.spans) == sorted(str(n) for n in dict(pairs))


def test_the_whole_is_told_in_lines_that_fit() -> None:
    story = story_of(ORDER, with_workflows(find_spans(LOG, ORDER, NOW), Remembered()))
    text = told(story, 120)
    assert max(map(len, text.splitlines()[4:])) <= 120
    head, order, correlation, trace, *_ = text.splitlines()
    assert "95 ms" in head
    assert "1 failed" in head
    assert (order, correlation) == (f"order: {ORDER}", "correlation id: c-1")
    assert trace == f"trace: {T1}"
    assert "failed: no reason told" in text
    assert "          begin_order" in text


def test_the_picture_has_every_span_and_is_well_formed() -> None:
    nasty = span_line("<script>&", "n", "a", start=1, end=2, facts={"symbol": '"><'})
    story = story_of(ORDER, find_spans(Written(REQUEST, nasty), ORDER, NOW))
    root = ET.fromstring(drawn(story))
    titles = [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 3
    assert titles[2].startswith("<script>& · 1.00 ms · trading")


def test_json_tells_offsets_and_depths() -> None:
    document = story_of(ORDER, find_spans(LOG, ORDER, NOW)).as_json()
    json.dumps(document)
    assert document["duration_us"] == 80_000
    submit = next(each for each in document["spans"] if each["name"] == "broker: submit")
    assert (submit["offset_us"], submit["duration_us"], submit["depth"]) == (62_000, 8_000, 2)
    assert submit["ok"] is False


def test_lines_of_a_request_come_with_those_that_name_only_its_trace() -> None:
    said = {"level": "WARNING", "message": "no answer", "trace_id": T1, "location": "x:1"}
    found = find_lines(Written(said, REQUEST, {"trace_id": T2}), "c-1", NOW)
    assert [line_told(line).split("  ", 1)[1] for line in found] == [
        "WARNING  no answer",
        "span     POST /v1/orders took 40 ms",
    ]


def test_a_part_s_line_is_read_by_people_and_what_is_no_json_stays() -> None:
    line = {"level": "INFO", "message": "serving", "timestamp": "2026-11-23T23:32:07.986+00:00"}
    text = json.dumps({**line, "service": "execution", "account": "paper", "correlation_id": "c"})
    assert readable(text) == "23:32:07.986  INFO     serving  account paper  [c]"
    for other in ("LOG:  ready", "{broken", '{"level": "INFO"}'):
        assert readable(other) == other


@pytest.mark.parametrize(
    "change",
    [{"trace_id": None}, {"span": "text"}, {"span": {"id": "a"}}, {"message": "else"}],
)
def test_a_line_that_is_not_as_agreed_tells_of_no_span(change: dict[str, Any]) -> None:
    line = {name: value for name, value in {**REQUEST, **change}.items() if value is not None}
    assert read_span(Line("s", NOW, json.dumps(line))) is None


@given(st.text(max_size=60))
def test_whatever_stands_in_a_log_is_read_without_a_fault(text: str) -> None:
    assert read_span(Line("s", NOW, text)) is None
    line_told(Line("s", NOW, text))


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 µs"),
        (900_000, "900 µs"),
        (999_900, "1.00 ms"),
        (1_250_000, "1.25 ms"),
        (840 * MS, "840 ms"),
        (12_300 * MS, "12.30 s"),
        (3_600_000 * MS, "3600 s"),
    ],
)
def test_times_are_told_in_few_digits(ns: int, text: str) -> None:
    assert lasted(ns) == text
