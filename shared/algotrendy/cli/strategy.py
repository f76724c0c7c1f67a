"""`algotrendy strategy`: from an idea to a registered version, and from a draft to live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from algotrendy.cli import backtest_options as options
from algotrendy.cli.backtest_groups import BarOptions, TermOptions, grouped
from algotrendy.cli.paged import Everything, From, Limit, read_list, say_more
from algotrendy.cli.strategy_parity import parity
from algotrendy.cli.strategy_runs import flatten, pause, resume, start, status, stop
from algotrendy.cli.trading_calls import (
    HELP_NAMES,
    AsJson,
    connected,
    fresh_key,
    print_json,
    say,
)
from algotrendy.kernel.bar import Timeframe
from algotrendy.live.versions import Stage

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Write, test, register and promote strategies, and run what was registered.\n\n"
    "**algotrendy strategies** lists what comes with the platform; here are yours: what you "
    "registered under a name and a version, with its parameters, symbols and stage.",
    context_settings=HELP_NAMES,
)

_Version = Annotated[
    str, typer.Argument(metavar="NAME[@VERSION]", help="Such as trend@3; or trend: its newest.")
]
_Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; kept in the audit.")]


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Such as my_trend.")],
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path(),
) -> None:
    """Write NAME.py, a strategy to begin with, and test_NAME.py, which passes."""
    from algotrendy.cli.strategy_template import write_template

    file, test_file = write_template(name, folder)
    say(f"wrote {file} and {test_file}")
    say("what to do next:")
    say(f"  algotrendy strategy test {file}            looks ahead? fails? runs its tests")
    say(f"  algotrendy backtest run {file} AAPL --samples   on real bars, with a report")
    say(f"  algotrendy backtest walk-forward {file} AAPL -p fast=5:20:5 -p slow=40,80")
    say(f"  algotrendy strategy register {file} AAPL    a draft, under a name and a version")


@app.command("test")
@grouped
def try_out(
    file: Annotated[str, typer.Argument(metavar="FILE", help="my.py, or my.py:name.")],
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="SYMBOL", help="Such as AAPL.")
    ] = None,
    parameter: options.Parameters = None,
    *,
    bars: BarOptions,
    costs: TermOptions,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Compile it too, and compare: takes a minute.")
    ] = False,
) -> None:
    """Run a strategy with and without its future, through a backtest, and through its own tests.

    Without bars that you name it runs on days that are made up. Its own tests are those of the file
    beside it, test_NAME.py. Exits with 1 when anything is wrong.
    """
    from algotrendy.cli import strategy_trial

    wanted = bars.wanted(symbols)
    strategy_trial.try_out(
        file,
        parameter or (),
        wanted if symbols or wanted.files else None,
        costs.agreed(bars.gaps),
        compiled=compiled,
    )


@app.command()
@grouped
def register(
    strategy: options.StrategyName,
    symbols: Annotated[
        list[str] | None, typer.Argument(metavar="SYMBOL", help="Such as AAPL.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Under which it is known.", show_default="the strategy's")
    ] = None,
    parameter: options.Parameters = None,
    walk: Annotated[
        str | None,
        typer.Option(help="A walk forward: take its symbols, its terms and what it chose last."),
    ] = None,
    timeframe: Annotated[Timeframe, typer.Option(help="Of its bars.")] = Timeframe.DAY,
    schedule: Annotated[
        str, typer.Option(help="When it is called: bars, open, close or 'every 15 minutes'.")
    ] = "bars",
    calendar: Annotated[
        options.CalendarName, typer.Option(help="When the market is open.")
    ] = options.CalendarName.US,
    note: Annotated[str, typer.Option(help="For people.")] = "",
    *,
    costs: TermOptions,
    as_json: AsJson = False,
) -> None:
    """Register a strategy as a draft: its code, parameters, symbols and terms.

    The same again is the same version; anything else the next one. Your own file goes along as it
    is, and has to stand alone: what lies beside it is not there where it runs.
    """
    from algotrendy.cli import strategy_registering as registering

    asked = registering.Asked(
        strategy=strategy,
        symbols=tuple(symbols or ()),
        name=name,
        parameters=tuple(parameter or ()),
        timeframe=timeframe.value,
        schedule=schedule,
        calendar=calendar.value,
        note=note,
        terms=costs.agreed(),
    )
    with connected() as api:
        found = None if walk is None else api.get(f"/v1/walk-forwards/{walk}")
        made = api.post("/v1/strategies", registering.body_of(asked, found), fresh_key())
    if as_json:
        print_json(made)
    else:
        say(f"{made['label']}: {made['stage']}, {registering.described(made)}")


@app.command()
def promote(
    version: _Version,
    to: Annotated[Stage, typer.Argument(metavar="STAGE", help="tested, paper, live or retired.")],
    reason: _Reason,
    walk: Annotated[
        str | None, typer.Option(help="For tested: the walk forward that the gate judges.")
    ] = None,
    sweep: Annotated[
        str | None, typer.Option(help="For tested: the sweep that the gate judges.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a version to its next stage, or retire it; what is refused says each number.

    draft -> **tested** (a researcher; the gate passes a study of the very same code, parameters,
    symbols and terms) -> **paper** (a researcher or a trader) -> **live** (a risk manager who has
    just signed in; 20 sessions on paper without an unexplained difference, both live switches on).
    """
    from algotrendy.cli import strategy_view as view

    with connected() as api, view.refusals_shown():
        path = view.path_of(api, version)
        body: dict[str, Any] = {"to": to.value, "reason": reason}
        body |= view.study_of(walk, sweep)
        made = api.post(f"{path}/promotion", body, fresh_key())
    if as_json:
        print_json(made)
    else:
        view.print_promotion(made)


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(help="Only the versions of this one.")] = None,
    stage: Annotated[Stage | None, typer.Option(help="Only those at this stage.")] = None,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List registered versions, newest first; `algotrendy strategies` lists the library."""
    from algotrendy.cli import strategy_view as view
    from algotrendy.kernel.errors import Invalid

    if name is not None and stage is not None:
        raise Invalid("stage", "left out where a name is given", stage.value)
    path = "/v1/strategies/registered" if name is None else f"/v1/strategies/{name}/versions"
    asked = {"stage": None if stage is None else stage.value}
    with connected() as api:
        page = read_list(api, path, "versions", None if everything else limit, cursor, **asked)
    if as_json:
        print_json(page)
        return
    view.print_versions(page["versions"])
    say_more(page)


@app.command()
def show(
    version: _Version,
    source: Annotated[
        bool, typer.Option("--source", help="Print its own code, and that alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show a version whole: what it runs on, its study, and how it came to its stage."""
    from algotrendy.cli import strategy_view as view

    with connected() as api:
        found = api.get(view.path_of(api, version))
    if as_json:
        print_json(found)
    elif source:
        view.print_source(found)
    else:
        view.print_version(found)


for act in (start, status, pause, resume, stop, flatten, parity):
    app.command()(act)
