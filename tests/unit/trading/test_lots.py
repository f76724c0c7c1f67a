"""Tax lots: which units a sale takes, and what it realised."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.ids import FillId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod, Lots, realised
from fakes.order_story import START, USD, dollars

AAPL = Symbol("AAPL")


def fill(side: Side, quantity: str | int, price: str | int) -> Fill:
    return Fill(
        FillId(UUID(int=0)),
        OrderId(UUID(int=0)),
        AAPL,
        side,
        Quantity.of(quantity),
        Price.of(price, USD),
        Money.zero(USD),
        START,
    )


def traded(method: LotMethod, *fills: Fill) -> tuple[Lots, list[ClosedLot]]:
    lots, closed = Lots(AAPL, USD, method), list[ClosedLot]()
    for number, each in enumerate(fills, 1):
        lots, more = lots.after(each, f"e{number}")
        closed += more
    return lots, closed


BOUGHT_THRICE = (fill(Side.BUY, 10, 100), fill(Side.BUY, 10, 130), fill(Side.BUY, 10, 110))


@pytest.mark.parametrize(
    ("method", "lots_closed", "profit", "left"),
    [
        (LotMethod.FIFO, ["e1", "e2"], 200 - 50, ["e2", "e3"]),
        (LotMethod.LIFO, ["e3", "e2"], 100 - 50, ["e1", "e2"]),
        (LotMethod.HIGHEST_COST, ["e2", "e3"], -100 + 50, ["e1", "e3"]),
    ],
)
def test_a_sale_takes_the_lots_that_the_method_names(
    method: LotMethod, lots_closed: list[str], profit: int, left: list[str]
) -> None:
    lots, closed = traded(method, *BOUGHT_THRICE, fill(Side.SELL, 15, 120))
    assert [each.lot_id for each in closed] == lots_closed
    assert [each.quantity for each in closed] == [10, 5]
    assert {each.closed_by for each in closed} == {"e4"}
    assert realised(closed, USD) == dollars(profit)
    assert [lot.id for lot in lots.open] == left
    assert lots.position.quantity == 15


def test_at_average_cost_there_is_one_lot() -> None:
    lots, closed = traded(LotMethod.AVERAGE, *BOUGHT_THRICE, fill(Side.SELL, 15, 120))
    assert [lot.quantity for lot in lots.open] == [15]
    assert lots.position.cost == dollars(1700)
    assert realised(closed, USD) == dollars(100)


def test_a_short_that_is_bought_back_cheaper_makes_a_profit() -> None:
    lots, closed = traded(LotMethod.FIFO, fill(Side.SELL, 10, 100), fill(Side.BUY, 10, 90))
    (one,) = closed
    assert (one.quantity, one.cost, one.proceeds) == (Decimal(-10), dollars(-1000), dollars(-900))
    assert one.profit == dollars(100)
    assert lots.position == Position.flat(AAPL, USD)


def test_a_sale_of_more_than_is_held_closes_all_and_opens_a_short() -> None:
    lots, closed = traded(LotMethod.FIFO, fill(Side.BUY, 10, 100), fill(Side.SELL, 14, 110))
    assert [each.quantity for each in closed] == [10]
    assert lots.open == (Lot("e2", START, Decimal(-4), dollars(-440)),)


def test_thirds_of_a_lot_lose_nothing_to_rounding() -> None:
    sells = [fill(Side.SELL, 1, 40)] * 3
    lots, closed = traded(LotMethod.AVERAGE, fill(Side.BUY, 2, 33), fill(Side.BUY, 1, 34), *sells)
    assert lots.open == ()
    assert sum((each.cost for each in closed), Money.zero(USD)) == dollars(100)
    assert realised(closed, USD) == dollars(20)


def test_a_split_multiplies_each_lot_at_the_same_cost() -> None:
    lots, _ = traded(LotMethod.FIFO, *BOUGHT_THRICE)
    after = lots.split(4, 1)
    assert [lot.quantity for lot in after.open] == [40, 40, 40]
    assert after.position.cost == lots.position.cost
    assert Lots(AAPL, USD, LotMethod.FIFO).split(4, 1).open == ()


def test_a_split_into_thirds_adds_up_to_the_position() -> None:
    lots, _ = traded(LotMethod.FIFO, fill(Side.BUY, 1, 9), fill(Side.BUY, 1, 9))
    after = lots.split(1, 3)
    assert after.position.quantity == Decimal("0.666666666666666667")


@pytest.mark.parametrize(("new", "old"), [(0, 1), (1, 0), (-1, 1)])
def test_a_split_by_nothing_is_refused(new: int, old: int) -> None:
    with pytest.raises(Invalid, match="above zero"):
        Lots(AAPL, USD, LotMethod.FIFO).split(new, old)


def test_an_execution_opens_a_lot_once() -> None:
    lots, _ = traded(LotMethod.FIFO, fill(Side.BUY, 10, 100))
    with pytest.raises(Conflict, match="e1 is in the lots already"):
        lots.after(fill(Side.BUY, 10, 100), "e1")


def test_a_fill_of_another_symbol_or_currency_is_refused() -> None:
    lots = Lots(AAPL, USD, LotMethod.FIFO)
    buy = fill(Side.BUY, 1, 1)
    with pytest.raises(Invalid, match="symbol"):
        lots.after(replace(buy, symbol=Symbol("MSFT")), "e1")
    euros = replace(buy, price=Price.of(1, Currency.EUR), fee=Money.zero(Currency.EUR))
    with pytest.raises(Invalid, match="currency"):
        lots.after(euros, "e1")


def test_a_lot_of_nothing_or_with_a_cost_of_the_other_sign_is_refused() -> None:
    with pytest.raises(Invalid, match="other than zero"):
        Lot("e1", START, Decimal(0), dollars(0))
    with pytest.raises(Invalid, match="of the sign"):
        Lot("e1", START, Decimal(1), dollars(-1))
