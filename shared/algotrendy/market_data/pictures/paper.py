"""Lay out pictures: the paper with its title, the scale of prices, and words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import floor, log10
from typing import Final

WIDTH: Final = 960
HEIGHT: Final = 420
LEFT, RIGHT, TOP, BOTTOM = 12, 76, 44, 34
UP, DOWN, INK, GRID = "#0f7b6c", "#c2410c", "#334155", "#e2e8f0"
_MARKS: Final = 6
_BESIDE: Final = 15.0


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
        return LEFT + (column + 0.5) * self.step

    def y(self, price: float) -> float:
        """Give the height of a price."""
        share = (price - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def sheet(name: str, parts: Iterable[str], height: int = HEIGHT) -> str:
    """Put shapes on white paper, as a whole SVG file.

    Args:
        name: What a reader hears who sees no picture.
        height: Of the paper, in pixels.
    """
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                f'width="{WIDTH}" height="{height}" role="img" font-family="system-ui, sans-serif">'
            ),
            f"<title>{escape(name)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def heading(title: str, told: str) -> list[str]:
    """Write the title of a picture, and below it what is told of it."""
    return [text(LEFT, 20, title, size=15, weight=600), text(LEFT, 36, told, size=12)]


def prices(frame: Frame, *told: float) -> list[str]:
    """Draw the scale at whole steps of 1, 2 or 5, without words beside prices that are ``told``."""
    step = step_for(frame.high - frame.low)
    digits = max(0, -floor(log10(step) + 1e-9))
    found = []
    for number in range(floor(frame.low / step) + 1, floor(frame.high / step) + 1):
        y = frame.y(number * step)
        found.append(f'<path d="M{LEFT} {y:.2f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        if all(abs(y - frame.y(price)) > _BESIDE for price in told):
            found.append(text(WIDTH - RIGHT + 8, y + 4, f"{number * step:,.{digits}f}", size=11))
    return found


def step_for(span: float) -> float:
    """Give the step of 1, 2 or 5 that parts a span into at most some six."""
    rough = span / _MARKS
    unit = 10.0 ** floor(log10(rough))
    return next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough)


def text(
    x: float,
    y: float,
    words: str,
    size: int,
    weight: int = 400,
    anchor: str = "start",
    colour: str = INK,
) -> str:
    """Write words; ``anchor`` says which end of them ``x`` is: start, middle or end."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
    )
