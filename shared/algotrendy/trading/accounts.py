"""Name whose money it is: an account at a broker, and the part that each strategy has of it.

Orders, cash and positions belong to a part, or to the account itself. At the broker all parts are
one: there their positions net, and only their sum can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, TenantId, parse_account_id
from algotrendy.kernel.money import Currency, Money
from algotrendy.risk.limits import StrategyId
from algotrendy.trading.lots import LotMethod

PART = "/"


class Protection(StrEnum):
    """What is done when a position has lost the order that protects it; always with an alarm."""

    ALARM = "alarm"  # nothing but the alarm
    REPROTECT = "reprotect"  # send the stop again
    FLATTEN = "flatten"  # close the position


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account, or a strategy's part of one: then ``id`` is ``<account>/<strategy>``.

    Attributes:
        broker: Whose capabilities its orders must fit, such as ``alpaca``.
        leverage: Buying power in times of equity, 1 for a cash account.
        lot_method: Which tax lots a sale closes.
        approval_above: An order of more than this waits for a person; None for none.
        round_the_clock: Whether its broker's market never closes, as the paper exchange's.
        is_blocked: Whether its broker takes no orders of it, as it said last; of a whole account.
    """

    id: AccountId
    tenant: TenantId
    broker: str
    opened_at: datetime
    currency: Currency = Currency.USD
    leverage: Decimal = Decimal(1)
    lot_method: LotMethod = LotMethod.FIFO
    protection: Protection = Protection.REPROTECT
    approval_above: Money | None = None
    round_the_clock: bool = False
    is_blocked: bool = False

    def __post_init__(self) -> None:
        """Refuse an id that is none, and a leverage below one."""
        parse_account_id(self.id, "id")
        object.__setattr__(self, "opened_at", as_utc(self.opened_at, "opened_at"))
        if require_decimal(self.leverage, "leverage") < 1:
            raise Invalid("leverage", "one or more", self.leverage)

    @property
    def root(self) -> AccountId:
        """Give the account at the broker that this is, or is a part of."""
        return root_of(self.id)

    @property
    def strategy(self) -> StrategyId | None:
        """Give the strategy whose part this is; None for the account itself."""
        return strategy_of(self.id)


def root_of(account: AccountId) -> AccountId:
    """Give the account at the broker that an account is, or is a part of."""
    return AccountId(account.partition(PART)[0])


def strategy_of(account: AccountId) -> StrategyId | None:
    """Give the strategy whose part an account is; None for an account itself."""
    _, _, strategy = account.partition(PART)
    return StrategyId(strategy) if strategy else None


def part_of(root: AccountId, strategy: StrategyId) -> AccountId:
    """Give the id of a strategy's part of an account."""
    return parse_account_id(f"{root}{PART}{strategy}")
