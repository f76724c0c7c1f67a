"""Change flags of the deployment: who may, what it would be, the audit first, then AppConfig."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.principal import Principal
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from algotrendy.kernel.ids import Ids, TenantId
from algotrendy.platform.flag_store import Deployed
from algotrendy.platform.flags import default_flags, flag_values, flags_of, with_flag

if TYPE_CHECKING:
    # Here, so that an API names what it asks for without the database's driver.
    from algotrendy.platform.database import Database

LIVE: Final = "live_trading"
_REASON_LIMIT: Final = 500


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag: what holds, and what holds where nobody set anything."""

    name: str
    value: bool | float
    default: bool | float

    @property
    def is_set(self) -> bool:
        """Say whether it differs from its default."""
        return self.value != self.default


@dataclass(frozen=True, slots=True)
class FlagChange:
    """What a change did, or would do.

    Attributes:
        deployment: That brings it; None where nothing was changed.
        entry: Of the audit.
    """

    name: str
    before: bool | float
    after: bool | float
    at_once: bool
    deployment: int | None = None
    entry: UUID | None = None


class FlagBoard(Protocol):
    """Keeps the document of flags; ``platform.flag_store.FlagStore`` says what each does."""

    def deployed(self) -> Deployed:
        """Read what holds."""
        ...

    def deploy(
        self, document: Mapping[str, object], seen: Deployed, why: str, *, at_once: bool
    ) -> int:
        """Roll a document out; give the deployment's number."""
        ...


@dataclass(frozen=True, slots=True)
class FlagDesk:
    """The use cases of flags; they hold for every tenant, so that one tenant's people change them.

    Args:
        operator: That tenant; None where nobody changes flags through the API.
    """

    store: FlagBoard
    database: Database
    stage: str
    operator: TenantId | None
    clock: Clock
    ids: Ids
    trail: AuditTrail = field(default_factory=AuditTrail)

    def flags(self) -> tuple[tuple[Flag, ...], Deployed]:
        """Give every flag as it is deployed, by name, and what is on its way."""
        deployed = self.store.deployed()
        return self._listed(deployed.document), deployed

    def set(
        self,
        caller: Principal,
        name: str,
        value: str,
        reason: str,
        *,
        at_once: bool = False,
        dry_run: bool = False,
        correlation_id: str | None = None,
    ) -> FlagChange:
        """Set a flag; the same value again changes nothing.

        The live switch is always turned at once. The audit is written before AppConfig is asked:
        where that fails, a second entry says so.

        Raises:
            Forbidden: If the caller is not of the operator's tenant.
            NotFound: If there is no such flag.
            Invalid: If the value does not fit, or nobody says why.
            Conflict: If somebody else changed flags just now, or a change is under way.
            Unavailable: If AppConfig or the database does not answer.
        """
        if self.operator is None or caller.tenant != self.operator:
            raise Forbidden((), caller.roles, "flags:change of the tenant that runs the platform")
        if not 0 < len(reason.strip()) <= _REASON_LIMIT:
            raise Invalid("reason", f"1 to {_REASON_LIMIT} characters that say why", reason)
        seen = self.store.deployed()
        document = with_flag(seen.document, self.stage, name, value)
        before, after = self._value(seen.document, name), self._value(document, name)
        is_at_once = at_once or name == LIVE
        change = FlagChange(name, before, after, is_at_once)
        # A change that is on its way may well be to another value of this flag.
        if dry_run or (before == after and seen.under_way is None):
            return change
        facts: dict[str, bool | float | int | str | None] = {
            "from": before,
            "to": after,
            "at_once": is_at_once,
            "after_deployment": seen.number,
        }
        entry = AuditEntry(
            id=self.ids.next(),
            tenant=caller.tenant,
            at=self.clock.now(),
            who=caller.username,
            action="live_switch.turned" if name == LIVE else "flag.set",
            subject=name,
            reason=reason,
            correlation_id=correlation_id,
            facts=dict(facts),
        )
        self._note(entry)
        try:
            deployment = self.store.deploy(
                document, seen, f"{name} by {caller.username}, audit {entry.id}", at_once=is_at_once
            )
        except (Conflict, Unavailable) as error:
            self._note_failure(entry, error)
            raise
        return FlagChange(name, before, after, is_at_once, deployment, entry.id)

    def _listed(self, document: Mapping[str, object]) -> tuple[Flag, ...]:
        values = flag_values(flags_of(document, self.stage))
        defaults = flag_values(default_flags(self.stage))
        return tuple(Flag(name, values[name], defaults[name]) for name in sorted(defaults))

    def _value(self, document: Mapping[str, object], name: str) -> bool | float:
        found = next((each for each in self._listed(document) if each.name == name), None)
        if found is None:
            raise NotFound("flag", name)
        return found.value

    def _note(self, entry: AuditEntry) -> None:
        self.database.run(lambda tx: self.trail.add(tx, entry))

    def _note_failure(self, tried: AuditEntry, error: Conflict | Unavailable) -> None:
        failed = AuditEntry(
            id=self.ids.next(),
            tenant=tried.tenant,
            at=self.clock.now(),
            who=tried.who,
            action="flag.not_set",
            subject=tried.subject,
            reason=tried.reason,
            correlation_id=tried.correlation_id,
            # It may have happened where no answer came: the next look at the flags tells.
            facts={"tried": str(tried.id), "fault": error.code},
        )
        self._note(failed)
