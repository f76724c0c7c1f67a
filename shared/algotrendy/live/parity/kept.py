"""Hold reports of parity as they are kept; whoever only reads them loads no engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId, TenantId

Document = dict[str, Any]
"""A report as plain JSON values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """What a report is filed under.

    Attributes:
        stage: ``paper`` or ``live``, or ``shadow`` of a run that sends nothing.
    """

    run_id: UUID
    tenant: TenantId
    account: AccountId
    name: str
    version: int
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReport:
    """A report as it is kept."""

    run: RunIdentity
    made_at: datetime
    document: Document


class Reports(Protocol):
    """Keeps reports."""

    def put(self, report: KeptReport, events: Sequence[Event]) -> None:
        """Keep a report in the place of the run's one before, and its events with it."""
        ...

    def find(self, run_id: UUID) -> KeptReport | None:
        """Read the newest report of a run."""
        ...
