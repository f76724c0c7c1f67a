"""What each kind of order does at which bar, by examples small enough to reckon."""

from __future__ import annotations

import pytest

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.exchange.rules.codes import CANCELED, DAY, EXPIRED, FILLED, FOK, IOC, WORKING
from algotrendy.strategy.market import Market
from fakes.scripted_strategy import Act, ends_of, fills_of, ran, scripted
from fakes.small_bars import Row, level, small

TERMS = Terms(10_000.0, fee_bps=0.0)
QUIET = (100.0, 101.0, 99.0, 100.0)


def after(script: dict[int, Act], *rows: Row, terms: Terms = TERMS) -> Backtest:
    """Run a script over a quiet bar and the rows."""
    return ran(small([QUIET, *rows]), scripted(script), terms)


def test_a_limit_fills_at_its_price_when_the_bar_comes_to_it() -> None:
    result = after({0: lambda m: m.buy(1, limit=95.0)}, QUIET, (100.0, 100.0, 94.0, 96.0))
    assert fills_of(result) == [(2, 1.0, 95.0)]


def test_a_limit_that_the_open_is_better_for_fills_at_the_open() -> None:
    result = after({0: lambda m: m.buy(1, limit=95.0)}, (90.0, 97.0, 89.0, 96.0))
    assert fills_of(result) == [(1, 1.0, 90.0)]


def test_a_stop_fills_at_its_price_or_through_a_gap_at_the_open() -> None:
    script: dict[int, Act] = {0: lambda m: m.buy(2), 1: lambda m: m.sell(1, stop=95.0)}
    touched = after(script, QUIET, (100.0, 100.0, 94.0, 99.0))
    assert fills_of(touched)[1] == (2, -1.0, 95.0)
    gapped = after(script, QUIET, (90.0, 99.0, 89.0, 98.0))
    assert fills_of(gapped)[1] == (2, -1.0, 90.0)


def test_a_stop_limit_keeps_its_limit() -> None:
    script: dict[int, Act] = {0: lambda m: m.buy(1, limit=106.0, stop=105.0)}
    # The open passes both; the bar comes back to the limit.
    back = after(script, (108.0, 109.0, 104.0, 107.0))
    assert fills_of(back) == [(1, 1.0, 106.0)]
    away = after(script, (108.0, 109.0, 107.0, 108.0))
    assert fills_of(away) == []
    assert ends_of(away) == [(1.0, 0.0, WORKING)]


def test_of_target_and_stop_in_one_bar_the_stop_is_taken() -> None:
    def bracket(market: Market) -> None:
        market.buy_bracket(3, take_profit=105.0, stop_loss=95.0)

    result = after({0: bracket}, QUIET, (100.0, 106.0, 94.0, 105.0))
    assert fills_of(result) == [(1, 3.0, 100.0), (2, -3.0, 95.0)]
    assert [state for _, _, state in ends_of(result)] == [FILLED, CANCELED, FILLED]
    assert result.orders["entry"].tolist() == [0, 1, 1]


def test_a_stop_may_end_a_bracket_in_the_bar_that_began_it() -> None:
    def bracket(market: Market) -> None:
        market.buy_bracket(3, take_profit=105.0, stop_loss=95.0)

    result = after({0: bracket}, (100.0, 106.0, 94.0, 105.0))
    assert fills_of(result) == [(1, 3.0, 100.0), (1, -3.0, 95.0)]


def test_a_bracket_that_cash_cuts_has_smaller_exits() -> None:
    def bracket(market: Market) -> None:
        market.buy_bracket(150, take_profit=105.0, stop_loss=95.0)

    result = after({0: bracket}, QUIET, (100.0, 100.0, 94.0, 95.0))
    assert fills_of(result) == [(1, 100.0, 100.0), (2, -100.0, 95.0)]
    assert result.cut == 1


def test_exits_of_an_entry_that_was_cut_leave_what_was_held_before() -> None:
    def more(market: Market) -> None:
        market.buy_bracket(150, take_profit=105.0, stop_loss=95.0)

    # 60 are held; the entry gets 40 of 150; its stop is reached in the same bar.
    result = after({0: lambda m: m.buy(60), 1: more}, QUIET, (100.0, 101.0, 94.0, 95.0))
    assert fills_of(result) == [(1, 60.0, 100.0), (2, 40.0, 100.0), (2, -40.0, 95.0)]
    assert result.raw.positions[0] == 60.0


def test_exits_of_an_entry_that_got_nothing_do_nothing() -> None:
    def more(market: Market) -> None:
        market.buy_bracket(50, take_profit=105.0, stop_loss=95.0)

    result = after({0: lambda m: m.buy(100), 1: more}, QUIET, (100.0, 101.0, 94.0, 95.0), QUIET)
    assert fills_of(result) == [(1, 100.0, 100.0)]
    assert [state for _, _, state in ends_of(result)] == [FILLED, CANCELED, CANCELED, CANCELED]


def test_a_trailing_stop_follows_the_highs_and_never_goes_back() -> None:
    script: dict[int, Act] = {0: lambda m: m.buy(1), 1: lambda m: m.sell_trailing(1, price=5.0)}
    result = after(
        script,
        QUIET,
        (100.0, 110.0, 100.0, 108.0),  # Mark 110, stop 105.
        (108.0, 109.0, 106.0, 107.0),
        (107.0, 107.0, 104.0, 104.0),
    )
    assert fills_of(result)[1] == (4, -1.0, 105.0)
    assert result.orders["stop"][1] == 105.0


def test_two_exits_of_a_position_share_it() -> None:
    script: dict[int, Act] = {
        0: lambda m: m.buy(10),
        1: lambda m: m.protect(take_profit=105.0, stop_loss=95.0),
    }
    result = after(script, QUIET, (100.0, 106.0, 99.0, 106.0), (90.0, 90.0, 90.0, 90.0))
    assert fills_of(result) == [(1, 10.0, 100.0), (2, -10.0, 105.0)]
    assert [state for _, _, state in ends_of(result)] == [FILLED, FILLED, CANCELED]


def test_a_day_order_ends_with_its_day_and_others_stay() -> None:
    def both(market: Market) -> None:
        market.buy(1, limit=95.0, tif=DAY)
        market.buy(2, limit=95.0)

    result = after({0: both}, QUIET, (94.0, 94.0, 94.0, 94.0))
    assert fills_of(result) == [(2, 2.0, 94.0)]
    assert [state for _, _, state in ends_of(result)] == [EXPIRED, FILLED]


def test_a_day_order_lives_through_all_bars_of_its_session() -> None:
    rows = [QUIET, QUIET, QUIET, QUIET, (94.0, 94.0, 94.0, 94.0)]
    hours = small(rows, minutes=360)
    # Four bars a day: what is placed after the first ends after the fourth.
    result = ran(hours, scripted({0: lambda m: m.buy(1, limit=95.0, tif=DAY)}), TERMS)
    assert ends_of(result) == [(1.0, 0.0, EXPIRED)]
    early = ran(
        small([*rows[:3], rows[4], QUIET], minutes=360),
        scripted({0: lambda m: m.buy(1, limit=95.0, tif=DAY)}),
        TERMS,
    )
    assert fills_of(early) == [(3, 1.0, 94.0)]


@pytest.mark.parametrize(("tif", "filled"), [(IOC, 20.0), (FOK, 0.0)])
def test_an_immediate_order_takes_what_there_is_or_all(tif: int, filled: float) -> None:
    terms = Terms(10_000.0, fee_bps=0.0, participation=0.02)
    result = after({0: lambda m: m.buy(30, tif=tif)}, QUIET, QUIET, terms=terms)
    assert ends_of(result) == [(30.0, filled, CANCELED)]


def test_a_part_of_the_volume_fills_bar_after_bar() -> None:
    terms = Terms(10_000.0, fee_bps=0.0, participation=0.02)
    result = after({0: lambda m: m.buy(50)}, QUIET, QUIET, QUIET, terms=terms)
    assert fills_of(result) == [(1, 20.0, 100.0), (2, 20.0, 100.0), (3, 10.0, 100.0)]


def test_where_the_volume_is_unknown_it_limits_nothing() -> None:
    bars = small([QUIET, QUIET], volume=None)
    result = ran(
        bars, scripted({0: lambda m: m.buy(50)}), Terms(10_000.0, fee_bps=0.0, participation=0.02)
    )
    assert fills_of(result) == [(1, 50.0, 100.0)]


def test_a_cancelled_order_fills_no_more_and_a_changed_one_fills_as_changed() -> None:
    def place(market: Market) -> None:
        market.buy(1, limit=95.0)
        market.buy(2, limit=95.0)

    def amend(market: Market) -> None:
        assert market.cancel(1) == 1
        assert market.replace(2, units=5, limit=97.0) == 1
        assert (market.is_open(1), market.is_open(2), market.open_orders()) == (False, True, 1)
        assert (market.cancel(1), market.replace(1, limit=1.0), market.cancel(99)) == (0, 0, 0)

    result = after({0: place, 1: amend}, QUIET, (100.0, 100.0, 94.0, 95.0))
    assert fills_of(result) == [(2, 5.0, 97.0)]
    assert ends_of(result) == [(1.0, 0.0, CANCELED), (5.0, 5.0, FILLED)]


def test_cancelling_an_entry_ends_its_exits_and_cancelling_an_exit_the_other() -> None:
    ended: list[int] = []

    def entry(market: Market) -> None:
        market.buy_bracket(1, take_profit=105.0, stop_loss=85.0, limit=90.0)

    def exits(market: Market) -> None:
        ended.append(market.cancel(1))
        market.buy(1)

    def protect(market: Market) -> None:
        market.protect(105.0, 95.0)

    result = after(
        {0: entry, 1: exits, 2: protect, 3: lambda m: ended.append(m.cancel(5))},
        QUIET,
        QUIET,
        QUIET,
    )
    assert ended == [3, 2]
    assert [state for _, _, state in ends_of(result)] == [CANCELED] * 3 + [FILLED] + [CANCELED] * 2


def test_a_weight_is_of_the_equity_and_is_reached_from_either_side() -> None:
    script: dict[int, Act] = {
        0: lambda m: m.target(0.5),
        1: lambda m: m.target(0.2),
        2: lambda m: m.target(-0.3),
        3: lambda m: m.target(0.0),
    }
    terms = Terms(10_000.0, fee_bps=0.0, allow_short=True)
    result = after(script, QUIET, QUIET, QUIET, QUIET, terms=terms)
    assert [units for _, units, _ in fills_of(result)] == [50.0, -30.0, -50.0, 30.0]


def test_a_new_weight_cancels_what_the_last_one_left_unfilled() -> None:
    terms = Terms(10_000.0, fee_bps=0.0, participation=0.02)
    script: dict[int, Act] = {0: lambda m: m.target(0.5), 1: lambda m: m.target(0.1)}
    result = after(script, QUIET, QUIET, QUIET, terms=terms)
    assert fills_of(result) == [(1, 20.0, 100.0), (2, -10.0, 100.0)]
    assert ends_of(result) == [(50.0, 20.0, CANCELED), (10.0, 10.0, FILLED)]


def test_fills_are_told_before_the_bar_is_decided_on() -> None:
    told: list[object] = []

    def on_fill(market: Market, own: object, p: object, fill: object) -> None:
        told.append((getattr(fill, "order", 0), market.position, len(market.close)))

    strategy = scripted(
        {0: lambda m: m.buy(5), 1: lambda _: told.append("decided")}, on_fill=on_fill
    )
    ran(small(level(100.0, 2)), strategy, TERMS)
    assert told == [(1, 5.0, 2), "decided"]
