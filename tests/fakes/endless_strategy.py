"""A strategy that never ends with one value of its parameter, and raises with another."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from algotrendy.market_data.ports import BarStore
from algotrendy.platform.blobs import FolderBlobs
from algotrendy.strategy import library
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.parameters import Parameter
from fakes.sweep_world import open_stores

ENDLESS, RAISING = 3, 4


def _decide(market: Any, own: Any, p: Any) -> None:
    while p.number == ENDLESS:
        pass
    if p.number == RAISING:
        raise ZeroDivisionError("an average of nothing")
    market.invest()


SOMETIMES_ENDLESS = Strategy(
    name="sometimes_endless",
    summary="Never ends when its number is 3.",
    source="Made for tests.",
    parameters=(Parameter("number", "int", 1, 9, 1, "What it does"),),
    decide=_decide,
    warm_up=lambda values: 1,
)


def in_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the strategy be found by its name, in this process, for a test."""
    monkeypatch.setitem(library._ALL, SOMETIMES_ENDLESS.name, SOMETIMES_ENDLESS)


def known_here() -> None:
    """Let the strategy be found by its name, in a worker process, for good."""
    library._ALL.setdefault(SOMETIMES_ENDLESS.name, SOMETIMES_ENDLESS)


def _open(folder: str) -> tuple[FolderBlobs, BarStore]:
    known_here()
    return open_stores(folder)


def stores_with_it(folder: str) -> Any:
    """Give what opens a worker's stores, and lets it find the strategy."""
    return partial(_open, folder)
