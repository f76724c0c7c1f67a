"""Hold what a market did in one span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import require_decimal
from algotrendy.kernel.errors import Invalid


class Timeframe(StrEnum):
    """The span of a bar."""

    MINUTE = "1Min"
    FIVE_MINUTES = "5Min"
    FIFTEEN_MINUTES = "15Min"
    HOUR = "1Hour"
    DAY = "1Day"

    @property
    def span(self) -> timedelta:
        """Give the length of time; a day is a session's date, from 00:00 UTC to the next."""
        return _SPANS[self]


_SPANS = {
    Timeframe.MINUTE: timedelta(minutes=1),
    Timeframe.FIVE_MINUTES: timedelta(minutes=5),
    Timeframe.FIFTEEN_MINUTES: timedelta(minutes=15),
    Timeframe.HOUR: timedelta(hours=1),
    Timeframe.DAY: timedelta(days=1),
}


def parse_timeframe(text: str, field: str = "timeframe") -> Timeframe:
    """Read a timeframe such as ``1Day``, or raise Invalid with those there are."""
    try:
        return Timeframe(text)
    except ValueError as error:
        raise Invalid(field, "one of " + ", ".join(Timeframe), text) from error


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, by the UTC time at which its span begins.

    Prices are above zero, ``low`` is the least and ``high`` the greatest of the four; ``volume``
    is zero or more. Anything else raises Invalid, which names the field.
    """

    time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal

    def __post_init__(self) -> None:
        """Refuse a bar that no market can have made."""
        object.__setattr__(self, "time", as_utc(self.time))
        for field in ("open", "high", "low", "close"):
            price = getattr(self, field)
            if require_decimal(price, field) <= 0:
                raise Invalid(field, "above zero", price)
        if require_decimal(self.volume, "volume") < 0:
            raise Invalid("volume", "zero or more", self.volume)
        if self.high < self.low:
            raise Invalid("high", f"at least the low, {self.low}", self.high)
        for field in ("open", "close"):
            price = getattr(self, field)
            if not self.low <= price <= self.high:
                raise Invalid(field, f"between low {self.low} and high {self.high}", price)
