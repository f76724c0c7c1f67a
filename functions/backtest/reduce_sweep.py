"""Bring the shards of a sweep together: its table, its report, its summary."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.reduce import reduce_sweep
from algotrendy.kernel.ids import parse_sweep_id
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"sweep_id"}``."""
    sweep_id = parse_sweep_id(event["sweep_id"])
    outcome = reduce_sweep(sweep_id, wiring.results(), market_data.bar_store())
    logger.info("sweep reduced", sweep_id=str(sweep_id), runs=outcome.runs)
    return {"runs": outcome.runs}
