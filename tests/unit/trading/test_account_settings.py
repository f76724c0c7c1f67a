"""The setting ``broker_accounts`` is read field by field, and keeps its secrets to itself."""

import json
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.money import Currency, Money
from algotrendy.trading.accounts import Protection
from algotrendy.trading.adapters.account_settings import read_accounts
from fakes.quick_loop import BEGIN

CONNECTION = {"broker": "alpaca", "key_id": "K", "secret": "very-secret"}


def written(**changes: Any) -> str:
    usual = {"tenant": "demo", "connection": CONNECTION}
    return json.dumps({"paper": {**usual, **changes}})


def test_without_accounts_there_is_that_of_the_paper_exchange() -> None:
    (found,) = read_accounts(None, "http://127.0.0.1:4580", BEGIN)
    assert (found.account.id, found.account.tenant, found.account.broker) == (
        "paper",
        "demo",
        "alpaca",
    )
    assert (found.account.leverage, found.orders_per_minute) == (Decimal(2), 0)
    assert read_accounts(None, None, BEGIN) == ()


def test_every_field_is_read() -> None:
    text = written(leverage="4", protection="flatten", approval_above="50000", orders_per_minute=60)
    (found,) = read_accounts(text, "http://elsewhere", BEGIN)
    account = found.account
    assert (account.leverage, account.protection) == (Decimal(4), Protection.FLATTEN)
    assert found.orders_per_minute == 60
    assert account.approval_above == Money(Decimal(50_000), Currency.USD)
    assert found.connection.broker == "alpaca"


def test_prices_come_from_the_broker_unless_somebody_else_is_named() -> None:
    (own,) = read_accounts(written(), None, BEGIN)
    assert own.prices == own.connection
    (other,) = read_accounts(
        written(connection={"broker": "simulated"}, prices=CONNECTION), None, BEGIN
    )
    assert (other.account.broker, other.prices.broker) == ("simulated", "alpaca")


def test_whose_market_never_closes_is_said() -> None:
    def found(url: str | None = None, **changes: Any) -> bool:
        text = written(**changes) if url is None else None
        (account,) = read_accounts(text, url, BEGIN)
        return account.account.round_the_clock

    assert found(url="http://127.0.0.1:4580")
    assert not found()
    assert found(round_the_clock=True)
    assert found(connection={"broker": "simulated"})
    assert not found(connection={"broker": "simulated", "always_open": False})


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("no JSON", "broker_accounts"),
        ("[]", "broker_accounts"),
        ("{}", "broker_accounts"),
        (json.dumps({"a/b": {"tenant": "demo", "connection": CONNECTION}}), "broker_accounts"),
        (json.dumps({"UPPER": {}}), "broker_accounts"),
        (written(leverage="0.5"), "broker_accounts.paper.leverage"),
        (written(secret="x"), "broker_accounts.paper.secret"),
        (written(connection={**CONNECTION, "key_id": ""}), "key_id"),
        (written(prices={**CONNECTION, "key_id": ""}), "key_id"),
        (written(tenant="NO"), "tenant"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(text: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_accounts(text, None, BEGIN)
    assert refused.value.field == field
    assert "very-secret" not in str(refused.value)
