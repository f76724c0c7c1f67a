"""Write what a strategy was told and what it asked for as text, and read it again, to the bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from algotrendy.backtest.engine.step_records import (
    AccountSeen,
    BarSeen,
    Decision,
    FillSeen,
    OrderSeen,
    StepInputs,
)
from algotrendy.kernel.errors import Invalid


def inputs_to_json(inputs: StepInputs) -> str:
    """Write the inputs of a step; floats by their shortest exact text."""
    return json.dumps(asdict(inputs), allow_nan=False, separators=(",", ":"))


def inputs_from_json(text: str) -> StepInputs:
    """Read what `inputs_to_json` wrote.

    Raises:
        Invalid: If it is anything else.
    """
    try:
        read = json.loads(text)
        account = read["account"]
        return StepInputs(
            step=read["step"],
            now=read["now"],
            bars=tuple(BarSeen(**bar) for bar in read["bars"]),
            account=AccountSeen(
                cash=account["cash"],
                positions=tuple(account["positions"]),
                entry_prices=tuple(account["entry_prices"]),
                fills=tuple(FillSeen(**fill) for fill in account["fills"]),
                orders=tuple(OrderSeen(**order) for order in account["orders"]),
            ),
            due=read["due"],
            sends=read["sends"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid("inputs", "as a step has written them", text) from error


def decisions_to_json(decisions: Sequence[Decision]) -> str:
    """Write the decisions of a step; floats by their shortest exact text."""
    written = [asdict(decision) for decision in decisions]
    return json.dumps(written, allow_nan=False, separators=(",", ":"))


def decisions_from_json(text: str) -> tuple[Decision, ...]:
    """Read what `decisions_to_json` wrote.

    Raises:
        Invalid: If it is anything else.
    """
    try:
        return tuple(Decision(**decision) for decision in json.loads(text))
    except (ValueError, TypeError) as error:
        raise Invalid("decisions", "as a step has written them", text) from error
