"""Judge an order for an account as the ledger knows it: limits, buying power, units to close."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Final

from algotrendy.brokers.asset_rules import AssetRules
from algotrendy.kernel.decimals import EXACT, ceil_to
from algotrendy.kernel.errors import JsonValue, Rejected
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.book import ZERO
from algotrendy.risk.decision import Breach, Decision, Limit
from algotrendy.risk.engine import decide
from algotrendy.trading.accounts import Account
from algotrendy.trading.holds import hold_of
from algotrendy.trading.open_orders import judged
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Quote
from algotrendy.trading.risk_desk import RiskDesk, fault_of

# Alpaca reckons a short sale at so much of the ask.
_SHORT_MARKUP: Final = Decimal("1.03")
_FINEST: Final = Decimal(1).scaleb(-18)
_LOOSE: Final = Context(prec=EXACT.prec)


class Refused(Rejected):
    """Says that limits or buying power speak against an order, with every reason at once."""

    def __init__(self, breaches: tuple[Breach, ...], limits_version: int) -> None:
        reasons: list[JsonValue] = [{**each.fields()} for each in breaches]
        super().__init__(
            "; ".join(str(each) for each in breaches),
            breaches=reasons,
            limits_version=limits_version,
        )
        self.breaches = breaches

    @property
    def lacks_price(self) -> bool:
        """Say whether it was judged without a fresh price."""
        return any(each.limit is Limit.LAST_PRICE for each in self.breaches)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said to an order.

    Attributes:
        cost: What it comes to at worst.
        reserved: Buying power to set aside for it; nothing for what only reduces.
        breaches: Everything that speaks against it.
    """

    cost: Money
    reserved: Money
    reduces: bool
    limits_version: int
    breaches: tuple[Breach, ...]


def judge(
    desk: RiskDesk,
    account: Account,
    request: OrderRequest,
    rules: AssetRules,
    now: datetime,
    chain: Collection[PlatformOrder] = (),
) -> Judgement:
    """Judge an order.

    Args:
        desk: Of its account, with the orders of late recalled, and without ``chain``.
        account: Whose order it is: the account or a part of it.
        request: As its broker takes it.
        rules: The broker's, of the asset's class.
        now: Decides whether the price is fresh.
        chain: The order itself where it was stored before, and the one whose place it takes: what
            is held for them is for this very order, or will be free.

    Raises:
        Invalid: If it costs too little, naming its size.
    """
    symbol = Symbol(request.symbol)
    fault = fault_of(desk.quotes.get(symbol), now)
    quote = desk.quote(symbol, now)
    decision = decide(judged(request), desk.state, desk.limits, now, account.strategy)
    # The engine takes any price for one; of what only reduces none is needed.
    breaches = [each for each in decision.breaches if each.limit is not Limit.LAST_PRICE]
    if desk.account.is_blocked:
        breaches.append(Breach(Limit.BROKER_ACCOUNT, "account", "free to trade", "blocked"))
    cost = _cost(desk, request, decision, quote)
    reserved = _coins(desk, ZERO)
    if not decision.reduces:
        if fault is not None:
            scope = f"symbol {symbol}"
            breaches.append(Breach(Limit.LAST_PRICE, scope, fault.allowed, fault.actual))
        else:
            rules.check_cost(request, cost)
        reserved = _coins(desk, EXACT.multiply(cost, desk.weight(symbol)))
    breaches += _power_breaches(desk, account, reserved, chain)
    if not rules.crosses_zero:
        breaches += _units_breaches(desk, request, decision)
    return Judgement(
        cost=_coins(desk, cost),
        reserved=reserved,
        reduces=decision.reduces,
        limits_version=decision.limits_version,
        breaches=tuple(breaches),
    )


def position_in(desk: RiskDesk, symbol: Symbol) -> Decimal:
    """Give what the whole account holds of a symbol, below zero for a short."""
    holding = desk.state.account.holdings.get(symbol)
    return ZERO if holding is None else holding.position


def _cost(
    desk: RiskDesk, request: OrderRequest, decision: Decision, quote: Quote | None
) -> Decimal:
    if request.notional is not None:
        return request.notional
    price = decision.price or ZERO
    ask = ZERO if quote is None else quote.ask or quote.last
    if request.side is Side.BUY and request.limit_price is None:
        price = max(price, ask)
    if request.side is Side.SELL and position_in(desk, Symbol(request.symbol)) <= 0:
        price = max(price, EXACT.multiply(ask, _SHORT_MARKUP))
    return EXACT.multiply(decision.quantity, price)


def _power_breaches(
    desk: RiskDesk, account: Account, reserved: Money, chain: Collection[PlatformOrder]
) -> list[Breach]:
    """Find where buying power does not reach: in the account as a whole, and in its part."""
    if not reserved:
        return []
    found = []
    scopes: list[tuple[str, AccountId | None]] = [("account", None)]
    if len(desk.family) > 1:
        own = f"strategy {account.strategy}" if account.strategy else f"{account.id} without parts"
        scopes.append((own, account.id))
    for scope, member in scopes:
        free = desk.buying_power(member) - desk.held(member)
        for order in chain:
            if member in (None, order.account):
                free += hold_of(order).held
        if reserved > free:
            coin = Decimal(1).scaleb(-free.currency.decimals)
            allowed = max(free.amount, ZERO).quantize(coin, ROUND_FLOOR, _LOOSE)
            found.append(Breach(Limit.BUYING_POWER, scope, allowed, reserved.amount))
    return found


def _units_breaches(desk: RiskDesk, request: OrderRequest, decision: Decision) -> list[Breach]:
    """Find where an order closes more than is there: this broker takes that for a mistake."""
    symbol = Symbol(request.symbol)
    holding = desk.state.account.holdings.get(symbol)
    if holding is None or holding.position * request.side.sign >= 0:
        return []
    claimed = holding.buys if request.side is Side.BUY else holding.sells
    free = max(EXACT.subtract(holding.position.copy_abs(), claimed), ZERO)
    if decision.quantity <= free:
        return []
    return [Breach(Limit.UNITS_AVAILABLE, f"symbol {symbol}", free, decision.quantity)]


def _coins(desk: RiskDesk, amount: Decimal) -> Money:
    """Round up to the smallest coin of the account's currency."""
    currency = desk.account.currency
    fine = amount.quantize(_FINEST, ROUND_CEILING, _LOOSE)
    return Money(ceil_to(fine, Decimal(1).scaleb(-currency.decimals)), currency)
