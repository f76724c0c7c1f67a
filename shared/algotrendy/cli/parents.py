"""`algotrendy parents`: trade a large quantity in slices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from algotrendy.cli.orders_view import clock_time, print_orders
from algotrendy.cli.paged import Everything, From, Limit, read_list, say_more
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
from algotrendy.kernel.decimals import parse_decimal, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import Side

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PLACE_HELP = """Trade a quantity in slices, each an order of its own, one at the market at a time.

- `parents place buy AAPL 1200 --slices 12 --over 1h`: TWAP: equal slices at equal times
- `parents place buy AAPL 1200 --curve 5,3,2,2,3,5 --over 6h`: VWAP: along a curve of volume
- `parents place sell AAPL 1000 --display 100 --limit 190 --over 1d`: iceberg: one after the other

Each slice is checked against every limit when it is placed. Never more than the quantity is filled
and at the market together.
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Trade a large quantity in slices: TWAP, VWAP, iceberg.",
    context_settings=HELP_NAMES,
)

ParentId = Annotated[str, typer.Argument(metavar="PARENT", help="The id that `list` shows.")]


@app.command(help=_PLACE_HELP)
def place(
    side: Annotated[Side, typer.Argument(help="buy or sell.")],
    symbol: Annotated[str, typer.Argument(help="Such as AAPL.")],
    quantity: Annotated[str, typer.Argument(help="In all.")],
    over: Annotated[str, typer.Option(help="How long it may take: 90s, 30m, 6h, 1d.")],
    slices: Annotated[int | None, typer.Option(min=1, help="How many: a TWAP.")] = None,
    curve: Annotated[
        str | None, typer.Option(help="Volume of each of equal spans: a VWAP.")
    ] = None,
    display: Annotated[
        str | None, typer.Option(help="The most at the market at a time: an iceberg.")
    ] = None,
    limit: Annotated[
        str | None, typer.Option(help="Limit price of each slice.", show_default="at the market")
    ] = None,
    account: Account = ACCOUNT,
    client_order_id: Annotated[
        str | None, typer.Option(help="Your own name for it.", show_default="made up")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Trade a quantity in slices."""
    name = client_order_id or fresh_key()
    ends_at = datetime.now(UTC) + parse_span(over)
    body = {
        "account": account,
        "symbol": symbol.upper(),
        "side": side.value,
        "quantity": plain(parse_decimal(quantity, "quantity")),
        "ends_at": ends_at.isoformat(),
        "client_order_id": name,
        **style_of(slices, curve, display),
    }
    if limit is not None:
        body["limit_price"] = plain(parse_decimal(limit, "limit"))
    with connected() as api:
        parent = api.post("/v1/parent-orders", body, name)
    if as_json:
        print_json(parent)
    else:
        say(f"{parent['id']}  {_described(parent)}: {parent['state']}")


@app.command("list")
def list_(
    account: Account = ACCOUNT,
    only_open: Annotated[bool, typer.Option("--open", help="Only those not over.")] = False,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List parent orders, newest first."""
    asked = {"account": account, "open": "true" if only_open else None}
    most = None if everything else limit
    with connected() as api:
        page = read_list(api, "/v1/parent-orders", "parents", most, cursor, **asked)
    if as_json:
        print_json(page)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Id", "Account", "Order", "State", "Filled", "Slices", "Ends"):
        table.add_column(heading)
    for parent in page["parents"]:
        reason = f" ({parent['reason']})" if parent["reason"] else ""
        table.add_row(
            parent["id"],
            parent["account"],
            _described(parent),
            Text(parent["state"] + reason, style="cyan" if parent["is_open"] else ""),
            parent["filled"],
            str(parent["placed"]),
            clock_time(parent["ends_at"]),
        )
    console().print(table)
    say_more(page)


@app.command()
def show(parent: ParentId, as_json: AsJson = False) -> None:
    """Show how far a parent order is, and its slices."""
    with connected() as api:
        found = api.get(f"/v1/parent-orders/{parent}")
    if as_json:
        print_json(found)
        return
    say(f"{_described(found)}: {found['state']}, {found['filled']} filled")
    print_orders(console(), found["children"])


@app.command()
def pause(parent: ParentId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Place no more slices, and cancel the one at the market."""
    _change(parent, {"paused": True, "reason": reason}, as_json=as_json)


@app.command()
def resume(parent: ParentId, reason: Reason = "", as_json: AsJson = False) -> None:
    """Go on; what the schedule has missed is caught up."""
    _change(parent, {"paused": False, "reason": reason}, as_json=as_json)


@app.command()
def cancel(parent: ParentId, reason: Reason = "", as_json: AsJson = False) -> None:
    """End it: nothing more is placed, and the slice at the market is cancelled."""
    with connected() as api:
        found = api.delete(f"/v1/parent-orders/{parent}", reason=reason)
    _tell(found, as_json=as_json)


def parse_span(text: str) -> timedelta:
    """Read a span such as 90s, 30m, 6h or 1d; Invalid when it is none."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise Invalid("over", "a span such as 90s, 30m, 6h or 1d", text)
    count, unit = found.groups()
    return timedelta(seconds=int(count) * _SECONDS[unit])


def style_of(slices: int | None, curve: str | None, display: str | None) -> dict[str, Any]:
    """Give the style that follows from what was said; Invalid unless it is exactly one."""
    given = {"slices": slices, "curve": curve, "display": display}
    said = [name for name, value in given.items() if value is not None]
    if len(said) != 1:
        raise Invalid("style", "one of --slices, --curve and --display", ", ".join(said) or None)
    if curve is not None:
        parts = [plain(parse_decimal(part.strip(), "curve")) for part in curve.split(",")]
        return {"style": "vwap", "curve": parts}
    if display is not None:
        return {"style": "iceberg", "display": plain(parse_decimal(display, "display"))}
    return {"style": "twap", "slices": slices}


def _change(parent: str, body: dict[str, Any], *, as_json: bool) -> None:
    with connected() as api:
        found = api.patch(f"/v1/parent-orders/{parent}", body, fresh_key())
    _tell(found, as_json=as_json)


def _tell(parent: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(parent)
    else:
        say(f"{_described(parent)}: {parent['state']}")


def _described(parent: Mapping[str, Any]) -> str:
    words = [parent["side"], parent["quantity"], parent["symbol"], parent["style"]]
    if parent["limit_price"]:
        words.append(f"limit {parent['limit_price']}")
    return " ".join(str(word) for word in words)
