"""The `algotrendy migrate` command: another system's bars and trades into the lake, compared."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.cli.consoles import wide_console
from algotrendy.kernel.errors import Invalid
from algotrendy.market_data import wiring
from algotrendy.market_data.migration.checking import BadRow, shown_time
from algotrendy.market_data.migration.mapping import TableMapping, read_mapping
from algotrendy.market_data.migration.running import (
    CHUNK_ROWS,
    MOST_BAD,
    Migration,
    Outcome,
    Sample,
    Step,
    TooManyBadRows,
)

_TOLD_EVERY_S = 1.0
_BAD_SHOWN = 20
_NUMBERS = {
    "bars": ("Open", "High", "Low", "Close", "Volume", "Factor"),
    "trades": ("Price", "Size"),
}


def migrate(
    mapping: Annotated[Path, typer.Argument(help="The mapping, a TOML file: docs/migrate.md.")],
    database: Annotated[
        str | None,
        typer.Option(
            envvar="ALGOTRENDY_MIGRATE_DATABASE",
            help="postgresql://... or sqlite:///..., in place of the mapping's own.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, and show the first rows; write nothing.")
    ] = False,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="Shown by --dry-run.")] = 10,
    chunk: Annotated[
        int, typer.Option(min=1, help="Rows that are committed at once.")
    ] = CHUNK_ROWS,
    max_bad: Annotated[int, typer.Option(min=0, help="Stop when more rows are bad.")] = MOST_BAD,
    quarantine: Annotated[
        Path | None,
        typer.Option(help="The file of bad rows; by default MAPPING.bad.jsonl beside the mapping."),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Take away what this migration stored; begin anew.")
    ] = False,
) -> None:
    """Migrate a table of PostgreSQL, TimescaleDB or SQLite into the lake.

    A run that was killed goes on where it stopped. At the end both sides are read again: exit 0
    when rows and checksums are equal, 1 when they are not. The table is only read.
    """
    read = read_mapping(mapping)
    url = database or read.database
    if url is None:
        raise Invalid("database", f"given with --database, or as from.database in {read.file}", url)
    bad_file = quarantine or mapping.with_name(f"{mapping.stem}.bad.jsonl")
    with wiring.migration_source(url, read) as table:
        target = wiring.migration_target(read)
        if restart and not dry_run:
            target.forget()
        told = _Told()
        running = Migration(read, table, target, chunk_rows=chunk, most_bad=max_bad, tell=told.tell)
        if dry_run:
            _print_sample(read, running.sample(rows))
            return
        try:
            outcome = running.run()
        except TooManyBadRows as error:
            _quarantine(bad_file, read, error.rows)
            typer.echo(f"the bad rows so far are in {bad_file}", err=True)
            raise
    _quarantine(bad_file, read, outcome.quarantined)
    _print_outcome(outcome, bad_file)
    if not outcome.is_equal:
        raise typer.Exit(1)


class _Told:
    """Prints how far the run is, once a second at most, and each commit."""

    def __init__(self) -> None:
        self._began, self._last = time.monotonic(), 0.0
        self._doing, self._first = "", 0

    def tell(self, step: Step) -> None:
        now = time.monotonic()
        if step.doing != self._doing:
            self._doing, self._first, self._began = step.doing, step.rows, now
        elif now - self._last < _TOLD_EVERY_S and step.doing != "storing":
            return
        self._last = now
        share = f"{100 * step.rows / step.of:.0f}%" if step.of else "100%"
        bad = f", {step.bad:,} bad" if step.bad else ""
        at = f", at {step.at}" if step.at else ""
        left = ""
        if (passed := now - self._began) > 0 and (done := step.rows - self._first) > 0:
            seconds = (step.of - step.rows) * passed / done
            left = f", {done / passed:,.0f} rows/s, {max(0, round(seconds))} s left"
        typer.echo(
            f"{step.doing}: {step.rows:,} of {step.of:,} rows ({share}){at}{bad}{left}", err=True
        )


def _quarantine(path: Path, mapping: TableMapping, rows: Sequence[BadRow]) -> None:
    if not rows:
        path.unlink(missing_ok=True)
        return
    lines = (
        json.dumps(
            {
                "symbol": row.symbol,
                "time": row.time,
                "faults": [{"column": each.column, "reason": each.reason} for each in row.faults],
                "row": {
                    mapping.columns[field]: value
                    for field, value in zip(mapping.fields, row.values, strict=True)
                },
            },
            ensure_ascii=False,
        )
        for row in rows
    )
    # A reader finds the old file or the new one, whole.
    partial = path.with_name(f"{path.name}.part")
    partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    partial.replace(path)


def _print_sample(mapping: TableMapping, sample: Sample) -> None:
    numbers = _NUMBERS[mapping.kind]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Symbol", "Time"):
        table.add_column(column, no_wrap=True)
    for column in numbers:
        table.add_column(column, justify="right", no_wrap=True)
    for place, symbol in enumerate(sample.good.symbols):
        values = (f"{column[place]:.12g}" for column in sample.good.numbers)
        table.add_row(symbol, shown_time(int(sample.good.times[place])), *values)
    wide_console(140).print(table)
    _print_bad(sample.told)
    of = f"{mapping.timeframe} bars" if mapping.timeframe else "trades"
    typer.echo(
        f"dry run: {sample.counted:,} rows would become {of} of {mapping.source!r}; of the first "
        f"{sample.looked_at:,}, {sample.bad:,} bad; nothing was written"
    )


def _print_outcome(outcome: Outcome, bad_file: Path) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("")
    table.add_column("Rows", justify="right")
    table.add_column("Checksum", no_wrap=True)
    good = f"{outcome.source.rows:,}"
    table.add_row("Table, by its count", f"{outcome.counted:,}", "")
    table.add_row("Table, bad rows", f"{outcome.bad:,}", "")
    table.add_row("Table, good rows", good, str(outcome.source))
    table.add_row("Lake", f"{outcome.lake.rows:,}", str(outcome.lake))
    table.add_row("Quarantine", f"{len(outcome.quarantined):,}", "")
    wide_console(140).print(table)
    _print_bad(outcome.quarantined)
    if outcome.quarantined:
        typer.echo(f"the bad rows are in {bad_file}")
    went_on = f" ({outcome.resumed:,} rows were there from earlier runs)" if outcome.resumed else ""
    if outcome.is_equal:
        typer.echo(f"migrate: equal, {good} rows in the lake{went_on}")
    else:
        typer.echo(
            f"migrate: NOT equal{went_on}: did the table change since, or another import write "
            "over these rows? --restart begins anew"
        )


def _print_bad(rows: Sequence[BadRow]) -> None:
    # Unstyled: a reason may hold anything that a table holds.
    console = Console(stderr=True, soft_wrap=True)
    for row in rows[:_BAD_SHOWN]:
        console.print(Text(f"bad: {row}"))
    if len(rows) > _BAD_SHOWN:
        console.print(Text(f"... {len(rows) - _BAD_SHOWN:,} more"))
