"""`algotrendy orders`: its words, what it shows, how it watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.console import Console

from algotrendy.cli import orders, orders_watch
from algotrendy.cli.order_words import OrderWords
from algotrendy.cli.orders_view import described, event_line, print_breaches, print_story
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.ids import parse_order_id
from algotrendy.kernel.order import Side
from algotrendy.trading.orders import PlatformOrder
from fakes.trading_api import TradingApi


def body(**words: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "account": "paper",
        "side": Side.BUY,
        "symbol": "aapl",
        "client_order_id": "c1",
        "quantity": "10",
    }
    said = OrderWords(**(given | words)).body()
    return {
        name: value
        for name, value in said.items()
        if name not in ("account", "side", "symbol", "client_order_id", "submit_within_s")
    }


@pytest.mark.parametrize(
    ("words", "kind", "order_class", "time"),
    [
        ({}, "market", "simple", "day"),
        ({"limit": "187.15"}, "limit", "simple", "day"),
        ({"stop": "170"}, "stop", "simple", "day"),
        ({"stop": "170", "limit": "169"}, "stop_limit", "simple", "day"),
        ({"trail": "3%"}, "trailing_stop", "simple", "day"),
        ({"take_profit": "210"}, "market", "oto", "gtc"),
        ({"take_profit": "210", "stop_loss": "170"}, "market", "bracket", "gtc"),
        ({"limit": "180", "take_profit": "210", "stop_loss": "170"}, "limit", "bracket", "gtc"),
        ({"is_oco": True, "take_profit": "210", "stop_loss": "170"}, "limit", "oco", "gtc"),
    ],
)
def test_type_class_and_time_follow_from_the_prices(
    words: dict[str, Any], kind: str, order_class: str, time: str
) -> None:
    found = body(**words)
    assert (found["type"], found["order_class"], found["time_in_force"]) == (
        kind,
        order_class,
        time,
    )


def test_prices_go_as_they_were_typed() -> None:
    found = body(limit="1,187.150", stop_loss="170", stop_loss_limit="169.5", trail=None)
    assert found["limit_price"] == "1187.150"
    assert found["stop_loss"] == {"stop_price": "170", "limit_price": "169.5"}
    assert body(trail="2.50")["trail_price"] == "2.50"
    assert body(trail="3%")["trail_percent"] == "3"


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"quantity": "ten"}, "quantity"),
        ({"limit": "1e999"}, "limit"),
        ({"trail": "%"}, "trail"),
        ({"stop_loss_limit": "169"}, "stop-loss"),
    ],
)
def test_a_word_that_is_no_number_is_named(words: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        body(**words)
    assert caught.value.field == field


class Desk:
    """The API in process, as the command line's client calls it."""

    def __init__(self) -> None:
        self.api = TradingApi()
        self.reads = 0
        self.now_s = 0.0
        self.on_read: Callable[[], object] = lambda: None

    def get(self, path: str, **params: str) -> Any:
        self.reads += 1
        self.on_read()
        return self.api.client().get(path, params=params).json()

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def follow(self, ids: list[str], timeout_s: float = 10, **how: Any) -> list[str]:
        lines: list[str] = []
        orders_watch.follow(
            self,
            ids,
            timeout_s,
            sleep=self.sleep,
            monotonic=lambda: self.now_s,
            tell=lines.append,
            **how,
        )
        return lines


def stored(desk: Desk, order_id: str) -> PlatformOrder:
    return desk.api.ledger.run(lambda tx: tx.orders.get(parse_order_id(order_id)))


def test_an_order_is_followed_from_the_intent_to_the_end() -> None:
    desk = Desk()
    order_id = desk.api.place(order_class="oto", stop_loss={"stop_price": "90"})["id"]
    counter = desk.api.counter
    steps: Iterator[Callable[[], object]] = iter(
        [
            lambda: None,
            lambda: counter.accept(stored(desk, order_id)),
            lambda: counter.fill(stored(desk, order_id), 4),
            lambda: counter.fill(stored(desk, order_id), 6),
        ]
    )

    def step() -> None:
        next(steps)()

    desk.on_read = step
    lines = desk.follow([order_id])
    told = [line.split("  ")[-1] for line in lines]
    assert told == [
        "stored by ada",
        "sending under lease 1",
        "new",
        "filled 4 at 100",
        "filled 6 at 100",
        "settled: filled, 10 filled, 0 USD still set aside",
    ]


def test_watching_gives_up_and_says_that_the_order_goes_on() -> None:
    desk = Desk()
    order_id = desk.api.place()["id"]
    with pytest.raises(Unavailable, match="it goes on"):
        desk.follow([order_id], timeout_s=2)


def test_a_limit_order_is_answered_when_the_broker_has_it() -> None:
    desk = Desk()
    order_id = desk.api.place(type="limit", limit_price="90")["id"]
    desk.api.counter.accept(stored(desk, order_id))
    assert desk.follow([order_id], is_over=orders_watch.is_answered)
    assert desk.reads == 1


def test_several_orders_are_told_apart() -> None:
    desk = Desk()
    ids = [desk.api.place(quantity=quantity)["id"] for quantity in ("1", "2")]
    for each in ids:
        desk.api.client().request("DELETE", f"/v1/orders/{each}")
    lines = desk.follow(ids)
    assert sum(f"AAPL {ids[0][-6:]}" in line for line in lines) == len(lines) / 2


def test_a_story_is_shown_whole() -> None:
    desk = Desk()
    order = desk.api.place(type="trailing_stop", trail_percent="3", quantity="1")
    desk.api.counter.accept(stored(desk, order["id"]))
    story = desk.get(f"/v1/orders/{order['id']}")
    assert described(story) == "buy 1 AAPL trailing 3 % day"
    shown = Console(width=120)
    with shown.capture() as captured:
        print_story(shown, story)
    text = captured.get()
    for words in (order["id"], "at the broker", "nothing yet", "sending under lease 1"):
        assert words in text


def test_a_refusal_is_a_table_of_limits() -> None:
    shown = Console(width=100)
    with shown.capture() as captured:
        breach = {"limit": "order_notional", "scope": "account", "allowed": "500", "actual": "1000"}
        print_breaches(shown, [breach])
    for words in ("Refused by these limits", "order_notional", "account", "500", "1000"):
        assert words in captured.get()


def test_an_unknown_outcome_says_what_is_being_done() -> None:
    event: dict[str, Any] = {
        "id": "1",
        "kind": "OrderOutcomeUnknown",
        "at": "2026-11-23T17:00:00Z",
        "status": None,
        "filled_quantity": None,
        "execution_id": None,
        "broker_order_id": None,
        "by": None,
        "epoch": None,
        "reason": "no answer in 5 s",
    }
    assert "outcome unknown: the broker is asked (no answer in 5 s)" in event_line(event, {})


def test_every_page_of_open_orders_is_read() -> None:
    class Pages:
        def __init__(self) -> None:
            self.cursors: list[str | None] = []

        def get(self, path: str, **params: str) -> Any:
            self.cursors.append(params.get("cursor"))
            is_last = len(self.cursors) == 2
            name = "b" if is_last else "a"
            return {"orders": [{"id": name}], "next_cursor": None if is_last else "more"}

    pages = Pages()
    found = [order["id"] for order in orders.open_orders(pages, "paper")]
    assert (found, pages.cursors) == (["a", "b"], [None, "more"])
