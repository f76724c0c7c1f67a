"""Show risk in a terminal: limits, trading states, kill switches, what may be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.cli.orders_view import clock_time

_STATES = {"active": "green", "reducing": "yellow", "halted": "bold red"}
_SWITCHES = {"acting": "bold red", "scheduled": "yellow", "revoked": "dim"}


def print_states(console: Console, found: Mapping[str, Any]) -> None:
    """Print what an account may do, and what single strategies may."""
    console.print(Text(f"{found['account']} is {found['state']}", style=_STATES[found["state"]]))
    for each in found["states"]:
        whose = f"strategy {each['strategy']}" if each["strategy"] else "the account"
        line = f"  {whose}: {each['state']} since {clock_time(each['at'])}, by {each['by']}"
        console.print(f"{line}: {each['reason']}", markup=False)


def print_limits(console: Console, account: str, limits: Mapping[str, Any]) -> None:
    """Print the limits that bind, of the account, each strategy and each symbol."""
    table = Table(title=f"Limits of {account}, version {limits['version']}", title_justify="left")
    for heading in ("Of", "Limit", "Value"):
        table.add_column(heading, justify="right" if heading == "Value" else "left")
    parts = [("account", limits["account"])]
    parts += [(f"strategy {each['strategy']}", each) for each in limits["strategies"]]
    parts += [(f"symbol {each['symbol']}", each) for each in limits["symbols"]]
    for whose, rules in parts:
        for name, value in rules.items():
            if value is None or value == [] or name in ("strategy", "symbol"):
                continue
            table.add_row(whose, name.replace("_", " "), _value(value))
    console.print(table)
    if limits["by"]:
        made = f"made by {limits['by']}, {clock_time(limits['at'])}: {limits['reason']}"
        console.print(made, markup=False, style="dim")


def print_risk(console: Console, report: Mapping[str, Any]) -> None:
    """Print how an account stands: its books, what is broken, what it may lose."""
    currency = report["currency"]
    headings = ("Book", "Equity", "Today", "Drawdown", "Realised", "Unrealised", "Gross", "Net")
    books = Table(title=f"Sums in {currency}", title_justify="left", title_style="dim")
    for heading in headings:
        books.add_column(heading, justify="left" if heading == "Book" else "right")
    names = ("equity", "profit_today", "drawdown", "realised", "unrealised", "gross", "net")
    for book in report["books"]:
        books.add_row(book["strategy"] or report["account"], *(book[name] for name in names))
    console.print(books)
    for breach in report["breaches"]:
        console.print(
            f"broken: {breach['limit']} of {breach['scope']}: allowed {breach['allowed']}, "
            f"actual {breach['actual']}",
            markup=False,
            style="bold red",
        )
    for tail in report["tails"]:
        past, normal = tail["historical"], tail["parametric"]
        console.print(
            f"one day, {tail['confidence']:.0%} sure: loses at most {past['var']:,.2f} as "
            f"{report['spans']} days were, {normal['var']:,.2f} if normal; when it is more, "
            f"{past['es']:,.2f} and {normal['es']:,.2f} on average",
            markup=False,
        )
    if report["without_past"]:
        console.print(f"without a past: {', '.join(report['without_past'])}", markup=False)
    if report["holdings"]:
        for scenario in report["stress"]:
            console.print(f"  {scenario['scenario']:<32}{scenario['profit']:>16,.2f}", markup=False)


def print_switches(console: Console, switches: Sequence[Mapping[str, Any]]) -> None:
    """Print kill switches, in the order given."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Id", "State", "Flatten", "Due", "Done", "By", "Why"):
        table.add_column(heading)
    for each in switches:
        table.add_row(
            each["id"],
            Text(each["state"], style=_SWITCHES.get(each["state"], "green")),
            "yes" if each["flatten"] else "no",
            clock_time(each["due_at"]),
            clock_time(each["done_at"]),
            each["by"],
            each["reason"],
        )
    console.print(table)


def _value(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(str(each) for each in value)
        case {"orders": orders, "window_s": window_s}:
            return f"{orders} in {window_s} s"
        case {"loss": loss, "confidence": confidence}:
            return f"{loss} in a day, {float(confidence):.0%} sure"
        case {"multiple": multiple, "after": after}:
            return f"{multiple} times the mean, after {after} orders"
        case _:
            return str(value)
