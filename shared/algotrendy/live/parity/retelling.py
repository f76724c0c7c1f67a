"""Tell a strategy its recorded inputs again, and hear whether it asks for the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import Decision
from algotrendy.backtest.engine.step_state import StepState
from algotrendy.backtest.engine.stepping import Stepped, Stepper
from algotrendy.live.parity.books import NEW_ORDERS
from algotrendy.live.parity.records import RecordedStep

ORDER_KINDS = ("market", "limit", "stop", "stop limit", "trailing stop")
"""What the kernel's codes of kinds are called."""
_FEW = 4


def retell(setting: Setting, steps: Iterable[RecordedStep]) -> Iterator[Stepped]:
    """Tell a strategy steps from the first one on, and give what it asks for at each.

    Each step begins with the state that was recorded of the one before, where one was: so what
    differs in one differs in that one alone.

    Raises:
        Exception: Whatever the strategy raises.
    """
    stepper = Stepper(setting)
    for step in steps:
        yield stepper.step(step.inputs)
        if step.state and step.digest != stepper.state.digest():
            stepper.state = StepState.from_json(step.state)


def in_words(decisions: Sequence[Decision], symbols: Sequence[str]) -> str:
    """Say what was asked for."""
    said = [_words(each, symbols[each.asset]) for each in decisions[:_FEW]]
    more = len(decisions) - len(said)
    if more > 0:
        said.append(f"and {more} more")
    return ", ".join(said) or "nothing"


def _words(each: Decision, symbol: str) -> str:
    if each.kind not in NEW_ORDERS:
        return f"{each.kind} order {each.order} of {symbol}"
    verb = "buy" if each.side > 0 else "sell"
    prices = [
        f"{name} {price:g}"
        for name, price in (
            ("limit", each.limit),
            ("stop", each.stop),
            ("trail", each.trail_price or each.trail_percent),
        )
        if price
    ]
    return " ".join((f"{verb} {each.units:g} {symbol}, {ORDER_KINDS[each.order_kind]}", *prices))
