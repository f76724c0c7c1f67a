"""Take an order back that was never sent: nobody agreed to it, or it is too late."""

from typing import Any

from algotrendy.kernel.ids import parse_order_id
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed
from algotrendy.trading import wiring


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"order_id"}``; answer with the step that is next."""
    found = wiring.saga().withdraw(parse_order_id(event["order_id"]))
    wiring.publish_committed()
    count("OrdersWithdrawn")
    logger.info("order withdrawn", order_id=event["order_id"], answer=found)
    return found
