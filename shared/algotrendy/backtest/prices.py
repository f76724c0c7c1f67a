"""What a sweep costs in the cloud: every price that an estimate uses, with its date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices in USD, without the free tiers and whatever discount an account has.

    Attributes:
        as_of: When they were read, ISO 8601.
        lambda_gb_second: A GB of a function's memory for a second, on arm64.
        lambda_request: One invocation.
        transition: One state entered by a standard workflow.
        s3_write: One PUT or LIST of an object.
        s3_read: One GET of an object.
    """

    region: str
    as_of: str
    lambda_gb_second: float
    lambda_request: float
    transition: float
    s3_write: float
    s3_read: float


PRICES: Final = Prices(
    region="us-east-1",
    as_of="2026-11-23",
    lambda_gb_second=0.0000133334,
    lambda_request=0.20e-6,
    transition=0.025e-3,
    s3_write=0.005e-3,
    s3_read=0.0004e-3,
)
"""Read from the pricing pages of AWS Lambda, AWS Step Functions and Amazon S3."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a sweep on Step Functions uses.

    Attributes:
        gb_seconds: Memory of its functions times the time that they run.
    """

    gb_seconds: float
    requests: int
    transitions: int
    s3_writes: int
    s3_reads: int

    def dollars(self, prices: Prices = PRICES) -> float:
        """Give what that costs."""
        return (
            self.gb_seconds * prices.lambda_gb_second
            + self.requests * prices.lambda_request
            + self.transitions * prices.transition
            + self.s3_writes * prices.s3_write
            + self.s3_reads * prices.s3_read
        )
