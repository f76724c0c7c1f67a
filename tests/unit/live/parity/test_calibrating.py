"""What fills really cost goes into the terms of the next backtest, which says so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from algotrendy.backtest.calibration import LEAST_FILLS, Calibration
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs.assumptions import setting_assumed
from algotrendy.backtest.outputs.json_form import to_json
from algotrendy.live.parity.replay import replay
from algotrendy.live.parity.report import calibration_kept, calibration_of, described
from algotrendy.strategy.library import strategy_named
from fakes.live_worlds import Broker, live_run, wandering

SMA = strategy_named("sma_cross")
BARS = wandering(400)
ASSUMED = Terms(fee_bps=10.0, slippage_bps=2.0, spread=0.02, impact_bps=40.0, fee_per_unit=0.01)


def measured(broker: Broker) -> Calibration:
    return calibration_of(replay(live_run(BARS, SMA, broker, values={"fast": 3, "slow": 8})))


def test_slippage_and_fees_are_what_the_fills_paid() -> None:
    found = measured(Broker(slip_bps=7.0, fee_bps=1.5))

    assert found.slipping is not None
    assert found.slipping.orders >= LEAST_FILLS
    assert found.slipping.mean_bps == pytest.approx(7.0, abs=0.02)
    assert found.fee_bps == pytest.approx(1.5, abs=0.01)
    (each,) = found.each
    assert (each.symbol, each.order_kind, each.orders) == ("ONE", "market", found.slipping.orders)


def test_the_mean_lies_in_its_interval() -> None:
    found = measured(Broker(slip_bps=7.0)).slipping

    assert found is not None
    assert found.low_bps is not None
    assert found.high_bps is not None
    assert found.low_bps <= found.mean_bps <= found.high_bps


def test_what_was_filled_late_is_not_measured() -> None:
    prompt = measured(Broker(slip_bps=7.0)).slipping
    late = measured(Broker(slip_bps=7.0, delays=frozenset({1}))).slipping

    assert prompt is not None
    assert late is not None
    assert late.mean_bps == pytest.approx(7.0, abs=0.05)


def test_measured_costs_take_the_place_of_assumed_ones() -> None:
    terms = measured(Broker(slip_bps=7.0, fee_bps=1.5)).terms(ASSUMED)

    assert terms.slippage_bps == pytest.approx(7.0, abs=0.02)
    assert terms.fee_bps == pytest.approx(1.5, abs=0.01)
    assert (terms.spread, terms.impact_bps, terms.fee_per_unit) == (0.0, 0.0, 0.0)


def test_fills_better_than_the_market_count_as_no_slippage() -> None:
    assert measured(Broker(slip_bps=-7.0)).terms(ASSUMED).slippage_bps == 0.0


def test_too_few_fills_change_nothing_and_say_so() -> None:
    few = calibration_of(replay(live_run(BARS[:30], SMA, values={"fast": 3, "slow": 8})))

    assert few.terms(ASSUMED) == ASSUMED
    assert "as assumed" in few.in_words()


def test_no_fill_at_all_says_so() -> None:
    none = Calibration(source="trend@3")

    assert none.terms(ASSUMED) == ASSUMED
    assert none.in_words() == "Nothing was measured of trend@3, so costs are as assumed."


def test_the_next_backtest_says_where_its_costs_are_from() -> None:
    found = measured(Broker(slip_bps=7.0, fee_bps=1.5))
    setting = found.applied(Setting(BARS, SMA, SMA.check({}), ASSUMED))

    said = dict(setting_assumed(setting))
    assert "7.00 basis points" in said["Costs as measured"]
    assert "The terms take these" in said["Costs as measured"]
    assert said["Costs as measured"] in to_json(run(setting, "interpreted"))


def test_a_backtest_without_a_measurement_says_nothing_of_it() -> None:
    setting = Setting(BARS, SMA, SMA.check({}), ASSUMED)

    assert "Costs as measured" not in dict(setting_assumed(setting))
    assert replace(setting, calibration=None) == setting


def test_a_kept_report_gives_the_same_measurement() -> None:
    found = replay(live_run(BARS, SMA, Broker(slip_bps=7.0), values={"fast": 3, "slow": 8}))

    kept = json.loads(json.dumps(described(found)))

    assert calibration_kept(kept) == calibration_of(found)
