"""Nudge the runs that are called at an open, a close or every so many minutes; each minute."""

from typing import Any

from algotrendy.live import wiring
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: what time it is the clock says, and whether a market is open its calendar."""
    nudges = wiring.nudger().scheduled()
    if nudges:
        logger.info("runs nudged by their schedule", runs=len(nudges))
    return {"nudged": len(nudges)}
