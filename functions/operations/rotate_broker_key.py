"""Do one step of a rotation of brokers' keys; Secrets Manager calls it four times."""

from typing import Any

from algotrendy.operations import wiring
from algotrendy.platform.telemetry import logger, observed


@observed
def handler(event: dict[str, Any], _context: Any) -> None:
    """Take the step, the secret and the version that Secrets Manager names; raise what is wrong."""
    step = str(event["Step"])
    wiring.key_rotation().run(step, str(event["SecretId"]), str(event["ClientRequestToken"]))
    logger.info("rotation step done", step=step)
