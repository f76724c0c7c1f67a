"""`algotrendy login` and `algotrendy users`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from algotrendy.cli.session import sessions
from algotrendy.identity import wiring
from algotrendy.identity.principal import Role, parse_role
from algotrendy.identity.session import UserChange
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import parse_tenant

users = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Add users, with their tenant and roles.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Username = Annotated[
    str | None,
    typer.Argument(envvar="ALGOTRENDY_USERNAME", help="Asked for when it is left out."),
]
Password = Annotated[
    str | None,
    typer.Option(
        envvar="ALGOTRENDY_PASSWORD",
        help="Better left out: it is then asked for, and shows neither in the shell's history nor "
        "in the list of processes.",
    ),
]


@users.callback()
def prepare() -> None:
    """Add users, with their tenant and roles."""


def login(username: Username = None, password: Password = None) -> None:
    """Sign in and keep the token; other commands renew it while the user pool allows."""
    name = username or typer.prompt("Username")
    session = sessions().sign_in(name, password or _asked("ALGOTRENDY_PASSWORD"))
    until = session.tokens.expires_at.astimezone().strftime("%H:%M")
    _say(f"signed in as {session.username}; the token lasts until {until} and is then renewed")


def token() -> None:
    """Print an access token of whoever is signed in, for curl and for the page at /docs."""
    typer.echo(sessions().access_token())


@users.command()
def add(
    username: Annotated[str, typer.Argument(help="The name to sign in with.")],
    tenant: Annotated[str, typer.Option(help="The tenant whose data the user works on.")],
    role: Annotated[
        list[str], typer.Option(help=f"One of {', '.join(Role)}; give it again for more roles.")
    ],
    password: Annotated[
        str | None,
        typer.Option(
            envvar="ALGOTRENDY_NEW_PASSWORD",
            help="Better left out: it is then asked for, twice.",
        ),
    ] = None,
) -> None:
    """Add a user, or give a user that exists exactly these roles and this password."""
    wanted = [parse_role(text) for text in role]
    holder = parse_tenant(tenant)
    secret = password or _asked("ALGOTRENDY_NEW_PASSWORD", twice=True)
    change = wiring.users().ensure_user(username, secret, holder, wanted)
    _say("; ".join(_described(change)))


def _asked(variable: str, *, twice: bool = False) -> str:
    try:
        answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=twice)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        expected = f"given in {variable} where there is no terminal to type it at"
        raise Invalid("password", expected, None) from None
    return answer


def _described(change: UserChange) -> list[str]:
    words = [f"{'added' if change.created else 'found'} {change.username}", "password set"]
    if change.joined:
        words.append("joined " + ", ".join(change.joined))
    if change.left:
        words.append("left " + ", ".join(change.left))
    return words


def _say(line: str) -> None:
    Console(soft_wrap=True, highlight=False).print(line, markup=False)
