"""Show what QuantConnect told: pushes, progress, statistics, live algorithms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich import progress as rich_progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.brokers.port import BrokerOrder
from algotrendy.brokers.quantconnect.models import Backtest, LiveAlgorithm, Portfolio
from algotrendy.brokers.quantconnect.push import Change, FileChange, Pushed

PAGE = "https://www.quantconnect.com/project"
_COLOURS = {
    Change.CREATED: "green",
    Change.UPDATED: "yellow",
    Change.DELETED: "red",
    Change.UNCHANGED: "dim",
    Change.LEFT: "dim",
}
_SILENT = frozenset({Change.UNCHANGED, Change.LEFT})


def link(project_id: int, backtest_id: str | None = None) -> str:
    """Give the page of a project, or of one of its backtests."""
    return f"{PAGE}/{project_id}" + (f"/{backtest_id}" if backtest_id else "")


def print_push(console: Console, name: str, pushed: Pushed, *, dry_run: bool) -> None:
    """Show what changed, file by file, and the sum."""
    would = "would be " if dry_run else ""
    if pushed.is_new:
        console.print(_plain(f"project {name} {would}created"))
    for change in pushed.changes:
        console.print(Text(f"  {_line(change)}", style=_COLOURS[change.change]))
    changed = sum(change.change not in _SILENT for change in pushed.changes)
    said = f"{changed} of {len(pushed.changes)} files {would}changed"
    console.print(_plain(f"{name}: {said if changed else 'nothing to change'}"))
    if pushed.project is not None:
        console.print(link(pushed.project.project_id), soft_wrap=True)


def print_statistics(console: Console, backtest: Backtest, address: str) -> None:
    """Show a backtest's statistics as QuantConnect words them."""
    shown = Table(title=_plain(backtest.name or backtest.backtest_id))
    shown.add_column("Statistic")
    shown.add_column("Value", justify="right")
    for name, value in backtest.statistics.items():
        shown.add_row(_plain(name), _plain(value))
    console.print(shown)
    console.print(f"backtest: {address}", soft_wrap=True)


def print_status(
    console: Console,
    live: LiveAlgorithm,
    portfolio: Portfolio,
    orders: Sequence[BrokerOrder],
) -> None:
    """Show a live algorithm: its state, what it holds, which orders stand."""
    shown = Table(title=_plain(f"{live.project_name or live.project_id}: {live.status}"))
    shown.add_column("")
    shown.add_column("")
    rows: list[tuple[str, Any]] = [
        ("deployment", live.deploy_id),
        ("brokerage", live.brokerage),
        ("launched", _time(live.launched)),
        ("stopped", _time(live.stopped)),
        ("error", live.error or live.message),
        *live.runtime_statistics.items(),
        *((f"cash {name}", cash.amount) for name, cash in portfolio.cash.items()),
    ]
    for name, value in rows:
        if value:
            shown.add_row(_plain(name), _plain(value))
    console.print(shown)
    holdings = [
        (key.partition(" ")[0], held.quantity, held.average_price, held.market_value)
        for key, held in portfolio.holdings.items()
        if held.quantity
    ]
    if holdings:
        console.print(_table(("Held", "Quantity", "Average", "Value"), holdings))
    if orders:
        rows_of_orders = [
            (o.client_order_id, o.symbol, o.side, o.type, o.quantity, o.filled_quantity, o.status)
            for o in orders
        ]
        headings = ("Order", "Symbol", "Side", "Type", "Quantity", "Filled", "Status")
        console.print(_table(headings, rows_of_orders))
    console.print("Holdings and orders are up to 10 minutes old.", style="dim")


def print_lines(console: Console, lines: Iterable[str]) -> None:
    """Show log lines as they are, without what a terminal would obey."""
    for line in lines:
        console.print(_plain(line), soft_wrap=True)


@contextmanager
def progress(title: str, total: float | None = 1.0) -> Iterator[Callable[[float], None]]:
    """Show a bar on a terminal; ``total`` None is a bar that only moves."""
    with rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=total)

        def tell(done: float) -> None:
            bar.update(task, completed=done)

        yield tell


def _line(change: FileChange) -> str:
    counts = f"  +{change.added} -{change.removed}" if change.added or change.removed else ""
    return f"{change.change:<10} {change.name}{counts}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    shown = Table()
    for heading in headings:
        shown.add_column(heading)
    for row in rows:
        shown.add_row(*(_plain(cell) for cell in row))
    return shown


def _time(at: datetime | None) -> str | None:
    return None if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _plain(value: object) -> Text:
    return Text("".join(c if c.isprintable() else " " for c in str(value)))
