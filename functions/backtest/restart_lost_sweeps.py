"""Pick up sweeps whose workflow was lost or ended without a word; on a schedule."""

from datetime import timedelta
from typing import Any

from algotrendy.backtest import wiring
from algotrendy.platform.telemetry import logger, observed

# The ledger hears of a sweep when it is planned and when it ends: a long map is silent, and its
# workflow is asked before anything is done.
QUIET = timedelta(minutes=1)


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    acted = wiring.sweeps().restart_lost(wiring.runner(), wiring.results(), QUIET)
    wiring.publish_committed()
    for sweep in acted:
        logger.warning(
            "sweep picked up", sweep_id=str(sweep.id), status=sweep.status, attempt=sweep.attempt
        )
    return {"picked_up": len(acted)}
