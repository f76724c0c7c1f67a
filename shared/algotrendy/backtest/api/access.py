"""Give the routes of backtesting what they stand on; a test overrides these dependencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Response

from algotrendy.backtest import wiring
from algotrendy.backtest.ports import StudyRunner, StudyT
from algotrendy.backtest.request import ResearchSpec
from algotrendy.backtest.studies import Studies
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.backtest.trial_ledger import TrialLedger
from algotrendy.backtest.walk_forwards import WalkForwards
from algotrendy.identity.app import CurrentPrincipal
from algotrendy.kernel.cursors import cursor_to, place_of
from algotrendy.kernel.errors import Invalid
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


Cursor = Annotated[str | None, Query(description="next_cursor of the page before.")]
Before = Annotated[
    str | None, Query(description="From next_before of the last page.", deprecated=True)
]
# Not pydantic's own mark, which warns whoever reads the field.
DEPRECATED: dict[str, Any] = {"deprecated": True}
NEXT_CURSOR = "Ask for the next page with it as `cursor`; null at the end."
NEXT_BEFORE = "The same as an id, for `before`; use next_cursor."
Id = TypeVar("Id")


def older_than(
    list_name: str, cursor: str | None, before: str | None, parse: Callable[[str], Id]
) -> Id | None:
    """Read after which study or batch a page begins, however that was asked; None for the first.

    Raises:
        Invalid: If it is no cursor of this list, or asked in both ways.
    """
    if cursor is None:
        return None if before is None else parse(before)
    if before is not None:
        raise Invalid("before", "left out where there is a cursor", before)
    return parse(place_of(cursor, (list_name,), "used with the list that it was given for"))


def next_cursor(list_name: str, following: UUID | None) -> str | None:
    """Write where the next page begins, if there is one."""
    return None if following is None else cursor_to(str(following), (list_name,))


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
