"""However its commits end, a ledger whose works are run again comes to the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.errors import Conflict, Unavailable, Unknown
from algotrendy.kernel.ids import TenantId
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.ledger import LedgerTransaction, OrderQuery
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.verification import Evidence, verify_ledger
from fakes.memory_ledger import Fate, MemoryLedger
from fakes.order_story import ACCOUNT, START, Story, dollars, execution

steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["new", "fill", "bust", "canceled", "submitted"])),
    max_size=12,
)
fates = st.lists(st.sampled_from(Fate), max_size=40)


def event_of(story: Story, count: int, what: str) -> OrderEvent:
    match what:
        case "fill":
            return story.filled(execution(f"{story.order_id} {count}", 3, fee="0.01"), count)
        case "bust":
            return story.busted(f"{story.order_id} {count - 1}", count)
        case "submitted":
            return story.submitted()
        case _:
            return story.told(what, count, broker_order_id=f"b {story.order_id}")


def opened(tx: LedgerTransaction) -> None:
    account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
    tx.accounts.add(account)
    tx.books.post(entries.deposit(ACCOUNT, "d1", START, dollars(10_000)))


def play(ledger: MemoryLedger, works: list[list[OrderEvent]]) -> None:
    posted: list[Callable[[LedgerTransaction], None]] = [opened]
    posted += [partial(_recorded, events=events) for events in works]
    for work in posted:
        while True:
            with suppress(Unavailable, Unknown):
                with suppress(Conflict):
                    ledger.run(work)
                break


def _recorded(tx: LedgerTransaction, events: list[OrderEvent]) -> None:
    record(tx, events)


def kept(ledger: MemoryLedger) -> object:
    def read(evidence: Evidence) -> object:
        return (
            list(evidence.events()),
            list(evidence.entries()),
            dict(evidence.orders()),
            dict(evidence.balances()),
            dict(evidence.lots()),
        )

    closed = ledger.run(lambda tx: tx.books.closed_lots(ACCOUNT, START, 100))
    unsettled = ledger.run(lambda tx: tx.orders.unsettled(ACCOUNT))
    return ledger.examine(ACCOUNT, read), closed, unsettled, ledger.published


@settings(deadline=None)
@given(steps, fates)
def test_the_same_works_come_to_the_same_ledger(
    made: list[tuple[int, str]], ends: list[Fate]
) -> None:
    stories = [Story(seed=seed) for seed in range(3)]
    works: list[list[OrderEvent]] = [[story.intended] for story in stories]
    for count, (index, what) in enumerate(made):
        works.append([event_of(stories[index], count, what)])
    smooth = MemoryLedger()
    play(smooth, works)

    left = iter(ends)
    rough = MemoryLedger(lambda: next(left, Fate.COMMITS))
    play(rough, works)
    rough.fate = lambda: Fate.COMMITS
    assert kept(rough) == kept(smooth)
    assert verify_ledger(rough).differences == ()

    orders = rough.run(lambda tx: tx.orders.select(OrderQuery(account=ACCOUNT)))
    unsettled = rough.run(lambda tx: tx.orders.unsettled(ACCOUNT))
    assert list(unsettled) == [order for order in orders[::-1] if not order.is_settled]
