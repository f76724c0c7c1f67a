"""Compile engine, library and chart styles into the package: `make kernels`.

What lies there is found by whoever runs the same sources under the same Python and compiler on the
same kind of machine, so that neither a fresh installation nor a function that starts cold has to
compile. What is made runs on every processor of the kind. ``check`` tells whether it is found.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.rows import run_rows
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.kept_code import Shelf
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.ticks import Ticks
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library, strategy_named

_DAYS, _ASSETS = 1200, 4
STYLES = (
    "time:interval=1Min",
    "tick:amount=1",
    "volume:amount=1",
    "dollar:amount=1",
    "range:size=1",
    "renko:size=1",
    "heikin-ashi:interval=1Min",
    "line-break:interval=1Min",
    "kagi:size=1",
    "point-and-figure:box=1",
    "imbalance",
    "run",
)
"""One of each kind of chart: its kernel is the same whatever its parameters."""
# The engine is compiled when it is loaded, to where its process was told to keep it: so the work
# itself is done by a process of its own.
_FILL, _SEEK = "fill", "seek"


def some_days(assets: int) -> Dataset:
    """Make daily bars of a seeded random walk: enough for every strategy to begin."""
    draws = np.random.Generator(np.random.PCG64(1))
    begin = np.datetime64("2000-01-03", "ns")
    times = begin + np.arange(_DAYS) * np.timedelta64(1, "D")
    found = {}
    for number in range(assets):
        close = 100.0 * np.exp(np.cumsum(draws.normal(0.0, 0.01, _DAYS)))
        found[f"AS{number}"] = {
            "time": times,
            "open": close,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": np.full(_DAYS, 1e6),
        }
    return from_arrays(found)


def compile_strategy(strategy: Strategy) -> str:
    """Compile one strategy, alone and for a sweep; give why not, or nothing."""
    dataset = some_days(max(strategy.assets, _ASSETS if strategy.assets > 1 else 1))
    values = {parameter.name: parameter.default for parameter in strategy.parameters}
    try:
        run(Setting(dataset, strategy, values, Terms(100_000.0)), "compiled")
    except Invalid as error:
        return str(error)
    if strategy.assets == 1:
        run_rows(dataset, strategy, [tuple(values.values())], Terms(100_000.0), [1])
    return ""


def compile_charts() -> None:
    """Compile the kernels of every chart style, for many trades at once and for one."""
    from algotrendy.market_data.charts.compiled import Compiled

    at = 1_709_303_400_000_000_000
    for style in STYLES:
        builder = Builder(style, Compiled())
        builder.push(Ticks(Symbol("XYZ"), [at, at], [100.0, 100.0], [1.0, 1.0], "made up"))
        builder.push_one(at, 100.0, 1.0)


def fill(names: Sequence[str]) -> None:
    """Compile strategies; without a name all of the library, and the charts."""
    if not names:
        compile_charts()
    for strategy in _named(names):
        begin = time.monotonic()
        refused = compile_strategy(strategy)
        took = f"{time.monotonic() - begin:.1f} s"
        sys.stdout.write(f"{strategy.name}: {refused or took}\n")
        sys.stdout.flush()


def seek(names: Sequence[str]) -> None:
    """Run what ``fill`` compiles, and refuse if anything had to be compiled for it."""
    if not names:
        compile_charts()
    for strategy in _named(names):
        compile_strategy(strategy)
    if made := [name for shelf in _shelves() for name in shelf.made]:
        sys.exit(f"these were not found and had to be compiled: {', '.join(made)}")
    sys.stdout.write("kernels: everything was found, nothing was compiled\n")


def make(names: Sequence[str]) -> None:
    """Fill the folders of the package; what others left there is removed."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent, prefix=".kernels-") as scratch:
        _in_a_process(_FILL, names, scratch)
        for shelf in _shelves():
            shutil.rmtree(shelf.shipped, ignore_errors=True)
            filled = Path(scratch, "algotrendy", "kernels", shelf.digest("generic"))
            if filled.is_dir():
                shelf.shipped.mkdir()
                filled.rename(shelf.shipped / filled.name)
    for shelf in _shelves():
        files = [path for path in shelf.shipped.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20  # whole numbers
        sys.stdout.write(f"kernels: {len(files)} files, {size:.1f} MB in {shelf.shipped}\n")


def check(names: Sequence[str]) -> None:
    """Tell whether what lies in the package is found, by somebody who has nothing else."""
    with tempfile.TemporaryDirectory() as scratch:
        _in_a_process(_SEEK, names, scratch)


def _shelves() -> tuple[Shelf, Shelf]:
    from algotrendy.backtest.engine.compiled import cache
    from algotrendy.market_data.charts import compiled

    return cache.SHELF, compiled.SHELF


def _named(names: Sequence[str]) -> Sequence[Strategy]:
    return [strategy_named(name) for name in names] or library()


def _in_a_process(task: str, names: Sequence[str], folder: str) -> None:
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": folder}
    environment.pop("NUMBA_CPU_FEATURES", None)
    command = [sys.executable, "-m", "algotrendy.backtest.kernels", task, *names]
    done = subprocess.run(command, check=False, env=environment)
    if done.returncode:
        sys.exit(done.returncode)


_TASKS = {"make": make, "check": check, _FILL: fill, _SEEK: seek}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", nargs="?", default="make", choices=_TASKS)
    parser.add_argument("names", nargs="*", help="strategies; all of the library without one")
    asked = parser.parse_args()
    _TASKS[asked.task](asked.names)
