"""Lists of every ledger: what fits the filters, newest first, page by page to the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, OrderId, TenantId, first_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.risk.records import KillSwitch
from algotrendy.trading import listings
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import record
from algotrendy.trading.journal import EntryKind
from algotrendy.trading.ledger import AuditRecord, Ledger, LedgerTransaction
from algotrendy.trading.listings import OrderFilter
from algotrendy.trading.paging import Page, Question, Within
from algotrendy.trading.status import PlatformStatus
from fakes.order_story import ACCOUNT, START, Story, execution

DEMO = TenantId("demo")
MINE = Reach(DEMO)
PART = AccountId("one/trend")
AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
SECOND = timedelta(seconds=1)
Item = TypeVar("Item")


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def trade(ledger: Ledger) -> dict[str, OrderId]:
    """Fill six orders, one a second: buys and sales, of two symbols and two parts."""
    for account in (ACCOUNT, PART):
        opened = Account(id=account, tenant=DEMO, broker="alpaca", opened_at=START)
        ledger.run(lambda tx, opened=opened: tx.accounts.add(opened))  # type: ignore[misc]
    made = [
        ("b1", Side.BUY, "AAPL", ACCOUNT),
        ("b2", Side.BUY, "MSFT", ACCOUNT),
        ("s3", Side.SELL, "AAPL", ACCOUNT),
        ("b4", Side.BUY, "AAPL", PART),
        ("s5", Side.SELL, "MSFT", ACCOUNT),
        ("s6", Side.SELL, "AAPL", PART),
    ]
    ids = {}
    for number, (name, side, symbol, account) in enumerate(made, 1):
        story = Story(4, side=side, symbol=symbol, reserved=0, seed=number)
        order_id = OrderId(UUID(int=first_uuid7(at(number)).int + number))
        news = [
            replace(story.intended, account=account, at=at(number)),
            *(
                story.filled(execution(f"{name}.{part}", 2, 100 + part, at(number + part / 10000)))
                for part in (1, 2)
            ),
        ]
        for told in news:
            event = replace(told, order_id=order_id)
            ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]
        ids[name] = order_id
    return ids


def read_all(
    ledger: Ledger, read: Callable[[LedgerTransaction, Question], Page[Item]], limit: int
) -> list[Item]:
    found: list[Item] = []
    question = Question(("a list",), limit)
    while True:
        page = ledger.run(lambda tx, question=question: read(tx, question))  # type: ignore[misc]
        assert len(page.items) <= limit
        found += page.items
        if page.next_cursor is None:
            return found
        question = replace(question, cursor=page.next_cursor)


@pytest.fixture(params=[1, 2, 50])
def limit(request: pytest.FixtureRequest) -> int:
    size: int = request.param
    return size


def test_orders_by_status_side_and_time(ledger: Ledger, limit: int) -> None:
    ids = trade(ledger)
    names = {order_id: name for name, order_id in ids.items()}

    def listed(**wanted: Any) -> list[str]:
        fitting = OrderFilter(**wanted)
        orders = read_all(
            ledger, lambda tx, asked: listings.orders(tx, MINE, ACCOUNT, asked, fitting), limit
        )
        return [names[order.id] for order in orders]

    assert listed() == ["s6", "s5", "b4", "s3", "b2", "b1"]
    assert listed(side=Side.SELL) == ["s6", "s5", "s3"]
    assert listed(side=Side.BUY, symbol=AAPL) == ["b4", "b1"]
    assert listed(statuses=[PlatformStatus.FILLED], until=at(3)) == ["b2", "b1"]
    assert listed(statuses=[PlatformStatus.NEW, PlatformStatus.UNKNOWN]) == []
    assert listed(since=at(2), until=at(5)) == ["b4", "s3", "b2"]


def test_fills_by_symbol_order_and_time(ledger: Ledger, limit: int) -> None:
    ids = trade(ledger)

    def listed(account: AccountId = ACCOUNT, **wanted: Any) -> set[str]:
        fills = read_all(
            ledger, lambda tx, asked: listings.fills(tx, MINE, account, asked, **wanted), limit
        )
        seconds = [int((fill.execution.at - START).total_seconds()) for fill in fills]
        assert seconds == sorted(seconds, reverse=True)
        return {fill.execution.id for fill in fills}

    assert len(listed()) == 12
    assert listed(symbol=MSFT) == {"b2.1", "b2.2", "s5.1", "s5.2"}
    assert listed(PART, symbol=MSFT) == set()
    assert listed(order_id=ids["s3"]) == {"s3.1", "s3.2"}
    assert listed(order_id=ids["s3"], symbol=MSFT) == set()
    assert listed(PART, order_id=ids["s3"]) == set()
    # Both are of one millisecond: it is the time that counts, and not the place in the journal.
    assert listed(within=Within(at(3.00015), at(4.00015))) == {"s3.2", "b4.1"}
    assert listed(within=Within(since=at(6))) == {"s6.1", "s6.2"}
    assert listed(within=Within(until=at(1.0001))) == set()


def test_the_journal_by_kind_and_time(ledger: Ledger, limit: int) -> None:
    trade(ledger)

    def listed(kinds: list[EntryKind], within: Within) -> set[str]:
        entries = read_all(
            ledger,
            lambda tx, asked: listings.activities(tx, MINE, ACCOUNT, asked, kinds, within),
            limit,
        )
        return {entry.key for _, entry in entries}

    assert listed([], Within(at(5), at(6))) == {"fill:one:s5.1", "fill:one:s5.2"}
    assert listed([EntryKind.FEE], Within(at(5), at(6))) == set()
    everything = listed([], Within())
    assert len(everything) == 12
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (1, 9999))
    end_of_time = last.replace(month=12, day=31, hour=23)
    assert listed([], Within(first, end_of_time)) == everything
    assert listed([], Within(first, first)) == set()


def test_the_audit_by_who_subject_and_time(ledger: Ledger, limit: int) -> None:
    trade(ledger)
    for second in range(8):
        kept = AuditRecord(
            id=UUID(int=first_uuid7(at(second)).int + second),
            tenant=DEMO,
            account=PART if second == 4 else ACCOUNT,
            # A clock is read a moment after the name was made.
            at=at(second + 0.5),
            who="ada" if second % 2 else "rita",
            action="place",
            subject=f"order {second // 4}",
            facts={},
        )
        ledger.run(lambda tx, kept=kept: tx.audit.add(kept))  # type: ignore[misc]

    def listed(**wanted: Any) -> list[float]:
        records = read_all(
            ledger, lambda tx, asked: listings.audit(tx, MINE, ACCOUNT, asked, **wanted), limit
        )
        return [(each.at - START).total_seconds() for each in records]

    assert listed() == [7.5, 6.5, 5.5, 4.5, 3.5, 2.5, 1.5, 0.5]
    assert listed(who="ada") == [7.5, 5.5, 3.5, 1.5]
    assert listed(who="ada", subject="order 0") == [3.5, 1.5]
    assert listed(within=Within(at(2.5), at(4.5))) == [3.5, 2.5]
    assert listed(who="nobody") == []


def test_closed_lots_page_by_page(ledger: Ledger, limit: int) -> None:
    trade(ledger)

    def listed(account: AccountId, since: datetime) -> list[str]:
        placed = read_all(
            ledger, lambda tx, asked: listings.closed_lots(tx, MINE, account, since, asked), limit
        )
        return [f"{lot.lot_id} {lot.closed_by}" for _, lot in placed]

    everything = listed(ACCOUNT, START)
    assert everything == [
        "b4.2 s6.2",
        "b4.1 s6.1",
        "b2.2 s5.2",
        "b2.1 s5.1",
        "b1.2 s3.2",
        "b1.1 s3.1",
    ]
    assert listed(ACCOUNT, at(5)) == everything[:4]
    assert listed(PART, START) == everything[:2]


def test_lots_that_one_trade_closed_page_by_page(ledger: Ledger, limit: int) -> None:
    trade(ledger)
    bought = Story(6, symbol="MSFT", reserved=0, seed=40)
    sold = Story(6, symbol="MSFT", side=Side.SELL, reserved=0, seed=41)
    news = [
        bought.intended,
        *(bought.filled(execution(f"{name}", 2, 90, at(10 + n))) for n, name in enumerate("zay")),
        sold.intended,
        sold.filled(execution("all", 6, 95, at(20))),
    ]
    for event in news:
        ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]
    placed = read_all(
        ledger, lambda tx, asked: listings.closed_lots(tx, MINE, ACCOUNT, at(20), asked), limit
    )
    assert [lot.lot_id for _, lot in placed] == ["z", "a", "y"]


def test_kill_switches_page_by_page(ledger: Ledger, limit: int) -> None:
    trade(ledger)
    for number in range(5):
        switch = KillSwitch(
            id=UUID(int=first_uuid7(START).int + number),
            account=ACCOUNT,
            flatten=False,
            by="rita",
            reason="so",
            # Two of them at one time.
            asked_at=at(number // 2),
            due_at=at(number),
        )
        ledger.run(lambda tx, switch=switch: tx.risk.put_kill_switch(switch))  # type: ignore[misc]
    found = read_all(
        ledger, lambda tx, asked: listings.kill_switches(tx, MINE, ACCOUNT, asked), limit
    )
    assert [each.id.int - first_uuid7(START).int for each in found] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("place", ["x", "[]", '["2026-11-23T14:30:00", "A", "b", "c"]', "7"])
def test_a_place_that_no_list_gave_is_refused(ledger: Ledger, place: str) -> None:
    trade(ledger)
    question = Question(("a list",))
    forged = replace(question, cursor=question.cursor_after(place))
    with pytest.raises(Invalid, match="cursor"):
        ledger.run(lambda tx: listings.closed_lots(tx, MINE, ACCOUNT, START, forged))
