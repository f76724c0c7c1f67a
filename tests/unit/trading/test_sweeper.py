"""What became of an order's workflow, made good from the ledger."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import OrderId, SeededIds, TenantId
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.ports import SagaRun
from algotrendy.trading.saga import OrderSaga
from algotrendy.trading.sweeper import QUIET, Sweeper
from algotrendy.trading.waits import Wait, WaitingFor
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.order_sagas import RecordedBell, RecordedSagas
from fakes.order_story import ACCOUNT, START, Story

NOTHING: tuple[OrderId, ...] = ()


class World:
    """Some orders, all placed at the same moment."""

    def __init__(self, orders: int = 1) -> None:
        self.clock = ManualClock(START)
        self.ledger, self.sagas = MemoryLedger(), RecordedSagas()
        self.sweeper = Sweeper(self.ledger, self.sagas, self.clock)
        ids = SeededIds(7, self.clock)
        self.saga = OrderSaga(self.ledger, self.sagas, RecordedBell(), self.clock, ids)
        account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
        self.ledger.run(lambda tx: tx.accounts.add(account))
        self.stories = [Story(seed=seed) for seed in range(1, orders + 1)]
        for story in self.stories:
            self.write(story.intended)

    @property
    def story(self) -> Story:
        return self.stories[0]

    @property
    def id(self) -> OrderId:
        return self.story.order_id

    def write(self, *events: OrderEvent) -> None:
        for event in events:
            self.ledger.run(partial(record, events=[event]))

    def run(self, attempt: int = 1) -> SagaRun:
        return SagaRun(self.id, attempt, self.story.intended.provenance.correlation_id)

    def passes(self, **time: float) -> None:
        self.clock.advance(timedelta(**time))


def test_an_order_is_left_alone_until_it_had_time_to_start_by_itself() -> None:
    world = World()
    world.passes(seconds=QUIET.total_seconds())
    assert world.sweeper.sweep().started == NOTHING
    world.passes(seconds=1)
    assert world.sweeper.sweep().started == (world.id,)
    assert world.sagas.started == [world.run()]


def test_a_workflow_that_runs_is_left_alone() -> None:
    world = World()
    world.sagas.start(world.run())
    world.passes(hours=1)
    swept = world.sweeper.sweep()
    assert (swept.started, swept.restarted, swept.answered) == (NOTHING, NOTHING, NOTHING)


def test_a_workflow_that_ended_without_a_word_is_started_again_under_another_name() -> None:
    world = World()
    world.sagas.start(world.run())
    world.sagas.end(world.run())
    world.passes(minutes=1)
    assert world.sweeper.sweep().restarted == (world.id,)
    assert world.sagas.started == [world.run(), world.run(2)]
    assert world.run(2).name == f"{world.id}-2"


def test_a_run_that_was_counted_and_not_started_is_started() -> None:
    world = World()
    world.sagas.start(world.run())
    world.sagas.end(world.run())
    world.ledger.run(lambda tx: tx.orders.next_attempt(world.id))
    world.passes(minutes=1)
    assert world.sweeper.sweep().started == (world.id,)
    assert world.sagas.started[-1] == world.run(2)


def test_an_attempt_is_counted_once_though_its_commit_was_not_seen() -> None:
    world = World()
    world.sagas.start(world.run())
    world.sagas.end(world.run())
    world.passes(minutes=1)
    commits = iter([Fate.COMMITS, Fate.IS_UNSEEN])
    world.ledger.fate = lambda: next(commits, Fate.COMMITS)
    with pytest.raises(Exception, match="unknown"):
        world.sweeper.sweep()
    world.sweeper.sweep()
    assert world.ledger.tables.orders.attempt(world.id) == 2
    assert world.sagas.started[-1] == world.run(2)


def test_runs_that_keep_failing_are_started_ever_more_seldom() -> None:
    world = World()
    for _ in range(60 * 24):
        world.passes(minutes=1)
        world.sweeper.sweep()
        for run in world.sagas.started:
            world.sagas.end(run)
    assert 100 < len(world.sagas.started) < 150


def test_an_order_that_is_over_for_its_workflow_is_never_looked_at() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.told("rejected"))
    world.saga.settle(world.id)
    world.passes(hours=1)
    world.sweeper.sweep()
    assert world.sagas.asked == []


def test_an_answer_that_was_lost_is_given_again() -> None:
    world = World()
    world.saga.await_end(world.id, "t1")
    world.write(world.story.submitted(), world.story.told("rejected"))
    world.passes(minutes=1)
    assert world.sweeper.sweep().answered == (world.id,)
    assert [(token, told["next"]) for token, told in world.sagas.answers] == [("t1", "settle")]
    assert world.ledger.tables.waits.of(world.id) == []


def test_a_run_that_was_lost_while_it_waited_is_found_when_nobody_takes_its_answer() -> None:
    world = World()
    world.saga.await_end(world.id, "t1")
    world.write(world.story.submitted(), world.story.told("rejected"))
    world.passes(minutes=1)
    world.sweeper.sweep()
    assert world.sweeper.sweep().started == (world.id,)


def test_who_waits_is_not_asked_after_until_its_patience_is_over() -> None:
    world = World()
    world.saga.await_end(world.id, "t1")
    world.passes(hours=6)
    world.sweeper.sweep()
    assert world.sagas.asked == []
    world.passes(minutes=5)
    assert world.sweeper.sweep().started == (world.id,)


def test_a_wait_from_a_clock_that_jumped_hides_nothing() -> None:
    world = World()
    jumped = Wait(world.id, WaitingFor.END, "t1", START + timedelta(days=9))
    world.ledger.run(lambda tx: tx.waits.put(jumped))
    world.passes(minutes=1)
    assert world.sweeper.sweep().started == (world.id,)


def test_orders_in_long_lists_are_all_looked_at() -> None:
    world = World(orders=205)
    world.passes(minutes=1)
    swept = world.sweeper.sweep()
    assert set(swept.started) == {story.order_id for story in world.stories}
    assert world.sweeper.sweep().started == NOTHING


def test_without_workflows_nothing_is_swept_and_nothing_forgotten() -> None:
    world = World()
    world.passes(minutes=1)
    world.sagas.is_down = True
    with pytest.raises(Unavailable):
        world.sweeper.sweep()
    world.sagas.is_down = False
    assert world.sweeper.sweep().started == (world.id,)
