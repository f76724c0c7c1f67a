"""Find the limits on what may be lost that are broken: VaR, Expected Shortfall and stress.

They are of what is held, open orders apart. A position that has no past is not in VaR and Expected
Shortfall; in the stress it is, at its whole value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

from algotrendy.kernel.instrument import Symbol
from algotrendy.risk.book import Book
from algotrendy.risk.decision import Breach, Limit
from algotrendy.risk.engine import standing_breaches
from algotrendy.risk.limits import BookLimits, Limits, TailLimit
from algotrendy.risk.loss import (
    TailLoss,
    historical_tail_loss,
    normal_tail_loss,
    profits_of,
    standard_deviation,
)
from algotrendy.risk.state import RiskState
from algotrendy.risk.stress import stakes_of, stressed

_COIN: Final = Decimal("0.01")
_LOOSE: Final = Context(prec=80)


@dataclass(frozen=True, slots=True)
class Past:
    """How prices moved: daily returns by symbol over the same days, and their deviations."""

    returns: Mapping[Symbol, Sequence[float]]
    deviations: Mapping[Symbol, float]

    @classmethod
    def of(cls, returns: Mapping[Symbol, Sequence[float]]) -> Past:
        """Measure how far the returns lie apart; at least two of each symbol."""
        return cls(returns, {each: standard_deviation(found) for each, found in returns.items()})


def broken_limits(state: RiskState, limits: Limits, past: Past) -> tuple[Breach, ...]:
    """Find every limit that is broken now, on what is held and ordered and on what may be lost."""
    return (*standing_breaches(state, limits), *tail_breaches(state, limits, past))


def tail_breaches(state: RiskState, limits: Limits, past: Past) -> tuple[Breach, ...]:
    """Find the limits on what the account, and each strategy, may lose that are broken now.

    Costs a look at each day of the past of each symbol, for each book that has such a limit.
    """
    breaches: list[Breach] = []
    for book, rules in _watched(state, limits):
        _check_tails(rules, book, past, breaches)
        if rules.stress_loss is not None:
            worst = stressed(stakes_of(state, past.deviations, book))[0]
            _most(breaches, Limit.STRESS_LOSS, book, rules.stress_loss, -worst.profit)
    return tuple(breaches)


def held_symbols(state: RiskState) -> frozenset[Symbol]:
    """Give what the account holds, and what its strategies hold against each other."""
    return frozenset(
        symbol
        for book in state.books()
        for symbol, holding in book.holdings.items()
        if holding.position
    )


def _watched(state: RiskState, limits: Limits) -> Iterable[tuple[Book, BookLimits]]:
    if limits.account.watches_tails:
        yield state.account, limits.account
    for strategy, book in state.strategies.items():
        rules = limits.by_strategy.get(strategy)
        if rules is not None and rules.watches_tails:
            yield book, rules


def _check_tails(rules: BookLimits, book: Book, past: Past, breaches: list[Breach]) -> None:
    if rules.value_at_risk is None and rules.expected_shortfall is None:
        return
    values = {
        symbol: float(holding.exposure.value)
        for symbol, holding in book.holdings.items()
        if holding.position and symbol in past.returns
    }
    if not values:
        return
    profits = profits_of(values, past.returns)
    if (var := rules.value_at_risk) is not None:
        worst = max(each.var for each in _measured(profits, var))
        _most(breaches, Limit.VALUE_AT_RISK, book, var.loss, worst)
    if (es := rules.expected_shortfall) is not None:
        worst = max(each.es for each in _measured(profits, es))
        _most(breaches, Limit.EXPECTED_SHORTFALL, book, es.loss, worst)


def _measured(profits: Sequence[float], limit: TailLimit) -> tuple[TailLoss, TailLoss]:
    """Measure the tail as it was, and if returns were normal: either may see what none did."""
    confidence = float(limit.confidence)
    return (
        historical_tail_loss(profits, confidence),
        normal_tail_loss(0.0, standard_deviation(profits), confidence),
    )


def _most(breaches: list[Breach], limit: Limit, book: Book, most: Decimal, loss: float) -> None:
    # An estimate says nothing below a hundredth.
    actual = Decimal(loss).quantize(_COIN, ROUND_HALF_EVEN, _LOOSE)
    if actual > most:
        breaches.append(Breach(limit, book.name, most, actual))
