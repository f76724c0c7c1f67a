"""Plan a walk forward: the first step of its workflow."""

from typing import Any

from pydantic import BaseModel

from algotrendy.backtest import wiring
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.validation.by_window import plan_windows
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import WalkForwardId, parse_walk_forward_id
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.telemetry import logger, observed


class Planned(BaseModel):
    """Where the list of windows lies, for the map that follows."""

    windows_key: str
    windows: int


def plan(walk_id: WalkForwardId) -> Planned:
    """Write the plan, and note in the ledger that the walk forward runs."""
    walk = wiring.walk_forwards().store.get(walk_id)
    if walk.status.is_final:
        raise Conflict(f"walk-forward {walk_id} is {walk.status}")
    made = plan_windows(walk_id, walk.spec, wiring.results(), market_data.bar_store())
    wiring.walk_forwards().record_planned(walk_id, made.windows)
    logger.info("walk forward planned", walk_forward_id=str(walk_id), windows=made.windows)
    return Planned(windows_key=Keys(walk_id).windows, windows=made.windows)


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"walk_forward_id"}``."""
    return plan(parse_walk_forward_id(event["walk_forward_id"])).model_dump()
