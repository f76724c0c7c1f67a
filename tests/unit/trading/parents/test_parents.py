from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Rejected
from algotrendy.kernel.ids import EventId, OrderId
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import OrderType
from algotrendy.risk.limits import TradingState
from algotrendy.trading.parents.intake import ParentIntake
from algotrendy.trading.parents.parent import Parent, ParentState, Style, slice_name
from algotrendy.trading.parents.slicing import begun, due_by
from algotrendy.trading.parents.working import MOST_REFUSALS, StepIds, advance
from algotrendy.trading.ports import Ring
from fakes.memory_ledger import Fate
from fakes.order_counter import AAPL, NOON, ROOT, USD, OrderCounter, provenance
from fakes.slicer import Slicer, iceberg, twap, wish


def sizes(slicer: Slicer) -> list[Decimal]:
    return [each.request.quantity or Decimal(0) for each in slicer.slices]


def test_a_twap_places_equal_slices_at_equal_times() -> None:
    slicer = Slicer(twap())
    for _ in range(5):
        assert slicer.step()
        slicer.fill()
        assert not slicer.step()
        slicer.counter.clock.advance(timedelta(minutes=2))
    assert sizes(slicer) == [Decimal(20)] * 5
    assert slicer.look().state is ParentState.FILLED
    assert slicer.look().filled == 100


def test_what_one_slice_leaves_the_next_one_takes() -> None:
    slicer = Slicer(twap())
    slicer.step()
    slicer.fill("5")
    assert slicer.step(2)  # The first is cancelled.
    assert slicer.slices[0].cancel_requested_at is not None
    assert not slicer.step()
    slicer.end()
    slicer.step()
    assert sizes(slicer) == [Decimal(20), Decimal(35)]


def test_a_curve_of_volume_decides_the_slices_of_a_vwap() -> None:
    curve = tuple(map(Decimal, (1, 0, 2, 1)))
    slicer = Slicer(wish(Style.VWAP, "101", curve=curve))
    for _ in range(4):
        if slicer.step():
            slicer.fill()
        slicer.counter.clock.advance(timedelta(minutes=2.5))
    assert sizes(slicer) == [Decimal(25), Decimal(50), Decimal(26)]


def test_an_iceberg_shows_one_small_order_after_the_other() -> None:
    slicer = Slicer(iceberg())
    for _ in range(4):
        assert slicer.step()
        assert not slicer.step()
        slicer.fill()
    slicer.step()
    assert sizes(slicer) == [Decimal(30), Decimal(30), Decimal(30), Decimal(10)]
    assert {each.request.type for each in slicer.slices} == {OrderType.LIMIT}
    assert slicer.look().state is ParentState.FILLED


def test_slices_are_named_and_known_by_their_parent() -> None:
    slicer = Slicer(twap())
    slicer.step()
    (order,) = slicer.slices
    assert order.client_order_id == f"{slicer.id}-1"
    assert order.provenance.parent == slicer.id
    assert slice_name(slicer.id, 7, 32) == slicer.id.hex[:-4] + "0007"


def test_nothing_is_placed_before_the_begin() -> None:
    slicer = Slicer(twap(begins_at=NOON + timedelta(minutes=4)))
    assert not slicer.step()
    assert not slicer.step(3)
    assert slicer.step(1)


def test_a_slice_whose_fate_is_unknown_lets_no_other_be_placed() -> None:
    slicer = Slicer(twap())
    slicer.step()
    slicer.counter.accept(slicer.slices[0])
    slicer.counter.told(slicer.slices[0], "canceled", filled_quantity=Decimal(4))
    # Cancelled, with an execution that is not told yet.
    assert not slicer.step(2)
    slicer.fill("4")
    assert slicer.step()
    assert sizes(slicer) == [Decimal(20), Decimal(36)]


def test_an_end_that_comes_first_ends_what_is_at_the_market() -> None:
    slicer = Slicer(iceberg())
    slicer.step()
    slicer.fill("10")
    assert slicer.step(10)
    assert slicer.look().state is ParentState.WORKING
    slicer.end()
    slicer.step()
    assert slicer.look().state is ParentState.ENDED
    assert slicer.look().filled == 10


def test_a_pause_ends_the_slice_and_a_resume_catches_up() -> None:
    slicer = Slicer(twap())
    slicer.step()
    slicer.intake.pause(slicer.id, "ada", "news")
    assert slicer.step()
    assert not slicer.step(2)
    assert slicer.slices[0].is_terminal
    slicer.intake.resume(slicer.id, "ada")
    assert slicer.step()
    assert sizes(slicer)[-1] == 40


def test_a_cancel_waits_for_the_slice_at_the_market() -> None:
    slicer = Slicer(iceberg())
    slicer.step()
    slicer.counter.accept(slicer.slices[0])
    slicer.intake.cancel(slicer.id, "ada", "enough")
    assert slicer.step()
    slicer.step()
    assert slicer.look().state is ParentState.CANCELLING
    slicer.fill()  # The fill crosses the cancel.
    slicer.step()
    assert slicer.look().state is ParentState.CANCELED
    assert slicer.look().filled == 30
    assert slicer.intake.cancel(slicer.id, "ada").state is ParentState.CANCELED
    with pytest.raises(Conflict, match="canceled"):
        slicer.intake.resume(slicer.id, "ada")


def test_a_slice_that_is_refused_is_tried_again_later_and_not_for_ever() -> None:
    slicer = Slicer(iceberg(minutes=60))
    slicer.counter.state(TradingState.HALTED)
    for _ in range(MOST_REFUSALS):
        assert slicer.look().state is ParentState.WORKING
        slicer.step()
        slicer.step()  # At once again: too early.
        slicer.counter.clock.advance(timedelta(seconds=30))
    assert slicer.look().state is ParentState.PAUSED
    assert "trading_state" in slicer.look().reason
    assert slicer.slices == []
    slicer.counter.state(TradingState.ACTIVE)
    slicer.intake.resume(slicer.id, "ada")
    assert slicer.step()


def test_a_broker_that_refuses_every_slice_ends_in_a_pause() -> None:
    slicer = Slicer(iceberg(minutes=60))
    for _ in range(MOST_REFUSALS):
        assert slicer.step()
        slicer.counter.accept(slicer.slices[-1])
        slicer.counter.told(slicer.slices[-1], "rejected", reason="no borrow")
        slicer.step()
        slicer.counter.clock.advance(timedelta(seconds=30))
    slicer.step()
    assert slicer.look().state is ParentState.PAUSED
    assert slicer.look().reason == "no borrow"


def test_a_slice_waits_for_a_fresh_price() -> None:
    slicer = Slicer(twap())
    counter = slicer.counter
    counter.clock.advance(timedelta(seconds=90))
    now = counter.clock.now()
    ids = StepIds(OrderId(counter.ids.next()), EventId(counter.ids.next()))
    assert not counter.ledger.run(lambda tx: advance(tx, slicer.id, ids, now))
    assert list(counter.ledger.tables.market.wanted(ROOT, now)) == [AAPL]
    assert slicer.step()


def test_a_step_that_is_taken_twice_places_one_slice() -> None:
    slicer = Slicer(twap())
    counter = slicer.counter
    now = counter.clock.now()
    ids = StepIds(OrderId(counter.ids.next()), EventId(counter.ids.next()))
    for _ in range(2):
        assert counter.ledger.run(lambda tx: advance(tx, slicer.id, ids, now))
    assert len(slicer.slices) == 1


def test_the_same_wish_again_is_the_same_parent() -> None:
    slicer = Slicer(twap(client_order_id="mine"))
    slicer.counter.clock.advance(timedelta(seconds=5))
    assert slicer.intake.place(twap(client_order_id="mine"), provenance()).id == slicer.id
    with pytest.raises(Conflict, match="came with another request"):
        slicer.intake.place(twap("101", client_order_id="mine"), provenance())
    assert [each.id for each in slicer.intake.select(ROOT, 10)] == [slicer.id]
    assert slicer.counter.bell.rings == [Ring(ROOT), Ring(ROOT)]


def test_an_unknown_commit_makes_one_parent() -> None:
    slicer = Slicer(twap())
    fates = iter([Fate.IS_UNSEEN, Fate.IS_LOST])
    slicer.counter.ledger.fate = lambda: next(fates, Fate.COMMITS)
    slicer.intake.place(twap(client_order_id="mine"), provenance())
    assert len(slicer.intake.select(ROOT, 10)) == 2


def test_a_parent_that_is_not_there_is_not_found() -> None:
    slicer = Slicer(twap())
    with pytest.raises(NotFound):
        slicer.intake.cancel(OrderId(slicer.counter.ids.next()), "ada")


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: twap(slices=0), "slices"),
        (lambda: twap("4", slices=5), "slices"),
        (lambda: twap(slices=501), "slices"),
        (lambda: twap(minutes=0), "ends_at"),
        (lambda: twap(minutes=60 * 24 * 8), "ends_at"),
        (lambda: twap(display=Decimal(1)), "display"),
        (lambda: twap("0"), "quantity"),
        (lambda: wish(Style.VWAP), "curve"),
        (lambda: wish(Style.VWAP, curve=(Decimal(0),)), "curve"),
        (lambda: wish(Style.VWAP, curve=(Decimal(1), Decimal(-1))), "curve.1"),
        (lambda: wish(Style.ICEBERG), "display"),
        (lambda: iceberg(display="101"), "display"),
        (lambda: iceberg(display="0.5"), "display"),
        (lambda: wish(Style.ICEBERG, display=Decimal(10)), "limit_price"),
        (lambda: twap(limit_price=Decimal("99.999")), "limit_price"),
    ],
)
def test_what_cannot_be_cut_is_refused_by_its_field(make: Any, field: str) -> None:
    counter = OrderCounter()
    intake = ParentIntake(counter.ledger, counter.bell, counter.clock, counter.ids)
    with pytest.raises(Invalid) as refused:
        intake.place(make(), provenance())
    assert refused.value.field == field


def test_a_schedule_never_goes_back_and_ends_with_the_whole() -> None:
    parent = Parent(
        id=OrderId(OrderCounter().ids.next()),
        wish=twap("101", slices=7),
        provenance=provenance(),
        begins_at=NOON,
    )
    moments = [NOON + timedelta(seconds=each) for each in range(-10, 700, 10)]
    due = [due_by(parent, moment) for moment in moments]
    assert due == sorted(due)
    assert due[0] == 0
    assert due[-1] == 101
    assert [begun(parent, moments[0]), begun(parent, moments[-1])] == [0, 7]


def test_what_would_wait_for_a_person_as_one_order_is_not_cut_into_small_ones() -> None:
    above = Money.of(9_999, USD)
    with pytest.raises(Rejected, match="a person must agree"):
        Slicer(twap(), approval_above=above)
    with pytest.raises(Rejected, match="a person must agree"):
        Slicer(iceberg(), approval_above=above)
    assert Slicer(twap(), approval_above=Money.of(10_000, USD)).step()


def test_a_parent_whose_price_is_told_later_is_refused_then() -> None:
    slicer = Slicer(
        twap(begins_at=NOON + timedelta(minutes=5)), approval_above=Money.of(10_500, USD)
    )
    slicer.counter.clock.advance(timedelta(minutes=5))
    slicer.counter.quote(AAPL, "110")
    now = slicer.counter.clock.now()
    ids = StepIds(OrderId(slicer.counter.ids.next()), EventId(slicer.counter.ids.next()))
    with pytest.raises(Rejected, match="a person must agree"):
        slicer.counter.ledger.run(lambda tx: advance(tx, slicer.id, ids, now))
