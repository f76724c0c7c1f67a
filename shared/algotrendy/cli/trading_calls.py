"""Hold what all commands of trading share: their options, and how a refusal is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from algotrendy.cli.api_client import ApiClient, Refused
from algotrendy.cli.orders_view import print_breaches
from algotrendy.kernel.clock import SystemClock
from algotrendy.kernel.ids import Uuid7s

ACCOUNT = "paper"
HELP_NAMES = {"help_option_names": ["-h", "--help"]}

Account = Annotated[
    str,
    typer.Option(
        "--account",
        "-a",
        envvar="ALGOTRENDY_ACCOUNT",
        help="An account, or a part of it: paper/trend.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the API answered.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit.")]


@contextmanager
def connected() -> Iterator[ApiClient]:
    """Give a client of the API; a refusal by limits is shown limit by limit before it is raised."""
    from algotrendy.cli.session import api_client

    with api_client() as api:
        try:
            yield api
        except Refused as refused:
            breaches = refused.facts.get("breaches")
            if isinstance(breaches, list):
                print_breaches(Console(stderr=True, highlight=False), breaches)
            raise


def fresh_key() -> str:
    """Make a name that was never used: asked again under it, nothing is done twice."""
    return f"cli-{Uuid7s(SystemClock()).next()}"


def console() -> Console:
    """Give where tables go."""
    return Console(highlight=False)


def say(line: str) -> None:
    """Print a line as it is, however long."""
    Console(soft_wrap=True, highlight=False).print(line, markup=False)


def print_json(answer: Any) -> None:
    """Print for a program."""
    typer.echo(json.dumps(answer, indent=2))
