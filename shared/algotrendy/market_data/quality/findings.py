"""What can be wrong with market data, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from algotrendy.kernel.errors import Invalid


class Kind(StrEnum):
    """What is wrong."""

    MISSING_SESSION = "missing_session"
    MISSING_BARS = "missing_bars"
    OUTSIDE_SESSIONS = "outside_sessions"
    DUPLICATE = "duplicate"
    STALE = "stale"
    OUTLIER = "outlier"
    UNAPPLIED_SPLIT = "unapplied_split"
    ZERO_VOLUME = "zero_volume"
    CROSSED_QUOTES = "crossed_quotes"
    STALE_QUOTES = "stale_quotes"
    REFUSED_TRADES = "refused_trades"
    STREAM_HOLE = "stream_hole"


class Weight(StrEnum):
    """How much it matters: an error is wrong for certain, a warning is likely to be."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, from the first to the last bar or trade that has it.

    Attributes:
        first, last: Nanoseconds since 1970 UTC; for daily bars 00:00 of the session date.
        count: How many bars, sessions, trades or quotes it is.
        detail: What a person needs to judge it.
    """

    kind: Kind
    weight: Weight
    first: int
    last: int
    count: int
    detail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """When something counts as wrong.

    Attributes:
        stale_bars: So many bars in a row with one and the same price.
        outlier_mads: A return this many (normal-scaled) MADs from the median of its neighbours.
        neighbours: Bars on each side that a return is compared with, at least.
        least_move: No return smaller than this is an outlier, as a logarithm.
        undone: A move is a slip when the next bars take back this part of it.
        split_tolerance: How far an overnight ratio may be from that of a split, as a logarithm.
        quote_age_s: A quote older than this, while the market is open, is stale.
    """

    stale_bars: int = 5
    outlier_mads: float = 12.0
    neighbours: int = 64
    least_move: float = 0.02
    undone: float = 0.7
    split_tolerance: float = 0.04
    quote_age_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse rules that would find everything, or nothing."""
        for name in ("stale_bars", "neighbours"):
            if getattr(self, name) < 2:
                raise Invalid(f"rules.{name}", "2 or more", getattr(self, name))
        for name in ("outlier_mads", "least_move", "undone", "split_tolerance", "quote_age_s"):
            if not getattr(self, name) > 0:
                raise Invalid(f"rules.{name}", "above 0", getattr(self, name))

    @classmethod
    def for_bars(cls, *, daily: bool) -> Self:
        """Give the usual rules: within a day, a quiet share has one price for many bars."""
        return cls() if daily else cls(stale_bars=60, least_move=0.01)
