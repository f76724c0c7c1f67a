"""Lend units to those who sell short, as far as there are any."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.exchange.rules import corporate
from algotrendy.exchange.venue.balances import FindAsset
from algotrendy.exchange.venue.model import ZERO
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.decimals import EXACT

BORROW_YEAR = 360


class Lending:
    """Knows what is lent of each symbol, over all accounts together."""

    def __init__(self, terms: VenueTerms, assets: FindAsset) -> None:
        self._rate = terms.borrow_rate
        self._assets = assets
        self._lent: dict[str, Decimal] = {}

    def left(self, symbol: str) -> Decimal:
        """Give how many units may still be borrowed."""
        left = EXACT.subtract(self._assets(symbol).borrowable, self._lent.get(symbol, ZERO))
        return max(left, ZERO)

    def move(self, symbol: str, before: Decimal, after: Decimal) -> None:
        """Take note of a position's change; quantities below zero are borrowed."""
        if before < 0 or after < 0:
            lent = self._lent.get(symbol, ZERO) + min(before, ZERO) - min(after, ZERO)
            self._lent[symbol] = lent

    def fee(self, shorts: Decimal, nights: int) -> Decimal:
        """Give the fee for shorts of a market value, which is negative, over some nights."""
        return corporate.borrow_fee(shorts, self._rate, nights, BORROW_YEAR)
