"""Run one shard of a sweep: what the Distributed Map does side by side."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.shard import run_shard
from algotrendy.kernel.ids import parse_sweep_id
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"sweep_id", "shard"}``; a shard that is done is not done again."""
    sweep_id = parse_sweep_id(event["sweep_id"])
    done = run_shard(sweep_id, int(event["shard"]), wiring.results(), market_data.bar_store())
    if not done.was_done:
        count("BacktestsRun", done.runs)
    logger.info(
        "shard done",
        sweep_id=str(sweep_id),
        shard=done.shard,
        was_done=done.was_done,
        modes=list(done.modes),
        why_interpreted=done.modes.get("interpreted"),
    )
    return {"shard": done.shard, "runs": done.runs}
