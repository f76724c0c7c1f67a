from datetime import UTC, datetime, timedelta

from algotrendy.local.backoff import RestartHistory, RestartPolicy

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
POLICY = RestartPolicy(first_delay=SECOND, longest_delay=5 * SECOND, limit=4, window=60 * SECOND)


def test_each_death_waits_twice_as_long_up_to_the_longest() -> None:
    history = RestartHistory(POLICY)
    delays = [history.died(START + number * SECOND) for number in range(4)]
    assert delays == [SECOND, 2 * SECOND, 4 * SECOND, 5 * SECOND]


def test_one_death_too_many_within_the_window_gives_up() -> None:
    history = RestartHistory(POLICY)
    for _ in range(4):
        assert history.died(START) is not None
    assert history.died(START + 60 * SECOND) is None


def test_deaths_outside_the_window_are_forgotten() -> None:
    history = RestartHistory(POLICY)
    for number in range(20):
        assert history.died(START + number * 61 * SECOND) == SECOND


def test_a_person_who_asks_again_starts_over() -> None:
    history = RestartHistory(POLICY)
    for _ in range(5):
        history.died(START)
    history.forget()
    assert history.died(START) == SECOND
