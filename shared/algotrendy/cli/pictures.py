"""Write the pictures of `algotrendy bars` and `algotrendy stream` into files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import Adjustment, BarSeries

_ADJUSTMENTS: tuple[Adjustment, ...] = ("raw", "dividend", "split", "all")


def require_svg(path: Path) -> None:
    """Refuse a file of another kind, before anything is done for it."""
    if path.suffix != ".svg":
        raise Invalid("svg", "an .svg file", path.name)


def write_picture(path: Path, picture: str) -> None:
    """Write a picture, and say where it is."""
    require_svg(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture, encoding="utf-8")
    typer.echo(f"picture: {path.resolve()}", err=True)


def write_closes(path: Path, read: Callable[[Adjustment], BarSeries]) -> None:
    """Draw the closes under every adjustment that there is of them."""
    from algotrendy.market_data.pictures.closes import draw_closes

    found = []
    for adjustment in _ADJUSTMENTS:
        try:
            found.append(read(adjustment))
        except Invalid as error:
            # Where no actions are recorded, splits and dividends cannot be told apart.
            if error.field != "adjustment":
                raise
    write_picture(path, draw_closes(found))


def write_stored(path: Path, store: BarStore) -> None:
    """Draw from when to when there are bars of each symbol, and where some lack."""
    from algotrendy.market_data.pictures.stored import draw_stored, stored_bars

    write_picture(path, draw_stored(stored_bars(store)))
