"""Say what a strategy is: what it may be told, what it needs to remember, what it decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from algotrendy.kernel.errors import Invalid
from algotrendy.strategy.context import Account, Bars
from algotrendy.strategy.own import Indicators, State
from algotrendy.strategy.parameters import Parameter, Rule, Value, Values

Memory = list[float]
Arguments = tuple[Any, ...]
Decide = Callable[[Bars, Memory, Arguments, Account], None]
"""Called once a bar, after its close: ``decide(bars, memory, parameters, account)``.

``memory`` is the strategy's own state, floats that start at 0.0 and last for one run;
``parameters`` are the values in the order of the definition, ints and floats as it says. All are
plain arrays and numbers on purpose: the same source can be compiled.
"""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy: a function of the bars so far and its own memory that places orders.

    Attributes:
        name: Snake case, unique in the library.
        summary: What it does, in a sentence for the report.
        source: Where it comes from, so that a reader can check it.
        parameters: In the order in which ``decide`` is given their values.
        decide: Called once a bar.
        warm_up: How many bars it must have seen before it can place its first order.
        memory: How many floats it keeps.
        rules: Constraints between parameters.
    """

    name: str
    summary: str
    source: str
    parameters: tuple[Parameter, ...]
    decide: Decide
    warm_up: Callable[[Values], int]
    memory: int = 0
    rules: tuple[Rule, ...] = ()
    state: State = field(default_factory=dict, hash=False)
    indicators: Indicators = field(default_factory=dict, hash=False)
    timeframes: tuple[str, ...] = ()
    assets: int = 1
    on_fill: Callable[..., None] | None = None
    schedules: tuple[tuple[str, Callable[..., None]], ...] = ()

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
