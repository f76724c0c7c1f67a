"""Draw what a client of the stream heard: snapshot, closed bars, the unfinished, the newest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

from algotrendy.market_data.charts.drawing import framed, shapes
from algotrendy.market_data.charts.records import CHART_BAR, ChartBar
from algotrendy.market_data.charts.styles import parse
from algotrendy.market_data.pictures.paper import (
    BOTTOM,
    DOWN,
    HEIGHT,
    INK,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Frame,
    heading,
    prices,
    sheet,
    text,
)
from algotrendy.market_data.streaming.encoding import nanoseconds
from algotrendy.market_data.streaming.heard import Heard, Key, Told

_FOOT: Final = HEIGHT - BOTTOM
_HEADROOM: Final = 0.1
_NUMBER_ROOM: Final = 24
_TIME_ROOM: Final = 80
_SHADE: Final = "#f1f5f9"
_MOMENTS: Final = ("began", "ended", "known")


def draw_heard(heard: Heard) -> str:
    """Draw a panel for each symbol and style, one below the other."""
    panels: list[str] = []
    for at, key in enumerate(heard.bars):
        panels += [f'<g transform="translate(0 {at * HEIGHT})">', *_panel(heard, key), "</g>"]
    name = "What a client of the stream heard"
    return sheet(name, panels, height=HEIGHT * max(len(heard.bars), 1))


def _panel(heard: Heard, key: Key) -> Iterator[str]:
    symbol, style = key
    told = [*heard.bars[key]]
    partial = heard.partials.get(key)
    if partial is not None:
        told.append(partial)
    trade, quote = heard.trades.get(symbol), heard.quotes.get(symbol)
    yield from heading(f"{symbol}, {style}, as a client hears it", _newest(trade, quote))
    if not told:
        yield text(WIDTH / 2, HEIGHT / 2, "no bar was told yet", size=13, anchor="middle")
        return
    bars = [_bar(each) for each in told]
    parsed = parse(style)
    also = [] if trade is None else [float(trade["price"])]
    low, high = min(bar.low for bar in bars), max(bar.high for bar in bars)
    # Room above the bars for the words on them.
    frame = framed(bars, parsed, [*also, high + _HEADROOM * (high - low)])
    snapshot = [each for each in told if each["number"] <= heard.snapshots.get(key, 0)]
    yield from _parts(len(snapshot), told, partial, frame)
    yield from prices(frame, *also)
    yield from shapes(bars, parsed, frame)
    yield from _missing(told, frame)
    yield from _numbers(told, frame)
    if trade is not None:
        yield from _last(float(trade["price"]), frame)


def _newest(trade: Told | None, quote: Told | None) -> str:
    parts = []
    if trade is not None:
        clock = trade["time"][11:19]
        parts.append(f"newest trade {trade['price']:,.8g} × {trade['size']:,.8g} at {clock} UTC")
    if quote is not None:
        clock = quote["time"][11:19]
        parts.append(f"newest quote {quote['bid']:,.8g} / {quote['ask']:,.8g} at {clock} UTC")
    return " · ".join(parts) or "bars alone"


def _bar(told: Told) -> ChartBar:
    bar = ChartBar()
    for name, _ in CHART_BAR:
        value = told[name]
        if name in _MOMENTS:
            value = 0 if value is None else nanoseconds(value)
        setattr(bar, name, value)
    return bar


def _parts(count: int, told: Sequence[Told], partial: Told | None, frame: Frame) -> Iterator[str]:
    """Shade what the snapshot had, and say which part is what."""
    y = TOP + 12
    closed = len(told) - (partial is not None)
    if count:
        right = LEFT + count * frame.step
        yield (
            f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT:.1f}" height="{_FOOT - TOP}" '
            f'fill="{_SHADE}"/>'
        )
        yield text(LEFT + 6, y, f"snapshot: {_span(told[:count])}", size=11)
    if closed > count:
        x = LEFT + count * frame.step + 6
        # Beside the words of the snapshot, or below them where it had few bars.
        lower = 14 if 0 < count * frame.step < 130 else 0
        yield text(x, y + lower, f"as they closed: {_span(told[count:closed])}", size=11)
    if partial is not None:
        words = f"unfinished: {partial['number']}"
        x = min(LEFT + len(told) * frame.step, WIDTH - RIGHT - 2)
        yield text(x, _FOOT - 6, words, size=11, anchor="end")


def _span(told: Sequence[Told]) -> str:
    first, last = told[0]["number"], told[-1]["number"]
    return f"bar {first}" if first == last else f"bars {first} to {last}"


def _missing(told: Sequence[Told], frame: Frame) -> Iterator[str]:
    for at in range(1, len(told)):
        before, after = told[at - 1]["number"], told[at]["number"]
        if after > before + 1:
            x = LEFT + at * frame.step
            lack = f"{before + 1}" if after == before + 2 else f"{before + 1} to {after - 1}"
            yield f'<path d="M{x:.1f} {TOP}V{_FOOT}" stroke="{DOWN}" stroke-dasharray="3 3"/>'
            yield text(x + 4, TOP + 40, f"missing: {lack}", size=11, colour=DOWN)


def _numbers(told: Sequence[Told], frame: Frame) -> Iterator[str]:
    """Write the numbers of bars, and below some of them when they began."""
    every = ceil(_NUMBER_ROOM / frame.step)
    seldom = every * ceil(_TIME_ROOM / (every * frame.step))
    for at in range(0, len(told), every):
        yield text(frame.x(at), _FOOT + 14, f"{told[at]['number']}", size=10, anchor="middle")
    for at in range(0, len(told), seldom):
        anchor = "middle" if at else "start"
        yield text(frame.x(at), _FOOT + 28, told[at]["began"][11:19], size=10, anchor=anchor)


def _last(price: float, frame: Frame) -> Iterator[str]:
    """Draw the newest price across the picture, with a label over the scale."""
    y, edge = frame.y(price), WIDTH - RIGHT
    yield f'<path d="M{LEFT} {y:.1f}H{edge}" stroke="{INK}" stroke-dasharray="2 3"/>'
    yield f'<rect x="{edge + 2}" y="{y - 9:.1f}" width="{RIGHT - 6}" height="18" fill="{INK}"/>'
    words = f"{price:,.8g}"
    yield text(edge + 8, y + 4, words, size=11, weight=600, colour="#ffffff")
