"""The `algotrendy` command: what it can do, and how it says that something went wrong.

Each command's module is imported when that command runs, so that help and completion stay quick.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from algotrendy.kernel.errors import AlgoTrendyError, Invalid, Rejected, Unavailable

DEBUG_VARIABLE = "ALGOTRENDY_DEBUG"
_PLATFORM = "The local platform"
_RESEARCH = "Research"
_TRADING = "Trading"
_PEOPLE = "People"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that is loaded on first use.

    Attributes:
        source: "module:attribute" of a command function or, for a group, of its Typer app.
    """

    name: str
    source: str
    help: str
    panel: str
    is_group: bool = False

    def load(self) -> Any:
        """Import the module and build the click command."""
        module, _, attribute = self.source.partition(":")
        target = getattr(import_module(module), attribute)
        if self.is_group:
            command: Any = typer.main.get_group(target)
        elif isinstance(target, typer.Typer):
            command = typer.main.get_command(target)
        else:
            single = typer.Typer(add_completion=False, rich_markup_mode="markdown")
            single.command(self.name)(target)
            command = typer.main.get_command(single)
        command.name = self.name
        return command


ENTRIES = (
    Entry(
        "demo",
        "algotrendy.cli.demo:demo",
        "Run the main job: from bars to report, then a bracket order on the paper exchange.",
        _RESEARCH,
    ),
    Entry(
        "bars",
        "algotrendy.cli.bars:app",
        "Import market bars into the lake, list them, show them.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "actions",
        "algotrendy.cli.actions:app",
        "Import splits, dividends, new names and delistings; list them.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "universe",
        "algotrendy.cli.universe:app",
        "Import who belonged to a universe and when; show its members as of a day.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "ticks",
        "algotrendy.cli.ticks:app",
        "Import single trades into the lake, list them, show them.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "quality",
        "algotrendy.cli.quality:quality",
        "Show what is missing or wrong in the bars of the lake, by symbol.",
        _RESEARCH,
    ),
    Entry(
        "lake",
        "algotrendy.cli.lake:app",
        "Show how the lake's datasets lie in the store, and put their small files together.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "migrate",
        "algotrendy.cli.migrate:migrate",
        "Move bars or trades from PostgreSQL, TimescaleDB or SQLite into the lake, compared.",
        _RESEARCH,
    ),
    Entry(
        "chart",
        "algotrendy.cli.chart:chart",
        "Draw bars of any chart style into a file: Renko, Kagi, point and figure and others.",
        _RESEARCH,
    ),
    Entry(
        "stream",
        "algotrendy.cli.stream:stream",
        "Watch trades, quotes and bars of any chart style as they happen.",
        _RESEARCH,
    ),
    Entry(
        "backtest",
        "algotrendy.cli.backtest:app",
        "Run, compare and check strategies, also your own; sweep and walk forward.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "sweep",
        "algotrendy.cli.sweep:sweep",
        "Backtest a strategy over a grid of parameters, here or on Step Functions.",
        _RESEARCH,
    ),
    Entry(
        "strategies",
        "algotrendy.cli.strategies:strategies",
        "List the strategies that come with the platform, with their parameters.",
        _RESEARCH,
    ),
    Entry(
        "strategy",
        "algotrendy.cli.strategy:app",
        "Write, test, register and promote strategies of yours; run what was registered.",
        _RESEARCH,
        is_group=True,
    ),
    Entry(
        "orders",
        "algotrendy.cli.orders:app",
        "Place, change, cancel, approve and watch orders; each is checked against every limit.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "parents",
        "algotrendy.cli.parents:app",
        "Trade a large quantity in slices: TWAP, VWAP, iceberg.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "positions",
        "algotrendy.cli.accounts:positions",
        "Show what an account and its parts hold, with tax lots.",
        _TRADING,
    ),
    Entry(
        "accounts",
        "algotrendy.cli.accounts:app",
        "Show accounts and what happened on them; give strategies parts of them.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "risk",
        "algotrendy.cli.risk:app",
        "Limits, trading state, the kill switch, and what is at stake.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "audit",
        "algotrendy.cli.audit:app",
        "List what people did that is sensitive; verify that nobody changed it.",
        _PEOPLE,
        is_group=True,
    ),
    Entry(
        "flags",
        "algotrendy.cli.flags:app",
        "Show and set flags and limits that change without a deploy.",
        _PLATFORM,
        is_group=True,
    ),
    Entry(
        "ledger",
        "algotrendy.cli.ledger:app",
        "Work the books out again from their events, and compare.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "exchange",
        "algotrendy.cli.exchange:app",
        "Run a paper exchange that speaks Alpaca's protocol; switch its faults.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "brokers",
        "algotrendy.cli.brokers:brokers",
        "Show what each broker can do; --json for programs.",
        _TRADING,
    ),
    Entry(
        "quantconnect",
        "algotrendy.cli.quantconnect:app",
        "Push strategies to QuantConnect, backtest and run them there.",
        _TRADING,
        is_group=True,
    ),
    Entry(
        "up",
        "algotrendy.cli.platform:up",
        "Start PostgreSQL, Valkey, the paper exchange and the AWS emulator, and deploy to them.",
        _PLATFORM,
    ),
    Entry("down", "algotrendy.cli.platform:down", "Stop every process of the platform.", _PLATFORM),
    Entry(
        "status",
        "algotrendy.cli.status:app",
        "Show each part: state, pid, port, uptime; tell incidents on the public status page.",
        _PLATFORM,
        is_group=True,
    ),
    Entry(
        "logs",
        "algotrendy.cli.platform:logs",
        "Show or follow the logs of the parts and functions, or all that names one request.",
        _PLATFORM,
    ),
    Entry(
        "trace",
        "algotrendy.cli.trace:trace",
        "Show a request's or an order's whole way, every hop with its times.",
        _PLATFORM,
    ),
    Entry(
        "tables",
        "algotrendy.cli.tables:tables",
        "Bring the tables of the database up to date.",
        _PLATFORM,
    ),
    Entry("login", "algotrendy.cli.identity:login", "Sign in and keep the token.", _PEOPLE),
    Entry("token", "algotrendy.cli.identity:token", "Print an access token.", _PEOPLE),
    Entry(
        "users",
        "algotrendy.cli.identity:users",
        "Add users, with their tenant and roles.",
        _PEOPLE,
        is_group=True,
    ),
    Entry(
        "mfa",
        "algotrendy.cli.identity:mfa",
        "Ask for an authenticator's digits beside your password.",
        _PEOPLE,
        is_group=True,
    ),
    Entry(
        "keys",
        "algotrendy.cli.keys:app",
        "Make API keys for scripts; list, rotate and revoke them.",
        _PEOPLE,
        is_group=True,
    ),
    Entry(
        "machines",
        "algotrendy.cli.machines:app",
        "Let programs sign in by themselves; list and remove them.",
        _PEOPLE,
        is_group=True,
    ),
)


class LazyCommands(TyperGroup):
    """Shows the table's help lines; imports a command's module when the command is resolved."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        entry = next((entry for entry in ENTRIES if entry.name == name), None)
        return name, command if entry is None else entry.load(), rest


app = typer.Typer(
    name="algotrendy",
    cls=LazyCommands,
    help="Algorithmic trading: serverless in your own AWS account, and whole on a laptop.\n\n"
    "Start with **algotrendy demo**; every command explains itself with --help.",
    epilog="Exit codes: 0 done, 1 refused or failed, 2 bad input, 3 something needed is not up.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _never_called() -> None:
    raise AssertionError("a command must be loaded through LazyCommands")


for _entry in ENTRIES:
    app.command(_entry.name, help=_entry.help, rich_help_panel=_entry.panel)(_never_called)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"algotrendy {version('algotrendy')}")
        raise typer.Exit


@app.callback()
def prepare(
    debug: Annotated[
        bool, typer.Option("--debug", envvar=DEBUG_VARIABLE, help="Show tracebacks of errors.")
    ] = False,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    from algotrendy.local.home import load_environment

    if debug:
        os.environ[DEBUG_VARIABLE] = "1"
    load_environment()


def exit_code(error: AlgoTrendyError) -> int:
    """2 for bad input, 3 for something that is not up, 1 for every other refusal or failure."""
    # What the deployed API calls bad input is bad input, as it would be here.
    refused_with = error.facts.get("status") if isinstance(error, Rejected) else None
    if isinstance(error, Invalid) or refused_with == 422:
        return 2
    return 3 if isinstance(error, Unavailable) else 1


def main() -> None:
    """Run the command line; an expected error is one line, a bug keeps its traceback."""
    try:
        app()
    except AlgoTrendyError as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        typer.secho(f"error: {error}", err=True, fg=typer.colors.RED)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
