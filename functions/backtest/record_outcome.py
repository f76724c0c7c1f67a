"""Note in the ledger how a sweep ended: the last step of its workflow, either way."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.outcome import Outcome
from algotrendy.platform.telemetry import logger, metrics, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"sweep_id", "outcome"}``, with ``error`` and ``cause`` of a failure."""
    outcome = Outcome.model_validate(event)
    sweep = outcome.record(wiring.sweeps(), wiring.results())
    wiring.publish_committed()
    metrics.add_metric(name=f"Sweeps{sweep.status.capitalize()}", unit="Count", value=1)
    logger.info("sweep ended", sweep_id=str(sweep.id), status=sweep.status, error=sweep.error)
    return {"status": sweep.status}
