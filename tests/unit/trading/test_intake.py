from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected, Unavailable, Unknown
from algotrendy.kernel.ids import OrderId, UserId
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import OrderClass, OrderType, TimeInForce
from algotrendy.kernel.order_request import ReplaceRequest, StopLoss, TakeProfit
from algotrendy.risk.limits import TradingState
from algotrendy.risk.records import StateChange
from algotrendy.trading.execution.dispatch import replacement
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Ring
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.waits import Wait, WaitingFor
from fakes.memory_ledger import Fate
from fakes.order_counter import AAPL, ROOT, USD, OrderCounter, provenance
from fakes.risk_desk import buy, sell

BOSS = UserId("boss")


def standing(counter: OrderCounter, quantity: str = "10", price: str = "95") -> PlatformOrder:
    return counter.accept(counter.place(buy(quantity, limit_price=price)))


def change(counter: OrderCounter, order: PlatformOrder, **wanted: str) -> PlatformOrder:
    values = {
        field: value if field == "client_order_id" else Decimal(value)
        for field, value in wanted.items()
    }
    return counter.intake.replace(order.id, ReplaceRequest(**values), provenance())  # type: ignore[arg-type]


def test_a_placed_order_has_its_workflow_under_its_own_id() -> None:
    counter = OrderCounter()
    order = counter.place(buy("1"))
    (run,) = counter.sagas.started
    assert run.name == str(order.id)
    assert run.correlation_id == "c1"


def test_an_order_stands_when_no_workflow_can_be_started() -> None:
    counter = OrderCounter()
    counter.sagas.is_down = counter.bell.is_down = True
    order = counter.place(buy("1"))
    assert counter.order(order).status is PlatformStatus.INTENDED
    assert counter.intake.cancel(order.id, "ada").status is PlatformStatus.CANCELED


@pytest.mark.parametrize("fate", [Fate.IS_LOST, Fate.IS_UNSEEN])
def test_an_unknown_commit_is_run_again_and_doubles_nothing(fate: Fate) -> None:
    counter = OrderCounter()
    fates = iter([fate, fate])
    counter.ledger.fate = lambda: next(fates, Fate.COMMITS)
    order = counter.place(buy("10"))
    assert [each.id for each in counter.ledger.tables.orders.unsettled(ROOT)] == [order.id]
    assert counter.held() == 1000


def test_a_commit_that_stays_unknown_is_told_so() -> None:
    counter = OrderCounter()
    counter.ledger.fate = lambda: Fate.IS_UNSEEN
    request = buy("10", client_order_id="mine")
    with pytest.raises(Unknown):
        counter.place(request)
    counter.ledger.fate = lambda: Fate.COMMITS
    order = counter.place(request)
    assert [each.id for each in counter.ledger.tables.orders.unsettled(ROOT)] == [order.id]


def test_a_ledger_that_is_down_is_unavailable() -> None:
    counter = OrderCounter()
    counter.ledger.fate = lambda: Fate.FAILS
    with pytest.raises(Unavailable):
        counter.place(buy("1"))


def test_a_price_is_waited_for() -> None:
    counter = OrderCounter()
    counter.clock.advance(timedelta(minutes=2))
    looks: Iterator[int] = iter(range(100))

    def pause() -> None:
        if next(looks) == 2:
            counter.quote(AAPL, "101")

    counter.on_pause = pause
    assert counter.place(buy("10")).reserved == Money.of(1010, USD)
    assert len(counter.pauses) == 3
    assert counter.bell.rings == [Ring(ROOT)]
    assert list(
        counter.ledger.tables.market.wanted(ROOT, counter.clock.now() - timedelta(hours=1))
    ) == [AAPL]


def test_a_price_that_does_not_come_is_not_waited_for_longer_than_two_seconds() -> None:
    counter = OrderCounter()
    counter.clock.advance(timedelta(minutes=2))
    assert counter.refused(buy("1")) == {"last_price": "at most 60 s old"}
    assert sum(counter.pauses) == pytest.approx(2)


def test_what_no_broker_takes_waits_for_no_price() -> None:
    counter = OrderCounter()
    counter.clock.advance(timedelta(minutes=2))
    with pytest.raises(Invalid):
        counter.place(buy("0"))
    assert counter.pauses == []


def test_an_order_that_was_not_sent_is_withdrawn_at_once() -> None:
    counter = OrderCounter()
    order = counter.place(buy("10"))
    ended = counter.intake.cancel(order.id, "ada", "no more")
    assert (ended.status, ended.reason) == (PlatformStatus.CANCELED, "cancelled by ada: no more")
    assert counter.held() == 0
    assert counter.bell.rings == [Ring(ROOT, order.id)]


def test_an_order_at_the_broker_is_asked_to_end_once() -> None:
    counter = OrderCounter()
    order = standing(counter)
    first = counter.intake.cancel(order.id, "ada")
    assert first.cancel_requested_at == counter.clock.now()
    assert first.status is PlatformStatus.NEW
    assert counter.held() == 950
    counter.clock.advance(timedelta(seconds=1))
    assert counter.intake.cancel(order.id, "bob") == first
    actions = [each.action for each in counter.ledger.run(lambda tx: tx.audit.select(ROOT, 10))]
    assert sorted(actions) == ["order.cancel", "order.place"]


def test_what_has_ended_cannot_be_cancelled() -> None:
    counter = OrderCounter()
    order = counter.trade(buy("1"))
    with pytest.raises(Conflict, match="filled"):
        counter.intake.cancel(order.id, "ada")
    gone = standing(counter)
    counter.told(gone, "canceled")
    assert counter.intake.cancel(gone.id, "ada").status is PlatformStatus.CANCELED
    with pytest.raises(NotFound):
        counter.intake.cancel(OrderId(counter.ids.next()), "ada")


def test_a_replacement_is_an_order_of_its_own_for_the_rest() -> None:
    counter = OrderCounter()
    old = standing(counter)
    counter.fill(old, 4, price=95)
    new = change(counter, old, limit_price="96", quantity="12")
    assert new.replaces == old.id
    assert (new.request.quantity, new.request.limit_price) == (Decimal(8), Decimal(96))
    assert new.reserved == Money.of(8 * 96, USD)
    assert counter.held() == 8 * 96 + 6 * 95
    counter.told(old, "replaced")
    assert counter.held() == 8 * 96


@pytest.mark.parametrize("ahead_s", [-60, 60])
def test_what_a_replacement_asks_for_does_not_depend_on_the_brokers_clock(ahead_s: int) -> None:
    counter = OrderCounter()
    old = standing(counter)
    counter.clock = ManualClock(counter.clock.now() + timedelta(seconds=ahead_s))
    counter.fill(old, 4, price=95)
    new = change(counter, old, limit_price="96")
    after = counter.fill(old, 1, price=95)
    assert replacement(new, after).quantity is None


def test_a_replacement_may_use_what_is_held_for_the_old_one() -> None:
    counter = OrderCounter(cash=950)
    old = standing(counter)
    new = change(counter, old, limit_price="94")
    assert new.reserved == Money.of(940, USD)
    other = OrderCounter(cash=950)
    with pytest.raises(Rejected, match="buying_power of account must be at most 950"):
        change(other, standing(other), limit_price="96")


def test_nothing_is_replaced_where_old_and_new_would_be_one_order() -> None:
    counter = OrderCounter(broker="quantconnect")
    order = standing(counter)
    with pytest.raises(Invalid) as refused:
        change(counter, order, limit_price="96")
    assert refused.value.field == "replace"


def test_the_two_of_a_replacement_count_once() -> None:
    counter = OrderCounter()
    counter.limit(position_quantity="12")
    old = standing(counter)
    new = change(counter, old, quantity="12")
    assert new.request.quantity == 12
    assert counter.desk().state.account.holdings[AAPL].longest == 12
    other = OrderCounter()
    other.limit(position_quantity="12")
    standing_there = standing(other)
    with pytest.raises(Rejected, match="position_quantity"):
        change(other, standing_there, quantity="13")


def test_only_a_standing_order_can_be_replaced_and_only_once() -> None:
    counter = OrderCounter()
    with pytest.raises(Conflict, match="intended"):
        change(counter, counter.place(buy("1", limit_price="95")), limit_price="96")
    old = standing(counter)
    change(counter, old, limit_price="96")
    with pytest.raises(Conflict, match="being replaced"):
        change(counter, old, limit_price="97")
    gone = standing(counter)
    counter.intake.cancel(gone.id, "ada")
    with pytest.raises(Conflict, match="being cancelled"):
        change(counter, gone, limit_price="96")


def test_the_same_change_again_is_the_same_order() -> None:
    counter = OrderCounter()
    old = standing(counter)
    counter.fill(old, 2, price=95)
    wanted = {"client_order_id": "new", "limit_price": "96", "quantity": "12"}
    new = change(counter, old, **wanted)
    counter.fill(old, 1, price=95)
    assert change(counter, old, **wanted).id == new.id
    with pytest.raises(Conflict, match="came with another request"):
        change(counter, old, **(wanted | {"limit_price": "97"}))
    with pytest.raises(Conflict, match="came with another request"):
        change(counter, old, **(wanted | {"quantity": "20"}))
    counter.told(old, "replaced")
    assert change(counter, old, **wanted).id == new.id


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"stop_price": "90"}, "stop_price"),
        ({"trail": "1"}, "trail"),
        ({"quantity": "4"}, "quantity"),
        ({"limit_price": "96.001"}, "limit_price"),
    ],
)
def test_a_change_that_does_not_fit_is_refused_by_its_field(
    wanted: dict[str, str], field: str
) -> None:
    counter = OrderCounter()
    old = standing(counter)
    counter.fill(old, 4, price=95)
    with pytest.raises(Invalid) as refused:
        change(counter, old, **wanted)
    assert refused.value.field == field


def test_an_exit_is_moved_and_stays_an_exit() -> None:
    counter = OrderCounter(cash=1000)
    request = buy(
        "10",
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfit(Decimal(110)),
        stop_loss=StopLoss(Decimal(90)),
    )
    entry = counter.accept(counter.place(request))
    profit = sell("10", limit_price="110", client_order_id="tp")
    stop = sell("10", type=OrderType.STOP, stop_price="90", client_order_id="sl")
    legs = [counter.leg(entry, "tp", profit), counter.leg(entry, "sl", stop)]
    counter.fill(entry)
    for leg in legs:
        counter.told(leg, "new")
    with pytest.raises(Invalid, match="stop_price"):
        change(counter, legs[1], stop_price="110")
    moved = change(counter, legs[1], stop_price="95")
    assert (moved.leg_of, moved.replaces) == (entry.id, legs[1].id)
    assert moved.reserved == Money.zero(USD)
    assert counter.desk().state.account.holdings[AAPL].shortest == 0
    with pytest.raises(Invalid, match="limit_price"):
        change(counter, legs[0], limit_price="90")
    with pytest.raises(Invalid, match="quantity"):
        change(counter, legs[0], quantity="5")
    with pytest.raises(Invalid, match="time_in_force"):
        counter.intake.replace(
            legs[0].id, ReplaceRequest(time_in_force=TimeInForce.GTC), provenance()
        )


def test_a_cancel_ends_the_order_that_is_to_take_its_place_too() -> None:
    counter = OrderCounter()
    old = standing(counter)
    new = change(counter, old, limit_price="96")
    counter.intake.cancel(old.id, "ada")
    assert counter.order(new).status is PlatformStatus.CANCELED
    assert counter.order(old).cancel_requested_at is not None


def test_an_approved_order_may_be_sent_and_its_workflow_is_told() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    order = counter.place(buy("10"))
    now = counter.clock.now()
    assert not order.may_be_sent(now)
    wait = Wait(order.id, WaitingFor.APPROVAL, "token", now)
    counter.ledger.run(lambda tx: tx.waits.put(wait))
    approved = counter.intake.approve(order.id, BOSS, "fine")
    assert approved.may_be_sent(now)
    ((token, told),) = counter.sagas.answers
    assert (token, told["next"]) == ("token", "submit")
    assert counter.ledger.tables.waits.of(order.id) == []
    assert counter.intake.approve(order.id, UserId("other")) == approved
    audited = counter.ledger.run(lambda tx: tx.audit.select(ROOT, 10))[0]
    assert (audited.action, audited.who, audited.reason) == ("order.approve", "boss", "fine")


def test_an_order_is_judged_again_when_somebody_agrees_to_it() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    order = counter.place(buy("10"))
    halt = StateChange(
        account=ROOT, state=TradingState.HALTED, by="boss", reason="", at=counter.clock.now()
    )
    counter.ledger.run(lambda tx: tx.risk.set_trading_state(halt))
    with pytest.raises(Rejected, match="trading_state"):
        counter.intake.approve(order.id, BOSS)
    assert counter.order(order).awaits_approval


def test_what_is_held_for_an_order_does_not_speak_against_it() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    order = counter.place(buy("1000"))
    assert counter.intake.approve(order.id, BOSS).approved_by == BOSS


def test_what_has_become_too_dear_is_not_agreed_to() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    order = counter.place(buy("1000"))
    counter.quote(AAPL, "101")
    with pytest.raises(Rejected, match=r"buying_power of account must be at most 100000"):
        counter.intake.approve(order.id, BOSS)


def test_a_large_replacement_is_agreed_to_beside_the_hold_of_the_old_one() -> None:
    counter = OrderCounter(approval_above=Money.of(60_500, USD))
    old = counter.accept(counter.place(buy("600", limit_price="100")))
    new = change(counter, old, limit_price="104")
    assert new.awaits_approval
    assert counter.held() == 60_000 + 62_400
    assert counter.intake.approve(new.id, BOSS).approved_by == BOSS


def test_a_refused_order_is_withdrawn_and_its_hold_released() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    order = counter.intake.refuse(counter.place(buy("10")).id, BOSS, "too large")
    assert (order.status, order.reason) == (
        PlatformStatus.CANCELED,
        "refused by boss: too large",
    )
    assert counter.held() == 0
    with pytest.raises(Conflict):
        counter.intake.approve(order.id, BOSS)


def test_nobody_approves_what_needs_it_not_or_too_late() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    with pytest.raises(Conflict, match="waits for nobody"):
        counter.intake.approve(counter.place(buy("1")).id, BOSS)
    order = counter.place(buy("10"))
    counter.clock.advance(timedelta(hours=1))
    with pytest.raises(Conflict, match="had to be agreed"):
        counter.intake.approve(order.id, BOSS)


def test_an_oco_is_moved_by_its_target() -> None:
    counter = OrderCounter()
    counter.trade(buy("10"))
    request = sell(
        "10",
        type=OrderType.LIMIT,
        order_class=OrderClass.OCO,
        take_profit=TakeProfit(Decimal(110)),
        stop_loss=StopLoss(Decimal(90)),
    )
    old = counter.accept(counter.place(request))
    new = change(counter, old, limit_price="112")
    assert new.request == replace(
        request, client_order_id=str(new.id), take_profit=TakeProfit(Decimal(112))
    )
