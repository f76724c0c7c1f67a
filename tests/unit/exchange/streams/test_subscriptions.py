from __future__ import annotations

from typing import Any

import pytest

from algotrendy.exchange.alpaca_api.subscriptions import (
    CRYPTO_CHANNELS,
    STOCK_CHANNELS,
    Fault,
    Refusal,
    Subscriptions,
)


def subscribed(**wanted: list[str]) -> Subscriptions:
    subscriptions = Subscriptions(STOCK_CHANNELS)
    message: dict[object, object] = {"action": "subscribe"}
    message.update(wanted)
    subscriptions.change(message, add=True, limit=0)
    return subscriptions


def test_an_acknowledgement_lists_every_channel() -> None:
    assert subscribed(bars=["*"], quotes=["MSFT", "AAPL"]).acknowledgement() == {
        "T": "subscription",
        "trades": [],
        "quotes": ["MSFT", "AAPL"],
        "bars": ["*"],
        "updatedBars": [],
        "dailyBars": [],
        "statuses": [],
        "lulds": [],
        "corrections": [],
        "cancelErrors": [],
    }


def test_subscribing_adds_and_unsubscribing_takes_away() -> None:
    subscriptions = subscribed(quotes=["AAPL"])
    subscriptions.change({"quotes": ["MSFT", "AAPL"]}, add=True, limit=0)
    assert subscriptions.acknowledgement()["quotes"] == ["AAPL", "MSFT"]
    subscriptions.change({"quotes": ["AAPL", "TSLA"]}, add=False, limit=0)
    assert subscriptions.acknowledgement()["quotes"] == ["MSFT"]
    assert ("quotes", "MSFT") in subscriptions
    assert ("quotes", "AAPL") not in subscriptions


def test_a_star_takes_every_symbol() -> None:
    subscriptions = subscribed(bars=["*"])
    assert ("bars", "ANY") in subscriptions
    assert ("quotes", "ANY") not in subscriptions
    assert ("orderbooks", "ANY") not in subscriptions


def test_who_takes_trades_takes_their_corrections_too() -> None:
    subscriptions = subscribed(trades=["AAPL"])
    acknowledged = subscriptions.acknowledgement()
    assert acknowledged["corrections"] == acknowledged["cancelErrors"] == ["AAPL"]
    subscriptions.change({"trades": ["AAPL"]}, add=False, limit=0)
    assert subscriptions.acknowledgement()["corrections"] == []


def test_crypto_has_books_and_no_corrections() -> None:
    subscriptions = Subscriptions(CRYPTO_CHANNELS, pairs=True)
    subscriptions.change({"trades": ["BTC/USD"], "orderbooks": ["BTC/USD"]}, add=True, limit=0)
    assert set(subscriptions.acknowledgement()) == {"T", *CRYPTO_CHANNELS}


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        ({"trades": "AAPL"}, Fault.INVALID_SYNTAX),
        ({"trades": [1]}, Fault.INVALID_SYNTAX),
        ({"trades": ["aapl"]}, Fault.INVALID_SYNTAX),
        ({"trades": [""]}, Fault.INVALID_SYNTAX),
        ({"trades": ["A" * 21]}, Fault.INVALID_SYNTAX),
        ({"trade": ["AAPL"]}, Fault.INVALID_SYNTAX),
        ({1: ["AAPL"]}, Fault.INVALID_SYNTAX),
        ({"quotes": ["BTC/USD"]}, Fault.INVALID_SYNTAX),
        ({"news": ["AAPL"]}, Fault.INVALID_ACTION),
        ({"orderbooks": ["AAPL"]}, Fault.INVALID_ACTION),
    ],
)
def test_a_refused_message_changes_nothing(message: dict[object, Any], fault: Fault) -> None:
    subscriptions = subscribed(quotes=["AAPL"])
    before = subscriptions.acknowledgement()
    with pytest.raises(Refusal) as refused:
        subscriptions.change({"quotes": ["MSFT"], **message}, add=True, limit=0)
    assert refused.value.fault is fault
    assert subscriptions.acknowledgement() == before


def test_the_limit_counts_trades_and_quotes_and_leaves_all_as_it_was() -> None:
    subscriptions = subscribed(trades=["AAPL"], quotes=["AAPL"])
    subscriptions.change({"bars": ["A", "B", "C", "D"]}, add=True, limit=3)
    subscriptions.change({"quotes": ["MSFT"]}, add=True, limit=3)
    with pytest.raises(Refusal) as refused:
        subscriptions.change({"trades": ["MSFT"]}, add=True, limit=3)
    assert refused.value.fault is Fault.SYMBOL_LIMIT
    assert ("trades", "MSFT") not in subscriptions
    subscriptions.change({"quotes": ["MSFT"]}, add=False, limit=1)


def test_errors_have_alpacas_codes() -> None:
    assert [fault.message["code"] for fault in Fault] == [*range(400, 411), 500]
    assert Fault.CONNECTION_LIMIT.message == {
        "T": "error",
        "code": 406,
        "msg": "connection limit exceeded",
    }


@pytest.mark.parametrize("symbol", ["AAPL", "BTCUSD", "BRK.B", "BTC/", "/USD", "BTC/USD/X"])
def test_the_stream_of_pairs_takes_pairs_only(symbol: str) -> None:
    subscriptions = Subscriptions(CRYPTO_CHANNELS, pairs=True)
    with pytest.raises(Refusal) as caught:
        subscriptions.change({"quotes": ["BTC/USD", symbol]}, add=True, limit=0)
    assert caught.value.fault is Fault.INVALID_SYNTAX
    assert ("quotes", "BTC/USD") not in subscriptions
