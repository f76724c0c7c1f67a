"""`algotrendy ledger`: work the books out again, and compare."""

from __future__ import annotations

from typing import Annotated

import typer

from algotrendy.cli.trading_calls import HELP_NAMES, print_json, say
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.kernel.ids import parse_account_id
from algotrendy.trading.accounts import root_of
from algotrendy.trading.verification import Verification, verify_ledger

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Work the books out again from their events, and compare.",
    context_settings=HELP_NAMES,
)


class LedgerDiffersError(AlgoTrendyError):
    """Says that what the ledger keeps is not what follows from its events."""

    code = "ledger-differs"


@app.callback()
def prepare() -> None:
    """Work the books out again from their events, and compare."""


@app.command()
def verify(
    account: Annotated[
        str | None, typer.Option("--account", "-a", help="Only this one.", show_default="all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Read every event and entry of the ledger, work all that follows out again, and compare.

    From each order's events: how many there are, its status, its filled quantity, whether it is
    settled, its hold, the broker's names for it, and the journal's entry of each execution and of
    each fee. From the journal: that each entry balances and is there once, every balance, each
    position's units and cost, and the cash held. From the entries of each symbol, in the order of
    their times: each open tax lot (units, cost, time, turn) and each closed one (units, cost,
    profit, times). It compares nothing with the broker: the execution service does, all the time.

    It speaks with the database of the settings, as `algotrendy tables` does. Ends with 1 when
    anything differs, and names each difference: what is stored, and what follows.
    """
    found = verified(account)
    if as_json:
        differences = [
            {
                "kind": each.kind.value,
                "subject": each.subject,
                "stored": each.stored,
                "derived": each.derived,
            }
            for each in found.differences
        ]
        counts = {
            name: getattr(found, name) for name in ("accounts", "orders", "events", "entries")
        }
        print_json({**counts, "differences": differences})
    else:
        for each in found.differences:
            say(str(each))
        say(str(found))
    if found.differences:
        raise LedgerDiffersError(f"{len(found.differences)} differences: the ledger is not sound")


def verified(account: str | None = None) -> Verification:
    """Verify the account of a name, of a part too, or all of them."""
    from algotrendy.platform.bus import Outbox
    from algotrendy.platform.database import Database
    from algotrendy.platform.settings import settings
    from algotrendy.trading.adapters.postgres import PostgresLedger

    root = None if account is None else root_of(parse_account_id(account))
    database = Database(settings().need("database_url"))
    try:
        return verify_ledger(PostgresLedger(database, Outbox()), root)
    finally:
        database.close()
