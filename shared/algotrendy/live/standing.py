"""Change where a run stands, with an event: never in silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from algotrendy.kernel.ids import AccountId, EventId, derived_uuid7
from algotrendy.live.events import StrategyRunChanged
from algotrendy.live.ports import LiveTables
from algotrendy.live.registry_ports import ReadSwitches
from algotrendy.live.runs import Run, Trouble
from algotrendy.live.versions import Stage
from algotrendy.trading.ledger import LedgerTransaction

RUNNER = "platform:runner"


class Switches(Protocol):
    """What must be on before orders of a run may cost money."""

    def refusal(self, run: Run) -> str | None:
        """Say why a run may not send now; None lets it."""
        ...


@dataclass(frozen=True, slots=True)
class RunSwitches:
    """Is the ``Switches`` of a deployment: a run costs money by its stage, or by its account.

    Args:
        read: Reads the switches of the deployment.
        is_live: Says whether an account's own switch is on.
    """

    read: ReadSwitches
    is_live: Callable[[AccountId], bool]

    def refusal(self, run: Run) -> str | None:
        """Say why a run may not send now; None lets it."""
        if run.stage == Stage.LIVE:
            found = self.read()
            if not found.stage:
                return "the live switch of the stage is off: ALGOTRENDY_LIVE_TRADING"
            if not found.flag:
                return "the live switch is off: algotrendy flags set live_trading true"
            return None
        if not run.is_shadow and self.is_live(run.root):
            return f"{run.label} is at stage {run.stage}, and account {run.root} costs money"
        return None


def stand(
    tx: LedgerTransaction,
    live: LiveTables,
    run: Run,
    trouble: Trouble | None,
    reason: str,
    at: datetime,
) -> Run:
    """Keep a run with what happened to it, and tell of it where it is news.

    Args:
        run: With whatever else is to change.

    Raises:
        Conflict: If somebody else changed the run since it was read.
    """
    before = run.state
    changed = replace(run, trouble=trouble, changed_at=at)
    if trouble is not run.trouble:
        changed = replace(changed, reason=reason)
    kept = live.put_run(changed)
    tell(tx, kept, before, RUNNER, reason, at)
    return kept


def tell(tx: LedgerTransaction, run: Run, before: str, by: str, reason: str, at: datetime) -> None:
    """Publish that a run stands elsewhere than it did; nothing where it does not."""
    if run.state == before:
        return
    tx.publish(
        StrategyRunChanged(
            id=EventId(derived_uuid7(at, str(run.id), str(run.epoch), run.state)),
            occurred_at=at,
            correlation_id=run.correlation_id,
            tenant=run.tenant,
            run_id=run.id,
            strategy=run.name,
            strategy_version=run.version,
            account=run.account,
            state=run.state,
            before=before,
            by=by,
            reason=reason,
        )
    )
