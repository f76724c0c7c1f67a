"""Limits on what may be lost: of what is held, as the past was and if returns were normal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.decision import Breach, Limit
from algotrendy.risk.engine import decide
from algotrendy.risk.limits import Limits, StrategyId, parse_limits
from algotrendy.risk.state import RiskState
from algotrendy.risk.tails import Past, broken_limits, held_symbols, tail_breaches
from algotrendy.risk.terms import Terms
from fakes.order_counter import NOON

A, B = Symbol("A"), Symbol("B")
TREND = StrategyId("trend")
# One day in a hundred loses a fifth, five more lose a tenth.
RARE = Past.of({A: [-0.2, *[-0.1] * 5, *[0.0] * 94]})


def rules(strategies: tuple[dict[str, Any], ...] = (), **account: Any) -> Limits:
    return parse_limits({"version": 1, "account": account, "strategies": strategies})


def holding(units: int, strategy: StrategyId | None = None) -> RiskState:
    """Hold A at 100 in the account, and the same in a strategy's part."""
    state = RiskState(Decimal(100_000))
    state.add_strategy(TREND, Decimal(50_000))
    state.set_terms(A, Terms())
    state.set_position(A, Decimal(units), Decimal(100))
    if strategy is not None:
        state.set_position(A, Decimal(units), Decimal(100), strategy)
    return state


def found(state: RiskState, limits: Limits, past: Past = RARE) -> dict[Limit, Decimal | str]:
    return {each.limit: each.actual for each in tail_breaches(state, limits, past)}


@pytest.mark.parametrize(
    ("confidence", "var", "es"), [("0.95", "1000.00", "1200.00"), ("0.99", "1000.00", "2000.00")]
)
def test_what_is_watched_is_what_was_lost_with_the_confidence_of_the_limit(
    confidence: str, var: str, es: str
) -> None:
    one = {"loss": "0.01", "confidence": confidence}
    broken = found(holding(100), rules(value_at_risk=one, expected_shortfall=one))
    assert broken == {Limit.VALUE_AT_RISK: Decimal(var), Limit.EXPECTED_SHORTFALL: Decimal(es)}


def test_the_confidence_is_99_in_a_hundred_where_none_is_said() -> None:
    assert found(holding(100), rules(expected_shortfall={"loss": "1999.99"}))
    assert not found(holding(100), rules(expected_shortfall={"loss": "2000"}))


def test_a_tail_that_the_past_did_not_show_counts_if_returns_were_normal() -> None:
    # Half of the days up a tenth, half down: the past never lost more than that, a normal would.
    past = Past.of({A: [0.1, -0.1] * 50})
    broken = found(holding(100), rules(value_at_risk={"loss": "1000"}), past)
    assert isinstance(actual := broken[Limit.VALUE_AT_RISK], Decimal)
    assert actual > 2300


def test_a_loss_is_allowed_up_to_the_limit_and_a_short_loses_when_prices_rise() -> None:
    assert not found(holding(100), rules(stress_loss="2047"))
    assert found(holding(100), rules(stress_loss="2046.99")) == {Limit.STRESS_LOSS: Decimal(2047)}
    assert found(holding(-100), rules(stress_loss="999")) == {Limit.STRESS_LOSS: Decimal(1000)}


def test_the_worst_scenario_may_be_the_one_of_deviations() -> None:
    past = Past.of({A: [0.2, -0.2] * 50})
    assert found(holding(100), rules(stress_loss="6000"), past)
    assert not found(holding(100), rules(stress_loss="6050"), past)


def test_a_position_without_a_past_is_in_the_stress_alone() -> None:
    limits = rules(value_at_risk={"loss": "1"}, stress_loss="1")
    assert set(found(holding(100), limits, Past.of({}))) == {Limit.STRESS_LOSS}


def test_who_holds_nothing_breaks_nothing() -> None:
    one = {"loss": "0.01"}
    limits = rules(value_at_risk=one, expected_shortfall=one, stress_loss="0.01")
    assert not found(holding(0), limits)


def test_each_book_is_measured_by_its_own_limits() -> None:
    state = holding(100, TREND)
    state.set_position(A, Decimal(0), Decimal(100))
    assert held_symbols(state) == {A}
    limits = rules(({"strategy": "trend", "stress_loss": "5"}, {"strategy": "gone"}))
    (breach,) = tail_breaches(state, limits, RARE)
    assert breach == Breach(Limit.STRESS_LOSS, "strategy trend", Decimal(5), Decimal(2047))
    assert not tail_breaches(state, rules(stress_loss="5"), RARE)


def test_they_stand_beside_the_limits_on_what_is_held_and_hold_up_no_order() -> None:
    state = holding(100)
    state.set_terms(A, Terms(borrowable=None))
    one = {"loss": "1"}
    limits = rules(
        value_at_risk=one, expected_shortfall=one, stress_loss="1", gross_exposure="20000"
    )
    more = OrderRequest(A, Side.BUY, quantity=Decimal(50))
    assert decide(more, state, limits, NOON).is_approved
    limits = rules(stress_loss="1", gross_exposure="9000")
    broken = [each.limit for each in broken_limits(state, limits, RARE)]
    assert broken == [Limit.GROSS_EXPOSURE, Limit.STRESS_LOSS]
