"""On every ledger the books follow from what happened, whatever the order of the news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.ids import TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.trading.accounts import Account
from algotrendy.trading.adapters.postgres import PostgresLedger
from algotrendy.trading.booking import record
from algotrendy.trading.journal import Place, Units
from algotrendy.trading.ledger import Ledger, LedgerTransaction
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.restating import correct, split
from algotrendy.trading.verification import verify_ledger
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import ACCOUNT, START, Story, dollars, execution

AAPL = Symbol("AAPL")


@dataclass(frozen=True)
class Shown:
    """What the books of a ledger say."""

    balances: Mapping[Place, Decimal]
    lots: tuple[Lot, ...]
    closed: frozenset[tuple[Symbol, ClosedLot]]


class Tale:
    """Three buys and two sales, a minute apart, each of an order of its own."""

    def __init__(self) -> None:
        sides = (Side.BUY, Side.SELL, Side.BUY, Side.BUY, Side.SELL)
        self.stories = [Story(side=side, reserved=0, seed=seed) for seed, side in enumerate(sides)]
        self.fills = [
            story.filled(
                execution(
                    f"e{number}",
                    10 - number,
                    100 + 3 * number,
                    START + timedelta(minutes=number),
                    "0.01",
                )
            )
            for number, story in enumerate(self.stories)
        ]
        self.busts = [story.busted(f"e{number}", 1000) for number, story in enumerate(self.stories)]


def told(ledger: Ledger, method: LotMethod, tale: Tale, news: list[OrderEvent]) -> Shown:
    account = Account(
        id=ACCOUNT, tenant=TenantId("demo"), broker="alpaca", opened_at=START, lot_method=method
    )

    def begin(tx: LedgerTransaction) -> None:
        tx.accounts.add(account)
        for story in tale.stories:
            record(tx, [story.intended])

    ledger.run(begin)
    for event in news:
        ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]
    assert_sound(ledger)
    return shown(ledger)


def assert_sound(ledger: Ledger) -> None:
    assert isinstance(ledger, MemoryLedger | PostgresLedger)
    assert verify_ledger(ledger).differences == ()


def shown(ledger: Ledger) -> Shown:
    def work(tx: LedgerTransaction) -> Shown:
        lots = tx.books.lots(ACCOUNT, AAPL)
        return Shown(
            tx.books.balances([ACCOUNT]),
            () if lots is None else lots.open,
            frozenset(tx.books.closed_lots(ACCOUNT, START, 100)),
        )

    return ledger.run(work)


@pytest.fixture(params=list(LotMethod))
def method(request: pytest.FixtureRequest) -> LotMethod:
    found: LotMethod = request.param
    return found


def test_late_fills_and_busts_leave_the_books_as_they_should_be(
    ledger: Ledger, method: LotMethod
) -> None:
    tale = Tale()
    e0, e1, e2, e3, e4 = tale.fills
    news: list[OrderEvent] = [e4, e1, e0, tale.busts[2], e3, tale.busts[1], e2]
    found = told(ledger, method, tale, news)
    tale = Tale()
    right = told(MemoryLedger(), method, tale, [tale.fills[0], *tale.fills[3:]])
    assert found == right


def test_a_split_that_is_told_late_leaves_later_trades_alone(ledger: Ledger) -> None:
    tale = Tale()
    e0, _, _, e3, _ = tale.fills
    told(ledger, LotMethod.FIFO, tale, [e0, e3])
    account = ledger.run(lambda tx: tx.accounts.get(ACCOUNT))
    at = START + timedelta(minutes=1)
    assert ledger.run(lambda tx: split(tx, account, AAPL, "s1", at, 2, 1))
    assert not ledger.run(lambda tx: split(tx, account, AAPL, "s1", at, 2, 1))
    first, second = shown(ledger).lots
    assert [first.quantity, first.cost] == [20, dollars(1000)]
    assert [second.quantity, second.cost] == [7, dollars(763)]
    assert_sound(ledger)


def test_a_bust_before_a_split_leaves_the_split_as_it_was_written(
    ledger: Ledger, method: LotMethod
) -> None:
    tale = Tale()
    e0, e1, e2, e3, e4 = tale.fills
    told(ledger, method, tale, [e0, e1, e2])
    account = ledger.run(lambda tx: tx.accounts.get(ACCOUNT))
    at = START + timedelta(minutes=2, seconds=30)
    # Nine units become thirty, and what does not divide is rounded once for all lots.
    assert ledger.run(lambda tx: split(tx, account, AAPL, "s1", at, 10, 3))
    assert_sound(ledger)
    for event in (e3, tale.busts[0], e4, tale.busts[1], tale.busts[3]):
        ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]
        assert_sound(ledger)


def test_a_split_that_does_not_divide_is_worked_out_again_to_the_last_digit(
    ledger: Ledger, method: LotMethod
) -> None:
    tale = Tale()
    told(ledger, method, tale, [tale.fills[0], tale.fills[2], tale.fills[3]])
    account = ledger.run(lambda tx: tx.accounts.get(ACCOUNT))
    at = START + timedelta(hours=1)
    assert ledger.run(lambda tx: split(tx, account, AAPL, "s1", at, 1, 7))
    assert_sound(ledger)


def test_a_correction_through_zero_is_worked_out_again_as_it_was_booked(
    ledger: Ledger, method: LotMethod
) -> None:
    tale = Tale()
    told(ledger, method, tale, [tale.fills[0]])
    account = ledger.run(lambda tx: tx.accounts.get(ACCOUNT))
    at, gone = START + timedelta(hours=1), Units(Decimal(-14), AAPL)
    ledger.run(lambda tx: correct(tx, account, "c1", at, "lost", gone, dollars(-210)))
    (lot,) = shown(ledger).lots
    assert [lot.quantity, lot.cost] == [-4, dollars(-60)]
    assert_sound(ledger)


def test_a_symbol_keeps_the_lot_method_with_which_it_began(ledger: Ledger) -> None:
    tale = Tale()
    e0, e1, e2, e3, e4 = tale.fills
    told(ledger, LotMethod.FIFO, tale, [e0, e2, e3])
    account = ledger.run(lambda tx: tx.accounts.get(ACCOUNT))
    ledger.run(lambda tx: tx.accounts.put(replace(account, lot_method=LotMethod.LIFO)))
    for event in (e4, e1, tale.busts[2]):
        ledger.run(lambda tx, event=event: record(tx, [event]))  # type: ignore[misc]
        assert_sound(ledger)
    (_, last), *_ = ledger.run(lambda tx: tx.books.closed_lots(ACCOUNT, START, 10))
    assert last.lot_id == "e0"


def test_a_correction_takes_its_share_of_the_cost_and_is_made_once(ledger: Ledger) -> None:
    tale = Tale()
    told(ledger, LotMethod.FIFO, tale, [tale.fills[0]])
    account = ledger.run(lambda tx: tx.accounts.get(ACCOUNT))
    at, gone = START + timedelta(hours=1), Units(Decimal(-4), AAPL)
    for is_new in (True, False):
        assert is_new is ledger.run(
            lambda tx: correct(tx, account, "c1", at, "lost in transfer", gone, dollars(0))
        )
    (lot,) = shown(ledger).lots
    assert [lot.quantity, lot.cost] == [6, dollars(600)]
    assert_sound(ledger)
