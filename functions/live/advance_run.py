"""Lead one run on by the steps that are due; SQS delivers, the nudges of one run in order."""

import time
from typing import Any

from algotrendy.live import wiring
from algotrendy.live.adapters.sqs_nudges import parse_nudge
from algotrendy.live.runs import HALTING
from algotrendy.platform.metrics import count, observe
from algotrendy.platform.queue import each_in_order
from algotrendy.platform.telemetry import bind, logger, observed


def advance(body: str) -> None:
    """Do what is due; done again it changes nothing."""
    nudge = parse_nudge(body)
    bind(run_id=str(nudge.run_id))
    began = time.monotonic()
    done = wiring.runner().advance(nudge.run_id, nudge.up_to)
    wiring.publish_committed()
    count("StrategySteps", done.steps)
    if done.run.trouble in HALTING:
        count("StrategyFailures", how=done.run.trouble)
        logger.error("strategy failed", state=done.run.state, reason=done.run.reason)
    if done.steps:
        observe("StepSeconds", (time.monotonic() - began) / done.steps)
        logger.info(
            "run led on", why=nudge.why, state=done.run.state, steps=done.steps, orders=done.orders
        )


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the messages that come again: one that failed, and those of its run after it."""
    return each_in_order(event, context, advance)
