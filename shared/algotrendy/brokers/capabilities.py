"""Say what a broker can do, so that nobody has to find out with real money."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, TimeInForce
from algotrendy.kernel.order_request import OrderRequest


class Stream(StrEnum):
    """How news of orders reaches us."""

    PUSHED = "pushed"
    POLLED = "polled"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capability table of one broker.

    Attributes:
        client_order_id_length: Most characters that it keeps of our name for an order.
        requests_per_minute: Documented limit; None where there is none.
        replace: Whether a standing order can be changed, and not only cancelled.
        extended_hours: Whether orders can work outside of the session.
    """

    asset_classes: frozenset[AssetClass]
    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    order_classes: frozenset[OrderClass] = frozenset({OrderClass.SIMPLE})
    fractional: bool = False
    notional: bool = False
    short: bool = False
    extended_hours: bool = False
    replace: bool = False
    stream: Stream = Stream.POLLED
    client_order_id_length: int = 128
    requests_per_minute: int | None = None
    notes: tuple[str, ...] = field(default=())

    def check(self, request: OrderRequest) -> None:
        """Refuse what this broker cannot do, before it is sent.

        Raises:
            Invalid: Naming the field and what the broker takes.
        """
        raise NotImplementedError
