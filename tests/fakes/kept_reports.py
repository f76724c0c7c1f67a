"""Reports of parity to begin a test with."""

from __future__ import annotations

from datetime import UTC, datetime

from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.live.parity.kept import KeptReport, RunIdentity
from algotrendy.live.parity.replay import replay
from algotrendy.live.parity.report import described
from algotrendy.strategy.library import strategy_named
from fakes.live_worlds import RUN, Broker, live_run, wandering


def a_report(days: int = 100, tenant: str = "demo") -> KeptReport:
    """Give the report of a run whose fills slip, cost, and of which the first is a part."""
    broker = Broker(slip_bps=4.0, fee_bps=1.0, halves=frozenset({1}))
    sma_cross = strategy_named("sma_cross")
    record = live_run(wandering(days), sma_cross, broker, values={"fast": 3, "slow": 8})
    run = RunIdentity(
        run_id=RUN,
        tenant=TenantId(tenant),
        account=AccountId("paper/trend"),
        name="trend",
        version=3,
        stage="paper",
    )
    made_at = datetime(2024, 6, 8, 2, tzinfo=UTC)
    return KeptReport(run=run, made_at=made_at, document=described(replay(record)))
