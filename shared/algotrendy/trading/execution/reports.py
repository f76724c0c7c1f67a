"""Keep what a reconciliation found, and tell of what no rule settles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import AccountId, CorrelationId, EventId, derived_uuid7
from algotrendy.trading.events import LedgerDiffers
from algotrendy.trading.execution.differences import BrokerView, Difference
from algotrendy.trading.ledger import Document, LedgerTransaction

RECONCILIATION: Final = "reconciliation"
_OPEN_AT_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Looked:
    """How much was compared."""

    orders: int
    executions: int
    activities: int
    positions: int
    cash: str

    @classmethod
    def at(cls, view: BrokerView) -> Looked:
        """Count what a broker told."""
        return cls(
            orders=len(view.orders),
            executions=len(view.fills),
            activities=len(view.activities),
            positions=len(view.positions),
            cash=f"{view.account.cash:f} {view.account.currency}",
        )


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A difference that stands, and why no rule settles it."""

    difference: Difference
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look found, and those before it that were not reported.

    Attributes:
        activities: How many were booked since the last report.
        new: Those of the unsettled that were not raised before.
    """

    looked: Looked
    activities: int
    settled: tuple[Difference, ...]
    unsettled: tuple[Unsettled, ...]
    new: tuple[Difference, ...]


def keep_report(
    tx: LedgerTransaction, root: AccountId, report_id: UUID, at: datetime, findings: Findings
) -> None:
    """Keep a report in place of the one that is open, and raise what is new."""
    for before in tx.documents.select(RECONCILIATION, root, _OPEN_AT_MOST, only_open=True):
        if before.id != report_id:
            tx.documents.put(replace(before, is_open=False))
    looked = findings.looked
    settled: list[JsonValue] = [_written(each) for each in findings.settled]
    unsettled: list[JsonValue] = [
        {**_written(each.difference), "reason": each.reason} for each in findings.unsettled
    ]
    body: dict[str, JsonValue] = {
        "compared": {
            "orders": looked.orders,
            "executions": looked.executions,
            "activities": looked.activities,
            "positions": looked.positions,
            "cash": looked.cash,
        },
        "booked_activities": findings.activities,
        "settled": settled,
        "unsettled": unsettled,
    }
    is_open = bool(findings.unsettled)
    tx.documents.put(
        Document(kind=RECONCILIATION, id=report_id, account=root, at=at, is_open=is_open, body=body)
    )
    for each in findings.new:
        _raise(tx, root, report_id, at, each)


def _raise(
    tx: LedgerTransaction, root: AccountId, report_id: UUID, at: datetime, found: Difference
) -> None:
    names = (str(report_id), found.kind.value, found.subject)
    tx.publish(
        LedgerDiffers(
            id=EventId(derived_uuid7(at, *names)),
            occurred_at=at,
            correlation_id=CorrelationId(f"reconciliation-{report_id}"),
            tenant=tx.accounts.get(root).tenant,
            account=root,
            kind=found.kind.value,
            subject=found.subject,
            ours=found.ours,
            theirs=found.theirs,
        )
    )


def _written(found: Difference) -> dict[str, JsonValue]:
    return {
        "kind": found.kind.value,
        "subject": found.subject,
        "ours": found.ours,
        "theirs": found.theirs,
    }
