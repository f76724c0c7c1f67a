"""The `algotrendy lake` commands: how the datasets lie in the store, and their upkeep."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from algotrendy.kernel.errors import NotFound
from algotrendy.market_data import wiring

app = typer.Typer(
    help="Show how the lake's datasets lie in the store, and put their small files together.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[DATASET]...", help="Such as bars; none means all.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a program.")]

_UNITS = ("B", "kB", "MB", "GB", "TB")


@app.command()
def status(datasets: Names = None, as_json: AsJson = False) -> None:
    """Show version, rows, files and bytes of each dataset.

    Small files make reading slow; `algotrendy lake keep` puts them together.
    """
    upkeep = wiring.lake_upkeep()
    found = [upkeep.status(name) for name in _named(datasets)]
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in found]))
        return
    if not found:
        typer.echo("the lake is empty: algotrendy bars import --source all")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("Dataset", "Version", "Rows", "Files", "Small", "Partitions", "Size"):
        table.add_column(name, justify="left" if name == "Dataset" else "right")
    for item in found:
        small = f"[yellow]{item.small_files:,}[/]" if item.small_files else "0"
        table.add_row(
            item.dataset,
            f"{item.version:,}",
            f"{item.rows:,}",
            f"{item.files:,}",
            small,
            f"{item.partitions:,}",
            size(item.bytes),
        )
    Console().print(table)


@app.command()
def keep(datasets: Names = None, as_json: AsJson = False) -> None:
    """Put small files together, and delete what no version of the last 30 days needs.

    Readers and writers go on meanwhile. On the platform this happens every hour by itself.
    """
    upkeep = wiring.lake_upkeep()
    done = [upkeep.keep(name) for name in _named(datasets)]
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in done]))
        return
    for item in done:
        together = f"{item.put_together:,} files put together into {item.made:,}"
        forgotten = f"{item.forgotten:,} old ones deleted"
        rest = "" if item.finished else "; writers came first, run it again"
        typer.echo(f"{item.dataset}: {together}, {forgotten}, version {item.version:,}{rest}")


def size(count: int) -> str:
    """Write a number of bytes for a person, in units of a thousand."""
    number = float(count)
    for unit in _UNITS:
        if number < 1000 or unit == _UNITS[-1]:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError("unreachable: the last unit takes every number")


def _named(datasets: list[str] | None) -> list[str]:
    there = wiring.lake_upkeep().datasets()
    for name in datasets or ():
        if name not in there:
            raise NotFound("dataset", name, f"there are {', '.join(there) or 'none'}")
    return datasets or there
