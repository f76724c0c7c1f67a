"""Compute what a sale of shares costs: the SEC's section 31 fee and FINRA's trading activity fee.

The arithmetic is one source for floats and decimals, as in `positions`; the rates are data, by the
day of the trade in New York. Brokers pass both on to the seller, rounded up to a cent.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar

N = TypeVar("N", float, Decimal)


UNCHECKED: Final = "not confirmed"
"""Stands in a source that exists, of which not all that is said here could be read."""


@dataclass(frozen=True, slots=True)
class Section31Rate:
    """Dollars per million of sales, from a day on."""

    since: date
    per_million: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class ActivityRate:
    """Dollars a share sold, and at most so much a trade, from a day on."""

    since: date
    per_share: Decimal
    most: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class SaleRates:
    """What holds on one day, in the form that `sale_fee` takes."""

    section_31: Decimal  # of the value
    per_share: Decimal
    most: Decimal


SECTION_31: Final = (
    Section31Rate(date(2018, 5, 22), Decimal("13.00"), "FINRA Information Notice 5/7/18"),
    Section31Rate(date(2019, 4, 16), Decimal("20.70"), "SEC Fee Rate Advisory 2, FY 2019"),
    Section31Rate(date(2020, 2, 18), Decimal("22.10"), "SEC Fee Rate Advisory 2, FY 2020"),
    Section31Rate(date(2021, 2, 25), Decimal("5.10"), "SEC Fee Rate Advisory 2, FY 2021"),
    Section31Rate(
        date(2022, 5, 14), Decimal("22.90"), f"SEC Fee Rate Advisory 2, FY 2022; day {UNCHECKED}"
    ),
    Section31Rate(date(2023, 2, 27), Decimal("8.00"), "SEC Release 34-96724, 88 FR 5051"),
    Section31Rate(date(2024, 5, 22), Decimal("27.80"), "SEC Release 34-99973, 89 FR 29402"),
    Section31Rate(date(2025, 5, 14), Decimal("0.00"), "SEC Release 34-102779, 90 FR 15492"),
    Section31Rate(
        date(2026, 4, 4),
        Decimal("20.60"),
        f"SEC Release 34-104909, 91 FR 10643; rate and day {UNCHECKED}",
    ),
)
"""Oldest first; before the first day the first rate holds."""

_2020 = f"FINRA fees of 85 FR 66592; days and amounts {UNCHECKED}"
_2024 = f"SR-FINRA-2024-019, 89 FR 93709, which raises it in 2026 to 2029; amounts {UNCHECKED}"
_PUT_OFF = f"{_2024}; said to be put off to 2029 by SR-FINRA-2026-020, which is {UNCHECKED} either"
TRADING_ACTIVITY: Final = (
    ActivityRate(
        date(2012, 7, 1), Decimal("0.000119"), Decimal("5.95"), f"77 FR 38690; day {UNCHECKED}"
    ),
    ActivityRate(date(2022, 1, 1), Decimal("0.000130"), Decimal("6.49"), _2020),
    ActivityRate(date(2023, 1, 1), Decimal("0.000145"), Decimal("7.27"), _2020),
    ActivityRate(date(2024, 1, 1), Decimal("0.000166"), Decimal("8.30"), _2020),
    ActivityRate(date(2026, 1, 1), Decimal("0.000195"), Decimal("9.79"), _2024),
    ActivityRate(date(2027, 1, 1), Decimal("0.000232"), Decimal("11.61"), _PUT_OFF),
    ActivityRate(date(2028, 1, 1), Decimal("0.000240"), Decimal("12.05"), _PUT_OFF),
)
"""Oldest first; before the first day the first rate holds.

Left out, since it is not confirmed: SR-FINRA-2026-021 (91 FR 60435), which is said to ask for
nothing from 2026-10-01 to 2026-12-31.
"""


def rates_on(day: date) -> SaleRates:
    """Give the rates for a trade of a day in New York."""
    section_31 = _on(day, SECTION_31, [rate.since for rate in SECTION_31])
    activity = _on(day, TRADING_ACTIVITY, [rate.since for rate in TRADING_ACTIVITY])
    return SaleRates(section_31.per_million / 1_000_000, activity.per_share, activity.most)


def section_31_fee(value: N, rate: N) -> N:
    """Give the SEC's fee of a sale, not rounded.

    Args:
        value: Price times quantity, >= 0.
        rate: Part of the value: 20.60 dollars a million is 0.0000206.
    """
    return value * rate


def trading_activity_fee(quantity: N, per_share: N, most: N) -> N:
    """Give FINRA's fee of a sale, not rounded."""
    fee = quantity * per_share
    if fee > most:
        return most
    return fee


def rounded_up(amount: N, step: N, slack: N) -> N:
    """Round an amount >= 0 up to a whole number of steps.

    Args:
        amount: Not negative.
        step: 0.01 for cents.
        slack: Part of a step that a float may have too much, 0 for decimals.
    """
    steps = amount / step
    whole = steps // 1
    if steps - whole > slack:
        whole = whole + 1
    return whole * step


def sale_fee(quantity: N, value: N, section_31: N, per_share: N, most: N, step: N, slack: N) -> N:
    """Give both fees of one sale, each rounded up to a step.

    Source: SEC, Exchange Act section 31; FINRA By-Laws, Schedule A, section 1.
    """
    return rounded_up(section_31_fee(value, section_31), step, slack) + rounded_up(
        trading_activity_fee(quantity, per_share, most), step, slack
    )


R = TypeVar("R", Section31Rate, ActivityRate)


def _on(day: date, rates: tuple[R, ...], since: list[date]) -> R:
    return rates[max(bisect_right(since, day) - 1, 0)]
