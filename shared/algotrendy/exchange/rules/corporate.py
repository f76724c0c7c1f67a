"""Say what dividends, splits and borrowed shares do to a position and to cash.

One source for floats and decimals, as in `positions`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

N = TypeVar("N", float, Decimal)


def dividend(quantity: N, per_share: N) -> N:
    """Give the cash of a dividend; negative for a short, which owes it to the lender."""
    return quantity * per_share


def split_size(quantity: N, new: int, old: int) -> N:
    """Give what a quantity becomes when ``new`` shares stand for ``old`` ones."""
    return quantity * new / old


def whole_part(size: N, step: N, slack: N) -> N:
    """Give the part of a quantity that is a whole number of steps; the rest is cashed in lieu.

    Args:
        size: Signed.
        step: Least quantity that may be held, > 0.
        slack: Part of a step that a float may lack and still be whole, 0 for decimals.
    """
    whole = (abs(size) / step + slack) // 1 * step
    if size < 0:
        return -whole
    return whole


def split_price(price: N, new: int, old: int) -> N:
    """Give what a price of before a split is after it."""
    return price * old / new


def borrow_fee(short_value: N, annual_rate: N, nights: int, days_in_year: int) -> N:
    """Give what borrowing shares costs, >= 0.

    Args:
        short_value: Market value of the shorts at the session's close; its sign does not matter.
        annual_rate: 0.003 is 0.3 % a year.
        nights: Calendar days until the next close.
        days_in_year: 360 where the lender counts so, as Alpaca does.

    Source: Alpaca, "Margin and Short Selling", stock borrow rates.
    """
    return abs(short_value) * annual_rate * nights / days_in_year
