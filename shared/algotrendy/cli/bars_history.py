"""Import bars from Alpaca or an exchange that ccxt knows, page by page."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.text import Text

from algotrendy.kernel.bar import parse_timeframe
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.fetching import BarHistory, Fetched, Task, fetch_bars


def import_history(
    *,
    alpaca: str | None,
    ccxt: tuple[str, str] | None,
    timeframe: str,
    start: datetime | None,
    end: datetime | None,
    feed: str,
    url: str | None,
    key: str | None,
    secret: str | None,
) -> None:
    """Import one series, and print what came of it.

    Raises:
        Invalid: If there is no start, or something else is not as it must be.
        Unavailable: If the service stopped answering; what was stored stays.
    """
    if start is None:
        raise Invalid("start", "given with --start, such as 2024-01-01", None)
    last = datetime.now(UTC) if end is None else min(in_utc(end), datetime.now(UTC))
    with ExitStack() as stack:
        history: BarHistory
        if alpaca is not None:
            from algotrendy.market_data.adapters.alpaca_bars import AlpacaBars

            symbol = parse_symbol(alpaca)
            rest = stack.enter_context(wiring.alpaca_rest(key, secret, url))
            history = AlpacaBars(rest, None if "/" in symbol else feed)
        else:
            from algotrendy.market_data.adapters.ccxt_bars import CcxtBars

            exchange, name = ccxt or ("", "")
            symbol, history = parse_symbol(name), CcxtBars(exchange, url)
        task = Task(symbol, parse_timeframe(timeframe), in_utc(start), last)
        notes = wiring.import_notes()
        try:
            done = fetch_bars(wiring.filled_bars(), history, notes, task, _tell)
        except Unavailable as error:
            again = "what came so far is stored; the same command goes on from there"
            raise Unavailable(error.service, f"{error.reason}; {again}") from error
    _print(done, task, history.source)


def in_utc(moment: datetime) -> datetime:
    """Give a moment in UTC; one without a zone is in UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _tell(done: Fetched) -> None:
    typer.echo(f"{done.bars:,} bars, up to {shown(done.last)}", err=True)


def _print(done: Fetched, task: Task, source: str) -> None:
    console = Console(stderr=True, soft_wrap=True)
    for fault in done.faults:
        console.print(Text(f"left out: bar {fault.line}: {fault.field} {fault.reason}"))
    went_on = "" if done.resumed is None else f", went on at {shown(done.resumed)}"
    typer.echo(
        f"{'imported' if done.changed else 'unchanged'}: {done.bars:,} bars of {task.symbol} "
        f"{task.timeframe} from {source}, {shown(done.first)} to {shown(done.last)}, "
        f"{done.quarantined:,} quarantined{went_on}"
    )


def shown(moment: datetime | None) -> str:
    """Write a moment for a person."""
    return "nothing" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
