"""`algotrendy brokers`: what each broker can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from algotrendy.brokers.capabilities import Capabilities


def brokers(
    exchange: Annotated[
        str, typer.Option("--exchange", help="Which of ccxt's exchanges to show.")
    ] = "binance",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the capability table: what is not in it is refused before it is sent.

    Nothing is asked of any broker. For ccxt it says what ccxt tells of the exchange and what of
    that is mapped; the others are fixed.
    """
    tables = {**_fixed(), f"ccxt ({exchange})": asyncio.run(_ccxt(exchange))}
    if as_json:
        typer.echo(json.dumps({name: _json(table) for name, table in tables.items()}, indent=2))
        return
    console = Console()
    console.print(_table(tables))
    for name, table in tables.items():
        for note in table.notes:
            console.print(Text(f"{name}: {note}", style="dim"))


def _fixed() -> dict[str, Capabilities]:
    from algotrendy.brokers.alpaca.capabilities import CAPABILITIES as ALPACA
    from algotrendy.brokers.quantconnect.capabilities import CAPABILITIES as QUANTCONNECT
    from algotrendy.brokers.simulated.broker import CAPABILITIES as SIMULATED

    return {"alpaca": ALPACA, "quantconnect": QUANTCONNECT, "simulated": SIMULATED}


async def _ccxt(exchange: str) -> Capabilities:
    from algotrendy.brokers.ccxt.capabilities import capabilities_at

    return await capabilities_at(exchange)


def _table(tables: dict[str, Capabilities]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("", style="dim")
    for name in tables:
        shown.add_column(name)
    rows = {name: _json(table) for name, table in tables.items()}
    for field in next(iter(rows.values())):
        if field != "notes":
            shown.add_row(field.replace("_", " "), *(_cell(row[field]) for row in rows.values()))
    return shown


def _cell(value: Any) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case None:
            return "-"
        case list():
            return ", ".join(value) or "-"
        case dict():
            return "\n".join(f"{name}: {', '.join(times)}" for name, times in value.items()) or "-"
        case _:
            return str(value)


def _json(table: Capabilities) -> dict[str, Any]:
    special = table.fractional_times
    return {
        "asset_classes": _names(table.asset_classes),
        "order_types": _names(table.order_types),
        "times_in_force": _names(table.times_in_force),
        "times_by_type": {
            kind.value: _names(table.times_by_type[kind]) for kind in sorted(table.times_by_type)
        },
        "order_classes": _names(table.order_classes),
        "fractional": table.fractional,
        "fractional_times": None if special is None else _names(special),
        "notional": table.notional,
        "short": table.short,
        "extended_hours": table.extended_hours,
        "replace": table.replace,
        "keeps_order_id": table.keeps_order_id,
        "activities": table.activities,
        "stream": table.stream.value,
        "client_order_id_length": table.client_order_id_length,
        "requests_per_minute": table.requests_per_minute,
        "notes": list(table.notes),
    }


def _names(values: Iterable[str]) -> list[str]:
    return sorted(str(value) for value in values)
