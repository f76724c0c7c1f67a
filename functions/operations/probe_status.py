"""Look at the platform from outside, and write the status page; on a schedule."""

from typing import Any

from algotrendy.operations import wiring
from algotrendy.platform.telemetry import observed


@observed
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Take anything: the schedule says nothing of interest."""
    board = wiring.look_at_status()
    states = {name: standing.state.value for name, standing in board.standings.items()}
    return {"components": states, "open": sum(each.is_open for each in board.incidents)}
