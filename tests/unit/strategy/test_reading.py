"""Which columns a strategy's code can read."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.indicators import atr, sma
from algotrendy.strategy.reading import ALL, fields_read


def span(asset: Any) -> Any:
    return asset.high[-1] - asset.low[-1]


def made(decide: Callable[[Any, Any, Any], None], **indicators: Any) -> Strategy:
    return Strategy("made", "", "", (), decide, lambda values: 1, indicators=indicators)


def by_name(market: Any, own: Any, p: Any) -> None:
    if market.close[-1] > market[0].open[-1]:
        market.exit()


def by_helper(market: Any, own: Any, p: Any) -> None:
    if span(market) > 1.0:
        market.exit()


def by_inner(market: Any, own: Any, p: Any) -> None:
    if max(value for value in (lambda: market.volume)()) > 1.0:
        market.exit()


def by_math(market: Any, own: Any, p: Any) -> None:
    if math.sqrt(market.low[-1]) > 3.0:
        market.exit()


def by_indicators(market: Any, own: Any, p: Any) -> None:
    if own.mean > own.range:
        market.exit()


def by_clock(market: Any, own: Any, p: Any) -> None:
    if market.equity > 1.0 and market.now > 0:
        market.exit()


@pytest.mark.parametrize(
    ("strategy", "read"),
    [
        (made(by_clock), {"equity", "now"}),
        (made(by_name), {"close", "open"}),
        (made(by_helper), {"high", "low"}),
        (made(by_inner), {"volume"}),
        (made(by_math), {"low"}),
        (made(by_indicators, mean=sma(3), range=atr(3)), {"close", "high", "low"}),
    ],
)
def test_what_is_read_by_name_is_found(strategy: Strategy, read: set[str]) -> None:
    assert fields_read(strategy) == read


def by_getattr(market: Any, own: Any, p: Any) -> None:
    own.seen = getattr(market, "hi" + "gh")[-1]


def by_format(market: Any, own: Any, p: Any) -> None:
    own.seen = float("{.high[0]}".format(market))  # noqa: UP032


def by_import(market: Any, own: Any, p: Any) -> None:
    from operator import attrgetter

    own.seen = attrgetter("high")(market)[-1]


def by_module(market: Any, own: Any, p: Any) -> None:
    own.seen = operator.attrgetter("high")(market)[-1]


def by_dunder(market: Any, own: Any, p: Any) -> None:
    own.seen = market.__getattribute__("high")[-1]


class Deciding:
    def __call__(self, market: Any, own: Any, p: Any) -> None:
        own.seen = market.high[-1]


@pytest.mark.parametrize(
    "decide", [by_getattr, by_format, by_import, by_module, by_dunder, Deciding()]
)
def test_where_the_code_alone_does_not_tell_everything_may_be_read(decide: Any) -> None:
    strategy = Strategy("made", "", "", (), decide, lambda values: 1, state={"seen": 0.0})
    assert fields_read(strategy) == ALL
    prices = np.array([10.0, 11.0, 12.0])
    bars = dict.fromkeys(("open", "high", "low", "close", "volume"), prices)
    times = np.arange(3) * 60_000_000_000
    dataset = from_arrays({"AAA": {"time": times, **bars}}, timeframe="1Min")
    assert len(run(Setting(dataset, strategy, {}, Terms(1_000.0)), "interpreted").equity) == 3
