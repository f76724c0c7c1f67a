"""What can be done with the registry: register, look, promote, retire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import UUID

from algotrendy.identity.audit import AuditEntry
from algotrendy.identity.permissions import Permission
from algotrendy.identity.principal import Principal
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import Ids, TenantId
from algotrendy.live.promoting import (
    Bars,
    PromotionRefused,
    Ruling,
    require_promoter,
    rule_live,
    rule_paper,
    rule_retired,
    rule_tested,
)
from algotrendy.live.registry_ports import (
    CountRuns,
    PaperRecords,
    Promotion,
    ReadSwitches,
    Registration,
    RegistryStore,
    StudyRoom,
)
from algotrendy.live.studied import Studied, StudyKind
from algotrendy.live.versions import Content, Stage, StrategyVersion, parse_name

LIST_LIMIT = 100
_NOTE_LIMIT = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Some(Generic[T]):
    """A page of a list; ``following`` says where the next one begins, None on the last."""

    items: Sequence[T]
    following: T | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a version promoted to, and why.

    Attributes:
        study: Kind and id of the study that a draft was tested by.
    """

    to: Stage
    reason: str
    study: tuple[StudyKind, UUID] | None = None

    def __post_init__(self) -> None:
        """Refuse a promotion that says nothing of itself.

        Raises:
            Invalid: Naming the field.
        """
        if not 0 < len(self.reason.strip()) <= _NOTE_LIMIT:
            raise Invalid("reason", f"1 to {_NOTE_LIMIT} characters that say why", self.reason)
        if (self.to is Stage.TESTED) != (self.study is not None):
            expected = "named where a draft becomes tested, and nowhere else"
            raise Invalid("study", expected, self.study and str(self.study[1]))


@dataclass(frozen=True, slots=True)
class Registry:
    """The use cases of registered strategies.

    Attributes:
        correlation_id: Gives that of the request, for the audit.
    """

    store: RegistryStore
    studies: StudyRoom
    paper: PaperRecords
    switches: ReadSwitches
    runs: CountRuns
    clock: Clock
    ids: Ids
    bars: Bars = field(default_factory=Bars)
    correlation_id: Callable[[], str | None] = lambda: None

    def register(
        self, principal: Principal, name: str, content: Content, note: str = ""
    ) -> StrategyVersion:
        """Register a strategy as a draft; the same content again is the same version.

        Of content that was retired a new version is made: nothing goes back.

        Raises:
            Forbidden: If the caller registers none.
            Invalid: Naming the field.
        """
        principal.require(Permission.STRATEGIES_REGISTER)
        if len(note) > _NOTE_LIMIT:
            raise Invalid("note", f"at most {_NOTE_LIMIT} characters", len(note))
        return self.store.add(
            Registration(
                id=self.ids.next(),
                tenant=principal.tenant,
                name=parse_name(name),
                content=content,
                author=principal.subject,
                note=note,
                registered_at=self.clock.now(),
            )
        )

    def get(self, tenant: TenantId, name: str, version: int | None = None) -> StrategyVersion:
        """Read a version, the newest where none is named; another tenant's is NotFound too."""
        return self.store.get(tenant, parse_name(name), version)

    def promotions(self, version: StrategyVersion) -> Sequence[Promotion]:
        """List how a version came to its stage, oldest first."""
        return self.store.promotions(version.tenant, version.name, version.version)

    def versions(
        self, tenant: TenantId, name: str, limit: int = 20, before: int | None = None
    ) -> Some[StrategyVersion]:
        """List the versions of a name, newest first.

        Raises:
            NotFound: If there is none of that name.
        """
        self.get(tenant, name)
        _check_limit(limit)
        return _some(self.store.versions(tenant, name, limit + 1, before), limit)

    def newest(
        self,
        tenant: TenantId,
        limit: int = 20,
        before: UUID | None = None,
        stage: Stage | None = None,
    ) -> Some[StrategyVersion]:
        """List versions of all names, newest first."""
        _check_limit(limit)
        return _some(self.store.newest(tenant, limit + 1, before, stage), limit)

    def promote(self, principal: Principal, name: str, version: int, wish: Wish) -> Promotion:
        """Bring a version to its next stage, or retire it.

        Said again of a version that is there already, nothing is done, and the promotion that
        brought it there is given.

        Raises:
            NotFound: If the tenant has no such version, or no such study.
            Conflict: If the stage does not follow the one that it is at.
            Forbidden: If the caller's roles do not promote to that stage.
            FreshSignInNeeded: If it is to go live, and the caller signed in too long ago.
            PromotionRefused: If a number misses its bar, or a condition does not hold.
        """
        found = self.get(principal.tenant, name, version)
        require_promoter(principal, found, wish.to)
        if wish.to is Stage.LIVE:
            principal.require_fresh(self.clock.now())
        if wish.to is found.stage and wish.to is not Stage.DRAFT:
            return self.promotions(found)[-1]
        if wish.to not in found.stage.follows:
            raise _no_way(found, wish.to)
        studied = self._studied(principal.tenant, wish)
        ruling = self._ruled(found, wish.to, studied)
        if not ruling.passed:
            raise PromotionRefused(found.label, wish.to, ruling)
        promotion = Promotion(
            id=self.ids.next(),
            tenant=found.tenant,
            name=found.name,
            version=found.version,
            before=found.stage,
            to=wish.to,
            by=principal.subject,
            at=self.clock.now(),
            reason=wish.reason,
            ruling=ruling,
            studied=studied,
        )
        self.store.promote(promotion, self._entry(promotion, principal))
        return promotion

    def _studied(self, tenant: TenantId, wish: Wish) -> Studied | None:
        return None if wish.study is None else self.studies.studied(tenant, *wish.study)

    def _ruled(self, version: StrategyVersion, to: Stage, studied: Studied | None) -> Ruling:
        if to is Stage.TESTED and studied is not None:
            trials = self.studies.trials(
                version.tenant, studied.symbols, studied.first, studied.last
            )
            return rule_tested(version, studied, trials, self.bars)
        if to is Stage.PAPER:
            return rule_paper(version)
        if to is Stage.LIVE:
            record = self.paper.of(
                version.tenant, version.name, version.version, self.bars.sessions
            )
            return rule_live(version, record, self.switches(), self.bars)
        return rule_retired(self.runs(version.tenant, version.name, version.version))

    def _entry(self, promotion: Promotion, principal: Principal) -> AuditEntry:
        studied = promotion.studied
        is_end = promotion.to is Stage.RETIRED
        return AuditEntry(
            id=promotion.id,
            tenant=promotion.tenant,
            at=promotion.at,
            who=principal.username,
            action="strategy.retired" if is_end else "strategy.promoted",
            subject=f"{promotion.name}@{promotion.version}",
            reason=promotion.reason,
            correlation_id=self.correlation_id(),
            facts={
                "from": promotion.before.value,
                "to": promotion.to.value,
                "study": None if studied is None else str(studied.id),
                "ruling": promotion.ruling.to_json(),
            },
        )


def _no_way(version: StrategyVersion, to: Stage) -> Conflict:
    onwards = " or ".join(sorted(version.stage.follows)) or "nothing"
    return Conflict(
        f"{version.label} is at {version.stage}, from which it goes on to {onwards}, not {to}",
        stage=version.stage.value,
        wanted=to.value,
    )


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= LIST_LIMIT:
        raise Invalid("limit", f"between 1 and {LIST_LIMIT}", limit)


def _some(found: Sequence[T], limit: int) -> Some[T]:
    return Some(found[:limit], found[limit - 1] if len(found) > limit else None)
