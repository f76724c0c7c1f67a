"""Orders are spaced out within the broker's limit, and a short burst passes."""

from hypothesis import given
from hypothesis import strategies as st

from algotrendy.trading.execution.rate import Rate


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_without_a_limit_nobody_waits() -> None:
    rate = Rate(None, Seconds())
    assert [rate.take() for _ in range(1000)] == [0.0] * 1000


def test_a_short_burst_passes_at_once() -> None:
    rate = Rate(200, Seconds())
    assert [rate.take() for _ in range(10)] == [0.0] * 10
    assert rate.take() > 0


@given(
    st.integers(1, 600),
    st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=300),
)
def test_no_minute_ever_holds_more_than_the_limit(limit: int, pauses: list[float]) -> None:
    clock = Seconds()
    rate = Rate(limit, clock)
    sent = []
    for pause in pauses:
        clock.now += pause / 100
        sent.append(clock.now + rate.take())
    for first in sent:
        within = [at for at in sent if first <= at < first + 60]
        assert len(within) <= max(limit, 1)
