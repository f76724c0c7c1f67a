"""How much of a limit is used: more than all of it exactly where the limit is broken."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.risk.decision import Limit
from algotrendy.risk.engine import standing_breaches
from algotrendy.risk.usage import MOST_USE, used
from fakes.risk_desk import AAPL, MSFT, Desk, buy, limits

RULES = limits(
    gross_exposure="60000",
    net_exposure="40000",
    leverage="0.5",
    margin_use="0.4",
    concentration="0.3",
    daily_loss="1000",
    drawdown="0.02",
)


def test_the_use_is_the_part_of_the_limit() -> None:
    desk = Desk(limits(gross_exposure="50000", leverage="0.5"))
    desk.hold("100")
    desk.open(buy("100"))
    found = used(desk.state.account, desk.limits.account)
    assert found == {Limit.GROSS_EXPOSURE: 0.4, Limit.LEVERAGE: pytest.approx(0.4)}


def test_a_limit_of_nothing_is_used_up_by_anything() -> None:
    desk = Desk(limits(leverage="1"), cash="0")
    assert used(desk.state.account, desk.limits.account) == {Limit.LEVERAGE: 0.0}
    desk.open(buy("1"))
    assert used(desk.state.account, desk.limits.account) == {Limit.LEVERAGE: MOST_USE}


@given(
    held=st.integers(-500, 500),
    ordered=st.integers(0, 200),
    price=st.integers(50, 150),
    other=st.integers(-800, 800),
)
def test_a_limit_is_broken_exactly_where_more_than_all_of_it_is_used(
    held: int, ordered: int, price: int, other: int
) -> None:
    desk = Desk(RULES)
    if held:
        desk.hold(str(held))
    if other:
        desk.hold(str(other), MSFT)
    if ordered:
        desk.open(buy(str(ordered)))
    desk.state.on_price(AAPL, Decimal(price))
    broken = {each.limit for each in standing_breaches(desk.state, desk.limits)}
    found = used(desk.state.account, desk.limits.account)
    assert {limit for limit, share in found.items() if share > 1} == broken
