"""`algotrendy machines`: programs that sign in by themselves, for an operator of the stage."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.table import Table

from algotrendy.cli.trading_calls import HELP_NAMES, console, say
from algotrendy.identity import wiring
from algotrendy.identity.permissions import Role, parse_role
from algotrendy.kernel.ids import parse_tenant

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Let programs sign in by themselves (OAuth 2.0 client credentials); list and remove them.",
    context_settings=HELP_NAMES,
)
Name = Annotated[str, typer.Argument(help="Such as night-sweeps.")]
Tenant = Annotated[str, typer.Option(help="The tenant whose data it works on.")]


@app.command()
def add(
    name: Name,
    tenant: Tenant,
    role: Annotated[
        list[str], typer.Option(help=f"One of {', '.join(Role)}; give it again for more roles.")
    ],
) -> None:
    """Add a machine, or give one that exists exactly these roles; its secret is shown once."""
    roles = frozenset(parse_role(text) for text in role)
    added = wiring.machines().add(parse_tenant(tenant), name, roles, _operator())
    if added.secret is None:
        say(f"found {name} ({added.machine.client_id}); it has these roles now")
        return
    say(f"added {name}: keep this, it is not shown again")
    say(f"client id     {added.machine.client_id}")
    say(f"client secret {added.secret}")


@app.command("list")
def list_(tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None) -> None:
    """List machines, by tenant and name."""
    table = Table("Tenant", "Name", "Roles", "Client id", "Since", "By")
    for machine in wiring.machines().listed(parse_tenant(tenant) if tenant else None):
        table.add_row(
            machine.tenant,
            machine.name,
            ", ".join(sorted(machine.roles)),
            machine.client_id,
            machine.created_at.astimezone().strftime("%Y-%m-%d"),
            machine.created_by,
        )
    console().print(table)


@app.command()
def remove(name: Name, tenant: Tenant) -> None:
    """Remove a machine: its tokens count no longer at once."""
    wiring.machines().remove(parse_tenant(tenant), name, _operator())
    say(f"removed {name}")


def _operator() -> str:
    # Whoever holds the account's credentials acts here, not a user of the pool.
    return f"operator {getpass.getuser()}"
