"""Pick up sweeps and walk-forwards whose workflow was lost or ended unheard; on a schedule."""

from datetime import timedelta
from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.lifecycle import Study
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed

# Long enough for a request to reach its workflow by itself. A workflow that runs is left alone, and
# starting one twice starts it once: a short time does no harm.
QUIET = timedelta(seconds=15)


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    results = wiring.results()
    acted: list[Study[Any]] = [
        *wiring.sweeps().restart_lost(wiring.runner(), results, QUIET),
        *wiring.walk_forwards().restart_lost(wiring.walk_runner(), results, QUIET),
    ]
    wiring.publish_committed()
    count("StudiesPickedUp", len(acted))
    for study in acted:
        logger.warning(
            "study picked up",
            kind=study.kind,
            study_id=str(study.id),
            status=study.status,
            attempt=study.attempt,
        )
    return {"picked_up": len(acted)}
