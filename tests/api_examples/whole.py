"""Put the examples of all capabilities together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from algotrendy.operations.openapi import described, said
from algotrendy.operations.openapi_examples import Examples
from api_examples import identity, live, market, research, trading
from api_examples.asking import Ask, World, recorded
from api_examples.problems import probes, problems

FILE = Path(__file__).parents[2] / "shared/algotrendy/operations/openapi_examples.json"
ASKS: dict[str, Ask] = {
    **identity.ASKS,
    **market.ASKS,
    **research.ASKS,
    **live.ASKS,
    **trading.ASKS,
}


def worlds(folder: Path) -> dict[str, World]:
    """Make what stands behind each capability, by its tag; results lie in a folder."""
    return {
        "identity": identity.IdentityWorld(),
        "market_data": market.MarketWorld(),
        "backtest": research.ResearchWorld(folder),
        "live": live.LiveWorld(),
        "trading": trading.TradingWorld(),
    }


def recorded_text(behind: Mapping[str, World]) -> str:
    """Ask for every example, and give the file that keeps what was answered.

    Args:
        behind: New worlds, of which nobody has asked anything.
    """
    document = described(said(), Examples())
    operations = recorded(document, behind, ASKS) | probes(document)
    found = {"operations": operations, "problems": problems()}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"
