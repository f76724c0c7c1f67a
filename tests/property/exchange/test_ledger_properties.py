"""What holds of the ledger whatever is traded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.exchange.rules.corporate import split_price
from algotrendy.exchange.venue.documents import Entity, from_document, to_document
from algotrendy.exchange.venue.model import ActivityType, Order, Position
from algotrendy.kernel.ids import FillId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order import Position as KernelPosition
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.kernel.price import Price, Quantity
from fakes.ledger_desk import ASSETS, NOW, Desk

ACCOUNTS = ("one", "two")
quantities = st.integers(1, 10**12).map(lambda steps: Decimal(steps).scaleb(-9))
prices = st.integers(1, 5_000_000).map(lambda steps: Decimal(steps).scaleb(-4))
sides = st.sampled_from(Side)
trades = st.tuples(
    sides, quantities, prices, st.sampled_from(sorted(ASSETS)), st.sampled_from(ACCOUNTS)
)
Trade = tuple[Side, Decimal, Decimal, str, str]


def traded(trades: Sequence[Trade]) -> Desk:
    desk = Desk(accounts=ACCOUNTS)
    for side, quantity, price, symbol, account in trades:
        desk.prices[symbol] = price
        desk.trade(side, str(quantity), str(price), symbol, account)
    return desk


def state(desk: Desk) -> object:
    cash = [desk.ledger.accounts[name].cash for name in ACCOUNTS]
    held = [each for name in ACCOUNTS for each in desk.ledger.positions(name)]
    return cash, held


def assert_balanced(desk: Desk) -> None:
    for name, account in desk.ledger.accounts.items():
        history = desk.ledger.activities(name)
        assert account.cash == sum(each.cash for each in history)
        for symbol in ASSETS:
            moved = sum(
                each.quantity or 0
                for each in history
                if each.symbol == symbol and each.type is not ActivityType.DIVIDEND
            )
            position = desk.ledger.position(name, symbol)
            assert moved == (0 if position is None else position.quantity)


@settings(deadline=None)
@given(st.lists(trades, max_size=15), st.data())
def test_cash_is_the_sum_of_the_activities_and_so_is_every_position(
    made: list[Trade], data: st.DataObject
) -> None:
    desk = traded(made)
    assert_balanced(desk)
    desk.ledger.dividend("AAPL", data.draw(prices), desk.now)
    for execution in data.draw(st.sets(st.sampled_from(desk.executions or [""]))) - {""}:
        fill = desk.ledger.fill(execution)
        assert fill.symbol is not None
        order = desk.order(Side.BUY, "1", fill.symbol, account_id=fill.account_id)
        desk.ledger.bust(execution, order, desk.now)
    assert_balanced(desk)
    desk.ledger.split("WHOL", data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)), desk.now)
    desk.ledger.close_session(date(2026, 8, 31), desk.now + timedelta(hours=5))
    assert_balanced(desk)


@settings(deadline=None)
@given(st.lists(st.tuples(sides, quantities, prices), min_size=1, max_size=20))
def test_positions_are_the_kernels(made: list[tuple[Side, Decimal, Decimal]]) -> None:
    desk = Desk()
    expected = KernelPosition.flat(Symbol("AAPL"), Currency.USD)
    for side, quantity, price in made:
        desk.trade(side, str(quantity), str(price))
        fill = Fill(
            FillId(UUID(int=0)),
            OrderId(UUID(int=0)),
            Symbol("AAPL"),
            side,
            Quantity(quantity),
            Price(price, Currency.USD),
            Money.zero(Currency.USD),
            NOW,
        )
        expected, _ = expected.after(fill)
        found = desk.ledger.position("one", "AAPL")
        if found is None:
            assert not expected.quantity
        else:
            assert (found.quantity, found.cost) == (expected.quantity, expected.cost.amount)


@settings(deadline=None)
@given(st.lists(trades, max_size=10), trades)
def test_a_bust_reverses_a_fill_exactly(before: list[Trade], last: Trade) -> None:
    desk = traded(before)
    expected = state(desk)
    side, quantity, price, symbol, account = last
    order = desk.trade(side, str(quantity), str(price), symbol, account)
    desk.ledger.bust(desk.executions[-1], order, desk.now)
    assert state(desk) == expected


@settings(deadline=None)
@given(st.lists(trades, min_size=1, max_size=10), st.data())
def test_a_bust_of_any_fill_gives_what_would_have_been_without_it(
    made: list[Trade], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(made) - 1))
    side, _, _, symbol, account = made[number]
    desk = traded(made)
    order = desk.order(side, "1", symbol, account_id=account)
    desk.ledger.bust(desk.executions[number], order, desk.now)
    assert state(desk) == state(traded(made[:number] + made[number + 1 :]))


@settings(deadline=None)
@given(st.lists(quantities, min_size=1, max_size=8), prices)
def test_an_orders_parts_cost_what_it_costs_whole(parts: list[Decimal], price: Decimal) -> None:
    parted, whole = Desk(), Desk()
    total = str(sum(parts))
    order = parted.order(Side.SELL, total)
    for part in parts:
        parted.fill(order, str(part), str(price))
    whole.trade(Side.SELL, total, str(price))
    assert parted.ledger.accounts["one"].cash == whole.ledger.accounts["one"].cash


@settings(deadline=None)
@given(
    sides, st.integers(1, 10**6), prices, st.integers(1, 50), st.integers(1, 50),
    st.sampled_from(["AAPL", "WHOL"]),
)  # fmt: skip
def test_a_split_conserves_value_to_the_cent(
    side: Side, quantity: int, price: Decimal, new: int, old: int, symbol: str
) -> None:
    desk = Desk()
    desk.prices[symbol] = price
    desk.trade(side, str(quantity), str(price), symbol)
    before = desk.balances().equity
    desk.ledger.split(symbol, new, old, desk.now)
    desk.prices[symbol] = split_price(price, new, old)
    # A price of 28 digits and a billionth of a share that nobody can hold cost less than this.
    slack = Decimal("0.005") + price * old / new * Decimal("1e-9") + Decimal("1e-9")
    assert abs(desk.balances().equity - before) <= slack


@settings(deadline=None)
@given(st.lists(trades, max_size=10))
def test_what_may_be_sold_short_is_what_nobody_borrowed(made: list[Trade]) -> None:
    desk = traded(made)
    for symbol, asset in ASSETS.items():
        held = [desk.ledger.position(name, symbol) for name in ACCOUNTS]
        lent = sum(-min(each.quantity, Decimal(0)) for each in held if each is not None)
        assert desk.ledger.shortable(symbol) == max(asset.borrowable - lent, 0)


@settings(deadline=None)
@given(st.lists(trades, max_size=6))
def test_everything_reads_as_it_was_written(made: list[Trade]) -> None:
    changes = traded(made).take()
    kept: list[Entity] = [
        *changes.accounts.values(),
        *changes.positions.values(),
        *changes.activities,
        *changes.equity,
    ]
    for entity in kept:
        assert from_document(type(entity), to_document(entity)) == entity


texts = st.text(max_size=30)
times = st.datetimes(timezones=st.just(UTC))
decimals = st.decimals(-(10**17), 10**17, allow_nan=False, allow_infinity=False, places=18)
orders = st.builds(
    Desk.order,
    st.just(Desk()),
    sides,
    st.none() | quantities.map(str),
    texts,
    id=texts,
    sequence=st.integers(),
    type=st.sampled_from(OrderType),
    time_in_force=st.sampled_from(TimeInForce),
    order_class=st.sampled_from(OrderClass),
    status=st.sampled_from(OrderStatus),
    created_at=times,
    notional=st.none() | decimals,
    trail_percent=st.none() | decimals,
    triggered=st.booleans(),
    filled_value=decimals,
    canceled_at=st.none() | times,
    replaced_by=st.none() | texts,
    legs=st.lists(texts, max_size=3).map(tuple),
    reason=st.none() | texts,
)


@settings(deadline=None)
@given(orders)
def test_any_order_reads_as_it_was_written(order: Order) -> None:
    assert from_document(Order, to_document(order)) == order


@settings(deadline=None)
@given(decimals, decimals)
def test_a_document_holds_no_number_that_json_would_round(quantity: Decimal, cost: Decimal) -> None:
    document = to_document(Position("one", "AAPL", quantity, cost))
    assert all(isinstance(value, str) for value in document.values())
