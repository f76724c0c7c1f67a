"""Walk forward for `algotrendy backtest walk-forward`, and show what came of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.backtest.asking import asked_of
from algotrendy.backtest.engine.running import Wish
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.executors import SHARD_LIMIT_S
from algotrendy.backtest.outputs.definitions import NONE
from algotrendy.backtest.report.walk import render_walk
from algotrendy.backtest.validation.spec import WalkForwardSpec, parse_walk_forward
from algotrendy.backtest.validation.walk_estimate import estimate_walk
from algotrendy.backtest.validation.walk_plan import WalkPlan
from algotrendy.cli.backtest_bars import Wanted, find_bars
from algotrendy.cli.backtest_options import CalendarName, Where
from algotrendy.cli.backtest_run import print_json, wide_console
from algotrendy.cli.backtest_strategies import Chosen, chosen, described
from algotrendy.cli.backtest_trials import keep_walk, recorder
from algotrendy.cli.backtest_walk_here import walk_here
from algotrendy.cli.deployed import Api, Patience, connected, followed
from algotrendy.cli.sweep import FIRST_DAY, LAST_DAY, parse_grid, writable
from algotrendy.cli.sweep_estimate import seconds
from algotrendy.cli.sweep_view import Progress, progress_bar
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid
from algotrendy.platform.blobs import FolderBlobs

_HERE = "; on this machine, --executor local, anything goes"
_ONLY_HERE = (
    "timeframe", "style", "calendar", "periods_per_year", "actions", "rates", "currency", "borrow",
)  # fmt: skip
PAGE, RESULT = "report.html", "walk-forward.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the walk besides strategy, bars and terms; fields of ``WalkForwardSpec``.

    Attributes:
        checks: How to look at all combinations on the same bars too; None does not.
        workers: Processes here; None decides by the work.
        window_limit: Seconds that a window may take in one of them.
        where: The windows are done.
        out: Folder for the result, and for what is kept until it is there.
    """

    parameters: Sequence[str]
    windows: dict[str, Any]
    search: dict[str, Any]
    checks: dict[str, Any] | None
    out: Path | None
    as_json: bool
    workers: int | None = None
    window_limit: float = SHARD_LIMIT_S
    where: Where = Where.LOCAL


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a walk: its outcome and its report as bytes, and where it is kept, in words."""

    outcome: bytes
    report: bytes
    kept: str


def walk_forward(strategy: str, wanted: Wanted, terms: Terms, mode: Wish, asked: Asked) -> bool:
    """Walk forward on the bars that are wanted; tell whether the gate lets it pass.

    Goes on where the same walk was killed.
    """
    choice = chosen(strategy)
    folder = writable(asked.out or Path("reports") / f"{choice.strategy.name}-walk-forward")
    work = folder / ".unfinished-walk"
    if asked.where is Where.RAY:
        _require_named(choice)
    plan, who = _plan(choice, wanted, terms, mode, asked), recorder()
    outcome = walk_here(
        choice,
        plan,
        wanted,
        who,
        work,
        workers=asked.workers,
        limit_s=asked.window_limit,
        where=asked.where,
    )
    done = Done(outcome.to_text().encode(), render_walk(outcome), keep_walk(outcome, who))
    passed = show(done, folder, as_json=asked.as_json)
    shutil.rmtree(work, ignore_errors=True)
    return passed


def tell_estimate(strategy: str, wanted: Wanted, terms: Terms, mode: Wish, asked: Asked) -> None:
    """Run a few combinations, count and write nothing, and say what the walk would take."""
    plan = _plan(chosen(strategy), wanted, terms, mode, asked)
    found = estimate_walk(plan, workers=asked.workers or os.cpu_count() or 1)
    if asked.as_json:
        print_json(found.to_json())
        return
    here, ray, there = (seconds(found.wall_s[name]) for name in ("local", "ray", "stepfunctions"))
    console = wide_console()
    console.print(
        f"{found.windows:,} windows, {found.trials:,} trials at most, over {found.bars:,} bars",
        f"local: {here} in {found.workers} processes",
        f"ray: {ray} on as many processors",
        f"stepfunctions: {there}, ${found.dollars:,.4f} at the prices of {found.prices.region} of "
        f"{found.prices.as_of}",
        f"Measured: {found.bars_per_s:,.0f} bars a second, {found.mode}, on one processor here; a "
        "function is taken to be as quick.",
        sep="\n",
        soft_wrap=True,
    )


def walk_deployed(
    strategy: str,
    wanted: Wanted,
    terms: Terms,
    asked: Asked,
    patience: Patience,
    connect: Callable[[], Api] = connected,
) -> bool:
    """Have the deployed workflow walk forward, follow it to its end, and fetch what came of it.

    Tells whether the gate lets it pass.

    Raises:
        Invalid: For what is not deployed: a strategy, bars or terms of one's own.
        StudyFailedError: As ``followed``, and the others.
    """
    choice = chosen(strategy)
    folder = writable(asked.out or Path("reports") / f"{choice.strategy.name}-walk-forward")
    _require_deployable(choice, wanted)
    spec = _spec(choice, wanted.symbols, _period(wanted), wanted, terms, asked)
    spec.check_deployed(choice.strategy)
    path = "/v1/walk-forwards"
    with (
        connect() as api,
        progress_bar(f"{spec.strategy}, on Step Functions", "windows") as shown,
    ):
        found = followed(
            api,
            "walk-forward",
            path,
            spec.model_dump(mode="json"),
            replace(patience, folder=folder),
            lambda now: shown.tell(_windows_done(now)),
        )
        outcome, report = (api.download(found["links"][name]) for name in ("outcome", "report"))
    done = Done(outcome, report, f"Kept: GET {path}/{found['id']}")
    return show(done, folder, as_json=asked.as_json)


def show(done: Done, folder: Path, *, as_json: bool) -> bool:
    """Write a walk down, each file whole or not at all, print it, and tell if it passed."""
    files = FolderBlobs(folder.resolve())
    files.put(RESULT, done.outcome)
    files.put(PAGE, done.report)
    found = json.loads(done.outcome)
    passed = bool(found["verdict"]["passed"])
    if as_json:
        print_json(found)
        return passed
    console = wide_console()
    print_outcome(console, found)
    console.print(done.kept, soft_wrap=True, markup=False)
    console.print(f"report: {(folder / PAGE).resolve()}", soft_wrap=True, markup=False)
    return passed


def print_outcome(console: Console, found: dict[str, Any]) -> None:
    """Print the windows, the figures out of sample, the trials, and the gate's verdict."""
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
        ("Efficiency", _ratio(found["efficiency"])),
        ("Trials", f"{found['trials']:,} here, {found['trials_on_these_data']:,} in all"),
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
    for check in found["verdict"]["checks"]:
        mark, style = ("+", "green") if check["passed"] else ("-", "red")
        console.print(Text(f"{mark} {check['text']}", style=style), soft_wrap=True)
    passed = found["verdict"]["passed"]
    verdict = "the gate lets it pass" if passed else "the gate refuses it"
    console.print(Text(f"verdict: {verdict}", style="bold"))


def _plan(choice: Chosen, wanted: Wanted, terms: Terms, mode: Wish, asked: Asked) -> WalkPlan:
    is_lake = not wanted.files and not wanted.samples
    if is_lake:
        # As a request has them, so that it is the same walk wherever it is done.
        wanted = replace(wanted, symbols=tuple(sorted(wanted.symbols)))
    dataset = find_bars(wanted, choice.strategy.timeframes).dataset
    first, last = (dataset.timeline[[0, -1]] - 1).astype("M8[ns]").astype("M8[D]").tolist()
    period = _period(wanted) if is_lake else (first, last)
    spec = _spec(choice, dataset.symbols, period, wanted, terms, asked)
    return WalkPlan(
        spec,
        choice.strategy,
        dataset,
        terms,
        calendar=wanted.trading_calendar,
        mode=mode,
        given_steps=wanted.periods_per_year,
    )


def _spec(
    choice: Chosen,
    symbols: Sequence[str],
    period: tuple[date, date],
    wanted: Wanted,
    terms: Terms,
    asked: Asked,
) -> WalkForwardSpec:
    spec = parse_walk_forward(
        {
            "strategy": choice.strategy.name,
            "symbols": list(symbols),
            "start": period[0],
            "end": period[1],
            "parameters": parse_grid(list(asked.parameters)),
            **asked_of(terms),
            "adjustment": "raw" if wanted.raw else "all",
            "as_of": None if wanted.as_of is None else parse_time(wanted.as_of, "as_of"),
            "gaps": wanted.gaps,
            "windows": {name: value for name, value in asked.windows.items() if value is not None},
            "cross_checks": asked.checks,
            **asked.search,
        }
    )
    if not spec.parameters:
        raise Invalid("parameters", "given as ranges, such as -p fast=5:50:5", None)
    return spec


def _period(wanted: Wanted) -> tuple[date, date]:
    return wanted.first or FIRST_DAY.date(), wanted.last or LAST_DAY.date()


def _require_named(choice: Chosen) -> None:
    if choice.source.partition(":")[0].endswith(".py"):
        expected = f"one of the library, which is there by its name{_HERE}"
        raise Invalid("strategy", expected, choice.label)


def _require_deployable(choice: Chosen, wanted: Wanted) -> None:
    here = _HERE
    _require_named(choice)
    if wanted.files or wanted.samples:
        given = "samples" if wanted.samples else ", ".join(path.name for path in wanted.files)
        raise Invalid("bars", f"those of the lake: no --csv, --parquet or --samples{here}", given)
    if not wanted.symbols:
        raise Invalid("symbols", "named, such as AAPL", None)
    for name in _ONLY_HERE:
        value = getattr(wanted, name)
        if value not in (None, (), CalendarName.NONE):
            raise Invalid(name, f"left out on Step Functions{here}", str(value))


def _windows_done(found: dict[str, Any]) -> Progress:
    progress = found["progress"]
    return Progress(progress["windows_done"], progress["windows"])


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
