"""Flags and an audit that live in memory, behind the real desks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar, cast

from algotrendy.identity.adapters.audit_desk import AuditDesk
from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.adapters.flag_desk import FlagDesk
from algotrendy.identity.audit import AuditEntry, Head, Link, link
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.ids import AccountId, SeededIds, TenantId
from algotrendy.platform.flag_store import Deployed, FlagStore
from fakes.identity import NOW

T = TypeVar("T")
DEMO = TenantId("demo")


class _Straight:
    """Does the work, without a database."""

    def run(self, work: Callable[[Any], T]) -> T:
        return work(None)


class _Trail(AuditTrail):
    """Keeps the chain of one tenant."""

    def __init__(self) -> None:
        self._chain: list[Link] = []

    def add(self, tx: object, entry: AuditEntry) -> None:
        self._chain.append(link(entry, self.head(tx, entry.tenant)))

    def head(self, tx: object, tenant: TenantId) -> Head:
        return self._chain[-1].head if self._chain else Head(tenant)

    def newest(
        self,
        tx: object,
        tenant: TenantId,
        limit: int,
        *,
        before: int | None = None,
        action: str | None = None,
    ) -> Sequence[Link]:
        del tx, tenant, before, action
        return self._chain[::-1][:limit]

    def links(self, tx: object, tenant: TenantId, after: int | None = None) -> Iterator[Link]:
        del tx, tenant, after
        return iter(self._chain)


class _Flags:
    """Has each document everywhere at once."""

    def __init__(self) -> None:
        self._deployed = Deployed({}, 0, 0)

    def deployed(self) -> Deployed:
        return self._deployed

    def deploy(
        self, document: Mapping[str, object], seen: Deployed, why: str, *, at_once: bool
    ) -> int:
        del why, at_once
        self._deployed = Deployed(document, seen.version + 1, seen.number + 1)
        return self._deployed.number


def desks() -> tuple[FlagDesk, AuditDesk]:
    """Make both desks, on one chain that has two entries."""
    clock, trail, database = ManualClock(NOW), _Trail(), cast("Any", _Straight())
    ids = SeededIds(3, clock)
    for action, subject, reason in (
        ("limits.changed", "paper", "first limits"),
        ("kill_switch.pulled", "paper", "prices look wrong"),
    ):
        at = clock.advance(timedelta(minutes=1))
        entry = AuditEntry(
            id=ids.next(),
            tenant=DEMO,
            at=at,
            who="rita",
            action=action,
            subject=subject,
            reason=reason,
            account=AccountId("paper"),
        )
        trail.add(None, entry)
    store = cast("FlagStore", _Flags())
    flags = FlagDesk(store, database, "dev", DEMO, clock, ids, trail)
    return flags, AuditDesk(database, None, clock, trail)
