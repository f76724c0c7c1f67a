"""Put the lake's small files together, and forget what is long past; on a schedule."""

from typing import Any

from algotrendy.kernel.errors import Unavailable
from algotrendy.market_data import wiring
from algotrendy.platform.metrics import count
from algotrendy.platform.telemetry import logger, observed

# The longest that one step may take: what does not begin before that waits for the next run.
STEP_MS = 240_000


@observed
def handler(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    upkeep = wiring.lake_upkeep()
    together = forgotten = 0
    waiting: list[str] = []
    failure: Unavailable | None = None
    for dataset in upkeep.datasets():
        try:
            kept = upkeep.keep(dataset, lambda: context.get_remaining_time_in_millis() < STEP_MS)
        except Unavailable as error:
            # The other datasets must not wait for this one.
            logger.warning("dataset not kept", dataset=dataset, reason=error.reason)
            failure = error
            continue
        together += kept.put_together
        forgotten += kept.forgotten
        if not kept.finished:
            waiting.append(dataset)
        if kept.put_together or kept.forgotten:
            logger.info(
                "dataset kept",
                dataset=dataset,
                put_together=kept.put_together,
                made=kept.made,
                forgotten=kept.forgotten,
            )
    count("LakeFilesPutTogether", together)
    count("LakeFilesForgotten", forgotten)
    if failure:
        raise failure
    return {"put_together": together, "forgotten": forgotten, "waiting": waiting}
