"""What a replay found, as JSON, as text and as a page."""

from __future__ import annotations

import json
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from algotrendy.live.parity.differences import Cause
from algotrendy.live.parity.page import CAUSES, render_parity
from algotrendy.live.parity.replay import replay
from algotrendy.live.parity.report import MOST_DIFFERENCES, described, in_text, summary_line
from algotrendy.strategy.library import strategy_named
from fakes.live_worlds import Broker, live_run, wandering

SMA = strategy_named("sma_cross")
HOSTILE = Broker(
    slip_bps=5.0,
    fee_bps=1.0,
    halves=frozenset({1}),
    delays=frozenset({4}),
    refuses=frozenset({7}),
    rejects=frozenset({9}),
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return described(replay(live_run(wandering(200), SMA, HOSTILE, values={"fast": 3, "slow": 8})))


def test_it_is_json_and_reads_back_the_same(document: dict[str, Any]) -> None:
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_costs_of_the_causes_are_the_whole_difference(document: dict[str, Any]) -> None:
    money = document["money"]
    told = sum(Decimal(each["cost"]) for each in money["causes"])

    # Each is rounded to the cent by itself.
    assert abs(told - Decimal(money["cost"])) <= Decimal("0.01") * len(money["causes"])
    assert Decimal(money["backtest"]) - Decimal(money["ledger"]) == Decimal(money["cost"])


def test_the_days_add_up_to_the_whole(document: dict[str, Any]) -> None:
    days = document["days"]

    assert len(days) == 200
    assert sum(day["decisions"] for day in days) == document["decisions"]
    assert sum(day["orders"] for day in days) == document["orders"]
    assert sum(day["unexplained"] for day in days) == document["unexplained"] == 0


def test_the_summary_is_one_line_and_ends_the_text(document: dict[str, Any]) -> None:
    line = f"parity: {document['decisions']} decisions, {document['orders']} orders, 0 unexplained"

    assert summary_line(document) == line
    assert in_text(document).splitlines()[-1] == line


def test_an_unexplained_difference_is_told_first_and_in_the_text() -> None:
    lost = Broker(slip_bps=5.0, loses=frozenset({2}))
    found = described(replay(live_run(wandering(120), SMA, lost, values={"fast": 3, "slow": 8})))

    assert found["unexplained"] == 1
    assert found["differences"][0]["cause"] == Cause.UNEXPLAINED
    assert "unexplained, 2024-" in in_text(found)


def test_no_more_differences_are_listed_than_a_page_can_bear(document: dict[str, Any]) -> None:
    assert len(document["differences"]) == document["differences_in_all"] <= MOST_DIFFERENCES


class _Page(HTMLParser):
    """Reads a page, and remembers what it asks of the network."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "polyline"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at no element that is closed at once."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_loads_nothing_and_closes_what_it_opens(document: dict[str, Any]) -> None:
    page = _Page()
    page.feed(render_parity(document).decode())

    assert page.asked == []
    assert page.open == []


def test_the_same_document_gives_the_same_page(document: dict[str, Any]) -> None:
    assert render_parity(document) == render_parity(json.loads(json.dumps(document)))


def test_what_a_broker_says_is_shown_and_never_run(document: dict[str, Any]) -> None:
    wicked = "<script>alert(1)</script>"
    differences = [{**document["differences"][0], "found": wicked}]
    page = render_parity({**document, "differences": differences, "version": wicked}).decode()

    assert wicked not in page
    assert "&lt;script&gt;" in page


def test_every_cause_is_said_in_words() -> None:
    assert set(CAUSES) == set(Cause)
