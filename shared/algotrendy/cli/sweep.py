"""`algotrendy sweep`: try a grid of parameters, and bring table and report home."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from algotrendy.backtest.asking import asked_of
from algotrendy.backtest.request import SweepSpec, parse_spec
from algotrendy.cli import backtest_options as options
from algotrendy.cli.backtest_groups import BarOptions, TermOptions, grouped
from algotrendy.cli.backtest_options import Mode, Where
from algotrendy.cli.deployed import Api, Patience, connected, followed
from algotrendy.cli.sweep_here import Fetched, Here, run_locally, sweep_own, write_down
from algotrendy.cli.sweep_view import Progress, print_outcome, progress_bar
from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.errors import Invalid

if TYPE_CHECKING:
    from algotrendy.cli.backtest_bars import Wanted
    from algotrendy.cli.backtest_strategies import Chosen

_ONLY_HERE = ("actions", "rates", "currency", "borrow")

# All bars there are: the plan says which, and so does the report.
FIRST_DAY, LAST_DAY = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - session dates


@grouped
def sweep(
    strategy: options.StrategyName,
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="SYMBOL", help="One or more, such as AAPL MSFT.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            help="Values to try: fast=5:50:5 (from 5 to 50 by 5), slow=100,150,200, or exit=5.",
        ),
    ] = None,
    together: Annotated[
        bool,
        typer.Option("--together", help="All symbols in each run, for a strategy of several."),
    ] = False,
    *,
    bars: BarOptions,
    costs: TermOptions,
    max_runs: options.MaxRuns = 10_000,
    seed: options.Seed = 0,
    executor: Annotated[
        Where, typer.Option(help="The deployed workflow, processes on this machine, or Ray.")
    ] = Where.STEP_FUNCTIONS,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of this machine; one a core.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for results.csv, report.html and summary.json.")
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option(help="How this machine runs the strategy: the same bytes.")
    ] = None,
    shard_limit: Annotated[
        float | None,
        typer.Option(min=1, help="Seconds that a shard may take here.", show_default="900"),
    ] = None,
    timeout: options.Timeout = 3600,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Run a few, and say what all would take and cost.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: print JSON, for programs.")
    ] = False,
) -> None:
    """Backtest a strategy over a grid of parameters, judge the best, and write table and report.

    Every executor runs the same plan and writes the same results.csv, to the byte. Strategies and
    bars of your own run with --executor local. Killed and run again with the same --out, it goes
    on where it stopped.
    """
    from algotrendy.cli.backtest_strategies import chosen

    choice = chosen(strategy)
    wanted = bars.wanted(symbols)
    asked = {
        **asked_of(costs.agreed(bars.gaps)),
        "strategy": choice.strategy.name,
        "parameters": parse_grid(parameter or []),
        "together": together,
        "adjustment": "raw" if wanted.raw else "all",
        "as_of": None if wanted.as_of is None else parse_time(wanted.as_of, "as_of"),
        "gaps": wanted.gaps,
        "calendar": wanted.calendar.value,
        "max_runs": max_runs,
        "seed": seed,
    }
    for name in ("style", "periods_per_year"):
        if value := getattr(wanted, name):
            expected = "left out of a sweep: its runs are counted by timeframe and calendar"
            raise Invalid(name, expected, value)
    if as_json and not dry_run:
        raise Invalid("json", "given with --dry-run: a sweep writes summary.json", True)
    here = Here(workers, mode, shard_limit)
    own = _own(choice, wanted)
    if own and (dry_run or executor is not Where.LOCAL):
        option, given = own
        place = "a dry run" if dry_run else executor.value
        raise Invalid(option, f"left out for {place}; --executor local takes it", given)
    if executor is Where.STEP_FUNCTIONS and not dry_run:
        _require_deployable(here)
    if own:
        folder = writable(out or Path("reports") / choice.strategy.name)
        fetched = sweep_own(choice, wanted, asked, folder, here)
    else:
        days = {"start": wanted.first or FIRST_DAY.date(), "end": wanted.last or LAST_DAY.date()}
        symbols_ = list(wanted.symbols)
        spec = parse_spec({**asked, **days, "symbols": symbols_, "timeframe": wanted.timeframe})
        if dry_run:
            from algotrendy.cli.sweep_estimate import tell_estimate

            tell_estimate(spec, workers, (mode or Mode.AUTO).value, as_json)
            return
        folder = writable(out or Path("reports") / choice.strategy.name)
        if executor is Where.STEP_FUNCTIONS:
            fetched = run_deployed(spec, Patience(timeout, folder=folder))
            write_down(fetched, folder)
        else:
            fetched = run_locally(spec, folder, here, executor)
    print_outcome(Console(), fetched.table, fetched.summary, folder)


def _own(choice: Chosen, wanted: Wanted) -> tuple[str, str] | None:
    """Give the option that only this machine takes, and what was given; None without one."""
    if choice.source.partition(":")[0].endswith(".py"):
        return "strategy", choice.label
    if wanted.files:
        name = "parquet" if wanted.files[0].suffix == ".parquet" else "csv"
        return name, ", ".join(path.name for path in wanted.files)
    if wanted.samples:
        return "samples", "given"
    given = ((name, getattr(wanted, name)) for name in _ONLY_HERE)
    return next(((name, str(value)) for name, value in given if value), None)


def _require_deployable(here: Here) -> None:
    given = {"workers": here.workers, "mode": here.mode, "shard_limit": here.limit_s}
    for name, value in given.items():
        if value is not None:
            expected = "left out on Step Functions, which decides it; --executor local takes it"
            raise Invalid(name, expected, str(value))


def parse_grid(given: list[str]) -> dict[str, Any]:
    """Read ``name=first:last:step``, ``name=a,b,c`` or ``name=a`` for each parameter.

    Raises:
        Invalid: Naming what was not understood.
    """
    grid: dict[str, Any] = {}
    for text in given:
        name, equals, values = text.partition("=")
        if not (name and equals and values):
            raise Invalid("parameter", "name=values, such as fast=5:50:5 or slow=100,200", text)
        if name in grid:
            raise Invalid(f"parameters.{name}", "given once", text)
        if ":" in values:
            parts = values.split(":")
            if len(parts) != 3:
                raise Invalid(f"parameters.{name}", "first:last:step", values)
            start, stop, step = (_number(name, part) for part in parts)
            if not (Decimal(start) <= Decimal(stop) and Decimal(step) > 0):
                expected = "first:last:step, with last at or after first and step above 0"
                raise Invalid(f"parameters.{name}", expected, values)
            grid[name] = {"start": start, "stop": stop, "step": step}
        else:
            grid[name] = [_number(name, part) for part in values.split(",")]
    return grid


def run_deployed(
    spec: SweepSpec, patience: Patience, connect: Callable[[], Api] = connected
) -> Fetched:
    """Ask the deployed API for a sweep, follow it to its end, and fetch what came of it.

    Raises:
        StudyFailedError: As ``followed``, and the others.
    """
    with connect() as api, progress_bar(f"{spec.strategy}, on Step Functions") as shown:
        body = spec.model_dump(mode="json")
        found = followed(
            api, "sweep", "/v1/sweeps", body, patience, lambda now: shown.tell(_progress(now))
        )
        table, report = (api.download(found["links"][name]) for name in ("results", "report"))
    return Fetched(table, report, found["summary"])


def _progress(found: dict[str, Any]) -> Progress:
    progress = found["progress"]
    shards, runs = progress["shards"], progress["runs"]
    if not shards or not runs:
        return Progress(0, None)
    return Progress(runs * progress["shards_done"] // shards, runs)


def _number(name: str, text: str) -> str:
    try:
        is_number = Decimal(text).is_finite()
    except InvalidOperation:
        is_number = False
    if not is_number:
        raise Invalid(f"parameters.{name}", "a number", text)
    return text.strip()


def writable(folder: Path) -> Path:
    """Make a folder, or refuse: before the work, not after it, since it may take an hour."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Invalid("out", f"a folder that can be made ({error.strerror})", folder) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Invalid("out", "a folder that can be written", folder)
    return folder
