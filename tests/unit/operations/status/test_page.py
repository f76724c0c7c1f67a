"""The page that the public sees."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import COMPONENTS, State
from algotrendy.operations.status.incidents import Stage, declared
from algotrendy.operations.status.judging import Sighting
from algotrendy.operations.status.maintenance import planned
from algotrendy.operations.status.page import DOCUMENT, INDEX, html, pages_of, policy
from algotrendy.operations.status.standing import Patience, Standing
from algotrendy.operations.status.uptime import Span, Tally

UP, SLOW, DOWN = State.OPERATIONAL, State.DEGRADED, State.OUTAGE
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def board_of(**last: State) -> Board:
    """Give a board of 90 days, with a bad one, whose last look at NOW finds these states."""
    first = NOW - timedelta(days=89)
    well = [Span(first + n * DAY, first + (n + 1) * DAY, UP) for n in range(89)]
    bad = Span(first + 40 * DAY, first + 40 * DAY + timedelta(hours=5), DOWN)
    standings = {
        each.id: Standing(
            UP,
            first,
            NOW - 3 * MINUTE,
            tally=Tally().with_spans([*well, bad] if each.id == "orders" else well),
        )
        for each in COMPONENTS
    }
    board = Board(NOW - 3 * MINUTE, standings)
    states = {each.id: UP for each in COMPONENTS}
    states |= {name.replace("_", "-"): state for name, state in last.items()}
    for minute in (2, 1, 0):
        found = [
            Sighting(name, state, "" if state is UP else "failed") for name, state in states.items()
        ]
        board = board.looked(found, NOW - minute * MINUTE, Patience())
    return board


class Reader(HTMLParser):
    """Collects what the page would load, and checks that its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag not in ("meta", "link", "path"):
            self.open.append(tag)
        if tag == "path" and self.get_starttag_text()[-2:] != "/>":  # type: ignore[index]
            self.open.append(tag)
        self.loads += [str(told[name]) for name in ("src", "srcset", "data") if name in told]
        if tag == "link":
            self.loads.append(str(told["href"]))
        if "id" in told:
            self.ids.append(str(told["id"]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Nothing stays open."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_loads_nothing_and_allows_nothing_but_itself() -> None:
    page = html(board_of(), NOW)
    reader = read(page)
    assert reader.loads == ["data:,"]
    assert re.findall(r"https?://|url\(|@import|fetch|XMLHttp", page) == []
    assert policy() in page
    assert "unsafe" not in policy()
    assert len(reader.ids) == len(set(reader.ids))


def test_the_page_is_small() -> None:
    assert len(html(board_of(), NOW).encode()) < 40_000


def test_everything_well_and_everything_down_are_said_in_one_line() -> None:
    assert "All systems work" in html(board_of(), NOW)
    everything = {component.id.replace("-", "_"): DOWN for component in COMPONENTS}
    assert "Everything is down" in html(board_of(**everything), NOW)
    assert "Outage: API · Degraded: Events" in html(board_of(api=DOWN, events=SLOW), NOW)
    assert "Nothing was looked at yet" in html(Board(), NOW)


def test_bars_are_told_in_words_too() -> None:
    page = html(board_of(), NOW)
    assert 'aria-label="API, 90 days: 100 % uptime"' in page
    label = re.search(r'aria-label="(Orders and accounts, 90 days: [^"]*)"', page)
    assert label is not None
    assert label[1].startswith("Orders and accounts, 90 days: 99.")
    assert "of outage" in label[1]
    assert page.count("<svg") == len(COMPONENTS)


def test_whatever_people_write_stays_text() -> None:
    evil = '<script>alert(1)</script>"&'
    board = Board().opened(declared(evil, DOWN, ["api"], evil, "ada", NOW))
    board = board.planned(planned(evil, evil, ["orders"], NOW, NOW + MINUTE, "ada", NOW))
    page = html(board, NOW)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;") == 4
    read(page)


def test_who_wrote_it_stays_in_the_house() -> None:
    board = Board().opened(declared("Slow", DOWN, ["api"], "We look.", "ada@desk", NOW))
    for page in pages_of(board, NOW).values():
        assert b"ada@desk" not in page.body


def test_a_page_that_nobody_renews_says_so() -> None:
    board = board_of()
    assert 'id="stale" hidden' in html(board, NOW + MINUTE)
    late = html(board, NOW + 31 * MINUTE)
    assert 'id="stale">' in late
    assert '<span id="age">31</span>' in late


def test_open_incidents_come_first_and_past_ones_last() -> None:
    board = board_of()
    old = declared("Old trouble", SLOW, ["events"], "We look.", "ada", NOW - 60 * MINUTE)
    board = board.opened(old).told(old.id, Stage.RESOLVED, "Done.", "ada", NOW - 30 * MINUTE)
    board = board.opened(declared("New trouble", DOWN, ["api"], "We look.", "ada", NOW))
    page = html(board, NOW)
    assert page.index("New trouble") < page.index("Components") < page.index("Old trouble")


def test_the_document_says_the_same_to_programs() -> None:
    board = board_of(orders=DOWN)
    told = json.loads(pages_of(board, NOW)[DOCUMENT].body)
    assert (told["state"], told["says"]) == ("outage", "Outage: Orders and accounts")
    orders = next(each for each in told["components"] if each["id"] == "orders")
    assert (orders["state"], orders["reason"]) == ("outage", "failed")
    assert len(orders["days"]) == 90
    assert 0.99 < orders["uptime_90_days"] < 1
    assert {day["worst"] for day in orders["days"]} == {"operational", "outage"}
    assert told["incidents"][0]["title"] == "Outage: Orders and accounts"
    assert pages_of(board, NOW)[INDEX].content_type.startswith("text/html")
