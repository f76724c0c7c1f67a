"""Say what the status page says to programs: the document that is public as ``status.json``."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import COMPONENTS, Component, State, worst
from algotrendy.operations.status.incidents import Incident
from algotrendy.operations.status.maintenance import Maintenance
from algotrendy.operations.status.standing import Standing
from algotrendy.operations.status.uptime import last_days

_DAY_S = 86_400


def document(board: Board, now: datetime) -> dict[str, Any]:
    """Give everything that is public: no host, no account, nobody's name."""
    states = shown_states(board, now)
    return {
        "state": overall(board, now).value,
        "says": headline(board, now),
        "looked_at": _time(board.looked_at),
        "generated_at": _time(now),
        "components": [
            _component(component, state, board.standings.get(component.id, Standing()), now.date())
            for component, state in states.items()
        ],
        "incidents": [_incident(each) for each in reversed(board.incidents)],
        "maintenances": [_maintenance(each, now) for each in reversed(board.maintenances)],
    }


def shown_states(board: Board, now: datetime) -> dict[Component, State]:
    """Give the components that were ever seen or are spoken of, in the page's order."""
    spoken = {name for incident in board.incidents for name in incident.affects}
    spoken |= {name for work in board.maintenances for name in work.components}
    return {
        component: board.state(component.id, now)
        for component in COMPONENTS
        if component.id in board.standings or component.id in spoken
    }


def overall(board: Board, now: datetime) -> State:
    """Give the worst of all; maintenance where nothing is worse, unknown where nothing is known."""
    states = list(shown_states(board, now).values())
    found = worst(states)
    if found.is_trouble:
        return found
    if State.MAINTENANCE in states:
        return State.MAINTENANCE
    return State.OPERATIONAL if State.OPERATIONAL in states else State.UNKNOWN


def headline(board: Board, now: datetime) -> str:
    """Say in one line how it stands."""
    shown = shown_states(board, now)
    counts = Counter(shown.values())
    if counts[State.OUTAGE] == counts.total() > 1:
        return "Everything is down"
    parts = [
        f"{word}: {_named([each.name for each, found in shown.items() if found is state])}"
        for state, word in ((State.OUTAGE, "Outage"), (State.DEGRADED, "Degraded"))
        if counts[state]
    ]
    if parts:
        return " · ".join(parts)
    if counts[State.MAINTENANCE]:
        return "Maintenance is under way"
    return "All systems work" if counts[State.OPERATIONAL] else "Nothing was looked at yet"


def _named(names: list[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} others"
    return ", ".join(names)


def _component(
    component: Component, state: State, standing: Standing, today: date
) -> dict[str, Any]:
    tally = standing.tally
    return {
        "id": component.id,
        "name": component.name,
        "says": component.says,
        "state": state.value,
        "reason": standing.reason if state is standing.state and state.is_trouble else "",
        "since": _time(standing.since) if state is standing.state else None,
        "latency_ms": round(standing.latency_s * 1000),
        "uptime_90_days": _rounded(tally.uptime(today)),
        "days": [
            {
                "date": day.isoformat(),
                "worst": tally.worst(day).value,
                **{f"{state.value}_s": round(tally.seconds(day, state)) for state in _COUNTED},
                "seen": _rounded(min(1.0, sum(tally.days[day].values()) / _DAY_S)),
            }
            for day in last_days(today)
            if day in tally.days
        ],
    }


_COUNTED = (State.OPERATIONAL, State.DEGRADED, State.OUTAGE, State.MAINTENANCE)


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": str(incident.id),
        "title": incident.title,
        "impact": incident.impact.value,
        "stage": incident.stage.value,
        "components": list(incident.affects),
        "found_by": "probes" if incident.is_automatic else "people",
        "opened_at": _time(incident.opened_at),
        "resolved_at": _time(incident.resolved_at),
        "updates": [
            {"at": _time(update.at), "stage": update.stage.value, "text": update.text}
            for update in reversed(incident.updates)
        ],
    }


def _maintenance(work: Maintenance, now: datetime) -> dict[str, Any]:
    return {
        "id": str(work.id),
        "title": work.title,
        "text": work.text,
        "components": list(work.components),
        "starts_at": _time(work.starts_at),
        "ends_at": _time(work.ends_at),
        "is_active": work.is_active(now),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _rounded(share: float | None) -> float | None:
    # Down: 1 is all of it.
    return None if share is None else int(share * 1_000_000) / 1_000_000
