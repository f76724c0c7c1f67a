"""What the streaming service measures of its feeds and clients."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from algotrendy.market_data.adapters.stream_measures import StreamMeasures
from algotrendy.market_data.streaming.messages import Trade
from algotrendy.platform import metrics
from algotrendy.platform.metrics import EmfLines

FEED = {
    "state": "live",
    "symbols": ["AAPL", "MSFT"],
    "pending": 3,
    "retries": 0,
    "trades": 5,
    "quotes": 2,
    "fixes": 0,
    "bad": 1,
    "connects": 1,
    "mutes": 0,
}
CLIENTS = {"clients": 2, "sent": 10, "conflated": 0}


class Look:
    def __init__(self) -> None:
        self.now = 100.0
        self.measures = StreamMeasures(lambda: self.now)
        self._out = io.StringIO()
        self._lines = EmfLines("market_data", self._out)
        metrics.measure_to(self._lines)

    def look(self, feed: dict[str, Any], clients: dict[str, Any] = CLIENTS) -> dict[str, float]:
        self.measures.look({"paper:iex": feed}, clients)
        self._lines.flush()
        found = {}
        for line in map(json.loads, self._out.getvalue().splitlines()):
            for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                kind = f" {line['kind']}" if "kind" in line else ""
                found[each["Name"] + kind] = line[each["Name"]][0]
        self._out.truncate(0)
        self._out.seek(0)
        return found


@pytest.fixture
def look() -> Iterator[Look]:
    yield Look()
    metrics.measure_to()


def trade(symbol: str) -> Trade:
    return Trade(symbol, 1, 100.0, 1.0, *("",) * (len(Trade._fields) - 4))  # type: ignore[arg-type]


def test_a_look_counts_what_was_added_since_the_last(look: Look) -> None:
    first = look.look(FEED)
    assert (first["FeedTicks trade"], first["FeedTicks quote"]) == (5, 2)
    assert (first["FeedTicksBad"], first["FeedConnects"], first["TicksPending"]) == (1, 1, 3)
    assert (first["StreamClients"], first["StreamMessages"]) == (2, 10)
    again = look.look({**FEED, "trades": 9}, {**CLIENTS, "sent": 4})
    assert again["FeedTicks trade"] == 4
    assert "FeedTicks quote" not in again
    assert "StreamMessages" not in again


def test_the_age_of_a_feed_is_that_of_its_newest_word(look: Look) -> None:
    look.now = 130.0
    look.measures.on_trade(trade("MSFT"))
    look.now = 150.0
    look.measures.on_trade(trade("GOOG"))
    assert look.look(FEED)["FeedAgeSeconds"] == 20.0


@pytest.mark.parametrize(("state", "live"), [("live", 1), ("mute", 0), ("connecting", 0)])
def test_a_feed_is_live_or_not(look: Look, state: str, live: float) -> None:
    assert look.look({**FEED, "state": state})["FeedLive"] == live
