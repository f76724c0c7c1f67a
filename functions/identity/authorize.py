"""Judge the credential of a request for the gateway."""

from typing import Any

from algotrendy.identity import wiring
from algotrendy.identity.authorizing import judge
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> dict[str, object]:
    """Take a request of payload format 2.0; answer whether it goes on, with what is known."""
    [authorization] = event["identitySource"]
    verdict = judge(authorization, wiring.verifier(), wiring.gateway_keys())
    facts = {"route": event["routeKey"], "goes_on": verdict.goes_on, "why": verdict.why}
    logger.info("credential judged", extra={**facts, **verdict.context})
    return verdict.answer()
