"""Write docs/metrics.md of the table."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infra_cdk.observability.objectives import API, BROKER, BURNS, Urgency, window
from infra_cdk.observability.runbooks_of import page_of
from infra_cdk.observability.table import METRICS, Metric, metric_table
from infra_cdk.observability.watches import WATCHES

_TEMPLATE: Final = Path(__file__).with_name("metrics_page.md")
_WHO: Final = {Urgency.PAGE: "somebody at once", Urgency.TICKET: "who works next"}


def page() -> str:
    """Write the whole page."""
    parts: list[str] = []
    for title, group in (
        ("Golden signals", metric_table.GOLDEN),
        ("Trading", metric_table.TRADING),
        ("Market data", metric_table.MARKET_DATA),
        ("Research", metric_table.RESEARCH),
        ("Live strategies", metric_table.LIVE),
    ):
        parts += [f"## {title}", "", *_table(group), ""]
    parts += ["## Objectives", "", *_objectives(), "", "## Alarms of the table", "", *_watches()]
    most = sum(each.most_series for each in METRICS.values())
    return _TEMPLATE.read_text().format(tables="\n".join(parts), most=f"{most:,}")


def _table(group: Iterable[Metric]) -> list[str]:
    rows = ["| CloudWatch | Prometheus | by | what it is |", "|---|---|---|---|"]
    for each in group:
        scraped = f"`{each.in_prometheus}`" if each.is_scraped else "–"
        by = ", ".join(f"`{name}`" for name in each.by) or "–"
        rows.append(f"| `{each.name}` ({each.kind}) | {scraped} | {by} | {each.says} |")
    return rows


def _objectives() -> list[str]:
    rows = [f"- `{each.name}`: {each.says}." for each in (API, BROKER)]
    rows += [
        "",
        "| windows | burns the budget | of the month's budget | who is told |",
        "|---|---|---|---|",
    ]
    rows += [
        f"| {window(burn.short_s)} and {window(burn.long_s)} | {burn.rate:g} times too fast | "
        f"{burn.budget:.0%} | {_WHO[burn.urgency]} |"
        for burn in BURNS
    ]
    return rows


def _watches() -> list[str]:
    rows = ["| alarm | metric | it says | page |", "|---|---|---|---|"]
    rows += [
        f"| `{each.name}` | `{each.metric}` | {each.says} | [open](runbooks/{page_of(each.name)}) |"
        for each in WATCHES
    ]
    return rows
