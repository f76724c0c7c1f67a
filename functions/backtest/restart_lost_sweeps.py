"""Pick up sweeps whose workflow was lost or ended without a word; on a schedule."""

from datetime import timedelta
from typing import Any

from algotrendy.backtest import wiring
from algotrendy.platform.telemetry import logger, metrics, observed

# Long enough for a request to reach its workflow by itself. A workflow that runs is left alone, and
# starting one twice starts it once: a short time does no harm.
QUIET = timedelta(seconds=15)


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    acted = wiring.sweeps().restart_lost(wiring.runner(), wiring.results(), QUIET)
    wiring.publish_committed()
    metrics.add_metric(name="SweepsPickedUp", unit="Count", value=len(acted))
    for sweep in acted:
        logger.warning(
            "sweep picked up", sweep_id=str(sweep.id), status=sweep.status, attempt=sweep.attempt
        )
    return {"picked_up": len(acted)}
