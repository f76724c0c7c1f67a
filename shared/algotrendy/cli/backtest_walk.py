"""Walk forward for `algotrendy backtest walk-forward`, and show what came of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.outputs.definitions import NONE
from algotrendy.backtest.outputs.json_form import plain
from algotrendy.backtest.report.walk import render_walk
from algotrendy.backtest.validation.outcome import WalkForwardOutcome
from algotrendy.backtest.validation.running import run_walk_forward
from algotrendy.backtest.validation.same_bars import CrossChecks
from algotrendy.backtest.validation.spec import parse_walk_forward
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.backtest.validation.windows import Window
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_run import print_json, wide_console
from algotrendy.cli.backtest_strategies import Chosen, chosen, described, telling
from algotrendy.cli.backtest_trials import keep_walk, recorder
from algotrendy.cli.sweep import parse_grid, writable
from algotrendy.cli.sweep_view import Progress, Shown, progress_bar
from algotrendy.kernel.errors import Invalid
from algotrendy.platform.blobs import FolderBlobs

PAGE, RESULT = "report.html", "walk-forward.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the walk besides strategy, bars and terms; fields of ``WalkForwardSpec``.

    Attributes:
        checks: Whether to look at all combinations on the same bars too.
        out: Folder for the result, and for what is kept until it is there.
    """

    parameters: Sequence[str]
    windows: dict[str, Any]
    search: dict[str, Any]
    checks: bool
    out: Path | None
    as_json: bool


def walk_forward(strategy: str, wanted: Wanted, terms: Terms, mode: Wish, asked: Asked) -> None:
    """Walk forward on the bars that are wanted; go on where the same walk was killed."""
    choice = chosen(strategy)
    folder = writable(asked.out or Path("reports") / f"{choice.strategy.name}-walk-forward")
    plan = _plan(choice, wanted, terms, mode, asked)
    work, who = folder / ".unfinished-walk", recorder()
    with progress_bar(f"{choice.strategy.name}, {len(plan.windows)} windows") as shown:
        outcome = telling(
            choice,
            lambda: run_walk_forward(
                plan,
                who,
                blobs=FolderBlobs(work.resolve()),
                checks=CrossChecks() if asked.checks else None,
                progress=_progress(shown, plan),
            ),
        )
    found = plain(outcome.to_json())
    text = json.dumps(found, indent=1, allow_nan=False) + "\n"
    files = FolderBlobs(folder.resolve())
    files.put(RESULT, text.encode())
    files.put(PAGE, render_walk(outcome))
    shutil.rmtree(work, ignore_errors=True)
    kept = keep_walk(outcome, who)
    if asked.as_json:
        print_json(found)
        return
    console = wide_console()
    print_outcome(console, outcome)
    console.print(kept, soft_wrap=True, markup=False)
    console.print(f"report: {(folder / PAGE).resolve()}", soft_wrap=True, markup=False)


def print_outcome(console: Console, outcome: WalkForwardOutcome) -> None:
    """Print the windows, the figures out of sample, the trials, and the gate's verdict."""
    found = plain(outcome.to_json())
    console.print(_windows(found))
    figures = found["statistics"]
    low, high = _ratio(figures["sharpe_low"]), _ratio(figures["sharpe_high"])
    rows = (
        ("Return out of sample", _percent(figures["total_return"])),
        ("CAGR", _percent(figures["cagr"])),
        ("Sharpe ratio", f"{_ratio(figures['sharpe'])}, 95 % between {low} and {high}"),
        ("Deepest drawdown", _percent(figures["max_drawdown"])),
        ("Trades", f"{found['trades']:,}"),
        ("Return under harsh fills", _percent(found["harsh_return"])),
        ("Efficiency", _ratio(outcome.walked.efficiency)),
        ("Trials", f"{outcome.walked.trials:,} here, {found['trials_on_these_data']:,} in all"),
        ("Counted in", found["trials_counted_in"]),
        ("Deflated Sharpe", _ratio(figures["deflated_sharpe"])),
        *_across(found["across"]),
    )
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for label, words in rows:
        table.add_row(label, words)
    console.print()
    console.print(table)
    console.print()
    for check in outcome.verdict.checks:
        mark, style = ("+", "green") if check.passed else ("-", "red")
        console.print(Text(f"{mark} {check}", style=style), soft_wrap=True)
    verdict = "the gate lets it pass" if outcome.verdict.passed else "the gate refuses it"
    console.print(Text(f"verdict: {verdict}", style="bold"))


def _plan(choice: Chosen, wanted: Wanted, terms: Terms, mode: Wish, asked: Asked) -> WalkPlan:
    dataset = find_bars(wanted, choice.strategy.timeframes).dataset
    first, last = (dataset.timeline[[0, -1]] - 1).astype("M8[ns]").astype("M8[D]").tolist()
    spec = parse_walk_forward(
        {
            "strategy": choice.strategy.name,
            "symbols": list(dataset.symbols),
            "start": first,
            "end": last,
            "parameters": parse_grid(list(asked.parameters)),
            "adjustment": "raw" if wanted.raw else "all",
            "fractional": terms.fractional,
            "windows": {name: value for name, value in asked.windows.items() if value is not None},
            **asked.search,
        }
    )
    if not spec.parameters:
        raise Invalid("parameters", "given as ranges, such as -p fast=5:50:5", None)
    return WalkPlan(
        spec, choice.strategy, dataset, terms, calendar=wanted.trading_calendar, mode=mode
    )


def _progress(shown: Shown, plan: WalkPlan) -> Any:
    """Tell how far it is: combinations of all windows, as many in each as may be tried."""
    each = min(plan.spec.max_runs, plan.spec.grid)

    def tell(window: Window, tried: int) -> None:
        done = (window.number - 1) * each + min(tried, each)
        shown.tell(Progress(done, each * len(plan.windows)))

    return tell


def _windows(found: dict[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", justify="right")
    for heading in ("In sample", "Out of sample", "Chosen"):
        table.add_column(heading)
    for heading in ("Score in", "out", "Return"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in found["windows"]:
        parameters = row["parameters"] or {}
        searched = {name: parameters[name] for name in found["stability"] if name in parameters}
        table.add_row(
            str(row["window"]),
            *(" to ".join(row[f"{part}_days"]) for part in ("in_sample", "out_of_sample")),
            described(searched) or NONE,
            _ratio(row["in_sample"]),
            _ratio(row["out_of_sample"]),
            _percent(row["total_return"]),
        )
    return table


def _across(across: dict[str, Any] | None) -> list[tuple[str, str]]:
    if across is None:
        return []
    overfitting = across["overfitting"]["probability"]
    lost, paths = across["paths_that_lost"], len(across["paths"])
    return [
        ("Overfitting (CSCV)", f"probability {_ratio(overfitting)}"),
        ("Purged cross-validation", f"{lost} of {paths} paths lost"),
    ]


def _percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.1%}"


def _ratio(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"
