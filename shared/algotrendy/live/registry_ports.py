"""What the registry needs from the world: a store, studies, what paper showed, switches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from algotrendy.identity.audit import AuditEntry
from algotrendy.kernel.ids import TenantId, UserId
from algotrendy.live.promoting import Ruling
from algotrendy.live.studied import Studied, StudyKind
from algotrendy.live.versions import Content, Stage, StrategyVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is to be registered, before it has a number."""

    id: UUID
    tenant: TenantId
    name: str
    content: Content
    author: UserId
    note: str
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One step of a version from stage to stage: who took it, why, and what the gate said."""

    id: UUID
    tenant: TenantId
    name: str
    version: int
    before: Stage
    to: Stage
    by: UserId
    at: datetime
    reason: str
    ruling: Ruling
    studied: Studied | None = None


class RegistryStore(Protocol):
    """Keeps versions, and how they came to their stages; nothing of it is ever removed."""

    def add(self, registration: Registration) -> StrategyVersion:
        """Give it the next number of its name.

        Where a version of the tenant and name has the same content and is not retired, nothing is
        stored, and that version is given back: also when two callers race.
        """
        ...

    def get(self, tenant: TenantId, name: str, version: int | None = None) -> StrategyVersion:
        """Read a version, the newest where none is named, or raise NotFound."""
        ...

    def versions(
        self, tenant: TenantId, name: str, limit: int, before: int | None = None
    ) -> Sequence[StrategyVersion]:
        """List the versions of a name, newest first, at most ``limit``, all below ``before``."""
        ...

    def newest(
        self,
        tenant: TenantId,
        limit: int,
        before: UUID | None = None,
        stage: Stage | None = None,
    ) -> Sequence[StrategyVersion]:
        """List versions of all names, newest id first, at most ``limit``, older than ``before``."""
        ...

    def promote(self, promotion: Promotion, entry: AuditEntry) -> StrategyVersion:
        """Bring a version to its next stage, and store that with its entry in the audit.

        Raises:
            NotFound: If there is no such version.
            Conflict: If it is not at the stage that the promotion begins at; nothing is stored.
        """
        ...

    def promotions(self, tenant: TenantId, name: str, version: int) -> Sequence[Promotion]:
        """List how a version came to its stage, oldest first."""
        ...


class StudyRoom(Protocol):
    """Knows the studies of a tenant, and how much was tried on their data."""

    def studied(self, tenant: TenantId, kind: StudyKind, study_id: UUID) -> Studied:
        """Read what a study proves.

        Raises:
            NotFound: If the tenant has no such study.
            Conflict: If it has not succeeded.
        """
        ...

    def trials(self, tenant: TenantId, symbols: Sequence[str], first: date, last: date) -> int:
        """Count all trials on these symbols at dates that overlap, those of the study included."""
        ...


@dataclass(frozen=True, slots=True)
class PaperRecord:
    """What a version did on paper, by the reports of parity.

    Attributes:
        sessions: With a report.
        unexplained: Differences from the backtest over the last of them that nothing explains.
        decisions: Made in all of them.
    """

    sessions: int = 0
    unexplained: int = 0
    decisions: int = 0


class PaperRecords(Protocol):
    """Knows what versions did on paper."""

    def of(self, tenant: TenantId, name: str, version: int, sessions: int) -> PaperRecord:
        """Tell what a version did.

        Args:
            sessions: Over how many of the newest sessions unexplained differences count.
        """
        ...


CountRuns = Callable[[TenantId, str, int], int]
"""Tell how many runs of a version are not over."""


@dataclass(frozen=True, slots=True)
class LiveSwitches:
    """The two switches of the deployment; the account's own is the third.

    Attributes:
        stage: The setting ``ALGOTRENDY_LIVE_TRADING``.
        flag: The flag ``live_trading``; None where it could not be read.
    """

    stage: bool
    flag: bool | None


ReadSwitches = Callable[[], LiveSwitches]
