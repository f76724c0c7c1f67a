"""Make ccxt's object so that nothing costs money by mistake, and nothing is rounded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from algotrendy.brokers.accounts import read_account
from algotrendy.brokers.ccxt.broker import CcxtBroker
from algotrendy.brokers.ccxt.capabilities import capabilities_at
from algotrendy.brokers.ccxt.profiles import profile_of
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.brokers.ccxt.vendor import make_exchange, vendor_class
from algotrendy.brokers.live import Mode
from algotrendy.brokers.wiring import connect
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderType, TimeInForce

BINANCE = CcxtSettings("binance", "k", "hidden-one", ("BTC/USDT",))


def made(settings: CcxtSettings) -> Any:
    kind = asyncio.run(vendor_class(settings.exchange))
    return make_exchange(kind, settings, profile_of(settings.exchange))


def test_the_sandbox_is_used_unless_the_mode_is_live() -> None:
    assert made(BINANCE).urls["api"]["private"] == "https://testnet.binance.vision/api/v3"
    live = made(replace(BINANCE, mode=Mode.LIVE))
    assert live.urls["api"]["private"] == "https://api.binance.com/api/v3"


@pytest.mark.parametrize(
    ("stage", "account", "mode"),
    [(False, True, Mode.PAPER), (True, False, Mode.PAPER), (True, True, Mode.LIVE)],
)
def test_an_account_is_live_only_with_both_switches(stage: bool, account: bool, mode: Mode) -> None:
    async def mode_of() -> Mode:
        values = {
            "broker": "ccxt",
            "exchange": "binance",
            "key": "k",
            "secret": "s",
            "symbols": ["BTC/USDT"],
            "live": account,
        }
        broker = await connect(read_account(values), stage_live=stage)
        await broker.close()
        assert isinstance(broker, CcxtBroker)
        return broker.mode

    assert asyncio.run(mode_of()) is mode


def test_an_exchange_without_a_sandbox_is_refused_in_paper_mode() -> None:
    with pytest.raises(Invalid, match="an exchange with a sandbox"):
        made(replace(BINANCE, exchange="kraken"))


@pytest.mark.parametrize("url", ["https://api.binance.com", "https://API1.binance.com.:443"])
def test_a_live_address_does_not_get_around_the_switches(url: str) -> None:
    with pytest.raises(Invalid, match="url must be a paper address"):
        made(replace(BINANCE, url=url))


def test_another_server_gets_every_path_and_socket() -> None:
    urls = made(replace(BINANCE, url="http://127.0.0.1:81")).urls["api"]
    assert urls["private"] == "http://127.0.0.1:81/api/v3"
    assert urls["ws"]["ws-api"]["spot"] == "ws://127.0.0.1:81/ws-api/v3"


def test_ccxt_keeps_decimals_as_text_paces_itself_and_never_tries_again() -> None:
    exchange = made(BINANCE)
    assert exchange.parse_number("0.1234567890123456789") == "0.1234567890123456789"
    assert exchange.enableRateLimit is True
    assert exchange.options["maxRetriesOnFailure"] == 0


def test_an_exchange_that_nobody_knows_is_refused() -> None:
    with pytest.raises(Invalid, match="exchange must be one that ccxt knows"):
        asyncio.run(vendor_class("nosuch"))


def test_the_table_says_what_ccxt_offers_and_what_is_mapped() -> None:
    table = asyncio.run(capabilities_at("binance"))
    assert table.order_types == {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT}
    assert table.times_in_force == {TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK}
    assert (table.short, table.fractional, table.notional) == (False, True, True)
    # Only where a replacement cannot fill twice.
    assert table.replace
    assert not asyncio.run(capabilities_at("kraken")).replace


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("exchange", {"exchange": "../kraken"}),
        ("key", {"key": ""}),
        ("secret", {"secret": ""}),
        ("symbols", {"symbols": ()}),
        ("symbols", {"symbols": ("BTCUSDT",)}),
        ("symbols", {"symbols": ("BTC/USDT", "BTC/EUR")}),
        ("url", {"url": "file:///etc/passwd"}),
        ("timeout_s", {"timeout_s": 0}),
        ("rate_limit_ms", {"rate_limit_ms": -1}),
    ],
)
def test_settings_that_cannot_work_are_refused_by_their_field(
    field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        replace(BINANCE, **changes)
    assert refusal.value.field == field
    assert "hidden-one" not in refusal.value.message


def test_a_secret_is_not_shown() -> None:
    assert "hidden-one" not in repr(BINANCE)
