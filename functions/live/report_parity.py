"""Replay the runs of the day through the backtest engine, and report how they differ; nightly."""

from datetime import date, timedelta
from typing import Any

from algotrendy.kernel.clock import SystemClock
from algotrendy.live import wiring
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take the schedule's event, or ``{"day": "2024-01-05"}`` to report again on what was
    told on a day or later.

    A run that cannot be replayed stops no other; the alarm on this function says that there was
    one.
    """
    named = event.get("day")
    day = date.fromisoformat(named) if named else SystemClock().now().date() - timedelta(days=1)
    night = wiring.reporter().report_night(day)
    wiring.publish_committed()
    count("ParityUnexplained", night.unexplained)
    for run_id, reason in night.failed:
        logger.error("run not replayed", run_id=str(run_id), reason=reason)
    logger.info("parity reported", day=str(day), runs=len(night.reports))
    if night.failed:
        raise RuntimeError(f"{len(night.failed)} runs were not replayed")
    return {"reports": len(night.reports), "unexplained": night.unexplained}
