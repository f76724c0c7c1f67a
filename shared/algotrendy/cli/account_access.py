"""`algotrendy accounts access`: who gets at an account, and in which roles."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from algotrendy.cli.orders_view import clock_time
from algotrendy.cli.trading_calls import (
    ACCOUNT,
    HELP_NAMES,
    Account,
    AsJson,
    connected,
    console,
    print_json,
    say,
)
from algotrendy.identity.permissions import parse_role
from algotrendy.kernel.errors import Invalid, NotFound

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Show and say who gets at an account: with a list, only those on it and admins do.",
    context_settings=HELP_NAMES,
)

User = Annotated[
    str, typer.Argument(help="What they sign in with; machine:NAME for a machine.", metavar="USER")
]
Why = Annotated[str, typer.Option("--reason", "-r", help="Why; kept in the audit.")]


@app.command()
def show(account: Account = ACCOUNT, as_json: AsJson = False) -> None:
    """Show who gets at an account, and in which roles."""
    with connected() as api:
        found = api.get(_path(account))
    _print(found, as_json)


@app.command()
def grant(
    user: User,
    role: Annotated[list[str], typer.Option("--role", help="What they are there; more than once.")],
    reason: Why,
    account: Account = ACCOUNT,
    as_json: AsJson = False,
) -> None:
    """Put somebody on the list of an account, or change what they are there.

    `algotrendy accounts access grant ada --role trader --reason "her desk"`

    The first one on the list closes the account to everybody else but admins. A list gives nobody
    a role: on the account they do what both it and their own roles allow.
    """
    roles = [parse_role(each).value for each in role]
    with connected() as api:
        found = api.get(_path(account))
        others = _others(found, user)
        body = _body(found, [*others, {"user": user, "roles": roles}], reason)
        changed = api.put(_path(account), body)
    if found["is_open"] and not as_json:
        say(f"{account} was open to the whole tenant: now it is closed to all others but admins")
    _print(changed, as_json)


@app.command()
def revoke(user: User, reason: Why, account: Account = ACCOUNT, as_json: AsJson = False) -> None:
    """Take somebody off the list of an account: it is not there for them any more."""
    with connected() as api:
        found = api.get(_path(account))
        others = _others(found, user)
        if len(others) == len(found["members"]):
            raise NotFound("member", user, f"see algotrendy accounts access show -a {account}")
        if not others:
            raise Invalid(
                "user",
                "one of several: without anybody on it the account would be open to all; put "
                "somebody else on it first, or say `accounts access open`",
                user,
            )
        changed = api.put(_path(account), _body(found, others, reason))
    _print(changed, as_json)


@app.command("open")
def open_(
    reason: Why,
    account: Account = ACCOUNT,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Drop the list of an account: its whole tenant gets at it again, as roles allow."""
    if not yes:
        typer.confirm(f"Open {account} to everybody of the tenant?", abort=True)
    with connected() as api:
        found = api.get(_path(account))
        changed = api.delete(_path(account), version=str(found["version"]), reason=reason)
    _print(changed, as_json)


def _path(account: str) -> str:
    return f"/v1/accounts/{account}/access"


def _others(found: dict[str, Any], user: str) -> list[dict[str, Any]]:
    return [each for each in found["members"] if each["user"] != user.lower()]


def _body(found: dict[str, Any], members: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    return {"version": found["version"], "members": members, "reason": reason}


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if found["is_open"]:
        say(f"{found['account']} is open to its whole tenant, as roles allow")
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("User")
        table.add_column(f"On {found['account']}")
        for member in found["members"]:
            table.add_row(member["user"], ", ".join(member["roles"]))
        console().print(table)
    if found["changed_by"] is not None:
        at = clock_time(found["changed_at"])
        say(f"version {found['version']}, by {found['changed_by']} at {at}: {found['reason']}")
