"""Take ticks from the stream into the lake, and show the bars that they make; Kinesis delivers."""

from typing import Any

from algotrendy.market_data import wiring
from algotrendy.platform.records import stream_batch
from algotrendy.platform.telemetry import observed


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with the record to go on at, where one failed: it and those behind it come again."""
    return stream_batch(event, context, wiring.take_ticks)
