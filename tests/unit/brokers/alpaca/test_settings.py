"""Where an Alpaca account is; settings that cannot work, or get around a switch, are refused."""

from __future__ import annotations

from typing import Any

import pytest

from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.brokers.live import Mode
from algotrendy.kernel.errors import Invalid
from algotrendy.trading.execution.lease import SEND_TIMEOUT_S


def test_paper_is_where_orders_go_unless_it_is_live() -> None:
    assert AlpacaSettings("k", "s").rest_url == "https://paper-api.alpaca.markets"
    live = AlpacaSettings("k", "s", Mode.LIVE)
    assert live.rest_url == "https://api.alpaca.markets"
    assert live.updates_url == "wss://api.alpaca.markets/stream"
    own = AlpacaSettings("k", "s", url="http://127.0.0.1:8000/")
    assert (own.rest_url, own.updates_url) == (
        "http://127.0.0.1:8000",
        "ws://127.0.0.1:8000/stream",
    )


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("key_id", {"key_id": ""}),
        ("secret", {"secret": ""}),
        ("url", {"url": "ftp://x"}),
        ("url", {"url": "http://api.alpaca.markets", "mode": Mode.LIVE}),
        ("stream_url", {"stream_url": "ws://elsewhere.example", "mode": Mode.LIVE}),
        ("read_timeout_s", {"read_timeout_s": 0}),
        ("send_within_s", {"send_within_s": 0}),
        ("look_again_s", {"look_again_s": (1.0, -1.0)}),
    ],
)
def test_settings_that_cannot_work_are_refused_by_their_field(
    field: str, wrong: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        AlpacaSettings(**({"key_id": "k", "secret": "s"} | wrong))
    assert refusal.value.field == field


def test_a_change_that_may_leave_no_more_is_known_before_its_sender_gives_up() -> None:
    assert AlpacaSettings("k", "s").send_within_s < SEND_TIMEOUT_S


def test_the_secret_is_not_shown() -> None:
    assert "hidden-one" not in repr(AlpacaSettings("k", "hidden-one"))
