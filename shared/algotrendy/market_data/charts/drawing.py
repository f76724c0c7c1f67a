"""Draw bars as an SVG picture: candles, bricks, Kagi lines, columns of X and O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from math import ceil, floor, log10
from typing import Any, Final

from algotrendy.market_data.charts.styles import Style

WIDTH, HEIGHT = 960, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 76, 44, 34
_UP, _DOWN, _INK, _GRID = "#0f7b6c", "#c2410c", "#334155", "#e2e8f0"
_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND


@dataclass(frozen=True, slots=True)
class Frame:
    """Where prices and columns lie in the picture.

    Attributes:
        low, high: Prices at the lower and the upper edge.
        step: Width of a column.
    """

    low: float
    high: float
    step: float

    def x(self, column: float) -> float:
        """Give the middle of a column."""
        return _LEFT + (column + 0.5) * self.step

    def y(self, price: float) -> float:
        """Give the height of a price."""
        share = (price - self.low) / (self.high - self.low)
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def draw(bars: Sequence[Any], style: Style, title: str) -> str:
    """Draw bars, oldest first; the last one may be unfinished (``known`` 0), and is drawn paler.

    Args:
        bars: One or more.
        title: What is drawn; the style is written beside it.
    """
    rule = style.rule()
    box = getattr(rule, "box", 0.0)
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    margin = max((high - low) * 0.04, box / 2, abs(high) * 1e-6)
    frame = Frame(low - margin, high + margin, (WIDTH - _LEFT - _RIGHT) / max(len(bars), 20))
    shapes: Callable[[Sequence[Any], Frame], list[str]]
    if style.kind.name == "kagi":
        shapes = _kagi
    elif style.kind.name == "point-and-figure":
        shapes = _columns(box)
    elif style.kind.name in ("renko", "line-break"):
        shapes = _bricks
    else:
        shapes = _candles
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="system-ui, sans-serif">'
            ),
            f"<title>{escape(title)}, {escape(str(style))}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            _text(_LEFT, 20, title, size=15, weight=600),
            _text(_LEFT, 36, f"{style} · {_count(bars)}", size=12),
            *_prices(frame),
            *_dates(bars, frame),
            *shapes(bars, frame),
            "</svg>",
            "",
        ]
    )


def _count(bars: Sequence[Any]) -> str:
    told = "1 bar" if len(bars) == 1 else f"{len(bars):,} bars"
    return told if bars[-1].known else f"{told}, the last one unfinished"


def _candles(bars: Sequence[Any], frame: Frame) -> list[str]:
    return [_body(bar, k, frame, 0.68) for k, bar in enumerate(bars)]


def _bricks(bars: Sequence[Any], frame: Frame) -> list[str]:
    return [_body(bar, k, frame, 0.96) for k, bar in enumerate(bars)]


def _body(bar: Any, k: int, frame: Frame, share: float) -> str:
    colour = _UP if bar.direction > 0 else _DOWN if bar.direction < 0 else _INK
    top, bottom = frame.y(max(bar.open, bar.close)), frame.y(min(bar.open, bar.close))
    width = max(frame.step * share, 0.8)
    paler = "" if bar.known else ' opacity="0.4"'
    wick = ""
    if bar.high > max(bar.open, bar.close) or bar.low < min(bar.open, bar.close):
        wick = (
            f'<path d="M{frame.x(k):.2f} {frame.y(bar.high):.2f}V{frame.y(bar.low):.2f}" '
            f'stroke="{colour}"/>'
        )
    # What rose is hollow, so that the picture can be read without its colours.
    fill = "#ffffff" if bar.direction > 0 else colour
    return (
        f'<g{paler}>{wick}<rect x="{frame.x(k) - width / 2:.2f}" y="{top:.2f}" '
        f'width="{width:.2f}" height="{max(bottom - top, 0.8):.2f}" fill="{fill}" '
        f'stroke="{colour}"/></g>'
    )


def _kagi(bars: Sequence[Any], frame: Frame) -> list[str]:
    """Draw lines, thick above the last peak and thin below the last trough."""
    found = []
    thick = bars[0].direction > 0
    for k, bar in enumerate(bars):
        paler = "" if bar.known else ' opacity="0.4"'
        # The line before began where the last turn but one was.
        edge = bars[k - 1].open if k else bar.open
        passes = k > 0 and (bar.close - edge) * bar.direction > 0 and thick != (bar.direction > 0)
        split = edge if passes else bar.close
        pieces = [(bar.open, split, thick)]
        if passes:
            thick = bar.direction > 0
            pieces.append((split, bar.close, thick))
        x = frame.x(k)
        for start, end, is_thick in pieces:
            colour, width = (_UP, 3) if is_thick else (_DOWN, 1.2)
            found.append(
                f'<path d="M{x:.2f} {frame.y(start):.2f}V{frame.y(end):.2f}" fill="none" '
                f'stroke="{colour}" stroke-width="{width}"{paler}/>'
            )
        if k + 1 < len(bars):
            colour, width = (_UP, 3) if thick else (_DOWN, 1.2)
            found.append(
                f'<path d="M{x:.2f} {frame.y(bar.close):.2f}H{frame.x(k + 1):.2f}" '
                f'stroke="{colour}" stroke-width="{width}"/>'
            )
    return found


def _columns(box: float) -> Callable[[Sequence[Any], Frame], list[str]]:
    def shapes(bars: Sequence[Any], frame: Frame) -> list[str]:
        found = []
        height = abs(frame.y(0.0) - frame.y(box))
        across = max(min(frame.step, height) * 0.4, 0.8)
        for k, bar in enumerate(bars):
            paler = "" if bar.known else ' opacity="0.4"'
            x = frame.x(k)
            marks = []
            for number in range(round((bar.high - bar.low) / box) + 1):
                y = frame.y(bar.low + number * box)
                if bar.direction > 0:
                    marks.append(
                        f"M{x - across:.2f} {y - across:.2f}l{2 * across:.2f} {2 * across:.2f}"
                        f"m0 {-2 * across:.2f}l{-2 * across:.2f} {2 * across:.2f}"
                    )
                else:
                    marks.append(
                        f"M{x - across:.2f} {y:.2f}a{across:.2f} {across:.2f} 0 1 0 "
                        f"{2 * across:.2f} 0a{across:.2f} {across:.2f} 0 1 0 {-2 * across:.2f} 0"
                    )
            colour = _UP if bar.direction > 0 else _DOWN
            found.append(
                f'<path d="{"".join(marks)}" fill="none" stroke="{colour}" '
                f'stroke-width="1.3"{paler}/>'
            )
        return found

    return shapes


_MARKS: Final = 6


def _prices(frame: Frame) -> list[str]:
    """Draw the scale at whole steps of 1, 2 or 5."""
    rough = (frame.high - frame.low) / _MARKS
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough)
    digits = max(0, -floor(log10(step) + 1e-9))
    found = []
    for number in range(floor(frame.low / step) + 1, floor(frame.high / step) + 1):
        y = frame.y(number * step)
        found.append(f'<path d="M{_LEFT} {y:.2f}H{WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        found.append(_text(WIDTH - _RIGHT + 8, y + 4, f"{number * step:,.{digits}f}", size=11))
    return found


def _dates(bars: Sequence[Any], frame: Frame) -> list[str]:
    """Write when some bars began; columns are bars, and time is not even."""
    span = bars[-1].began - bars[0].began
    form = "%Y-%m-%d" if span > 3 * _DAY else "%m-%d %H:%M" if span > _DAY // 24 else "%H:%M:%S"
    every = ceil(110 / frame.step)
    return [
        _text(
            frame.x(k),
            HEIGHT - 12,
            datetime.fromtimestamp(int(bars[k].began) // _SECOND, UTC).strftime(form),
            size=11,
            anchor="middle" if k else "start",
        )
        for k in range(0, max(len(bars) - every // 2, 1), every)
    ]


def _text(
    x: float, y: float, text: str, size: int, weight: int = 400, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{_INK}">{escape(text)}</text>'
    )
