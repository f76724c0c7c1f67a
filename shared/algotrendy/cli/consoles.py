"""Print tables that a pipe does not cut, and the bad rows of a file."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from algotrendy.kernel.errors import InvalidRows


def wide_console(width: int = 160) -> Console:
    """Give a console of so many columns where there is no terminal."""
    console = Console()
    # In a pipe rich would assume 80 columns and cut the figures: a file has room.
    return console if console.is_terminal else Console(width=width)


def tell_bad_rows(error: InvalidRows) -> None:
    """Print every bad row to stderr."""
    # Written line by line and unstyled: a reason may hold anything that a file holds.
    console = Console(stderr=True, soft_wrap=True)
    rows = "1 bad row" if error.count == 1 else f"{error.count:,} bad rows"
    console.print(Text(f"{error.source}: nothing was imported; {rows}"))
    for fault in error.rows:
        console.print(Text(f"  {fault}"))
    told = len({fault.line for fault in error.rows})
    if told < error.count:
        console.print(Text(f"  ... {error.count - told:,} more"))
