"""Count the orders that limits speak against, where people and scripts place them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from algotrendy.kernel.ids import AccountId, OrderId, UserId
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.trading.adapters.measuring import measure_refusal
from algotrendy.trading.admission import SUBMIT_WITHIN
from algotrendy.trading.intake import Intake
from algotrendy.trading.judgement import Refused
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.orders import PlatformOrder


class CountedIntake(Intake):
    """Is the door for orders, and counts what it refuses."""

    def place(
        self,
        account: AccountId,
        request: OrderRequest,
        provenance: Provenance,
        *,
        submit_within: timedelta = SUBMIT_WITHIN,
    ) -> PlatformOrder:
        """Place an order; see ``Intake.place``."""
        with _refusals_counted():
            return super().place(account, request, provenance, submit_within=submit_within)

    def replace(
        self, order_id: OrderId, change: ReplaceRequest, provenance: Provenance
    ) -> PlatformOrder:
        """Place an order in another one's place; see ``Intake.replace``."""
        with _refusals_counted():
            return super().replace(order_id, change, provenance)

    def approve(self, order_id: OrderId, by: UserId, reason: str = "") -> PlatformOrder:
        """Agree that an order be sent; see ``Intake.approve``."""
        with _refusals_counted():
            return super().approve(order_id, by, reason)


@contextmanager
def _refusals_counted() -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        measure_refusal(refusal)
        raise
