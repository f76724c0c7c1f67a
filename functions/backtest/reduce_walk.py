"""Bring the windows of a walk forward together, judge, and write outcome and report."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.validation.by_window import reduce_windows
from algotrendy.kernel.ids import parse_walk_forward_id
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"walk_forward_id"}``."""
    walk_id = parse_walk_forward_id(event["walk_forward_id"])
    windows = reduce_windows(
        walk_id, wiring.results(), market_data.bar_store(), wiring.recorder_of(walk_id)
    )
    logger.info("walk forward reduced", walk_forward_id=str(walk_id), windows=windows)
    return {"windows": windows}
