"""Give the routes of backtesting what they stand on; a test overrides these dependencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Response

from algotrendy.backtest import wiring
from algotrendy.backtest.ports import StudyRunner, StudyT
from algotrendy.backtest.request import ResearchSpec
from algotrendy.backtest.studies import Studies
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.identity.app import CurrentPrincipal
from algotrendy.market_data import wiring as bars_wiring
from algotrendy.market_data.ports import BarStore
from algotrendy.platform.blobs import Blobs
from algotrendy.platform.telemetry import correlation_id

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
# What each route needs of its caller stands in identity/routes.py.
Viewer = CurrentPrincipal
Researcher = CurrentPrincipal
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


class Asking:
    """Takes a request for a study in: for whom, under which key, and how it is answered."""

    def __init__(
        self,
        principal: Researcher,
        publish: Publish,
        response: Response,
        idempotency_key: IdempotencyKey,
    ) -> None:
        self._principal = principal
        self._publish = publish
        self._response = response
        self._key = idempotency_key

    def accepted(self, use_cases: Studies[StudyT], spec: ResearchSpec, path: str) -> StudyT:
        """Store the study and publish that, and say under which path it is looked at."""
        study = use_cases.request(
            spec,
            tenant=self._principal.tenant,
            requested_by=self._principal.subject,
            idempotency_key=self._key,
            correlation_id=correlation_id(),
        )
        self._publish()
        self._response.headers["location"] = f"{path}/{study.id}"
        self._response.headers["retry-after"] = str(POLL_AFTER_S)
        return study


Asked = Annotated[Asking, Depends()]
