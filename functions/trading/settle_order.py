"""Note that an order is over: the last step of its workflow."""

from typing import Any

from algotrendy.kernel.ids import parse_order_id
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed
from algotrendy.trading import wiring
from algotrendy.trading.saga import Step


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take ``{"order_id"}``; answer with the step that is next, which is none as a rule."""
    found = wiring.saga().settle(parse_order_id(event["order_id"]))
    if found["next"] == Step.DONE:
        count("OrdersSettled")
    logger.info("order settled", order_id=event["order_id"], answer=found)
    return found
