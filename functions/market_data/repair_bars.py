"""Ask a source for bars that are missing or wrong, note what it has not; on a schedule."""

from typing import Any

from algotrendy.market_data import wiring
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed

# What does not begin before that waits for the next run.
LAST_MS = 60_000


@observed
def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    with wiring.repairer() as repairer:
        if repairer is None:
            return {"asked": 0, "bars": 0, "unrepaired": 0, "waiting": 0}
        done = repairer.run(time_is_up=lambda: context.get_remaining_time_in_millis() < LAST_MS)
    for note in done.unrepaired:
        logger.warning(
            "bars not repaired",
            symbol=note.hole.symbol,
            timeframe=str(note.hole.timeframe),
            kind=str(note.hole.kind),
            lacking=note.lacking,
            reason=note.reason,
            attempts=note.attempts,
        )
    if done.left:
        # The function's layers have no ccxt: beside the lake's libraries it would not fit.
        logger.warning("bars left to `algotrendy quality --repair`", series=done.left)
    count("BarsRepaired", done.bars)
    count("BarsNotRepaired", len(done.unrepaired))
    return {
        "asked": done.asked,
        "bars": done.bars,
        "unrepaired": len(done.unrepaired),
        "waiting": done.waiting,
    }
