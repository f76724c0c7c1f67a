"""`algotrendy tables`: bring the tables of the database up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from algotrendy.kernel.errors import Conflict
from algotrendy.platform.database import Database
from algotrendy.platform.migrate import migrate, pending
from algotrendy.platform.settings import settings


def tables(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; fail when something is to be applied.")
    ] = False,
) -> None:
    """Apply the migrations that the database does not have; a second time, nothing happens.

    `algotrendy up` does this by itself. In an AWS account, run it after each deploy, with
    ALGOTRENDY_STAGE set to the stage.
    """
    database = Database(settings().need("database_url"))
    try:
        if not check:
            done = migrate(database)
            typer.echo(f"applied {', '.join(done)}" if done else "the tables are up to date")
        elif waiting := pending(database):
            raise Conflict(f"to be applied: {', '.join(waiting)}", pending=waiting)
        else:
            typer.echo("the tables are up to date")
    finally:
        database.close()
