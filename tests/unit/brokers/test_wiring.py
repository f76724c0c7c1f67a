"""An account's settings choose the broker, and two switches choose between paper and live."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.brokers import wiring
from algotrendy.brokers.accounts import (
    AlpacaAccount,
    CcxtAccount,
    QuantConnectAccount,
    SimulatedAccount,
    read_account,
)
from algotrendy.brokers.alpaca.broker import AlpacaBroker
from algotrendy.brokers.live import Mode
from algotrendy.brokers.port import Broker, StreamGap
from algotrendy.brokers.wiring import connect, stage_allows_live
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest

ALPACA = {"broker": "alpaca", "key_id": "k", "secret": "hidden-one"}
CCXT = {"broker": "ccxt", "exchange": "kraken", "key": "k", "secret": "s"}
QUANTCONNECT = {"broker": "quantconnect", "user_id": "1", "token": "t", "project_id": 7}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (ALPACA, AlpacaAccount),
        (QUANTCONNECT, QuantConnectAccount),
        (CCXT, CcxtAccount),
        ({"broker": "simulated"}, SimulatedAccount),
    ],
)
def test_the_broker_decides_which_settings_there_are(
    values: dict[str, Any], kind: type[object]
) -> None:
    account = read_account(values)
    assert isinstance(account, kind)
    assert account.live is False


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("broker", {}),
        ("broker", {"broker": "nobody"}),
        ("key_id", {"broker": "alpaca", "secret": "s"}),
        ("secret", ALPACA | {"secret": ""}),
        ("url", ALPACA | {"url": "file:///etc/passwd"}),
        ("live", ALPACA | {"live": "perhaps"}),
        ("leverage", ALPACA | {"leverage": 3}),
        ("exchange", CCXT | {"exchange": "../kraken"}),
        ("project_id", QUANTCONNECT | {"project_id": 0}),
        ("cash", {"broker": "simulated", "cash": "-1"}),
        ("speed", {"broker": "simulated", "speed": "nan"}),
    ],
)
def test_settings_that_cannot_be_right_are_refused_by_their_field(
    field: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        read_account(values)
    assert refusal.value.field == field
    assert "hidden-one" not in refusal.value.message


def test_a_secret_is_not_shown() -> None:
    assert "hidden-one" not in repr(read_account(ALPACA))


@pytest.mark.parametrize(
    ("value", "allows"), [(None, False), ("", False), ("false", False), ("True", True), ("1", True)]
)
def test_the_stages_switch_is_off_unless_it_is_turned(
    monkeypatch: pytest.MonkeyPatch, value: str | None, allows: bool
) -> None:
    if value is not None:
        monkeypatch.setenv("ALGOTRENDY_LIVE_TRADING", value)
    assert stage_allows_live() is allows


def test_a_switch_that_stands_between_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALGOTRENDY_LIVE_TRADING", "maybe")
    with pytest.raises(Invalid, match="ALGOTRENDY_LIVE_TRADING must be a valid boolean"):
        stage_allows_live()


@pytest.mark.parametrize(
    ("stage", "account", "mode"),
    [
        (False, False, Mode.PAPER),
        (True, False, Mode.PAPER),
        (False, True, Mode.PAPER),
        (True, True, Mode.LIVE),
    ],
)
def test_alpaca_is_paper_unless_both_switches_are_on(
    stage: bool, account: bool, mode: Mode
) -> None:
    async def mode_of() -> Mode:
        broker = await connect(read_account(ALPACA | {"live": account}), stage_live=stage)
        await broker.close()
        assert isinstance(broker, AlpacaBroker)
        return broker.mode

    assert asyncio.run(mode_of()) is mode


@pytest.mark.parametrize("url", ["https://api.alpaca.markets", "https://API.alpaca.markets./v2"])
def test_a_live_address_does_not_get_around_the_switches(url: str) -> None:
    account = read_account(ALPACA | {"url": url, "live": True})
    with pytest.raises(Invalid, match="url must be a paper address"):
        asyncio.run(connect(account, stage_live=False))


def test_a_simulated_account_trades_and_stops_when_it_is_closed() -> None:
    # No price is known at first: a limit order waits for one.
    request = OrderRequest(
        "AAPL",
        Side.BUY,
        OrderType.LIMIT,
        quantity=Decimal(1),
        limit_price=Decimal(1000),
        client_order_id="simulated-1",
    )

    async def until_filled(broker: Broker) -> None:
        async for item in broker.updates():
            if isinstance(item, StreamGap):
                await broker.submit(request)
            elif item.fill is not None:
                return

    async def story() -> Decimal:
        broker = await connect(SimulatedAccount(cash=Decimal(5000), speed=60.0), stage_live=False)
        try:
            assert (await broker.account()).cash == Decimal(5000)
            await asyncio.wait_for(until_filled(broker), 30)
            [held] = await broker.positions()
        finally:
            for _ in range(2):
                await broker.close()
        return held.quantity

    assert asyncio.run(story()) == Decimal(1)


def test_no_vendors_library_is_loaded_before_it_is_needed() -> None:
    program = (
        f"import sys, {wiring.__name__}, algotrendy.brokers.alpaca.broker, "
        "algotrendy.brokers.simulated.broker;"
        "print([m for m in ('alpaca', 'ccxt', 'pandas', 'numpy', 'numba') if m in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"
