"""A strategy of the library at work: child, bars, ledger and orders together."""

from __future__ import annotations

from algotrendy.live.adapters.child_mind import ChildMind
from algotrendy.live.adapters.postgres_runs import PostgresLiveLedger
from algotrendy.live.order_waking import OrderWaker
from algotrendy.live.running import Runner
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.saga import OrderSaga
from fakes.live_bench import LiveBench
from fakes.order_counter import OrderCounter

CLOSES = (100.0, 99.0, 98.0, 97.0, 104.0, 106.0, 108.0, 100.0, 90.0, 85.0)


def runner(bench: LiveBench, mind: ChildMind) -> Runner:
    counter = bench.counter
    saga = OrderSaga(counter.ledger, counter.sagas, counter.bell, counter.clock, counter.ids)
    waker = OrderWaker(counter.sagas, saga, counter.bell)
    return Runner(bench.live, bench.bars, mind, bench.switches, waker, counter.clock)


def test_it_buys_and_sells_whatever_dies_in_between(database: Database) -> None:
    ledger = PostgresLedger(database, Outbox())
    bench = LiveBench(OrderCounter(ledger=ledger), PostgresLiveLedger(ledger))
    mind = ChildMind()
    for number, close in enumerate(CLOSES):
        bench.bars.lay(number, close=close)
        runner(bench, mind).advance(bench.run_id)
        for order in bench.orders():
            if not order.is_terminal:
                bench.counter.fill(bench.counter.accept(order), price=str(close))
        if number % 2:
            mind.close()
    mind.close()
    sides = [order.request.side.value for order in bench.orders()]
    assert sides == ["buy", "sell"]
    assert [step.step for step in bench.steps()] == list(range(len(CLOSES)))
    assert bench.run().state == "running"
