"""`algotrendy keys`: API keys for scripts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from algotrendy.cli.trading_calls import (
    HELP_NAMES,
    AsJson,
    connected,
    console,
    fresh_key,
    print_json,
    say,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Make API keys for scripts; list, rotate and revoke them.",
    context_settings=HELP_NAMES,
)
KeyId = Annotated[str, typer.Argument(help="Its id, as the list shows it.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="For you to tell it by, such as night-sweeps.")],
    permission: Annotated[
        list[str],
        typer.Option(
            "--permission", "-p", help="What it may do, such as bars:read; again for more."
        ),
    ],
    account: Annotated[
        list[str] | None,
        typer.Option("--account", "-a", help="The only account it gets at; again for more."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it counts.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a key that acts as you, within what you name; it is shown this once."""
    body = {"name": name, "permissions": permission, "accounts": account or None, "days": days}
    with connected() as api:
        made = api.post("/v1/api-keys", body, fresh_key())
    _show(made, as_json=as_json)


@app.command("list")
def list_(
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Everybody's of your tenant, for an admin.")
    ] = False,
    ended: Annotated[bool, typer.Option("--ended", help="Also those that have ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """List your keys, newest first."""
    asked = {"everybody": everybody, "ended": ended}
    with connected() as api:
        found = api.get("/v1/api-keys", **{name: "true" for name, on in asked.items() if on})
    if as_json:
        print_json(found)
        return
    table = Table("Id", "Name", "Owner", "May", "Accounts", "Until", "Last used")
    for key in found["keys"]:
        table.add_row(
            key["id"],
            key["name"],
            key["owner"],
            "\n".join(key["permissions"]),
            "all" if key["accounts"] is None else "\n".join(key["accounts"]),
            _day(key["ends_at"] or key["expires_at"]) if key["counts"] else "ended",
            "never" if key["last_used_at"] is None else _minute(key["last_used_at"]),
        )
    console().print(table)


@app.command()
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=168, help="How long the old one goes on counting.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a key in place of one of yours."""
    with connected() as api:
        path = f"/v1/api-keys/{key_id}/rotate"
        made = api.post(path, {"overlap_hours": overlap_hours}, fresh_key())
    _show(made, as_json=as_json)


@app.command()
def revoke(key_id: KeyId, as_json: AsJson = False) -> None:
    """End a key at once."""
    with connected() as api:
        ended = api.delete(f"/v1/api-keys/{key_id}")
    if as_json:
        print_json(ended)
    else:
        say(f"{ended['shown']} counts no longer")


def _show(made: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(made)
        return
    say(f"{made['name']} ({made['id']}) counts until {_day(made['expires_at'])}")
    say("keep this: it is not shown again")
    say(made["key"])


def _day(moment: str) -> str:
    return _minute(moment)[:10]


def _minute(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
