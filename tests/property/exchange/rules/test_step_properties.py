"""What holds for every order against every market, interpreted and compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.exchange.compiled import steps, table, table_of
from algotrendy.exchange.rules import codes, step
from algotrendy.exchange.rules.bars import match_touched
from algotrendy.exchange.rules.prices import is_touched
from algotrendy.exchange.rules.records import (
    BAR_FIELDS,
    FILL_FIELDS,
    ORDER_FIELDS,
    QUOTE_FIELDS,
    TERMS_FIELDS,
    TRADE_FIELDS,
    BarRow,
    FillRow,
    OrderRow,
    QuoteRow,
    Terms,
    TradeRow,
)
from algotrendy.kernel.records import Record

# A busy machine is no failure, and the first example compiles.
unhurried = settings(deadline=None, max_examples=100)

PRICES = st.integers(9_500, 10_500).map(lambda cents: cents / 100)
QUANTITIES = st.one_of(
    st.integers(1, 300).map(float), st.integers(1, 300 * 10**9).map(lambda steps: steps / 1e9)
)
SIZES = st.one_of(st.just(0.0), QUANTITIES)
PHASES = st.sampled_from([0, 0, 4, 4, 4, 4, 5, 6, 7])
GROUPS = st.lists(st.sampled_from(["one", "bracket", "oco", "oto"]), min_size=1, max_size=4)
ENDED = (codes.FILLED, codes.CANCELED, codes.EXPIRED)


@st.composite
def orders(draw: st.DrawFn, /, **fixed: float) -> OrderRow:
    kind = draw(st.integers(codes.MARKET, codes.TRAILING_STOP))
    by_percent = draw(st.booleans())
    row = OrderRow(
        kind=kind,
        side=draw(st.sampled_from([codes.BUY, codes.SELL])),
        tif=draw(st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5])),
        state=codes.WORKING,
        quantity=draw(QUANTITIES),
        increment=draw(st.sampled_from([0.0, 0.01])),
        lot=draw(st.sampled_from([0.0, 0.0, 1.0, 0.001])),
        extended=draw(st.sampled_from([0, 0, 0, 1])),
    )
    if kind in (codes.LIMIT, codes.STOP_LIMIT):
        row.limit = draw(PRICES)
    if kind in (codes.STOP, codes.STOP_LIMIT):
        row.stop = draw(PRICES)
    if kind == codes.TRAILING_STOP:
        row.trail_percent = draw(st.sampled_from([0.5, 1.0, 2.5])) if by_percent else 0.0
        row.trail_price = 0.0 if by_percent else draw(st.integers(1, 300)) / 100
    for name, value in fixed.items():
        setattr(row, name, value)
    return row


@st.composite
def books(draw: st.DrawFn) -> list[OrderRow]:
    """Draw a few groups: single orders, brackets, OCO and OTO."""
    book: list[OrderRow] = []
    for kind in draw(GROUPS):
        first = draw(orders())
        book.append(first)
        exits = {"one": 0, "oto": 1, "bracket": 2, "oco": 1}[kind]
        parent = -1 if kind == "oco" else len(book) - 1
        state = codes.WORKING if kind == "oco" else codes.HELD
        side = first.side if kind == "oco" else -first.side
        for _ in range(exits):
            fixed = {"parent": parent, "state": state, "side": side, "quantity": first.quantity}
            book.append(draw(orders(**fixed)))
        if kind in ("bracket", "oco"):
            book[-1].sibling, book[-2].sibling = len(book) - 2, len(book) - 1
    return book


@st.composite
def quotes(draw: st.DrawFn) -> QuoteRow:
    bid, ask = sorted((draw(PRICES), draw(PRICES)))
    return QuoteRow(
        bid=bid, bid_size=draw(SIZES), ask=ask, ask_size=draw(SIZES), phase=draw(PHASES)
    )


@st.composite
def bars(draw: st.DrawFn) -> BarRow:
    prices = [draw(PRICES) for _ in range(4)]
    return BarRow(
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=prices[1],
        volume=draw(SIZES),
        phase=draw(PHASES),
    )


TRADES = st.builds(
    lambda price, size, phase: TradeRow(price=price, size=size, phase=phase), PRICES, SIZES, PHASES
)
TERMS = st.builds(
    lambda share, check, stops: Terms(participation=share, size_check=check, stop_on_quote=stops),
    st.sampled_from([0.0, 0.0, 0.1, 1.0]),
    st.integers(0, 1),
    st.integers(0, 1),
)
MARKETS = st.lists(st.one_of(quotes(), TRADES, bars()), min_size=1, max_size=6)
STEPS = {QuoteRow: "match_quote", TradeRow: "match_trade", BarRow: "match_bar"}
FIELDS = {QuoteRow: QUOTE_FIELDS, TradeRow: TRADE_FIELDS, BarRow: BAR_FIELDS}


@dataclass(frozen=True)
class Filled:
    """A fill, with its order as it was before the event."""

    order: int
    quantity: float
    price: float
    event: Record


def play(book: list[OrderRow], market: list[Any], terms: Terms) -> list[Filled]:
    fills = [FillRow() for _ in range(64)]
    told: list[Filled] = []
    for event in market:
        found = getattr(step, STEPS[type(event)])(book, len(book), event, terms, fills, 0)
        told += [Filled(f.order, f.quantity, f.price, event) for f in fills[:found]]
    return told


def steps_of(quantity: float) -> int:
    return round(quantity * 1e9)


@unhurried
@given(books(), MARKETS, TERMS)
def test_no_order_fills_more_than_its_quantity(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    wanted = [steps_of(order.quantity) for order in book]
    told = play(book, market, terms)
    for k, order in enumerate(book):
        filled = sum(steps_of(fill.quantity) for fill in told if fill.order == k)
        assert filled == steps_of(order.filled) <= steps_of(order.quantity) <= wanted[k]
        assert (order.state == codes.FILLED) == (filled == steps_of(order.quantity))
        assert order.state != codes.WORKING or filled == 0


@unhurried
@given(books(), MARKETS, TERMS)
def test_no_fill_is_worse_than_the_limit(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    for fill in play(book, market, terms):
        order = book[fill.order]
        if order.kind in (codes.LIMIT, codes.STOP_LIMIT):
            assert (fill.price - order.limit) * order.side <= 0.0


@unhurried
@given(books(), MARKETS, TERMS)
def test_a_fill_price_is_one_of_the_prices_that_came_in(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    fills = [FillRow() for _ in range(64)]
    own = {price for order in book for price in (order.limit, order.stop) if price}
    for event in market:
        found = getattr(step, STEPS[type(event)])(book, len(book), event, terms, fills, 0)
        own |= {order.stop for order in book}
        seen = {getattr(event, name) for name, _ in event.fields if name != "phase"}
        for fill in fills[:found]:
            assert fill.price in own | seen


@unhurried
@given(books(), bars(), TERMS)
def test_a_bar_fills_nothing_outside_of_its_range(
    book: list[OrderRow], bar: BarRow, terms: Terms
) -> None:
    for fill in play(book, [bar], terms):
        assert bar.low <= fill.price <= bar.high


@unhurried
@given(books(), MARKETS, TERMS)
def test_siblings_together_fill_no_more_than_one_quantity(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    wanted = [steps_of(order.quantity) for order in book]
    play(book, market, terms)
    for k, order in enumerate(book):
        if order.sibling >= 0:
            assert steps_of(order.filled) + steps_of(book[order.sibling].filled) <= wanted[k]


@unhurried
@given(books(), MARKETS, TERMS)
def test_no_exit_fills_before_its_entry_has_filled_whole(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    play(book, market, terms)
    for order in book:
        if order.parent >= 0 and (order.filled or order.state == codes.WORKING):
            assert book[order.parent].state == codes.FILLED


@unhurried
@given(books(), MARKETS, st.sampled_from([0.1, 0.5, 1.0]))
def test_orders_together_take_at_most_their_share_of_the_volume(
    book: list[OrderRow], market: list[Any], share: float
) -> None:
    terms = Terms(participation=share, size_check=1, stop_on_quote=1)
    sizes = [
        (event.bid_size, event.ask_size) if isinstance(event, QuoteRow) else None
        for event in market
    ]
    told = play(book, market, terms)
    for event, quoted in zip(market, sizes, strict=True):
        taken = {codes.BUY: 0, codes.SELL: 0}
        for fill in told:
            if fill.event is event:
                taken[book[fill.order].side] += steps_of(fill.quantity)
        if quoted is not None:
            assert taken[codes.SELL] <= steps_of(quoted[0])
            assert taken[codes.BUY] <= steps_of(quoted[1])
        else:
            volume = event.size if isinstance(event, TradeRow) else event.volume
            assert sum(taken.values()) <= steps_of(volume * share) + 1


@unhurried
@given(books(), MARKETS, TERMS)
def test_a_trailing_stop_never_moves_back(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    before = [order.stop for order in book]
    for event in market:
        play(book, [event], terms)
        for k, order in enumerate(book):
            if order.kind == codes.TRAILING_STOP and before[k]:
                assert (order.stop - before[k]) * order.side <= 0.0
            before[k] = order.stop


@unhurried
@given(books(), MARKETS, TERMS)
def test_what_has_ended_stays_as_it_is(
    book: list[OrderRow], market: list[Any], terms: Terms
) -> None:
    for event in market:
        ended = {k: values(o) for k, o in enumerate(book) if o.state in ENDED}
        play(book, [event], terms)
        assert all(values(book[k]) == old for k, old in ended.items())


@unhurried
@given(orders(), bars(), TERMS)
def test_an_order_called_untouched_stays_as_it_is(
    order: OrderRow, bar: BarRow, terms: Terms
) -> None:
    before = values(order)
    if not is_touched(order, bar.low, bar.high):
        assert match_touched([order], 1, bar, terms, [FillRow()], 0) == 0
        assert values(order) == before


@unhurried
@given(books(), MARKETS, TERMS, st.integers(0, 1))
def test_compiled_and_interpreted_rules_give_the_same_bits(
    book: list[OrderRow], market: list[Any], terms: Terms, extended: int
) -> None:
    fills, count = [FillRow() for _ in range(64)], len(book)
    book_table = table_of(ORDER_FIELDS, book)
    fill_table = table(FILL_FIELDS, 64)
    term_table = table_of(TERMS_FIELDS, [terms])
    for event in market:
        name = STEPS[type(event)]
        # Made before the call: a quote is changed by it.
        event_table = table_of(FIELDS[type(event)], [event])
        found = getattr(step, name)(book, count, event, terms, fills, 0)
        assert found == getattr(steps(), name)(
            book_table, count, event_table[0], term_table[0], fill_table, 0
        )
        assert_same_bits(fills, fill_table)
        assert_same_bits(book, book_table)
        assert_same_bits([event], event_table)
        if count and isinstance(event, QuoteRow):
            arrived = step.match_arrival(book, count - 1, event, terms, fills, 0)
            assert arrived == steps().match_arrival(
                book_table, count - 1, event_table[0], term_table[0], fill_table, 0
            )
            assert_same_bits(book, book_table)
    assert step.expire_session(book, count, extended) == steps().expire_session(
        book_table, count, extended
    )
    assert_same_bits(book, book_table)


def values(record: Record) -> list[float]:
    return [getattr(record, name) for name, _ in record.fields]


def assert_same_bits(records: list[Any], rows: Any) -> None:
    if records:
        assert table_of(records[0].fields, records).tobytes() == rows.tobytes()
