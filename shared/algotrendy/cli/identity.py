"""`algotrendy login`, `algotrendy mfa` and `algotrendy users`."""

from __future__ import annotations

import getpass
import os
import sys
import webbrowser
from contextlib import closing
from typing import Annotated

import typer
from rich.console import Console

from algotrendy.cli.session import Session, sessions
from algotrendy.identity import wiring
from algotrendy.identity.principal import Role, parse_role
from algotrendy.identity.session import UserChange
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.ids import TenantId, parse_tenant

users = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Add users, with their tenant and roles.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

mfa = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Ask for an authenticator's digits beside the password, or no longer.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

CODE_VARIABLE = "ALGOTRENDY_MFA_CODE"
BROWSER_TIMEOUT_S = 300.0

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


@mfa.callback()
def prepare_mfa() -> None:
    """Ask for an authenticator's digits beside the password, or no longer."""


@users.callback()
def prepare() -> None:
    """Add users, with their tenant and roles."""


def login(
    username: Username = None,
    password: Password = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Sign in with a browser on this machine.")
    ] = False,
    opens: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the browser, or print the address only.")
    ] = True,
) -> None:
    """Sign in and keep the token; other commands renew it while the user pool allows."""
    if browser:
        session = _with_browser(opens=opens)
    else:
        name = username or typer.prompt("Username")
        given = password or _asked("ALGOTRENDY_PASSWORD")
        session = sessions().sign_in(name, given, _second_factor)
    until = session.tokens.expires_at.astimezone().strftime("%H:%M")
    _say(f"signed in as {session.username}; the token lasts until {until} and is then renewed")


def _with_browser(*, opens: bool) -> Session:
    signing = sessions()
    with closing(wiring.loopback()) as callback:
        begun = wiring.browser_sign_in(callback.redirect_uri)
        _say(f"sign in at\n{begun.address}")
        if opens:
            webbrowser.open(begun.address)
        answer = callback.wait(BROWSER_TIMEOUT_S, begun.is_ours)
    username, tokens = wiring.token_endpoint().tokens(begun, begun.code_of(answer))
    return signing.keep(username, tokens)


def _second_factor() -> str:
    return os.environ.get(CODE_VARIABLE) or _asked(CODE_VARIABLE, "Six digits")


@mfa.command("enable")
def enable_mfa() -> None:
    """Ask yourself for the digits of an authenticator, too, whenever you sign in."""
    access_token = sessions().access_token()
    secret = wiring.users().begin_second_factor(access_token)
    _say("tell your authenticator this secret, or the address below it")
    _say(secret)
    _say(f"otpauth://totp/AlgoTrendy?secret={secret}&issuer=AlgoTrendy")
    wiring.users().confirm_second_factor(access_token, _second_factor())
    _say("from now on you are asked for its digits when you sign in")


@mfa.command("disable")
def disable_mfa() -> None:
    """Ask yourself for a password alone again."""
    wiring.users().drop_second_factor(sessions().access_token())
    _say("from now on a password is enough")


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
    if change.left:
        _retire_keys(username, holder, frozenset(wanted))


def _retire_keys(username: str, tenant: TenantId, roles: frozenset[Role]) -> None:
    """End the API keys that may do more than their owner may from now on."""
    by = f"operator {getpass.getuser()}"
    try:
        subject = wiring.users().subject_of(username)
        ended = wiring.key_ring().retire(tenant, subject, roles, by)
    except Unavailable as error:
        remedy = "look at `algotrendy keys list --everybody`, and revoke what goes too far"
        _say(f"the API keys of {username} were not looked at ({error.message}): {remedy}")
        return
    for key in ended:
        _say(f"revoked the API key {key.name} ({key.id}), which may do more than that")


def _asked(variable: str, what: str = "Password", *, twice: bool = False) -> str:
    try:
        answer: str = typer.prompt(what, hide_input=True, confirmation_prompt=twice)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        expected = f"given in {variable} where there is no terminal to type it at"
        raise Invalid(what.lower(), expected, None) from None
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
