"""Read lines of the log: whose they are, and which of them tell of a span."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

SPAN = "span"
"""The message of a line that tells of a span."""
# By these a request is looked for.
KEYS = ("correlation_id", "trace_id", "order_id", "execution_id")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log.

    Attributes:
        source: What wrote it: ``execution``, ``trading-api``.
        at: When, as far as the log tells.
        text: As it was written.
    """

    source: str
    at: datetime
    text: str

    @property
    def fields(self) -> dict[str, Any]:
        """Give what it says by name; nothing where it is plain text."""
        return fields_of(self.text)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of work that is over.

    Attributes:
        parent: The span of which it is a part; empty where it began the trace.
        service: What did it.
        source: The log that tells of it.
        keys: By which it can be looked for: the ids of its request, order and execution.
        facts: What else is known.
        links: Other traces that it has to do with.
    """

    trace_id: str
    id: str
    parent: str
    name: str
    kind: str
    service: str
    source: str
    start_ns: int
    end_ns: int
    is_ok: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()

    @property
    def lasted_ns(self) -> int:
        """Give how long it took."""
        return self.end_ns - self.start_ns

    def is_about(self, key: str) -> bool:
        """Say whether it is a part of what a person asks for."""
        return key == self.trace_id or key in self.keys.values()


class Log(Protocol):
    """All that a platform has written, wherever it lies."""

    def lines(self, texts: Collection[str], since: datetime) -> Iterable[Line]:
        """Give the lines from a moment on in which any of some texts stands, in no order.

        Raises:
            Unavailable: If it cannot be read.
        """
        ...


def fields_of(text: str) -> dict[str, Any]:
    """Read a line that is a JSON object; nothing where it is none."""
    begin = text.find("{")
    if begin < 0:
        return {}
    try:
        found = json.loads(text[begin:])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def moment_of(fields: Mapping[str, Any]) -> datetime | None:
    """Give when a line was written by what it says itself; None where it does not say."""
    told = fields.get("timestamp")
    if not isinstance(told, str):
        return None
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def read_span(line: Line) -> Span | None:
    """Read the span of which a line tells; None where it tells of none, or not as agreed."""
    told = line.fields
    span = told.get(SPAN)
    if told.get("message") != SPAN or not isinstance(span, Mapping):
        return None
    try:
        return Span(
            trace_id=str(told["trace_id"]),
            id=str(span["id"]),
            parent=str(span["parent"] or ""),
            name=str(span["name"]),
            kind=str(span["kind"]),
            service=str(told.get("service", "")),
            source=line.source,
            start_ns=int(span["start_ns"]),
            end_ns=int(span["end_ns"]),
            is_ok=bool(span["ok"]),
            keys={name: str(told[name]) for name in KEYS[0:1] + KEYS[2:] if name in told},
            facts=dict(span.get("facts") or {}),
            links=tuple(str(each) for each in span.get("links") or ()),
        )
    except (KeyError, TypeError, ValueError):
        return None
