"""A step of a run as it is kept: what was told, what was decided, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from algotrendy.backtest.engine.step_records import Decision, StepInputs
from algotrendy.kernel.errors import JsonValue
from algotrendy.kernel.ids import OrderId
from algotrendy.live.runs import RunId


class Fate(StrEnum):
    """What became of a decision when its step was stored."""

    ADMITTED = "admitted"  # it is an order of the ledger
    REFUSED = "refused"  # limits or buying power spoke against it
    IMPOSSIBLE = "impossible"  # no broker, or not this one, takes such an order
    CANCELLING = "cancelling"  # the end of its order is asked for
    JOINED = "joined"  # it is a part of another decision's order, as the exits of a bracket are
    IDLE = "idle"  # there was nothing left to do: its order is over
    SHADOWED = "shadowed"  # a shadow's: nobody was asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one decision.

    Attributes:
        number: Of the decision in its step.
        client_order_id: Of the order that was placed, or is being cancelled; empty for none.
        reason: Why not, for a person.
        breaches: The limits that spoke against it, as ``risk.decision.Breach.fields`` gives them.
    """

    number: int
    fate: Fate
    client_order_id: str = ""
    order_id: OrderId | None = None
    reason: str = ""
    breaches: tuple[Mapping[str, JsonValue], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStep:
    """A step that was done.

    Attributes:
        bar_at: When its bars were known, nanoseconds since 1970 UTC.
        lake_version: That the bars were read from.
        state: Of the strategy after it, ``StepState.to_json``; its SHA-256 is ``digest``.
        equity: Cash and positions of the run's part at the closes of the step, before it decided.
    """

    run_id: RunId
    step: int
    bar_at: int
    decided_at: datetime
    lake_version: int
    inputs: StepInputs
    decisions: tuple[Decision, ...]
    outcomes: tuple[Outcome, ...]
    state: str
    digest: str
    equity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOrder:
    """An order of a run, as its strategy knows it.

    Attributes:
        desk_order: The id that the strategy's desk gave it; an order that took another one's place
            has that one's. 0: the platform's own, which closed a position.
        order_id: In the ledger; None where it was never admitted.
        role: In its group, as ``exchange.rules.codes`` name it.
        leg_of: The order of the ledger whose exit it is, where the broker holds it.
        told: Executions that the strategy was told of.
        is_over: Whether the strategy was told that it is over.
    """

    run_id: RunId
    client_order_id: str
    desk_order: int
    step: int
    number: int
    asset: int
    order_id: OrderId | None
    role: int = 0
    leg_of: OrderId | None = None
    told: tuple[str, ...] = ()
    is_over: bool = False
