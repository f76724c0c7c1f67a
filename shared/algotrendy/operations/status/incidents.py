"""Tell what went wrong, from its first sign to its end: by the probes alone, and by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import derived_uuid7
from algotrendy.operations.status.components import BY_ID, State

LONGEST_TITLE = 120
LONGEST_TEXT = 2000
MOST_UPDATES = 100
PROBES = "probes"
"""Who writes what no person did."""
_AGAIN = "works again"


class Stage(StrEnum):
    """How far people, or the probes, are with it."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Update:
    """What was told at a moment. Who told it stays in the house: the page does not show it."""

    at: datetime
    stage: Stage
    text: str
    by: str = PROBES


@dataclass(frozen=True, slots=True)
class Incident:
    """One trouble, with what was told of it, oldest first.

    Attributes:
        impact: DEGRADED or OUTAGE: the worst that it has been.
        affects: How each component that has had a part in it stands because of it.
    """

    id: UUID
    title: str
    impact: State
    affects: Mapping[str, State]
    updates: tuple[Update, ...]
    is_automatic: bool

    @property
    def opened_at(self) -> datetime:
        return self.updates[0].at

    @property
    def stage(self) -> Stage:
        return self.updates[-1].stage

    @property
    def is_open(self) -> bool:
        return self.stage is not Stage.RESOLVED

    @property
    def resolved_at(self) -> datetime | None:
        return None if self.is_open else self.updates[-1].at

    def declares(self, component: str) -> State:
        """Give how a person says that a component stands; OPERATIONAL where nobody says more."""
        if self.is_automatic or not self.is_open:
            return State.OPERATIONAL
        return self.affects.get(component, State.OPERATIONAL)

    def told(
        self, stage: Stage, text: str, by: str, at: datetime, impact: State | None = None
    ) -> Incident:
        """Give it with one more update; the same once more changes nothing.

        Raises:
            Invalid: If a field cannot be right.
            Conflict: If it is over, or has as many updates as a reader bears.
        """
        update = Update(at, stage, checked_text(text), by)
        last = self.updates[-1]
        if (last.stage, last.text) == (update.stage, update.text) and impact is None:
            return self
        if not self.is_open:
            raise Conflict(f"incident {self.id} is resolved; open another one", incident=self.id)
        if len(self.updates) >= MOST_UPDATES:
            raise Conflict(f"incident {self.id} has {MOST_UPDATES} updates", incident=self.id)
        affects = self.affects
        if impact is not None:
            affects = dict.fromkeys(self.affects, checked_impact(impact))
        return replace(
            self,
            impact=max(self.impact, impact or self.impact, key=lambda state: state.severity),
            affects=affects,
            updates=(*self.updates, update),
        )


def declared(
    title: str, impact: State, components: Sequence[str], text: str, by: str, at: datetime
) -> Incident:
    """Open an incident as a person does; the same at the same moment has the same id.

    Raises:
        Invalid: If a field cannot be right; names it.
    """
    named = checked_components(components)
    title, impact = checked_title(title), checked_impact(impact)
    identity = derived_uuid7(at, "incident", title, *named)
    update = Update(at, Stage.INVESTIGATING, checked_text(text), by)
    return Incident(identity, title, impact, dict.fromkeys(named, impact), (update,), False)


def followed(
    incidents: Sequence[Incident],
    found: Mapping[str, tuple[State, str]],
    at: datetime,
) -> tuple[Incident, ...]:
    """Open, go on with and resolve what the probes found, as one incident at a time.

    Args:
        found: How each component stands, and why. What an open incident of a person tells of
            already opens no other one.
    """
    known = {
        name
        for each in incidents
        if not each.is_automatic and each.is_open
        for name in each.affects
    }
    now = next((each for each in incidents if each.is_automatic and each.is_open), None)
    part = set() if now is None else set(now.affects)
    trouble = {
        name: state
        for name, (state, _) in found.items()
        if state.is_trouble and (name in part or name not in known)
    }
    reasons = {name: reason for name, (_, reason) in found.items()}
    if now is None:
        return (*incidents, _opened(trouble, reasons, at)) if trouble else tuple(incidents)
    after = _went_on(now, trouble, reasons, at)
    return tuple(after if each is now else each for each in incidents)


def checked_title(title: str) -> str:
    """Give the title without blanks around it, or raise Invalid."""
    return _checked("title", title, LONGEST_TITLE, one_line=True)


def checked_text(text: str) -> str:
    """Give a text without blanks around it, or raise Invalid."""
    return _checked("text", text, LONGEST_TEXT, one_line=False)


def checked_impact(impact: State) -> State:
    """Give it back, or raise Invalid."""
    if not impact.is_trouble:
        raise Invalid("impact", "degraded or outage", impact.value)
    return impact


def checked_components(names: Sequence[str]) -> tuple[str, ...]:
    """Give them in the page's order, each once, or raise Invalid."""
    for name in names:
        if name not in BY_ID:
            raise Invalid("component", f"one of {', '.join(BY_ID)}", name)
    if not names:
        raise Invalid("component", f"at least one of {', '.join(BY_ID)}", None)
    return tuple(name for name in BY_ID if name in names)


def _opened(trouble: Mapping[str, State], reasons: Mapping[str, str], at: datetime) -> Incident:
    identity = derived_uuid7(at, "incident", PROBES)
    text = _sentences({name: state.value for name, state in trouble.items()}, reasons)
    impact = max(trouble.values(), key=lambda state: state.severity)
    return Incident(
        identity,
        _title(impact, trouble),
        impact,
        dict(trouble),
        (Update(at, Stage.INVESTIGATING, text),),
        is_automatic=True,
    )


def _went_on(
    before: Incident, trouble: Mapping[str, State], reasons: Mapping[str, str], at: datetime
) -> Incident:
    affects = {
        # What nobody looks at now, such as under maintenance, stands as it stood.
        **{
            name: State.OPERATIONAL if name in reasons else state
            for name, state in before.affects.items()
        },
        **trouble,
    }
    changed = {
        name: state.value if state.is_trouble else _AGAIN
        for name, state in affects.items()
        if before.affects.get(name, State.OPERATIONAL) is not state
    }
    if not changed:
        return before
    impact = max((before.impact, *trouble.values()), key=lambda state: state.severity)
    is_over = not any(state.is_trouble for state in affects.values())
    stage = Stage.RESOLVED if is_over else before.stage
    text = _sentences(changed, reasons)
    if is_over:
        text += f" All works again, {_lasted(at, before.opened_at)} after this was opened."
    update = Update(at, stage, text)
    # What goes up and down for hours is told at its beginning and at its end.
    told = (
        before.updates[: MOST_UPDATES - 1]
        if len(before.updates) >= MOST_UPDATES
        else (before.updates)
    )
    title = _title(impact, affects)
    return replace(before, title=title, impact=impact, affects=affects, updates=(*told, update))


def _title(impact: State, affects: Mapping[str, State]) -> str:
    names = [component.name for key, component in BY_ID.items() if key in affects]
    what = "Outage" if impact is State.OUTAGE else "Degraded"
    if len(names) > 3:
        return f"{what}: {', '.join(names[:2])} and {len(names) - 2} others"
    return f"{what}: {', '.join(names)}"


def _sentences(changed: Mapping[str, str], reasons: Mapping[str, str]) -> str:
    # What goes wrong in one way is told in one sentence.
    alike: dict[str, list[str]] = {}
    for key, component in BY_ID.items():
        if key in changed:
            reason = "" if changed[key] == _AGAIN else reasons.get(key, "")
            said = f"{changed[key]} ({reason})" if reason else changed[key]
            alike.setdefault(said, []).append(component.name)
    return " ".join(f"{', '.join(names)}: {said}." for said, names in alike.items())


def _lasted(now: datetime, since: datetime) -> str:
    minutes = round((now - since).total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{minutes // 60} hours {minutes % 60} minutes"


def _checked(field: str, given: str, longest: int, *, one_line: bool) -> str:
    text = given.strip()
    is_plain = all(each.isprintable() or (each == "\n" and not one_line) for each in text)
    if not 1 <= len(text) <= longest or not is_plain:
        lines = "on one line" if one_line else "of plain text"
        raise Invalid(field, f"1 to {longest} characters {lines}", given)
    return text
