"""Hold all that the status page knows, and what changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.operations.status.components import BY_ID, State, worst
from algotrendy.operations.status.incidents import Incident, Stage, followed
from algotrendy.operations.status.judging import Sighting
from algotrendy.operations.status.maintenance import Maintenance
from algotrendy.operations.status.standing import Patience, Standing
from algotrendy.operations.status.uptime import KEPT_DAYS

KEPT_INCIDENTS = 200
_KEPT = timedelta(days=KEPT_DAYS)
_UNSEEN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Board:
    """Is everything that is kept. Incidents and maintenances are in the order of their ids.

    Attributes:
        looked_at: When the probes last looked; None: never.
    """

    looked_at: datetime | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()

    def state(self, component: str, now: datetime) -> State:
        """Give how a component is shown."""
        if self._is_worked_on(component, now):
            return State.MAINTENANCE
        return worst([self._declared(component)], default=self._seen(component))

    def looked(self, sightings: Iterable[Sighting], now: datetime, patience: Patience) -> Board:
        """Take what the probes saw; incidents are opened, told on and resolved by it."""
        if self.looked_at is not None and now <= self.looked_at:
            return self
        standings = dict(self.standings)
        for sighting in sightings:
            name = sighting.component
            before = standings.get(name, Standing())
            if self._is_worked_on(name, now):
                standings[name] = before.under_maintenance(now, patience)
                continue
            state = worst([self._declared(name)], default=sighting.state)
            standings[name] = before.seen(
                state, now, patience, sighting.reason, round(sighting.latency_s, 3)
            )
        found = {
            name: (standing.state, standing.reason)
            for name, standing in standings.items()
            if name in BY_ID and not self._is_worked_on(name, now)
        }
        incidents = followed(self.incidents, found, now)
        return replace(self, looked_at=now, standings=standings, incidents=incidents)._forgetting(
            now
        )

    def opened(self, incident: Incident) -> Board:
        """Add an incident of a person; one that is open under the same title and components is it.

        Which one it became, ``same`` tells.
        """
        if self.same(incident) is not None:
            return self
        return replace(self, incidents=(*self.incidents, incident))

    def same(self, incident: Incident) -> Incident | None:
        """Give the open incident that says the same; None: there is none."""
        for each in self.incidents:
            if (
                each.is_open
                and not each.is_automatic
                and each.title == incident.title
                and each.affects.keys() == incident.affects.keys()
            ):
                return each
        return None

    def told(
        self,
        identity: UUID,
        stage: Stage,
        text: str,
        by: str,
        now: datetime,
        impact: State | None = None,
    ) -> Board:
        """Add an update to an incident.

        Raises:
            NotFound: If there is no such incident.
            Conflict: If it is over; or if it is resolved by hand and the probes still see it.
        """
        before = self.incident(identity)
        if stage is Stage.RESOLVED and before.is_open and before.is_automatic:
            suffering = [name for name, state in before.affects.items() if state.is_trouble]
            if suffering:
                raise Conflict(
                    f"the probes still find {', '.join(suffering)} in trouble: this incident "
                    "resolves by itself when they do not",
                    components=suffering,
                )
        after = before.told(stage, text, by, now, impact)
        changed = tuple(after if each is before else each for each in self.incidents)
        return replace(self, incidents=changed)

    def incident(self, identity: UUID) -> Incident:
        """Give an incident, or raise NotFound."""
        for each in self.incidents:
            if each.id == identity:
                return each
        hint = "`algotrendy status incident list --all` lists them"
        raise NotFound("incident", identity, hint)

    def planned(self, work: Maintenance) -> Board:
        """Add a maintenance; the same again changes nothing."""
        if any(each.id == work.id for each in self.maintenances):
            return self
        return replace(self, maintenances=(*self.maintenances, work))

    def ended(self, identity: UUID, now: datetime) -> Board:
        """End a maintenance now, or take it back before it begins; one that is over stays so.

        Raises:
            NotFound: If there is no such maintenance.
        """
        before = next((each for each in self.maintenances if each.id == identity), None)
        if before is None:
            raise NotFound("maintenance", identity)
        if before.is_over(now):
            return self
        if now < before.starts_at:
            left = tuple(each for each in self.maintenances if each is not before)
            return replace(self, maintenances=left)
        after = replace(before, ends_at=now)
        changed = tuple(after if each is before else each for each in self.maintenances)
        return replace(self, maintenances=changed)

    def _seen(self, component: str) -> State:
        standing = self.standings.get(component)
        if standing is None or standing.seen_at is None or self.looked_at is None:
            return State.UNKNOWN
        # Others were seen since, and this one was not.
        if self.looked_at - standing.seen_at > _UNSEEN:
            return State.UNKNOWN
        return standing.state

    def _declared(self, component: str) -> State:
        return worst(incident.declares(component) for incident in self.incidents)

    def _is_worked_on(self, component: str, now: datetime) -> bool:
        return any(
            component in work.components and work.is_active(now) for work in self.maintenances
        )

    def _forgetting(self, now: datetime) -> Board:
        kept = [
            each
            for each in self.incidents
            if each.resolved_at is None or now - each.resolved_at < _KEPT
        ]
        works = tuple(each for each in self.maintenances if now - each.ends_at < _KEPT)
        return replace(self, incidents=tuple(kept[-KEPT_INCIDENTS:]), maintenances=works)
