"""Read from what a probe was answered how a component stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from algotrendy.operations.status.components import Component, State, worst

SLOW_S = 4.0
"""An answer that takes longer makes a component degraded."""
_READY = (200, 503)
_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Reply:
    """What a probe came back with.

    Attributes:
        status: None where there was no answer at all.
        reason: Why there was none, in words for everybody: no host, no address.
    """

    status: int | None
    body: bytes = b""
    latency_s: float = 0.0
    reason: str = "no answer"


@dataclass(frozen=True, slots=True)
class Sighting:
    """How one component was found: its state, why in words for everybody, and how quick it was."""

    component: str
    state: State
    reason: str = ""
    latency_s: float = 0.0


def judge(component: Component, reply: Reply) -> Sighting | None:
    """Judge a component by the reply; None: the reply says nothing about it."""
    if reply.status == _TOO_MANY:
        # It is the probe that was refused, and nobody else.
        return None
    if reply.status is None:
        return Sighting(component.id, State.OUTAGE, reply.reason, reply.latency_s)
    if component.checks is None:
        found = (State.OPERATIONAL, "")
        if reply.status != 200:
            found = (State.OUTAGE, f"answered {reply.status}")
    else:
        checks = _checks(reply)
        if checks is None:
            found = (State.OUTAGE, f"answered {reply.status}, and not how it is")
        else:
            there = {name: checks[name] for name in component.checks if name in checks}
            if not there:
                return None
            spare = {name: checks[name] for name in component.spare if name in checks}
            found = _of_checks(there, spare)
    state, reason = found
    if state is State.OPERATIONAL and reply.latency_s > SLOW_S:
        state, reason = State.DEGRADED, f"answered after {reply.latency_s:.1f} s"
    return Sighting(component.id, state, reason, reply.latency_s)


def _checks(reply: Reply) -> Mapping[str, Any] | None:
    if reply.status not in _READY:
        return None
    try:
        told = json.loads(reply.body)
    except ValueError:
        return None
    checks = told.get("checks") if isinstance(told, dict) else None
    return checks if isinstance(checks, dict) else None


def _of_checks(checks: Mapping[str, Any], spare: Mapping[str, Any]) -> tuple[State, str]:
    found = [_of_check(name, check) for name, check in checks.items()]
    for name, check in spare.items():
        state, reason = _of_check(name, check)
        found.append((State.DEGRADED if state is State.OUTAGE else state, reason))
    state = worst(state for state, _ in found)
    return state, _listed(reason for each, reason in found if each is state and reason)


def _of_check(name: str, check: Any) -> tuple[State, str]:
    if not isinstance(check, dict) or not isinstance(check.get("ok"), bool):
        return State.OUTAGE, f"{_words(name)}: not told"
    if not check["ok"]:
        return State.OUTAGE, f"{_words(name)} failed"
    if check.get("late") is True:
        return State.DEGRADED, f"{_words(name)} late"
    return State.OPERATIONAL, ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _listed(reasons: Iterable[str]) -> str:
    return ", ".join(reasons)
