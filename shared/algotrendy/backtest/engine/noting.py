"""Take a strategy's orders into the rows of a run, and note each thing that it asked for."""

from __future__ import annotations

from algotrendy.backtest.engine.desk import BacktestDesk
from algotrendy.backtest.engine.records import AccountRow, AssetRow, CostRow
from algotrendy.backtest.engine.step_records import MOST_DECISIONS, Decision, DecisionKind
from algotrendy.exchange.rules.codes import TRAILING_STOP
from algotrendy.exchange.rules.groups import is_open
from algotrendy.exchange.rules.records import OrderRow
from algotrendy.kernel.errors import Rejected


class TooManyOrdersError(Rejected):
    """Says that a strategy asked for more in one step than anybody takes.

    Args:
        step: At which it did.
    """

    code = "too-many-orders"

    def __init__(self, step: int) -> None:
        super().__init__(
            f"decisions in one step must be at most {MOST_DECISIONS}, were more at step {step}",
            limit=MOST_DECISIONS,
            step=step,
        )


class NotingDesk(BacktestDesk):
    """A desk that notes what is asked of it, in the order of asking.

    Attributes:
        decisions: Of this step.
        sends: Whether anything is taken. Without, it places, changes and cancels nothing.
    """

    def __init__(
        self,
        assets: list[AssetRow],
        account: AccountRow,
        costs: CostRow,
        tables: list[list[OrderRow]],
    ) -> None:
        super().__init__(assets, account, costs, tables)
        self.decisions: list[Decision] = []
        self.sends = True
        self.has_overflowed = False

    def begin(self, step: int, now: int, *, sends: bool) -> None:
        """Begin a step, of which nothing has been asked."""
        self.step, self.now, self.sends = step, now, sends
        self.decisions = []
        self.has_overflowed = False
        self.account.is_shut = int(not sends)

    def require_room(self) -> None:
        """Refuse to go on once too much has been asked.

        A strategy that catches what it is told so gets it again, and the step has failed.

        Raises:
            TooManyOrdersError: If there were more decisions than `MOST_DECISIONS`.
        """
        if len(self.decisions) > MOST_DECISIONS:
            # What is past the limit goes at once: a strategy may catch this and ask again.
            del self.decisions[MOST_DECISIONS:]
            self.has_overflowed = True
        if self.has_overflowed:
            raise TooManyOrdersError(self.step)

    def place(
        self,
        asset: int,
        side: int,
        kind: int,
        units: float,
        limit: float,
        stop: float,
        tif: int,
        take_profit: float,
        stop_loss: float,
        stop_loss_limit: float,
    ) -> int:
        """Place an order, with its exits if any, and note each."""
        first, exits = self._asked(), (take_profit, stop_loss, stop_loss_limit)
        order = super().place(asset, side, kind, units, limit, stop, tif, *exits)
        return self._placed(first, order)

    def trail(self, asset: int, side: int, units: float, price: float, percent: float) -> int:
        """Place a trailing stop, and note it."""
        first = self._asked()
        return self._placed(first, super().trail(asset, side, units, price, percent))

    def protect(
        self, asset: int, take_profit: float, stop_loss: float, stop_loss_limit: float
    ) -> int:
        """Place two exits for the whole position, and note both."""
        first = self._asked()
        return self._placed(first, super().protect(asset, take_profit, stop_loss, stop_loss_limit))

    def invest(self, asset: int, share: float) -> int:
        """Buy for a share of the cash, and note it."""
        first = self._asked()
        return self._placed(first, super().invest(asset, share))

    def target(self, asset: int, weight: float) -> int:
        """Order what brings the position to a weight; note it, and the targets that it cancels."""
        if not self.sends:
            return 0
        first, before = self._asked(), self._open(asset)
        order = super().target(asset, weight)
        self._note_ended(asset, before)
        return self._placed(first, order)

    def cancel(self, order: int) -> int:
        """Cancel an order and its group, and note each."""
        asset = self._asset_of(order)
        if asset < 0 or not self.sends:
            return 0
        self._asked()
        before = self._open(asset)
        ended = super().cancel(order)
        self._note_ended(asset, before)
        return ended

    def cancel_all(self, asset: int) -> int:
        """Cancel the open orders of an asset, and note each."""
        if not self.sends:
            return 0
        self._asked()
        before = self._open(asset)
        ended = super().cancel_all(asset)
        self._note_ended(asset, before)
        return ended

    def replace(self, order: int, units: float, limit: float, stop: float) -> int:
        """Change an open order, and note what has changed."""
        if self._asset_of(order) < 0 or not self.sends:
            return 0
        self._asked()
        is_open = super().replace(order, units, limit, stop)
        kept = self.log[order - 1]
        # What it was before has no say: a split may have changed that.
        asked = (units, kept.units), (limit, kept.limit), (stop, kept.stop)
        changed = [new if new == now else 0.0 for new, now in asked]
        if is_open and any(changed):
            self._note("replace", order, *changed)
        return is_open

    def _asked(self) -> int:
        """Give how many orders there are before something is asked; raise when it is too much."""
        self.require_room()
        return self.account.placed

    def _placed(self, first: int, order: int) -> int:
        for placed in range(first + 1, self.account.placed + 1):
            row = self.log[placed - 1]
            kind: DecisionKind = "trail" if row.kind == TRAILING_STOP else "place"
            self._note(kind, placed, row.units, row.limit, row.stop)
        self.require_room()
        return order

    def _open(self, asset: int) -> list[int]:
        """Give the ids of an asset's open orders, oldest first."""
        rows = self.tables[asset][: self.assets[asset].count]
        return [row.key for row in rows if is_open(row)]

    def _note_ended(self, asset: int, before: list[int]) -> None:
        still = set(self._open(asset))
        for order in before:
            if order not in still:
                self._note("cancel", order, 0.0, 0.0, 0.0)
        self.require_room()

    def _note(
        self, kind: DecisionKind, order: int, units: float, limit: float, stop: float
    ) -> None:
        row, is_new = self.log[order - 1], kind in ("place", "trail")
        self.decisions.append(
            Decision(
                number=len(self.decisions) + 1,
                kind=kind,
                order=order,
                asset=row.asset,
                side=row.side,
                order_kind=row.kind,
                units=units,
                limit=limit,
                stop=stop,
                trail_price=row.trail_price if is_new else 0.0,
                trail_percent=row.trail_percent if is_new else 0.0,
                tif=row.tif,
                role=row.role,
                entry=row.entry,
            )
        )
