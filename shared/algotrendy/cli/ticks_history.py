"""Import single trades from Alpaca, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import typer
from rich.console import Console
from rich.text import Text

from algotrendy.cli.bars_history import in_utc, shown
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.tick_fetching import FetchedTrades, TickTask, fetch_trades

_SETTLED = timedelta(minutes=1)
"""After so long a trade is in the history: a later one would never be asked for again."""


def import_trades(
    name: str,
    start: datetime | None,
    end: datetime | None,
    *,
    feed: str,
    url: str | None,
    key: str | None,
    secret: str | None,
) -> None:
    """Import the trades of a symbol, and print what came of it.

    Raises:
        Invalid: If there is no start, or something else is not as it must be.
        Conflict: If there are trades without ids on one of the days.
        Unavailable: If the service stopped answering; what was stored stays.
    """
    from algotrendy.market_data.adapters.alpaca_trades import AlpacaTrades

    if start is None:
        raise Invalid("start", "given with --start, such as 2024-01-02", None)
    symbol, newest = parse_symbol(name), datetime.now(UTC) - _SETTLED
    task = TickTask(symbol, in_utc(start), newest if end is None else min(in_utc(end), newest))
    is_pair = "/" in symbol
    with wiring.alpaca_rest(key, secret, url) as rest:
        # As the streaming service has them: ids of real shares begin anew each day.
        history = AlpacaTrades(
            rest, None if is_pair else feed, ids_restart=url is None and not is_pair
        )
        try:
            done = fetch_trades(wiring.tick_imports(), history, wiring.import_notes(), task, _tell)
        except Unavailable as error:
            again = "what came so far is stored; the same command goes on from there"
            raise Unavailable(error.service, f"{error.reason}; {again}") from error
    _print(done, task, history.source)


def _tell(done: FetchedTrades) -> None:
    typer.echo(f"{done.trades:,} trades, up to {shown(done.last)}", err=True)


def _print(done: FetchedTrades, task: TickTask, source: str) -> None:
    console = Console(stderr=True, soft_wrap=True)
    for fault in done.faults:
        console.print(Text(f"left out: trade {fault.line}: {fault.field} {fault.reason}"))
    went_on = "" if done.resumed is None else f", went on at {shown(done.resumed)}"
    typer.echo(
        f"{'imported' if done.new else 'unchanged'}: {done.new:,} new of {done.trades:,} trades of "
        f"{task.symbol} from {source}, {shown(done.first)} to {shown(done.last)}, "
        f"{done.taken_back:,} taken back, {done.quarantined:,} quarantined{went_on}"
    )
