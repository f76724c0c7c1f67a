"""Turn a live portfolio into the port's positions and account."""

from __future__ import annotations

from decimal import Decimal

from algotrendy.brokers.port import BrokerAccount, BrokerPosition
from algotrendy.brokers.quantconnect.models import Cash, Portfolio
from algotrendy.kernel.instrument import Symbol

_ZERO = Decimal(0)


def to_positions(portfolio: Portfolio) -> list[BrokerPosition]:
    """Give what is held, by symbol."""
    found = []
    for key, holding in portfolio.holdings.items():
        # The key is LEAN's identifier: AAPL R735QTJ8XC9X.
        ticker = holding.symbol.value if holding.symbol else ""
        symbol = Symbol(ticker or key.partition(" ")[0])
        if holding.quantity:
            found.append(BrokerPosition(symbol, holding.quantity, holding.average_price))
    return sorted(found, key=lambda position: position.symbol)


def to_account(portfolio: Portfolio, deploy_id: str) -> BrokerAccount:
    """Add cash and holdings up; buying power is the cash, as the API tells no other."""
    cash = sum((_value(entry) for entry in portfolio.cash.values()), _ZERO)
    held = sum((holding.market_value for holding in portfolio.holdings.values()), _ZERO)
    return BrokerAccount(
        account_id=deploy_id,
        currency="USD",
        cash=cash,
        equity=cash + held,
        buying_power=max(cash, _ZERO),
    )


def _value(entry: Cash) -> Decimal:
    told = entry.value_in_account_currency
    return entry.amount if told is None else told
