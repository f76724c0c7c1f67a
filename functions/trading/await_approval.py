"""Let the workflow of an order wait until somebody agrees to it, or refuses."""

from typing import Any

from algotrendy.kernel.ids import parse_order_id
from algotrendy.platform.telemetry import logger, observed
from algotrendy.trading import wiring


@observed
def handler(event: dict[str, Any], _context: Any) -> None:
    """Take ``{"order_id", "token"}``; the token is answered later."""
    wiring.saga().await_approval(parse_order_id(event["order_id"]), event["token"])
    logger.info("order waits for approval", order_id=event["order_id"])
