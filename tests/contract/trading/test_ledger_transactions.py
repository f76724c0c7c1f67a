"""What every ledger promises of a transaction: all or nothing, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from algotrendy.kernel.errors import Rejected
from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import Recorded, record
from algotrendy.trading.events import OrderChanged
from algotrendy.trading.ledger import AuditRecord, Ledger, LedgerTransaction
from algotrendy.trading.waits import Wait, WaitingFor
from fakes.order_story import ACCOUNT, START, Story, dollars, execution

AAPL = Symbol("AAPL")
Published = Callable[[], Sequence[Event]]


def opened(tx: LedgerTransaction) -> None:
    account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
    tx.accounts.add(account)
    tx.books.post(entries.deposit(ACCOUNT, "d1", START, dollars(10_000)))


def facts(ledger: Ledger, story: Story) -> object:
    def work(tx: LedgerTransaction) -> object:
        return (
            tx.orders.find(story.order_id),
            tuple(tx.orders.history(story.order_id)),
            tuple(tx.orders.unsettled(ACCOUNT)),
            dict(tx.books.balances([ACCOUNT])),
            tx.books.lots(ACCOUNT, AAPL),
            tuple(tx.books.closed_lots(ACCOUNT, START, 10)),
            tuple(tx.waits.all(ACCOUNT)),
            tuple(tx.audit.select(ACCOUNT, 10)),
        )

    return ledger.run(work)


def everything(story: Story) -> Callable[[LedgerTransaction], Recorded]:
    events = [
        story.intended,
        story.submitted(),
        story.told("new", broker_order_id="b1"),
        story.filled(execution("e1", 4, fee="0.04"), 1),
    ]
    audit = AuditRecord(
        id=story.ids.next(),
        tenant=TenantId("demo"),
        account=ACCOUNT,
        at=START,
        who="ada",
        action="place",
        subject=str(story.order_id),
    )

    def work(tx: LedgerTransaction) -> Recorded:
        opened(tx)
        done = record(tx, events)
        tx.waits.put(Wait(story.order_id, WaitingFor.END, "t1", START))
        tx.audit.add(audit)
        return done

    return work


def test_what_raises_undoes_everything(ledger: Ledger, published: Published) -> None:
    story = Story()
    ledger.run(opened)
    before = facts(ledger, story)
    work = everything(story)

    def failing(tx: LedgerTransaction) -> None:
        work(tx)
        raise Rejected("no")

    with pytest.raises(Rejected, match="no"):
        ledger.run(failing)
    assert facts(ledger, story) == before
    assert list(published()) == []


def test_the_same_again_changes_nothing(ledger: Ledger, published: Published) -> None:
    story = Story()
    work = everything(story)
    first = ledger.run(work)
    before, told = facts(ledger, story), list(published())
    assert len(first.events) == 4
    assert len(told) == 1
    assert isinstance(told[0], OrderChanged)
    again = ledger.run(work)
    assert again.events == ()
    assert again.after == first.after
    assert facts(ledger, story) == before
    assert list(published()) == told


def test_an_event_is_promised_once_under_one_id(ledger: Ledger, published: Published) -> None:
    ledger.run(everything(Story()))
    (event,) = published()

    def twice(tx: LedgerTransaction) -> None:
        tx.publish(event)
        tx.publish(event)

    for _ in range(2):
        ledger.run(twice)
    assert list(published()) == [event]


def test_an_order_after_a_rollback_is_as_it_was_before(ledger: Ledger) -> None:
    story = Story()
    ledger.run(opened)
    ledger.run(lambda tx: record(tx, [story.intended]))
    before = ledger.run(lambda tx: tx.orders.get(story.order_id))

    def failing(tx: LedgerTransaction) -> None:
        record(tx, [story.submitted()])
        assert tx.orders.get(story.order_id) != before
        raise Rejected("no")

    with pytest.raises(Rejected):
        ledger.run(failing)
    assert ledger.run(lambda tx: tx.orders.get(story.order_id)) == before
    # Another event takes the place of the one that was undone.
    after = ledger.run(lambda tx: record(tx, [story.submitted(5)])).after
    assert after.epoch == 5
    assert ledger.run(lambda tx: tx.orders.get(story.order_id)) == after


def test_a_fill_moves_cash_units_and_lots_together(ledger: Ledger) -> None:
    story = Story()
    ledger.run(everything(story))
    ledger.run(lambda tx: record(tx, [story.filled(execution("e2", 6, 101), 2, status="filled")]))
    balances = ledger.run(lambda tx: tx.books.balances([ACCOUNT]))
    by_name = {
        (place.book.value, place.symbol, place.currency): value for place, value in balances.items()
    }
    usd = story.intended.reserved.currency
    assert by_name[("cash", None, usd)] == dollars("8993.96").amount
    assert by_name[("position", AAPL, usd)] == 1006
    assert ("cash_held", None, usd) not in by_name
    lots = ledger.run(lambda tx: tx.books.lots(ACCOUNT, AAPL))
    assert lots is not None
    assert lots.position.quantity == 10
