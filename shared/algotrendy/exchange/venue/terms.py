"""Say on what terms the paper exchange deals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class VenueTerms:
    """How this venue deals.

    Attributes:
        seed: Of ids, and of everything that is left to chance.
        liquidity: "unlimited" fills any size at the quote, as Alpaca's paper trading does;
            "quoted" fills at most what is quoted and traded, and leaves the rest.
        participation: Share of a trade's or bar's volume that orders may take, when "quoted".
        partial_fills: Chance that a fill is a random part of what it could be (Alpaca: 0.1).
        fees: "none" as Alpaca's paper trading, or "us_equity": SEC section 31 and FINRA TAF on
            sales, as Alpaca's live trading.
        always_open: Trade around the clock; tests on a laptop at night need no calendar.
        borrow_rate: Annual, of a short's market value.
    """

    seed: int = 0
    liquidity: str = "unlimited"
    participation: Decimal = Decimal("0.1")
    partial_fills: float = 0.0
    fees: str = "us_equity"
    always_open: bool = False
    borrow_rate: Decimal = Decimal("0.003")
