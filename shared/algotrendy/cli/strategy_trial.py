"""Test a strategy for `algotrendy strategy test`: its future taken away, a backtest, its tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.lookahead import CUTS, check_lookahead
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_check import print_findings, require_clean
from algotrendy.cli.backtest_run import wide_console
from algotrendy.cli.backtest_strategies import Chosen, chosen, telling
from algotrendy.cli.trading_calls import say
from algotrendy.kernel.errors import Rejected
from algotrendy.strategy.definition import Strategy

if TYPE_CHECKING:
    import pandas as pd

_DAYS: Final = 750
_SEED: Final = 7


def try_out(
    file: str, parameters: Sequence[str], wanted: Wanted | None, terms: Terms, *, compiled: bool
) -> None:
    """Test it, and print what came of it.

    Args:
        wanted: The bars; None for days that are made up.

    Raises:
        StrategyFailedError: If it raises; says in which line.
        Rejected: If it knows its future, or a test of its own fails.
    """
    choice = chosen(file, parameters)
    strategy = choice.strategy
    found = None if wanted is None else find_bars(wanted, strategy.timeframes)
    dataset = made_up(strategy) if found is None else found.dataset
    origin = "made-up days" if found is None else found.origin
    calendar = None if wanted is None else wanted.trading_calendar
    setting = Setting(dataset, strategy, choice.values, terms, calendar)
    done = telling(choice, lambda: run(setting, "interpreted"))
    gained = float(done.equity[-1]) / float(done.equity[0]) - 1.0
    say(f"backtest: {len(dataset):,} steps of {origin}: {len(done.fills)} fills, {gained:+.1%}")
    if not len(done.fills):
        say("  it traded nothing: other bars, or other parameters, would show more")
    findings = telling(
        choice,
        lambda: check_lookahead(
            dataset,
            strategy,
            choice.values,
            terms,
            CUTS,
            calendar=calendar,
            compiled=compiled,
        ),
    )
    print_findings(wide_console(), findings, len(dataset))
    _run_tests(choice)
    require_clean(findings)
    say(f"{strategy.name}: passed")


def made_up(strategy: Strategy) -> Dataset:
    """Make days of prices that wander, the same each time, for as many assets as it needs."""
    from algotrendy.backtest.data.frames import from_frame

    names = [f"MADE{number}" for number in range(1, max(strategy.assets, 1) + 1)]
    frames = {name: _wandering(_SEED + place) for place, name in enumerate(names)}
    if strategy.timeframes:
        return from_frame(frames, coarser=strategy.timeframes)
    return from_frame(frames)


def _wandering(seed: int) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    draws = np.random.default_rng(seed)
    days = pd.bdate_range("2020-01-01", periods=_DAYS)
    close = 100.0 * np.exp(np.cumsum(draws.normal(0.0003, 0.015, _DAYS)))
    opened = np.concatenate([[100.0], close[:-1]]) * np.exp(draws.normal(0.0, 0.004, _DAYS))
    reach = np.exp(np.abs(draws.normal(0.0, 0.006, (2, _DAYS))))
    return pd.DataFrame(
        {
            "open": opened,
            "high": np.maximum(opened, close) * reach[0],
            "low": np.minimum(opened, close) / reach[1],
            "close": close,
            "volume": draws.integers(200_000, 2_000_000, _DAYS).astype(float),
        },
        index=days,
    )


def _run_tests(choice: Chosen) -> None:
    """Run the tests beside a file of one's own.

    Raises:
        Rejected: If one fails.
    """
    path, colon, _ = choice.source.rpartition(":")
    file = Path(path if colon and path.endswith(".py") else choice.source)
    tests = file.with_name(f"test_{file.name}")
    if file.suffix != ".py" or not tests.is_file():
        say("its own tests: none beside it" if file.suffix == ".py" else "its own tests: elsewhere")
        return
    if find_spec("pytest") is None:
        say(f"its own tests, {tests}, are not run: pip install pytest")
        return
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    folder = str(tests.parent)
    paths = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [*command, "--rootdir", folder, str(tests)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        say(done.stdout + done.stderr)
        raise Rejected(f"a test of {tests.name} fails")
    say(f"its own tests: {done.stdout.strip().splitlines()[-1]}")
