"""The steps of an order's workflow, on a ledger in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import NotFound, Unavailable, Unknown
from algotrendy.kernel.ids import OrderId, SeededIds, TenantId, UserId
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.holds import hold_of
from algotrendy.trading.order_events import (
    OrderApproved,
    OrderCancelRequested,
    OrderEvent,
    OrderFoundAbsent,
    OrderNotSent,
    OrderOutcomeUnknown,
    OrderWithdrawn,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Ring
from algotrendy.trading.saga import PATIENCE, OrderSaga, Step, is_over, next_step
from algotrendy.trading.waits import Wait, WaitingFor
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.order_sagas import RecordedBell, RecordedSagas
from fakes.order_story import ACCOUNT, START, Story, execution

DEFINITION = Path(__file__).parents[3] / "state_machines" / "trading" / "order_saga.asl.json"


class World:
    """One order, and a workflow that leads it."""

    def __init__(self, **facts: Any) -> None:
        self.clock = ManualClock(START)
        self.ledger = MemoryLedger()
        self.sagas, self.bell = RecordedSagas(), RecordedBell()
        ids = SeededIds(7, self.clock)
        self.saga = OrderSaga(self.ledger, self.sagas, self.bell, self.clock, ids)
        account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
        self.ledger.run(lambda tx: tx.accounts.add(account))
        self.story = Story()
        self.write(replace(self.story.intended, **facts))

    @property
    def id(self) -> OrderId:
        return self.story.order_id

    @property
    def order(self) -> PlatformOrder:
        return self.ledger.run(lambda tx: tx.orders.get(self.id))

    @property
    def waits(self) -> set[WaitingFor]:
        return {each.waiting_for for each in self.ledger.tables.waits.of(self.id)}

    def is_in_work(self) -> bool:
        found = self.ledger.tables.orders.without_end(START + timedelta(days=9), 9, None)
        return self.id in found

    def write(self, *events: OrderEvent) -> None:
        for event in events:
            self.ledger.run(partial(record, events=[event]))


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def made(story: Story) -> dict[str, tuple[list[OrderEvent], Step]]:
    return {
        "just stored": ([], Step.SUBMIT),
        "about to be sent": ([story.submitted()], Step.RESOLVE),
        "without an outcome": (
            [story.submitted(), story.make(OrderOutcomeUnknown, reason="silence")],
            Step.RESOLVE,
        ),
        "not taken": ([story.submitted(), story.make(OrderNotSent, reason="busy")], Step.SUBMIT),
        "not there": (
            [
                story.submitted(),
                story.make(OrderOutcomeUnknown, reason="silence"),
                story.make(OrderFoundAbsent),
            ],
            Step.SUBMIT,
        ),
        "to be cancelled": ([story.make(OrderCancelRequested, by="ada")], Step.WITHDRAW),
        "taken back": ([story.make(OrderWithdrawn, reason="why not")], Step.SETTLE),
        "at the broker": ([story.submitted(), story.told("new")], Step.AWAIT_END),
        "at the broker in a state without a name": (
            [story.submitted(), story.told("odd")],
            Step.AWAIT_END,
        ),
        "refused": ([story.submitted(), story.told("rejected")], Step.SETTLE),
        "cancelled at the broker": (
            [story.submitted(), story.told("new"), story.told("canceled", 1)],
            Step.SETTLE,
        ),
        "filled by the broker's word, without executions": (
            [story.submitted(), story.told("filled")],
            Step.AWAIT_END,
        ),
        "filled": ([story.submitted(), story.filled(execution(quantity=10))], Step.SETTLE),
    }


@pytest.mark.parametrize("name", made(Story()))
def test_an_order_says_what_is_to_be_done_for_it(name: str) -> None:
    story = Story()
    events, step = made(story)[name]
    assert next_step(story.after(*events), START) is step


def test_an_order_that_is_too_late_is_withdrawn() -> None:
    order = replace(Story().after(), submit_by=later(60))
    assert next_step(order, later(59)) is Step.SUBMIT
    assert next_step(order, later(60)) is Step.WITHDRAW


def test_an_order_that_nobody_agreed_to_waits_for_it_until_it_is_too_late() -> None:
    order = replace(Story().after(), approval="over 50000 USD", submit_by=later(60))
    assert next_step(order, START) is Step.APPROVE
    assert next_step(order, later(60)) is Step.WITHDRAW
    assert next_step(replace(order, approved_by=UserId("bob")), START) is Step.SUBMIT


@pytest.mark.parametrize(
    ("waiting_for", "steps"),
    [
        (WaitingFor.APPROVAL, set(Step) - {Step.APPROVE}),
        (WaitingFor.SUBMISSION, {Step.WITHDRAW, Step.AWAIT_END, Step.SETTLE}),
        (WaitingFor.END, {Step.SETTLE}),
    ],
)
def test_a_wait_is_over_when_the_next_step_is_another(
    waiting_for: WaitingFor, steps: set[Step]
) -> None:
    wait = Wait(Story().order_id, waiting_for, "token", START)
    assert {step for step in Step if is_over(wait, step)} == steps


def test_begin_looks_where_the_order_stands() -> None:
    world = World()
    assert world.saga.begin(world.id) == {"next": "submit", "account": "one", "status": "intended"}


def test_an_order_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(NotFound):
        World().saga.begin(Story(seed=2).order_id)


def test_a_workflow_that_waits_for_an_approval_hears_of_it() -> None:
    world = World(approval="over 50000 USD")
    world.saga.await_approval(world.id, "t1")
    assert (world.waits, world.sagas.answers) == ({WaitingFor.APPROVAL}, [])
    world.write(world.story.make(OrderApproved, by=UserId("bob")))
    assert world.saga.answer_waits(world.id) == 1
    [(token, told)] = world.sagas.answers
    assert (token, told["next"]) == ("t1", "submit")
    assert not world.waits


def test_a_workflow_that_asks_too_late_is_answered_at_once() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.told("rejected"))
    world.saga.await_end(world.id, "t1")
    assert [(token, told["next"]) for token, told in world.sagas.answers] == [("t1", "settle")]
    assert not world.waits


def test_an_answer_that_does_not_arrive_is_kept_for_the_sweeper() -> None:
    world = World()
    world.saga.await_end(world.id, "t1")
    world.write(world.story.submitted(), world.story.told("rejected"))
    world.sagas.is_down = True
    with pytest.raises(Unavailable):
        world.saga.answer_waits(world.id)
    assert world.waits == {WaitingFor.END}


def test_a_state_that_was_tried_again_by_a_clock_behind_hears_the_end_too() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.told("new"))
    world.clock.advance(timedelta(seconds=1))
    world.saga.await_end(world.id, "first")
    behind = replace(world.saga, clock=ManualClock(START))
    behind.await_end(world.id, "again")
    world.write(world.story.told("canceled", 1))
    assert world.saga.answer_waits(world.id) == 2
    assert [token for token, _ in world.sagas.answers] == ["again", "first"]
    assert not world.waits


def test_a_token_of_a_state_that_has_timed_out_long_since_is_forgotten() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.told("new"))
    world.saga.await_end(world.id, "old")
    world.clock.advance(timedelta(hours=13))
    world.saga.await_end(world.id, "new")
    assert [wait.token for wait in world.ledger.tables.waits.of(world.id)] == ["new"]


def test_an_order_that_is_too_late_is_taken_back_and_holds_nothing() -> None:
    world = World(submit_by=later(60))
    world.clock.advance(timedelta(seconds=60))
    assert world.saga.withdraw(world.id)["next"] == "settle"
    assert world.order.reason == "it could not be sent in time"
    assert hold_of(world.order).held.amount == Decimal(0)


def test_withdrawing_says_why() -> None:
    world = World(approval="over 50000 USD")
    world.saga.withdraw(world.id)
    assert world.order.reason == "nobody agreed to it in time: over 50000 USD"
    cancelled = World()
    cancelled.write(cancelled.story.make(OrderCancelRequested, by="ada"))
    cancelled.saga.withdraw(cancelled.id)
    assert cancelled.order.reason == "it was cancelled before it was sent"


def test_withdrawing_twice_does_it_once_and_what_was_sent_is_not_withdrawn() -> None:
    world = World(submit_by=START)
    first = world.saga.withdraw(world.id)
    assert world.saga.withdraw(world.id) == first
    assert len(world.ledger.tables.orders.history(world.id)) == 2
    sent = World(submit_by=START)
    sent.write(sent.story.submitted(), sent.story.told("new"))
    assert sent.saga.withdraw(sent.id)["next"] == "await_end"


def test_an_order_that_was_approved_in_the_last_moment_goes_its_way() -> None:
    world = World(approval="over 50000 USD", submit_by=later(60))
    world.write(world.story.make(OrderApproved, by=UserId("bob")))
    assert world.saga.withdraw(world.id)["next"] == "submit"


def test_a_commit_that_was_not_seen_withdraws_once_when_the_step_runs_again() -> None:
    world = World(submit_by=START)
    world.ledger.fate = lambda: Fate.IS_UNSEEN
    with pytest.raises(Unknown):
        world.saga.withdraw(world.id)
    world.ledger.fate = lambda: Fate.COMMITS
    assert world.saga.withdraw(world.id)["next"] == "settle"
    assert len(world.ledger.tables.orders.history(world.id)) == 2


def test_resolving_wakes_the_writer_and_waits() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.make(OrderOutcomeUnknown, reason="silence"))
    world.saga.resolve(world.id, "t1")
    assert world.bell.rings == [Ring(ACCOUNT, world.id)]
    assert world.waits == {WaitingFor.SUBMISSION}
    world.write(world.story.told("new"))
    world.saga.answer_waits(world.id)
    [(token, told)] = world.sagas.answers
    assert (token, told["next"]) == ("t1", "await_end")


def test_resolving_waits_although_the_bell_is_broken() -> None:
    world = World()
    world.bell.is_down = True
    world.saga.resolve(world.id, "t1")
    assert world.waits == {WaitingFor.SUBMISSION}


def test_resolving_what_is_known_answers_and_wakes_nobody() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.told("new"))
    world.saga.resolve(world.id, "t1")
    assert [told["next"] for _, told in world.sagas.answers] == ["await_end"]
    assert world.bell.rings == []


def test_settling_ends_the_workflow_and_answers_a_second_run_that_waits() -> None:
    world = World()
    world.saga.await_end(world.id, "t2")
    world.write(world.story.submitted(), world.story.told("rejected"))
    assert world.is_in_work()
    assert world.saga.settle(world.id) == {"next": "done", "account": "one", "status": "rejected"}
    assert not world.is_in_work()
    assert [token for token, _ in world.sagas.answers] == ["t2"]
    assert world.saga.settle(world.id)["next"] == "done"


def test_an_order_that_goes_on_is_not_settled() -> None:
    world = World()
    world.write(world.story.submitted(), world.story.told("filled"))
    assert world.saga.settle(world.id)["next"] == "await_end"
    assert world.is_in_work()


def test_the_workflow_waits_as_long_as_the_steps_say() -> None:
    states = json.loads(DEFINITION.read_text())["States"]
    for name, waiting_for in (
        ("AwaitApproval", WaitingFor.APPROVAL),
        ("Resolve", WaitingFor.SUBMISSION),
        ("AwaitEnd", WaitingFor.END),
    ):
        assert states[name]["TimeoutSeconds"] == PATIENCE[waiting_for].total_seconds()
