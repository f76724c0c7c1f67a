"""The `algotrendy backtest` commands: run, compare and check strategies, sweep their parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from algotrendy.cli import backtest_options as options
from algotrendy.cli import backtest_walk_options as walking
from algotrendy.cli.backtest_groups import BarOptions, TermOptions, grouped
from algotrendy.cli.backtest_options import Method, Mode, Objective, Where
from algotrendy.cli.backtest_studies import COMMANDS
from algotrendy.cli.strategies import strategies
from algotrendy.cli.sweep import sweep

app = typer.Typer(
    help="Backtest strategies: one run, several side by side, a grid, a walk forward.\n\n"
    "Without a platform, bars come from --csv, --parquet or --samples: "
    "**algotrendy backtest run sma_cross AAPL --samples**",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

_Given = Annotated[
    list[str],
    typer.Argument(
        metavar="STRATEGY",
        help="Two or more, each with its parameters after commas: sma_cross,fast=20,slow=50 "
        "my.py:cross buy_and_hold.",
    ),
]
_Symbols = Annotated[
    list[str] | None,
    typer.Argument(metavar="SYMBOL", help="Such as AAPL MSFT; of files, what to call them."),
]
_SymbolOptions = Annotated[
    list[str] | None, typer.Option("--symbol", "-s", help="Such as AAPL. Repeat it.")
]


@app.command("run")
@grouped
def run_(
    strategy: options.StrategyName,
    symbols: _Symbols = None,
    parameter: options.Parameters = None,
    *,
    bars: BarOptions,
    costs: TermOptions,
    mode: options.ModeOption = Mode.AUTO,
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help="Also run it under kinder and harsher fills.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the report and the results; reports/STRATEGY by default."),
    ] = None,
    as_json: options.Json = False,
    time_limit: options.TimeLimit = None,
) -> None:
    """Run a strategy over bars, print its figures, and write a report.

    The bars of several symbols are one market: a strategy of one asset trades the first.
    """
    _watch(time_limit)
    from algotrendy.cli import backtest_run

    backtest_run.run(
        strategy,
        parameter or (),
        bars.wanted(symbols),
        costs.agreed(bars.gaps),
        mode.value,
        backtest_run.Shown(scenarios, as_json, out),
    )


@app.command()
@grouped
def compare(
    strategies: _Given,
    symbol: _SymbolOptions = None,
    *,
    bars: BarOptions,
    costs: TermOptions,
    mode: options.ModeOption = Mode.AUTO,
    as_json: options.Json = False,
    time_limit: options.TimeLimit = None,
) -> None:
    """Run strategies, or one with other parameters, side by side on the same bars and terms.

    Prints their figures and how their returns correlate.
    """
    _watch(time_limit)
    from algotrendy.cli import backtest_compare

    backtest_compare.compare(
        strategies,
        bars.wanted(symbol),
        costs.agreed(bars.gaps),
        mode.value,
        as_json=as_json,
    )


@app.command()
@grouped
def check(
    strategy: options.StrategyName,
    symbols: _Symbols = None,
    parameter: options.Parameters = None,
    *,
    bars: BarOptions,
    costs: TermOptions,
    cuts: Annotated[int, typer.Option(min=1, help="How often the bars are cut.")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="Of where they are cut.")] = 0,
    interpreted: Annotated[
        bool, typer.Option("--interpreted", help="Do not compile; leaves out that comparison.")
    ] = False,
    time_limit: options.TimeLimit = None,
) -> None:
    """Look for a look-ahead: run a strategy with and without its future, and compare.

    Also names data that its code reads besides its arguments, and compares compiled with
    interpreted. Exits with 1 when something is found.
    """
    _watch(time_limit)
    from algotrendy.cli import backtest_check

    backtest_check.check(
        strategy,
        parameter or (),
        bars.wanted(symbols),
        costs.agreed(bars.gaps),
        backtest_check.Search(cuts, seed, compiled=not interpreted),
    )


app.command("sweep")(sweep)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)
app.command("strategies")(strategies)


@app.command()
def report(
    path: Annotated[Path, typer.Argument(help="A folder that run wrote, or a file in it.")],
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help="With kinder and harsher fills beside it.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Another folder; the same one by default.")
    ] = None,
    time_limit: options.TimeLimit = None,
) -> None:
    """Make the report of a run again; refused when bars or code have changed since."""
    _watch(time_limit)
    from algotrendy.cli import backtest_run

    backtest_run.report(path, scenarios=scenarios, out=out)


@app.command("walk-forward")
@grouped
def walk_forward(
    strategy: options.StrategyName,
    symbols: _Symbols = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            help="Values to try: fast=5:50:5 (from 5 to 50 by 5) or slow=100,150.",
        ),
    ] = None,
    in_sample: walking.InSample = "3y",
    out_of_sample: walking.OutOfSample = "1y",
    step: walking.Step = None,
    embargo: walking.Embargo = None,
    anchored: walking.Anchored = False,
    drop_last: walking.DropLast = False,
    method: Annotated[Method, typer.Option(help="How parameters are searched.")] = Method.GRID,
    objective: Annotated[
        Objective, typer.Option(help="What the search makes as large as it can.")
    ] = Objective.SHARPE,
    neighbours: walking.Neighbours = False,
    max_runs: options.MaxRuns = 1000,
    seed: options.Seed = 0,
    patience: walking.Patience = None,
    batch: walking.Batch = 64,
    checks: walking.Checks = True,
    blocks: walking.Blocks = 16,
    groups: walking.Groups = 10,
    test_groups: walking.TestGroups = 2,
    group_embargo: walking.GroupEmbargo = 5,
    gate: walking.Gate = False,
    dry_run: walking.DryRun = False,
    workers: walking.Workers = None,
    window_limit: walking.WindowLimit = 900.0,
    *,
    bars: BarOptions,
    costs: TermOptions,
    mode: options.ModeOption = Mode.AUTO,
    executor: Annotated[
        Where, typer.Option(help="This machine, the deployed workflow, or Ray: the same bytes.")
    ] = Where.LOCAL,
    timeout: options.Timeout = 3600,
    out: Annotated[
        Path | None, typer.Option(help="Folder; reports/STRATEGY-walk-forward by default.")
    ] = None,
    as_json: options.Json = False,
    time_limit: options.TimeLimit = None,
) -> None:
    """Choose parameters window by window, see each choice on later bars, and judge the whole.

    Every combination counts as a trial; the gate says whether what is left may be promoted, and
    what misses by how much (with --gate by the exit code too). Windows run side by side, here, on
    Step Functions or on Ray, to the same bytes. Killed and run again with the same --out, it goes
    on.
    """
    _watch(time_limit)
    from algotrendy.cli import backtest_walk
    from algotrendy.cli.deployed import Patience

    wanted, agreed = bars.wanted(symbols), costs.agreed(bars.gaps)
    asked = backtest_walk.Asked(
        parameters=parameter or (),
        windows={
            "kind": "anchored" if anchored else "rolling",
            "in_sample": in_sample,
            "out_of_sample": out_of_sample,
            "step": step,
            "embargo": embargo,
            "last": "drop" if drop_last else "short",
        },
        search={
            "method": method.value,
            "objective": objective.value,
            "selection": "neighbours" if neighbours else "best",
            "max_runs": max_runs,
            "patience": patience,
            "batch": batch,
            "seed": seed,
        },
        checks={
            "blocks": blocks,
            "groups": groups,
            "test_groups": test_groups,
            "embargo": group_embargo,
        }
        if checks
        else None,
        out=out,
        as_json=as_json,
        workers=workers,
        window_limit=window_limit,
        where=executor,
    )
    if dry_run:
        backtest_walk.tell_estimate(strategy, wanted, agreed, mode.value, asked)
        return
    if executor is Where.STEP_FUNCTIONS:
        passed = backtest_walk.walk_deployed(strategy, wanted, agreed, asked, Patience(timeout))
    else:
        passed = backtest_walk.walk_forward(strategy, wanted, agreed, mode.value, asked)
    if gate and not passed:
        raise typer.Exit(1)


def _watch(limit_s: float | None) -> None:
    """Leave the work to a child when it has a time limit, and end as it ends."""
    from algotrendy.cli.backtest_time import within

    def leave(code: int) -> None:
        raise SystemExit(code)

    within(limit_s, leave)
