"""Answer with the status page, its document, and how the service itself is."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.page import DOCUMENT, INDEX, LATE, pages_of
from algotrendy.operations.status.ports import BoardStore
from services.answers import Answer, Route, json_answer

_logger = logging.getLogger(__name__)


class Shown:
    """Gives the board that is shown: the one that is kept, or the last that could be read.

    Attributes:
        trouble: Why the last look could not be kept; empty if it was.
    """

    def __init__(self, store: BoardStore) -> None:
        self._store = store
        self._last = Board()
        self.trouble = ""

    def board(self) -> Board:
        """Give it; what a person has just written is in it."""
        try:
            self._last = self._store.load().board
        except AlgoTrendyError as error:
            _logger.warning("%s", error.message)
        return self._last


def routes(shown: Shown, clock: Clock) -> Mapping[str, Route]:
    """Give the routes."""

    def page(name: str) -> Answer:
        found = pages_of(shown.board(), clock.now())[name]
        # Anybody may read it, from anywhere: a program on another page too.
        return Answer(found.body, found.content_type, headers={"Access-Control-Allow-Origin": "*"})

    def ready() -> Answer:
        looked_at = shown.board().looked_at
        age_s = None if looked_at is None else (clock.now() - looked_at).total_seconds()
        is_late = age_s is not None and age_s > LATE.total_seconds()
        told = {
            "status": "unready" if shown.trouble or is_late else "ready",
            "ready": not shown.trouble and not is_late,
            "looked_at": None if looked_at is None else looked_at.isoformat(),
            "age_s": age_s,
        }
        is_well = told["ready"]
        return json_answer(told, HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE)

    return {
        "/": lambda: page(INDEX),
        f"/{INDEX}": lambda: page(INDEX),
        f"/{DOCUMENT}": lambda: page(DOCUMENT),
        "/health": lambda: json_answer({"status": "alive"}),
        "/ready": ready,
    }
