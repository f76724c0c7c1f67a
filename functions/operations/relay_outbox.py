"""Publish events that were committed but not sent; on a schedule."""

from typing import Any

from algotrendy.operations import wiring
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    relayed, purged = wiring.relay_committed(), wiring.purge_published()
    wiring.note_relayed()
    count("EventsRelayed", relayed)
    if relayed or purged:
        logger.info("outbox relayed", relayed=relayed, purged=purged)
    return {"relayed": relayed, "purged": purged}
