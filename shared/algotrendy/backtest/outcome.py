"""Read how a workflow says that a sweep ended."""

from __future__ import annotations

import json
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from algotrendy.backtest.lifecycle import Sweep, SweepStatus
from algotrendy.backtest.ports import Blobs
from algotrendy.backtest.reduce import read_summary
from algotrendy.backtest.sweeps import Sweeps
from algotrendy.kernel.errors import Conflict
from algotrendy.kernel.ids import SweepId


class Outcome(BaseModel):
    """What the last step of the workflow is given.

    Attributes:
        error: Name of the error that ended it.
        cause: What Step Functions knows of it; for a Lambda, JSON with ``errorMessage``.
    """

    model_config = ConfigDict(frozen=True)

    sweep_id: UUID
    outcome: Literal["succeeded", "failed"]
    error: str = ""
    cause: str = ""

    def record(self, sweeps: Sweeps, blobs: Blobs) -> Sweep:
        """Note the outcome in the ledger; noted twice, it changes nothing.

        A sweep that was cancelled meanwhile stays so.
        """
        sweep_id = SweepId(self.sweep_id)
        try:
            if self.outcome == "succeeded":
                return sweeps.record_success(sweep_id, read_summary(sweep_id, blobs))
            return sweeps.record_failure(sweep_id, self.reason)
        except Conflict:
            found = sweeps.store.get(sweep_id)
            if found.status is SweepStatus.CANCELLED:
                return found
            raise

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
