"""Orders that nobody can mean are refused by field, with the same words in both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.making import strategy
from fakes.scripted_strategy import ran, scripted
from fakes.small_bars import level, small

BARS = small(level(100.0, 6))
TERMS = Terms(10_000.0, allow_short=True)
BUY, SELL, PROTECT_LONG, PROTECT_SHORT, PROTECT_NOTHING = range(5)


@strategy(parameters={"what": 0, "target": 0.0, "stop": 0.0, "limit": 0.0})
def exits(market: Any, own: Any, p: Any) -> None:
    """Enter, and name exits."""
    seen = len(market.close)
    if seen == 1 and p.what == 0:
        market.buy_bracket(1.0, p.target, p.stop, p.limit)
    if seen == 1 and p.what == 1:
        market.sell_bracket(1.0, p.target, p.stop, p.limit)
    if seen == 1 and p.what == 2:
        market.buy(1.0)
    if seen == 1 and p.what == 3:
        market.sell(1.0)
    if seen == 3 and p.what >= 2:
        market.protect(p.target, p.stop)


INVERTED = [
    (BUY, 90, 110, 0, "order.stop_loss must be below the take_profit of 90.0, was 110.0"),
    (BUY, 90, 90, 0, "order.stop_loss must be below the take_profit of 90.0, was 90.0"),
    (BUY, 95, 90, 95, "order.take_profit must be above the limit of 95.0, was 95.0"),
    (BUY, 94, 0, 95, "order.take_profit must be above the limit of 95.0, was 94.0"),
    (BUY, 110, 96, 95, "order.stop_loss must be below the limit of 95.0, was 96.0"),
    (BUY, 0, 96, 95, "order.stop_loss must be below the limit of 95.0, was 96.0"),
    (SELL, 110, 90, 0, "order.stop_loss must be above the take_profit of 110.0, was 90.0"),
    (SELL, 106, 110, 105, "order.take_profit must be below the limit of 105.0, was 106.0"),
    (SELL, 0, 104, 105, "order.stop_loss must be above the limit of 105.0, was 104.0"),
    (PROTECT_LONG, 90, 110, 0, "order.stop_loss must be below the take_profit of 90.0, was 110.0"),
    (PROTECT_SHORT, 110, 90, 0, "order.stop_loss must be above the take_profit of 110.0, was 90.0"),
]
RIGHT = [
    *((BUY, 110, 90, 0), (BUY, 110, 90, 95), (BUY, 110, 0, 95), (BUY, 0, 90, 0)),
    *((SELL, 90, 110, 0), (SELL, 90, 110, 105), (PROTECT_LONG, 110, 90, 0)),
    *((PROTECT_SHORT, 90, 110, 0), (PROTECT_NOTHING, 90, 110, 0)),
]
modes = pytest.mark.parametrize("mode", ["interpreted", "compiled"])


def asked(mode: Wish, what: int, target: float, stop: float, limit: float) -> int:
    found = ran(BARS, exits, TERMS, mode, what=what, target=target, stop=stop, limit=limit)
    return len(found.orders)


@modes
@pytest.mark.parametrize(("what", "target", "stop", "limit", "words"), INVERTED)
def test_exits_on_the_wrong_side_are_refused(
    mode: Wish, what: int, target: float, stop: float, limit: float, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        asked(mode, what, target, stop, limit)
    assert str(refused.value).startswith(words)
    assert refused.value.field == words.split()[0]


@modes
@pytest.mark.parametrize(("what", "target", "stop", "limit"), RIGHT)
def test_exits_on_the_right_side_are_taken(
    mode: Wish, what: int, target: float, stop: float, limit: float
) -> None:
    assert asked(mode, what, target, stop, limit) >= (what != PROTECT_NOTHING)


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda m: m.buy("x"), "order.units"),
        (lambda m: m.sell(None), "order.units"),
        (lambda m: m.buy(1, limit="x"), "order.limit"),
        (lambda m: m.buy(1, stop=float("nan")), "order.stop"),
        (lambda m: m.buy(1, tif="DAY"), "order.tif"),
        (lambda m: m.buy_bracket(1, take_profit="x"), "order.take_profit"),
        (lambda m: m.buy_bracket(1, take_profit=float("inf")), "order.take_profit"),
        (lambda m: m.sell_bracket(1, stop_loss="x"), "order.stop_loss"),
        (lambda m: m.buy_bracket(1), "order.take_profit"),
        (lambda m: m.buy_trailing(1, percent="x"), "order.percent"),
        (lambda m: m.protect("x", 1.0), "order.take_profit"),
        (lambda m: m.invest("x"), "order.share"),
        (lambda m: m.target("x"), "order.weight"),
        (lambda m: m.target(float("inf")), "order.weight"),
        (lambda m: m.replace(1, units="x"), "order.units"),
    ],
)
def test_what_is_no_number_is_named(act: Callable[[Any], object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        ran(BARS, scripted({0: act}), TERMS)
    assert refused.value.field == field
