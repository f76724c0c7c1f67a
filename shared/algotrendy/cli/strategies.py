"""`algotrendy strategies`: what can be swept, and over what."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.strategy.library import library
from algotrendy.strategy.parameters import Parameter


def strategies() -> None:
    """List the strategies, their parameters and where each comes from."""
    console = Console()
    for strategy in library():
        console.print(Text(strategy.name, style="bold"))
        console.print(Text(strategy.summary))
        console.print(Text(f"Source: {strategy.source}", style="dim"))
        if strategy.parameters:
            console.print(_parameters(strategy.parameters))
        for rule in strategy.rules:
            console.print(Text(f"Only combinations with {rule} are tried.", style="dim"))
        if strategy.assets > 1:
            console.print(Text(f"Trades {strategy.assets} assets or more, so not in a sweep."))
        console.print()


def _parameters(parameters: tuple[Parameter, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("parameter", "from", "to", "default", ""):
        table.add_column(
            heading, justify="right" if heading in ("from", "to", "default") else "left"
        )
    for each in parameters:
        numbers = (f"{number:g}" for number in (each.minimum, each.maximum, each.default))
        table.add_row(each.name, *numbers, each.help)
    return table
