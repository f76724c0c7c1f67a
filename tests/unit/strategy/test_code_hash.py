"""The hash of a strategy's code follows everything that the code can see."""

from __future__ import annotations

import enum
import functools
import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numba import njit

from algotrendy.strategy.fingerprint import code_hash, is_self_contained
from algotrendy.strategy.indicators.spec import ANSWER, Indicator
from algotrendy.strategy.library import library
from algotrendy.strategy.making import strategy

Made = Callable[[Any], Any]
"""Makes a function to decide, of something that it refers to."""


def in_a_module(value: Any) -> Any:
    mine = ModuleType("mine")
    mine.LEVEL = value  # type: ignore[attr-defined]
    return lambda market, own, p: market.invest(mine.LEVEL)


def in_a_package(value: Any) -> Any:
    mine, inner = ModuleType("mine"), ModuleType("mine.inner")
    mine.inner = inner  # type: ignore[attr-defined]
    inner.LEVEL = value  # type: ignore[attr-defined]
    return lambda market, own, p: market.invest(mine.inner.LEVEL)


def in_a_function_of_a_module(value: Any) -> Any:
    mine = ModuleType("mine")
    mine.level = lambda: value  # type: ignore[attr-defined]
    return lambda market, own, p: market.invest(mine.level())


def as_a_class_attribute(value: Any) -> Any:
    class Levels:
        SHARE = value

    return lambda market, own, p: market.invest(Levels.SHARE)


def as_an_inherited_attribute(value: Any) -> Any:
    class Levels:
        SHARE = value

    class Mine(Levels):
        pass

    return lambda market, own, p: market.invest(Mine.SHARE)


def in_a_method(value: Any) -> Any:
    class Levels:
        @staticmethod
        def share() -> Any:
            return value

    return lambda market, own, p: market.invest(Levels.share())


def as_a_member(value: Any) -> Any:
    class Level(enum.Enum):
        SHARE = value

    return lambda market, own, p: market.invest(Level.SHARE.value)


def as_a_keyword_default(value: Any) -> Any:
    def share(*, part: Any = value) -> Any:
        return part

    return lambda market, own, p: market.invest(share())


def in_a_nested_tuple(value: Any) -> Any:
    shares = ((1.0, value), "x")
    return lambda market, own, p: market.invest(shares[0][1])


def in_what_numba_compiles(value: Any) -> Any:
    @njit  # type: ignore[untyped-decorator]  # numba has no types
    def share() -> Any:
        return value

    return lambda market, own, p: market.invest(share())


WHOLE = [
    in_a_module,
    in_a_package,
    in_a_function_of_a_module,
    as_a_class_attribute,
    as_an_inherited_attribute,
    in_a_method,
    as_a_member,
    as_a_keyword_default,
    in_a_nested_tuple,
    in_what_numba_compiles,
]


def in_a_bound_method(value: Any) -> Any:
    class Levels:
        def __init__(self) -> None:
            self.part = value

        def share(self) -> Any:
            return self.part

    share = Levels().share
    return lambda market, own, p: market.invest(share())


def in_a_table(value: Any) -> Any:
    share = {0: value}.get
    return lambda market, own, p: market.invest(share(0))


def in_a_partial(value: Any) -> Any:
    share = functools.partial(max, value)
    return lambda market, own, p: market.invest(share(0.0))


def in_an_array(value: Any) -> Any:
    shares = np.array([*[0.0] * 5_000, value])
    return lambda market, own, p: market.invest(shares[-1])


def as_a_default_array(value: Any) -> Any:
    def decide(market: Any, own: Any, p: Any, shares: Any = np.array([0.0, value])) -> None:  # noqa: B008
        market.invest(shares[1])

    return decide


def in_a_frame(value: Any) -> Any:
    shares = pd.DataFrame({"share": [0.0, value]})
    return lambda market, own, p: market.invest(shares.share[1])


def in_a_list_of_lists(value: Any) -> Any:
    shares: Any = [[value], {"x": [value]}]
    return lambda market, own, p: market.invest(shares[0][0])


def as_a_cached_answer(value: Any) -> Any:
    share = functools.lru_cache(lambda: [value])
    return lambda market, own, p: market.invest(share()[0] if market else value)


def as_an_attribute_of_a_function(value: Any) -> Any:
    def share() -> Any:
        return share.part  # type: ignore[attr-defined]

    share.part = [value]  # type: ignore[attr-defined]
    return lambda market, own, p: market.invest(share()[0])


def in_a_module_that_is_handed_on(value: Any) -> Any:
    mine = ModuleType("mine")
    mine.LEVEL = value  # type: ignore[attr-defined]

    def share(module: Any) -> Any:
        return module.LEVEL

    return lambda market, own, p: market.invest(share(mine))


DATA = [
    in_a_bound_method,
    in_a_table,
    in_a_partial,
    in_an_array,
    as_a_default_array,
    in_a_frame,
    in_a_list_of_lists,
    as_an_attribute_of_a_function,
    in_a_module_that_is_handed_on,
]


@pytest.mark.parametrize(
    "made", [*WHOLE, *DATA, as_a_cached_answer], ids=lambda made: made.__name__
)
def test_another_value_makes_another_hash_and_the_same_value_the_same(made: Made) -> None:
    one, same, other = (strategy()(made(value)) for value in (0.9, 0.9, 0.3))
    assert code_hash(one) == code_hash(same)
    assert code_hash(one) != code_hash(other)


@pytest.mark.parametrize("made", WHOLE, ids=lambda made: made.__name__)
def test_what_cannot_change_may_be_kept_compiled(made: Made) -> None:
    assert is_self_contained(strategy()(made(0.9)))


@pytest.mark.parametrize("made", DATA, ids=lambda made: made.__name__)
def test_what_refers_to_data_is_not_kept_compiled(made: Made) -> None:
    assert not is_self_contained(strategy()(made(0.9)))


def test_what_cannot_be_read_is_not_kept_compiled() -> None:
    numbers = (each for each in (1, 2))
    name = "LEVEL"
    mine = ModuleType("mine")

    @strategy()
    def of_a_generator(market: Any, own: Any, p: Any) -> None:
        market.buy(next(numbers))

    @strategy()
    def by_text(market: Any, own: Any, p: Any) -> None:
        market.buy(getattr(mine, name))

    @strategy()
    def not_there(market: Any, own: Any, p: Any) -> None:
        market.buy(mine.LEVEL)

    for each in (of_a_generator, by_text, not_there):
        assert not is_self_contained(each)


def test_how_a_helper_is_compiled_is_part_of_the_hash() -> None:
    def of(**options: bool) -> str:
        share = njit(**options)(lambda: 0.5)
        return code_hash(strategy()(lambda market, own, p: market.invest(share())))

    assert of() == of()
    assert of() != of(fastmath=True)


def test_of_installed_modules_name_and_version_tell() -> None:
    @strategy()
    def roots(market: Any, own: Any, p: Any) -> None:
        market.invest(min(1.0, float(np.sqrt(np.pi)) / 2 + functools.reduce(max, (0.0, 0.1))))

    assert is_self_contained(roots)


def test_a_name_that_has_no_value_yet_is_no_fault() -> None:
    def made() -> Any:
        def decide(market: Any, own: Any, p: Any) -> None:
            market.invest(later)

        one = code_hash(strategy()(decide))
        later = 0.5
        return one, code_hash(strategy()(decide))

    one, other = made()
    assert one != other


def test_functions_that_call_one_another_come_to_an_end() -> None:
    def even(k: int) -> bool:
        return k == 0 or odd(k - 1)

    def odd(k: int) -> bool:
        return k != 0 and even(k - 1)

    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]

    @strategy()
    def decide(market: Any, own: Any, p: Any) -> None:
        market.buy(1 if even(len(market.close)) else len(deep))

    assert code_hash(decide) == code_hash(decide)


def test_what_an_indicator_of_ones_own_gives_is_part_of_the_hash() -> None:
    def update(cells: Any, place: int, close: float) -> float:
        cells[place + 1] = close
        return close

    def of(cell: int) -> str:
        mine = Indicator(
            name="mine",
            update=update,
            inputs=("close",),
            arguments=(),
            limits=(),
            cells=lambda: 2,
            warm_up=lambda: 0,
            source="",
            outputs=(ANSWER, ("other", cell)),
        )
        made = strategy(indicators={"mine": mine})
        return code_hash(made(lambda market, own, p: market.buy(own.mine_other)))

    assert of(0) == of(0)
    assert of(0) != of(1)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "mine_of_hash.py").write_text(
        "import levels_of_hash\n"
        "from algotrendy.strategy.making import strategy\n"
        "@strategy()\n"
        "def by_module(market, own, p):\n"
        "    market.invest(levels_of_hash.LEVEL if market.symbol in {'A', 'B', 'C', 'D'} else 0)\n"
        "@strategy()\n"
        "def by_import(market, own, p):\n"
        "    from levels_of_hash import LEVEL\n"
        "    market.invest(LEVEL)\n"
    )
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in ("mine_of_hash", "levels_of_hash"):
        sys.modules.pop(name, None)


def loaded(folder: Path, level: float) -> list[str]:
    (folder / "levels_of_hash.py").write_text(f"LEVEL = {level!r}\n")
    for name in ("mine_of_hash", "levels_of_hash"):
        sys.modules.pop(name, None)
        (Path(importlib.util.cache_from_source(str(folder / f"{name}.py")))).unlink(missing_ok=True)
    importlib.invalidate_caches()
    module = importlib.import_module("mine_of_hash")
    return [code_hash(module.by_module), code_hash(module.by_import)]


def test_a_constant_of_a_helper_file_is_part_of_the_hash(folder: Path) -> None:
    one, same, other = (loaded(folder, level) for level in (0.5, 0.5, 0.9))
    assert one == same
    assert all(a != b for a, b in zip(one, other, strict=True))


def test_the_hash_is_the_same_in_another_process(folder: Path) -> None:
    here = loaded(folder, 0.5)
    text = (
        "import sys; sys.path.insert(0, sys.argv[1]); import mine_of_hash as m; "
        "from algotrendy.strategy.fingerprint import code_hash; "
        "print(code_hash(m.by_module), code_hash(m.by_import))"
    )
    for seed in ("1", "2"):
        said = subprocess.run(
            [sys.executable, "-c", text, str(folder)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert said.stdout.split() == here


def test_the_library_is_self_contained() -> None:
    assert all(is_self_contained(each) for each in library())
    assert len({code_hash(each) for each in library()}) == len(library())
