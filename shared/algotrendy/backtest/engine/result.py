"""Say what one run did: its curves, its fills, its orders, and what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from algotrendy.backtest.engine.raw import Raw, Table
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.trades import Trade, TradeBook
from algotrendy.exchange.rules.codes import HELD, PARTLY_FILLED

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    import pandas as pd

    from algotrendy.backtest.outputs.summary import Summary

Mode = Literal["compiled", "interpreted"]


@dataclass(frozen=True)
class Backtest:
    """One run of a strategy.

    Attributes:
        setting: What was run, on what, on which terms.
        raw: What the engine left behind.
        mode: How the strategy ran.
        why_interpreted: Why it was not compiled; empty when it was, or was not to be.
    """

    setting: Setting
    raw: Raw
    mode: Mode
    why_interpreted: str = ""

    @property
    def time(self) -> NDArray[np.int64]:
        """Give when each step was, nanoseconds since 1970 UTC, shape (steps,)."""
        return self.setting.dataset.timeline

    @property
    def equity(self) -> NDArray[np.float64]:
        """Give cash and positions at each step's closes, shape (steps,)."""
        return self.raw.equity

    @property
    def exposure(self) -> NDArray[np.float64]:
        """Give the gross value of the positions at each step's closes, shape (steps,)."""
        return self.raw.exposure

    @property
    def cash(self) -> NDArray[np.float64]:
        """Give the cash at each step's end, shape (steps,)."""
        return self.raw.cash

    @property
    def fills(self) -> Table:
        """Give the fills: step, asset, order, units (below 0 for a sale), price, fee, slippage.

        Order 0 is nobody's: a split, at a price of 0, or the end of a listing.
        """
        return self.raw.done

    @property
    def orders(self) -> Table:
        """Give the orders, that of id i in row i - 1: as placed or changed, and how they ended."""
        return self.raw.log

    @cached_property
    def notional(self) -> NDArray[np.float64]:
        """Give the notional of each fill in the account's currency, shape (fills,)."""
        fills, assets = self.fills, self.setting.dataset.assets
        unit = np.array([asset.multiplier for asset in assets])[fills["asset"]]
        rates = self.setting.rates
        if rates is not None:
            unit = unit * rates[fills["step"], fills["asset"]]
        traded = np.where(fills["order"] > 0, np.abs(fills["units"]), 0.0)
        notional: NDArray[np.float64] = traded * fills["price"] * unit
        return notional

    @cached_property
    def trades(self) -> tuple[Trade, ...]:
        """Give the closed round trips of all assets, in the order of their ends."""
        closed = [trade for book in self._books for trade in book.closed]
        return tuple(sorted(closed, key=lambda trade: (trade.exit_bar, trade.entry_bar)))

    @cached_property
    def open_trades(self) -> tuple[Trade, ...]:
        """Give what is open of round trips, valued at the last closes."""
        places = range(len(self.setting.dataset.assets))
        return tuple(trade for place in places for trade in self.trades_of(place)[1])

    def trades_of(self, place: int) -> tuple[tuple[Trade, ...], tuple[Trade, ...]]:
        """Give the round trips of one asset: those that ended, and what is open, if anything."""
        asset, book = self.setting.dataset.assets[place], self._books[place]
        if not len(asset.base):
            return (), ()
        unit = asset.multiplier * self._last_rate(asset.symbol)
        still = book.marked(len(self.time) - 1, float(asset.base.close[-1]) * unit)
        return tuple(book.closed), () if still is None else (still,)

    @property
    def unfilled(self) -> int:
        """Count the orders that were still open at the end."""
        states = self.orders["state"]
        return int(np.count_nonzero((states >= HELD) & (states <= PARTLY_FILLED)))

    @property
    def cut(self) -> int:
        """Count what cash, holdings or lots made smaller."""
        return self.raw.account.cut

    @property
    def bars_held(self) -> int:
        """Count the steps at whose end there was a position."""
        return int(np.count_nonzero(self.exposure))

    def costs(self) -> dict[str, float]:
        """Give what was paid and earned besides prices, in the account's currency."""
        account = self.raw.account
        return {
            "fees": account.fees,
            "slippage": account.slippage,
            "borrow": account.borrow,
            "interest": account.interest,
            "dividends": account.dividends,
        }

    def to_frame(self) -> pd.DataFrame:
        """Give equity, cash and exposure by time, as a pandas frame."""
        import pandas as pd

        columns = {"equity": self.equity, "cash": self.cash, "exposure": self.exposure}
        return pd.DataFrame(columns, index=pd.DatetimeIndex(self.time, tz="UTC", name="time"))

    def summary(self) -> Summary:
        """Give the key figures as a table that prints, in a terminal or a notebook."""
        from algotrendy.backtest.outputs.summary import summary_of

        return summary_of(self)

    def report(self, path: str | PathLike[str], **options: Any) -> Path:
        """Write the report: one HTML page that loads nothing; options as of ``render_run``."""
        from algotrendy.backtest.outputs.writing import write_bytes
        from algotrendy.backtest.report.run import render_run

        return write_bytes(path, render_run(self, **options))

    def to_json(self) -> str:
        """Give setting, hashes, figures, assumptions and warnings as JSON, without curves."""
        from algotrendy.backtest.outputs.json_form import to_json

        return to_json(self)

    def save_json(self, path: str | PathLike[str]) -> Path:
        """Write ``to_json`` to a file."""
        from algotrendy.backtest.outputs.writing import write_bytes

        return write_bytes(path, self.to_json().encode() + b"\n")

    def to_parquet(self, folder: str | PathLike[str]) -> tuple[Path, ...]:
        """Write equity.parquet, fills.parquet, orders.parquet and trades.parquet."""
        from algotrendy.backtest.adapters.parquet_tables import write_run

        return write_run(self, folder)

    def _repr_html_(self) -> str:
        return self.summary().to_html()

    @cached_property
    def _books(self) -> tuple[TradeBook, ...]:
        books = tuple(TradeBook() for _ in self.setting.dataset.assets)
        units = np.array([asset.multiplier for asset in self.setting.dataset.assets])
        rates = self.setting.rates
        for fill in self.fills:
            asset = int(fill["asset"])
            unit = float(
                units[asset] if rates is None else units[asset] * rates[fill["step"], asset]
            )
            price = float(fill["price"]) * unit
            change = float(fill["units"])
            # A split leaves something; an end of the listing for nothing leaves none.
            if not fill["order"] and not price and change != -books[asset].position:
                books[asset].split(change)
                continue
            books[asset].add(int(fill["step"]), change, price, float(fill["fee"]))
        return books

    def _last_rate(self, symbol: str) -> float:
        rates = self.setting.rates
        place = self.setting.dataset.symbols.index(symbol)
        return 1.0 if rates is None else float(rates[-1, place])

    def __repr__(self) -> str:
        name, symbols = self.setting.strategy.name, ", ".join(self.setting.dataset.symbols[:3])
        final: Any = self.equity[-1] if len(self.equity) else self.setting.terms.cash
        return (
            f"<Backtest {name} on {symbols}: {len(self.time):,} bars, {len(self.fills):,} fills, "
            f"final equity {final:,.2f}, {self.mode}>"
        )
