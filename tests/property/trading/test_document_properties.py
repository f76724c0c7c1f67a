"""Whatever an event or an entry says, its document says the same, to the last zero."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import orjson
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading.documents import from_document, to_document
from algotrendy.trading.journal import Book, Entry, EntryKind, Posting, Units
from algotrendy.trading.lots import Lot, LotMethod, Lots
from algotrendy.trading.order_events import Execution, OrderEvent, OrderFilled
from fakes.order_story import Story

positive = st.decimals(
    min_value=Decimal("1e-18"), max_value=Decimal(10) ** 17, places=18, allow_nan=False
)
texts = st.text(min_size=1, max_size=20).filter(lambda text: "\x00" not in text)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zones are added
currencies = st.sampled_from(Currency)


@st.composite
def executions(draw: st.DrawFn) -> Execution:
    currency = draw(currencies)
    fee = draw(st.none() | st.decimals(-100, 100, places=4))
    return Execution(
        id=draw(texts),
        quantity=Quantity(draw(positive)),
        price=Price(draw(positive), currency),
        at=draw(moments),
        fee=None if fee is None else Money(fee, currency),
    )


@given(executions(), st.none() | texts, st.text(max_size=50), positive)
def test_a_fill_comes_back_as_it_was(
    made: Execution, status: str | None, reason: str, told: Decimal
) -> None:
    story = Story()
    event = story.filled(made, status=status, reason=reason, filled_quantity=told)
    text = orjson.dumps(to_document(event))
    again = from_document(OrderEvent, orjson.loads(text))
    assert again == event
    assert isinstance(again, OrderFilled)
    assert orjson.dumps(to_document(again)) == text


@given(texts, moments, positive, currencies, st.booleans())
def test_an_entry_comes_back_as_it_was(
    key: str, at: datetime, amount: Decimal, currency: Currency, is_units: bool
) -> None:
    symbol = Symbol("BTC/USD")
    what: Money | Units = Units(amount, symbol) if is_units else Money(amount, currency)
    there = Posting(Book.POSITION, what, symbol)
    back = Posting(Book.EXTERNAL, there.reversed().amount, symbol if is_units else None)
    entry = Entry(
        key=key,
        kind=EntryKind.CORRECTION,
        account=AccountId("one/trend"),
        at=at,
        postings=(there, back),
        reason=key,
        reverses=key,
    )
    assert from_document(Entry, orjson.loads(orjson.dumps(to_document(entry)))) == entry


@given(st.lists(st.tuples(texts, moments, positive, positive)), st.sampled_from(LotMethod))
def test_lots_come_back_as_they_were(
    opened: list[tuple[str, datetime, Decimal, Decimal]], method: LotMethod
) -> None:
    lots = Lots(
        Symbol("AAPL"),
        Currency.USD,
        method,
        tuple(Lot(name, at, -size, Money(-cost, Currency.USD)) for name, at, size, cost in opened),
    )
    assert from_document(Lots, orjson.loads(orjson.dumps(to_document(lots)))) == lots
