"""Plan a sweep: the first step of its workflow."""

from typing import Any

from pydantic import BaseModel

from algotrendy.backtest import wiring
from algotrendy.backtest.counting import Recorder
from algotrendy.backtest.estimate import LAMBDA_MB, require_fit
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.plan import plan_sweep
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import SweepId, parse_sweep_id
from algotrendy.market_data import wiring as market_data
from algotrendy.platform.telemetry import logger, observed


class Planned(BaseModel):
    """Where the list of shards lies, for the map that follows."""

    shards_key: str
    shards: int
    runs: int


def plan(sweep_id: SweepId) -> Planned:
    """Write the plan, and note in the ledger that the sweep runs."""
    sweep = wiring.sweeps().store.get(sweep_id)
    if sweep.status.is_final:
        raise Conflict(f"sweep {sweep_id} is {sweep.status}")
    who = Recorder(wiring.trials(), sweep.tenant, sweep.requested_by, sweep.correlation_id)
    made = plan_sweep(
        sweep_id, sweep.spec, wiring.results(), market_data.bar_store(), ask=who.earlier
    )
    require_fit(made, LAMBDA_MB << 20, f"a function of {LAMBDA_MB} MB")
    wiring.sweeps().record_planned(sweep_id, runs=made.runs, shards=made.shards)
    logger.info("sweep planned", sweep_id=str(sweep_id), runs=made.runs, shards=made.shards)
    return Planned(shards_key=Keys(sweep_id).shards, shards=made.shards, runs=made.runs)


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"sweep_id"}``."""
    return plan(parse_sweep_id(event["sweep_id"])).model_dump()
