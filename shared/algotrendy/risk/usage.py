"""Say how much of each limit on an account is used: 1 is all of it, more is broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from algotrendy.risk.book import EXACT, ZERO, Book
from algotrendy.risk.decision import Limit
from algotrendy.risk.limits import BookLimits

MOST_USE = 99.0
"""What is told of a limit of nothing, such as a fraction of no equity, where anything is used."""


def used(book: Book, limits: BookLimits) -> Mapping[Limit, float]:
    """Reckon how much of each standing limit a book uses, open orders at worst counted."""
    return {limit: _ratio(actual, most) for limit, actual, most in _measured(book, limits)}


def _measured(book: Book, limits: BookLimits) -> Iterator[tuple[Limit, Decimal, Decimal]]:
    exposure, equity = book.exposure, book.equity
    if limits.gross_exposure is not None:
        yield Limit.GROSS_EXPOSURE, exposure.gross, limits.gross_exposure
    if limits.net_exposure is not None:
        yield Limit.NET_EXPOSURE, exposure.net, limits.net_exposure
    if limits.leverage is not None:
        yield Limit.LEVERAGE, exposure.gross, EXACT.multiply(limits.leverage, equity)
    if limits.margin_use is not None:
        yield Limit.MARGIN_USE, exposure.margin, EXACT.multiply(limits.margin_use, equity)
    if limits.concentration is not None:
        largest = max((each.exposure.gross for each in book.holdings.values()), default=ZERO)
        yield Limit.CONCENTRATION, largest, EXACT.multiply(limits.concentration, equity)
    if limits.daily_loss is not None:
        yield Limit.DAILY_LOSS, book.loss_today, limits.daily_loss
    if limits.drawdown is not None:
        lost = EXACT.subtract(book.peak, equity)
        yield Limit.DRAWDOWN, lost, EXACT.multiply(limits.drawdown, max(book.peak, ZERO))


def _ratio(actual: Decimal, most: Decimal) -> float:
    if actual <= 0:
        return 0.0
    if most <= 0:
        return MOST_USE
    return min(float(actual) / float(most), MOST_USE)
