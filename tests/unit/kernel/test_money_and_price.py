"""Money, prices and quantities: exact, typed, and never from a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.decimals import parse_decimal, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol, us_equity
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.price import (
    US_EQUITY_INCREMENTS,
    Price,
    PriceIncrement,
    PriceIncrements,
    Quantity,
)

USD, EUR, JPY = Currency.USD, Currency.EUR, Currency.JPY
A_FLOAT: Any = 0.1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Money(A_FLOAT, USD),
        lambda: Money.of("1", USD) * A_FLOAT,
        lambda: Price(A_FLOAT, USD),
        lambda: Quantity(A_FLOAT),
        lambda: US_EQUITY_INCREMENTS.down(A_FLOAT),
    ],
)
def test_a_float_never_becomes_money(make: Any) -> None:
    with pytest.raises(TypeError, match="must be a Decimal, was float"):
        make()


def test_adding_keeps_every_cent() -> None:
    ten_cents = Money.of("0.10", USD)
    assert ten_cents + ten_cents + ten_cents == Money.of("0.30", USD)


def test_two_currencies_are_never_added_or_ordered() -> None:
    dollar, euro = Money.of(1, USD), Money.of(1, EUR)
    for operate in (
        lambda: dollar + euro,
        lambda: dollar - euro,
        lambda: dollar < euro,
        lambda: dollar >= euro,
    ):
        with pytest.raises(Invalid, match="currency must be USD"):
            operate()
    assert dollar != euro


def test_money_does_not_go_with_a_bare_number() -> None:
    bare: Any = 1
    with pytest.raises(TypeError, match="Money goes with Money"):
        Money.of(1, USD) + bare
    with pytest.raises(TypeError, match="must be a Decimal, was bool"):
        Money.of(1, USD) * True


def test_money_is_equal_however_many_zeros_it_is_written_with() -> None:
    assert Money.of("1.50", USD) == Money.of("1.5", USD)
    assert hash(Money.of("1.50", USD)) == hash(Money.of("1.5", USD))


def test_money_reads_plainly_even_when_tiny_or_huge() -> None:
    assert str(Money.of("0.00000001", USD)) == "0.00000001 USD"
    assert str(Money(Decimal("1E+9"), USD)) == "1000000000 USD"


def test_money_rounds_to_the_coin_half_to_even() -> None:
    assert Money.of("0.125", USD).rounded() == Money.of("0.12", USD)
    assert Money.of("0.135", USD).rounded() == Money.of("0.14", USD)
    assert Money.of("1234.5", JPY).rounded() == Money.of("1234", JPY)


def test_nothing_of_a_currency_is_false() -> None:
    assert not Money.zero(USD)
    assert Money.of("-0.01", USD)
    assert abs(Money.of("-0.01", USD)) == -Money.of("-0.01", USD)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "NaN", "Infinity", "1e30", "1_000", "1" * 50, "1e999999999", "0." + "1" * 19],
)
def test_a_text_that_the_ledger_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="cash must be a number"):
        parse_decimal(text, "cash")


def test_trailing_zeros_do_not_count_as_decimals() -> None:
    assert plain(parse_decimal("1." + "0" * 30, "cash")) == "1." + "0" * 30


@pytest.mark.parametrize("text", ["0", "-1", "NaN"])
def test_a_price_is_above_zero(text: str) -> None:
    with pytest.raises(Invalid, match="price must be"):
        Price.of(text, USD)


def test_a_quantity_is_never_negative_not_even_after_taking_away() -> None:
    with pytest.raises(Invalid, match="quantity must be zero or more"):
        Quantity.of(1) - Quantity.of(2)
    assert Quantity.of(2) - Quantity.of(2) == Quantity.of(0)
    assert not Quantity.of(0)
    assert Quantity.of(1) < Quantity.of("1.5")


def test_price_times_quantity_is_money() -> None:
    assert Price.of("187.15", USD) * Quantity.of("0.3") == Money.of("56.145", USD)
    wrong: Any = Decimal(3)
    with pytest.raises(TypeError, match="Price goes with Quantity"):
        Price.of("187.15", USD) * wrong


@pytest.mark.parametrize(
    ("amount", "down", "up"),
    [
        ("187.154", "187.15", "187.16"),
        ("187.15", "187.15", "187.15"),
        ("1", "1", "1"),
        ("1.0001", "1", "1.01"),
        ("0.99995", "0.9999", "1"),
        ("0.12345", "0.1234", "0.1235"),
        ("0", "0", "0"),
    ],
)
def test_a_share_is_quoted_in_cents_and_below_a_dollar_finer(
    amount: str, down: str, up: str
) -> None:
    assert US_EQUITY_INCREMENTS.down(Decimal(amount)) == Decimal(down)
    assert US_EQUITY_INCREMENTS.up(Decimal(amount)) == Decimal(up)


@pytest.mark.parametrize(
    "bands",
    [
        (),
        ((Decimal(1), Decimal("0.01")),),
        ((Decimal(0), Decimal("0.01")), (Decimal(0), Decimal("0.05"))),
        ((Decimal(0), Decimal("0.03")), (Decimal(1), Decimal("0.01"))),
    ],
)
def test_a_ladder_of_increments_with_a_gap_is_refused(bands: Any) -> None:
    with pytest.raises(Invalid, match="bands must be"):
        PriceIncrements(tuple(PriceIncrement(floor, step) for floor, step in bands))


@pytest.mark.parametrize(("floor", "step"), [("0", "0"), ("-1", "1"), ("1", "0.3")])
def test_an_increment_that_cannot_be_is_refused(floor: str, step: str) -> None:
    with pytest.raises(Invalid):
        PriceIncrement(Decimal(floor), Decimal(step))


def test_an_instrument_refuses_a_price_between_two_steps_and_says_the_step() -> None:
    apple = us_equity(parse_symbol("AAPL"))
    assert apple.price(Decimal("187.15")) == Price.of("187.15", USD)
    with pytest.raises(Invalid, match=r"limit_price must be a multiple of 0\.01 USD"):
        apple.price(Decimal("187.155"), "limit_price")
    with pytest.raises(Invalid, match="price must be above zero"):
        apple.price(Decimal(0))


def test_an_instrument_sells_whole_shares_unless_it_is_fractional() -> None:
    apple = parse_symbol("AAPL")
    with pytest.raises(Invalid, match="quantity must be zero or a multiple of 1"):
        us_equity(apple).quantity(Decimal("1.5"))
    assert us_equity(apple, fractional=True).quantity(Decimal("1.5")) == Quantity.of("1.5")


@pytest.mark.parametrize("text", ["A", "AAPL", "BRK.B", "BTC/USD", "BF-A", "ES_F", "A" * 20])
def test_a_symbol_is_read(text: str) -> None:
    assert parse_symbol(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "aapl", ".A", "A" * 21, "A/../B", "A//B", "BTC/", "A B", "A\n", "AÄ", "^GSPC", "A;DROP"],
)
def test_a_malformed_symbol_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid, match="symbols must be 1 to 20 capitals"):
        parse_symbol(text, "symbols")
