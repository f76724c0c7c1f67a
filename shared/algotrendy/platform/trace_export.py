"""Make spans with the OpenTelemetry SDK, and write each where it can be found.

Each span is one line of the log, whoever collects it: the laptop's ``algotrendy trace`` and Logs
Insights read those. Those of a sampled trace also go to X-Ray, where the settings say so.
"""

from __future__ import annotations

import functools
import os
import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, StatusCode, Tracer, get_current_span

from algotrendy.platform import tracing
from algotrendy.platform.log_lines import write_line
from algotrendy.platform.settings import settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, TraceState
    from opentelemetry.util.types import Attributes

MESSAGE = "span"
"""What the line of a span says, by which it is found."""
# Facts by which spans are looked for stand where every other line has them, too.
_LOOKED_FOR = ("correlation_id", "account", "order_id", "execution_id")


class TimedIds(IdGenerator):
    """Begins a trace's id with the second of its begin, as X-Ray does; the rest is random."""

    def generate_span_id(self) -> int:
        """Give a new id."""
        return secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        """Give the id that was asked for, else a new one."""
        asked = tracing.wanted.get()
        if asked is not None:
            return int(asked.trace_id, 16)
        return (int(time.time()) << 96) | secrets.randbits(96)


class ForTheLog(Sampler):
    """Records every span, and says of which traces somebody far away collects a copy.

    Args:
        share: Of the traces that begin here, from 0 to 1. One that somebody else began goes on as
            it was begun.
    """

    def __init__(self, share: float) -> None:
        self._share = share

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,  # noqa: ARG002 - OpenTelemetry's own interface, as what follows
        kind: SpanKind | None = None,  # noqa: ARG002
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,  # noqa: ARG002
    ) -> SamplingResult:
        """Decide once a trace."""
        parent = get_current_span(parent_context).get_span_context()
        asked = tracing.wanted.get()
        if parent.is_valid:
            is_sampled = bool(parent.trace_flags.sampled)
        elif asked is not None:
            is_sampled = asked.is_sampled
        else:
            is_sampled = (trace_id & (2**32 - 1)) < self._share * 2**32
        decision = Decision.RECORD_AND_SAMPLE if is_sampled else Decision.RECORD_ONLY
        return SamplingResult(decision, attributes)

    def get_description(self) -> str:
        """Say what it does."""
        return f"records all, samples {self._share:g}"


class SpanLines(SpanProcessor):
    """Writes each span as a line of the log when it ends."""

    def on_end(self, span: ReadableSpan) -> None:
        """Write its line."""
        write_line(MESSAGE, line_of(span))

    def shutdown(self) -> None:
        """Do nothing: every line is out."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        """Do nothing: every line is out."""
        return True


def line_of(span: ReadableSpan) -> dict[str, Any]:
    """Give what the line of a span says."""
    context = span.context
    facts = dict(span.attributes or {})
    found = {name: facts.pop(name) for name in _LOOKED_FOR if name in facts}
    trace_id = f"{context.trace_id:032x}" if context else ""
    told: dict[str, Any] = {
        "name": span.name,
        "id": f"{context.span_id:016x}" if context else "",
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "kind": span.kind.name.lower(),
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "ok": span.status.status_code is not StatusCode.ERROR,
        "facts": facts,
    }
    if span.links:
        told["links"] = [f"{link.context.trace_id:032x}" for link in span.links]
    return {**found, "trace_id": trace_id, "span": told}


@functools.cache
def tracer() -> Tracer:
    """Give what makes spans in this process."""
    chosen = settings()
    service = os.environ.get("POWERTOOLS_SERVICE_NAME", "algotrendy")
    provider = TracerProvider(
        sampler=ForTheLog(chosen.trace_share),
        # Resource.create would look for entry points of every installed package.
        resource=Resource({"service.name": service, "deployment.environment": chosen.stage}),
        shutdown_on_exit=False,
        id_generator=TimedIds(),
    )
    provider.add_span_processor(SpanLines())
    if chosen.traces == "xray":
        from algotrendy.platform.xray import XRaySpans, sender

        provider.add_span_processor(XRaySpans(sender(), service))
    return provider.get_tracer("algotrendy")
