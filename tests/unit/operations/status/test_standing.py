"""A component's state is steady, and its uptime counts what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from algotrendy.operations.status.components import State
from algotrendy.operations.status.standing import Patience, Standing
from algotrendy.operations.status.uptime import Span, Tally, percent

UP, SLOW, DOWN = State.OPERATIONAL, State.DEGRADED, State.OUTAGE
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PATIENCE = Patience()
TODAY = START.date()


def seen(states: Sequence[State], every: timedelta = MINUTE) -> list[Standing]:
    standing, told = Standing(), []
    for place, state in enumerate(states):
        standing = standing.seen(state, START + place * every, PATIENCE, state.value)
        told.append(standing)
    return told


def states(*found: State) -> list[State]:
    return [standing.state for standing in seen(found)]


def test_the_first_good_answer_counts_at_once_and_the_first_bad_one_does_not() -> None:
    assert states(UP) == [UP]
    assert states(DOWN, DOWN) == [State.UNKNOWN, DOWN]


def test_one_bad_answer_changes_nothing_and_two_in_a_row_do() -> None:
    assert states(UP, DOWN, UP, DOWN, UP) == [UP] * 5
    assert states(UP, DOWN, DOWN) == [UP, UP, DOWN]


def test_it_takes_three_good_answers_to_be_well_again() -> None:
    assert states(UP, DOWN, DOWN, UP, UP, DOWN, UP, UP, UP)[2:] == [DOWN] * 6 + [UP]


def test_of_several_worse_answers_the_mildest_is_believed_and_of_better_ones_the_worst() -> None:
    assert states(UP, DOWN, SLOW, DOWN, DOWN) == [UP, UP, SLOW, SLOW, DOWN]
    assert states(UP, DOWN, DOWN, UP, SLOW, UP)[-1] is SLOW


def test_an_outage_counts_from_its_first_sign() -> None:
    found = seen([UP, UP, DOWN, DOWN, DOWN])[-1]
    assert found.since == START + MINUTE
    assert found.tally.seconds(TODAY, UP) == 60
    assert found.tally.seconds(TODAY, DOWN) == 180
    assert found.tally.uptime(TODAY) == 0.25
    assert found.reason == "outage"


def test_an_odd_answer_counts_as_what_stood() -> None:
    found = seen([UP, DOWN, UP])[-1]
    assert found.tally.seconds(TODAY, UP) == 120
    assert found.tally.uptime(TODAY) == 1


def test_time_that_nobody_looked_at_counts_neither_way() -> None:
    first = seen([UP, UP])[-1]
    later = first.seen(UP, START + timedelta(hours=5), PATIENCE)
    assert later.tally.seconds(TODAY, UP) == 60
    assert later.state is UP


def test_planned_work_is_told_apart() -> None:
    found = seen([UP, UP])[-1].under_maintenance(START + 2 * MINUTE, PATIENCE)
    assert found.tally.seconds(TODAY, State.MAINTENANCE) == 60
    assert found.tally.uptime(TODAY) == 1


def test_the_same_sighting_again_changes_nothing() -> None:
    found = seen([UP, DOWN])[-1]
    assert found.seen(DOWN, START + MINUTE, PATIENCE) is found
    assert found.seen(DOWN, START, PATIENCE) is found


def test_what_flaps_for_ever_is_kept_small_and_counted() -> None:
    found = seen([DOWN, DOWN, *[UP, DOWN, DOWN] * 500])[-1]
    assert found.state is DOWN
    assert len(found.open) <= PATIENCE.longest
    assert found.tally.uptime(TODAY) == 0


@given(st.lists(st.sampled_from([UP, SLOW, DOWN]), min_size=1, max_size=60))
def test_all_of_the_time_is_counted_once_and_what_lasts_is_believed(found: list[State]) -> None:
    told = seen(found)[-1]
    counted = sum(sum(day.values()) for day in told.tally.days.values())
    pending = sum((span.end - span.start).total_seconds() for span in told.open)
    assert counted + pending == 60 * (len(found) - 1)
    for each in (UP, SLOW, DOWN):
        steady = told
        for place in range(PATIENCE.longest):
            at = START + (len(found) + place) * MINUTE
            steady = steady.seen(each, at, PATIENCE)
        assert steady.state is each


def test_a_span_over_midnight_counts_for_both_days() -> None:
    before = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)
    tally = Tally().with_spans([Span(before, before + 2 * MINUTE, DOWN)])
    assert [tally.seconds(day, DOWN) for day in tally.days] == [60, 60]


def test_what_is_older_than_90_days_is_forgotten() -> None:
    tally = Tally()
    for day in range(100):
        at = START + timedelta(days=day)
        tally = tally.with_spans([Span(at, at + MINUTE, UP)])
    assert len(tally.days) == 90


def test_an_uptime_is_never_rounded_up() -> None:
    assert percent(1.0) == "100 %"
    assert percent(0.9999999) == "99.999 %"
    assert percent(0.99) == "99 %"
    assert percent(0.0) == "0 %"
    assert percent(None) == "no data"
