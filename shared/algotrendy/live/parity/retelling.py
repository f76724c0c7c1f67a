"""Tell a strategy its recorded inputs again, and hear whether it asks for the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import Decision, StepInputs
from algotrendy.backtest.engine.stepping import Stepped, Stepper
from algotrendy.live.parity.books import NEW_ORDERS

ORDER_KINDS = ("market", "limit", "stop", "stop limit", "trailing stop")
"""What the kernel's codes of kinds are called."""
_FEW = 4


def retell(setting: Setting, inputs: Iterable[StepInputs]) -> Iterator[Stepped]:
    """Tell a strategy steps from the first one on, and give what it asks for at each.

    Raises:
        Exception: Whatever the strategy raises.
    """
    stepper = Stepper(setting, None)
    for each in inputs:
        yield stepper.step(each)


def asked(decisions: Sequence[Decision]) -> tuple[object, ...]:
    """Give decisions in one order: new orders as they were placed, then what became of others.

    Numbers in the step are left out, since nobody knows of a whole backtest in which order of
    each other it cancelled and placed.
    """
    new = [each for each in decisions if each.kind in NEW_ORDERS]
    rest = [each for each in decisions if each.kind not in NEW_ORDERS]
    rest.sort(key=lambda each: (each.order, each.kind))
    return tuple(_unnumbered(each) for each in (*new, *rest))


def in_words(decisions: Sequence[Decision], symbols: Sequence[str]) -> str:
    """Say what was asked for."""
    said = [_words(each, symbols[each.asset]) for each in decisions[:_FEW]]
    more = len(decisions) - len(said)
    if more > 0:
        said.append(f"and {more} more")
    return ", ".join(said) or "nothing"


def _unnumbered(each: Decision) -> tuple[object, ...]:
    return (
        *(each.kind, each.order, each.asset, each.side, each.order_kind, each.units),
        *(each.limit, each.stop, each.trail_price, each.trail_percent),
        *(each.tif, each.role, each.entry),
    )


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
