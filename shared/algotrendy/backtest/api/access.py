"""Give the routes of backtesting what they stand on; a test overrides these dependencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header

from algotrendy.backtest import wiring
from algotrendy.backtest.ports import StudyRunner
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.identity.api import require
from algotrendy.identity.principal import Principal, Role
from algotrendy.market_data import wiring as bars_wiring
from algotrendy.market_data.ports import BarStore
from algotrendy.platform.blobs import Blobs

CAPABILITY = "backtest"
LINKS_LAST_S = 3600
POLL_AFTER_S = 1


def sweeps() -> Sweeps:
    """Give the use cases of sweeps of this deployment."""
    return wiring.sweeps()


def trials() -> TrialLedger:
    """Give the ledger of trials of this deployment."""
    return wiring.trials()


def walk_forwards() -> WalkForwards:
    """Give the use cases of walk-forwards of this deployment."""
    return wiring.walk_forwards()


def results() -> Blobs:
    """Give where results lie."""
    return wiring.results()


def publish() -> Callable[[], None]:
    """Give what publishes events that were committed."""
    return wiring.publish_committed


def runner() -> StudyRunner:
    """Give what runs sweeps."""
    return wiring.runner()


def walk_runner() -> StudyRunner:
    """Give what runs walk-forwards."""
    return wiring.walk_runner()


def bar_store() -> BarStore:
    """Give the bars of this deployment."""
    return bars_wiring.bar_store()


UseCases = Annotated[Sweeps, Depends(sweeps)]
Ledger = Annotated[TrialLedger, Depends(trials)]
Walks = Annotated[WalkForwards, Depends(walk_forwards)]
Results = Annotated[Blobs, Depends(results)]
Bars = Annotated[BarStore, Depends(bar_store)]
Runner = Annotated[StudyRunner, Depends(runner)]
WalkRunner = Annotated[StudyRunner, Depends(walk_runner)]
Publish = Annotated[Callable[[], None], Depends(publish)]
Viewer = Annotated[Principal, Depends(require(Role.VIEWER))]
Researcher = Annotated[Principal, Depends(require(Role.RESEARCHER))]
IdempotencyKey = Annotated[
    str,
    Header(
        description="Yours, unique for this request: sent again with it, the same answer comes "
        "back and nothing is run twice.",
        min_length=1,
        max_length=128,
        examples=["sma-aapl-2026-11-22"],
    ),
]
