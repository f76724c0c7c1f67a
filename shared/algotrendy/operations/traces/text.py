"""Write a request's whole way as lines of text: when, how long, what, where, and a bar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from algotrendy.operations.traces.lines import Line, Span, fields_of, moment_of, read_span
from algotrendy.operations.traces.tree import Row, Story

_BAR: Final = 24
_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_SHORTEST_NAME: Final = 20
# Said elsewhere in the row.
_NOT_TOLD: Final = frozenset({"method", "path", "error"})
_NS: Final = 1_000_000_000
# What every line says, or the command itself.
_KNOWN: Final = frozenset(
    {"timestamp", "service", "location", "cold_start", "sampling_rate", "xray_trace_id"}
    | {"function_name", "function_memory_size", "function_arn", "function_request_id"}
    | {"correlation_id", "trace_id", "span_id", "exception_name"}
)


def told(story: Story, width: int = 120) -> str:
    """Write it all, no line wider than ``width`` where that has room for the times."""
    return "\n".join([*_head(story), "", *_rows(story, width)])


def lasted(ns: int) -> str:
    """Write how long something took, in few digits: ``1.25 ms``, ``840 ms``, ``12.3 s``."""
    if ns < 999_500:
        return f"{ns / 1_000:.0f} µs"
    if ns < 10_000_000:
        return f"{ns / 1_000_000:.2f} ms"
    if ns < _NS:
        return f"{ns / 1_000_000:.0f} ms"
    return f"{ns / _NS:.2f} s" if ns < 60 * _NS else f"{ns / _NS:.0f} s"


def facts_of(span: Span) -> str:
    """Write what else is known of a span, in a few words."""
    words = [f"failed: {span.facts.get('error', 'no reason told')}"] if not span.is_ok else []
    if "execution_id" in span.keys:
        words.append(f"execution {span.keys['execution_id']}")
    words += [f"{name} {value}" for name, value in span.facts.items() if name not in _NOT_TOLD]
    return ", ".join(words)


def line_told(line: Line) -> str:
    """Write a line of the log as a person reads it: what is said first, then the rest of it."""
    found = dict(line.fields)
    at = f"{line.at:%H:%M:%S.%f}"[:-3]
    if not found:
        return f"{at}  {line.text}"
    span = read_span(line)
    if span is not None:
        words = f"{span.name} took {lasted(span.lasted_ns)}"
        return f"{at}  span     {words}  {facts_of(span)}".rstrip()
    level, message = found.pop("level", ""), found.pop("message", "")
    rest = ", ".join(f"{name} {value}" for name, value in found.items() if name not in _KNOWN)
    return f"{at}  {level:<7}  {message}  {rest}".rstrip()


def readable(text: str) -> str:
    """Write a line of a part's log as a person reads it; one that is no JSON stays as it is."""
    fields = fields_of(text) if text.startswith("{") else {}
    at = moment_of(fields)
    if at is None:
        return text
    correlation = fields.get("correlation_id")
    told = line_told(Line("", at, text))
    return f"{told}  [{correlation}]" if correlation else told


def moment(ns: int) -> str:
    """Write a moment of a day, to the millisecond."""
    return f"{datetime.fromtimestamp(ns / _NS, UTC):%H:%M:%S.%f}"[:-3]


def _head(story: Story) -> Iterator[str]:
    begin = datetime.fromtimestamp(story.start_ns / _NS, UTC)
    whole = lasted(story.end_ns - story.start_ns)
    failed = sum(not span.is_ok for span in story.spans)
    yield (
        f"{begin:%Y-%m-%d} {moment(story.start_ns)} to {moment(story.end_ns)} UTC · {whole} · "
        f"{len(story.rows)} spans of {len(story.services)} services"
        + (f" · {failed} failed" if failed else "")
    )
    for name, word in (
        ("order_id", "order"),
        ("correlation_id", "correlation id"),
        ("execution_id", "execution"),
    ):
        found = story.keys(name)
        if found:
            yield f"{word}: {', '.join(found)}"
    yield f"trace: {', '.join(story.traces)}"


def _rows(story: Story, width: int) -> Iterator[str]:
    begin, whole = story.start_ns, max(1, story.end_ns - story.start_ns)
    names = [f"{'  ' * row.depth}{row.span.name}" for row in story.rows]
    service_width = max(len(row.span.service) for row in story.rows)
    fixed = 9 + 1 + 9 + 2 + 2 + service_width + 2 + _BAR
    name_width = max(_SHORTEST_NAME, min(max(map(len, names)), width - fixed))
    yield (
        f"{'at':>9} {'lasts':>9}  {'what':<{name_width}}  {'where':<{service_width}}  {'':<{_BAR}}"
    ).rstrip()
    for row, name in zip(story.rows, names, strict=True):
        start = lasted(row.span.start_ns - begin)
        line = (
            f"{start:>9} {lasted(row.span.lasted_ns):>9}  {_cut(name, name_width)}  "
            f"{row.span.service:<{service_width}}  {_bar(row, begin, whole)}"
        )
        rest = width - len(line) - 2
        facts = facts_of(row.span)
        yield (f"{line}  {_short(facts, rest)}" if facts and rest > 8 else line).rstrip()


def _bar(row: Row, begin: int, whole: int) -> str:
    start = (row.span.start_ns - begin) / whole * _BAR
    length = max(row.span.lasted_ns / whole * _BAR, 1 / 8)
    first = min(int(start), _BAR - 1)
    full, part = divmod(round(length * 8), 8)
    bar = "█" * full + (_EIGHTHS[part] if part else "")
    return f"{' ' * first}{bar[: _BAR - first]}".ljust(_BAR)


def _cut(text: str, width: int) -> str:
    return _short(text, width).ljust(width)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: max(0, width - 1)]}…"
