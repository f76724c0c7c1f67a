"""The use cases of runs on a bench, with one version that may run."""

from __future__ import annotations

from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import TenantId, UserId, uuid7
from algotrendy.live.commands import RunDesk
from algotrendy.live.order_waking import OrderWaker
from algotrendy.live.versions import Stage, StrategyVersion
from algotrendy.trading.saga import OrderSaga
from fakes.live_bench import LiveBench
from fakes.live_runs import CONTENT
from fakes.order_counter import NOON

DEMO = TenantId("demo")


class OneVersion:
    """Is the ``Versions`` of a tenant with one."""

    def __init__(self, stage: Stage = Stage.PAPER) -> None:
        self.stage = stage

    def get(self, tenant: TenantId, name: str, version: int | None = None) -> StrategyVersion:
        if tenant != DEMO or name not in ("wave", "apple-cross") or version not in (None, 1):
            raise NotFound("registered strategy", name)
        return StrategyVersion(
            id=uuid7(NOON),
            tenant=tenant,
            name=name,
            version=1,
            content=CONTENT,
            author=UserId("ada"),
            note="",
            registered_at=NOON,
            stage=self.stage,
            since=NOON,
        )


def desk_of(bench: LiveBench, stage: Stage = Stage.PAPER) -> RunDesk:
    counter = bench.counter
    saga = OrderSaga(counter.ledger, counter.sagas, counter.bell, counter.clock, counter.ids)
    return RunDesk(
        bench.live,
        OneVersion(stage),
        bench.bars,
        bench.mind,
        bench.switches,
        OrderWaker(counter.sagas, saga, counter.bell),
        counter.clock,
        counter.ids,
    )
