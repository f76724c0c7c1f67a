"""The rate limit is kept by what the broker's headers say, and changes go before reads."""

from __future__ import annotations

import pytest

from algotrendy.brokers.alpaca.pace import Pace, retry_after_s
from algotrendy.kernel.errors import Unavailable

EPOCH_S = 1_767_600_000.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s

    def unix_s(self) -> float:
        return EPOCH_S + self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock.monotonic_s, clock.unix_s, patience_s=5.0)


def headers(clock: Clock, left: int, in_s: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": "200",
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(clock.unix_s() + in_s),
    }


def test_nothing_waits_before_anything_was_heard(pace: Pace) -> None:
    assert pace.take(changes=False) == 0.0


def test_a_read_waits_for_the_next_window_while_a_change_still_goes(
    pace: Pace, clock: Clock
) -> None:
    pace.heard(headers(clock, left=10, in_s=3.0))
    assert pace.take(changes=False) == pytest.approx(3.0)
    assert pace.take(changes=True) == 0.0


def test_a_change_waits_when_nothing_is_left(pace: Pace, clock: Clock) -> None:
    pace.heard(headers(clock, left=1, in_s=4.0))
    assert pace.take(changes=True) == 0.0
    assert pace.take(changes=True) == pytest.approx(4.0)


def test_a_wait_beyond_the_patience_is_refused_with_its_length(pace: Pace, clock: Clock) -> None:
    pace.heard(headers(clock, left=0, in_s=40.0))
    with pytest.raises(Unavailable) as refusal:
        pace.take(changes=True)
    assert refusal.value.retry_after_s == pytest.approx(40.0)


def test_a_new_window_opens_by_itself(pace: Pace, clock: Clock) -> None:
    pace.heard(headers(clock, left=0, in_s=4.0))
    clock.now_s += 4.0
    assert pace.take(changes=False) == 0.0


def test_an_answer_that_was_overtaken_does_not_widen_the_window(pace: Pace, clock: Clock) -> None:
    pace.heard(headers(clock, left=1, in_s=4.0))
    pace.heard(headers(clock, left=150, in_s=4.0))
    assert pace.take(changes=True) == 0.0
    assert pace.take(changes=True) > 0.0


def test_the_headers_of_the_next_window_are_believed(pace: Pace, clock: Clock) -> None:
    pace.heard(headers(clock, left=0, in_s=4.0))
    pace.heard(headers(clock, left=150, in_s=64.0))
    assert pace.take(changes=False) == 0.0


def test_after_a_429_everything_waits_as_long_as_it_says(pace: Pace, clock: Clock) -> None:
    assert pace.refused({"Retry-After": "2"}) == 2.0
    assert pace.take(changes=True) == pytest.approx(2.0)
    clock.now_s += 2.0
    assert pace.take(changes=True) == 0.0


def test_a_429_without_retry_after_goes_by_the_reset(pace: Pace, clock: Clock) -> None:
    assert pace.refused(headers(clock, left=0, in_s=3.0)) == pytest.approx(3.0)


@pytest.mark.parametrize("told", [{}, {"Retry-After": "soon"}, {"Retry-After": "nan"}])
def test_a_429_that_does_not_say_when_waits_a_second(pace: Pace, told: dict[str, str]) -> None:
    assert pace.refused(told) == 1.0


@pytest.mark.parametrize("left", ["many", "", "inf"])
def test_headers_that_make_no_sense_are_not_heard(pace: Pace, clock: Clock, left: str) -> None:
    pace.heard(headers(clock, left=0, in_s=4.0) | {"X-RateLimit-Remaining": left})
    assert pace.take(changes=False) == 0.0


def test_a_time_to_come_again_is_read_only_where_it_makes_sense() -> None:
    assert retry_after_s({"Retry-After": "1.5"}) == 1.5
    assert retry_after_s({"Retry-After": "-1"}) is None
    assert retry_after_s({}) is None
    assert retry_after_s({"Retry-After": "1e12"}) == 600.0
