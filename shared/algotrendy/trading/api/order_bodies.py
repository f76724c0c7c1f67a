"""Read what is asked for an order: a new one, a change, a person's word."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, CorrelationId, UserId
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit
from algotrendy.platform import tracing
from algotrendy.trading.accounts import strategy_of
from algotrendy.trading.api.values import Body, DecimalIn, example
from algotrendy.trading.order_events import Provenance

LONGEST_WAIT_S = 3_600
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_VERSIONED = r"^[A-Za-z0-9][A-Za-z0-9._:-]*@[A-Za-z0-9][A-Za-z0-9._:-]*$"
_Name = Annotated[str, Field(min_length=1, max_length=128)]


class TakeProfitIn(Body):
    """The exit that takes the profit."""

    limit_price: DecimalIn


class StopLossIn(Body):
    """The exit that stops the loss: a stop, or a stop-limit order with a limit price."""

    stop_price: DecimalIn
    limit_price: DecimalIn | None = None


class StrategyIn(Body):
    """What decided, where it was no person: enough to decide the same again, and compare."""

    name: Annotated[
        str,
        Field(
            pattern=_VERSIONED,
            max_length=128,
            description="With its version.",
            examples=["sma_cross@3"],
        ),
    ]
    parameters: dict[_Name, _Name] = Field(default_factory=dict, max_length=64)
    data_hash: _Hash = Field(description="SHA-256 of what the decision read.")
    code_hash: _Hash = Field(description="SHA-256 of what decided.")


class OrderIn(Body):
    """An order as its sender wants it."""

    account: str = Field(description="`paper`, or a part of it: `paper/trend`.")
    symbol: str
    side: Side
    type: OrderType = OrderType.MARKET
    time_in_force: TimeInForce = TimeInForce.DAY
    quantity: DecimalIn | None = Field(None, description="In units; it or `notional`.")
    notional: DecimalIn | None = Field(None, description="In the quote currency.")
    limit_price: DecimalIn | None = None
    stop_price: DecimalIn | None = None
    trail_price: DecimalIn | None = Field(None, description="Distance of a trailing stop, or")
    trail_percent: DecimalIn | None = Field(None, description="in percent: 1.5 is 1.5 %.")
    extended_hours: bool = False
    client_order_id: str | None = Field(
        None,
        description="Your own name for it, unique in the account. Sent again with it, the same "
        "order comes back, and nothing is placed twice.",
    )
    order_class: OrderClass = OrderClass.SIMPLE
    take_profit: TakeProfitIn | None = None
    stop_loss: StopLossIn | None = None
    submit_within_s: int = Field(
        60, ge=1, le=LONGEST_WAIT_S, description="It is withdrawn where it cannot be sent by then."
    )
    strategy: StrategyIn | None = None

    def request(self, key: str | None) -> OrderRequest:
        """Give it as the rest of the platform says it; the key names it where nothing else does."""
        profit, loss = self.take_profit, self.stop_loss
        return OrderRequest(
            symbol=self.symbol,
            side=self.side,
            type=self.type,
            time_in_force=self.time_in_force,
            quantity=self.quantity,
            notional=self.notional,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail_price=self.trail_price,
            trail_percent=self.trail_percent,
            extended_hours=self.extended_hours,
            client_order_id=key if self.client_order_id is None else self.client_order_id,
            order_class=self.order_class,
            take_profit=None if profit is None else TakeProfit(profit.limit_price),
            stop_loss=None if loss is None else StopLoss(loss.stop_price, loss.limit_price),
        )

    def provenance(self, user: UserId, correlation: CorrelationId) -> Provenance:
        """Say where it came from.

        Raises:
            Invalid: If its account is the part of another strategy than the one that decided.
        """
        return _provenance(user, correlation, AccountId(self.account), self.strategy)


class ReplaceIn(Body):
    """What to change in an open order; what is left out stays as it is."""

    quantity: DecimalIn | None = None
    limit_price: DecimalIn | None = None
    stop_price: DecimalIn | None = None
    trail: DecimalIn | None = Field(None, description="Of the kind that the order has.")
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = Field(
        None, description="Of the order that takes its place; sent again, it is the same one."
    )
    strategy: StrategyIn | None = Field(None, description="What decided to change it.")

    def request(self, key: str | None) -> ReplaceRequest:
        """Give it as the rest of the platform says it."""
        return ReplaceRequest(
            quantity=self.quantity,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            trail=self.trail,
            time_in_force=self.time_in_force,
            client_order_id=key if self.client_order_id is None else self.client_order_id,
        )

    def provenance(
        self, user: UserId, correlation: CorrelationId, account: AccountId
    ) -> Provenance:
        """Say where the order comes from that takes the place of one of an account.

        Raises:
            Invalid: If the account is the part of another strategy than the one that decided.
        """
        return _provenance(user, correlation, account, self.strategy)


class ApprovalIn(Body):
    """A person's word on an order that waits for it."""

    approve: bool = Field(description="False withdraws the order.")
    reason: str = Field("", max_length=500, description="Kept in the audit.")


def _provenance(
    user: UserId, correlation: CorrelationId, account: AccountId, strategy: StrategyIn | None
) -> Provenance:
    if strategy is None:
        return Provenance(correlation_id=correlation, user=user, traceparent=tracing.traceparent())
    part, name = strategy_of(account), strategy.name
    if part is not None and part not in (name, name.partition("@")[0]):
        raise Invalid("strategy.name", f"{part} in a version: {account} is its part", name)
    return Provenance(
        correlation_id=correlation,
        user=user,
        strategy=name,
        parameters=tuple(sorted(strategy.parameters.items())),
        data_hash=strategy.data_hash,
        code_hash=strategy.code_hash,
        traceparent=tracing.traceparent(),
    )


def _order(summary: str, **fields: Any) -> dict[str, Any]:
    return example({"account": "paper", "symbol": "AAPL", "side": "buy", **fields}, summary)


ORDER_EXAMPLES: Any = {
    "bracket": _order(
        "Buy, with a target and a stop that live at the broker",
        quantity="10",
        order_class="bracket",
        time_in_force="gtc",
        take_profit={"limit_price": "210.00"},
        stop_loss={"stop_price": "170.00"},
        client_order_id="aapl-2026-11-22-1",
    ),
    "limit": _order(
        "Buy at 187.15 or better, today",
        quantity="10",
        type="limit",
        limit_price="187.15",
    ),
    "notional": _order("Buy for 500 dollars at the market", notional="500"),
    "trailing-stop": _order(
        "Sell when it falls 3 % from its highest",
        side="sell",
        quantity="10",
        type="trailing_stop",
        trail_percent="3",
        time_in_force="gtc",
    ),
    "strategy": _order(
        "Of a strategy, in its part of the account",
        account="paper/sma_cross",
        quantity="5",
        strategy={
            "name": "sma_cross@3",
            "parameters": {"fast": "10", "slow": "50"},
            "data_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "code_hash": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        },
    ),
}
REPLACE_EXAMPLES: Any = {"price": example({"limit_price": "188.00"}, "Only another price")}
APPROVAL_EXAMPLES: Any = {
    "approve": example({"approve": True}),
    "refuse": example({"approve": False, "reason": "too close to the announcement"}),
}
