"""Close a bar at the end of an interval: time bars.

Intervals are laid from the begin of a span on, and the last one is cut at its end: the span is a
UTC day, or with sessions one session of the market. A trade at the very end of an interval is of
the next one. An interval without a trade makes no bar. Trades outside of the sessions are in no bar
and are counted in ``state.outside``.

A bar is written by the first trade at or after its end, or by ``close``, when somebody knows that
it is so late; ``known`` is the end itself in both cases.
"""

from __future__ import annotations

from typing import Any, Final

from algotrendy.kernel.records import Fields
from algotrendy.market_data.charts.rules.levels import NEVER
from algotrendy.market_data.charts.rules.writing import write

STATE: Final[Fields] = (
    ("needed", "i8"),
    ("asks", "i8"),  # 1: set opens, closes and is_outside to the span of the next trade
    ("opens", "i8"),
    ("closes", "i8"),
    ("is_outside", "i8"),  # 1: the span lies between sessions
    ("outside", "i8"),  # trades so far
    ("began", "i8"),
    ("end", "i8"),
    ("first", "f8"),
    ("highest", "f8"),
    ("lowest", "f8"),
    ("last", "f8"),
    ("volume", "f8"),
    ("ticks", "i8"),
)
BEGIN: Final = {"closes": NEVER, "end": NEVER}
DAY = 86_400_000_000_000


def advance(
    state: Any, rule: Any, times: Any, prices: Any, sizes: Any, bars: Any, at: int
) -> tuple[int, int]:
    """Take trades; see the room's docstring."""
    interval, has_sessions = rule.interval, rule.sessions > 0
    began, end, first, highest = state.began, state.end, state.first, state.highest
    lowest, last, volume, ticks = state.lowest, state.last, state.volume, state.ticks
    state.needed = 0
    state.asks = 0
    taken = len(prices)
    for i in range(len(prices)):
        now, price = times[i], prices[i]
        if now >= end:
            if ticks > 0:
                if at == len(bars):
                    state.needed = 1
                    taken = i
                    break
                write(bars[at], began, end, end, first, highest, lowest, last, volume, ticks)
                at += 1
                ticks = 0
            if now >= state.closes:
                if has_sessions:
                    state.asks = 1
                    taken = i
                    break
                state.opens = now - now % DAY
                state.closes = state.opens + DAY
            if state.is_outside == 1:
                state.outside += 1
                continue
            began = now - (now - state.opens) % interval
            end = min(began + interval, state.closes)
            first = highest = lowest = price
            volume = 0.0
        if price > highest:
            highest = price
        if price < lowest:
            lowest = price
        last = price
        volume += sizes[i]
        ticks += 1
    state.began, state.end, state.first, state.highest = began, end, first, highest
    state.lowest, state.last, state.volume, state.ticks = lowest, last, volume, ticks
    return taken, at


def close(state: Any, rule: Any, now: int, bars: Any, at: int) -> int:  # noqa: ARG001
    """Close the bar if its interval is over; gives the next free row."""
    if state.ticks == 0 or now < state.end:
        return at
    write(
        bars[at], state.began, state.end, state.end,
        state.first, state.highest, state.lowest, state.last, state.volume, state.ticks,
    )  # fmt: skip
    state.ticks = 0
    return at + 1


def partial(state: Any, rule: Any, bar: Any) -> bool:  # noqa: ARG001
    """Write the unfinished bar, if there is one."""
    write(
        bar, state.began, state.end, state.end,
        state.first, state.highest, state.lowest, state.last, state.volume, state.ticks,
    )  # fmt: skip
    return bool(state.ticks > 0)
