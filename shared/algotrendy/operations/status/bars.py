"""Draw 90 days of a component as bars: small, and told in words to whoever cannot see them."""

from __future__ import annotations

from datetime import date
from html import escape

from algotrendy.operations.status.components import State
from algotrendy.operations.status.uptime import Tally, last_days, percent

_STEP = 10
_WIDTH = 7
_HEIGHT = 34
_CLASSES = {
    State.OPERATIONAL: "o",
    State.DEGRADED: "d",
    State.OUTAGE: "x",
    State.MAINTENANCE: "m",
    State.UNKNOWN: "n",
}
# Told apart without colours too: trouble hangs lower the worse it is.
_TOPS = {State.DEGRADED: 6, State.OUTAGE: 12, State.UNKNOWN: 24}


def bars(name: str, tally: Tally, today: date) -> str:
    """Draw the bars; days of trouble say on demand what they had."""
    days = last_days(today)
    paths: dict[State, list[str]] = {}
    told: list[str] = []
    for place, day in enumerate(days):
        state = tally.worst(day)
        top = _TOPS.get(state, 0)
        shape = f"M{place * _STEP} {top}h{_WIDTH}V{_HEIGHT}h-{_WIDTH}z"
        if state.is_trouble or state is State.MAINTENANCE:
            words = f"{day.strftime('%-d %B')}: {_words(tally, day)}"
            told.append(
                f'<path class="{_CLASSES[state]}" d="{shape}"><title>{words}</title></path>'
            )
        else:
            paths.setdefault(state, []).append(shape)
    plain = "".join(
        f'<path class="{_CLASSES[state]}" d="{"".join(shapes)}"/>'
        for state, shapes in paths.items()
    )
    label = f"{escape(name)}, 90 days: {percent(tally.uptime(today))} uptime{_trouble(tally, days)}"
    return (
        f'<svg viewBox="0 0 {len(days) * _STEP} {_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="{label}">{plain}{"".join(told)}</svg>'
    )


def _trouble(tally: Tally, days: list[date]) -> str:
    bad = [day for day in days if tally.worst(day).is_trouble]
    if not bad:
        return ""
    shown = "; ".join(f"{day.strftime('%-d %B')} {_words(tally, day)}" for day in bad[-5:])
    more = f"; and {len(bad) - 5} days before" if len(bad) > 5 else ""
    return f"; {shown}{more}"


def _words(tally: Tally, day: date) -> str:
    found = [
        f"{_lasting(tally.seconds(day, state))} {word}"
        for state, word in (
            (State.OUTAGE, "of outage"),
            (State.DEGRADED, "degraded"),
            (State.MAINTENANCE, "of maintenance"),
        )
        if tally.seconds(day, state) > 0
    ]
    return ", ".join(found)


def _lasting(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
