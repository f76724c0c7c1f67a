"""Scenarios: the nearest shock counts, and as one they move against us."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.kernel.order import Side
from algotrendy.risk.state import RiskState
from algotrendy.risk.stress import CorrelationOne, Shock, Stake, stakes_of, stressed
from algotrendy.risk.terms import Terms

A, B, BTC = Symbol("A"), Symbol("B"), Symbol("BTC/USD")
STAKES = (
    Stake(A, AssetClass.EQUITY, 1000.0, 0.02),
    Stake(B, AssetClass.EQUITY, -400.0, 0.05),
    Stake(BTC, AssetClass.CRYPTO, 200.0, 0.10),
)


def test_a_symbols_shock_comes_before_its_classs_and_that_before_alls() -> None:
    shock = Shock("s", -0.5, {AssetClass.EQUITY: -0.2}, {B: 0.1})
    result = shock.applied(STAKES)
    assert result.by_symbol == {A: -200.0, B: pytest.approx(-40.0), BTC: -100.0}
    assert result.profit == pytest.approx(-340.0)


def test_prices_that_move_as_one_leave_the_hedge_and_take_the_rest() -> None:
    result = CorrelationOne("as one", 2.0).applied(STAKES)
    # Moves of +40, -40 and +40: up pays 40, so down is what costs.
    assert result.by_symbol == {A: -40.0, B: 40.0, BTC: -40.0}
    assert result.profit == pytest.approx(-40.0)


def test_a_short_book_loses_when_all_rise_as_one() -> None:
    result = CorrelationOne("as one", 1.0).applied([Stake(A, AssetClass.EQUITY, -100.0, 0.1)])
    assert result.profit == pytest.approx(-10.0)


def test_the_worst_scenario_comes_first() -> None:
    results = stressed([Stake(A, AssetClass.EQUITY, 1000.0)])
    assert results[0].scenario == "black-monday-1987"
    assert results[0].profit == pytest.approx(-204.7)
    assert [each.profit for each in results] == sorted(each.profit for each in results)


def test_a_scenario_that_no_market_can_have_is_refused() -> None:
    with pytest.raises(Invalid, match=r"classes\.equity"):
        Shock("s", classes={AssetClass.EQUITY: -1.5})
    with pytest.raises(Invalid, match="deviations"):
        CorrelationOne("s", 0.0)
    with pytest.raises(Invalid, match="stakes"):
        stressed([STAKES[0], STAKES[0]])


def test_the_stakes_of_an_account_are_what_it_holds() -> None:
    state = RiskState(Decimal(1000))
    state.set_terms(BTC, Terms(asset_class=AssetClass.CRYPTO))
    state.on_fill(BTC, Side.SELL, Decimal(2), Decimal(30))
    state.on_price(A, Decimal(5))
    assert stakes_of(state, {BTC: 0.1}) == (Stake(BTC, AssetClass.CRYPTO, -60.0, 0.1),)
