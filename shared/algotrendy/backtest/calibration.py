"""Take the costs that fills really had into the terms of the next backtest, and say so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from algotrendy.backtest.engine.terms import Terms

if TYPE_CHECKING:
    from algotrendy.backtest.engine.setting import Setting

LEAST_FILLS: Final = 20
"""With fewer orders a mean says nothing yet, and the terms stay as they are."""
_SLIPPAGE_MOST: Final = 5_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slippage:
    """How much worse than the market's price orders were filled.

    Attributes:
        symbol: Whose; empty for all together.
        order_kind: In words, such as "market"; empty for all that slip.
        orders: How many were measured.
        mean_bps: In basis points of the price, below 0 where fills were better.
        low_bps, high_bps: The mean's 95 % interval, where two or more were measured.
    """

    symbol: str
    order_kind: str
    orders: int
    mean_bps: float
    low_bps: float | None
    high_bps: float | None

    @property
    def interval(self) -> str:
        """Say the interval in words; empty where there is none."""
        if self.low_bps is None or self.high_bps is None:
            return ""
        return f"{self.low_bps:.2f} to {self.high_bps:.2f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What fills of a run really cost.

    Attributes:
        source: Which fills were measured, in words.
        each: By symbol and kind of order.
        slipping: All orders that slip, which limits do not; None where none was filled.
        fee_bps: All fees in basis points of all that was traded; None where nothing was.
    """

    source: str
    each: tuple[Slippage, ...] = ()
    slipping: Slippage | None = None
    fee_bps: float | None = None

    @property
    def is_enough(self) -> bool:
        """Say whether enough was measured to go by."""
        return self.slipping is not None and self.slipping.orders >= LEAST_FILLS

    def terms(self, assumed: Terms) -> Terms:
        """Put the measured costs in the place of the assumed ones; too few change nothing.

        Spread and impact are in the slippage that was measured. Slippage below 0, which no term
        can be, counts as none.
        """
        if self.slipping is None or not self.is_enough:
            return assumed
        slippage = min(max(self.slipping.mean_bps, 0.0), _SLIPPAGE_MOST)
        measured = replace(assumed, slippage_bps=slippage, spread=0.0, impact_bps=0.0)
        if self.fee_bps is None:
            return measured
        return replace(
            measured,
            fee_bps=min(max(self.fee_bps, 0.0), _SLIPPAGE_MOST),
            fee_per_unit=0.0,
            fee_minimum=0.0,
            fee_most_bps=0.0,
            sale_fee_bps=0.0,
            sale_fee_per_unit=0.0,
        )

    def applied(self, setting: Setting) -> Setting:
        """Give a setting on these costs, whose report says where they are from."""
        return replace(setting, terms=self.terms(setting.terms), calibration=self)

    def in_words(self) -> str:
        """Say what was measured, and whether it is what a backtest goes by."""
        found = self.slipping
        if found is None:
            return f"Nothing was measured of {self.source}, so costs are as assumed."
        interval = f" (95 % interval {found.interval})" if found.interval else ""
        measured = (
            f"Fills of {self.source} slipped by {found.mean_bps:.2f} basis points{interval} over "
            f"{found.orders:,} orders that slip"
        )
        fee = "" if self.fee_bps is None else f", fees were {self.fee_bps:.2f} basis points"
        if not self.is_enough:
            return f"{measured}{fee}: fewer than {LEAST_FILLS}, so costs are as assumed."
        return f"{measured}{fee}. The terms take these, not assumed ones."
