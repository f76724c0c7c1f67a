"""Show a run in a terminal, and write its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.backtest.adapters.parquet_tables import write_run
from algotrendy.backtest.data.gaps import gaps
from algotrendy.backtest.data.moments import in_words
from algotrendy.backtest.data.timeframes import is_style, parse_timeframe
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.outputs.definitions import COMPARED, written
from algotrendy.backtest.outputs.findings import Findings, findings_of
from algotrendy.backtest.outputs.json_form import described
from algotrendy.backtest.outputs.summary import summary_of
from algotrendy.backtest.outputs.terms_in_words import in_a_line
from algotrendy.backtest.outputs.writing import write_bytes
from algotrendy.backtest.report.run import render_run
from algotrendy.backtest.statistics.selection import Trials
from algotrendy.cli.backtest_bars import Found, Wanted
from algotrendy.cli.backtest_request import REQUEST, Request

PAGE, RESULT = "report.html", "result.json"

_LONG_GAP = 5


def print_run(
    console: Console,
    run: Backtest,
    bars: Found,
    wanted: Wanted,
    *,
    scenarios: bool,
    trials: Trials | None,
) -> None:
    """Print figures beside the benchmark's, what to doubt, other fills, and what was assumed."""
    found = findings_of(run, scenarios=scenarios, trials=trials)
    console.print(summary_of(run, scenarios=False, trials=trials))
    if scenarios:
        console.print()
        console.print(_scenarios(found))
    for note in notes_of(run):
        console.print(Text(f"! {note}", style="yellow"))
    console.print()
    said = f"{assumed(run.setting, bars, wanted)} The report has all of it."
    console.print(Text(said, style="dim"))


def notes_of(run: Backtest) -> list[str]:
    """Say what of the bars was not used, and where many of them are missing."""
    return [*_idle(run), *_gaps(run)]


def _idle(run: Backtest) -> list[str]:
    symbols = run.setting.dataset.symbols
    traded = set(run.orders["asset"].tolist())
    idle = [symbol for place, symbol in enumerate(symbols) if place not in traded]
    if len(symbols) < 2 or not idle or len(idle) == len(symbols):
        return []
    said = f"{run.setting.strategy.name} placed no order for {', '.join(idle)}"
    return [f"{said}: what is written for one asset trades the first; a sweep runs it on each."]


def _gaps(run: Backtest) -> list[str]:
    dataset, calendar = run.setting.dataset, run.setting.calendar
    said: list[str] = []
    if is_style(dataset.timeframe):
        return said  # bars of trades come when trades do
    for asset in dataset.assets:
        found = gaps(asset.base, parse_timeframe(dataset.timeframe), calendar)
        # Without a calendar a holiday is a gap too, of a bar or two.
        if found.longest >= _LONG_GAP and found.longest_after is not None:
            after = in_words(found.longest_after)
            said.append(
                f"{asset.symbol} lacks {found.missing:,} bars; the longest gap, of "
                f"{found.longest:,}, follows {after}. Orders wait for the next bar."
            )
    return said


def assumed(setting: Setting, bars: Found, wanted: Wanted) -> str:
    """Say in one paragraph what a run assumes."""
    prices = "as traded" if wanted.raw else "adjusted where the source has factors"
    follows = f"; schedules by {setting.calendar.name}" if setting.calendar else ""
    return (
        "Assumed: decisions see closed bars alone and fill from the next open on, a stop before a "
        f"target in one bar; {in_a_line(setting)}; prices {prices}, from {bars.origin}{follows}."
    )


def as_dict(run: Backtest, **said: Any) -> dict[str, Any]:
    """Give the run as the report's JSON has it; options as of ``findings_of``."""
    return described(findings_of(run, **said))


def _scenarios(found: Findings) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Fills, where it matters")
    for scenario in found.scenarios:
        table.add_column(scenario.name, justify="right")
    for name, label, form, _ in COMPARED:
        cells = [written(getattr(each.statistics, name), form) for each in found.scenarios]
        if len(set(cells)) > 1:
            table.add_row(label, *cells)
    return table


def write_report(run: Backtest, folder: Path, request: Request, **said: Any) -> Path:
    """Write page, figures, tables and what was asked for; give where the page lies."""
    write_run(run, folder)
    write_bytes(folder / REQUEST, request.to_json(run).encode())
    figures = json.dumps(as_dict(run, **said), indent=1, ensure_ascii=False)
    write_bytes(folder / RESULT, f"{figures}\n".encode())
    return write_bytes(folder / PAGE, render_run(run, **said))
