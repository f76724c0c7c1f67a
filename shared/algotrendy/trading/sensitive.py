"""Say which acts also go into the tenant's chained audit, which shows whether anybody changed it.

What happens at the rate of orders stays out of it: a chain lets one at a time add to it.
"""

from __future__ import annotations

from typing import Final

from algotrendy.identity.audit import AuditEntry
from algotrendy.trading.ledger import AuditRecord

SENSITIVE: Final = frozenset(
    {
        "cash.transfer",
        "kill_switch.done",
        "kill_switch.pulled",
        "kill_switch.revoked",
        "kill_switch.scheduled",
        "limits.changed",
        "order.approve",
        "order.refuse",
        "part.add",
        "trading_state.set",
    }
)


def chained(record: AuditRecord) -> AuditEntry | None:
    """Write a record as an entry of the chain; None where it is none of the sensitive ones."""
    if record.action not in SENSITIVE:
        return None
    correlation = record.facts.get("correlation_id")
    return AuditEntry(
        id=record.id,
        tenant=record.tenant,
        at=record.at,
        who=record.who,
        action=record.action,
        subject=record.subject,
        reason=record.reason,
        account=record.account,
        correlation_id=correlation if isinstance(correlation, str) else None,
        facts={name: fact for name, fact in record.facts.items() if name != "correlation_id"},
    )
