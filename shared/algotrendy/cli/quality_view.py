"""Show reports of quality: a table of all, and the findings and sessions of one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.market_data.quality.findings import Kind, Weight
from algotrendy.market_data.quality.report import QualityReport, moment, worst_first
from algotrendy.market_data.quality.timeline import State, weeks

MOST_SHOWN = 40

_WEIGHTS = {Weight.ERROR: "bold red", Weight.WARNING: "yellow", Weight.NOTE: "dim"}
_MARKS = {
    State.PRESENT: ("■", "green"),
    State.THIN: ("▪", "yellow"),
    State.MISSING: ("✗", "bold red"),
}
_SHORT = {
    Kind.DUPLICATE: "Twice",
    Kind.STALE: "Stale",
    Kind.OUTLIER: "Outliers",
    Kind.UNAPPLIED_SPLIT: "Splits",
    Kind.ZERO_VOLUME: "No volume",
    Kind.REFUSED_TRADES: "Refused",
    Kind.STREAM_HOLE: "Holes",
}


def show_all(console: Console, reports: Sequence[QualityReport]) -> None:
    """Print one line a report, the worst first."""
    table = Table(box=None, pad_edge=False)
    table.add_column("Symbol")
    table.add_column("Bars of")
    table.add_column("", width=1)
    for name in ("Bars", "Sessions", "Missing", "Complete", *_SHORT.values()):
        table.add_column(name, justify="right")
    for report in worst_first(reports):
        counts = report.counts()
        missing = len(report.gaps.missing)
        table.add_row(
            report.symbol,
            report.timeframe,
            Text("✓", "green") if report.is_good else Text("!", "bold red"),
            f"{report.bars:,}",
            f"{len(report.gaps.sessions):,}",
            _count(missing, "red"),
            Text(f"{report.completeness:.2%}", "red" if missing else "green"),
            *(_count(counts.get(kind, 0), "yellow") for kind in _SHORT),
        )
    console.print(table)


def show_one(console: Console, report: QualityReport, most: int = MOST_SHOWN) -> None:
    """Print a report's sessions as a timeline, and its findings, the graver first."""
    head = Text.assemble(
        (str(report.symbol), "bold"),
        f" {report.timeframe}, {report.bars:,} bars, {report.calendar}: ",
        (f"{report.completeness:.2%}", "red" if report.gaps.missing else "green"),
        f" of {len(report.gaps.sessions):,} sessions",
    )
    console.print(head)
    for row in weeks(report.gaps):
        line = Text(f"{row.year} ")
        for state in row.weeks:
            line.append(*_MARKS[state]) if state else line.append("·", "dim")
        console.print(line, no_wrap=True, crop=True)
    legend = Text("a mark is a week: ")
    for state, (mark, style) in _MARKS.items():
        legend.append(f"{mark} {state}  ", style)
    console.print(legend)
    if not report.findings:
        console.print(Text("nothing was found", "green"))
        return
    order = list(Weight)
    gravest = sorted(report.findings, key=lambda each: (order.index(each.weight), each.first))
    table = Table(box=None, pad_edge=False)
    for name in ("When", "What", "", "Detail"):
        table.add_column(name, overflow="fold")
    for finding in gravest[:most]:
        style = _WEIGHTS[finding.weight]
        when = moment(finding.first)
        table.add_row(
            when.removesuffix("T00:00:00Z"),
            Text(str(finding.kind).replace("_", " "), style),
            f"{finding.count:,}" if finding.count > 1 else "",
            Text(finding.detail),
        )
    console.print(table)
    if len(gravest) > most:
        console.print(f"and {len(gravest) - most:,} more: --json tells all")


def _count(number: int, style: str) -> Text:
    return Text(f"{number:,}", style) if number else Text("·", "dim")
