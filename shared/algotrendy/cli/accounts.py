"""`algotrendy accounts` and `algotrendy positions`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table

from algotrendy.cli import account_access
from algotrendy.cli.orders_view import clock_time
from algotrendy.cli.paged import (
    Everything,
    From,
    Limit,
    OfSymbol,
    Since,
    Until,
    read_list,
    say_more,
)
from algotrendy.cli.trading_calls import (
    ACCOUNT,
    HELP_NAMES,
    Account,
    AsJson,
    Reason,
    connected,
    console,
    fresh_key,
    print_json,
    say,
)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Show accounts, what happened on them; give strategies parts of them.",
    context_settings=HELP_NAMES,
)
app.add_typer(account_access.app, name="access")


class Lots(StrEnum):
    """Which tax lots a sale closes."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIGHEST_COST = "highest_cost"
    AVERAGE = "average"


class Remedy(StrEnum):
    """What is done when a position has lost its stop."""

    ALARM = "alarm"
    REPROTECT = "reprotect"
    FLATTEN = "flatten"


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List your accounts and their parts, with their money."""
    with connected() as api:
        found = api.get("/v1/accounts")
    if as_json:
        print_json(found)
        return
    if not found["accounts"]:
        say("no account yet: the execution service opens them; algotrendy status")
        return
    headings = ("Account", "Broker", "Cash", "Held", "Positions", "Equity", "Realised", "Fees")
    table = _table(*headings, right=headings[2:])
    for account in found["accounts"]:
        table.add_row(account["id"], account["broker"], *_money(account))
        if account["whole"] is not None and _has_parts(found["accounts"], account["id"]):
            whole = _money(account["whole"])
            table.add_row(f"{account['id']} with its parts", "", *whole, style="dim")
    console().print(table)


@app.command()
def add(
    strategy: Annotated[str, typer.Argument(help="Whose part it is to be, such as trend.")],
    account: Account = ACCOUNT,
    cash: Annotated[
        str | None, typer.Option(help="Cash that it gets from the account at once.")
    ] = None,
    lots: Annotated[
        Lots | None, typer.Option(help="Which tax lots a sale closes.", show_default="account's")
    ] = None,
    protection: Annotated[
        Remedy | None,
        typer.Option(help="When a position has lost its stop.", show_default="account's"),
    ] = None,
    approval_above: Annotated[
        str | None,
        typer.Option(help="An order of more than this waits for a person.", show_default="no"),
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Give a strategy a part of an account, with books of its own; at the broker they net."""
    asked = {
        "account": account,
        "strategy": strategy,
        "cash": cash,
        "lot_method": lots,
        "protection": protection,
        "approval_above": approval_above,
    }
    body = {name: value for name, value in asked.items() if value is not None}
    with connected() as api:
        part = api.post("/v1/accounts", {**body, "reason": reason}, fresh_key())
    if as_json:
        print_json(part)
    else:
        say(f"{part['id']}: {part['cash']} {part['currency']} in cash")


@app.command()
def transfer(
    amount: Annotated[str, typer.Argument(help="In the account's currency.")],
    source: Annotated[str, typer.Argument(help="Such as paper.")],
    target: Annotated[str, typer.Argument(help="Such as paper/trend.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Move cash between an account and its parts: neither a profit nor a loss."""
    body = {"source": source, "target": target, "amount": amount, "reason": reason}
    with connected() as api:
        done = api.post("/v1/transfers", body, fresh_key())
    if as_json:
        print_json(done)
        return
    for side in ("source", "target"):
        say(f"{done[side]['id']}: {done[side]['cash']} {done[side]['currency']} in cash")


@app.command()
def fills(
    account: Account = ACCOUNT,
    symbol: OfSymbol = None,
    order: Annotated[str | None, typer.Option(help="Only of the order of this id.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first."""
    asked = {
        "account": account,
        "symbol": symbol.upper() if symbol else None,
        "order": order,
        "since": since,
        "until": until,
    }
    most = None if everything else limit
    with connected() as api:
        page = read_list(api, "/v1/fills", "fills", most, cursor, **asked)
    if as_json:
        print_json(page)
        return
    table = _table("Time", "Account", "Symbol", "Side", "Quantity", "Price", "Fee", "Execution")
    for fill in page["fills"]:
        busted = " (taken back)" if fill["is_busted"] else ""
        table.add_row(
            clock_time(fill["at"]),
            fill["account"],
            fill["symbol"],
            fill["side"],
            fill["quantity"],
            fill["price"],
            fill["fee"] or "-",
            fill["execution_id"] + busted,
        )
    console().print(table)
    say_more(page)


@app.command()
def activities(
    account: Account = ACCOUNT,
    kind: Annotated[
        list[str] | None, typer.Option(help="fill, fee, hold, deposit...; again for more.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List the journal, newest first: all that ever moved cash or units."""
    asked = {"account": account, "kind": kind or [], "since": since, "until": until}
    most = None if everything else limit
    with connected() as api:
        page = read_list(api, "/v1/activities", "activities", most, cursor, **asked)
    if as_json:
        print_json(page)
        return
    table = _table("Time", "Account", "Kind", "What moved", "Why")
    for entry in page["activities"]:
        moved = ", ".join(
            f"{each['book']} {each['amount']} {each['currency'] or each['symbol']}"
            for each in entry["postings"]
        )
        at = clock_time(entry["at"])
        table.add_row(at, entry["account"], entry["kind"], moved, entry["reason"])
    console().print(table)
    say_more(page)


@app.command()
def reconciliations(
    account: Account = ACCOUNT,
    protection: Annotated[
        bool, typer.Option("--protection", help="Positions that had lost their stop, instead.")
    ] = False,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that somebody has to act on.")
    ] = False,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List what differed between the broker and the ledger, and what was done about it."""
    asked = {
        "account": account,
        "open": "true" if only_open else None,
        "about": "protection" if protection else None,
    }
    most = None if everything else limit
    with connected() as api:
        page = read_list(api, "/v1/reconciliations", "reconciliations", most, cursor, **asked)
    if as_json:
        print_json(page)
        return
    if not page["reconciliations"]:
        say(f"nothing is noted of {account}")
    for each in page["reconciliations"]:
        state = "open" if each["is_open"] else "closed"
        say(f"{clock_time(each['at'])}  {each['account']}  {state}: {_summary(each['report'])}")
        for name in ("settled", "unsettled"):
            for found in each["report"].get(name, []):
                say(f"  {name}: {_summary(found)}")
    say_more(page)


@app.command()
def audit(
    account: Account = ACCOUNT,
    who: Annotated[str | None, typer.Option(help="Only what this one did.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Only what was done to this, such as an order.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List who did what and why, newest first."""
    asked = {"account": account, "who": who, "subject": subject, "since": since, "until": until}
    most = None if everything else limit
    with connected() as api:
        page = read_list(api, "/v1/audit", "records", most, cursor, **asked)
    if as_json:
        print_json(page)
        return
    table = _table("Time", "Who", "Action", "Subject", "Why")
    for each in page["records"]:
        at = clock_time(each["at"])
        table.add_row(at, each["who"], each["action"], each["subject"], each["reason"])
    console().print(table)
    say_more(page)


def positions(
    account: Account = ACCOUNT,
    symbol: Annotated[str | None, typer.Option(help="Only of this symbol.")] = None,
    lots: Annotated[bool, typer.Option("--lots", help="With their tax lots.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an account and its parts hold, at the last known prices."""
    asked = {"account": account} | ({"symbol": symbol.upper()} if symbol else {})
    with connected() as api:
        found = api.get("/v1/positions", **asked)
    if as_json:
        print_json(found)
        return
    if not found["positions"]:
        say(f"{account} holds nothing")
        return
    headings = ("Account", "Symbol", "Quantity", "Cost", "Price", "Value", "Unrealised")
    table = _table(*headings, right=headings[2:])
    for held in found["positions"]:
        numbers = (held[name] or "-" for name in ("cost", "price", "value", "unrealised"))
        table.add_row(held["account"], held["symbol"], held["quantity"], *numbers)
        for lot in held["lots"] if lots else ():
            opened = clock_time(lot["opened_at"])
            table.add_row("", f"  {opened}", lot["quantity"], lot["cost"], style="dim")
    console().print(table)


def _money(numbers: Mapping[str, Any]) -> list[str]:
    names = ("cash", "held", "value", "equity", "realised", "fees")
    return [str(numbers[name]) for name in names]


def _summary(report: Mapping[str, Any]) -> str:
    words = []
    for name, value in report.items():
        match value:
            case None | list():
                continue
            case dict():
                words.append(f"{name} {_summary(value)}")
            case _:
                words.append(f"{name.replace('_', ' ')} {value}")
    return ", ".join(words)


def _has_parts(accounts: list[dict[str, Any]], account: str) -> bool:
    return any(each["account"] == account and each["strategy"] for each in accounts)


def _table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left")
    return table
