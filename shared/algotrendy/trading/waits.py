"""Workflows of orders that wait, each with the task token that leads it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from algotrendy.kernel.ids import AccountId, OrderId


class WaitingFor(StrEnum):
    """What a workflow waits for with a task token."""

    APPROVAL = "approval"
    SUBMISSION = "submission"
    END = "end"


@dataclass(frozen=True, slots=True)
class Wait:
    """A workflow that waits; each token counts until it is answered: no clock tells the newest."""

    order_id: OrderId
    waiting_for: WaitingFor
    token: str
    at: datetime


class Waits(Protocol):
    """The task tokens of workflows that wait."""

    def put(self, wait: Wait) -> None:
        """Keep a token, beside others that wait; NotFound when there is no such order."""
        ...

    def of(self, order_id: OrderId) -> Sequence[Wait]:
        """Give what an order's workflow waits for."""
        ...

    def all(self, root: AccountId) -> Sequence[Wait]:
        """Give every wait of an account's orders."""
        ...

    def end(self, wait: Wait) -> None:
        """Forget a token that was answered."""
        ...
