"""The detector follows code to wherever it may read tomorrow's close, or says that it cannot."""

from __future__ import annotations

import enum
import functools
import gc
import itertools
import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit

from algotrendy.backtest.data.making import from_series
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.lookahead import Findings, check_lookahead, shortened
from algotrendy.kernel.order_codes import DAY, GTC
from algotrendy.strategy import dates
from algotrendy.strategy.making import strategy
from algotrendy.strategy.references import references_of
from fakes.bars_for_backtests import walk

BARS = from_series([walk("AAA", 300, seed=1).adjusted("raw")])
CLOSES = np.array(BARS.assets[0].base.close)
TERMS = Terms(cash=100_000.0, fee_bps=10.0)


def check(decide: Any, cuts: int = 4) -> Findings:
    made = strategy()(decide)
    return check_lookahead(BARS, made, {}, TERMS, cuts, compiled=False)


def trading(next_close: Callable[[int], float]) -> Any:
    """Trade on what a function says of the bar after so many."""

    def peeks(market: Any, own: Any, p: Any) -> None:
        coming = next_close(len(market.close))
        if market.position == 0.0 and coming > market.close[-1]:
            market.buy(10)
        elif market.position > 0.0 and coming < market.close[-1]:
            market.exit()

    return peeks


def of_a_module() -> Any:
    mine = ModuleType("mine")
    mine.table = CLOSES  # type: ignore[attr-defined]
    return trading(lambda k: mine.table[k] if k < len(mine.table) else 0.0)


def of_a_package() -> Any:
    mine, inner = ModuleType("mine"), ModuleType("mine.inner")
    mine.inner, inner.table = inner, CLOSES  # type: ignore[attr-defined]
    return trading(lambda k: mine.inner.table[k] if k < len(mine.inner.table) else 0.0)


def of_a_function_of_a_module() -> Any:
    mine = ModuleType("mine")
    table = CLOSES
    mine.at = lambda k: table[k] if k < len(table) else 0.0  # type: ignore[attr-defined]
    return trading(lambda k: mine.at(k) * 1.0)


def of_a_class() -> Any:
    class Held:
        table = CLOSES

    return trading(lambda k: Held.table[k] if k < len(Held.table) else 0.0)


def of_a_static_method() -> Any:
    table = CLOSES.tolist()

    class Held:
        @staticmethod
        def at(k: int) -> float:
            return table[k] if k < len(table) else 0.0

    return trading(lambda k: Held.at(k) * 1.0)


def of_a_bound_method() -> Any:
    coming = dict(enumerate(CLOSES.tolist())).get
    return trading(lambda k: coming(k, 0.0))


def of_a_partial() -> Any:
    def at(table: Any, k: int) -> float:
        return table[k] if k < len(table) else 0.0

    return trading(functools.partial(at, CLOSES))


def of_a_cache() -> Any:
    table = CLOSES

    @functools.lru_cache
    def at(k: int) -> float:
        return float(table[k]) if k < len(table) else 0.0

    return trading(lambda k: at(k) * 1.0)


def of_a_long_tuple() -> Any:
    table = tuple(CLOSES.tolist())
    return trading(lambda k: table[k] if k < len(table) else 0.0)


def of_a_function() -> Any:
    def at(k: int) -> float:
        return held()[k] if k < len(held()) else 0.0

    def held() -> Any:
        return CLOSES

    return trading(at)


def of_a_keyword() -> Any:
    def at(k: int, *, table: Any = CLOSES) -> float:
        return table[k] if k < len(table) else 0.0

    return trading(at)


CUT = [
    of_a_module,
    of_a_package,
    of_a_function_of_a_module,
    of_a_class,
    of_a_static_method,
    of_a_bound_method,
    of_a_partial,
    of_a_cache,
    of_a_long_tuple,
    of_a_function,
    of_a_keyword,
]


@pytest.mark.parametrize("made", CUT, ids=lambda made: made.__name__)
def test_data_is_named_and_cut_wherever_it_lies(made: Callable[[], Any]) -> None:
    found = check(made(), cuts=12)
    assert found.references
    assert not found.not_judged
    assert {each.what for each in found.differences} == {"orders"}


@pytest.fixture
def table(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "tables_of_check.py").write_text("T = [1.0] * 300\n")
    file = tmp_path / "closes.txt"
    np.savetxt(file, CLOSES)
    sys.path.insert(0, str(tmp_path))
    yield str(file)
    sys.path.remove(str(tmp_path))
    sys.modules.pop("tables_of_check", None)


def doubts(table: str) -> list[tuple[str, Any]]:  # noqa: C901 - each is small
    """Give cheaters, each with the name that is to be told."""
    mine = ModuleType("mine")
    mine.table = CLOSES  # type: ignore[attr-defined]
    counter = 0

    @functools.cache
    def cached() -> Any:
        return np.loadtxt(table)

    class Held:
        def __call__(self, k: int) -> float:
            return float(CLOSES[k])

        def at(self, k: int) -> float:
            return float(CLOSES[k])

    called, bound = Held(), Held().at

    def of_a_file(k: int) -> float:
        return float(np.loadtxt(table)[k - 1])

    def of_a_file_by_another_name(k: int) -> float:
        also = np
        return float(also.genfromtxt(table)[k - 1])

    def opened(k: int) -> float:
        with open(table) as file:  # noqa: PTH123 - as a cheater has it
            return float(next(file)) * k

    def imported(k: int) -> float:
        from tables_of_check import T  # type: ignore[import-not-found]  # a fixture's

        return float(T[k - 1])

    def by_text(k: int) -> float:
        return float(getattr(mine, "table")[k - 1])  # noqa: B009 - as a cheater has it

    def handed_on(k: int) -> float:
        return float(of(mine)[k - 1])

    def of(module: Any) -> Any:
        return module.table

    def of_the_collector(k: int) -> float:
        return float(len(gc.get_objects()))

    def of_the_surroundings(k: int) -> float:
        return float(os.environ.get("CLOSE", k))

    def remembered(k: int) -> float:
        nonlocal counter
        counter += 1
        return float(counter)

    def of_a_cached_file(k: int) -> float:
        return float(cached()[k - 1])

    def of_an_object(k: int) -> float:
        return called(k - 1)

    def of_a_method(k: int) -> float:
        return bound(k - 1)

    return [
        ("np.loadtxt, which of_a_file reads", of_a_file),
        ("genfromtxt, which of_a_file_by_another_name", of_a_file_by_another_name),
        ("open, which opened calls", opened),
        ("tables_of_check, which imported imports", imported),
        ("getattr, which by_text calls", by_text),
        ("mine, which handed_on hands on whole", handed_on),
        ("gc, which of_the_collector uses", of_the_collector),
        ("os, which of_the_surroundings uses", of_the_surroundings),
        ("counter, which remembered writes", remembered),
        ("np.loadtxt, which cached reads", of_a_cached_file),
        ("called, which of_an_object calls", of_an_object),
        ("bound, which of_a_method calls", of_a_method),
    ]


def test_what_cannot_be_followed_is_not_judged(table: str) -> None:
    for words, reads in doubts(table):
        references = [str(each) for each in references_of(strategy()(trading(reads))) if each.doubt]
        assert any(words in each for each in references), (words, references)


def test_what_is_not_judged_is_not_clean(table: str) -> None:
    for _, reads in doubts(table)[:2]:
        found = check(trading(reads), cuts=2)
        assert not found.differences
        assert not found.references
        assert found.not_judged
        assert not found.is_clean


def test_the_desk_behind_the_market_is_not_judged() -> None:
    def asks_the_engine(market: Any, own: Any, p: Any) -> None:
        market.buy(1 if market._desk else 2)

    def asks_the_class(market: Any, own: Any, p: Any) -> None:
        market.buy(len(market.__class__.__subclasses__()) + 1)

    for decide in (asks_the_engine, asks_the_class):
        assert [each for each in references_of(strategy()(decide)) if each.doubt]


class Way(enum.Enum):
    UP = 1.0
    DOWN = -1.0

    def half(self) -> float:
        return self.value / 2.0


class Band(NamedTuple):
    low: float
    high: float = 2.0


@dataclass(frozen=True)
class Gap:
    share: float = 0.1
    more: tuple[float, ...] = field(default_factory=tuple)

    @property
    def double(self) -> float:
        return 2.0 * self.share


@njit  # type: ignore[untyped-decorator]  # numba has no types
def compiled_mean(a: float, b: float) -> float:
    return (a + b) / 2.0


@functools.lru_cache
def weight(k: int) -> float:
    return 1.0 / (k + 1)


MONTHS = (1, 4, 7, 10)
capped = functools.partial(min, 0.5)


def test_honest_code_of_many_kinds_is_clean() -> None:
    mine = ModuleType("mine")
    mine.LEVEL, mine.half = 0.5, lambda x: x / 2.0  # type: ignore[attr-defined]

    def uses_much(market: Any, own: Any, p: Any) -> None:
        from math import sqrt

        band = Band(low=float(np.min(market.close)), high=max(market.close[-5:]))
        share = capped(mine.LEVEL * mine.half(weight(3)) + Gap().double + Way.UP.half())
        total = math.fsum(itertools.islice(market.close, 3)) + sqrt(np.pi)
        day = dates.month_of(market.now)
        if market.position == 0.0 and compiled_mean(*band) < market.close[-1] + total * 0.0:
            market.buy(10 * share, tif=DAY if day in MONTHS else GTC)
        elif market.position > 0.0 and sorted(market.close)[1] >= market.close[-1]:
            market.exit()

    found = check(uses_much)
    assert found.is_clean, [*map(str, found.differences), *found.references, *found.not_judged]


def test_a_table_by_place_is_cut_like_a_list() -> None:
    assert list(shortened(dict(enumerate(CLOSES)), 100, 300)) == list(range(200))
