"""Round trips: what was made from being flat to being flat again."""

from __future__ import annotations

from dataclasses import dataclass, field

from algotrendy.exchange.rules.quantities import whole


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip, or what is open of one.

    Attributes:
        entry_bar: Of the first fill, from 0.
        exit_bar: Of the last fill; for an open trade, the bar that values it.
        units: The most shares held, below 0 for a short trade.
        entry_price, exit_price: Mean prices, weighted by shares.
        fees: Paid on all its fills, and not on a sale that has not happened.
        pnl: Won or lost, after fees.
    """

    entry_bar: int
    exit_bar: int
    units: float
    entry_price: float
    exit_price: float
    fees: float
    pnl: float


@dataclass(slots=True)
class TradeBook:
    """Turns fills into round trips. A fill that crosses zero ends one trade and begins another."""

    closed: list[Trade] = field(default_factory=list)
    _position: float = 0.0
    _entry_bar: int = 0
    _entered: float = 0.0
    _entry_notional: float = 0.0
    _exited: float = 0.0
    _exit_notional: float = 0.0
    _fees: float = 0.0
    _peak: float = 0.0

    def add(self, bar: int, units: float, price: float, fee: float) -> None:
        """Take a fill; ``units`` is below 0 for a sale."""
        if self._position * units >= 0.0:
            self._enter(bar, units, price, fee)
            return
        leaving = units if abs(units) <= abs(self._position) else -self._position
        part = fee if leaving == units else fee * (leaving / units)
        self._exited += abs(leaving)
        self._exit_notional += abs(leaving) * price
        self._fees += part
        self._position = _on_billionths(self._position + leaving)
        if self._position == 0.0:
            self.closed.append(self._trade(bar))
            if leaving != units:
                self._enter(bar, _on_billionths(units - leaving), price, fee - part)

    @property
    def position(self) -> float:
        """Give the units held, below 0 when short."""
        return self._position

    def split(self, change: float) -> None:
        """Take what a split adds to the position, or takes from it; nothing is paid."""
        if self._position:
            ratio = (self._position + change) / self._position
            self._position = _on_billionths(self._position + change)
            self._entered *= ratio
            self._exited *= ratio
            self._peak *= ratio

    def marked(self, bar: int, price: float) -> Trade | None:
        """Value the open trade at a price, or give None when flat."""
        if self._position == 0.0:
            return None
        rest = abs(self._position)
        return self._trade(bar, rest, rest * price)

    def _enter(self, bar: int, units: float, price: float, fee: float) -> None:
        if self._position == 0.0:
            self._entry_bar, self._fees, self._peak = bar, 0.0, 0.0
            self._entered = self._entry_notional = self._exited = self._exit_notional = 0.0
        self._position = _on_billionths(self._position + units)
        self._entered += abs(units)
        self._entry_notional += abs(units) * price
        self._fees += fee
        if abs(self._position) > abs(self._peak):
            self._peak = self._position

    def _trade(self, bar: int, rest: float = 0.0, rest_notional: float = 0.0) -> Trade:
        exit_notional = self._exit_notional + rest_notional
        made = exit_notional - self._entry_notional
        return Trade(
            entry_bar=self._entry_bar,
            exit_bar=bar,
            units=self._peak,
            entry_price=self._entry_notional / self._entered,
            exit_price=exit_notional / (self._exited + rest),
            fees=self._fees,
            pnl=(made if self._peak > 0 else -made) - self._fees,
        )


def _on_billionths(quantity: float) -> float:
    return whole(quantity) if quantity >= 0.0 else -whole(-quantity)
