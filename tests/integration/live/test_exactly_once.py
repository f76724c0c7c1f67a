"""On a real PostgreSQL each step is done once, however many runners want it at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from algotrendy.live.adapters.postgres_runs import PostgresLiveLedger
from algotrendy.live.running import Advanced
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.verification import verify_ledger
from fakes.live_bench import LiveBench, ToldMind, buys
from fakes.order_counter import OrderCounter

RUNNERS = 4
STEPS = 5


@pytest.fixture
def bench(database: Database) -> LiveBench:
    ledger = PostgresLedger(database, Outbox())
    made = LiveBench(OrderCounter(ledger=ledger), PostgresLiveLedger(ledger))
    made.mind.says = {step: [buys(1.0, order=step + 1)] for step in range(STEPS)}
    made.bars.lay(*range(STEPS))
    return made


def test_runners_at_once_do_each_step_once(bench: LiveBench) -> None:
    barrier = threading.Barrier(RUNNERS)

    def run(_: int) -> Advanced:
        mind = ToldMind()
        mind.says = bench.mind.says
        runner = bench.another(mind)
        barrier.wait()
        return runner.advance(bench.run_id)

    with ThreadPoolExecutor(RUNNERS) as pool:
        done = list(pool.map(run, range(RUNNERS)))
    assert sum(each.steps for each in done) == STEPS
    assert sum(each.orders for each in done) == STEPS
    assert [step.step for step in bench.steps()] == list(range(STEPS))
    orders = bench.orders()
    assert len({order.client_order_id for order in orders}) == len(orders) == STEPS
    assert len(bench.counter.sagas.started) == STEPS
    assert bench.run().step == STEPS - 1
    ledger = bench.counter.ledger
    assert verify_ledger(ledger).differences == ()


def test_two_runners_that_thought_the_same_step_write_it_once(bench: LiveBench) -> None:
    both = threading.Barrier(2)

    def run(_: int) -> Advanced:
        mind = ToldMind()
        mind.says = bench.mind.says

        def think_together() -> None:
            mind.meanwhile = lambda: None
            both.wait(timeout=10)

        mind.meanwhile = think_together
        return bench.another(mind).advance(bench.run_id)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(run, range(2)))
    assert sum(each.orders for each in done) == STEPS
    assert len(bench.steps()) == STEPS


def test_a_run_goes_on_where_a_dead_process_left_it(bench: LiveBench) -> None:
    class Killed(BaseException):
        pass

    def die() -> None:
        if len(bench.mind.heard) == 3:
            raise Killed

    bench.mind.meanwhile = die
    with pytest.raises(Killed):
        bench.advance()
    assert len(bench.steps()) == 2
    mind = ToldMind()
    mind.says = bench.mind.says
    assert bench.another(mind).advance(bench.run_id).steps == STEPS - 2
    assert mind.states[0] == '{"step":1}'
    assert len(bench.orders()) == STEPS
