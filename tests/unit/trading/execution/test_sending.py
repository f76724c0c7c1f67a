"""An order is stored before it is sent, sent once, and asked for where no answer came."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.errors import (
    AlgoTrendyError,
    Conflict,
    Invalid,
    Rejected,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.limits import TradingState
from algotrendy.risk.records import StateChange
from algotrendy.trading.admission import KILL_SWITCH
from algotrendy.trading.order_events import (
    OrderFoundAbsent,
    OrderNotSent,
    OrderSubmitted,
    Provenance,
)
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import ACCOUNT, ROOT, Bench
from fakes.memory_ledger import Fate
from fakes.quick_loop import run_quickly
from fakes.scripted_broker import Hang, after, before

Scene = Callable[[Bench], Coroutine[Any, Any, None]]


def play(scene: Scene) -> Bench:
    async def whole() -> Bench:
        bench = Bench()
        bench.start()
        try:
            await scene(bench)
        finally:
            await bench.close()
        return bench

    return run_quickly(whole())


def test_it_is_stored_as_being_sent_before_the_broker_hears_of_it() -> None:
    seen = []

    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        bench.exchange.on_submit = lambda _: seen.append(bench.order(order_id).status)
        await bench.until(order_id, S.NEW)
        assert bench.order(order_id).broker_order_ids == {"b1"}

    play(scene)
    assert seen == [S.SUBMITTING]


@pytest.mark.parametrize(
    "fate",
    [
        before(Unavailable("broker", "down", 0.5)),
        before(Unauthenticated("keys")),
        before(Unknown("order", "lost")),
        after(Unknown("order", "answer lost")),
        after(RuntimeError("a fault of the adapter")),
        before(Conflict("used")),
        Hang(),
    ],
    ids=repr,
)
def test_whatever_becomes_of_the_answer_there_is_one_order(fate: Exception) -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [fate]
        order_id = bench.intend()
        order = await bench.until(order_id, S.NEW)
        assert len(order.broker_order_ids) == 1

    bench = play(scene)
    assert len(bench.exchange.orders) == 1


def test_an_order_that_is_not_found_is_sent_again_only_after_time_and_three_looks() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unknown("order", "lost"))]
        order_id = bench.intend()
        await bench.until(order_id, S.UNKNOWN)
        doubted_at = bench.clock.now()
        await bench.until(order_id, S.NEW)
        assert bench.clock.now() - doubted_at >= timedelta(seconds=12)
        kinds = [type(event) for event in bench.ledger.run(lambda tx: tx.orders.history(order_id))]
        assert kinds.count(OrderSubmitted) == 2
        assert kinds.count(OrderFoundAbsent) == 1

    assert play(scene).exchange.submits == 2


def test_one_that_arrives_late_is_not_sent_a_second_time() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unknown("order", "slow"))]
        order_id = bench.intend()
        order = await bench.until(order_id, S.UNKNOWN)
        await asyncio.sleep(9)
        bench.exchange.is_mute = True
        bench.exchange.place(order.request)
        await bench.until(order_id, S.NEW)

    bench = play(scene)
    assert (bench.exchange.submits, len(bench.exchange.orders)) == (1, 1)


@pytest.mark.parametrize("error", [Rejected("no"), Invalid("symbol", "known", "X")])
def test_a_refusal_ends_the_order_and_gives_its_hold_back(error: Exception) -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(error)]
        order_id = bench.intend()
        order = await bench.until(order_id, S.REJECTED)
        assert order.reason
        assert bench.held(order_id) == 0

    play(scene)


REFUSALS: list[AlgoTrendyError] = [
    Rejected("already replaced"),
    Invalid("order_id", "open", "replaced"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_a_replacement_that_came_late_is_not_over_when_its_repeat_is_refused(
    refusal: Exception,
) -> None:
    async def scene(bench: Bench) -> None:
        old = bench.intend(type=OrderType.LIMIT, limit_price=Decimal(100))
        await bench.until(old, S.NEW)
        # The first request is lost to us, and lands right before its repeat is looked at.
        bench.exchange.fates = [before(Unknown("order", "no answer")), after(refusal)]
        bench.exchange.is_mute = True
        new = bench.intend(type=OrderType.LIMIT, limit_price=Decimal(101), replaces=old)
        order = await bench.until(new, S.NEW, S.REJECTED)
        assert order.broker_order_ids == {"b2"}
        assert bench.held(new) > 0
        assert bench.exchange.fates == []

    bench = play(scene)
    assert len(bench.exchange.orders) == 2


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_a_repeat_that_is_refused_is_over_once_the_broker_is_proven_not_to_have_it(
    refusal: AlgoTrendyError,
) -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unknown("order", "no answer")), before(refusal)]
        order_id = bench.intend()
        order = await bench.until(order_id, S.REJECTED)
        assert order.reason == refusal.message
        assert bench.held(order_id) == 0
        history = bench.ledger.run(lambda tx: tx.orders.history(order_id))
        [absent] = [event.at for event in history if isinstance(event, OrderFoundAbsent)]
        assert history[-1].at - absent >= timedelta(seconds=12)

    assert play(scene).exchange.submits == 2


def test_a_refusal_is_final_where_all_earlier_requests_were_surely_not_taken() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unavailable("broker", "busy")), before(Rejected("no"))]
        order_id = bench.intend()
        await bench.until(order_id, S.REJECTED, within_s=10)

    play(scene)


def test_a_repeat_is_known_as_one_when_its_transaction_was_committed_unseen() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unknown("order", "no answer")), after(Rejected("again"))]
        bench.exchange.is_mute = True
        order_id = bench.intend()
        await bench.until(order_id, S.UNKNOWN)
        await bench.until(order_id, S.INTENDED)
        commits = iter(range(10**9))
        bench.ledger.fate = lambda: Fate.IS_UNSEEN if next(commits) % 2 else Fate.COMMITS
        await bench.until(order_id, S.NEW)

    play(scene)


def test_an_order_whose_time_is_over_when_it_would_leave_is_withdrawn_unsent() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()

        def let_time_pass() -> Fate:
            # Between storing and sending, as when the machine sleeps.
            if bench.order(order_id).status is S.SUBMITTING:
                bench.clock.ahead = timedelta(seconds=70)
            return Fate.COMMITS

        bench.ledger.fate = let_time_pass
        order = await bench.until(order_id, S.CANCELED)
        assert order.reason == "it could not be sent in time"
        assert bench.held(order_id) == 0

    assert play(scene).exchange.submits == 0


def test_what_cannot_be_sent_in_time_is_withdrawn() -> None:
    async def scene(bench: Bench) -> None:
        bench.exchange.fates = [before(Unavailable("broker", "down")) for _ in range(100)]
        order_id = bench.intend()
        await bench.until(order_id, S.CANCELED, within_s=120)
        kinds = [type(event) for event in bench.ledger.run(lambda tx: tx.orders.history(order_id))]
        assert kinds.count(OrderNotSent) >= 3
        assert bench.held(order_id) == 0

    assert play(scene).exchange.orders == {}


def test_a_cancel_before_it_is_sent_takes_it_back() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        bench.cancel(order_id)
        await bench.until(order_id, S.CANCELED)

    assert play(scene).exchange.submits == 0


def test_a_cancel_is_asked_for_until_the_order_is_over() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.cancel_fates = [
            Unavailable("broker", "down"),
            Unknown("cancel", "lost"),
            Rejected("too early"),
        ]
        bench.cancel(order_id)
        await bench.until(order_id, S.CANCELED)
        assert bench.held(order_id) == 0

    assert len(play(scene).exchange.cancels) == 4


def test_an_order_that_waits_for_a_person_is_not_sent() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend(approval="large")
        await asyncio.sleep(10)
        assert bench.order(order_id).status is S.INTENDED

    assert play(scene).exchange.submits == 0


def test_nothing_is_sent_while_trading_is_halted_but_what_ends_a_risk() -> None:
    async def scene(bench: Bench) -> None:
        halt = StateChange(
            account=ROOT,
            state=TradingState.HALTED,
            by="ada",
            reason="",
            at=SystemClock().now(),
        )
        bench.ledger.run(lambda tx: tx.risk.set_trading_state(halt))
        theirs = bench.intend()
        ours = bench.intend(
            provenance=Provenance(
                correlation_id=bench.order(theirs).provenance.correlation_id,
                user=KILL_SWITCH,
            )
        )
        await bench.until(theirs, S.CANCELED)
        await bench.until(ours, S.NEW)
        assert bench.order(theirs).reason == "trading is halted"

    assert play(scene).exchange.submits == 1


def test_only_what_reduces_is_sent_while_trading_is_to_be_reduced() -> None:
    async def scene(bench: Bench) -> None:
        bought = bench.intend()
        await bench.until(bought, S.NEW)
        bench.exchange.fill("b1", 10)
        await bench.until(bought, S.FILLED)
        change = StateChange(
            account=ROOT,
            state=TradingState.REDUCING,
            by="ada",
            reason="",
            at=SystemClock().now(),
        )
        bench.ledger.run(lambda tx: tx.risk.set_trading_state(change))
        more, less = bench.intend(), bench.intend(quantity=4, side=Side.SELL)
        await bench.until(more, S.CANCELED)
        await bench.until(less, S.NEW)

    play(scene)


def test_a_replacement_takes_the_place_of_a_standing_order() -> None:
    async def scene(bench: Bench) -> None:
        old = bench.intend(type=OrderType.LIMIT, limit_price=Decimal(100))
        await bench.until(old, S.NEW)
        bench.exchange.fill("b1", 3)
        await bench.until(old, S.PARTIALLY_FILLED)
        new = bench.intend(
            quantity=7,
            type=OrderType.LIMIT,
            limit_price=Decimal(101),
            replaces=old,
            replaces_filled=Decimal(3),
        )
        await bench.until(old, S.REPLACED)
        await bench.until(new, S.NEW)
        assert bench.exchange.orders["b2"].quantity == 7
        bench.exchange.fill("b2", 7)
        await bench.until(new, S.FILLED)
        assert bench.order(new).is_settled

    play(scene)


def test_a_replacement_of_an_order_that_is_over_is_withdrawn() -> None:
    async def scene(bench: Bench) -> None:
        old = bench.intend()
        await bench.until(old, S.NEW)
        bench.exchange.fill("b1", 10)
        await bench.until(old, S.FILLED)
        new = bench.intend(quantity=5, replaces=old)
        await bench.until(new, S.CANCELED)

    play(scene)


def test_a_name_that_another_order_has_at_the_broker_ends_the_order() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        name = str(order_id)
        bench.exchange.is_mute = True
        bench.exchange.place(
            OrderRequest(symbol="MSFT", side=Side.BUY, quantity=Decimal(1), client_order_id=name)
        )
        order = await bench.until(order_id, S.REJECTED)
        assert "names another order" in order.reason

    play(scene)


@pytest.mark.parametrize("fate", [Fate.FAILS, Fate.IS_LOST, Fate.IS_UNSEEN, Fate.CONFLICTS])
def test_a_database_that_fails_again_and_again_costs_time_and_no_order(fate: Fate) -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        commits = iter(range(10**9))
        bench.ledger.fate = lambda: fate if next(commits) % 3 else Fate.COMMITS
        order = await bench.until(order_id, S.NEW)
        bench.exchange.fill("b1", 10)
        bench.ledger.fate = lambda: Fate.COMMITS
        order = await bench.until(order_id, S.FILLED)
        assert len(order.executions) == 1

    bench = play(scene)
    assert len(bench.exchange.orders) == 1


def test_the_workflow_that_asked_is_answered() -> None:
    async def scene(bench: Bench) -> None:
        order_id = bench.intend()
        ring = bench.bells.ring(order_id, "token-1")
        await bench.until(order_id, S.NEW, within_s=1.5)
        await asyncio.sleep(1)
        assert ring.fate == "done"
        assert bench.ledger.run(lambda tx: tx.waits.all(ROOT)) == []

    bench = play(scene)
    assert [(token, told["status"]) for token, told in bench.answers.given] == [("token-1", "new")]


def test_a_ring_for_another_accounts_order_sends_nothing_here() -> None:
    async def scene(bench: Bench) -> None:
        other = replace(ACCOUNT, id=AccountId("other"))
        bench.ledger.run(lambda tx: tx.accounts.add(other))
        order_id = bench.intend(account=other.id)
        heard = bench.bells.ring(order_id, "token")
        await asyncio.sleep(10)
        assert (heard.fate, bench.order(order_id).status) == ("done", S.INTENDED)
        assert bench.exchange.submits == 0

    play(scene)
