"""`algotrendy strategy parity`: whether a run did what its backtest does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from algotrendy.cli.trading_calls import AsJson, connected, print_json, say


def parity(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The id of the run.")],
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the report here, as one HTML page.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show whether a run did what its backtest does, by the newest report, made each night.

    Every difference has a cause and what it cost; one that nothing explains makes it exit with 1.
    The line that it ends with is: parity: N decisions, N orders, N unexplained.
    """
    from algotrendy.live.parity.page import render_parity
    from algotrendy.live.parity.report import in_text

    with connected() as api:
        found = api.get(f"/v1/strategy-runs/{run}/parity")
    if page is not None:
        page.write_bytes(render_parity(found))
        say(f"wrote {page}")
    if as_json:
        print_json(found)
    else:
        say(in_text(found))
    if found["unexplained"]:
        raise typer.Exit(1)
