"""The board: incidents by the probes and by people, maintenance, what is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from algotrendy.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from algotrendy.operations.status.board import Board
from algotrendy.operations.status.components import State
from algotrendy.operations.status.incidents import Stage, declared
from algotrendy.operations.status.judging import Sighting
from algotrendy.operations.status.maintenance import planned
from algotrendy.operations.status.records import read_board, write_board
from algotrendy.operations.status.standing import Patience

UP, SLOW, DOWN = State.OPERATIONAL, State.DEGRADED, State.OUTAGE
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Day:
    """A board that is looked at each minute."""

    def __init__(self) -> None:
        self.board = Board()
        self.now = START

    def look(self, times: int = 1, **states: State) -> None:
        for _ in range(times):
            self.now += MINUTE
            found = [
                Sighting(name.replace("_", "-"), state, "" if state is UP else "failed")
                for name, state in states.items()
            ]
            self.board = self.board.looked(found, self.now, Patience())

    def state(self, name: str) -> State:
        return self.board.state(name, self.now)


def test_an_outage_opens_one_incident_tells_on_and_resolves_it() -> None:
    day = Day()
    day.look(2, api=UP, orders=UP)
    day.look(2, api=UP, orders=DOWN)
    (incident,) = day.board.incidents
    assert incident.title == "Outage: Orders and accounts"
    assert incident.is_automatic
    assert incident.updates[0].text == "Orders and accounts: outage (failed)."

    day.look(2, api=DOWN, orders=DOWN)
    day.look(3, api=UP, orders=DOWN)
    day.look(3, api=UP, orders=UP)
    (incident,) = day.board.incidents
    assert incident.title == "Outage: API, Orders and accounts"
    assert [update.text for update in incident.updates[1:]] == [
        "API: outage (failed).",
        "API: works again.",
        "Orders and accounts: works again. All works again, 8 minutes after this was opened.",
    ]
    assert incident.stage is Stage.RESOLVED
    day.look(5, api=UP, orders=UP)
    assert len(day.board.incidents) == 1


def test_what_goes_wrong_in_one_way_is_told_in_one_sentence() -> None:
    day = Day()
    day.look(2, api=UP, orders=UP, events=UP)
    day.look(2, api=DOWN, orders=DOWN, events=SLOW)
    (incident,) = day.board.incidents
    said = "API, Orders and accounts: outage (failed). Events: degraded (failed)."
    assert incident.updates[0].text == said


def test_a_blip_opens_none() -> None:
    day = Day()
    day.look(2, api=UP)
    day.look(1, api=DOWN)
    day.look(2, api=UP)
    assert day.board.incidents == ()


def test_what_a_person_declares_is_shown_at_once_counted_and_opens_nothing_besides() -> None:
    day = Day()
    day.look(3, orders=UP)
    told = declared("Fills are late", DOWN, ["orders"], "A broker is slow.", "ada", day.now)
    day.board = day.board.opened(told)
    assert day.state("orders") is DOWN
    day.look(5, orders=UP)
    assert [each.title for each in day.board.incidents] == ["Fills are late"]
    assert day.board.standings["orders"].tally.seconds(START.date(), DOWN) == 300

    day.board = day.board.told(told.id, Stage.RESOLVED, "It is quick again.", "ada", day.now)
    day.look(3, orders=UP)
    assert day.state("orders") is UP


def test_opening_updating_and_resolving_again_change_nothing() -> None:
    day = Day()
    told = declared("Slow", SLOW, ["api", "orders"], "We look.", "ada", START)
    once = day.board.opened(told)
    again = declared("Slow", SLOW, ["orders", "api"], "We look.", "ada", START + MINUTE)
    assert once.opened(again) == once
    assert once.same(again) is told
    first = once.told(told.id, Stage.IDENTIFIED, "A disk.", "ada", START + MINUTE)
    assert first.told(told.id, Stage.IDENTIFIED, "A disk.", "ada", START + 2 * MINUTE) == first
    over = first.told(told.id, Stage.RESOLVED, "Done.", "ada", START + 3 * MINUTE)
    assert over.told(told.id, Stage.RESOLVED, "Done.", "ada", START + 4 * MINUTE) == over
    with pytest.raises(Conflict, match="open another one"):
        over.told(told.id, Stage.MONITORING, "It is back.", "ada", START + 5 * MINUTE)


def test_what_the_probes_still_see_is_not_resolved_by_hand() -> None:
    day = Day()
    day.look(2, api=UP)
    day.look(2, api=DOWN)
    (incident,) = day.board.incidents
    with pytest.raises(Conflict, match="still find api in trouble"):
        day.board.told(incident.id, Stage.RESOLVED, "Fine.", "ada", day.now)
    after = day.board.told(incident.id, Stage.IDENTIFIED, "A cable.", "ada", day.now)
    assert after.incidents[0].stage is Stage.IDENTIFIED
    with pytest.raises(NotFound):
        day.board.told(
            declared("x", SLOW, ["api"], "y", "a", START).id, Stage.RESOLVED, "z", "a", day.now
        )


def test_planned_work_is_shown_opens_nothing_and_costs_no_uptime() -> None:
    day = Day()
    day.look(3, api=UP)
    start, end = day.now, day.now + 10 * MINUTE
    work = planned("New disks", "The API is away.", ["api"], start, end, "ada", day.now)
    day.board = day.board.planned(work).planned(work)
    assert day.state("api") is State.MAINTENANCE
    day.look(9, api=DOWN)
    assert day.board.incidents == ()
    day.look(3, api=UP)
    assert day.state("api") is UP
    tally = day.board.standings["api"].tally
    assert (tally.seconds(START.date(), State.MAINTENANCE), tally.uptime(START.date())) == (540, 1)


def test_planned_work_can_be_ended_early_or_taken_back() -> None:
    day = Day()
    work = planned("Disks", "Away.", ["api"], START, START + 10 * MINUTE, "ada", START)
    board = day.board.planned(work)
    assert board.ended(work.id, START - MINUTE).maintenances == ()
    early = board.ended(work.id, START + MINUTE)
    assert early.state("api", START + MINUTE) is not State.MAINTENANCE
    assert early.ended(work.id, START + 2 * MINUTE) == early
    with pytest.raises(NotFound):
        Board().ended(work.id, START)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [(-5, 10, "start"), (0, 0, "end"), (0, 3000, "end"), (10, 5, "end")],
)
def test_work_cannot_be_planned_in_the_past_or_for_ever(start: int, end: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        planned("x", "y", ["api"], START + start * MINUTE, START + end * MINUTE, "ada", START)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("title", "impact", "components", "text", "field"),
    [
        ("", DOWN, ["api"], "x", "title"),
        ("a\nb", DOWN, ["api"], "x", "title"),
        ("x" * 121, DOWN, ["api"], "x", "title"),
        ("x", UP, ["api"], "x", "impact"),
        ("x", State.MAINTENANCE, ["api"], "x", "impact"),
        ("x", DOWN, [], "x", "component"),
        ("x", DOWN, ["moon"], "x", "component"),
        ("x", DOWN, ["api"], " ", "text"),
        ("x", DOWN, ["api"], "\x1b[31m", "text"),
    ],
)
def test_an_incident_that_cannot_be_right_names_the_field(
    title: str, impact: State, components: list[str], text: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        declared(title, impact, components, text, "ada", START)
    assert refused.value.field == field


def test_what_is_not_seen_any_more_is_not_called_well() -> None:
    day = Day()
    day.look(3, api=UP, streams=UP)
    day.look(20, api=UP)
    assert day.state("streams") is State.UNKNOWN
    assert day.state("api") is UP


def test_the_board_is_read_as_it_was_written() -> None:
    day = Day()
    day.look(3, api=UP, orders=UP)
    day.look(3, api=UP, orders=DOWN)
    day.look(1, api=UP, orders=UP)
    day.board = day.board.opened(declared("Slow", SLOW, ["api"], "We look.", "ada", day.now))
    work = planned("Disks", "Away.", ["api"], day.now, day.now + MINUTE, "ada", day.now)
    day.board = day.board.planned(work)
    assert read_board(write_board(day.board)) == day.board
    assert read_board(write_board(Board())) == Board()


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"version":1}', b'{"version":1,"board":{"incidents":3}}']
)
def test_a_damaged_record_is_not_taken_for_an_empty_one(data: bytes) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        read_board(data)


def test_a_record_of_later_code_is_left_alone() -> None:
    with pytest.raises(Unavailable, match="version 2"):
        read_board(b'{"version":2,"board":{}}')


def test_an_incident_that_goes_on_for_days_stays_readable() -> None:
    day = Day()
    day.look(1, api=UP, orders=UP)
    for _ in range(150):
        day.look(2, api=DOWN, orders=DOWN)
        day.look(3, api=UP, orders=DOWN)
    (incident,) = day.board.incidents
    assert len(incident.updates) == 100
    day.look(3, api=UP, orders=UP)
    assert day.board.incidents[0].stage is Stage.RESOLVED
