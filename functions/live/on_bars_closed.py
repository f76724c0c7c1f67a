"""Nudge the runs that bars are of interest to, once they closed; SQS delivers, at least once."""

from typing import Any

from algotrendy.live import wiring
from algotrendy.market_data.events import BarsClosed
from algotrendy.platform.queue import each_event
from algotrendy.platform.telemetry import logger, observed


def nudge(event: BarsClosed) -> None:
    """Nudge each run by itself: one that takes long or fails holds up no other."""
    nudges = wiring.nudger().bars_closed(
        event.timeframe, event.symbols, event.bar_at, str(event.id)
    )
    if nudges:
        logger.info(
            "runs nudged",
            runs=len(nudges),
            timeframe=str(event.timeframe),
            bar_at=event.bar_at.isoformat(),
        )


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the messages that failed: only those come again."""
    return each_event(event, context, (BarsClosed,), nudge)
