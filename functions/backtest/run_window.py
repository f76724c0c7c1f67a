"""Do one window of a walk forward: what the Distributed Map does side by side."""

from typing import Any

from algotrendy.backtest import wiring
from algotrendy.backtest.validation.by_window import run_window
from algotrendy.kernel.ids import parse_walk_forward_id
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"walk_forward_id", "window"}``; a window that is done is not done again."""
    walk_id = parse_walk_forward_id(event["walk_forward_id"])
    done = run_window(
        walk_id,
        int(event["window"]),
        wiring.results(),
        market_data.bar_store(),
        wiring.recorder_of(walk_id),
    )
    if not done.was_done:
        count("BacktestsRun", done.trials)
    logger.info(
        "window done",
        walk_forward_id=str(walk_id),
        window=done.window,
        was_done=done.was_done,
        modes=list(done.modes),
        why_interpreted=done.modes.get("interpreted"),
    )
    return {"window": done.window, "trials": done.trials}
