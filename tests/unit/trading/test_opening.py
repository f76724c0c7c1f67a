from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from algotrendy.brokers.port import BrokerAccount, BrokerPosition
from algotrendy.kernel.errors import Conflict, Invalid, Rejected
from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Side
from algotrendy.risk.limits import StrategyId
from algotrendy.risk.records import Marks
from algotrendy.trading import entries
from algotrendy.trading.accounts import Account
from algotrendy.trading.booking import position_of, record
from algotrendy.trading.journal import Book, Place
from algotrendy.trading.marks import market_day
from algotrendy.trading.opening import allocate, is_open, open_account, open_part
from fakes.memory_ledger import MemoryLedger
from fakes.order_story import START, USD, Story, dollars, execution

PAPER, TREND, MEAN = (AccountId(each) for each in ("paper", "paper/trend", "paper/mean"))
ACCOUNT = Account(id=PAPER, tenant=TenantId("demo"), broker="alpaca", opened_at=START)
AAPL, TSLA = Symbol("AAPL"), Symbol("TSLA")
HELD = (
    BrokerPosition(AAPL, Decimal(10), Decimal("150.5")),
    BrokerPosition(TSLA, Decimal(-4), Decimal(200)),
)


def at_broker(cash: str = "100000") -> BrokerAccount:
    amount = Decimal(cash)
    return BrokerAccount("b1", "USD", amount, amount, amount)


def opened(cash: str = "100000", positions: tuple[BrokerPosition, ...] = ()) -> MemoryLedger:
    ledger = MemoryLedger()
    ledger.run(lambda tx: open_account(tx, ACCOUNT, at_broker(cash), positions, START))
    return ledger


def with_parts(cash: str = "1000") -> MemoryLedger:
    ledger = opened(cash)
    for name in ("trend", "mean"):
        ledger.run(lambda tx, name=name: open_part(tx, PAPER, StrategyId(name), START))  # type: ignore[misc]
    return ledger


def cash(ledger: MemoryLedger, account: AccountId = PAPER) -> Decimal:
    balances = ledger.run(lambda tx: tx.books.balances([account]))
    return balances.get(Place(account, Book.CASH, None, USD), Decimal(0))


def give(
    ledger: MemoryLedger, source: AccountId, target: AccountId, amount: str, name: str
) -> None:
    money = Money(Decimal(amount), USD)
    ledger.run(lambda tx: allocate(tx, source, target, money, name, START))


def test_an_account_opens_with_what_the_broker_holds() -> None:
    ledger = opened(positions=HELD)
    balances = ledger.run(lambda tx: tx.books.balances([PAPER]))
    assert cash(ledger) == 100_000
    assert position_of(balances, PAPER, AAPL, USD).cost == dollars("1505")
    assert position_of(balances, PAPER, TSLA, USD).quantity == -4
    lots = ledger.run(lambda tx: tx.books.lots(PAPER, TSLA))
    assert lots is not None
    assert lots.position == position_of(balances, PAPER, TSLA, USD)


def test_what_the_broker_says_of_trading_is_kept_at_each_start() -> None:
    ledger = opened()
    for is_blocked in (True, False):
        told = replace(at_broker(), trading_blocked=is_blocked)
        ledger.run(lambda tx, told=told: open_account(tx, ACCOUNT, told, (), START))  # type: ignore[misc]
        assert ledger.run(lambda tx: tx.accounts.get(PAPER)).is_blocked is is_blocked


def test_what_a_slow_clock_tells_later_comes_after_the_opening() -> None:
    ledger = opened(positions=HELD)
    story = Story(side=Side.SELL, reserved=0)
    intended = replace(story.intended, account=PAPER)
    sold = story.filled(execution("e1", 10, 160, START - timedelta(seconds=2)))
    ledger.run(lambda tx: record(tx, [intended, sold]))
    balances = ledger.run(lambda tx: tx.books.balances([PAPER]))
    assert balances[Place(PAPER, Book.REALISED, None, USD)] == -95


def test_an_account_that_is_open_keeps_its_books() -> None:
    ledger = opened(positions=HELD)
    before = ledger.run(lambda tx: tx.books.balances([PAPER]))
    later = START + timedelta(days=1)
    again = replace(ACCOUNT, opened_at=later)
    ledger.run(lambda tx: open_account(tx, again, at_broker("5"), (), later))
    assert ledger.run(lambda tx: tx.books.balances([PAPER])) == before
    assert ledger.run(lambda tx: tx.accounts.get(PAPER)).opened_at == START


def test_an_account_that_held_nothing_when_it_was_opened_stays_open() -> None:
    ledger = opened("0")
    assert ledger.run(lambda tx: is_open(tx, ACCOUNT))
    ledger.run(lambda tx: open_account(tx, ACCOUNT, at_broker("5"), HELD, START))
    assert ledger.run(lambda tx: tx.books.balances([PAPER])) == {}


def test_an_account_may_open_with_debt() -> None:
    assert cash(opened("-250")) == -250


def test_an_open_account_follows_its_settings() -> None:
    ledger = opened()
    wanted = replace(ACCOUNT, leverage=Decimal(2))
    ledger.run(lambda tx: open_account(tx, wanted, at_broker(), (), START))
    assert ledger.run(lambda tx: tx.accounts.get(PAPER)) == wanted


@pytest.mark.parametrize(
    "other",
    [
        replace(ACCOUNT, tenant=TenantId("rival")),
        replace(ACCOUNT, broker="ccxt"),
        replace(ACCOUNT, currency=Currency.EUR),
    ],
)
def test_an_account_never_becomes_another_one(other: Account) -> None:
    with pytest.raises(Conflict, match="was opened with"):
        opened().run(lambda tx: open_account(tx, other, at_broker(), (), START))


def test_a_broker_that_keeps_another_currency_is_refused() -> None:
    euros = replace(ACCOUNT, currency=Currency.EUR)
    ledger = MemoryLedger()
    with pytest.raises(Invalid, match="currency"):
        ledger.run(lambda tx: open_account(tx, euros, at_broker(), (), START))
    assert not ledger.tables.accounts.table.rows


def test_a_part_is_as_its_account_and_made_once() -> None:
    ledger = with_parts()
    part = ledger.run(lambda tx: open_part(tx, PAPER, StrategyId("trend"), START))
    assert (part.id, part.tenant, part.broker) == (TREND, ACCOUNT.tenant, ACCOUNT.broker)
    assert len(ledger.run(lambda tx: tx.accounts.family(PAPER))) == 3


def test_cash_moves_between_an_account_and_its_parts() -> None:
    ledger = with_parts()
    give(ledger, PAPER, TREND, "600", "first")
    give(ledger, TREND, MEAN, "250", "second")
    assert [cash(ledger, each) for each in (PAPER, TREND, MEAN)] == [400, 350, 250]


def test_an_allocation_that_is_told_twice_is_made_once() -> None:
    ledger = with_parts()
    give(ledger, PAPER, TREND, "600", "first")
    give(ledger, PAPER, TREND, "600", "first")
    assert cash(ledger, TREND) == 600


@pytest.mark.parametrize(
    ("source", "target", "amount"),
    [(PAPER, TREND, "500"), (PAPER, MEAN, "600"), (TREND, PAPER, "600"), (TREND, MEAN, "600")],
)
def test_a_reference_is_of_one_allocation(
    source: AccountId, target: AccountId, amount: str
) -> None:
    ledger = with_parts("10000")
    give(ledger, PAPER, TREND, "600", "first")
    with pytest.raises(Conflict, match="came with another request"):
        give(ledger, source, target, amount, "first")
    assert [cash(ledger, each) for each in (PAPER, TREND, MEAN)] == [9400, 600, 0]


def test_what_is_held_for_orders_is_not_given_away() -> None:
    ledger = with_parts()
    ledger.run(lambda tx: tx.books.post(entries.hold(PAPER, "o1", START, dollars("700"))))
    with pytest.raises(Rejected, match=r"at least 301 USD, was 300 USD"):
        give(ledger, PAPER, TREND, "301", "first")
    give(ledger, PAPER, TREND, "300", "first")


@pytest.mark.parametrize("target", [PAPER, AccountId("live")])
def test_cash_stays_within_one_account(target: AccountId) -> None:
    ledger = with_parts()
    other = replace(ACCOUNT, id=AccountId("live"))
    ledger.run(lambda tx: tx.accounts.add(other))
    with pytest.raises(Invalid, match="target"):
        give(ledger, PAPER, target, "1", "first")


def test_an_allocation_is_neither_a_profit_nor_a_loss() -> None:
    ledger = with_parts()
    for strategy in (None, StrategyId("trend")):
        mark = Marks(
            account=PAPER,
            day=market_day(START),
            day_start=Decimal(1000),
            peak=Decimal(1200),
            strategy=strategy,
        )
        ledger.run(lambda tx, mark=mark: tx.risk.put_marks(mark))  # type: ignore[misc]
    give(ledger, PAPER, TREND, "600", "first")
    marks = ledger.run(lambda tx: tx.risk.marks(PAPER))
    assert [marks[None].day_start, marks[None].peak] == [1000, 1200]
    trend = marks[StrategyId("trend")]
    assert [trend.day_start, trend.peak] == [1600, 1800]
