"""Nudge the runs that bars may have missed, and find those that get none; each minute."""

from typing import Any

from algotrendy.live import wiring
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    # First: what was only not told of is not amiss.
    nudges = wiring.nudger().missed()
    found = wiring.watch().look()
    wiring.publish_committed()
    for run_id in found.missed:
        logger.warning("bars of a run stay away", run_id=str(run_id))
    count("MissedBars", len(found.missed))
    return {"nudged": len(nudges), "missed": len(found.missed), "ending": len(found.ending)}
