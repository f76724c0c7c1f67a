"""Laws of tax lots: they add up to the position, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.kernel.ids import FillId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading.lots import ClosedLot, LotMethod, Lots, realised
from fakes.order_story import START, USD

AAPL = Symbol("AAPL")
fills = st.lists(
    st.builds(
        lambda side, quantity, price: Fill(
            FillId(UUID(int=0)),
            OrderId(UUID(int=0)),
            AAPL,
            side,
            Quantity(Decimal(quantity).scaleb(-9)),
            Price(Decimal(price).scaleb(-4), USD),
            Money.zero(USD),
            START,
        ),
        st.sampled_from(Side),
        st.integers(1, 10**13),
        st.integers(1, 5_000_000),
    ),
    max_size=15,
)


@settings(deadline=None)
@given(fills)
def test_at_average_cost_lots_and_profit_are_the_kernels(made: list[Fill]) -> None:
    lots, position = Lots(AAPL, USD, LotMethod.AVERAGE), Position.flat(AAPL, USD)
    for number, each in enumerate(made):
        lots, closed = lots.after(each, str(number))
        position, profit = position.after(each)
        assert lots.position == position
        assert realised(closed, USD) == profit


@settings(deadline=None)
@given(fills, st.sampled_from(LotMethod))
def test_cost_is_what_was_traded_plus_profit_by_any_method(
    made: list[Fill], method: LotMethod
) -> None:
    lots, closed = Lots(AAPL, USD, method), list[ClosedLot]()
    held = Position.flat(AAPL, USD)
    paid = Money.zero(USD)
    for number, each in enumerate(made):
        lots, more = lots.after(each, str(number))
        closed += more
        held, _ = held.after(each)
        paid += each.notional * each.side.sign
        assert lots.position.quantity == held.quantity
        assert lots.position.cost == paid + realised(closed, USD)
        assert len({lot.quantity > 0 for lot in lots.open}) <= 1


@settings(deadline=None)
@given(fills, st.sampled_from(LotMethod))
def test_what_is_closed_was_open_and_is_closed_once(made: list[Fill], method: LotMethod) -> None:
    lots = Lots(AAPL, USD, method)
    for number, each in enumerate(made):
        before = {lot.id: lot.quantity for lot in lots.open}
        lots, closed = lots.after(each, str(number))
        after = {lot.id: lot.quantity for lot in lots.open}
        for part in closed:
            kept = after.get(part.lot_id, Decimal(0))
            assert before[part.lot_id] == part.quantity + kept


@settings(deadline=None)
@given(fills, st.integers(1, 20), st.integers(1, 20))
def test_a_split_of_the_lots_is_the_split_of_the_position(
    made: list[Fill], new: int, old: int
) -> None:
    lots = Lots(AAPL, USD, LotMethod.FIFO)
    for number, each in enumerate(made):
        lots, _ = lots.after(each, str(number))
    after = lots.split(new, old)
    assert after.position.cost == lots.position.cost
    drift = after.position.quantity * old - lots.position.quantity * new
    assert abs(drift) <= Decimal(old).scaleb(-18)
