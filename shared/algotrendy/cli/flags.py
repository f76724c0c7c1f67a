"""`algotrendy flags`: what changes without a deploy, and turning it."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.table import Table

from algotrendy.cli.trading_calls import HELP_NAMES, AsJson, connected, console, print_json, say
from algotrendy.kernel.errors import Invalid, NotFound

_LIVE = "live_trading"

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Show and set flags and limits that change without a deploy.",
    context_settings=HELP_NAMES,
)


@app.callback()
def prepare() -> None:
    """Show and set flags and limits that change without a deploy."""


@app.command()
def show(as_json: AsJson = False) -> None:
    """List every flag as it is deployed, and what its default is."""
    with connected() as api:
        found = api.get("/v1/flags")
    if as_json:
        print_json(found)
        return
    table = Table(box=None, pad_edge=False)
    for name, side in (("flag", "left"), ("value", "right"), ("default", "right")):
        table.add_column(name, justify="right" if side == "right" else "left")
    for flag in found["flags"]:
        mark = "" if flag["is_set"] else "[dim]"
        table.add_row(*(f"{mark}{_text(flag[key])}" for key in ("name", "value", "default")))
    console().print(table)
    say(f"version {found['version']}; a process has a change within 30 s")
    if found["under_way"] is not None:
        say(f"deployment {found['under_way']} is under way: {found['percent']:g} %")


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="In full, as `flags show` lists it.")],
    value: Annotated[str, typer.Argument(help="`default` takes it back.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit.")],
    at_once: Annotated[
        bool,
        typer.Option(
            help="Everywhere within 30 s; else process by process, and an alarm takes it back."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Only say what it would do.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set one flag, for every tenant; `live_trading` is turned at once.

    It takes a sign-in of the last five minutes, by a person of the tenant that runs the platform.
    """
    body: dict[str, Any] = {"reason": reason, "dry_run": dry_run}
    with connected() as api:
        names = [flag["name"] for flag in api.get("/v1/flags")["flags"]]
        if name not in names:
            raise NotFound("flag", name, f"there are {', '.join(names)}")
        if name == _LIVE:
            if value not in ("true", "false", "default"):
                raise Invalid(name, "true, false or default", value)
            change = api.put("/v1/live-switch", {**body, "on": value == "true"})
        else:
            path = f"/v1/flags/{quote(name, safe='')}"
            change = api.put(path, {**body, "value": _value(name, value), "at_once": at_once})
    if as_json:
        print_json(change)
        return
    say(_told(change, dry_run=dry_run))


@app.command()
def schema() -> None:
    """Print the JSON schema that AppConfig holds the document to, as docs/flags.schema.json."""
    from algotrendy.platform.flags import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


def _told(change: dict[str, Any], *, dry_run: bool) -> str:
    step = f"{change['name']}: {_text(change['before'])} → {_text(change['after'])}"
    how = "at once" if change["at_once"] else "gradually"
    if dry_run:
        return f"{step}, {how}; nothing was changed"
    if not change["changed"]:
        return f"{change['name']} is {_text(change['after'])} already"
    return f"{step}, {how} by deployment {change['deployment']}; audit {change['entry']}"


def _value(name: str, text: str) -> bool | float | None:
    if text == "default":
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if not isinstance(found, bool | int | float):
        raise Invalid(name, "a number, true, false or default", text)
    return found


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
