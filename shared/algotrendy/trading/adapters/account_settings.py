"""Read which accounts are traded, and how each is reached: the setting ``broker_accounts``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from algotrendy.brokers.accounts import (
    AlpacaAccount,
    BrokerAccountSettings,
    SimulatedAccount,
    read_account,
)
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import AccountId, parse_account_id, parse_tenant
from algotrendy.kernel.money import Currency, Money
from algotrendy.trading.accounts import PART, Account, Protection
from algotrendy.trading.lots import LotMethod

PAPER = AccountId("paper")
_PAPER_KEY = "PAPER"
_PAPER_SECRET = "paper-secret"  # noqa: S105 - it guards play money
_PAPER_TENANT = "demo"


@dataclass(frozen=True, slots=True)
class TradedAccount:
    """An account, and how its broker is reached.

    Attributes:
        prices: Where its prices come from.
        orders_per_minute: Most that are sent; None for the broker's documented limit, 0 for none.
    """

    account: Account
    connection: BrokerAccountSettings
    prices: BrokerAccountSettings
    orders_per_minute: int | None = None


class _Written(BaseModel):
    """One account as the setting has it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tenant: str
    currency: Currency = Currency.USD
    leverage: Annotated[Decimal, Field(ge=1, le=100)] = Decimal(1)
    lot_method: LotMethod = LotMethod.FIFO
    protection: Protection = Protection.REPROTECT
    approval_above: Annotated[Decimal, Field(gt=0)] | None = None
    connection: dict[str, Any]
    orders_per_minute: Annotated[int, Field(ge=0, le=100_000)] | None = None
    round_the_clock: bool = False
    # For a broker that tells no prices.
    prices: dict[str, Any] | None = None


def read_accounts(
    text: str | None, exchange_url: str | None, now: datetime
) -> tuple[TradedAccount, ...]:
    """Read the accounts, by id; without any, the paper exchange's own where there is one.

    Args:
        text: A JSON object of accounts by id.
        exchange_url: Of the paper exchange.
        now: When an account is opened that the ledger does not know.

    Raises:
        Invalid: Naming the account and the field; a secret is never repeated.
    """
    if text is None:
        return () if exchange_url is None else (_paper(exchange_url, now),)
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid("broker_accounts", "a JSON object", "other text") from error
    if not isinstance(found, Mapping) or not found:
        raise Invalid("broker_accounts", "an object of accounts by id", "something else")
    return tuple(_account(name, found[name], now) for name in sorted(found))


def _account(name: str, values: object, now: datetime) -> TradedAccount:
    account_id = parse_account_id(name, "broker_accounts")
    if PART in account_id:
        raise Invalid("broker_accounts", "whole accounts, and no parts", name)
    try:
        written = _Written.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"broker_accounts.{name}.{field}", first["msg"], "another value") from error
    connection = read_account(written.connection)
    above = written.approval_above
    account = Account(
        id=account_id,
        tenant=parse_tenant(written.tenant),
        broker=connection.broker,
        opened_at=now,
        currency=written.currency,
        leverage=written.leverage,
        lot_method=written.lot_method,
        protection=written.protection,
        approval_above=None if above is None else Money(above, written.currency),
        round_the_clock=written.round_the_clock or _never_closes(connection),
    )
    prices = connection if written.prices is None else read_account(written.prices)
    return TradedAccount(account, connection, prices, written.orders_per_minute)


def _never_closes(connection: BrokerAccountSettings) -> bool:
    return isinstance(connection, SimulatedAccount) and connection.always_open


def _paper(url: str, now: datetime) -> TradedAccount:
    connection = AlpacaAccount.model_validate(
        {"key_id": _PAPER_KEY, "secret": _PAPER_SECRET, "url": url}
    )
    account = Account(
        id=PAPER,
        tenant=parse_tenant(_PAPER_TENANT),
        broker=connection.broker,
        opened_at=now,
        # What the paper exchange lends for a day is more, overnight it is this.
        leverage=Decimal(2),
        # So it deals where nobody says otherwise.
        round_the_clock=True,
    )
    # The paper exchange counts no requests.
    return TradedAccount(account, connection, connection, orders_per_minute=0)
