"""Write a strategy of one's own with a test of it that passes."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template

from algotrendy.kernel.errors import Conflict, Invalid

_NAME = re.compile(r"[a-z][a-z0-9_]{0,61}")

_STRATEGY = Template('''"""What $name does, and why it should work."""

from algotrendy.backtest import Parameter, strategy
from algotrendy.strategy.indicators import sma
from algotrendy.strategy.market import ABOVE


@strategy(
    parameters=(
        Parameter("fast", "int", 2, 200, 10, "Closes in the fast mean"),
        Parameter("slow", "int", 3, 500, 40, "Closes in the slow mean"),
    ),
    indicators={"fast": sma("fast"), "slow": sma("slow")},
    source="Yours: the paper, the book, or the idea",
)
def $name(market, own, p):
    """Hold while the fast mean is above the slow one."""
    if market.position == 0.0:
        if own.fast > own.slow * ABOVE:
            market.invest()
    elif own.slow > own.fast * ABOVE:
        market.exit()
''')

_TEST = Template('''"""What $name does on prices that are known: run it by `pytest $test`."""

import math

import pandas as pd
from algotrendy.backtest import backtest

from $name import $name


def bars(closes):
    """Give daily bars with these closes."""
    days = pd.bdate_range("2020-01-01", periods=len(closes))
    closes = pd.Series(closes, index=days, dtype=float)
    opens = closes.shift(1, fill_value=closes.iloc[0])
    columns = {
        "open": opens,
        "high": pd.concat([opens, closes], axis=1).max(axis=1),
        "low": pd.concat([opens, closes], axis=1).min(axis=1),
        "close": closes,
        "volume": 1_000_000.0,
    }
    return pd.DataFrame(columns)


WAVE = [100.0 + 20.0 * math.sin(day / 40.0) for day in range(400)]


def run(closes, **parameters):
    """Run it interpreted, which for so few bars is sooner done than compiled."""
    return backtest(bars(closes), $name, mode="interpreted", **parameters)


def test_it_buys_what_rises_and_sells_what_falls():
    result = run(WAVE, fast=5, slow=20)
    sides = [fill["units"] > 0.0 for fill in result.fills]
    assert len(sides) >= 3
    assert sides == [number % 2 == 0 for number in range(len(sides))]


def test_it_buys_nothing_that_only_falls():
    falling = [200.0 - 0.25 * day for day in range(300)]
    assert len(run(falling).fills) == 0


def test_it_decides_nothing_before_its_means_are_there():
    result = run(WAVE, fast=5, slow=20)
    assert min(fill["step"] for fill in result.fills) >= 20
''')


def write_template(name: str, folder: Path) -> tuple[Path, Path]:
    """Write ``<name>.py`` and its test; nothing that is there is written over.

    Raises:
        Invalid: If the name could be no function's.
        Conflict: If a file is there already.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name == "algotrendy":
        expected = "1 to 62 lower-case letters, digits and underscores, a letter first"
        raise Invalid("name", expected, name)
    files = folder / f"{name}.py", folder / f"test_{name}.py"
    for file in files:
        if file.exists():
            raise Conflict(f"{file} is there already", file=str(file))
    folder.mkdir(parents=True, exist_ok=True)
    words = {"name": name, "test": files[1].name}
    for file, template in zip(files, (_STRATEGY, _TEST), strict=True):
        file.write_text(template.substitute(words), encoding="utf-8")
    return files
