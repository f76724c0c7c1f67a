"""Compile the engine and every strategy of the library into the package: `make kernels`.

What lies there is found by whoever runs the same sources under the same Python and compiler on the
same kind of machine, so that a fresh installation does not compile. Start it with
NUMBA_CPU_NAME=generic, before numba is loaded: what is made runs on every processor of the kind.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.engine.compiled import cache
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.rows import run_rows
from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import library

_DAYS, _ASSETS = 1200, 4
_FILL = "fill"


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


def fill() -> None:
    """Compile every strategy, into the folder that is there."""
    for strategy in library():
        begin = time.monotonic()
        refused = compile_strategy(strategy)
        took = f"{time.monotonic() - begin:.1f} s"
        sys.stdout.write(f"{strategy.name}: {refused or took}\n")
        sys.stdout.flush()


def main() -> None:
    """Make the folder of this machine's kind and fill it; what others left is removed."""
    if cache._cpu() != "generic":
        sys.exit("set NUMBA_CPU_NAME=generic: run `make kernels`")
    folder = cache.SHIPPED / cache.digest("generic")
    shutil.rmtree(cache.SHIPPED, ignore_errors=True)
    folder.mkdir(parents=True)
    # Where compiled code is kept is decided when the engine is loaded: in a process after this.
    subprocess.run([sys.executable, "-m", "algotrendy.backtest.kernels", _FILL], check=True)
    files = [path for path in folder.rglob("*") if path.is_file()]
    if not files:
        sys.exit(f"nothing was compiled into {folder}")
    size = sum(path.stat().st_size for path in files) / 2**20  # whole numbers
    sys.stdout.write(f"kernels: {len(files)} files, {size:.1f} MB in {folder}\n")


if __name__ == "__main__":
    fill() if sys.argv[1:] == [_FILL] else main()
