"""What every ledger promises of orders and their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from algotrendy.kernel.errors import Conflict, NotFound
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.folding import apply, fold
from algotrendy.trading.ledger import Ledger, LedgerTransaction, OrderQuery
from algotrendy.trading.order_events import OrderEvent, OrderWithdrawn
from algotrendy.trading.orders import PlatformOrder
from fakes.order_story import ACCOUNT, START, Story, execution

PART = AccountId("one/trend")
OTHER = AccountId("two")
ABSENT = Story(seed=999).order_id
START_ID = Story().order_id.int


def place(ledger: Ledger, seed: int = 1, *, at: int = 0, **intent: Any) -> Story:
    """Store the intent of an order, some seconds after the others; ids rise with the seed."""
    parent = intent.pop("parent", None)
    story = Story(symbol=intent.pop("symbol", "AAPL"), seed=seed)
    story.order_id = OrderId(UUID(int=START_ID + seed))
    request = replace(story.intended.request, client_order_id=f"client-{seed}")
    provenance = replace(story.intended.provenance, parent=parent)
    story.intended = replace(
        story.intended,
        order_id=story.order_id,
        at=START + timedelta(seconds=at),
        request=request,
        provenance=provenance,
        **intent,
    )
    store(ledger, None, story.intended)
    return story


def store(ledger: Ledger, before: PlatformOrder | None, *events: OrderEvent) -> PlatformOrder:
    after = before
    for event in events:
        after = apply(after, event)
    assert after is not None
    stored = after
    ledger.run(lambda tx: tx.orders.store(stored, events))
    return stored


def read(ledger: Ledger, order_id: OrderId) -> PlatformOrder:
    return ledger.run(lambda tx: tx.orders.get(order_id))


def ids(orders: Sequence[PlatformOrder]) -> list[int]:
    return [order.id.int - START_ID for order in orders]


def test_an_order_is_read_as_its_events_say(ledger: Ledger) -> None:
    story = place(ledger)
    events = [
        story.submitted(),
        story.told("new", 1, broker_order_id="b1"),
        story.filled(execution("e1", 4, fee="0.10"), 2),
    ]
    order = store(ledger, read(ledger, story.order_id), *events)
    found = read(ledger, story.order_id)
    assert found == order == fold([story.intended, *events])
    assert found.seen == order.seen
    assert ledger.run(lambda tx: tx.orders.find(story.order_id)) == order
    history = ledger.run(lambda tx: tx.orders.history(story.order_id))
    assert list(history) == [story.intended, *events]


def test_an_order_is_read_within_the_transaction_that_stored_it(ledger: Ledger) -> None:
    story = Story()
    order, submitted = fold([story.intended]), story.submitted()
    later = apply(order, submitted)

    def work(tx: LedgerTransaction) -> list[PlatformOrder]:
        tx.orders.store(order, [story.intended])
        first = tx.orders.get(order.id)
        tx.orders.store(later, [submitted])
        return [first, tx.orders.get(order.id), *tx.orders.unsettled(ACCOUNT)]

    assert ledger.run(work) == [order, later, later]


def test_an_order_that_is_not_there(ledger: Ledger) -> None:
    assert ledger.run(lambda tx: tx.orders.find(ABSENT)) is None
    assert not ledger.run(lambda tx: tx.orders.history(ABSENT))
    assert ledger.run(lambda tx: tx.orders.by_client_id(ACCOUNT, "x")) is None
    assert ledger.run(lambda tx: tx.orders.by_broker_id(ACCOUNT, "x")) is None
    for read_it in (
        lambda tx: tx.orders.get(ABSENT),
        lambda tx: tx.orders.attempt(ABSENT),
        lambda tx: tx.orders.next_attempt(ABSENT),
        lambda tx: tx.orders.end_workflow(ABSENT),
    ):
        with pytest.raises(NotFound):
            ledger.run(read_it)


def test_orders_are_found_by_the_names_that_we_and_the_broker_gave_them(ledger: Ledger) -> None:
    first, second = place(ledger, 1, account=PART), place(ledger, 2)
    store(
        ledger,
        read(ledger, first.order_id),
        first.submitted(),
        first.told("new", broker_order_id="b1"),
        first.told("new", 1, broker_order_id="b2"),
    )

    def names(root: AccountId) -> list[OrderId | None]:
        def work(tx: LedgerTransaction) -> list[OrderId | None]:
            found = [
                tx.orders.by_client_id(root, "client-1"),
                tx.orders.by_client_id(root, "client-2"),
                tx.orders.by_broker_id(root, "b1"),
                tx.orders.by_broker_id(root, "b2"),
            ]
            return [None if order is None else order.id for order in found]

        return ledger.run(work)

    assert names(ACCOUNT) == [first.order_id, second.order_id, first.order_id, first.order_id]
    assert names(OTHER) == [None] * 4


def test_one_client_order_id_is_of_one_order_of_an_account(ledger: Ledger) -> None:
    place(ledger)
    again = Story(seed=7).intended
    again = replace(again, request=replace(again.request, client_order_id="client-1"))
    with pytest.raises(Conflict):
        store(ledger, None, replace(again, account=PART))
    assert ledger.run(lambda tx: tx.orders.find(again.order_id)) is None
    store(ledger, None, replace(again, account=OTHER))


def test_what_was_made_of_other_events_is_not_stored(ledger: Ledger) -> None:
    story = place(ledger)
    order = read(ledger, story.order_id)
    stored = store(ledger, order, story.submitted())
    for stale in (order, None):
        event = story.submitted(2) if stale else story.intended
        with pytest.raises(Conflict):
            store(ledger, stale, event)
    assert read(ledger, story.order_id) == stored
    assert len(ledger.run(lambda tx: tx.orders.history(story.order_id))) == 2


def test_unsettled_orders_are_those_of_all_parts_that_may_change(ledger: Ledger) -> None:
    stories = [place(ledger, seed) for seed in (3, 1, 2)]
    place(ledger, 4, account=PART)
    place(ledger, 5, account=OTHER)
    done, awaited, _ = stories
    store(
        ledger,
        read(ledger, done.order_id),
        done.submitted(),
        done.filled(execution("e1", 10), 1, status="filled"),
    )
    # Over, but of nine units the executions are still to be told.
    store(
        ledger,
        read(ledger, awaited.order_id),
        awaited.submitted(),
        awaited.told("canceled", 1, filled_quantity=execution(quantity=9).quantity.value),
    )
    assert ids(ledger.run(lambda tx: tx.orders.unsettled(ACCOUNT))) == [1, 2, 4]
    before = read(ledger, awaited.order_id)
    store(ledger, before, awaited.filled(execution("e9", 9), 1))
    assert ids(ledger.run(lambda tx: tx.orders.unsettled(ACCOUNT))) == [2, 4]


def test_exits_and_slices_are_found_by_what_they_belong_to(ledger: Ledger) -> None:
    entry = place(ledger, 1)
    place(ledger, 3, leg_of=entry.order_id)
    place(ledger, 2, leg_of=entry.order_id)
    place(ledger, 5, parent=ABSENT)
    place(ledger, 4, parent=ABSENT)
    assert ids(ledger.run(lambda tx: tx.orders.legs(entry.order_id))) == [2, 3]
    assert ids(ledger.run(lambda tx: tx.orders.children(ABSENT))) == [4, 5]
    assert not ledger.run(lambda tx: tx.orders.legs(ABSENT))


def test_orders_since_a_moment_leave_exits_out(ledger: Ledger) -> None:
    entry = place(ledger, 1, at=0)
    place(ledger, 2, at=10)
    place(ledger, 3, at=11, leg_of=entry.order_id)
    place(ledger, 4, at=12, account=PART)
    place(ledger, 5, at=12, account=OTHER)

    def since(second: int) -> list[int]:
        moment = START + timedelta(seconds=second)
        return ids(ledger.run(lambda tx: tx.orders.intended_since(ACCOUNT, moment)))

    assert since(0) == [1, 2, 4]
    assert since(10) == [2, 4]
    assert since(13) == []


def test_traded_orders_are_of_one_part_and_one_symbol(ledger: Ledger) -> None:
    for seed, (account, symbol) in enumerate(
        [(ACCOUNT, "AAPL"), (PART, "AAPL"), (PART, "MSFT"), (PART, "AAPL"), (PART, "AAPL")], 1
    ):
        story = place(ledger, seed, account=account, symbol=symbol)
        if seed == 5:
            continue
        events: list[OrderEvent] = [story.submitted(), story.filled(execution("e1", 1), 1)]
        if seed == 4:
            events.append(story.busted("e1", 2))
        store(ledger, read(ledger, story.order_id), *events)
    assert ids(ledger.run(lambda tx: tx.orders.traded(PART, Symbol("AAPL")))) == [2, 4]
    assert ids(ledger.run(lambda tx: tx.orders.traded(ACCOUNT, Symbol("AAPL")))) == [1]
    assert ids(ledger.run(lambda tx: tx.orders.traded(ACCOUNT, Symbol("MSFT")))) == []


def test_orders_are_listed_newest_first_by_account_state_symbol_and_time(ledger: Ledger) -> None:
    stories = {
        1: place(ledger, 1),
        2: place(ledger, 2, at=10, symbol="MSFT"),
        3: place(ledger, 3, at=20, account=PART),
        4: place(ledger, 4, at=30, account=AccountId("one/other")),
        5: place(ledger, 5, account=OTHER),
    }
    withdrawn = stories[3].make(OrderWithdrawn, reason="enough")
    store(ledger, read(ledger, stories[3].order_id), withdrawn)

    def listed(**query: Any) -> list[int]:
        asked = OrderQuery(**{"account": ACCOUNT, **query})
        return ids(ledger.run(lambda tx: tx.orders.select(asked)))

    assert listed() == [4, 3, 2, 1]
    assert listed(account=PART) == [3]
    assert listed(is_open=True) == [4, 2, 1]
    assert listed(is_open=False) == [3]
    assert listed(symbol=Symbol("MSFT")) == [2]
    assert listed(since=START + timedelta(seconds=20)) == [4, 3]
    assert listed(limit=2) == [4, 3]
    assert listed(limit=2, before=stories[3].order_id) == [2, 1]
    assert listed(account=AccountId("three")) == []
    place(ledger, 6, at=40, leg_of=stories[1].order_id)
    assert listed(limit=2) == [6, 4]
    assert listed(limit=2, with_legs=False) == [4, 3]
    assert listed(with_parts=False) == [6, 2, 1]
    assert listed(account=PART, with_parts=False, with_legs=False) == [3]


def test_workflows_are_counted_until_their_end(ledger: Ledger) -> None:
    stories = [place(ledger, seed, at=seed) for seed in (1, 2, 3)]
    place(ledger, 4, leg_of=stories[0].order_id)
    later = START + timedelta(seconds=3)

    def open_ones(limit: int = 10, after: OrderId | None = None) -> list[int]:
        found = ledger.run(lambda tx: tx.orders.without_end(later, limit, after))
        return [order_id.int - START_ID for order_id in found]

    assert open_ones() == [1, 2]
    assert open_ones(limit=1) == [1]
    assert open_ones(after=stories[0].order_id) == [2]
    for _ in range(2):
        ledger.run(lambda tx: tx.orders.end_workflow(stories[0].order_id))
        assert open_ones() == [2]
    assert ledger.run(lambda tx: tx.orders.attempt(stories[1].order_id)) == 1
    assert ledger.run(lambda tx: tx.orders.next_attempt(stories[1].order_id)) == 2
    assert ledger.run(lambda tx: tx.orders.attempt(stories[1].order_id)) == 2
