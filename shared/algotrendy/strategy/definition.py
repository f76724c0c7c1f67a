"""Say what a strategy is: what it may be told, what it needs to remember, what it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.own import Indicators, State
from algotrendy.strategy.parameters import Parameter, Rule, Value, Values
from algotrendy.strategy.schedules import Schedule

Decide = Callable[[Any, Any, Any], None]
"""Called after a bar's close: ``decide(market, own, p)``.

``market`` is a `strategy.market.Market`, ``own`` the strategy's state and indicators by name,
``p`` its parameters by name. Compiled, they are stand-ins of the same names: a function of numbers
that uses nothing else runs both ways, bit for bit.
"""
OnFill = Callable[[Any, Any, Any, Any], None]
"""Called for each fill, before ``decide``: ``on_fill(market, own, p, fill)``."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy: a function of the market so far and its own state that places orders.

    Attributes:
        name: Snake case, unique in the library.
        summary: What it does, in a sentence for the report.
        source: Where it comes from, so that a reader can check it.
        parameters: What it is told, ``p.<name>``.
        decide: Called once a bar.
        warm_up: How many bars it must have seen before it can place its first order.
        rules: Constraints between parameters.
        state: What it remembers, ``own.<name>``: a float with its first value, or a `Vector`.
        indicators: What is brought up to date before each call, ``own.<name>``.
        timeframes: Longer timeframes that it reads besides its own, ``market.on(1)`` and so on.
        assets: The least number of assets that it trades.
        on_fill: Called for each fill.
        schedules: Called after ``decide``'s bar, but before it, whenever they are due.
    """

    name: str
    summary: str
    source: str
    parameters: tuple[Parameter, ...]
    decide: Decide
    warm_up: Callable[[Values], int]
    rules: tuple[Rule, ...] = ()
    state: State = field(default_factory=dict, hash=False)
    indicators: Indicators = field(default_factory=dict, hash=False)
    timeframes: tuple[str, ...] = ()
    assets: int = 1
    on_fill: OnFill | None = None
    schedules: tuple[tuple[Schedule, Decide], ...] = ()

    def check(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Give a value for every parameter: the checked one, or the default.

        Raises:
            Invalid: If a name is unknown, a value out of range or a rule broken; the field is
                ``parameters.<name>``.
        """
        self.check_names(given)
        values = {p.name: p.check(given.get(p.name, p.default)) for p in self.parameters}
        for rule in self.rules:
            if not rule.holds(values):
                raise Invalid(f"parameters.{rule.name}", rule.expected, dict(values))
        return values

    def check_names(self, given: Mapping[str, object]) -> None:
        """Refuse a name that is no parameter.

        Raises:
            Invalid: Naming the first such name and the ones there are.
        """
        known = [p.name for p in self.parameters]
        for name in given:
            if name not in known:
                expected = f"one of {', '.join(known)}" if known else "absent: it takes none"
                raise Invalid(f"parameters.{name}", expected, name)

    def allows(self, values: Values) -> bool:
        """Tell whether every rule between the parameters holds."""
        return all(rule.holds(values) for rule in self.rules)
