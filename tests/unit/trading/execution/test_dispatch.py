"""What is about to be sent is looked at once more in the transaction that stores it."""

from decimal import Decimal

from algotrendy.kernel.order_request import ReplaceRequest
from algotrendy.trading.execution.dispatch import begin
from algotrendy.trading.order_events import OrderCancelRequested, OrderSubmitted
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import ROOT, OrderCounter, provenance
from fakes.risk_desk import buy


def test_nothing_takes_the_place_of_an_order_that_is_being_cancelled() -> None:
    counter = OrderCounter()
    old = counter.accept(counter.place(buy("10", limit_price="95")))
    change = ReplaceRequest(limit_price=Decimal(96))
    new = counter.intake.replace(old.id, change, provenance())
    now = counter.clock.now()
    # It reached the old order alone.
    counter.record(OrderCancelRequested(id=counter.event_id(), order_id=old.id, at=now, by="ada"))
    submitted = OrderSubmitted(id=counter.event_id(), order_id=new.id, at=now, epoch=1)
    withdrawn_id = counter.event_id()
    assert counter.ledger.run(lambda tx: begin(tx, ROOT, submitted, withdrawn_id)) is None
    found = counter.order(new)
    assert found.status is PlatformStatus.CANCELED
    assert found.reason == "the order that it was to replace is being cancelled"
