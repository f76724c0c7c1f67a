"""Say what the paper exchange needs from a market."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    Split,
    TradeEvent,
)
from algotrendy.kernel.instrument import AssetClass

Action = TypeVar("Action", Split, Dividend)


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that can be traded here.

    Attributes:
        id: UUID text, the same for a symbol on every start.
        borrowable: Units that can be sold short over all accounts together; 0 for none.
        quantity_step: Least quantity, and what every quantity is a multiple of.
        price_step: Least step between prices of 1.00 and above; equities have 0.0001 below.
    """

    id: str
    symbol: str
    name: str
    asset_class: AssetClass
    venue: str
    fractionable: bool = True
    marginable: bool = True
    borrowable: Decimal = Decimal(1_000_000)
    tradable: bool = True
    quantity_step: Decimal = Decimal("0.000000001")
    price_step: Decimal = Decimal("0.01")


class MarketSource(Protocol):
    """A market that can be played from any moment, the same way each time.

    Everything is a function of the source's inputs and seed: two calls with the same arguments
    give the same events, so that history and the live tape agree.
    """

    def assets(self) -> Sequence[Asset]:
        """List what is traded, by symbol."""
        ...

    def span(self) -> tuple[int, int | None]:
        """Give first and last moment (ns) that can be played; None: no end."""
        ...

    def events(self, start_ns: int, end_ns: int) -> Iterator[MarketEvent]:
        """Play ``start_ns <= time < end_ns`` in order of time.

        There are quotes, trades, minute bars, splits and dividends. A bar is told at the end of
        its span: ``time_ns + span_ns`` lies in the range.
        """
        ...

    def bars(self, symbol: str, span_ns: int, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
        """Give whole bars of a span (minutes to a day) that begin in the range, oldest first."""
        ...

    def ticks(self, symbol: str, start_ns: int, end_ns: int) -> Iterator[QuoteEvent | TradeEvent]:
        """Give one symbol's quotes and trades in the range, oldest first."""
        ...

    def actions(
        self, symbol: str, kind: type[Action], start_ns: int, end_ns: int
    ) -> Sequence[Action] | None:
        """Give one symbol's splits, or its dividends, of a range as ``events`` tells them.

        Gives None where the market cannot know them, which is not the same as that there are none.
        """
        ...
