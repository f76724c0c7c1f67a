"""Say what of a run should be doubted before it is believed."""

from __future__ import annotations

import math

import numpy as np

from algotrendy.backtest.outputs.findings import Findings
from algotrendy.backtest.statistics.series import DAY_NS

FEW_TRADES = 30
BEST = 5
MOST_OF_PROFIT = 0.5
SURE = 0.95
_SATURDAY = 5


def cautions_of(findings: Findings) -> tuple[str, ...]:
    """Give the warnings in words, the gravest first; empty when there is nothing to say."""
    found = (
        _ruin(findings),
        _few_trades(findings),
        _concentrated(findings),
        _uncertain(findings),
        _fragile(findings),
        _cut(findings),
        _unfilled(findings),
        _interpreted(findings),
        _weekends(findings),
    )
    return tuple(words for words in found if words)


def share_of_best(profits: np.ndarray, best: int = BEST) -> float | None:
    """Give what part of the net profit the best trades made; None without a profit."""
    net = math.fsum(profits)
    if net <= 0.0:
        return None
    return math.fsum(np.sort(profits)[-best:]) / net


def _ruin(findings: Findings) -> str:
    account = findings.backtest.raw.account
    if account.is_ruined:
        return "The account was ruined: its equity fell to 0 or below while it held positions."
    if account.margin_calls:
        return f"There were {_counted(account.margin_calls, 'margin call')}: all was closed."
    return ""


def _few_trades(findings: Findings) -> str:
    count = len(findings.backtest.trades)
    if count == 0:
        return "There is no closed trade: nothing can be said of how the strategy trades."
    if count < FEW_TRADES:
        return (
            f"There {'is' if count == 1 else 'are'} only {_counted(count, 'closed trade')}; with "
            f"fewer than {FEW_TRADES}, luck and skill look the same."
        )
    return ""


def _concentrated(findings: Findings) -> str:
    profits = findings.trips.profit[~findings.trips.is_open]
    if len(profits) <= BEST:
        return ""
    share = share_of_best(profits)
    if share is None or share <= MOST_OF_PROFIT:
        return ""
    if share >= 1.0:
        return f"Without the best {BEST} of {len(profits):,} trades the profit would be a loss."
    return f"The best {BEST} of {len(profits):,} trades made {share:.0%} of the profit."


def _uncertain(findings: Findings) -> str:
    trust = findings.full.confidence
    if trust.deflated_sharpe is not None and trust.deflated_sharpe < SURE:
        return (
            f"After {trust.trials:,} trials the probability that the Sharpe ratio is above 0 is "
            f"{trust.deflated_sharpe:.0%}; {SURE:.0%} is usually asked for."
        )
    if trust.probabilistic_sharpe is not None and trust.probabilistic_sharpe < SURE:
        return (
            f"The probability that the Sharpe ratio is above 0 is {trust.probabilistic_sharpe:.0%} "
            f"even if nothing else was tried; {SURE:.0%} is usually asked for."
        )
    return ""


def _fragile(findings: Findings) -> str:
    if not findings.scenarios:
        return ""
    given, harsh = (found.statistics.total_return for found in findings.scenarios[1:])
    if given > 0.0 >= harsh:
        return f"Under harsh fills the gain of {given:.1%} becomes a loss of {abs(harsh):.1%}."
    return ""


def _cut(findings: Findings) -> str:
    cut = findings.backtest.cut
    if not cut:
        return ""
    were = "was" if cut == 1 else "were"
    return f"{_counted(cut, 'fill')} {were} made smaller by cash, holdings or whole units."


def _unfilled(findings: Findings) -> str:
    left = findings.backtest.unfilled
    if not left:
        return ""
    was = "was" if left == 1 else "were"
    return f"{_counted(left, 'order')} {was} still open at the end, not filled or not wholly."


def _interpreted(findings: Findings) -> str:
    reason = findings.backtest.why_interpreted
    return f"It ran interpreted, because it could not be compiled: {reason}" if reason else ""


def _weekends(findings: Findings) -> str:
    if not findings.is_daily or findings.periods_per_year > 300.0:
        return ""
    begins = findings.backtest.setting.dataset.assets[0].base.time
    # The first day of 1970 was a Thursday.
    if not len(begins) or np.mean((begins // DAY_NS + 3) % 7 >= _SATURDAY) < 0.2:
        return ""
    return (
        f"The bars go on over weekends, but {findings.periods_per_year:g} of them are taken for a "
        "year: annualised figures are too low. Say --calendar always-open, or how many there are "
        "by --periods-per-year; in a notebook calendar= or periods_per_year=."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
