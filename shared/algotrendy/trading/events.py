"""What happens to orders and accounts, as others hear of it."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.kernel.events import Event
from algotrendy.kernel.ids import AccountId, OrderId


class OrderChanged(Event):
    """An order stands elsewhere, or more of it is filled, than was told before.

    ``filled_quantity`` is cumulative.
    """

    name = "OrderChanged"
    version = 1

    order_id: OrderId
    account: AccountId
    symbol: str
    status: str
    filled_quantity: Decimal
    reason: str


class PositionUnprotected(Event):
    """A position has lost the order that was to protect it."""

    name = "PositionUnprotected"
    version = 1

    order_id: OrderId
    account: AccountId
    symbol: str
    quantity: Decimal
    remedy: str


class LedgerDiffers(Event):
    """The broker and the ledger say different things, and no rule settles it: look at it."""

    name = "LedgerDiffers"
    version = 1

    account: AccountId
    kind: str
    subject: str
    ours: str
    theirs: str


class RiskBreached(Event):
    """A limit is broken by what is held and ordered, after a fill or a price."""

    name = "RiskBreached"
    version = 1

    account: AccountId
    limit: str
    scope: str
    allowed: str
    actual: str


class TradingStateChanged(Event):
    """An account, or one strategy of it, may trade, only reduce, or is halted."""

    name = "TradingStateChanged"
    version = 1

    account: AccountId
    strategy: str | None
    state: str
    by: str
    reason: str


class LimitsChanged(Event):
    """An account has new limits."""

    name = "LimitsChanged"
    version = 1

    account: AccountId
    limits_version: int
    by: str
    reason: str


class KillSwitchPulled(Event):
    """An account was halted, and every order of it is being cancelled."""

    name = "KillSwitchPulled"
    version = 1

    account: AccountId
    flatten: bool
    by: str
    reason: str
