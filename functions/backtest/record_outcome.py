"""Note in the ledger how a study ended: the last step of its workflow, either way."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.outcome import Outcome
from algotrendy.backtest.studies import Studies
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed

METRICS = {"sweep": "Sweeps", "walk-forward": "WalkForwards"}


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"sweep_id", "outcome"}`` or ``{"walk_forward_id", "outcome"}``.

    A failure has ``error`` and ``cause`` besides.
    """
    outcome = Outcome.model_validate(event)
    studies: Studies[Any] = wiring.sweeps() if outcome.sweep_id else wiring.walk_forwards()
    study = outcome.record(studies, wiring.results())
    wiring.publish_committed()
    name = f"{METRICS[study.kind]}{study.status.capitalize()}"
    count(name)
    logger.info(
        "study ended",
        kind=study.kind,
        study_id=str(study.id),
        status=study.status,
        error=study.error,
    )
    return {"status": study.status}
