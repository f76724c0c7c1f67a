"""Draw bars as an SVG picture: candles, bricks, Kagi lines, columns of X and O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.charts.styles import Style
from algotrendy.market_data.pictures.paper import (
    DOWN,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    UP,
    WIDTH,
    Frame,
    heading,
    prices,
    sheet,
    text,
)

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
_MOST_BOXES = 50_000


def draw(bars: Sequence[Any], style: Style, title: str) -> str:
    """Draw bars, oldest first; the last one may be unfinished (``known`` 0), and is drawn paler.

    Args:
        bars: One or more.
        title: What is drawn; the style is written beside it.

    Raises:
        Invalid: If columns have so many boxes that nobody could tell them apart.
    """
    frame = framed(bars, style)
    return sheet(
        f"{title}, {style}",
        [
            *heading(title, f"{style} · {_count(bars)}"),
            *prices(frame),
            *_dates(bars, frame),
            *shapes(bars, style, frame),
        ],
    )


def framed(bars: Sequence[Any], style: Style, also: Sequence[float] = ()) -> Frame:
    """Find a frame that one or more bars fit in, and other prices too."""
    low = min([*(bar.low for bar in bars), *also])
    high = max([*(bar.high for bar in bars), *also])
    margin = max((high - low) * 0.04, _box(style) / 2, abs(high) * 1e-6)
    return Frame(low - margin, high + margin, (WIDTH - LEFT - RIGHT) / max(len(bars), 20))


def shapes(bars: Sequence[Any], style: Style, frame: Frame) -> list[str]:
    """Draw bars as their style is drawn: candles, bricks, lines, columns."""
    match style.kind.name:
        case "kagi":
            return _kagi(bars, frame)
        case "point-and-figure":
            return _columns(bars, frame, _box(style))
        case "renko" | "line-break":
            return _bricks(bars, frame)
    return _candles(bars, frame)


def _box(style: Style) -> float:
    return float(getattr(style.rule(), "box", 0.0))


def _count(bars: Sequence[Any]) -> str:
    told = "1 bar" if len(bars) == 1 else f"{len(bars):,} bars"
    return told if bars[-1].known else f"{told}, the last one unfinished"


def _candles(bars: Sequence[Any], frame: Frame) -> list[str]:
    return [_body(bar, k, frame, 0.68) for k, bar in enumerate(bars)]


def _bricks(bars: Sequence[Any], frame: Frame) -> list[str]:
    return [_body(bar, k, frame, 0.96) for k, bar in enumerate(bars)]


def _body(bar: Any, k: int, frame: Frame, share: float) -> str:
    colour = UP if bar.direction > 0 else DOWN if bar.direction < 0 else INK
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
            colour, width = (UP, 3) if is_thick else (DOWN, 1.2)
            found.append(
                f'<path d="M{x:.2f} {frame.y(start):.2f}V{frame.y(end):.2f}" fill="none" '
                f'stroke="{colour}" stroke-width="{width}"{paler}/>'
            )
        if k + 1 < len(bars):
            colour, width = (UP, 3) if thick else (DOWN, 1.2)
            found.append(
                f'<path d="M{x:.2f} {frame.y(bar.close):.2f}H{frame.x(k + 1):.2f}" '
                f'stroke="{colour}" stroke-width="{width}"/>'
            )
    return found


def _columns(bars: Sequence[Any], frame: Frame, box: float) -> list[str]:
    found = []
    boxes = sum(round((bar.high - bar.low) / box) + 1 for bar in bars)
    if boxes > _MOST_BOXES:
        expected = f"one of at most {_MOST_BOXES:,} boxes in a picture; give a larger box"
        raise Invalid("style", expected, f"{boxes:,} boxes")
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
        colour = UP if bar.direction > 0 else DOWN
        found.append(
            f'<path d="{"".join(marks)}" fill="none" stroke="{colour}" stroke-width="1.3"{paler}/>'
        )
    return found


def _dates(bars: Sequence[Any], frame: Frame) -> list[str]:
    """Write when some bars began; columns are bars, and time is not even."""
    span = bars[-1].began - bars[0].began
    form = "%Y-%m-%d" if span > 3 * _DAY else "%m-%d %H:%M" if span > _DAY // 24 else "%H:%M:%S"
    every = ceil(110 / frame.step)
    return [
        text(
            frame.x(k),
            HEIGHT - 12,
            datetime.fromtimestamp(int(bars[k].began) // _SECOND, UTC).strftime(form),
            size=11,
            anchor="middle" if k else "start",
        )
        for k in range(0, max(len(bars) - every // 2, 1), every)
    ]
