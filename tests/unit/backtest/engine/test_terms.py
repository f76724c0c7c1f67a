"""The terms of fills: what they are without a word, and what kinder and harsher ones change."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any, get_args

import pytest

from algotrendy.backtest.api.backtests import BacktestIn
from algotrendy.backtest.data.making import AssetTerms, from_series
from algotrendy.backtest.engine.rules.costs import fee_of
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import CASH, FEE_BPS, Terms
from algotrendy.backtest.notebook import DEFAULT, backtest
from algotrendy.backtest.request import SweepSpec
from algotrendy.cli import backtest_options
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order_codes import BUY, SELL
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from fakes.bars_for_backtests import walk

BARS = walk("TEST", 30, seed=1).adjusted("raw")
NO_COST = {"cash", "fractional", "allow_short", "leverage", "maintenance", "days_in_year"}
COSTS = [field.name for field in fields(Terms) if field.name not in NO_COST]


def test_without_a_word_a_fill_costs_the_same_wherever_a_run_is_asked_for() -> None:
    assert (FEE_BPS, CASH) == (10, 100_000)
    assert (Terms().fee_bps, Terms(cash=5.0).fee_bps, DEFAULT) == (10.0, 10.0, Terms())
    assert SweepSpec.model_fields["fee_bps"].default == Decimal(FEE_BPS)
    assert BacktestIn.model_fields["fee_bps"].default == Decimal(FEE_BPS)
    assert backtest_options.terms_of(None, {"cash": 1_000.0}) == Terms(1_000.0)
    assert get_args(backtest_options.FeeBps)[1].show_default == str(FEE_BPS)
    assert get_args(backtest_options.Cash)[1].show_default == str(CASH)


def test_an_explicit_0_is_no_fee() -> None:
    assert backtest_options.terms_of(None, {"fee_bps": 0.0}) == Terms(fee_bps=0)
    assert backtest(BARS, "buy_and_hold", mode="interpreted").costs()["fees"] > 0.0
    free = backtest(BARS, "buy_and_hold", terms=Terms(fee_bps=0), mode="interpreted")
    assert free.costs()["fees"] == 0.0


@pytest.mark.parametrize("name", COSTS)
def test_each_cost_is_less_under_kind_fills_and_more_under_harsh_ones(name: str) -> None:
    """A field that is new is a cost, unless it is said above that it is none."""
    said: dict[str, Any] = {name: -0.01 if name == "cash_rate" else 0.04}
    terms = Terms(**said)
    kind, given, harsh = (
        getattr(each, name) for each in (terms.optimistic(), terms, terms.harsh())
    )
    if name in {"cash_rate", "participation"}:  # more is better, or 0 is best
        assert harsh == -0.02 if name == "cash_rate" else harsh == 0.02
        assert kind == -0.005 if name == "cash_rate" else kind == 0.0
    else:
        assert kind <= given / 2
        assert harsh >= given * 2


def test_what_is_no_cost_stays() -> None:
    terms = Terms(5.0, leverage=2.0, maintenance=0.3, allow_short=True, days_in_year=365)
    for other in (terms.optimistic(), terms.harsh()):
        assert {name: getattr(other, name) for name in NO_COST} == {
            name: getattr(terms, name) for name in NO_COST
        }


def test_interest_on_cash_is_kept_under_kind_fills_and_lost_under_harsh_ones() -> None:
    terms = Terms(cash_rate=0.03)
    assert (terms.optimistic().cash_rate, terms.harsh().cash_rate) == (0.03, 0.0)


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("units", [1.0, 100.0, 10_000.0])
def test_any_fee_is_half_and_twice_what_it_is(side: int, units: float) -> None:
    terms = Terms(
        fee_bps=2.0,
        fee_per_unit=0.01,
        fee_minimum=1.0,
        fee_most_bps=20.0,
        sale_fee_bps=0.3,
        sale_fee_per_unit=0.002,
    )
    half, whole, twice = (
        fee_of(units, units * 20.0, side, each.cost_row())
        for each in (terms.optimistic(), terms, terms.harsh())
    )
    assert [half, twice] == pytest.approx([whole / 2, whole * 2])


def test_an_assets_own_borrow_rate_is_half_and_twice_too() -> None:
    bars = from_series(BARS, terms=AssetTerms(borrow_rate=0.08))
    terms = Terms(borrow_rate=0.02)
    assert [
        Setting(bars, BUY_AND_HOLD, {}, each).borrow_rate(bars.assets[0])
        for each in (terms.optimistic(), terms, terms.harsh())
    ] == [0.04, 0.08, 0.16]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"fee_bps": "x"}, "terms.fee_bps"),
        ({"fee_bps": None}, "terms.fee_bps"),
        ({"fee_bps": True}, "terms.fee_bps"),
        ({"fee_bps": float("nan")}, "terms.fee_bps"),
        ({"cash": "much"}, "terms.cash"),
        ({"cash": 0}, "terms.cash"),
        ({"allow_short": 1}, "terms.allow_short"),
        ({"borrow_scale": -1.0}, "terms.borrow_scale"),
    ],
)
def test_a_term_that_is_wrong_is_named(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        Terms(**given)
    assert refused.value.field == field
