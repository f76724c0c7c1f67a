"""What every ledger shows its auditor, and what the auditor finds in one that was tampered with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.kernel.order import Side
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.adapters.postgres import evidence as pages
from algotrendy.trading.booking import record
from algotrendy.trading.ledger import Ledger
from algotrendy.trading.verification import Auditable, verify_ledger
from algotrendy.trading.verify import DifferenceKind
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import ACCOUNT, START, Story, dollars, execution

PART, OTHER = AccountId("one/trend"), AccountId("two")


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
    ledger.run(lambda tx: record(tx, [last.intended, last.submitted(), last.told("new")]))
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
        ("DELETE FROM ledger_lots WHERE account = 'two'", {"units"}),
    ],
)
def test_what_was_tampered_with_is_found(
    database: Database, tampering: str, expected: set[str]
) -> None:
    ledger = PostgresLedger(database, Outbox())
    trade(ledger)
    database.run(lambda tx: tx.execute(tampering.encode()))
    assert {kind.value for kind in kinds(ledger)} >= expected


def test_what_is_left_of_no_account_is_looked_at_too(database: Database) -> None:
    ledger = PostgresLedger(database, Outbox())
    trade(ledger)
    for table in ("ledger_accounts", "ledger_orders", "ledger_entries", "ledger_order_events"):
        database.run(lambda tx, table=table: tx.execute(f"DELETE FROM {table}".encode()))  # type: ignore[misc]
    assert DifferenceKind.BALANCE in kinds(ledger)
    assert verify_ledger(ledger).accounts == 2


def test_one_difference_is_told_in_the_singular(database: Database) -> None:
    ledger = PostgresLedger(database, Outbox())
    trade(ledger)
    database.run(lambda tx: tx.execute("DELETE FROM ledger_lots WHERE account = 'two'"))
    found = verify_ledger(ledger)
    assert str(found).endswith(" entries, 1 difference")
    assert str(found.differences[0]).startswith("units of the lots of two AAPL: stored 0, derived")
