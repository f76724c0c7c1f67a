"""Laws that the kernel's values keep for any input."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.decimals import is_multiple, parse_decimal, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.events import Event, parse
from algotrendy.kernel.ids import (
    CorrelationId,
    EventId,
    FillId,
    OrderId,
    SeededIds,
    TenantId,
    Uuid7s,
    time_of,
)
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import US_EQUITY_INCREMENTS, Price, Quantity

USD = Currency.USD
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 11, 22, tzinfo=UTC)
AAPL = parse_symbol("AAPL")
AN_ID = SeededIds(1, ManualClock(START)).next()

amounts = st.decimals(-(10**15), 10**15, places=4)
monies = amounts.map(lambda amount: Money(amount, USD))
prices = st.decimals(0, 10**6, places=6)
times = st.integers(0, 200 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us))


class Measured(Event):
    """Something was measured."""

    name = "Measured"
    version = 1

    amount: Decimal
    words: tuple[str, ...]


@given(monies, monies, monies)
def test_adding_money_has_no_order(a: Money, b: Money, c: Money) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)


@given(monies, monies)
def test_what_is_added_can_be_taken_away_again_to_the_last_digit(a: Money, b: Money) -> None:
    assert (a + b) - b == a
    assert a - a == Money.zero(USD)
    assert a + -a == Money.zero(USD)


@given(monies, st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_multiplying_money_distributes(a: Money, m: int, n: int) -> None:
    # Spread so that the sums of products stay below what the ledger holds.
    small = a * Decimal("0.001")
    assert small * m + small * n == small * (m + n)


@given(monies, monies)
def test_money_is_ordered_as_its_difference(a: Money, b: Money) -> None:
    assert (a < b) == ((a - b).amount < 0)
    assert (a <= b) == (not b < a)
    assert (a > b) == (b < a)
    assert (a >= b) == (b <= a)


@given(monies)
def test_rounding_moves_money_by_half_a_cent_at_most(a: Money) -> None:
    assert abs(a.rounded() - a) <= Money.of("0.005", USD)
    assert a.rounded().rounded() == a.rounded()


@given(amounts)
def test_a_decimal_survives_being_written_and_read(amount: Decimal) -> None:
    assert parse_decimal(plain(amount), "amount") == amount


@given(st.text(max_size=60) | st.from_regex(r"-?[0-9.]{1,30}([eE]-?[0-9]{1,12})?", fullmatch=True))
def test_any_text_is_either_a_decimal_of_the_ledger_or_invalid(text: str) -> None:
    with suppress(Invalid):
        assert abs(parse_decimal(text, "amount")) < 10**18


@given(prices)
def test_a_price_lies_between_its_two_quotable_neighbours(amount: Decimal) -> None:
    down, up = US_EQUITY_INCREMENTS.down(amount), US_EQUITY_INCREMENTS.up(amount)
    step = US_EQUITY_INCREMENTS.step_at(amount)
    assert down <= amount <= up
    assert up - down in (0, step)
    assert US_EQUITY_INCREMENTS.allows(down)
    assert US_EQUITY_INCREMENTS.allows(up)
    assert (down == up) == US_EQUITY_INCREMENTS.allows(amount) == is_multiple(amount, step)


@given(st.text(max_size=25) | st.text("AZ09.^/_-", max_size=25))
def test_any_text_is_either_a_symbol_that_is_safe_in_a_path_or_invalid(text: str) -> None:
    with suppress(Invalid):
        symbol = parse_symbol(text)
        assert symbol == text
        assert ".." not in symbol
        assert not symbol.startswith((".", "/"))
        assert not symbol.endswith("/")


@given(st.lists(st.integers(0, 3), min_size=2, max_size=50), st.integers(0, 2**32))
def test_ids_sort_as_they_were_made_however_the_clock_ticks(ticks: list[int], seed: int) -> None:
    clock = ManualClock(START)
    ids = SeededIds(seed, clock)
    made = []
    for tick in ticks:
        clock.advance(timedelta(milliseconds=tick))
        made.append(ids.next())
    assert all(earlier < later for earlier, later in pairwise(made))
    assert [str(one) for one in made] == sorted(str(one) for one in made)


@given(times)
def test_an_id_is_a_valid_uuid7_and_tells_its_millisecond(moment: datetime) -> None:
    made = Uuid7s(ManualClock(moment)).next()
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert time_of(made) == moment - timedelta(microseconds=moment.microsecond % 1000)


@given(amounts, st.lists(st.text()), times)
def test_an_event_comes_back_from_its_envelope(
    amount: Decimal, words: list[str], moment: datetime
) -> None:
    event = Measured(
        id=EventId(AN_ID),
        occurred_at=moment,
        correlation_id=CorrelationId("c"),
        tenant=TenantId("acme"),
        amount=amount,
        words=tuple(words),
    )
    assert parse(json.loads(json.dumps(event.envelope()))) == event


fills = st.builds(
    lambda side, quantity, price: Fill(
        id=FillId(AN_ID),
        order_id=OrderId(AN_ID),
        symbol=AAPL,
        side=side,
        quantity=Quantity(quantity),
        price=Price(price, USD),
        fee=Money.zero(USD),
        filled_at=START,
    ),
    st.sampled_from(Side),
    st.decimals("0.001", 1000, places=3),
    st.decimals("0.01", 1000, places=2),
)


@given(st.lists(fills, max_size=12))
def test_profit_and_cost_always_add_up_to_the_cash_that_moved(trades: list[Fill]) -> None:
    position = Position.flat(AAPL, USD)
    profit = cash = Money.zero(USD)
    for fill in trades:
        position, realised = position.after(fill)
        profit, cash = profit + realised, cash + fill.cash_change
    assert profit == cash + position.cost
    assert position.quantity == sum(fill.quantity.value * fill.side.sign for fill in trades)
