"""`algotrendy exchange`: a paper exchange that speaks Alpaca's protocol, on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from algotrendy.kernel.clock import SystemClock, parse_time
from algotrendy.kernel.decimals import parse_decimal
from algotrendy.kernel.errors import Invalid, Rejected, Unavailable
from algotrendy.local.home import Home, Ports, current_home

if TYPE_CHECKING:
    from algotrendy.exchange.alpaca_api.serving import ExchangeServer
    from algotrendy.exchange.ports import Store
    from algotrendy.exchange.wiring import ExchangeOptions

app = typer.Typer(
    no_args_is_help=False,
    rich_markup_mode="markdown",
    help="Run a paper exchange that speaks Alpaca's protocol.\n\n"
    "Unmodified Alpaca clients trade against it: point their base URL at it. Prices come from a "
    "seed, from the lake's bars and ticks at any speed, or from what you send. State survives a "
    "restart.\n\n"
    "  algotrendy exchange --port 4580\n\n"
    "  algotrendy exchange --market replay --symbols AAPL --start 2012-01-03 --speed 3600\n\n"
    "  algotrendy exchange --hours regular --fees none --partial-fills 0.1   (as Alpaca's paper)",
)


class Market(StrEnum):
    """Where prices come from."""

    SYNTHETIC = "synthetic"
    REPLAY = "replay"
    TICKS = "ticks"
    SCRIPTED = "scripted"


class Hours(StrEnum):
    """When it trades."""

    ALWAYS = "always"
    REGULAR = "regular"


class Liquidity(StrEnum):
    """How much an order can get."""

    UNLIMITED = "unlimited"
    QUOTED = "quoted"


class Fees(StrEnum):
    """What a fill costs."""

    NONE = "none"
    US_EQUITY = "us_equity"


_PRICES, _DEALING, _ACCOUNT, _STATE = "Prices", "How it deals", "The first account", "State"


@app.callback(invoke_without_command=True)
def exchange(
    context: typer.Context,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", min=0, max=65535, help="0 takes a free one.  [default: 4580]"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    market: Annotated[
        Market,
        typer.Option(
            help="synthetic: from a seed; replay: the lake's bars; ticks: the lake's single "
            "trades; scripted: what you send to POST /exchange/events.",
            rich_help_panel=_PRICES,
        ),
    ] = Market.SYNTHETIC,
    symbols: Annotated[
        str | None,
        typer.Option(help="Such as AAPL,MSFT; all when left out.", rich_help_panel=_PRICES),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="Market time to begin at, 2012-01-03 or 2012-01-03T14:30:00Z. Left out: now, or "
            "a replay's first moment.",
            rich_help_panel=_PRICES,
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            help="Seconds of the market in one second; 0 stands still until you advance it.",
            rich_help_panel=_PRICES,
        ),
    ] = 1.0,
    activity: Annotated[
        float,
        typer.Option(
            min=0.01,
            max=100,
            help="How many times as many trades as usual; synthetic only.",
            rich_help_panel=_PRICES,
        ),
    ] = 1.0,
    seed: Annotated[
        int, typer.Option(help="Of prices, ids and faults.", rich_help_panel=_PRICES)
    ] = 7,
    hours: Annotated[
        Hours | None,
        typer.Option(
            help="regular: sessions as in New York.  [default: always; for the lake: regular]",
            rich_help_panel=_DEALING,
        ),
    ] = None,
    liquidity: Annotated[
        Liquidity,
        typer.Option(
            help="unlimited: any size at the quote, as Alpaca's paper trading; quoted: what is "
            "quoted and traded.",
            rich_help_panel=_DEALING,
        ),
    ] = Liquidity.UNLIMITED,
    partial_fills: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Chance of a random partial fill.", rich_help_panel=_DEALING
        ),
    ] = 0.0,
    fees: Annotated[
        Fees,
        typer.Option(help="us_equity: SEC and FINRA's, on sales.", rich_help_panel=_DEALING),
    ] = Fees.US_EQUITY,
    cash: Annotated[str, typer.Option(help="USD.", rich_help_panel=_ACCOUNT)] = "100000",
    multiplier: Annotated[
        int,
        typer.Option(
            min=1,
            max=4,
            help="1 cash, 2 Reg T margin, 4 intraday margin.",
            rich_help_panel=_ACCOUNT,
        ),
    ] = 4,
    key_id: Annotated[str, typer.Option(rich_help_panel=_ACCOUNT)] = "PAPER",
    secret: Annotated[
        str,
        typer.Option(
            envvar="ALGOTRENDY_EXCHANGE_SECRET", show_default=False, rich_help_panel=_ACCOUNT
        ),
    ] = "paper-secret",  # noqa: S107 - it guards play money
    name: Annotated[
        str,
        typer.Option(
            help="Several exchanges may share a database under several names.",
            rich_help_panel=_STATE,
        ),
    ] = "default",
    database: Annotated[
        str | None,
        typer.Option(
            help="PostgreSQL URL. Left out: a server of its own, in <home>/exchange.",
            show_default=False,
            rich_help_panel=_STATE,
        ),
    ] = None,
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", help="Keep nothing.", rich_help_panel=_STATE)
    ] = False,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Forget accounts and orders of earlier runs.", rich_help_panel=_STATE
        ),
    ] = False,
) -> None:
    """Run the exchange until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    from algotrendy.exchange.venue.terms import VenueTerms
    from algotrendy.exchange.wiring import ExchangeOptions

    if ephemeral and database is not None:
        raise Invalid("--ephemeral", "without --database, or --database without it", database)
    terms = VenueTerms(
        seed=seed,
        liquidity=liquidity.value,
        partial_fills=partial_fills,
        fees=fees.value,
        always_open=(hours or _usual_hours(market)) is Hours.ALWAYS,
    )
    options = ExchangeOptions(
        market=market.value,
        symbols=tuple(part.strip().upper() for part in (symbols or "").split(",") if part.strip()),
        start=None if start is None else _moment(start),
        speed=speed,
        activity=activity,
        terms=terms,
        key_id=key_id,
        secret=secret,
        cash=_cash(cash),
        multiplier=multiplier,
    )
    from algotrendy.platform.log_lines import log_as_json

    if sys.stderr.isatty():
        logging.basicConfig(
            level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
        )
    else:
        log_as_json("exchange", "WARNING")
    chosen = Ports.from_environment(os.environ).exchange if port is None else port
    with ExitStack() as resources:
        store = _store(resources, database, ephemeral=ephemeral, name=name)
        if fresh:
            store.reset()
        _run(options, store, host, chosen)


def _usual_hours(market: Market) -> Hours:
    return Hours.REGULAR if market in (Market.REPLAY, Market.TICKS) else Hours.ALWAYS


def _run(options: ExchangeOptions, store: Store, host: str, port: int) -> None:
    import uvloop

    from algotrendy.exchange.alpaca_api.serving import ExchangeServer
    from algotrendy.exchange.wiring import build_floor

    async def serve() -> None:
        floor = build_floor(options, store, SystemClock())
        server = ExchangeServer(floor, host, port, lambda ready: _announce(ready, options))
        await server.serve(handle_signals=True)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _announce(server: ExchangeServer, options: ExchangeOptions) -> None:
    floor = server.floor
    symbols = [asset.symbol for asset in floor.venue.assets()]
    shown = ", ".join(symbols[:8]) + (f" and {len(symbols) - 8} more" if len(symbols) > 8 else "")
    lines = (
        ("REST", server.url),
        ("trade updates", f"ws://{server.host}:{server.port}/stream"),
        ("market data", f"ws://{server.host}:{server.port}/v2/iex"),
        ("pages to read", f"{server.url}/docs"),
        ("key", f"{options.key_id}, secret {_hidden(options.secret)}"),
        ("market", f"{options.market}: {shown}"),
        ("market time", f"{floor.now():%Y-%m-%d %H:%M:%S} UTC, {floor.clock.speed:g} s a second"),
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    # Addresses are to be copied: in a narrow terminal they go on in the next line.
    table.add_column(overflow="fold")
    for label, text in lines:
        table.add_row(f"[dim]{label}[/]", text)
    console = Console()
    console.print("[bold green]paper exchange[/]")
    console.print(table)


def _hidden(secret: str) -> str:
    return secret if secret == "paper-secret" else "as given"  # noqa: S105 - the default


def _store(resources: ExitStack, database: str | None, *, ephemeral: bool, name: str) -> Store:
    if ephemeral:
        from algotrendy.exchange.no_store import NoStore

        return NoStore()
    from algotrendy.exchange.wiring import postgres_store

    if database is None:
        from algotrendy.local.embedded import embedded_postgres

        database = resources.enter_context(
            embedded_postgres(Home(current_home().root / "exchange"))
        )
    return postgres_store(database, name)


@app.command()
def faults(
    settings: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE …, such as latency_s=0.2 duplicate_updates=0.1."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Of the exchange.  [default: http://127.0.0.1:4580]")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Switch every fault off first.")] = False,
) -> None:
    """Show the faults of a running exchange, or switch them while it runs.

    Without arguments: what can go wrong, and what does. Chances are 0 to 1, times in seconds.
    """
    import httpx

    base = (url or f"http://127.0.0.1:{Ports.from_environment(os.environ).exchange}").rstrip("/")
    wanted = dict(_setting(text) for text in settings or ())
    try:
        with httpx.Client(base_url=base, timeout=10) as client:
            if off:
                client.delete("/exchange/faults").raise_for_status()
            answer = (
                client.patch("/exchange/faults", json=wanted)
                if wanted
                else client.get("/exchange/faults")
            )
    except httpx.HTTPError as error:
        reason = f"{error}; start it with `algotrendy exchange`"
        raise Unavailable(f"the exchange at {base}", reason) from error
    found = answer.json()
    if answer.status_code >= 400:
        raise Rejected(f"{found.get('message', answer.reason_phrase)}; nothing was changed")
    _show(found.get("faults", found))


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid("settings", "NAME=VALUE, such as latency_s=0.2", text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _show(faults: dict[str, Any]) -> None:
    table = Table("fault", "now", title="faults")
    for name, value in faults.items():
        is_on = value not in (0, False, None, [])
        table.add_row(name, f"[bold red]{value}[/]" if is_on else f"[dim]{value}[/]")
    Console().print(table)


def _moment(given: str) -> datetime:
    text = given
    if len(text) == len("2012-01-03"):
        text += "T00:00:00Z"
    try:
        return parse_time(text, "--start").astimezone(UTC)
    except Invalid as error:
        expected = "a date or a time with a zone, such as 2012-01-03 or 2012-01-03T14:30:00Z"
        raise Invalid("--start", expected, given) from error


def _cash(text: str) -> Decimal:
    value = parse_decimal(text, "--cash")
    if value < 0:
        raise Invalid("--cash", "zero or more", text)
    return value
