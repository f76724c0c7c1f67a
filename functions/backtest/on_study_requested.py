"""Start the workflow of each study that was requested; SQS delivers, at least once."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.events import SweepRequested, WalkForwardRequested
from algotrendy.backtest.lifecycle import Study
from algotrendy.backtest.ports import StudyRunner
from algotrendy.platform.queue import each_event
from algotrendy.platform.telemetry import logger, observed

Requested = SweepRequested | WalkForwardRequested
KINDS: tuple[type[Requested], ...] = (SweepRequested, WalkForwardRequested)


def start(event: Requested) -> None:
    """Start a study; one that is started, or over, is left alone."""
    study, runner = _asked(event)
    if study.status.is_final:
        return
    runner.start(study)
    logger.info("study started", kind=study.kind, study_id=str(study.id), attempt=study.attempt)


def _asked(event: Requested) -> tuple[Study[Any], StudyRunner]:
    if isinstance(event, SweepRequested):
        return wiring.sweeps().get(event.tenant, event.sweep_id), wiring.runner()
    walks = wiring.walk_forwards()
    return walks.get(event.tenant, event.walk_forward_id), wiring.walk_runner()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the messages that failed: only those come again."""
    return each_event(event, context, KINDS, start)
