"""Keep why a part of a study failed for good, where what records its end can read it."""

from __future__ import annotations

from uuid import UUID

from algotrendy.backtest.canonical import JSON, sealed, unsealed
from algotrendy.backtest.keys import Keys
from algotrendy.backtest.ports import Blobs
from algotrendy.kernel.errors import Rejected


class StrategyFailedError(Rejected):
    """Says what a strategy raised, and where: by line and bar, or by run, symbol and parameters.

    Tried again, it fails again.
    """

    code = "strategy-failed"


def note_shard(study_id: UUID, shard: int, error: Exception, blobs: Blobs) -> None:
    """Keep why a shard failed: what a map says of an item is not what the item said."""
    note = {"shard": shard, "reason": f"shard {shard} failed: {error}"}
    blobs.put(Keys(study_id).failure(shard), sealed(note), JSON)


def failures(study_id: UUID, blobs: Blobs, most: int = 3) -> list[str]:
    """Tell of shards or windows that failed for good, and have no result, why they did."""
    keys, said = Keys(study_id), []
    for info in blobs.list(keys.failures):
        found = unsealed(blobs.get(info.key))
        if found is None:
            continue
        result = keys.result(found["shard"]) if "shard" in found else keys.window(found["window"])
        if not blobs.list(result):
            said.append(str(found["reason"]))
    return said[:most]
