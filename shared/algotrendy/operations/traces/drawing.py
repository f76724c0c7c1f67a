"""Draw a request's whole way: a row each span, a bar from its begin to its end."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from algotrendy.operations.traces.text import facts_of, lasted, moment
from algotrendy.operations.traces.tree import Row, Story

_WIDTH: Final = 1280
_ROW: Final = 20
_TOP: Final = 64
_LEFT: Final = 420
_RIGHT: Final = 150
_INDENT: Final = 12
_SHORTEST: Final = 1.5
_MARKS: Final = 5
_LONGEST_NAME: Final = 52
# Told apart also by whoever sees no red and green; a failure is also written.
_COLOURS: Final = ("#2563eb", "#0f766e", "#b45309", "#7c3aed", "#be185d", "#4d7c0f", "#475569")
_FAILED: Final = "#b91c1c"


def drawn(story: Story) -> str:
    """Draw it all, as a whole SVG file."""
    height = _TOP + _ROW * len(story.rows) + 16
    title = f"{story.key}: {len(story.rows)} spans in {lasted(story.end_ns - story.start_ns)}"
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
                f'width="{_WIDTH}" height="{height}" role="img" '
                'font-family="system-ui, sans-serif" font-size="12">'
            ),
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="24" font-size="15" fill="#0f172a">{escape(title)}</text>',
            *_scale(story, height),
            *(line for number, row in enumerate(story.rows) for line in _row(story, number, row)),
            "</svg>",
            "",
        ]
    )


def _x(story: Story, ns: int) -> float:
    whole = max(1, story.end_ns - story.start_ns)
    return _LEFT + (ns - story.start_ns) / whole * (_WIDTH - _LEFT - _RIGHT)


def _scale(story: Story, height: int) -> Iterator[str]:
    whole = story.end_ns - story.start_ns
    for mark in range(_MARKS + 1):
        ns = story.start_ns + whole * mark // _MARKS
        x = _x(story, ns)
        yield f'<path d="M{x:.1f} {_TOP - 8}V{height - 12}" stroke="#e2e8f0"/>'
        word = moment(ns) if mark == 0 else f"+{lasted(ns - story.start_ns)}"
        yield f'<text x="{x:.1f}" y="{_TOP - 14}" fill="#475569">{word}</text>'


def _row(story: Story, number: int, row: Row) -> Iterator[str]:
    span, y = row.span, _TOP + _ROW * number
    service = story.services.index(span.service)
    colour = _COLOURS[service % len(_COLOURS)] if span.is_ok else _FAILED
    x = _x(story, span.start_ns)
    width = max(_SHORTEST, _x(story, span.end_ns) - x)
    name = span.name if len(span.name) <= _LONGEST_NAME else f"{span.name[:_LONGEST_NAME]}…"
    told = ", ".join(part for part in (span.service, facts_of(span)) if part)
    left = 12 + _INDENT * row.depth
    yield f"<g><title>{escape(f'{span.name} · {lasted(span.lasted_ns)} · {told}')}</title>"
    yield (
        f'<text x="{left}" y="{y + 14}" fill="#0f172a">{escape(name)}'
        f'<tspan dx="6" fill="{colour}">{escape(span.service)}</tspan></text>'
    )
    yield f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="12" rx="2" fill="{colour}"/>'
    failed = "" if span.is_ok else " failed"
    yield (
        f'<text x="{x + width + 4:.1f}" y="{y + 14}" fill="#475569">'
        f"{lasted(span.lasted_ns)}{failed}</text></g>"
    )
