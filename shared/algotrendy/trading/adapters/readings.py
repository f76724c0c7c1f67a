"""Read prices as the sources of prices write them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from algotrendy.kernel.clock import parse_time
from algotrendy.kernel.decimals import EXACT, MAX_DIGITS_EACH_SIDE, require_decimal, rounded
from algotrendy.kernel.errors import Invalid

_TWO: Final = Decimal(2)


def read_number(told: object) -> Decimal | None:
    """Read a number; None for none, or for one that the ledger cannot hold."""
    if told is None:
        return None
    try:
        return require_decimal(Decimal(str(told)), "number")
    except (Invalid, InvalidOperation):
        return None


def read_price(told: object) -> Decimal | None:
    """Read a price; None for none, which some write as zero."""
    price = read_number(told)
    return price if price is not None and price > 0 else None


def read_time(told: object) -> datetime | None:
    """Read a moment, as a text or as milliseconds since 1970; None for none, or for no moment."""
    try:
        if isinstance(told, str):
            return parse_time(told)
        if isinstance(told, int | float) and not isinstance(told, bool):
            return datetime.fromtimestamp(told / 1000, UTC)
    except (Invalid, ValueError, OverflowError, OSError):
        return None
    return None


def last_of(bid: Decimal | None, ask: Decimal | None, traded: Decimal | None) -> Decimal | None:
    """Say what a symbol is worth; None where neither a trade nor both sides of a quote are known.

    Where it is seldom traded the last trade is old: what is bid and asked bounds it.
    """
    if bid is None or ask is None or bid > ask:
        return traded
    if traded is None:
        return rounded(EXACT.divide(EXACT.add(bid, ask), _TWO), MAX_DIGITS_EACH_SIDE)
    return min(max(traded, bid), ask)


def made_at_of(
    bid: Decimal | None,
    ask: Decimal | None,
    traded: Decimal | None,
    quoted_at: datetime | None,
    traded_at: datetime | None,
) -> datetime | None:
    """Say when the market made what ``last_of`` gives; None where it does not tell.

    A quote around the last trade says that its price still stands; one beside it overrules it.
    """
    is_bounded = bid is not None and ask is not None and bid <= ask
    if not is_bounded:
        return traded_at
    if traded is None or traded != last_of(bid, ask, traded):
        return quoted_at
    return max((at for at in (quoted_at, traded_at) if at is not None), default=None)
