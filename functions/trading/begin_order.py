"""Look where an order stands: the first step of its workflow."""

from typing import Any

from algotrendy.kernel.ids import parse_order_id
from algotrendy.platform.telemetry import logger, observed
from algotrendy.trading import wiring


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"order_id"}``; answer with the step that is next."""
    found = wiring.saga().begin(parse_order_id(event["order_id"]))
    logger.info("order looked at", order_id=event["order_id"], answer=found)
    return found
