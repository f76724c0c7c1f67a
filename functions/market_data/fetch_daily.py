"""Fetch the daily bars of sessions that are over, and so let others hear of them; on a schedule."""

from typing import Any

from algotrendy.kernel.clock import SystemClock
from algotrendy.market_data import wiring
from algotrendy.market_data.daily import fetch_closed_days
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed

# What does not begin before that waits for the next run.
LAST_MS = 60_000


@observed
def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take anything: which sessions are over the calendar says."""
    with wiring.source_of_bars() as history:
        if history is None:
            return {"asked": 0, "changed": 0, "waiting": 0}
        done = fetch_closed_days(
            wiring.filled_bars(),
            history,
            SystemClock().now(),
            lambda: context.get_remaining_time_in_millis() < LAST_MS,
        )
    for symbol, reason in done.refused.items():
        logger.warning("daily bars not fetched", symbol=symbol, reason=reason)
    count("DailySeriesFetched", done.changed)
    return {"asked": done.asked, "changed": done.changed, "waiting": done.waiting}
