"""Print registered strategies, and say how a promotion was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.cli.api_client import ApiClient, Refused
from algotrendy.cli.orders_view import clock_time
from algotrendy.cli.strategy_registering import described
from algotrendy.cli.trading_calls import console, say
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.live.versions import not_registered, parse_label

_COLOURS = {"draft": "dim", "tested": "", "paper": "cyan", "live": "green", "retired": "dim"}


def path_of(api: ApiClient, label: str) -> str:
    """Give where the API has a version; of a name alone, its newest."""
    name, version = parse_label(label)
    if version is None:
        found = api.get(f"/v1/strategies/{name}/versions", limit="1")["versions"]
        if not found:
            raise not_registered(name)
        version = found[0]["version"]
    return f"/v1/strategies/{name}/versions/{version}"


def study_of(walk: str | None, sweep: str | None) -> dict[str, Any]:
    """Give the part of a promotion that names its study, if it has one.

    Raises:
        Invalid: If it names two.
    """
    if walk is not None and sweep is not None:
        raise Invalid("study", "one: --walk or --sweep", "both")
    if walk is None and sweep is None:
        return {}
    kind = "sweep" if walk is None else "walk-forward"
    return {"study": {"kind": kind, "id": walk or sweep}}


@contextmanager
def refusals_shown() -> Iterator[None]:
    """Print each number of a ruling that refuses, before the refusal is raised."""
    try:
        yield
    except Refused as refused:
        ruling = refused.facts.get("ruling")
        if isinstance(ruling, dict):
            _print_ruling(Console(stderr=True, highlight=False), ruling)
        raise


def print_promotion(promotion: Mapping[str, Any]) -> None:
    """Say what was done, and by which numbers."""
    label = f"{promotion['name']}@{promotion['version']}"
    say(f"{label}: {promotion['before']} -> {promotion['to']} ({promotion['ruling']['text']})")


def print_versions(versions: Sequence[Mapping[str, Any]]) -> None:
    """Print a table of versions."""
    if not versions:
        say("nothing is registered: algotrendy strategy register")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Version", "Stage", "Since", "What", "Author", "Note"):
        table.add_column(heading)
    for each in versions:
        table.add_row(
            each["label"],
            Text(each["stage"], style=_COLOURS[each["stage"]]),
            clock_time(each["since"]),
            Text(described(each)),
            each["author"],
            Text(each["note"]),
        )
    console().print(table)


def print_version(version: Mapping[str, Any]) -> None:
    """Print all of a version but its code."""
    say(f"{version['label']}: {version['stage']} since {clock_time(version['since'])}")
    say(f"  {described(version)}, called at {version['schedule']}, {version['calendar']}")
    own = "own code, " if version["is_own"] else "of the library, "
    say(f"  {own}{version['code']}; code {version['code_hash'][:12]}")
    say(f"  by {version['author']}, {clock_time(version['registered_at'])} {version['note']}")
    study = version["study"]
    if study is not None:
        days = f"{study['first']} to {study['last']}"
        say(f"  tested by {study['kind']} {study['id']}, {days}, {study['trials']} trials")
    for each in version["promotions"]:
        say(f"  {clock_time(each['at'])}  {each['before']} -> {each['to']} by {each['by']}: ")
        say(f"    {each['reason']} ({each['ruling']['text']})")


def print_source(version: Mapping[str, Any]) -> None:
    """Print own code as it was registered.

    Raises:
        Conflict: If it has none.
    """
    if version["source"] is None:
        raise Conflict(f"{version['label']} is {version['strategy']} of the library")
    typer.echo(version["source"], nl=False)


def _print_ruling(out: Console, ruling: Mapping[str, Any]) -> None:
    for each in [*ruling["checks"], *ruling["conditions"]]:
        style, mark = ("green", "passed ") if each["passed"] else ("red", "refused")
        out.print(Text(f"  {mark}  ", style=style).append(each["text"], style=""), soft_wrap=True)
