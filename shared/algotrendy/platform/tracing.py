"""Follow a request through every process as one trace, by OpenTelemetry.

A span is a piece of work with a begin and an end. Its ``traceparent`` (W3C Trace Context) travels
beside the correlation id: in headers, events, messages, the inputs of workflows and the intents of
orders, so that whoever goes on with the work, minutes later and elsewhere, adds to the same trace.

A span begins a trace only where work arrives (``begins=True``); anywhere else, without a trace,
there is nothing to add to, and ``span`` does nothing. The first span imports OpenTelemetry.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from algotrendy.platform import bound

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span as SdkSpan

HEADER = "traceparent"
"""Of HTTP; also the name of the field in messages, events and inputs."""
XRAY_HEADER = "x-amzn-trace-id"

# https://www.w3.org/TR/trace-context/#traceparent-header: a later version may have more behind it.
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?:-.{0,200})?"
)
# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
_XRAY_ROOT = re.compile(r"(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})\s*(?:;|$)")
_XRAY_PARENT = re.compile(r"(?:^|;)\s*Parent=([0-9a-f]{16})\s*(?:;|$)")
_XRAY_SAMPLED = re.compile(r"(?:^|;)\s*Sampled=([01])\s*(?:;|$)")
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class TraceParent:
    """Names a span, and whether somebody far away collects its trace.

    Attributes:
        span_id: Empty where only the trace is known, as of a request that API Gateway numbered.
    """

    trace_id: str
    span_id: str
    is_sampled: bool

    def __str__(self) -> str:
        """Write it as the header has it."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}"


class Span:
    """A piece of work under way."""

    __slots__ = ("_sdk", "parent")

    def __init__(self, sdk: SdkSpan, parent: TraceParent) -> None:
        self._sdk = sdk
        self.parent = parent

    @property
    def traceparent(self) -> str:
        """Give what whoever goes on with this work needs."""
        return str(self.parent)

    def note(self, **facts: object) -> None:
        """Add facts to the span; what is None is left out."""
        for name, value in bound.plain_facts(facts).items():
            self._sdk.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """Give it another name, once it is known what is done."""
        self._sdk.update_name(name)

    def fail(self, kind: str) -> None:
        """Say that the work failed; only of what kind: a message may hold what is not for logs."""
        from opentelemetry.trace import Status, StatusCode

        self._sdk.set_status(Status(StatusCode.ERROR))
        self._sdk.set_attribute("error", kind)

    def end(self, at_ns: int | None = None) -> None:
        """Write it down; what is noted later is lost."""
        self._sdk.end(end_time=at_ns)


# Where OpenTelemetry is not loaded there is no span.
_current: ContextVar[TraceParent | None] = ContextVar("traceparent", default=None)
_span: ContextVar[Span | None] = ContextVar("span", default=None)
# What a span that begins a trace takes as its trace's id, where one is given without a span.
wanted: ContextVar[TraceParent | None] = ContextVar("wanted_trace", default=None)


def read_traceparent(text: object) -> TraceParent | None:
    """Read a ``traceparent``; None where it is none, so that a trace of one's own begins."""
    if not isinstance(text, str):
        return None
    found = _TRACEPARENT.fullmatch(text.strip())
    if found is None:
        return None
    is_sampled = bool(int(found["flags"], 16) & _SAMPLED)
    return TraceParent(found["trace"], found["span"], is_sampled)


def read_xray(text: object) -> TraceParent | None:
    """Read the header ``X-Amzn-Trace-Id``, or Lambda's variable of the same form."""
    if not isinstance(text, str):
        return None
    root, parent = _XRAY_ROOT.search(text), _XRAY_PARENT.search(text)
    if root is None:
        return None
    sampled = _XRAY_SAMPLED.search(text)
    return TraceParent(
        root[1] + root[2],
        "" if parent is None else parent[1],
        sampled is not None and sampled[1] == "1",
    )


def trace_named(*names: str) -> TraceParent:
    """Give the trace of a thing that has a name: the same one to everybody who knows that."""
    digest = hashlib.sha256("\x1f".join(names).encode()).hexdigest()
    return TraceParent(digest[:32], "", is_sampled=True)


def xray_header(of: TraceParent) -> str:
    """Write the header ``X-Amzn-Trace-Id``, which AWS services pass on between each other."""
    root = f"Root=1-{of.trace_id[:8]}-{of.trace_id[8:]}"
    return f"{root};Parent={of.span_id};Sampled={int(of.is_sampled)}"


def current() -> TraceParent | None:
    """Give the span under way; None where there is none."""
    return _current.get()


def traceparent() -> str | None:
    """Give what whoever goes on with the present work needs; None outside of any trace."""
    found = _current.get()
    return str(found) if found is not None and found.span_id else None


def note(**facts: object) -> None:
    """Add facts to the span under way, if there is one."""
    found = _span.get()
    if found is not None:
        found.note(**facts)


@contextmanager
def continued(parent: TraceParent | str | None) -> Iterator[None]:
    """Go on with a trace for the length of a ``with`` block; None: with none at all."""
    found = read_traceparent(parent) if isinstance(parent, str) else parent
    before, around = _current.set(found), _span.set(None)
    try:
        yield
    finally:
        _span.reset(around)
        _current.reset(before)


@contextmanager
def span(
    name: str,
    kind: str = "internal",
    *,
    begins: bool = False,
    started_ns: int | None = None,
    link: TraceParent | None = None,
    **facts: object,
) -> Iterator[Span | None]:
    """Do a piece of work within a span; gives None where there is no trace to add it to.

    Args:
        name: What is done, of a small number of names: ``POST /v1/orders``.
        kind: ``internal``, ``server``, ``client``, ``producer`` or ``consumer``.
        begins: Whether it may begin a trace.
        started_ns: When it began; now where nothing is said.
        link: Another trace that it has to do with.
        facts: What else is known; what is None is left out.
    """
    parent = _current.get()
    if parent is None and not begins:
        yield None
        return
    found = _started(name, kind, parent, started_ns, link, facts)
    before, around = _current.set(found.parent), _span.set(found)
    try:
        yield found
    except BaseException as error:
        found.fail(type(error).__name__)
        raise
    finally:
        _span.reset(around)
        _current.reset(before)
        found.end()


def record(
    name: str,
    started_ns: int,
    ended_ns: int | None = None,
    kind: str = "internal",
    *,
    parent: TraceParent | str | None = None,
    **facts: object,
) -> None:
    """Write down a span that is over, such as a wait in a queue that only its reader can tell.

    Args:
        parent: Whose part it is; by default, that of the span under way. Without any, nothing is
            written.
    """
    found = read_traceparent(parent) if isinstance(parent, str) else parent
    found = found or _current.get()
    if found is None:
        return
    end = time.time_ns() if ended_ns is None else ended_ns
    done = _started(name, kind, found, min(started_ns, end), None, facts)
    done.end(end)


def prepare() -> None:
    """Import and build what the first span needs, while nobody waits: at a Lambda's init."""
    from algotrendy.platform.trace_export import tracer

    tracer()


def _started(
    name: str,
    kind: str,
    parent: TraceParent | None,
    started_ns: int | None,
    link: TraceParent | None,
    facts: Mapping[str, object],
) -> Span:
    from opentelemetry.trace import Link, SpanKind

    from algotrendy.platform.trace_export import tracer

    known: dict[str, Any] = {**bound.bound_facts(), **bound.plain_facts(facts)}
    correlation = bound.bound_correlation_id()
    if correlation is not None:
        known.setdefault("correlation_id", str(correlation))
    token = wanted.set(parent)
    try:
        made = tracer().start_span(
            name,
            context=_remote(parent),
            kind=SpanKind[kind.upper()],
            attributes=known,
            links=[] if link is None or not link.span_id else [Link(_sdk_context(link))],
            start_time=started_ns,
            record_exception=False,
            set_status_on_exception=False,
        )
    finally:
        wanted.reset(token)
    context = made.get_span_context()
    is_sampled = bool(context.trace_flags & _SAMPLED)
    return Span(
        made, TraceParent(f"{context.trace_id:032x}", f"{context.span_id:016x}", is_sampled)
    )


def _remote(parent: TraceParent | None) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    if parent is None or not parent.span_id:
        return Context()
    return set_span_in_context(NonRecordingSpan(_sdk_context(parent)), Context())


def _sdk_context(of: TraceParent) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    flags = TraceFlags(_SAMPLED if of.is_sampled else 0)
    return SpanContext(int(of.trace_id, 16), int(of.span_id, 16), is_remote=True, trace_flags=flags)
