"""Start, pause, resume, stop and flatten each do to orders and positions what they are said to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import AccountId, CorrelationId, TenantId
from algotrendy.live.commands import Start
from algotrendy.live.runs import Run, Trouble, Wanted
from algotrendy.live.versions import Stage
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.status import PlatformStatus
from fakes.live_bench import LiveBench, buys, close_of
from fakes.live_desk import DEMO, desk_of
from fakes.order_counter import AAPL, USD
from fakes.risk_desk import buy

REACH = Reach(DEMO)
PAPER = AccountId("paper")


def start(bench: LiveBench, stage: Stage = Stage.PAPER, **wish: Any) -> Run:
    given: dict[str, Any] = {
        "name": "wave",
        "version": None,
        "account": PAPER,
        "capital": Decimal(5_000),
    }
    asked = Start(**(given | wish))
    return desk_of(bench, stage).start(asked, REACH, "ada", CorrelationId("c1"))


def want(bench: LiveBench, wanted: Wanted) -> Run:
    return desk_of(bench).want(bench.run_id, wanted, "ada", REACH, "why not")


def position(bench: LiveBench) -> Decimal:
    balances = bench.live.run(lambda tx, _: tx.books.balances([bench.part]))
    return balances.get(Place(bench.part, Book.POSITION, AAPL, None), Decimal(0))


def told(bench: LiveBench) -> list[tuple[str, str]]:
    events = [each for each in bench.counter.ledger.published if each.name == "StrategyRunChanged"]
    return [(each.model_dump()["before"], each.model_dump()["state"]) for each in events]


def holding(open_too: bool = True) -> LiveBench:
    """Give a run that holds ten shares, and has an order open where one is wished."""
    bench = LiveBench()
    bench.mind.says = {0: [buys(10.0), buys(1.0, 2, 2)] if open_too else [buys(10.0)]}
    bench.bars.lay(0)
    bench.advance()
    first, *rest = bench.orders()
    bench.counter.fill(bench.counter.accept(first))
    for each in rest:
        bench.counter.accept(each)
    return bench


def test_a_start_opens_a_part_with_its_capital() -> None:
    bench = LiveBench()
    run = start(bench)
    assert run.account == AccountId("paper/wave")
    assert (run.capital, run.state, run.stage) == (Decimal(5_000), "waiting", "paper")
    cash = Place(run.account, Book.CASH, None, USD)
    balances = bench.live.run(lambda tx, _: tx.books.balances([run.account]))
    assert balances[cash] == Decimal(5_000)
    assert bench.live.run(lambda _, live: live.get_run(run.id)) == run
    audit = bench.live.run(lambda tx, _: tx.audit.select(run.account, 1))
    assert (audit[0].action, audit[0].subject) == ("strategy-run.start", str(run.id))
    assert told(bench) == [("", "waiting")]


def test_a_second_run_on_the_same_part_is_refused() -> None:
    bench = LiveBench()
    first = start(bench)
    with pytest.raises(Conflict, match=str(first.id)):
        start(bench)


def test_a_run_goes_on_with_what_its_part_has() -> None:
    bench = LiveBench()
    first = start(bench)
    desk_of(bench).want(first.id, Wanted.STOPPING, "ada", REACH)
    again = start(bench, capital=None)
    assert again.capital == Decimal(5_000)


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.TESTED, Stage.RETIRED])
def test_a_version_that_is_not_on_paper_or_live_does_not_start(stage: Stage) -> None:
    with pytest.raises(Conflict, match=f"wave@1 is {stage}"):
        start(LiveBench(), stage)


def test_a_start_needs_capital_and_the_account_s_cash() -> None:
    bench = LiveBench()
    with pytest.raises(Invalid, match="capital"):
        start(bench, capital=None)
    with pytest.raises(Invalid, match="capital"):
        start(bench, capital=Decimal(-1))
    with pytest.raises(Rejected, match="free cash"):
        start(bench, capital=Decimal(10**9))
    assert bench.live.run(lambda _, live: len(live.open_runs())) == 1


def test_what_the_caller_may_not_see_is_not_there() -> None:
    bench = LiveBench()
    other = Reach(TenantId("other"))
    with pytest.raises(NotFound):
        desk_of(bench).want(bench.run_id, Wanted.PAUSED, "eve", other)
    with pytest.raises(NotFound):
        start(bench, name="tide")
    with pytest.raises(NotFound):
        start(bench, account=AccountId("gone"))


def test_a_switch_that_is_off_lets_nothing_start() -> None:
    bench = LiveBench()
    bench.switches.off = "the live switch is off"
    with pytest.raises(Conflict, match="live switch"):
        start(bench)


def test_a_pause_leaves_orders_and_positions() -> None:
    bench = holding()
    assert want(bench, Wanted.PAUSED).state == "paused"
    assert bench.orders()[1].cancel_requested_at is None
    assert position(bench) == 10
    assert want(bench, Wanted.PAUSED).epoch == bench.run().epoch
    assert want(bench, Wanted.RUNNING).state == "running"
    assert told(bench)[-2:] == [("running", "paused"), ("paused", "running")]


def test_a_stop_cancels_orders_and_leaves_positions() -> None:
    bench = holding()
    assert want(bench, Wanted.STOPPING).state == "stopping"
    order = bench.orders()[1]
    assert order.cancel_requested_at is not None
    assert [ring.order_id for ring in bench.counter.bell.rings] == [order.id]
    bench.counter.told(order, "canceled")
    assert desk_of(bench).close_down(bench.run_id).state == "stopped"
    assert position(bench) == 10
    assert len(bench.orders()) == 2
    with pytest.raises(Conflict, match="stopped"):
        want(bench, Wanted.RUNNING)


def test_a_stop_without_open_orders_is_over_at_once() -> None:
    bench = holding(open_too=False)
    assert want(bench, Wanted.STOPPING).state == "stopped"
    bench.bars.lay(1)
    assert bench.advance().steps == 0


def test_a_flatten_sells_once_no_order_is_open() -> None:
    bench = holding()
    assert want(bench, Wanted.FLATTENING).state == "flattening"
    assert len(bench.orders()) == 2
    bench.counter.told(bench.orders()[1], "canceled")
    desk_of(bench).close_down(bench.run_id)
    closing = bench.orders()[-1]
    assert (closing.request.quantity, closing.request.side.value) == (Decimal(10), "sell")
    desk_of(bench).close_down(bench.run_id)
    assert len(bench.orders()) == 3
    bench.counter.fill(bench.counter.accept(closing))
    assert desk_of(bench).close_down(bench.run_id).state == "stopped"
    assert position(bench) == 0


def test_a_flatten_that_is_refused_says_why_and_is_tried_again() -> None:
    bench = holding(open_too=False)
    bench.counter.list(AAPL, is_tradable=False)
    run = want(bench, Wanted.FLATTENING)
    assert run.state == "flattening"
    assert run.reason
    bench.counter.list(AAPL)
    desk_of(bench).close_down(bench.run_id)
    assert len(bench.orders()) == 2


def test_a_failed_run_goes_on_when_a_person_resumes_it() -> None:
    bench = holding(open_too=False)
    failed = replace(bench.run(), trouble=Trouble.FAILED, reason="it raised")
    bench.live.run(lambda _, live: live.put_run(failed))
    assert want(bench, Wanted.RUNNING).state == "running"
    bench.bars.lay(1)
    assert bench.advance().steps == 1


def test_bars_known_by_a_moment_belong_to_the_warm_up() -> None:
    after = datetime.fromtimestamp(close_of(3) / 1e9, UTC)
    run = start(LiveBench(), trades_after=after)
    assert run.trades_after == close_of(3)


def test_orders_of_a_run_that_ends_are_all_its_own() -> None:
    bench = holding()
    mine = bench.counter.place(buy("1"), bench.part)
    want(bench, Wanted.STOPPING)
    assert bench.counter.order(mine).status is PlatformStatus.INTENDED
