"""Write steps as text, and read them back bit for bit: JSON, whose numbers Python writes exactly.

Records are lists of their fields in order, as there are many of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any

from algotrendy.backtest.engine.step_records import (
    AccountSeen,
    BarSeen,
    Decision,
    FillSeen,
    OrderSeen,
    StepInputs,
)
from algotrendy.kernel.ids import OrderId, parse_order_id
from algotrendy.live.steps import Fate, Outcome


def bars_text(bars: Iterable[BarSeen]) -> str:
    """Write bars."""
    return _text([astuple(bar) for bar in bars])


def bars_of(text: str) -> tuple[BarSeen, ...]:
    """Read bars."""
    return tuple(BarSeen(*fields) for fields in json.loads(text))


def inputs_text(inputs: StepInputs) -> str:
    """Write what a step was told, but for its bars."""
    account = inputs.account
    return _text(
        {
            "step": inputs.step,
            "now": inputs.now,
            "due": inputs.due,
            "sends": inputs.sends,
            "cash": account.cash,
            "positions": account.positions,
            "entry_prices": account.entry_prices,
            "fills": [astuple(fill) for fill in account.fills],
            "orders": [astuple(order) for order in account.orders],
        }
    )


def inputs_of(text: str, bars: Sequence[BarSeen]) -> StepInputs:
    """Read what a step was told."""
    found: dict[str, Any] = json.loads(text)
    account = AccountSeen(
        cash=found["cash"],
        positions=tuple(found["positions"]),
        entry_prices=tuple(found["entry_prices"]),
        fills=tuple(FillSeen(*fields) for fields in found["fills"]),
        orders=tuple(OrderSeen(*fields) for fields in found["orders"]),
    )
    return StepInputs(
        found["step"], found["now"], tuple(bars), account, found["due"], found["sends"]
    )


def decisions_text(decisions: Iterable[Decision]) -> str:
    """Write decisions."""
    return _text([astuple(decision) for decision in decisions])


def decisions_of(text: str) -> tuple[Decision, ...]:
    """Read decisions."""
    return tuple(Decision(*fields) for fields in json.loads(text))


def outcomes_text(outcomes: Iterable[Outcome]) -> str:
    """Write what became of decisions."""
    return _text(
        [
            {
                "number": each.number,
                "fate": each.fate.value,
                "client_order_id": each.client_order_id,
                "order_id": None if each.order_id is None else str(each.order_id),
                "reason": each.reason,
                "breaches": [dict(breach) for breach in each.breaches],
            }
            for each in outcomes
        ]
    )


def outcomes_of(text: str) -> tuple[Outcome, ...]:
    """Read what became of decisions."""
    return tuple(
        Outcome(
            number=each["number"],
            fate=Fate(each["fate"]),
            client_order_id=each["client_order_id"],
            order_id=_order_id(each["order_id"]),
            reason=each["reason"],
            breaches=tuple(each["breaches"]),
        )
        for each in json.loads(text)
    )


def _order_id(text: str | None) -> OrderId | None:
    return None if text is None else parse_order_id(text)


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
