"""Run strategies side by side for `algotrendy backtest compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs.definitions import NONE, Form, written
from algotrendy.backtest.outputs.json_form import plain
from algotrendy.backtest.outputs.summary import subtitle_of
from algotrendy.backtest.statistics.figures import Statistics
from algotrendy.backtest.statistics.summary import summarise
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_run import print_json, run_chosen, wide_console
from algotrendy.cli.backtest_strategies import Chosen, chosen
from algotrendy.cli.backtest_trials import count_runs
from algotrendy.cli.backtest_view import assumed
from algotrendy.kernel.errors import Invalid

MOST = 26
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COLUMNS: Final[tuple[tuple[str, str, Form], ...]] = (
    ("total_return", "Return", "percent"),
    ("cagr", "CAGR", "percent"),
    ("volatility", "Vol", "percent"),
    ("sharpe", "Sharpe", "number"),
    ("max_drawdown", "Fall", "percent"),
    ("exposure", "In", "percent"),
    ("trades", "Trades", "count"),
)


def compare(
    given: Sequence[str], wanted: Wanted, terms: Terms, mode: Wish, *, as_json: bool
) -> None:
    """Run what is given on the same bars, and print figures and correlations.

    Raises:
        Invalid: If there are fewer than two, more than 26, or two that are the same.
    """
    if not 2 <= len(given) <= MOST:
        raise Invalid("strategies", f"2 to {MOST}", len(given))
    if len(set(given)) < len(given):
        raise Invalid("strategies", "different ones", ", ".join(given))
    choices = [chosen(text) for text in given]
    coarser = _coarser(choices)
    bars = find_bars(wanted, coarser)
    dataset = bars.dataset
    runs = [run_chosen(choice, dataset, wanted, terms, mode) for choice in choices]
    counting = count_runs(runs)
    figures = [summarise(run, run.setting.a_year) for run in runs]
    table = correlations([run.equity for run in runs])
    said = assumed(runs[0].setting, bars, wanted)
    if as_json:
        print_json({**_described(choices, figures, table), "assumed": said})
    else:
        console = wide_console()
        _print(console, choices, runs[0], figures, table)
        console.print(f"\n{said}", style="dim", markup=False)
        console.print(counting.words, style="dim", markup=False)


def correlations(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give Pearson's correlation of the returns of equity curves; nan where one stands still."""
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.array([curve[1:] / curve[:-1] - 1.0 for curve in curves])
        found: NDArray[np.float64] = np.corrcoef(returns)
    return found


def _coarser(choices: Sequence[Chosen]) -> tuple[str, ...]:
    """Give the longer timeframes that all of them read: there is one set of bars."""
    wishes = {choice.strategy.timeframes for choice in choices if choice.strategy.timeframes}
    if len(wishes) > 1:
        said = " and ".join(sorted(", ".join(wish) for wish in wishes))
        raise Invalid("strategies", "of the same longer timeframes", said)
    return next(iter(wishes), ())


def _described(
    choices: Sequence[Chosen], figures: Sequence[Statistics], table: NDArray[np.float64]
) -> dict[str, object]:
    return {
        "runs": [
            {
                "label": choice.label,
                "strategy": choice.strategy.name,
                "parameters": plain(choice.values),
                "summary": plain(asdict(found)),
            }
            for choice, found in zip(choices, figures, strict=True)
        ],
        "correlations": plain(table.tolist()),
    }


def _print(
    console: Console,
    choices: Sequence[Chosen],
    first: Backtest,
    figures: Sequence[Statistics],
    table: NDArray[np.float64],
) -> None:
    symbols = ", ".join(first.setting.dataset.symbols)
    console.print(f"{symbols}, {subtitle_of(first).rpartition(' · ')[0]}", markup=False)
    shown = Table(box=None, pad_edge=False, header_style="bold", collapse_padding=True)
    shown.add_column("")
    shown.add_column("Strategy", overflow="fold")
    for _, heading, _ in _COLUMNS:
        shown.add_column(heading, justify="right", no_wrap=True)
    for letter, choice, found in zip(_LETTERS, choices, figures, strict=False):
        cells = [written(getattr(found, name), form) for name, _, form in _COLUMNS]
        shown.add_row(letter, choice.label, *cells)
    console.print(shown)
    letters = _LETTERS[: len(choices)]
    matrix = Table(box=None, pad_edge=False, header_style="bold")
    matrix.add_column("")
    for letter in letters:
        matrix.add_column(letter, justify="right", no_wrap=True)
    for letter, row in zip(letters, table, strict=True):
        matrix.add_row(letter, *(NONE if np.isnan(cell) else f"{cell:.2f}" for cell in row))
    console.print("\nCorrelation of returns", style="bold")
    console.print(matrix)
