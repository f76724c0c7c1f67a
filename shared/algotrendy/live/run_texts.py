"""Write what a run is as text, and read it back."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.ids import AccountId, CorrelationId, TenantId
from algotrendy.live.runs import Run, RunId, Trouble, Wanted, parse_run_id
from algotrendy.live.versions import Content


def run_text(run: Run) -> str:
    """Write the part of a run that never changes."""
    return json.dumps(
        {
            "content": run.content.to_json(),
            "data_hash": run.data_hash,
            "stage": run.stage,
            "capital": str(run.capital),
            "started_at": run.started_at.isoformat(),
            "started_by": run.started_by,
            "correlation_id": run.correlation_id,
            "origin": run.origin,
            "trades_after": run.trades_after,
            "warm_up": run.warm_up,
            "timeframes": list(run.timeframes),
            "patience_s": run.patience_s,
            "shadow_of": None if run.shadow_of is None else str(run.shadow_of),
        },
        separators=(",", ":"),
    )


def run_of(row: dict[str, Any]) -> Run:
    """Read a run from its row."""
    kept: dict[str, Any] = json.loads(row["document"])
    trouble: str | None = row["trouble"]
    changed_at: datetime = row["changed_at"]
    shadow_of: str | None = kept["shadow_of"]
    return Run(
        id=RunId(row["id"]),
        tenant=TenantId(row["tenant"]),
        name=row["name"],
        version=row["version"],
        content=Content.from_json(kept["content"]),
        data_hash=kept["data_hash"],
        account=AccountId(row["account"]),
        stage=kept["stage"],
        capital=Decimal(kept["capital"]),
        started_at=parse_time(kept["started_at"], "started_at"),
        started_by=kept["started_by"],
        correlation_id=CorrelationId(kept["correlation_id"]),
        origin=kept["origin"],
        trades_after=kept["trades_after"],
        warm_up=kept["warm_up"],
        timeframes=tuple(kept["timeframes"]),
        patience_s=kept["patience_s"],
        shadow_of=None if shadow_of is None else parse_run_id(shadow_of, "shadow_of"),
        wanted=Wanted(row["wanted"]),
        trouble=None if trouble is None else Trouble(trouble),
        reason=row["reason"],
        step=row["step"],
        bar_at=row["bar_at"],
        epoch=row["epoch"],
        digest=row["digest"],
        changed_at=changed_at,
    )
