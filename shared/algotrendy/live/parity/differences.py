"""Name what may differ between a run and its backtest, why, and what it cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.decimals import EXACT

ZERO = Decimal(0)
CENT = Decimal("0.01")


class Cause(StrEnum):
    """Say why something differs."""

    FILL_PRICE = "fill price"  # the market gave another price than the engine's rules
    FEE = "fee"  # fees, dividends or interest were others than the terms say
    LATENCY = "latency"  # filled in a later bar, or still waiting
    PARTIAL = "partial"  # filled for another part of what was asked
    CORRECTION = "correction of data"  # a bar was corrected after the decision
    REJECT = "broker reject"
    LIMIT = "limit"  # our own limits of risk refused it
    PAUSED = "paused"  # nothing was to be sent: paused, late, stopped or flattened
    CONSEQUENCE = "consequence"  # the account was another one, by the differences before
    UNEXPLAINED = "our bug"

    @property
    def is_explained(self) -> bool:
        """Say whether somebody knows why."""
        return self is not Cause.UNEXPLAINED


class Subject(StrEnum):
    """Say what differs."""

    DECISION = "decision"
    ORDER = "order"
    FILL = "fill"
    MONEY = "money"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference between a run and its backtest.

    Attributes:
        step: Of the decision that it belongs to; of money, the last one.
        at: The close of that step's bars, nanoseconds since 1970 UTC.
        order: The client order id; empty where there is none.
        expected: What the backtest has, in words.
        found: What the ledger has, in words.
        cost: What the run lost by it against the backtest, below zero what it gained; in the
            account's currency.
    """

    subject: Subject
    cause: Cause
    step: int
    at: int
    symbol: str = ""
    order: str = ""
    expected: str
    found: str
    cost: Decimal = ZERO


def total_cost(differences: Iterable[Difference]) -> Decimal:
    """Add up what differences cost, exactly."""
    total = ZERO
    for each in differences:
        total = EXACT.add(total, each.cost)
    return total
