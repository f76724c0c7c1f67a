"""Read the audit of a deployment, and seal it: its database, and where heads are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from algotrendy.identity.adapters.audit_trail import AuditTrail
from algotrendy.identity.audit import Head, HeadArchive, KeptHead, Link, Verification
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.ids import TenantId

if TYPE_CHECKING:
    # Here, so that an API names what it asks for without the database's driver.
    from algotrendy.platform.database import Database, Transaction

WHOLE_UP_TO = 5_000


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """The use cases of the audit.

    Args:
        archive: None where no heads are kept elsewhere.
    """

    database: Database
    archive: HeadArchive | None
    clock: Clock
    trail: AuditTrail = field(default_factory=AuditTrail)

    def newest(
        self, tenant: TenantId, limit: int, *, before: int | None = None, action: str | None = None
    ) -> Sequence[Link]:
        """List a tenant's entries, newest first."""
        return self.database.run(
            lambda tx: self.trail.newest(tx, tenant, limit, before=before, action=action)
        )

    def tenants(self) -> Sequence[TenantId]:
        """Name every tenant that has a chain, or had one when a head of it was kept."""
        heads = self.database.run(self.trail.heads)
        told = self.database.run(self.trail.tenants)
        kept = self.archive.tenants() if self.archive else ()
        return sorted({*(head.tenant for head in heads), *told, *kept})

    def verify(self, tenant: TenantId, more: Sequence[KeptHead] = ()) -> Verification:
        """Look at a tenant's whole chain.

        Args:
            more: Heads that somebody kept for themselves.
        """
        kept = [*self._kept(tenant), *more]
        return self.database.run(lambda tx: self.trail.verify(tx, tenant, kept))

    def seal(self) -> Sequence[Verification]:
        """Keep the head of every chain elsewhere, if the chain is sound.

        A short chain is looked at whole each time, a long one from the newest kept head on. Gives
        what was found of each chain that has anything new; one that is not sound keeps no further
        head, and says so each time.
        """
        found = []
        for tenant in self.tenants():
            kept = self._kept(tenant)
            last = max((each.head for each in kept), key=_seq, default=Head(tenant))
            since = last if last.seq > WHOLE_UP_TO else None
            work = partial(self._seen, tenant=tenant, kept=kept, since=since)
            seen = self.database.run(work)
            if seen.is_sound and seen.head == last:
                continue
            if seen.is_sound and self.archive:
                self.archive.keep(KeptHead(seen.head, self.clock.now()))
            found.append(seen)
        return found

    def _seen(
        self, tx: Transaction, tenant: TenantId, kept: Sequence[KeptHead], since: Head | None
    ) -> Verification:
        return self.trail.verify(tx, tenant, kept, since)

    def _kept(self, tenant: TenantId) -> Sequence[KeptHead]:
        return self.archive.kept(tenant) if self.archive else ()


def _seq(head: Head) -> int:
    return head.seq
