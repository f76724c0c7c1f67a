"""Lead on what was lost: workflows of orders, answers to them, kill switches; on a schedule."""

from typing import Any

from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed
from algotrendy.trading import wiring


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    # First: they must not wait for workflows that cannot be reached.
    pulled = wiring.pull_due_kill_switches()
    swept = wiring.sweeper().sweep()
    wiring.publish_committed()
    for switch in pulled:
        logger.warning("kill switch pulled", account=switch.account, flatten=switch.flatten)
    done = {
        "started": swept.started,
        "restarted": swept.restarted,
        "answered": swept.answered,
    }
    for what, orders in done.items():
        for order_id in orders:
            logger.warning("order picked up", order_id=str(order_id), what=what)
    count("OrdersPickedUp", sum(len(orders) for orders in done.values()))
    return {"pulled": len(pulled)} | {what: len(orders) for what, orders in done.items()}
