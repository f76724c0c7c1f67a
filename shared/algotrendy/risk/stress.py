"""Say what a portfolio would lose if prices jumped, scenario by scenario.

The scenarios of one day are the falls of the S&P 500, which every share then takes alike.

Source: Hartford Funds, "10 Worst Single-Day Percent Declines for US Stocks 1981-2024".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.risk.book import Book
from algotrendy.risk.state import RiskState
from algotrendy.risk.terms import UNKNOWN_TERMS


@dataclass(frozen=True, slots=True)
class Stake:
    """A position as scenarios see it.

    Attributes:
        value: In the account's currency, below zero for a short.
        deviation: Standard deviation of its returns over the span that is asked for, >= 0.
    """

    symbol: Symbol
    asset_class: AssetClass
    value: float
    deviation: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no number, and a negative deviation."""
        if not math.isfinite(self.value):
            raise Invalid("value", "finite", self.value)
        if not (math.isfinite(self.deviation) and self.deviation >= 0):
            raise Invalid("deviation", "finite, zero or more", self.deviation)


@dataclass(frozen=True, slots=True)
class Shock:
    """A scenario of jumps: the nearest one counts, a symbol's before its class's before all's.

    Changes are parts of the price, at least -1: -0.2 is a fall by a fifth.
    """

    name: str
    everything: float = 0.0
    classes: Mapping[AssetClass, float] = field(default_factory=dict)
    symbols: Mapping[Symbol, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a price below zero."""
        for place, change in (
            ("everything", self.everything),
            *((f"classes.{kind}", change) for kind, change in self.classes.items()),
            *((f"symbols.{symbol}", change) for symbol, change in self.symbols.items()),
        ):
            if not (math.isfinite(change) and change >= -1):
                raise Invalid(place, "finite, -1 or more", change)

    def profit(self, stake: Stake) -> float:
        """Give what one position makes of it; a loss is below zero."""
        change = self.symbols.get(stake.symbol)
        if change is None:
            change = self.classes.get(stake.asset_class, self.everything)
        return stake.value * change

    def applied(self, stakes: Iterable[Stake]) -> StressResult:
        """Give what all positions make of it."""
        parts = {stake.symbol: self.profit(stake) for stake in stakes}
        return StressResult(self.name, math.fsum(parts.values()), parts)


@dataclass(frozen=True, slots=True)
class CorrelationOne:
    """All prices move together, so many deviations each, in the direction that costs more.

    Diversification is gone; a hedge still counts, as it moves along.
    """

    name: str
    deviations: float

    def __post_init__(self) -> None:
        """Refuse a move that is none."""
        if not (math.isfinite(self.deviations) and self.deviations > 0):
            raise Invalid("deviations", "finite, above zero", self.deviations)

    def applied(self, stakes: Iterable[Stake]) -> StressResult:
        """Give what all positions make of it, zero at best."""
        moves = {each.symbol: each.value * each.deviation * self.deviations for each in stakes}
        direction = -1.0 if math.fsum(moves.values()) > 0 else 1.0
        parts = {symbol: direction * move for symbol, move in moves.items()}
        return StressResult(self.name, math.fsum(parts.values()), parts)


@dataclass(frozen=True, slots=True)
class StressResult:
    """What a scenario does: ``profit`` in all and by symbol; losses are below zero."""

    scenario: str
    profit: float
    by_symbol: Mapping[Symbol, float]


Scenario = Shock | CorrelationOne

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Shock("black-monday-1987", classes={AssetClass.EQUITY: -0.2047}),
    Shock("financial-crisis-2008-10-15", classes={AssetClass.EQUITY: -0.0903}),
    Shock("pandemic-2020-03-16", classes={AssetClass.EQUITY: -0.1198}),
    Shock("everything-down-a-tenth", everything=-0.1),
    Shock("everything-up-a-tenth", everything=0.1),
    Shock("crypto-halves", classes={AssetClass.CRYPTO: -0.5}),
    CorrelationOne("all-as-one-three-deviations", 3.0),
)


def stressed(
    stakes: Iterable[Stake], scenarios: Iterable[Scenario] = SCENARIOS
) -> tuple[StressResult, ...]:
    """Apply each scenario, the worst result first."""
    held = tuple(stakes)
    symbols = [stake.symbol for stake in held]
    if len(set(symbols)) != len(symbols):
        raise Invalid("stakes", "one a symbol", ", ".join(sorted(symbols)))
    return tuple(sorted((each.applied(held) for each in scenarios), key=lambda one: one.profit))


def stakes_of(
    state: RiskState, deviations: Mapping[Symbol, float], book: Book | None = None
) -> tuple[Stake, ...]:
    """Give the account's positions as they are, open orders apart.

    Args:
        state: Of the account.
        deviations: Of returns, by symbol; one that is not there is taken for zero.
        book: Of a strategy, whose positions are asked for instead.
    """
    return tuple(
        Stake(
            symbol,
            state.terms.get(symbol, UNKNOWN_TERMS).asset_class,
            float(holding.exposure.value),
            deviations.get(symbol, 0.0),
        )
        for symbol, holding in (book or state.account).holdings.items()
        if holding.position
    )
