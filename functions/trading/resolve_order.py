"""Let the workflow of an order wait until it is known whether the broker has it."""

from typing import Any

from algotrendy.kernel.ids import parse_order_id
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed
from algotrendy.trading import wiring


@observed
def handler(event: dict[str, Any], _context: Any) -> None:
    """Take ``{"order_id", "token"}``; the token is answered later."""
    count("OrdersToResolve")
    wiring.saga().resolve(parse_order_id(event["order_id"]), event["token"])
    logger.warning("order to be resolved", order_id=event["order_id"])
