"""Note in the ledger how a sweep ended: the last step of its workflow, either way."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.outcome import Outcome
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"sweep_id", "outcome"}``, with ``error`` and ``cause`` of a failure."""
    outcome = Outcome.model_validate(event)
    sweep = outcome.record(wiring.sweeps(), wiring.results())
    wiring.publish_committed()
    logger.info("sweep ended", sweep_id=str(sweep.id), status=sweep.status, error=sweep.error)
    return {"status": sweep.status}
