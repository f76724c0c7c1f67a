"""The ledger in a real PostgreSQL: many at once, commits of unknown outcome, folds remembered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Conflict, Rejected, Unavailable, Unknown
from algotrendy.kernel.ids import AccountId, OrderId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order_request import ReplaceRequest
from algotrendy.platform.bus import Outbox
from algotrendy.platform.database import Database, Transaction
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.booking import record
from algotrendy.trading.cancelling import cancel_order
from algotrendy.trading.journal import Book, Entry, Place
from algotrendy.trading.ledger import Lease, LedgerTransaction
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus
from fakes.order_counter import OrderCounter, provenance
from fakes.order_story import ACCOUNT, START, USD, Story, dollars, execution
from fakes.risk_desk import buy
from fixtures.postgres import locks

CASH = Place(ACCOUNT, Book.CASH, None, USD)
HELD = Place(ACCOUNT, Book.CASH_HELD, None, USD)
THREADS = 6


class BrokenCommits(Database):
    """Commits, and says that it does not know, as often as it is told to."""

    broken = 0

    def run(self, work: Callable[[Transaction], object]) -> object:  # type: ignore[override]
        result = super().run(work)
        if self.broken:
            self.broken -= 1
            raise Unknown("commit", "the connection broke")
        return result


@pytest.fixture
def ledger(database: Database) -> PostgresLedger:
    made = PostgresLedger(database, Outbox())
    account = Account(id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
    made.run(lambda tx: tx.accounts.add(account))
    made.run(lambda tx: tx.books.post(entries.deposit(ACCOUNT, "d1", START, dollars(10_000))))
    return made


def at_once(work: Callable[[int], object]) -> list[object]:
    """Do it from several threads that start together, and give what came of each."""
    barrier = threading.Barrier(THREADS)

    def one(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except Rejected as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def balance(ledger: PostgresLedger, place: Place) -> Decimal:
    return ledger.run(lambda tx: tx.books.balances([ACCOUNT])).get(place, Decimal(0))


def test_who_claims_an_account_decides_alone(ledger: PostgresLedger) -> None:
    def spend(number: int) -> object:
        story = Story(seed=number, reserved=4000)

        def work(tx: LedgerTransaction) -> bool:
            tx.accounts.claim(ACCOUNT)
            held = tx.books.balances([ACCOUNT]).get(HELD, Decimal(0))
            if held + 4000 > 10_000:
                raise Rejected("no buying power is left")
            record(tx, [story.intended])
            return True

        return ledger.run(work)

    done = at_once(spend)
    assert done.count(True) == 2
    assert balance(ledger, HELD) == 8000
    assert len(ledger.run(lambda tx: tx.orders.unsettled(ACCOUNT))) == 2


def test_one_client_order_id_makes_one_order_whoever_comes_first(ledger: PostgresLedger) -> None:
    def place(number: int) -> object:
        intended = Story(seed=number).intended
        intended = replace(intended, request=replace(intended.request, client_order_id="mine"))

        def work(tx: LedgerTransaction) -> OrderId:
            known = tx.orders.by_client_id(ACCOUNT, "mine")
            return known.id if known else record(tx, [intended]).after.id

        return ledger.run(work)

    assert len(set(at_once(place))) == 1
    assert balance(ledger, HELD) == 1000


def test_two_writers_of_one_order_leave_one_history(ledger: PostgresLedger) -> None:
    story = Story()
    ledger.run(lambda tx: record(tx, [story.intended, story.submitted()]))
    fills = [story.filled(execution(f"e{number}", 1), number) for number in range(THREADS)]
    at_once(lambda number: ledger.run(lambda tx: record(tx, [fills[number]])))
    order = ledger.run(lambda tx: tx.orders.get(story.order_id))
    assert order.filled_quantity == THREADS
    assert len(ledger.run(lambda tx: tx.orders.history(story.order_id))) == 2 + THREADS
    assert balance(ledger, CASH) + balance(ledger, HELD) == 10_000 - 100 * THREADS
    lots = ledger.run(lambda tx: tx.books.lots(ACCOUNT, Symbol("AAPL")))
    assert lots is not None
    assert lots.position.quantity == THREADS


def test_the_same_news_from_all_sides_counts_once(ledger: PostgresLedger) -> None:
    story = Story()
    ledger.run(lambda tx: record(tx, [story.intended, story.submitted()]))
    fill = story.filled(execution("e1", 10), status="filled")
    at_once(lambda _: ledger.run(lambda tx: record(tx, [fill])))
    assert balance(ledger, CASH) == 9000
    assert ledger.run(lambda tx: tx.orders.get(story.order_id)).filled_quantity == 10


def test_one_of_many_gets_a_lease(ledger: PostgresLedger) -> None:
    def acquire(number: int) -> object:
        def work(tx: LedgerTransaction) -> int | None:
            if tx.leases.get("execution:one") is not None:
                return None
            tx.leases.put(Lease("execution:one", f"service-{number}", 1, START))
            return number

        return ledger.run(work)

    winners = [each for each in at_once(acquire) if each is not None]
    assert len(winners) == 1
    lease = ledger.run(lambda tx: tx.leases.get("execution:one"))
    assert lease == Lease("execution:one", f"service-{winners[0]}", 1, START)


def test_a_lease_that_was_read_does_not_change_before_the_transaction_ends(
    ledger: PostgresLedger,
) -> None:
    lease = Lease("execution:one", "a", 1, START)
    ledger.run(lambda tx: tx.leases.put(lease))
    seen: list[Lease | None] = []
    was_read, may_end = threading.Event(), threading.Event()

    def reader(tx: LedgerTransaction) -> None:
        seen.append(tx.leases.get("execution:one"))
        was_read.set()
        may_end.wait(5)

    def take_over() -> int:
        def work(tx: LedgerTransaction) -> int:
            found = tx.leases.get("execution:one")
            assert found is not None
            tx.leases.put(replace(found, holder="b", epoch=found.epoch + 1))
            return found.epoch + 1

        return ledger.run(work)

    with ThreadPoolExecutor(2) as pool:
        reading = pool.submit(ledger.run, reader)
        assert was_read.wait(5)
        taking = pool.submit(take_over)
        with pytest.raises(TimeoutError):
            taking.result(0.2)
        may_end.set()
        reading.result(5)
        assert taking.result(5) == 2
    assert seen == [lease]


def test_a_work_whose_commit_is_unknown_is_run_again_and_nothing_doubles(
    database_url: str, ledger: PostgresLedger
) -> None:
    database = BrokenCommits(database_url)
    unsure = PostgresLedger(database, Outbox())
    story = Story()
    steps = [
        [story.intended],
        [story.submitted()],
        [story.filled(execution("e1", 4, fee="0.04"), 1)],
        [story.told("canceled", 2)],
    ]
    for events in steps:
        database.broken = 2
        for _ in range(2):
            with pytest.raises(Unknown):
                unsure.run(lambda tx, events=events: record(tx, events))  # type: ignore[misc]
        assert unsure.run(lambda tx, events=events: record(tx, events)).events == ()  # type: ignore[misc]
    assert balance(ledger, CASH) == Decimal("9599.96")
    assert balance(ledger, HELD) == 0
    assert len(ledger.run(lambda tx: tx.orders.history(story.order_id))) == len(steps)
    told = database.run(lambda tx: tx.execute("SELECT id FROM outbox").fetchall())
    assert isinstance(told, list)
    assert len(told) == len(steps)
    database.close()


def test_another_process_is_believed_over_what_is_remembered(
    database: Database, ledger: PostgresLedger
) -> None:
    other = PostgresLedger(database, Outbox())
    story = Story()
    ledger.run(lambda tx: record(tx, [story.intended]))

    def both() -> list[PlatformOrder]:
        return [each.run(lambda tx: tx.orders.get(story.order_id)) for each in (ledger, other)]

    for events in ([story.submitted()], [story.told("new", 1), story.told("canceled", 2)]):
        other.run(lambda tx, events=events: record(tx, events))  # type: ignore[misc]
        mine, theirs = both()
        assert mine == theirs
        assert mine.seen == theirs.seen


def test_a_transaction_does_not_see_orders_of_after_it_began(ledger: PostgresLedger) -> None:
    story = Story()
    ledger.run(lambda tx: record(tx, [story.intended]))

    def work(tx: LedgerTransaction) -> tuple[int, int]:
        first = len(tx.orders.get(story.order_id).seen)
        if not ledger_has_moved.is_set():
            ledger_has_moved.set()
            ledger.run(lambda later: record(later, [story.submitted()]))
        return first, len(tx.orders.get(story.order_id).seen)

    ledger_has_moved = threading.Event()
    assert ledger.run(work) == (1, 1)
    assert ledger.run(work) == (2, 2)


def test_a_decision_on_an_account_that_changed_meanwhile_is_taken_again(
    ledger: PostgresLedger,
) -> None:
    runs: list[int] = []

    def work(tx: LedgerTransaction) -> int:
        tx.accounts.get(ACCOUNT)
        runs.append(len(runs))
        if len(runs) == 1:
            ledger.run(lambda other: other.accounts.claim(ACCOUNT))
        tx.accounts.claim(ACCOUNT)
        return len(runs)

    assert ledger.run(work) == 2


def test_a_cancel_that_began_before_a_change_ends_both_orders(ledger: PostgresLedger) -> None:
    counter = OrderCounter(ledger=ledger)
    old = counter.accept(counter.place(buy("10", limit_price="95")))
    change = ReplaceRequest(limit_price=Decimal(96))
    event_id, now = counter.event_id(), counter.clock.now()
    changed: list[PlatformOrder] = []

    def cancel(tx: LedgerTransaction) -> None:
        tx.orders.get(old.id)
        if not changed:
            changed.append(counter.intake.replace(old.id, change, provenance()))
        cancel_order(tx, old.id, event_id, now, "ada")

    ledger.run(cancel)
    assert counter.order(old).cancel_requested_at is not None
    assert counter.order(changed[0]).status is PlatformStatus.CANCELED


def test_who_begins_with_a_claim_waits_for_a_turn_and_runs_once(
    database: Database, ledger: PostgresLedger
) -> None:
    runs: list[int] = []

    def decide(number: int) -> object:
        def work(tx: LedgerTransaction) -> None:
            tx.accounts.claim(ACCOUNT)
            runs.append(number)
            tx.books.post(entries.fee(ACCOUNT, f"f{number}", START, dollars(1)))

        return ledger.run(work)

    at_once(decide)
    assert sorted(runs) == list(range(THREADS))
    assert balance(ledger, CASH) == 10_000 - THREADS
    assert locks(database) == 0


def test_who_clashed_once_waits_for_a_turn_from_then_on(
    database: Database, ledger: PostgresLedger
) -> None:
    held: list[int] = []

    def fee(name: str) -> Entry:
        return entries.fee(ACCOUNT, name, START, dollars(1))

    def work(tx: LedgerTransaction) -> None:
        tx.accounts.get(ACCOUNT)
        held.append(locks(database))
        if len(held) == 1:
            ledger.run(lambda other: other.books.post(fee("theirs")))
        tx.books.post(fee("mine"))

    ledger.run(work)
    assert held == [0, 1]
    assert balance(ledger, CASH) == 10_000 - 2
    assert locks(database) == 0


def test_a_work_that_fails_leaves_no_lock_behind(
    database: Database, ledger: PostgresLedger
) -> None:
    def failing(tx: LedgerTransaction) -> None:
        tx.accounts.claim(ACCOUNT)
        assert locks(database) > 0
        raise Rejected("no")

    with pytest.raises(Rejected):
        ledger.run(failing)
    assert locks(database) == 0


def test_who_waits_for_a_turn_in_vain_gives_the_connection_up(
    database_url: str, ledger: PostgresLedger
) -> None:
    impatient = Database(f"{database_url}&options=-c%20lock_timeout%3D100")
    other = PostgresLedger(impatient, Outbox())

    def work(tx: LedgerTransaction) -> None:
        tx.accounts.claim(ACCOUNT)
        with pytest.raises(Unavailable):
            other.run(lambda inner: inner.accounts.claim(ACCOUNT))

    ledger.run(work)
    assert locks(impatient) == 0
    assert other.run(lambda tx: tx.accounts.claim(ACCOUNT)).id == ACCOUNT
    impatient.close()


def test_a_client_order_id_is_taken_for_all_parts_of_an_account(ledger: PostgresLedger) -> None:
    part = AccountId("one/trend")
    first = Story(seed=1)
    second = replace(
        Story(seed=2).intended,
        account=part,
        request=replace(Story(seed=2).intended.request, client_order_id=str(first.order_id)),
        at=START + timedelta(seconds=1),
    )
    tenant = TenantId("demo")
    ledger.run(
        lambda tx: tx.accounts.add(
            Account(id=part, tenant=tenant, broker="alpaca", opened_at=START)
        )
    )
    ledger.run(lambda tx: record(tx, [first.intended]))
    with pytest.raises(Conflict):
        ledger.run(lambda tx: record(tx, [second]))
