"""Runs, their steps and orders are kept alike by every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import OrderId, TenantId, uuid7
from algotrendy.live.ports import LiveLedger
from algotrendy.live.runs import Trouble, Wanted
from algotrendy.live.steps import LiveOrder
from fakes.live_runs import a_run, a_step, run_id
from fakes.order_counter import NOON

DEMO = TenantId("demo")


def test_a_run_is_read_as_it_was_kept(live_ledger: LiveLedger) -> None:
    run = a_run(
        shadow_of=run_id(9),
        patience_s=300,
        timeframes=("5Day",),
        bar_at=1_700_000_000_000_000_001,
        step=7,
    )
    assert live_ledger.run(lambda _, live: live.add_run(run))
    assert live_ledger.run(lambda _, live: live.get_run(run.id)) == run
    assert not live_ledger.run(lambda _, live: live.add_run(replace(run, step=8)))
    with pytest.raises(NotFound):
        live_ledger.run(lambda _, live: live.get_run(run_id(2)))


def test_who_saw_an_older_epoch_changes_nothing(live_ledger: LiveLedger) -> None:
    run = a_run()
    live_ledger.run(lambda _, live: live.add_run(run))
    paused = replace(run, wanted=Wanted.PAUSED, trouble=None, reason="lunch", step=3, digest="e")
    kept = live_ledger.run(lambda _, live: live.put_run(paused))
    assert kept.epoch == 1
    with pytest.raises(Conflict):
        live_ledger.run(lambda _, live: live.put_run(replace(run, trouble=Trouble.FAILED)))
    assert live_ledger.run(lambda _, live: live.get_run(run.id)) == kept


def test_runs_are_listed_newest_first_and_open_ones_oldest_first(live_ledger: LiveLedger) -> None:
    runs = [a_run(1), a_run(2, name="other"), a_run(3, wanted=Wanted.STOPPED)]
    for run in runs:
        live_ledger.run(lambda _, live, run=run: live.add_run(run))  # type: ignore[misc]
    assert live_ledger.run(lambda _, live: live.runs_of(DEMO, 2)) == [runs[2], runs[1]]
    assert live_ledger.run(lambda _, live: live.runs_of(DEMO, 9, before=runs[1].id)) == [runs[0]]
    assert live_ledger.run(lambda _, live: live.runs_of(DEMO, 9, name="other")) == [runs[1]]
    assert live_ledger.run(lambda _, live: live.runs_of(TenantId("else"), 9)) == []
    assert live_ledger.run(lambda _, live: live.open_runs()) == runs[:2]
    assert live_ledger.run(lambda _, live: live.open_runs("1Min")) == []


def test_a_step_is_read_bit_for_bit(live_ledger: LiveLedger) -> None:
    step = a_step(0)
    live_ledger.run(lambda _, live: live.add_step(step))
    assert live_ledger.run(lambda _, live: live.find_step(run_id(), 0)) == step
    assert live_ledger.run(lambda _, live: live.find_step(run_id(), 1)) is None
    assert live_ledger.run(lambda _, live: live.told_bars(run_id(), 1)) == [step.inputs.bars]
    assert live_ledger.run(lambda _, live: live.told_bars(run_id(), 0)) == []


def test_a_step_of_a_known_number_or_moment_is_refused(live_ledger: LiveLedger) -> None:
    step = a_step(0)
    live_ledger.run(lambda _, live: live.add_step(step))
    for again in (replace(step, bar_at=5), replace(step, step=1)):
        with pytest.raises(Conflict):
            live_ledger.run(lambda _, live, again=again: live.add_step(again))  # type: ignore[misc]
    assert live_ledger.run(lambda _, live: live.all_steps(run_id())) == [step]


def test_steps_are_listed_newest_first(live_ledger: LiveLedger) -> None:
    steps = [a_step(number) for number in range(4)]
    for step in steps:
        live_ledger.run(lambda _, live, step=step: live.add_step(step))  # type: ignore[misc]
    assert live_ledger.run(lambda _, live: live.steps_of(run_id(), 2)) == [steps[3], steps[2]]
    assert live_ledger.run(lambda _, live: live.steps_of(run_id(), 2, before=1)) == [steps[0]]
    assert live_ledger.run(lambda _, live: live.all_steps(run_id())) == steps


def test_orders_of_a_run_are_known_by_their_names(live_ledger: LiveLedger) -> None:
    placed = OrderId(uuid7(NOON, bytes))
    order = LiveOrder(
        run_id=run_id(),
        client_order_id="live-1-0-1",
        desk_order=1,
        step=0,
        number=1,
        asset=0,
        order_id=placed,
    )
    live_ledger.run(lambda _, live: live.put_order(order))
    told = replace(order, told=("e1", "e2"), is_over=True)
    refused = replace(order, client_order_id="live-1-0-2", number=2, order_id=None)
    live_ledger.run(lambda _, live: live.put_order(told))
    live_ledger.run(lambda _, live: live.put_order(refused))
    assert live_ledger.run(lambda _, live: live.orders_of(run_id())) == [told, refused]
    assert live_ledger.run(lambda _, live: live.orders_of(run_id(), only_open=True)) == [refused]


def test_what_fails_leaves_neither_run_nor_step(live_ledger: LiveLedger) -> None:
    def work(tx: object, live: object) -> None:
        live.add_run(a_run())  # type: ignore[attr-defined]
        live.add_step(a_step(0))  # type: ignore[attr-defined]
        raise Conflict("something else")

    with pytest.raises(Conflict):
        live_ledger.run(work)
    assert live_ledger.run(lambda _, live: live.find_run(run_id())) is None
    assert live_ledger.run(lambda _, live: live.find_step(run_id(), 0)) is None
