"""Read how a workflow says that a study ended."""

from __future__ import annotations

import json
from typing import Any, Literal, Self, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from algotrendy.backtest.failures import failures
from algotrendy.backtest.lifecycle import Study, StudyStatus
from algotrendy.backtest.ports import Blobs, StudyT
from algotrendy.backtest.reduce import read_summary
from algotrendy.backtest.studies import Studies
from algotrendy.kernel.errors import Conflict


class Outcome(BaseModel):
    """What the last step of a workflow is given: of a sweep or of a walk forward.

    Attributes:
        error: Name of the error that ended it.
        cause: What Step Functions knows of it; for a Lambda, JSON with ``errorMessage``.
    """

    model_config = ConfigDict(frozen=True)

    sweep_id: UUID | None = None
    walk_forward_id: UUID | None = None
    outcome: Literal["succeeded", "failed"]
    error: str = ""
    cause: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.sweep_id is None) == (self.walk_forward_id is None):
            raise ValueError("either a sweep_id or a walk_forward_id")
        return self

    @property
    def study_id(self) -> UUID:
        """Give the id of whichever it is."""
        return cast("UUID", self.sweep_id or self.walk_forward_id)

    def record(self, studies: Studies[Any], blobs: Blobs) -> Study[Any]:
        """Note the outcome in the ledger; noted twice, it changes nothing.

        A study that was cancelled meanwhile stays so.
        """
        try:
            return self._recorded(studies, blobs)
        except Conflict:
            found: Study[Any] = studies.store.get(self.study_id)
            if found.status is StudyStatus.CANCELLED:
                return found
            raise

    def _recorded(self, studies: Studies[StudyT], blobs: Blobs) -> StudyT:
        if self.outcome == "succeeded":
            return studies.record_success(self.study_id, read_summary(self.study_id, blobs))
        told = [each for each in failures(self.study_id, blobs) if each not in self.reason]
        return studies.record_failure(self.study_id, "; ".join([self.reason, *told]))

    @property
    def reason(self) -> str:
        """Say why it failed, for a person."""
        try:
            known = json.loads(self.cause)
            message = str(known["errorMessage"])
        except (ValueError, KeyError, TypeError):
            message = self.cause
        if "signal: killed" in message:
            message += "; most likely the function's memory was not enough"
        return f"{self.error}: {message}".strip(": ") or "the workflow failed without a word"
