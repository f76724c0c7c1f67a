"""The settings name feeds, and those that cannot work are refused by name."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.local.home import project_root
from algotrendy.platform.settings import Settings

FILE = project_root() / "services" / "streaming" / "feeds.py"
HERE = "http://127.0.0.1:9"


def loaded() -> ModuleType:
    """Load the module as it is: services are no package."""
    spec = importlib.util.spec_from_file_location("streaming_feeds", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FEEDS = loaded()
feeds_of, symbols_of = FEEDS.feeds_of, FEEDS.symbols_of


def chosen(symbols: str = "AAPL,BTC/USD", **values: object) -> Settings:
    return Settings(stream_symbols=symbols, **values)  # type: ignore[arg-type]


def named(found: Settings) -> dict[str, tuple[str, ...]]:
    return {feed.name: feed.symbols for feed in feeds_of(found, "run")}


def test_shares_and_pairs_come_over_a_socket_each() -> None:
    paper = chosen("AAPL, BTC/USD,MSFT,AAPL", exchange_url=HERE)
    assert named(paper) == {"paper:iex": ("AAPL", "MSFT"), "paper:crypto": ("BTC/USD",)}
    alpaca = chosen(stream_feed="alpaca:sip", stream_key="KEY:SECRET")
    assert named(alpaca) == {"alpaca:sip": ("AAPL",), "alpaca:crypto": ("BTC/USD",)}


def test_without_symbols_there_is_no_feed() -> None:
    assert named(chosen("")) == {}
    assert symbols_of(chosen(" , ")) == ()


def test_other_feeds_are_made_of_their_names(tmp_path: Path) -> None:
    assert named(chosen("BTC/USDT", stream_feed="ccxt:binance")) == {"ccxt:binance": ("BTC/USDT",)}
    lake = f"file://{tmp_path}"
    replay = chosen("AAPL", stream_feed="replay:ticks@60", lake_url=lake)
    assert named(replay) == {"replay:ticks": ("AAPL",)}
    own = chosen("AAPL", stream_feed="replay:my_trades", lake_url=lake)
    assert named(own) == {"replay:my_trades": ("AAPL",)}


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (chosen("aapl", exchange_url=HERE), "stream_symbols"),
        (chosen(stream_feed="alpaca:iex", stream_key="KEY"), "stream_key"),
        (chosen("AAPL", stream_feed="alpaca:crypto", stream_key="A:B"), "stream_symbols"),
        (chosen("AAPL", stream_feed="ccxt:binance"), "symbols"),
        (
            chosen(stream_feed="alpaca:iex", stream_key="A:B", stream_url="http://example.com"),
            "stream_url",
        ),
    ],
)
def test_what_cannot_work_is_refused_by_name(settings: Settings, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        feeds_of(settings, "run")
    assert refused.value.field == field


def test_a_secret_is_never_shown() -> None:
    feed = feeds_of(chosen(stream_feed="alpaca:iex", stream_key="KEY:hush"), "run")[0]
    assert "hush" not in repr(vars(feed))


def test_what_is_not_deployed_yet_is_waited_for() -> None:
    found = chosen(aws_endpoint_url="http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="exchange_url"):
        feeds_of(found, "run")


@pytest.mark.parametrize(
    ("feed", "packed"), [("alpaca:iex", True), ("alpaca:iex:json", False), ("paper:json", False)]
)
def test_json_is_spoken_where_it_is_chosen(feed: str, packed: bool) -> None:
    found = feeds_of(chosen(stream_feed=feed, stream_key="A:B", exchange_url=HERE), "run")
    kind = feed.partition(":")[0]
    assert [made.name for made in found] == [f"{kind}:iex", f"{kind}:crypto"]
    assert [made._terms.packed for made in found] == [packed, packed]


@pytest.mark.parametrize("speed", ["0.5", "007", "60", "0.000001", "999999.5"])
def test_a_replay_has_any_speed_above_nothing(speed: str) -> None:
    assert chosen(stream_feed=f"replay:ticks@{speed}").stream_feed.endswith(speed)


@pytest.mark.parametrize(
    "feed",
    [
        *("alpaca", "alpaca:all", "replay:a/b", "paper:x", "ccxt:", "ccxt:binance:json"),
        *("replay:ticks@0", "replay:ticks@0.0", "replay:ticks@000000.000000", "replay:ticks@"),
    ],
)
def test_a_feed_that_there_is_not_is_refused(feed: str) -> None:
    with pytest.raises(ValueError, match="stream_feed"):
        chosen(stream_feed=feed)
