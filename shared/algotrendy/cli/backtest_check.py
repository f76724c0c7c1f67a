"""Look for a look-ahead for `algotrendy backtest check`, and say what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.lookahead import Findings, check_lookahead
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_run import wide_console, working
from algotrendy.cli.backtest_strategies import chosen, telling
from algotrendy.kernel.errors import Rejected

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Search:
    """How long to look: see ``check_lookahead``."""

    cuts: int
    seed: int
    compiled: bool


def check(
    strategy: str, parameters: Sequence[str], wanted: Wanted, terms: Terms, search: Search
) -> None:
    """Check a strategy on the bars that are wanted.

    Raises:
        Rejected: If anything was found, or something is read that cannot be judged.
    """
    choice = chosen(strategy, parameters)
    dataset = find_bars(wanted, choice.strategy.timeframes).dataset

    def look() -> Findings:
        return check_lookahead(
            dataset,
            choice.strategy,
            choice.values,
            terms,
            search.cuts,
            search.seed,
            calendar=wanted.trading_calendar,
            compiled=search.compiled,
        )

    with working(f"{choice.label} with and without its future", compiles=search.compiled):
        found = telling(choice, look)
    print_findings(wide_console(), found, len(dataset))
    require_clean(found)


def require_clean(found: Findings) -> None:
    """Let a strategy pass that was found to know nothing of its future; else raise Rejected."""
    if not found.is_clean:
        is_doubt = not (found.differences or found.references or found.drivers)
        verdict = "cannot be judged" if is_doubt else "does not pass the check"
        raise Rejected(f"{found.strategy} {verdict}")


def print_findings(console: Console, found: Findings, steps: int) -> None:
    """Print what was found, topic by topic."""
    cuts = ", ".join(f"{cut:,}" for cut in found.cuts)
    console.print(f"{found.strategy}: {steps:,} steps, and the first {cuts}", markup=False)
    same = "orders, state, fills and equity up to each cut are the same, to the bit"
    _say(console, "look-ahead", [str(each) for each in found.differences], f"none found: {same}")
    _say(
        console,
        "outside data",
        [f"{each}: it may hold what nobody knew at the time" for each in found.references],
        "none found: as far as it can be followed, the code reads its arguments alone",
    )
    if found.not_judged:
        _say(console, "not judged", list(found.not_judged), "")
    if found.not_compiled:
        _line(console, "compiled", f"not compared: {found.not_compiled}", "yellow")
    else:
        drivers = [found.drivers] if found.drivers else []
        _say(console, "compiled", drivers, "the same as interpreted, to the bit")


def _say(console: Console, topic: str, faults: list[str], clean: str) -> None:
    if not faults:
        _line(console, topic, clean, "green")
    for fault in faults[:_SHOWN]:
        _line(console, topic, fault, "red")
    if len(faults) > _SHOWN:
        _line(console, topic, f"and {len(faults) - _SHOWN} more", "red")


def _line(console: Console, topic: str, words: str, style: str) -> None:
    console.print(Text(f"  {topic + ':':<14}").append(words, style=style), soft_wrap=True)
