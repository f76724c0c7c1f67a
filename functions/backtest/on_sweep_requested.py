"""Start the workflow of each sweep that was requested; SQS delivers, at least once."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.events import SweepRequested
from algotrendy.platform.queue import each_event
from algotrendy.platform.telemetry import logger, observed


def start(event: SweepRequested) -> None:
    """Start a sweep; one that is started, or over, is left alone."""
    sweep = wiring.sweeps().get(event.tenant, event.sweep_id)
    if sweep.status.is_final:
        return
    wiring.runner().start(sweep)
    logger.info("sweep started", sweep_id=str(sweep.id), attempt=sweep.attempt)


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the messages that failed: only those come again."""
    return each_event(event, context, SweepRequested, start)
