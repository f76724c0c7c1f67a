"""What is known of a symbol beside its price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.risk.book import ZERO


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of a symbol beside its price; the default is the careful one.

    Attributes:
        margin_rate: Part of a position's value that it needs, the greater of long and short.
        borrowable: Units that can be borrowed to be sold short; None for any number.
        calendar: When its market is open; None for always.
    """

    asset_class: AssetClass = AssetClass.EQUITY
    margin_rate: Decimal = Decimal(1)
    borrowable: Decimal | None = ZERO
    calendar: TradingCalendar | None = None

    def __post_init__(self) -> None:
        """Refuse a negative rate or number."""
        if require_decimal(self.margin_rate, "margin_rate") < 0:
            raise Invalid("margin_rate", "zero or more", self.margin_rate)
        if self.borrowable is not None and require_decimal(self.borrowable, "borrowable") < 0:
            raise Invalid("borrowable", "zero or more", self.borrowable)


UNKNOWN_TERMS: Final = Terms()
