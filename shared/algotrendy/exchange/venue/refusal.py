"""Name the ways in which the venue refuses, with Alpaca's numbers for them."""

from __future__ import annotations

from enum import Enum

from algotrendy.kernel.errors import Rejected


class Reason(Enum):
    """HTTP status and code of a refusal, as Alpaca answers the same mistake."""

    MALFORMED = (400, 40010000)
    INVALID = (422, 40010001)  # a missing or impossible field, a reused client order id
    UNPROCESSABLE = (422, 42210000)  # a price increment, or the order's state or kind
    UNAUTHENTICATED = (401, 40110000)
    FORBIDDEN = (403, 40310000)  # buying power, held quantity, wash trade, short not allowed
    NOT_FOUND = (404, 40410000)  # no such order, position or asset
    TOO_MANY_REQUESTS = (429, 42910000)
    INTERNAL = (500, 50010000)

    @property
    def status(self) -> int:
        """Give the HTTP status."""
        return self.value[0]

    @property
    def number(self) -> int:
        """Give Alpaca's code."""
        return self.value[1]


class Refused(Rejected):
    """Says no to a client of the paper exchange, in Alpaca's words.

    Args:
        message: Names the field and what was expected.
        extra: What Alpaca adds to the body beside code and message, such as ``buying_power``.
    """

    code = "refused"

    def __init__(self, reason: Reason, message: str, **extra: object) -> None:
        super().__init__(message, **extra)
        self.reason = reason
