"""`algotrendy orders`: place, change, cancel and watch orders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from algotrendy.cli.api_client import ApiClient
from algotrendy.cli.order_words import OrderWords
from algotrendy.cli.orders_view import described, print_orders, print_story
from algotrendy.cli.orders_watch import Api, follow, is_answered
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
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.trading.status import PlatformStatus

_PATIENCE_S = 30.0
_PLACE_HELP = """Place an order; it is checked against every limit, stored, then sent.

Type and class follow from the prices that are given:

- `orders place buy AAPL 10`: at the market
- `orders place buy AAPL 10 --limit 187.15`: at that price or better
- `orders place sell AAPL 10 --stop 170`: when it falls to 170; with --limit too: a stop-limit order
- `orders place sell AAPL 10 --trail 3%`: when it falls 3 % from its highest; `--trail 2.50` dollars
- `orders place buy AAPL 10 --take-profit 210 --stop-loss 170`: a bracket: both exits live at the
  broker, and one cancels the other; with one of them alone: one-triggers-other
- `orders place sell AAPL 10 --oco --take-profit 210 --stop-loss 170`: exits for a position you hold
- `orders place buy AAPL --notional 500`: for 500 dollars

What is refused names the limit, its value, and what the order came to. A name of your own
(--client-order-id) makes it safe to run the same command twice: nothing is placed twice.
"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Place, change, cancel and watch orders.",
    context_settings=HELP_NAMES,
)

Watch = Annotated[
    bool,
    typer.Option(
        "--watch/--no-watch", help="Follow it until the broker has it, one at the market filled."
    ),
]
OrderIdText = Annotated[str, typer.Argument(metavar="ORDER", help="The id that `list` shows.")]


@app.command(help=_PLACE_HELP)
def place(
    side: Annotated[Side, typer.Argument(help="buy or sell.")],
    symbol: Annotated[str, typer.Argument(help="Such as AAPL.")],
    quantity: Annotated[
        str | None, typer.Argument(help="In units; left out with --notional.")
    ] = None,
    account: Account = ACCOUNT,
    notional: Annotated[
        str | None, typer.Option(help="An amount of money instead of a quantity.")
    ] = None,
    limit: Annotated[str | None, typer.Option(help="Limit price.")] = None,
    stop: Annotated[str | None, typer.Option(help="Stop price.")] = None,
    trail: Annotated[
        str | None, typer.Option(help="Distance of a trailing stop: 3% or 2.50.")
    ] = None,
    take_profit: Annotated[
        str | None, typer.Option(help="Limit price of the exit that takes the profit.")
    ] = None,
    stop_loss: Annotated[
        str | None, typer.Option(help="Stop price of the exit that stops the loss.")
    ] = None,
    stop_loss_limit: Annotated[
        str | None, typer.Option(help="Makes that exit a stop-limit order.")
    ] = None,
    oco: Annotated[
        bool, typer.Option("--oco", help="Both exits alone, for a position that you hold.")
    ] = False,
    time_in_force: Annotated[
        TimeInForce | None,
        typer.Option(
            "--time-in-force",
            "-t",
            help="How long it stands.",
            show_default="day; gtc for orders with exits",
        ),
    ] = None,
    kind: Annotated[
        OrderType | None, typer.Option("--type", help="Follows from the prices.")
    ] = None,
    extended_hours: Annotated[
        bool, typer.Option("--extended-hours", help="Before and after the session too.")
    ] = False,
    client_order_id: Annotated[
        str | None, typer.Option(help="Your own name for it.", show_default="made up")
    ] = None,
    submit_within: Annotated[
        int, typer.Option(min=1, help="Seconds after which it is withdrawn if not yet sent.")
    ] = 60,
    watch: Watch = True,
    as_json: AsJson = False,
) -> None:
    """Place an order."""
    words = OrderWords(
        account=account,
        side=side,
        symbol=symbol,
        quantity=quantity,
        notional=notional,
        limit=limit,
        stop=stop,
        trail=trail,
        take_profit=take_profit,
        stop_loss=stop_loss,
        stop_loss_limit=stop_loss_limit,
        is_oco=oco,
        time_in_force=time_in_force,
        type=kind,
        extended_hours=extended_hours,
        client_order_id=client_order_id or fresh_key(),
        submit_within_s=submit_within,
    )
    body = words.body()
    with connected() as api:
        order = api.post("/v1/orders", body, words.client_order_id)
        _tell(api, order, as_json=as_json, watch=watch)


@app.command()
def replace(
    order: OrderIdText,
    quantity: Annotated[str | None, typer.Option(help="The new quantity, in all.")] = None,
    limit: Annotated[str | None, typer.Option(help="The new limit price.")] = None,
    stop: Annotated[str | None, typer.Option(help="The new stop price.")] = None,
    trail: Annotated[
        str | None, typer.Option(help="The new distance, without %: in percent or money as before.")
    ] = None,
    time_in_force: Annotated[
        TimeInForce | None, typer.Option("--time-in-force", "-t", help="How long it stands.")
    ] = None,
    client_order_id: Annotated[
        str | None, typer.Option(help="Name of the new order.", show_default="made up")
    ] = None,
    watch: Watch = True,
    as_json: AsJson = False,
) -> None:
    """Change an open order; a new order takes its place, checked like any other."""
    asked = {
        "quantity": quantity,
        "limit_price": limit,
        "stop_price": stop,
        "trail": trail,
        "time_in_force": None if time_in_force is None else time_in_force.value,
    }
    changes = {name: value for name, value in asked.items() if value is not None}
    if not changes:
        raise Invalid("change", "at least one of --quantity, --limit, --stop, --trail, -t", None)
    name = client_order_id or fresh_key()
    with connected() as api:
        changed = api.patch(f"/v1/orders/{order}", {**changes, "client_order_id": name}, name)
        _tell(api, changed, as_json=as_json, watch=watch)


@app.command()
def cancel(
    orders: Annotated[
        list[str] | None, typer.Argument(metavar="ORDER...", help="Ids that `list` shows.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every open order of the account.")
    ] = False,
    account: Account = ACCOUNT,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Ask for the end of orders; one that fills meanwhile stays filled.

    To stop everything for good, and keep it stopped: `algotrendy risk kill`.
    """
    if bool(orders) == everything:
        raise Invalid("orders", "ids, or --all", "both" if everything else None)
    with connected() as api:
        ids = orders or [each["id"] for each in open_orders(api, account)]
        answers = [api.delete(f"/v1/orders/{each}", reason=reason) for each in ids]
    if as_json:
        print_json(answers)
        return
    for answer in answers:
        say(f"{answer['id']}  {described(answer)}: {_asked(answer)}")
    if not answers:
        say(f"no open order in {account}")


@app.command("list")
def list_(
    account: Account = ACCOUNT,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that may still change.")
    ] = False,
    status: Annotated[
        list[PlatformStatus] | None,
        typer.Option(help="Only those that stand there; again for more."),
    ] = None,
    side: Annotated[Side | None, typer.Option(help="Only buys, or only sells.")] = None,
    symbol: OfSymbol = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    everything: Everything = False,
    cursor: From = None,
    as_json: AsJson = False,
) -> None:
    """List orders, newest first."""
    asked = {
        "account": account,
        "open": "true" if only_open else None,
        "status": [each.value for each in status or ()],
        "side": side,
        "symbol": symbol.upper() if symbol else None,
        "since": since,
        "until": until,
    }
    most = None if everything else limit
    with connected() as api:
        page = read_list(api, "/v1/orders", "orders", most, cursor, **asked)
    if as_json:
        print_json(page)
    elif page["orders"]:
        print_orders(console(), page["orders"])
        say_more(page)
    else:
        say(f"no orders in {account}: algotrendy orders place buy AAPL 1")


@app.command()
def show(order: OrderIdText, as_json: AsJson = False) -> None:
    """Show one order: where it stands, all that happened to it, its exits."""
    with connected() as api:
        story = api.get(f"/v1/orders/{order}")
    if as_json:
        print_json(story)
    else:
        print_story(console(), story)


@app.command()
def watch(
    order: Annotated[
        str | None, typer.Argument(metavar="[ORDER]", help="All open ones where left out.")
    ] = None,
    account: Account = ACCOUNT,
    timeout: Annotated[
        int, typer.Option(min=1, help="Seconds to watch; the order goes on without us.")
    ] = 3600,
) -> None:
    """Follow an order, or all that are open, until each is settled: a line for each event."""
    with connected() as api:
        ids = [order] if order else [each["id"] for each in open_orders(api, account)]
        if not ids:
            say(f"no open order in {account}")
        follow(api, ids, timeout)


@app.command()
def approve(
    order: OrderIdText,
    refuse: Annotated[bool, typer.Option("--refuse", help="Withdraw it instead.")] = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Agree that an order be sent that waits for a person; needs the role risk_manager."""
    with connected() as api:
        body = {"approve": not refuse, "reason": reason}
        answer = api.post(f"/v1/orders/{order}/approval", body, fresh_key())
    if as_json:
        print_json(answer)
    else:
        say(f"{'withdrawn' if refuse else 'approved'}: {described(answer)}")


def _tell(api: ApiClient, order: dict[str, Any], *, as_json: bool, watch: bool) -> None:
    if as_json:
        print_json(order)
        return
    say(f"{order['id']}  {described(order)}")
    if not watch:
        say(f"{order['status']}; algotrendy orders watch {order['id']}")
        return
    try:
        [story] = follow(api, [order["id"]], _PATIENCE_S, is_answered)
    except Unavailable:
        story = order
    if not story["is_settled"]:
        say(f"it goes on; algotrendy orders watch {order['id']}")


def open_orders(api: Api, account: str) -> Iterator[dict[str, Any]]:
    """Read every page of an account's open orders."""
    asked = {"account": account, "open": "true", "limit": "200"}
    while True:
        page = api.get("/v1/orders", **asked)
        yield from page["orders"]
        if page["next_cursor"] is None:
            return
        asked["cursor"] = page["next_cursor"]


def _asked(order: dict[str, Any]) -> str:
    if order["is_open"]:
        return "cancel asked for"
    return str(order["status"]).replace("_", " ")
