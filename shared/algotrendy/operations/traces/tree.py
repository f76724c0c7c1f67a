"""Put spans into the order in which they are told: each below the one of which it is a part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from algotrendy.operations.traces.lines import Span


@dataclass(frozen=True, slots=True)
class Row:
    """A span at its place; ``depth`` says within how many others it is shown."""

    span: Span
    depth: int


@dataclass(frozen=True, slots=True)
class Story:
    """The whole way of what was asked for.

    Attributes:
        key: What was asked for.
        rows: In the order in which they are told; at least one.
    """

    key: str
    rows: tuple[Row, ...]

    @property
    def spans(self) -> list[Span]:
        """Give all spans, as they are told."""
        return [row.span for row in self.rows]

    @property
    def start_ns(self) -> int:
        """Give when the first begins."""
        return min(span.start_ns for span in self.spans)

    @property
    def end_ns(self) -> int:
        """Give when the last ends."""
        return max(span.end_ns for span in self.spans)

    @property
    def traces(self) -> tuple[str, ...]:
        """Give the traces, in the order in which they begin."""
        return tuple(dict.fromkeys(span.trace_id for span in self.spans))

    @property
    def services(self) -> tuple[str, ...]:
        """Give what took part, in the order in which it did."""
        by_time = sorted(self.spans, key=lambda span: span.start_ns)
        return tuple(dict.fromkeys(span.service for span in by_time))

    def keys(self, name: str) -> tuple[str, ...]:
        """Give the ids of one kind that the spans name: ``order_id``."""
        found = (span.keys[name] for span in self.spans if name in span.keys)
        return tuple(dict.fromkeys(found))

    def as_json(self) -> dict[str, Any]:
        """Give it as JSON values; times in microseconds from the begin."""
        begin = self.start_ns
        return {
            "key": self.key,
            "traces": list(self.traces),
            "start_ns": begin,
            "duration_us": (self.end_ns - begin) // 1_000,
            "services": list(self.services),
            "spans": [
                {
                    "trace_id": row.span.trace_id,
                    "id": row.span.id,
                    "parent": row.span.parent or None,
                    "depth": row.depth,
                    "name": row.span.name,
                    "kind": row.span.kind,
                    "service": row.span.service,
                    "source": row.span.source,
                    "offset_us": (row.span.start_ns - begin) // 1_000,
                    "duration_us": row.span.lasted_ns // 1_000,
                    "ok": row.span.is_ok,
                    **row.span.keys,
                    "facts": dict(row.span.facts),
                }
                for row in self.rows
            ],
        }


def story_of(key: str, spans: Sequence[Span]) -> Story:
    """Put spans into the order in which they are told.

    One whose parent nobody told of, such as that of a caller outside, stands on the left.
    """
    known = {span.id for span in spans}
    below: defaultdict[str, list[Span]] = defaultdict(list)
    for span in spans:
        is_part = span.parent in known and span.parent != span.id
        below[span.parent if is_part else ""].append(span)
    rows = list(_told(below, "", 0, set()))
    # Two that name each other as parent stand nowhere yet.
    told = {row.span.id for row in rows}
    rows += [Row(span, 0) for span in spans if span.id not in told]
    return Story(key, tuple(rows))


def _told(
    below: dict[str, list[Span]], parent: str, depth: int, on_the_way: set[str]
) -> Iterator[Row]:
    for span in sorted(below.get(parent, ()), key=lambda each: (each.start_ns, -each.end_ns)):
        if span.id in on_the_way:
            continue
        on_the_way.add(span.id)
        yield Row(span, depth)
        yield from _told(below, span.id, depth + 1, on_the_way)
