"""What a run assumes is said whole: in the line of a shell, and on the pages of runs and walks."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from html import unescape

import pytest

from algotrendy.backtest import walk_forward
from algotrendy.backtest.data.making import AssetTerms, from_series
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs.assumptions import setting_assumed
from algotrendy.backtest.outputs.terms_in_words import in_a_line, terms_assumed
from algotrendy.backtest.report.walk import render_walk
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.strategy.library.buy_and_hold import BUY_AND_HOLD
from fakes.bars_for_backtests import walk
from fakes.engine_walks import some_recorder

BARS = from_series(walk("TEST", 260, seed=3).adjusted("raw"), terms=AssetTerms(borrow_rate=0.07))
FULL = Terms(
    cash=50_000.0,
    fee_bps=3.0,
    fee_per_unit=0.011,
    fee_minimum=1.5,
    fee_most_bps=120.0,
    sale_fee_bps=0.4,
    sale_fee_per_unit=0.0003,
    slippage_bps=4.5,
    spread=0.02,
    impact_bps=25.0,
    participation=0.15,
    allow_short=True,
    leverage=2.5,
    maintenance=0.22,
    borrow_rate=0.031,
    loan_rate=0.062,
    cash_rate=0.013,
)
OTHER = {"fractional": True, "allow_short": False, "days_in_year": 365, "maintenance": 0.3}
NAMES = [field.name for field in fields(Terms)]


def with_other(name: str) -> Terms:
    return replace(FULL, **{name: OTHER.get(name, getattr(FULL, name) * 1.5)})


def setting(terms: Terms) -> Setting:
    return Setting(BARS, BUY_AND_HOLD, {}, terms)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "borrow_rate"])
def test_no_term_is_left_out_of_the_line_or_of_the_sentences(name: str) -> None:
    assert in_a_line(setting(with_other(name))) != in_a_line(setting(FULL))
    assert setting_assumed(setting(with_other(name))) != setting_assumed(setting(FULL))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "borrow_scale"])
def test_no_term_is_left_out_where_assets_say_nothing(name: str) -> None:
    assert terms_assumed(with_other(name)) != terms_assumed(FULL)


def test_a_line_reads_as_a_sentence() -> None:
    assert in_a_line(setting(FULL)) == (
        "fees 3 bps of each fill and 0.011 a unit, at least 1.5 a fill, at most 120 bps, sales "
        "0.4 bps and 0.0003 a unit more; slippage 4.5 bps and half a spread of 0.02 and an impact "
        "of 25 bps by the root of the share of volume; at most 0.15 of a bar's volume is taken; "
        "50,000 in cash, whole units, shorts allowed, leverage 2.5, closed out below 0.22 of the "
        "positions; interest a year of 360 days 0.013 on cash, 0.062 on loans, 0.07 on shorts"
    )
    plain = Setting(from_series(walk("TEST", 5, seed=1).adjusted("raw")), BUY_AND_HOLD, {}, Terms())
    assert in_a_line(plain) == (
        "fees 10 bps of each fill; slippage none; any quantity is filled; 100,000 in cash, whole "
        "units, no shorts, no leverage"
    )


@cache
def walked() -> WalkForwardOutcome:
    return walk_forward(
        BARS,
        "sma_cross",
        {"fast": [3, 5], "slow": [10, 20]},
        {"in_sample": 100, "out_of_sample": 50},
        terms=FULL,
        mode="interpreted",
        recorder=some_recorder(),
    )


def test_the_page_of_a_walk_assumes_what_that_of_a_run_does() -> None:
    page = unescape(render_walk(walked()).decode())
    for topic, words in setting_assumed(setting(FULL)):
        assert topic in page
        assert words in page
    assert "252 bars a year" in page
    assert [topic for topic, _ in walked().to_json()["assumed"]][-1] == "Not modelled"


def test_a_walk_shows_its_choices_under_other_fills() -> None:
    kind, given, harsh = walked().fills
    assert [each.name for each in walked().fills] == ["Optimistic", "As given", "Harsh"]
    assert given.total_return == pytest.approx(walked().statistics.growth.total_return)
    assert harsh.total_return == pytest.approx(walked().evidence.harsh_return)
    assert (given.sharpe, given.trades) == (
        walked().statistics.ratios.sharpe,
        walked().evidence.trades,
    )
    assert kind.total_return is not None
    assert given.total_return is not None
    assert kind.total_return > given.total_return > (harsh.total_return or 0.0)
    page = render_walk(walked()).decode()
    assert "Under other fills" in page
    assert [row["name"] for row in walked().to_json()["fills"]] == [
        "Optimistic",
        "As given",
        "Harsh",
    ]
