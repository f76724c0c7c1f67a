"""What is told quickly of a bar is what its orders would have said one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from algotrendy.exchange.rules.codes import (
    BUY,
    CANCELED,
    FOK,
    HELD,
    LIMIT,
    MARKET,
    SELL,
    TRAILING_STOP,
)
from algotrendy.exchange.rules.prices import is_touched, quiet_band
from algotrendy.exchange.rules.records import OrderRow

prices = st.integers(1, 30).map(float)
"""So few that a bar's ends are often the very prices of the order."""

orders = st.builds(
    OrderRow,
    kind=st.integers(MARKET, TRAILING_STOP),
    side=st.sampled_from([BUY, SELL]),
    tif=st.integers(0, FOK),
    state=st.integers(HELD, CANCELED),
    limit=prices,
    stop=prices,
    mark=st.just(0.0) | prices,
    triggered=st.integers(0, 1),
)


@given(orders, prices, prices)
def test_within_its_band_nothing_touches_an_order(order: OrderRow, low: float, more: float) -> None:
    high = low + more - 1.0
    floor, ceiling = quiet_band(order)
    if floor < low and high < ceiling:
        assert not is_touched(order, low, high)


@given(orders, prices, prices)
def test_outside_of_it_all_but_a_trailing_stop_is_touched(
    order: OrderRow, low: float, more: float
) -> None:
    high = low + more - 1.0
    floor, ceiling = quiet_band(order)
    if not (floor < low and high < ceiling) and order.kind != TRAILING_STOP:
        assert is_touched(order, low, high)


def test_a_limit_order_waits_beyond_its_limit() -> None:
    order = OrderRow(kind=LIMIT, side=BUY, state=2, limit=10.0)
    assert quiet_band(order) == (10.0, float("inf"))
