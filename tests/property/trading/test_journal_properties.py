"""Laws of the books, whatever happens in them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.ids import FillId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading import entries
from algotrendy.trading.journal import Book, Entry, Journal
from fakes.order_story import ACCOUNT, START, USD

SYMBOLS = (Symbol("AAPL"), Symbol("MSFT"))
amounts = st.integers(1, 10**9).map(lambda cents: Money(Decimal(cents).scaleb(-2), USD))
fills = st.builds(
    lambda symbol, side, quantity, price: Fill(
        FillId(UUID(int=0)),
        OrderId(UUID(int=0)),
        symbol,
        side,
        Quantity(Decimal(quantity).scaleb(-6)),
        Price(Decimal(price).scaleb(-4), USD),
        Money.zero(USD),
        START,
    ),
    st.sampled_from(SYMBOLS),
    st.sampled_from(Side),
    st.integers(1, 10**9),
    st.integers(1, 10**8),
)
cash_events = st.tuples(
    st.sampled_from(
        [
            entries.deposit,
            entries.withdrawal,
            entries.fee,
            entries.dividend,
            entries.interest,
            entries.hold,
        ]
    ),
    amounts,
)
happenings = st.lists(st.one_of(fills, cash_events), max_size=15)


def books(made: list[object]) -> tuple[Journal, dict[Symbol, Position]]:
    journal = Journal()
    held = {symbol: Position.flat(symbol, USD) for symbol in SYMBOLS}
    for number, event in enumerate(made):
        if isinstance(event, Fill):
            before = held[event.symbol]
            journal.append(entries.filled(ACCOUNT, str(number), event, before))
            held[event.symbol], _ = before.after(event)
        elif isinstance(event, tuple):
            write, amount = event
            journal.append(write(ACCOUNT, str(number), START, amount))
    return journal, held


def sums(entry: Entry) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in entry.postings:
        found[posting.commodity] += posting.value
    return found


@settings(deadline=None)
@given(happenings)
def test_every_entry_and_all_of_them_sum_to_zero(made: list[object]) -> None:
    journal, _ = books(made)
    assert len(journal) == len(made)
    assert all(not rest for entry in journal for rest in sums(entry).values())
    assert journal.imbalance() == {}


@settings(deadline=None)
@given(happenings)
def test_positions_in_the_books_are_the_kernels(made: list[object]) -> None:
    journal, held = books(made)
    for symbol in SYMBOLS:
        assert journal.position(ACCOUNT, symbol, USD) == held[symbol]


@settings(deadline=None)
@given(happenings)
def test_writing_everything_down_twice_changes_nothing(made: list[object]) -> None:
    journal, _ = books(made)
    before = journal.balances()
    assert not any(journal.append(entry) for entry in journal)
    assert journal.balances() == before


@settings(deadline=None)
@given(happenings, st.data())
def test_taking_every_entry_back_in_any_order_leaves_nothing(
    made: list[object], data: st.DataObject
) -> None:
    journal, _ = books(made)
    for entry in data.draw(st.permutations(list(journal))):
        journal.append(entries.bust(entry, START, "undone"))
    assert journal.balances() == {}


@settings(deadline=None)
@given(happenings)
def test_equity_at_cost_is_what_was_paid_in_and_what_was_earned(made: list[object]) -> None:
    journal, _ = books(made)
    totals: defaultdict[Book, Decimal] = defaultdict(Decimal)
    for place, value in journal.balances().items():
        if place.currency is not None:
            totals[place.book] += value
    owned = totals[Book.CASH] + totals[Book.CASH_HELD] + totals[Book.POSITION]
    earned = totals[Book.REALISED] + totals[Book.DIVIDENDS] + totals[Book.INTEREST]
    assert owned == -(totals[Book.EXTERNAL] + earned + totals[Book.FEES])
