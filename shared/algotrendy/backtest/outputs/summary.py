"""Show a run as a compact table, in a terminal or a notebook."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.outputs.cautions import cautions_of
from algotrendy.backtest.outputs.definitions import COMPARED, NONE, written
from algotrendy.backtest.outputs.findings import findings_of

_WIDTH = 88


@dataclass(frozen=True, slots=True)
class Summary:
    """The key figures of a run beside those of its benchmark, and its warnings.

    Attributes:
        title: Strategy and symbols.
        subtitle: Period, bars, mode.
        names: Of the run and of the benchmark.
        rows: Label, the run's figure and the benchmark's, written.
        warnings: What should be doubted.
    """

    title: str
    subtitle: str
    names: tuple[str, str]
    rows: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        """Give the table as plain text."""
        out = io.StringIO()
        console = Console(file=out, width=_WIDTH, color_system=None, force_terminal=False)
        console.print(self)
        return "\n".join(line.rstrip() for line in out.getvalue().splitlines())

    def __rich__(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("")
        for name in self.names:
            table.add_column(Text(name), justify="right")
        for label, own, other in self.rows:
            table.add_row(Text(label), Text(own, style="bold"), Text(other, style="dim"))
        warned = [Text(f"! {words}", style="yellow") for words in self.warnings]
        return Group(
            Text(self.title, style="bold"), Text(self.subtitle, style="dim"), table, *warned
        )

    def to_html(self) -> str:
        """Give the table as HTML without styles or scripts of its own."""
        head = "".join(f"<th>{escape(name)}</th>" for name in ("", *self.names))
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.rows
        )
        warned = "".join(f"<li>{escape(words)}</li>" for words in self.warnings)
        return (
            f"<p><b>{escape(self.title)}</b><br>{escape(self.subtitle)}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"{f'<ul>{warned}</ul>' if warned else ''}"
        )

    def _repr_html_(self) -> str:
        return self.to_html()


def summary_of(backtest: Backtest, **options: Any) -> Summary:
    """Sum a run up beside its benchmark; options as of ``findings_of``."""
    found = findings_of(backtest, **{"scenarios": False, **options})
    beside = found.benchmark.statistics
    return Summary(
        title=title_of(backtest),
        subtitle=subtitle_of(backtest),
        names=(backtest.setting.strategy.name, found.benchmark.name),
        rows=tuple(
            (
                figure.label,
                written(getattr(found.key, figure.name), figure.form),
                NONE if beside is None else written(getattr(beside, figure.name), figure.form),
            )
            for figure in COMPARED
        ),
        warnings=cautions_of(found),
    )


def title_of(backtest: Backtest) -> str:
    """Name the strategy and the first of its symbols."""
    symbols = backtest.setting.dataset.symbols
    more = f" and {len(symbols) - 4} more" if len(symbols) > 4 else ""
    return f"{backtest.setting.strategy.name} on {', '.join(symbols[:4])}{more}"


def subtitle_of(backtest: Backtest) -> str:
    """Tell period, size and mode of the run in a line."""
    dataset = backtest.setting.dataset
    # A bar that is known at midnight is of the day before.
    first, last = (dataset.timeline[[0, -1]] - 1).astype("M8[ns]").astype("M8[D]")
    steps = len(dataset)
    return (
        f"{np.datetime_as_string(first)} to {np.datetime_as_string(last)} · {steps:,} "
        f"{'bar' if steps == 1 else 'bars'} of {dataset.timeframe} · {backtest.mode}"
    )
