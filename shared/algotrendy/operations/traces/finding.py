"""Find all spans of what a person names: a request, a trace, an order, an execution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.ids import parse_correlation_id
from algotrendy.operations.traces.lines import Line, Log, Span, read_span

# A clock of another machine may be that far behind.
_BEFORE: Final = timedelta(minutes=1)
# Traces lead to other traces: of a batch, of a workflow that was started again.
_ROUNDS: Final = 4
_MS: Final = 1_000
_STEPS: Final = "step functions"


@dataclass(frozen=True, slots=True)
class State:
    """A state of a workflow, from when it was entered until it was left."""

    name: str
    start_ns: int
    end_ns: int
    is_ok: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a workflow; one that goes on ends where it was looked at."""

    workflow: str
    name: str
    start_ns: int
    end_ns: int
    status: str
    states: tuple[State, ...]


class Runs(Protocol):
    """What Step Functions remembers of runs."""

    def of(self, workflow: str, name: str) -> Sequence[Run]:
        """Give a run and those that followed it when it was lost; none that is not known."""
        ...


class NoRuns:
    """Is a ``Runs`` of which nothing is known."""

    def of(self, workflow: str, name: str) -> Sequence[Run]:  # noqa: ARG002 - the interface
        """Give none."""
        return ()


def since_of(key: str, now: datetime, within: timedelta) -> datetime:
    """Say from when on to look: an id of ours tells when it was made."""
    try:
        made = UUID(key)
    except ValueError:
        return now - within
    if made.version != 7:
        return now - within
    moment = datetime.fromtimestamp((made.int >> 80) / _MS, UTC)
    return moment - _BEFORE if moment <= now + _BEFORE else now - within


def checked_key(key: str) -> str:
    """Give what a person asks for back, if it can be an id.

    Raises:
        Invalid: If it cannot.
    """
    try:
        return parse_correlation_id(key.strip())
    except Invalid as error:
        expected = "a correlation id, or the id of a trace, an order or an execution"
        raise Invalid("id", expected, key) from error


def find_lines(log: Log, key: str, since: datetime) -> list[Line]:
    """Give every line of what a person names, also those that only name its trace, by time."""
    found = set(log.lines([key], since))
    traces = {
        span.trace_id
        for line in found
        if (span := read_span(line)) is not None and span.is_about(key)
    }
    if traces:
        found |= set(log.lines(sorted(traces), since))
    return sorted(found, key=lambda line: (line.at, line.source))


def find_spans(log: Log, key: str, since: datetime) -> list[Span]:
    """Give every span of what a person names, and of the traces that those lead to.

    Raises:
        NotFound: If there is none; says from when on was looked.
        Unavailable: If the log cannot be read.
    """
    spans: dict[tuple[str, str], Span] = {}
    looked_for: set[str] = set()
    wanted = {key}
    for _ in range(_ROUNDS):
        wanted -= looked_for
        if not wanted:
            break
        looked_for |= wanted
        traces: set[str] = set()
        for span in _read(log.lines(sorted(wanted), since)):
            if span.is_about(key) or span.trace_id in looked_for:
                spans[span.trace_id, span.id] = span
                traces |= {span.trace_id, *span.links}
            elif looked_for.intersection(span.links):
                traces.add(span.trace_id)
        wanted = traces
    if not spans:
        hint = f"nothing tells of it since {since:%Y-%m-%d %H:%M:%S} UTC; --since looks further"
        raise NotFound("trace", key, hint)
    return sorted(spans.values(), key=lambda span: (span.start_ns, -span.end_ns, span.id))


def with_workflows(spans: Sequence[Span], runs: Runs) -> list[Span]:
    """Add the workflows that were started, with their states, and put the steps into these.

    A step of a workflow knows who started that, and not its state: the one that was entered then.
    """
    found = list(spans)
    seen: set[tuple[str, str]] = set()
    for starter in spans:
        workflow = str(starter.facts.get("workflow", ""))
        name = str(starter.facts.get("execution", ""))
        if not (workflow and name) or (workflow, name) in seen:
            continue
        seen.add((workflow, name))
        for run in runs.of(workflow, name):
            found = _with_run(found, starter, run)
    return sorted(found, key=lambda span: (span.start_ns, -span.end_ns, span.id))


def _with_run(spans: Sequence[Span], starter: Span, run: Run) -> list[Span]:
    top = Span(
        trace_id=starter.trace_id,
        id=f"run {run.name}",
        parent=starter.id,
        name=f"workflow {run.status.lower()}",
        kind="workflow",
        service=_STEPS,
        source=_STEPS,
        start_ns=run.start_ns,
        end_ns=run.end_ns,
        is_ok=run.status in ("RUNNING", "SUCCEEDED"),
        keys=starter.keys,
        facts={"workflow": run.workflow},
    )
    states = [
        Span(
            trace_id=starter.trace_id,
            id=f"{top.id} {number}",
            parent=top.id,
            name=f"state {state.name}",
            kind="workflow",
            service=_STEPS,
            source=_STEPS,
            # Its times are whole milliseconds, within which several follow each other.
            start_ns=state.start_ns + number,
            end_ns=max(state.end_ns, state.start_ns + number),
            is_ok=state.is_ok,
            keys=starter.keys,
        )
        for number, state in enumerate(run.states)
    ]
    # What whoever started it handed on: the span within which that was done.
    given = {starter.parent, starter.id}
    moved = [
        replace(span, parent=state.id)
        if span.parent in given and span.kind == "server" and (state := _around(span, states))
        else span
        for span in spans
    ]
    return [*moved, top, *states]


def _around(span: Span, states: Iterable[Span]) -> Span | None:
    """Find the state within which a step began: the last that was entered before."""
    entered = [state for state in states if state.start_ns <= span.start_ns <= state.end_ns]
    return max(entered, key=lambda state: state.start_ns, default=None)


def _read(lines: Iterable[Line]) -> Iterable[Span]:
    for line in lines:
        span = read_span(line)
        if span is not None:
            yield span
