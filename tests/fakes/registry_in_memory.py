"""A registry that lives in memory, with studies, records of paper and switches to be set."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from algotrendy.backtest.gate import Evidence
from algotrendy.identity.audit import AuditEntry
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import SeededIds, TenantId
from algotrendy.live.registry import Registry
from algotrendy.live.registry_ports import LiveSwitches, PaperRecord, Promotion, Registration
from algotrendy.live.studied import Studied, StudyKind
from algotrendy.live.versions import Code, Content, Stage, StrategyVersion, not_registered
from fakes.identity import NOW

STUDY = UUID("019aab12-7e6f-7c11-8a55-0d8d1c6a5b77")
GOOD = Evidence(
    trials=12,
    data="AAPL 1Day",
    deflated_sharpe=0.97,
    overfitting=0.1,
    out_of_sample_sharpe=0.9,
    out_of_sample_lower=0.2,
    observations=900,
    minimum_track_record=400.0,
    trades=64,
    max_drawdown=-0.125,
    walk_forward_efficiency=0.75,
    harsh_return=0.25,
)


class RegistryInMemory:
    """Is the ``RegistryStore``; ``audit`` has the entries in the order they were stored."""

    def __init__(self) -> None:
        self.audit: list[AuditEntry] = []
        self._versions: dict[tuple[str, str, int], StrategyVersion] = {}
        self._promotions: list[Promotion] = []
        self._lock = threading.RLock()

    def add(self, registration: Registration) -> StrategyVersion:
        with self._lock:
            of_name = self.versions(registration.tenant, registration.name, 10**6)
            for each in of_name:
                same = each.content.sha256 == registration.content.sha256
                if same and each.stage is not Stage.RETIRED:
                    return each
            made = StrategyVersion(
                id=registration.id,
                tenant=registration.tenant,
                name=registration.name,
                version=len(of_name) + 1,
                content=registration.content,
                author=registration.author,
                note=registration.note,
                registered_at=registration.registered_at,
                stage=Stage.DRAFT,
                since=registration.registered_at,
            )
            self._keep(made)
            return made

    def get(self, tenant: TenantId, name: str, version: int | None = None) -> StrategyVersion:
        for each in self.versions(tenant, name, 10**6):
            if version in (None, each.version):
                return each
        raise not_registered(name, version)

    def versions(
        self, tenant: TenantId, name: str, limit: int, before: int | None = None
    ) -> Sequence[StrategyVersion]:
        found = [
            each
            for each in self._versions.values()
            if (each.tenant, each.name) == (tenant, name)
            and (before is None or each.version < before)
        ]
        return sorted(found, key=lambda each: -each.version)[:limit]

    def newest(
        self,
        tenant: TenantId,
        limit: int,
        before: UUID | None = None,
        stage: Stage | None = None,
    ) -> Sequence[StrategyVersion]:
        found = [
            each
            for each in self._versions.values()
            if each.tenant == tenant
            and (before is None or each.id < before)
            and stage in (None, each.stage)
        ]
        return sorted(found, key=lambda each: each.id, reverse=True)[:limit]

    def promote(self, promotion: Promotion, entry: AuditEntry) -> StrategyVersion:
        with self._lock:
            found = self.get(promotion.tenant, promotion.name, promotion.version)
            if found.stage is not promotion.before:
                raise Conflict(f"{found.label} is at {found.stage} by now")
            studied = promotion.studied or found.studied
            changed = replace(found, stage=promotion.to, since=promotion.at, studied=studied)
            self._keep(changed)
            self._promotions.append(promotion)
            self.audit.append(entry)
            return changed

    def promotions(self, tenant: TenantId, name: str, version: int) -> Sequence[Promotion]:
        place = tenant, name, version
        return [
            each for each in self._promotions if (each.tenant, each.name, each.version) == place
        ]

    def _keep(self, version: StrategyVersion) -> None:
        self._versions[version.tenant, version.name, version.version] = version


class StudiesInMemory:
    """Is the ``StudyRoom``; ``counted`` is what was tried by now."""

    def __init__(self, *studies: Studied) -> None:
        self.studies = {each.id: each for each in studies}
        self.counted = 12

    def studied(self, tenant: TenantId, kind: StudyKind, study_id: UUID) -> Studied:
        found = self.studies.get(study_id)
        if found is None or found.kind != kind:
            raise NotFound(kind, study_id)
        return found

    def trials(self, tenant: TenantId, symbols: Sequence[str], first: date, last: date) -> int:
        return self.counted


class PaperInMemory:
    """Is the ``PaperRecords``, with one record for all."""

    def __init__(self, record: PaperRecord | None = None) -> None:
        self.record = record or PaperRecord(sessions=20, unexplained=0, decisions=57)

    def of(self, tenant: TenantId, name: str, version: int, sessions: int) -> PaperRecord:
        return self.record


class World:
    """A registry over all of these."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.store = RegistryInMemory()
        self.studies = StudiesInMemory(some_study())
        self.paper = PaperInMemory()
        self.switches = LiveSwitches(stage=True, flag=True)
        self.at_work = 0
        self.registry = Registry(
            store=self.store,
            studies=self.studies,
            paper=self.paper,
            switches=lambda: self.switches,
            runs=lambda *_: self.at_work,
            clock=self.clock,
            ids=SeededIds(5, self.clock),
        )


def some_content(**changes: Any) -> Content:
    """Give a cross of two means on Apple's daily bars, but for what is changed."""
    whole: dict[str, Any] = {
        "code": Code.of_library("sma_cross"),
        "parameters": {"fast": 8, "slow": 16},
        "symbols": ("AAPL",),
    }
    return Content(**(whole | changes))


def some_study(**changes: Any) -> Studied:
    """Give a walk forward that chose just that, but for what is changed."""
    content = some_content()
    whole: dict[str, Any] = {
        "kind": "walk-forward",
        "id": STUDY,
        "sha256": "5d" * 32,
        "strategy": "sma_cross",
        "code": content.code.version,
        "parameters": {"fast": 8, "slow": 16, "units": 0.0},
        "symbols": ("AAPL",),
        "timeframe": Timeframe.DAY,
        "first": date(2005, 1, 3),
        "last": date(2010, 12, 31),
        "terms": content.terms_shown(),
        "evidence": GOOD,
    }
    return Studied(**(whole | changes))
