"""Run one strategy for `algotrendy backtest run`, and show what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.running import run as run_setting
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_request import Request, read_request
from algotrendy.cli.backtest_strategies import Chosen, chosen, telling
from algotrendy.cli.backtest_trials import count_runs
from algotrendy.cli.sweep import writable

_PIPE_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Shown:
    """How a run is shown: with other fills beside it, as JSON, with a report in a folder."""

    scenarios: bool
    as_json: bool
    out: Path | None


def run(
    strategy: str,
    parameters: Sequence[str],
    wanted: Wanted,
    terms: Terms,
    mode: Wish,
    shown: Shown,
) -> None:
    """Run a strategy over the bars that are wanted, print its figures and write its report."""
    from algotrendy.cli import backtest_view as view

    choice = chosen(strategy, parameters)
    folder = writable(shown.out or Path("reports") / choice.strategy.name)
    bars = find_bars(wanted, choice.strategy.timeframes)
    done = run_chosen(choice, bars.dataset, wanted, terms, mode)
    request = Request(choice.source, choice.values, wanted, terms, mode)
    counting = count_runs([done])
    said: dict[str, Any] = {"scenarios": shown.scenarios, "trials": counting.trials}
    with working(f"report of {choice.strategy.name}"):
        page = view.write_report(done, folder, request, **said)
    if shown.as_json:
        print_json(view.as_dict(done, **said))
        return
    console = wide_console()
    view.print_run(console, done, bars, wanted, **said)
    console.print(counting.words, style="dim", markup=False)
    console.print(f"report: {page.resolve()}", soft_wrap=True, markup=False)


def report(path: Path, *, scenarios: bool, out: Path | None) -> None:
    """Make the report of a kept result again; the run is made again, on the same bars and code.

    Raises:
        Invalid: If there is no result.
        Conflict: If bars or code are no longer those of the run.
    """
    from algotrendy.cli import backtest_view as view

    kept = read_request(path)
    asked = kept.request
    values = [f"{name}={value!r}" for name, value in asked.values.items()]
    choice = chosen(asked.strategy, values)
    dataset = find_bars(asked.wanted, choice.strategy.timeframes).dataset
    done = run_chosen(choice, dataset, asked.wanted, asked.terms, asked.mode)
    kept.require_same(done)
    folder = writable(out or (path if path.is_dir() else path.parent))
    trials = count_runs([done]).trials
    page = view.write_report(done, folder, asked, scenarios=scenarios, trials=trials)
    wide_console().print(f"report: {page.resolve()}", soft_wrap=True, markup=False)


def run_chosen(
    choice: Chosen, dataset: Dataset, wanted: Wanted, terms: Terms, mode: Wish
) -> Backtest:
    """Run a chosen strategy; what it raises is told with its own line."""
    setting = Setting(
        dataset,
        choice.strategy,
        choice.values,
        terms,
        wanted.trading_calendar,
        periods_per_year=wanted.periods_per_year,
    )
    with working(f"{choice.label} on {len(dataset):,} bars", compiles=mode != "interpreted"):
        return telling(choice, lambda: run_setting(setting, mode))


@contextmanager
def working(title: str, *, compiles: bool = False) -> Iterator[None]:
    """Show on a terminal what is being done, and that it may compile; elsewhere, nothing."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    hint = "; the first run of a version compiles, up to a minute" if compiles else ""
    with console.status(f"{title}{hint}"):
        yield


def wide_console() -> Console:
    """Give a console; a pipe is wider than the 80 columns that are otherwise assumed."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=_PIPE_WIDTH, highlight=False)


def print_json(value: object) -> None:
    """Print JSON for programs."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))
