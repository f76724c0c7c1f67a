"""What the hour, an order's state or a blocked account forbids is refused before it is sent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import TimeInForce
from algotrendy.kernel.order_request import ReplaceRequest
from algotrendy.trading.admission import KILL_SWITCH
from algotrendy.trading.opening import note_block
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import AAPL, ADA, BTC, MSFT, ROOT, USD, OrderCounter, provenance
from fakes.risk_desk import buy, sell

NIGHT, OPENING = timedelta(hours=10), timedelta(hours=21, minutes=29)


@pytest.mark.parametrize(
    ("life", "later"),
    [
        (TimeInForce.IOC, NIGHT),
        (TimeInForce.FOK, NIGHT),
        (TimeInForce.OPG, timedelta()),
        (TimeInForce.OPG, OPENING),
        (TimeInForce.CLS, timedelta(hours=3, minutes=50)),
    ],
)
def test_what_is_not_taken_at_this_hour_is_refused_by_its_field(
    life: TimeInForce, later: timedelta
) -> None:
    counter, always = OrderCounter(), OrderCounter(round_the_clock=True)
    for each in (counter, always):
        each.clock.advance(later)
        each.quote(AAPL, "100")
    with pytest.raises(Invalid, match="time_in_force must be another"):
        counter.place(buy("1", time_in_force=life))
    always.place(buy("1", time_in_force=life))
    counter.place(buy("1", time_in_force=TimeInForce.DAY))


def test_pairs_are_taken_at_any_hour() -> None:
    counter = OrderCounter()
    counter.clock.advance(NIGHT)
    counter.quote(BTC, "20000")
    counter.place(buy("0.1", BTC, time_in_force=TimeInForce.IOC))


def test_the_hour_is_looked_at_when_somebody_agrees_and_when_the_time_in_force_changes() -> None:
    counter = OrderCounter(approval_above=Money.of(500, USD))
    counter.clock.advance(timedelta(hours=3, minutes=59))
    counter.quote(AAPL, "100")
    waiting = counter.place(buy("10", time_in_force=TimeInForce.IOC))
    standing = counter.accept(counter.place(buy("1", limit_price="90")))
    counter.clock.advance(timedelta(minutes=2))
    counter.quote(AAPL, "100")
    with pytest.raises(Invalid, match="time_in_force"):
        counter.intake.approve(waiting.id, ADA)
    change = ReplaceRequest(time_in_force=TimeInForce.FOK)
    with pytest.raises(Invalid, match="time_in_force"):
        counter.intake.replace(standing.id, change, provenance())


def test_an_auctions_order_keeps_its_time_in_force_while_no_new_ones_are_taken() -> None:
    counter = OrderCounter()
    order = buy("1", limit_price="90", time_in_force=TimeInForce.CLS)
    standing = counter.accept(counter.place(order))
    counter.clock.advance(timedelta(hours=3, minutes=55))
    counter.quote(AAPL, "100")
    change = ReplaceRequest(limit_price=Decimal(91))
    assert counter.intake.replace(standing.id, change, provenance()).replaces == standing.id


def test_a_blocked_account_takes_nothing_but_what_ends_a_risk() -> None:
    counter = OrderCounter()
    counter.trade(buy("10"))
    counter.ledger.run(lambda tx: note_block(tx, ROOT, is_blocked=True))
    assert counter.refused(sell("10"))["broker_account"] == "free to trade"
    assert counter.place(sell("10"), user=KILL_SWITCH).status is PlatformStatus.INTENDED
    counter.ledger.run(lambda tx: note_block(tx, ROOT, is_blocked=False))
    counter.place(buy("1", MSFT))


@pytest.mark.parametrize("status", ["accepted", "pending_cancel", "pending_replace"])
def test_an_order_that_its_broker_cannot_change_now_is_not_changed(status: str) -> None:
    counter = OrderCounter()
    standing = counter.accept(counter.place(buy("1", limit_price="90")))
    counter.told(standing, status)
    change = ReplaceRequest(limit_price=Decimal(91))
    with pytest.raises(Conflict, match=status):
        counter.intake.replace(standing.id, change, provenance())
