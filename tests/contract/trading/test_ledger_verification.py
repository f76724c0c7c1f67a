"""What every ledger shows its auditor, and what the auditor finds in one that was tampered with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.adapters.postgres import evidence as pages
from algotrendy.trading.booking import record
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.lots import ClosedLot, Lot
from algotrendy.trading.status import PlatformStatus
from algotrendy.trading.verification import Auditable, verify_ledger
from algotrendy.trading.verify import DifferenceKind
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import ACCOUNT, START, Story, dollars, execution

PART, OTHER = AccountId("one/trend"), AccountId("two")
AAPL = Symbol("AAPL")


def trade(ledger: Ledger) -> Story:
    """Trade on three accounts: bought, sold in part, taken back, and one order left open."""
    accounts = (ACCOUNT, PART, OTHER)
    for account in accounts:
        opened = Account(id=account, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
        paid = entries.deposit(account, "d1", START, dollars(10_000))
        ledger.run(lambda tx, opened=opened: tx.accounts.add(opened))  # type: ignore[misc]
        ledger.run(lambda tx, paid=paid: tx.books.post(paid))  # type: ignore[misc]
    for seed, account in enumerate(accounts):
        bought, sold = Story(seed=10 + seed), Story(6, side=Side.SELL, seed=20 + seed, reserved=0)
        for story, name, second in ((bought, "b", 1), (sold, "s", 2)):
            intended = replace(story.intended, account=account)
            at = START + timedelta(seconds=second)
            news = [
                story.submitted(),
                story.filled(execution(f"{name}1", 2, 100, at, fee="0.1"), second),
                story.filled(execution(f"{name}2", 4, 101, at + timedelta(seconds=9)), second + 9),
            ]
            for event in (intended, *news):
                ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]
    last = Story(seed=30)
    ledger.run(
        lambda tx: record(
            tx, [last.intended, last.submitted(), last.told("new", broker_order_id="b30")]
        )
    )
    taken_back = sold.busted("s2", 30, reason="clearly erroneous")
    ledger.run(lambda tx: record(tx, [taken_back]))
    return last


@pytest.fixture(params=[1000, 2])
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    size: int = request.param
    monkeypatch.setattr(pages, "PAGE", size)
    return size


def test_a_sound_ledger_has_no_difference(ledger: Ledger, page: int) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    trade(ledger)
    whole = verify_ledger(ledger)
    assert whole.differences == (), page
    assert (whole.accounts, whole.orders) == (2, 7)
    assert whole.events == 6 * 4 + 3 + 1
    alone = verify_ledger(ledger, OTHER)
    assert (alone.accounts, alone.orders, alone.events) == (1, 2, 9)
    assert alone.entries < whole.entries
    assert str(whole).endswith(" entries, no differences")


def test_an_empty_ledger_is_sound(ledger: Ledger) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    assert str(verify_ledger(ledger)) == (
        "ledger: 0 accounts, 0 orders, 0 events, 0 entries, no differences"
    )


def kinds(ledger: Auditable) -> set[DifferenceKind]:
    return {each.kind for each in verify_ledger(ledger).differences}


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        ("UPDATE ledger_orders SET status = 'filled' WHERE status = 'new'", {"status"}),
        (
            "UPDATE ledger_orders SET filled_quantity = 1 WHERE status = 'new'",
            {"filled_quantity"},
        ),
        ("UPDATE ledger_orders SET held = held + 0.01 WHERE status = 'new'", {"hold"}),
        ("UPDATE ledger_orders SET events = events + 1 WHERE status = 'new'", {"history"}),
        ("DELETE FROM ledger_orders WHERE status = 'new'", {"status", "hold"}),
        (
            (
                "DELETE FROM ledger_order_events WHERE seq = 2 AND order_id IN "
                "(SELECT id FROM ledger_orders WHERE status = 'new')"
            ),
            {"history", "status"},
        ),
        (
            (
                "DELETE FROM ledger_order_events WHERE seq = 0 AND order_id IN "
                "(SELECT id FROM ledger_orders WHERE status = 'new')"
            ),
            {"history", "status", "hold", "cash_held"},
        ),
        (
            (
                "UPDATE ledger_balances SET amount = amount + 1 WHERE account = 'two' AND "
                "book = 'cash'"
            ),
            {"balance"},
        ),
        ("DELETE FROM ledger_balances WHERE book = 'fees'", {"balance"}),
        ("DELETE FROM ledger_entries WHERE key = 'fill:one:b1'", {"fill_entry"}),
        ("DELETE FROM ledger_entries WHERE key = 'fee:one:b1'", {"fee_entry"}),
        ("DELETE FROM ledger_entries WHERE kind = 'hold'", {"balance", "cash_held"}),
        ("DELETE FROM ledger_lots WHERE account = 'two'", {"lot"}),
    ],
)
def test_what_was_tampered_with_is_found(
    database: Database, tampering: str, expected: set[str]
) -> None:
    ledger = PostgresLedger(database, Outbox())
    trade(ledger)
    database.run(lambda tx: tx.execute(tampering.encode()))
    assert {kind.value for kind in kinds(ledger)} >= expected


def later(lot: Lot) -> Lot:
    return replace(lot, opened_at=lot.opened_at + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lot: replace(lot, cost=dollars(400)), "stored 4 units for 400 USD"),
        (lambda lot: replace(lot, quantity=Decimal(3)), "stored 3 units for 404 USD"),
        (later, "opened 2026-11-23T14:30:11+00:00, derived 4 units for 404 USD"),
    ],
)
def test_an_open_lot_that_was_tampered_with_is_found(
    ledger: Ledger, change: Callable[[Lot], Lot], said: str
) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    trade(ledger)

    def tamper(tx: LedgerTransaction) -> None:
        lots = tx.books.lots(OTHER, AAPL)
        assert lots is not None
        tx.books.put_lots(OTHER, replace(lots, open=tuple(map(change, lots.open))))

    ledger.run(tamper)
    (found,) = verify_ledger(ledger).differences
    assert found.kind is DifferenceKind.LOT
    assert found.subject == "the lot b2 of two AAPL"
    assert said in str(found)


def test_lots_in_another_turn_are_found(ledger: Ledger) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    trade(ledger)
    story = Story(seed=40)
    more = story.filled(execution("m1", 3, 90, START + timedelta(minutes=1)), 60)
    intended = replace(story.intended, account=OTHER)
    ledger.run(lambda tx: record(tx, [intended, more]))

    def tamper(tx: LedgerTransaction) -> None:
        lots = tx.books.lots(OTHER, AAPL)
        assert lots is not None
        tx.books.put_lots(OTHER, replace(lots, open=lots.open[::-1]))

    assert verify_ledger(ledger).differences == ()
    ledger.run(tamper)
    (found,) = map(str, verify_ledger(ledger).differences)
    assert found == "lot of the turn of the lots of two AAPL: stored m1, b2, derived b2, m1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda lot: [replace(lot, proceeds=dollars(500))],
            "stored 2 units for 200 USD, profit 300 USD",
        ),
        (lambda lot: [replace(lot, cost=dollars(100))], "profit 100 USD"),
        (lambda lot: [], "stored nothing, derived 2 units for 200 USD, profit 0 USD"),
        (lambda lot: [lot, replace(lot, lot_id="b9")], "the lot b9 of two AAPL closed by s1"),
    ],
)
def test_a_closed_lot_that_was_tampered_with_is_found(
    ledger: Ledger, change: Callable[[ClosedLot], list[ClosedLot]], said: str
) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    trade(ledger)

    def tamper(tx: LedgerTransaction) -> None:
        ((_, lot),) = tx.books.closed_lots(OTHER, START, 10)
        tx.books.restate_closed_lots(OTHER, AAPL, change(lot), START)

    ledger.run(tamper)
    (found,) = verify_ledger(ledger).differences
    assert found.kind is DifferenceKind.CLOSED_LOT
    assert said in str(found)


def settle_the_open_one(ledger: MemoryLedger) -> None:
    orders = ledger.tables.orders
    rows = orders.folded.rows
    new = next(each for each in rows.values() if each.status is PlatformStatus.NEW)
    orders.still_open.drop(ACCOUNT, new.id)


def open_a_settled_one(ledger: MemoryLedger) -> None:
    orders = ledger.tables.orders
    settled = next(each for each in orders.folded.rows.values() if each.is_settled)
    orders.still_open.add(ACCOUNT, settled.id)


def forget_a_name(ledger: MemoryLedger) -> None:
    by_broker = ledger.tables.orders.by_broker
    (named,) = by_broker.of((ACCOUNT, "b30"))
    by_broker.drop((ACCOUNT, "b30"), named)


def add_a_name(ledger: MemoryLedger) -> None:
    orders = ledger.tables.orders
    orders.by_broker.add((ACCOUNT, "wrong"), next(iter(orders.of_root.of(ACCOUNT))))


@pytest.mark.parametrize(
    ("statement", "change", "expected"),
    [
        (
            "UPDATE ledger_orders SET is_settled = true WHERE status = 'new'",
            settle_the_open_one,
            ["settled of {open}: stored settled, derived not settled"],
        ),
        (
            (
                "UPDATE ledger_orders SET is_settled = false WHERE id = "
                "(SELECT id FROM ledger_orders WHERE is_settled AND root = 'one' "
                "ORDER BY id LIMIT 1)"
            ),
            open_a_settled_one,
            ["settled of ", "stored not settled, derived settled"],
        ),
        (
            "DELETE FROM ledger_broker_orders WHERE broker_order_id = 'b30'",
            forget_a_name,
            ["broker_name of {open}: stored nothing, derived b30"],
        ),
        (
            (
                "INSERT INTO ledger_broker_orders SELECT root, 'wrong', id FROM ledger_orders "
                "WHERE root = 'one' ORDER BY id LIMIT 1"
            ),
            add_a_name,
            ["broker_name of ", "wrong"],
        ),
    ],
)
def test_what_was_tampered_with_is_found_on_every_ledger(
    ledger: Ledger,
    request: pytest.FixtureRequest,
    statement: str,
    change: Callable[[MemoryLedger], None],
    expected: list[str],
) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    last = trade(ledger)
    if isinstance(ledger, MemoryLedger):
        change(ledger)
    else:
        database: Database = request.getfixturevalue("database")
        database.run(lambda tx: tx.execute(statement.encode()))
    (found,) = map(str, verify_ledger(ledger).differences)
    for each in expected:
        assert each.format(open=last.order_id) in found


def test_what_is_left_of_no_account_is_looked_at_too(database: Database) -> None:
    ledger = PostgresLedger(database, Outbox())
    trade(ledger)
    for table in ("ledger_accounts", "ledger_orders", "ledger_entries", "ledger_order_events"):
        database.run(lambda tx, table=table: tx.execute(f"DELETE FROM {table}".encode()))  # type: ignore[misc]
    assert DifferenceKind.BALANCE in kinds(ledger)
    assert verify_ledger(ledger).accounts == 2
    database.run(lambda tx: tx.execute("DELETE FROM ledger_balances"))
    assert kinds(ledger) == {
        DifferenceKind.BROKER_NAME,
        DifferenceKind.LOT,
        DifferenceKind.CLOSED_LOT,
    }


def test_one_difference_is_told_in_the_singular(database: Database) -> None:
    ledger = PostgresLedger(database, Outbox())
    trade(ledger)
    database.run(lambda tx: tx.execute("DELETE FROM ledger_lots WHERE account = 'two'"))
    found = verify_ledger(ledger)
    assert str(found).endswith(" entries, 1 difference")
    assert str(found.differences[0]) == (
        "lot of the lots of two AAPL: stored nothing, derived lots of 4 units"
    )
