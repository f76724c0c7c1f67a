"""`algotrendy demo`: the main job from bars to report, as a user would do it by hand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from algotrendy.cli import demo_trading

USERNAME, TENANT = "demo", "demo"
STRATEGY = "sma_cross"
# FB has no full year of bars: a grid of slow averages over it would only show luck.
SYMBOLS = ("AAPL", "GOOG", "IBM", "IXIC", "MSFT", "SPX")
GRID = ["fast=5:50:5", "slow=20:200:10"]
LEAST_RUNS = 1_000


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the table and the report.")] = Path(
        "reports/demo"
    ),
) -> None:
    """Run the main job: start the platform, import real bars, sign in, sweep, report, trade.

    Everything goes the way a user goes it: the platform is deployed with CDK, the sweep is asked
    for over the HTTP API with a real token, and runs on the deployed Step Functions workflow. Then
    a bracket order is checked, placed, filled, protected and settled on the paper exchange, and the
    books are worked out again.
    """
    console, started = Console(highlight=False), time.monotonic()
    with _step(console, "1/7", "start the platform and deploy to it"):
        _bring_up()
    with _step(console, "2/7", "import real daily bars"):
        _import_bars()
    with _step(console, "3/7", f"sign in as {USERNAME}"):
        _sign_in()
    with _step(console, "4/7", "read bars over the API"):
        _read_bars(console)
    with _step(console, "5/7", f"sweep {STRATEGY} over {len(SYMBOLS)} symbols"):
        fetched = _sweep(out)
    with _step(console, "6/7", f"trade {demo_trading.SYMBOL} on the paper exchange"):
        _trade(console)
    with _step(console, "7/7", "verify the ledger"):
        _verify(console)
    _conclude(console, fetched, out, time.monotonic() - started)


@contextmanager
def _step(console: Console, number: str, title: str) -> Iterator[None]:
    console.print(f"[bold]{number}[/bold] {title}")
    started = time.monotonic()
    yield
    console.print(f"    done in {time.monotonic() - started:.1f} s", style="dim")


def _bring_up() -> None:
    from algotrendy.cli.platform import bring_up
    from algotrendy.local.home import load_environment
    from algotrendy.platform.settings import reset_settings

    bring_up()
    load_environment()
    reset_settings()


def _import_bars() -> None:
    from algotrendy.cli.bars import import_samples

    import_samples()


def _sign_in() -> None:
    from algotrendy.cli.session import sessions
    from algotrendy.identity import wiring
    from algotrendy.identity.principal import Role
    from algotrendy.kernel.ids import parse_tenant

    # Made for this run and kept nowhere: the demo can always set another.
    password = f"{secrets.token_urlsafe(24)}aA1!"
    roles = [Role.RESEARCHER, Role.TRADER, Role.RISK_MANAGER]
    wiring.users().ensure_user(USERNAME, password, parse_tenant(TENANT), roles)
    sessions().sign_in(USERNAME, password)


def _read_bars(console: Console) -> None:
    from algotrendy.cli.session import api_client

    with api_client() as api:
        page = api.get("/v1/bars/AAPL", start="2005-02-25", end="2005-02-28", adjustment="all")
    for bar in page["bars"]:
        console.print(f"    AAPL {bar['time'][:10]}: close {bar['close']:.2f}, split-adjusted")


def _sweep(out: Path) -> Any:
    from algotrendy.backtest.request import parse_spec
    from algotrendy.cli.deployed import Patience
    from algotrendy.cli.sweep import parse_grid, run_deployed
    from algotrendy.cli.sweep_here import write_down

    spec = parse_spec(
        {
            "strategy": STRATEGY,
            "symbols": SYMBOLS,
            "start": date(1999, 1, 1),
            "end": date(2018, 12, 31),
            "parameters": parse_grid(GRID),
        }
    )
    fetched = run_deployed(spec, Patience(600))
    write_down(fetched, out)
    return fetched


def _trade(console: Console) -> None:
    from algotrendy.cli.session import api_client

    with api_client() as api:
        demo_trading.trade(api, console, _price())


def _price() -> Decimal:
    """Ask the paper exchange for the last price: it speaks Alpaca's protocol."""
    import httpx

    from algotrendy.exchange.wiring import ExchangeOptions
    from algotrendy.platform.settings import settings

    address = f"{settings().need('exchange_url')}/v2/stocks/{demo_trading.SYMBOL}/trades/latest"
    keys = ExchangeOptions()
    headers = {"APCA-API-KEY-ID": keys.key_id, "APCA-API-SECRET-KEY": keys.secret}
    answer = httpx.get(address, headers=headers, timeout=10).raise_for_status()
    return Decimal(str(answer.json()["trade"]["p"]))


def _verify(console: Console) -> None:
    from algotrendy.cli.ledger import LedgerDiffersError, verified

    found = verified()
    for each in found.differences:
        console.print(f"    {each}", markup=False)
    if found.differences:
        raise LedgerDiffersError("the ledger is not sound after the demo")
    console.print(f"    {found}", markup=False)


def _conclude(console: Console, fetched: Any, out: Path, seconds: float) -> None:
    from algotrendy.cli.deployed import StudyFailedError
    from algotrendy.cli.sweep_view import print_outcome

    runs = fetched.summary["runs"]
    if runs < LEAST_RUNS:
        raise StudyFailedError(f"the demo must run {LEAST_RUNS:,} backtests or more, ran {runs:,}")
    print_outcome(console, fetched.table, fetched.summary, out)
    console.print(f"{runs:,} backtests on the deployed workflow; {seconds:.0f} s in all")
    console.print("The platform goes on running: `algotrendy status`, `algotrendy down`.")
    console.print("[bold green]demo: OK[/bold green]")
