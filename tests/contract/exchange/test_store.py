"""What every Store of the paper exchange promises: the fake, and the one in PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from algotrendy.exchange.adapters.postgres_store import PostgresStore
from algotrendy.exchange.ports import Store
from algotrendy.exchange.venue.model import Changes, Position, Snapshot
from algotrendy.kernel.errors import Conflict, Invalid, Unavailable
from algotrendy.kernel.order import Side
from algotrendy.platform.database import Database, Transaction
from fakes.exchange_store import MemoryStore
from fakes.ledger_desk import NOW, Desk

T = TypeVar("T")
Reopen = Callable[[], Store]
SESSION = date(2026, 8, 3)


@pytest.fixture
def memory() -> Reopen:
    store = MemoryStore()
    return lambda: store


@pytest.fixture
def postgres(database: Database) -> Reopen:
    return lambda: PostgresStore(database, "paper")


@pytest.fixture(params=["memory", "postgres"])
def reopen(request: pytest.FixtureRequest) -> Reopen:
    """Give what opens the same empty store again and again.

    A store joins by a fixture of that shape whose name is added to the parameters.
    """
    found: Reopen = request.getfixturevalue(request.param)
    return found


def busy_desk() -> Desk:
    desk = Desk(accounts=("one", "two"))
    desk.trade(Side.BUY, "10", "100.25")
    desk.trade(Side.SELL, "3.5", "101", symbol="MSFT", account="two")
    desk.trade(Side.SELL, "4", "99.999999999")
    return desk


def test_a_new_store_is_empty(reopen: Reopen) -> None:
    assert reopen().load() == Snapshot()


def test_what_was_saved_is_read_as_it_was(reopen: Reopen) -> None:
    desk = busy_desk()
    reopen().save([desk.take()], 1_786_000_000_000_000_123)
    expected = replace(desk.snapshot(), last_event_ns=1_786_000_000_000_000_123)
    assert reopen().load() == expected


def test_many_saves_add_up_to_the_live_state(reopen: Reopen) -> None:
    desk = Desk(accounts=[f"account-{number}" for number in range(5)])
    store = reopen()
    store.save([desk.take()], None)
    for number in range(40):
        side = Side.BUY if number % 3 else Side.SELL
        desk.trade(side, f"{1 + number % 4}", f"{90 + number}", account=f"account-{number % 5}")
        if number % 7 == 0:
            desk.ledger.split("AAPL", 3, 2, desk.now)
        store.save([desk.take()], number)
    desk.ledger.close_session(SESSION, desk.now + timedelta(hours=5))
    store.save([desk.take()], 40)
    assert reopen().load() == replace(desk.snapshot(), last_event_ns=40)


def test_one_save_of_many_changes_equals_a_save_of_each(reopen: Reopen) -> None:
    desk, parts = Desk(), []
    for side, quantity in ((Side.BUY, "5"), (Side.SELL, "5"), (Side.SELL, "2"), (Side.BUY, "2")):
        desk.trade(side, quantity, "100")
        parts.append(desk.take())
    desk.trade(Side.BUY, "7", "100")
    parts.append(desk.take())
    reopen().save(parts, 7)
    assert reopen().load() == replace(desk.snapshot(), last_event_ns=7)


def test_the_same_save_again_changes_nothing(reopen: Reopen) -> None:
    desk = busy_desk()
    changes = desk.take()
    reopen().save([changes], 5)
    once = reopen().load()
    reopen().save([changes], 5)
    assert reopen().load() == once


def test_an_order_is_kept_in_its_latest_state(reopen: Reopen) -> None:
    desk = Desk()
    order = desk.order(Side.BUY, "10", legs=("leg-1", "leg-2"), trail_percent=Decimal("1.5"))
    reopen().save([Changes(orders={order.id: replace(order)})], None)
    desk.fill(order, "4", "100")
    reopen().save([Changes(orders={order.id: order})], None)
    assert reopen().load().orders == (order,)


def test_orders_come_back_by_sequence(reopen: Reopen) -> None:
    desk = Desk()
    orders = [desk.order(Side.BUY, "1", id=f"{9 - number}") for number in range(5)]
    for order in reversed(orders):
        reopen().save([Changes(orders={order.id: order})], None)
    assert reopen().load().orders == tuple(orders)


def test_a_position_closed_and_opened_in_one_save_is_there(reopen: Reopen) -> None:
    key, position = ("one", "AAPL"), Position("one", "AAPL", Decimal(3), Decimal(300))
    closed = Changes(closed_positions={key})
    reopen().save([Changes(positions={key: position}), closed], None)
    assert reopen().load().positions == ()
    reopen().save([closed, Changes(positions={key: position})], None)
    assert reopen().load().positions == (position,)


def test_a_clock_that_is_not_given_stays_as_it_was(reopen: Reopen) -> None:
    reopen().save([], 5)
    reopen().save([], None)
    assert reopen().load() == Snapshot(last_event_ns=5)
    reopen().save([], 6)
    assert reopen().load() == Snapshot(last_event_ns=6)


def test_a_reset_store_is_empty_and_can_be_used_again(reopen: Reopen) -> None:
    desk = busy_desk()
    changes = desk.take()
    reopen().save([changes], 5)
    reopen().reset()
    assert reopen().load() == Snapshot()
    reopen().save([changes], 5)
    assert reopen().load().accounts == desk.snapshot().accounts


def test_a_ledger_goes_on_from_what_was_saved(reopen: Reopen) -> None:
    desk, other = busy_desk(), busy_desk()
    reopen().save([desk.take()], None)
    restarted = Desk(accounts=())
    restarted.ledger.restore(reopen().load())
    restarted.now, restarted.executions = desk.now, desk.executions
    for each in (other, restarted):
        order = each.order(Side.SELL, "2", id="last")
        each.fill(order, "2", "102")
        each.ledger.bust(each.executions[0], each.order(Side.BUY, "10", id="order-1"), each.now)
    assert restarted.snapshot() == other.snapshot()
    assert restarted.ledger.shortable("MSFT") == other.ledger.shortable("MSFT")


def test_two_exchanges_share_a_database_and_nothing_else(database: Database) -> None:
    one, two = PostgresStore(database, "one"), PostgresStore(database, "two")
    one.save([busy_desk().take()], 5)
    assert two.load() == Snapshot()
    two.reset()
    assert one.load().accounts


def test_whoever_took_over_last_writes_and_nobody_before(database: Database) -> None:
    first, second = PostgresStore(database), PostgresStore(database)
    first.save([busy_desk().take()], 5)
    second.take_over()
    with pytest.raises(Conflict, match="another process serves the exchange paper"):
        first.save([Desk(accounts=("late",)).take()], 9)
    kept = second.load()
    assert kept.last_event_ns == 5
    assert {account.id for account in kept.accounts} == {"one", "two"}
    second.save([], 7)
    assert first.load().last_event_ns == 7


def test_a_save_that_fails_leaves_nothing_of_itself(database: Database) -> None:
    store, desk = PostgresStore(database), busy_desk()
    changes = desk.take()
    unstorable = replace(desk.ledger.positions("one")[0], symbol="nul\0")
    changes.positions["one", "nul\0"] = unstorable
    with pytest.raises(Exception, match="NUL"):
        store.save([changes], 5)
    assert store.load() == Snapshot()


def test_a_database_that_is_away_is_unavailable(database_url: str) -> None:
    away = Database(re_port(database_url))
    with pytest.raises(Unavailable, match="database"):
        PostgresStore(away).save([busy_desk().take()], 5)


def re_port(url: str) -> str:
    """Give the address of a server that is not there."""
    return f"postgresql://nobody@127.0.0.1:1/{url.rpartition('/')[2].partition('?')[0]}"


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_an_exchange_has_a_name(database: Database, name: str) -> None:
    with pytest.raises(Invalid, match="exchange"):
        PostgresStore(database, name)


class Counting(Database):
    """Counts its transactions."""

    transactions = 0

    def run(self, work: Callable[[Transaction], T]) -> T:
        self.transactions += 1
        return super().run(work)


def test_more_rows_than_a_transaction_takes_are_parted_between_changes(
    database: Database, database_url: str
) -> None:
    desk, parts = Desk(), []
    for number in range(10):
        orders = [desk.order(Side.BUY, "1") for _ in range(700)]
        desk.trade(Side.BUY, "1", f"{100 + number}")
        parts.append(desk.take())
        parts[-1].orders.update({order.id: order for order in orders})
    counting = Counting(database_url)
    store = PostgresStore(counting, most_rows=3000)
    store.take_over()
    counting.transactions = 0
    store.save(parts, 5)
    # Four times 700 orders and what comes with them are below 3,000 rows.
    assert counting.transactions == 3
    kept = store.load()
    assert len(kept.orders) == 7000
    assert kept.activities == desk.snapshot().activities
    store.reset()
    assert store.load() == Snapshot()
    counting.close()


SAVING = """
import sys
from algotrendy.exchange.adapters.postgres_store import PostgresStore
from algotrendy.kernel.order import Side
from algotrendy.platform.database import Database, Transaction
from fakes.ledger_desk import Desk

store, desk = PostgresStore(Database(sys.argv[1])), Desk()
for number in range(100_000):
    desk.trade(Side.BUY, "1", "100")
    store.save([desk.take()], number)
    print(number, flush=True)
"""


def test_a_kill_between_saves_loses_nothing_that_was_saved(
    database: Database, database_url: str
) -> None:
    tests = Path(__file__).parents[2]
    saving = subprocess.Popen(
        [sys.executable, "-c", SAVING, database_url],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tests), *sys.path])},
        text=True,
    )
    assert saving.stdout is not None
    with saving, saving.stdout as told:
        for line in told:
            if int(line) == 20:
                saving.send_signal(signal.SIGKILL)
                break
        last = max(20, *(int(line) for line in told), 20)
    kept = PostgresStore(database).load()
    # The save under way at the kill may have been committed before it could be told.
    assert kept.last_event_ns in (last, last + 1)
    fills = kept.last_event_ns + 1
    assert kept.positions[0].quantity == fills
    assert sum(each.cash for each in kept.activities) == kept.accounts[0].cash
    assert len(kept.activities) == fills + 1
    assert kept.accounts[0].created_at == NOW
