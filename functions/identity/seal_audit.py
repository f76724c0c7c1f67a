"""Verify the audit's chains, and keep their heads elsewhere; on a schedule."""

from typing import Any

from algotrendy.identity import wiring
from algotrendy.identity.audit import BrokenAudit
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest; raise where a chain is broken."""
    found = wiring.audit_desk().seal()
    broken = [each for each in found if each.misfit]
    for each in broken:
        logger.error("audit broken", tenant=each.head.tenant, misfit=str(each.misfit))
    if broken:
        raise BrokenAudit(broken[0].head.tenant, broken[0].misfit)
    return {"sealed": len(found)}
