"""Show a sweep in a terminal: how far it is, and its best runs."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rich import progress as rich_progress
from rich.console import Console
from rich.table import Table
from rich.text import Text

SHOWN_RUNS = 5
_PERCENT = {"total_return": "return", "max_drawdown": "drawdown"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How many backtests, or other units, are done; ``runs`` is None before the plan is made."""

    done: int
    runs: int | None


class Shown(Protocol):
    """Shows progress."""

    def tell(self, progress: Progress) -> None:
        """Take the newest word."""
        ...


class _Bar:
    def __init__(self, bar: rich_progress.Progress, title: str) -> None:
        self._bar = bar
        self._task = bar.add_task(title, total=None)

    def tell(self, progress: Progress) -> None:
        self._bar.update(self._task, completed=progress.done, total=progress.runs)


class _Lines:
    """Says every tenth, for a log file."""

    def __init__(self, console: Console, title: str, unit: str) -> None:
        self._console, self._title, self._unit, self._told = console, title, unit, -1

    def tell(self, progress: Progress) -> None:
        tenth = progress.done * 10 // progress.runs if progress.runs else -1
        if tenth > self._told:
            self._told = tenth
            done = f"{progress.done:,} of {progress.runs:,} {self._unit}"
            self._console.print(f"{self._title}: {done}")


@contextmanager
def progress_bar(title: str, unit: str = "backtests") -> Iterator[Shown]:
    """Show progress on stderr: a bar on a terminal, a few lines elsewhere."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _Lines(console, title, unit)
        return
    with rich_progress.Progress(
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeElapsedColumn(),
        rich_progress.TimeRemainingColumn(),
        console=console,
    ) as bar:
        yield _Bar(bar, title)


def print_outcome(console: Console, table: bytes, summary: dict[str, Any], folder: Path) -> None:
    """Print the best runs, what they are to be compared with, and where the files lie."""
    rows = list(csv.DictReader(io.StringIO(table.decode())))
    ranked_by = str(summary["ranked_by"])
    rows.sort(key=lambda row: _rank(row[ranked_by]), reverse=True)
    names = list(summary["best"]["parameters"])
    shown = Table(title=f"The best {SHOWN_RUNS} of {len(rows):,} backtests, by {ranked_by}")
    for heading in ("Run", "Symbol", *names, "Sharpe", "Return", "Drawdown", "Trades"):
        shown.add_column(heading, justify="left" if heading == "Symbol" else "right")
    for row in rows[:SHOWN_RUNS]:
        shown.add_row(row["run"], row["symbol"], *(row[name] for name in names), *_figures(row))
    held = {name: "" if value is None else value for name, value in summary["benchmark"].items()}
    shown.add_section()
    shown.add_row("", summary["best"]["symbol"], *["-"] * len(names), *_figures(held), style="dim")
    console.print(shown)
    console.print(f"The last line is buying and holding {summary['best']['symbol']}.", style="dim")
    print_verdict(console, summary)
    console.print(f"report: {(folder / 'report.html').resolve()}", soft_wrap=True)


def print_verdict(console: Console, summary: dict[str, Any]) -> None:
    """Print what the winner proves after all trials, and the gate's verdict, check by check."""
    winner, verdict = summary["winner"], summary["verdict"]
    overfitting = winner["overfitting"]
    needed = winner["minimum_track_record"]
    least = "none is long enough" if needed is None else f"{math.ceil(needed):,} needed"
    lines = (
        ("Deflated Sharpe", _shown(winner["deflated_sharpe"], "{:.2f}")),
        ("Trials", f"{winner['trials']:,} here, {winner['trials_on_these_data']:,} in all"),
        ("Counted in", winner["trials_counted_in"]),
        ("Track record", f"{winner['track_record']:,} returns, {least}"),
        ("Overfitting", overfitting["why_not"] or f"probability {overfitting['probability']:.2f}"),
    )
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for label, words in lines:
        table.add_row(label, words)
    console.print(table)
    for check in verdict["checks"]:
        mark, style = ("+", "green") if check["passed"] else ("-", "red")
        console.print(Text(f"{mark} {check['text']}", style=style), soft_wrap=True)
    said = "the gate lets it pass" if verdict["passed"] else "the gate refuses it"
    console.print(Text(f"verdict: {said}", style="bold"))


def _figures(row: dict[str, Any]) -> list[str]:
    return [
        _shown(row["sharpe"], "{:.2f}"),
        _shown(row["total_return"], "{:.1%}"),
        _shown(row["max_drawdown"], "{:.1%}"),
        _shown(row["trades"], "{:.0f}"),
    ]


def _shown(cell: Any, form: str) -> str:
    return "-" if cell in ("", None) else form.format(float(cell))


def _rank(cell: str) -> float:
    return float("-inf") if cell == "" else float(cell)
