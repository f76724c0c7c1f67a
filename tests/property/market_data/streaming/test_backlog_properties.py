"""What waits for a client stays bounded, in order, and of some things only the newest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from algotrendy.market_data.streaming.pressure import Backlog

MESSAGES, BYTES = 6, 60
TOPICS = st.sampled_from("abc")


class BacklogMachine(RuleBasedStateMachine):
    """Holds a backlog to a model that keeps a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.backlog = Backlog(MESSAGES, BYTES)
        self.model: list[tuple[str, str, bytes]] = []
        self.number = 0

    def _next(self, kind: str, topic: str) -> bytes:
        self.number += 1
        return f"{kind}{topic}{self.number}".encode()

    def _kinds(self, *kinds: str) -> list[tuple[str, str, bytes]]:
        return [entry for entry in self.model if entry[0] in kinds]

    def _without(self, topic: str, *kinds: str) -> None:
        self.model = [e for e in self.model if not (e[1] == topic and e[0] in kinds)]

    @rule(topic=TOPICS)
    def put(self, topic: str) -> None:
        message = self._next("p", topic)
        self.backlog.put(topic, message)
        if self.backlog.overflow or any(e[:2] == ("s", topic) for e in self.model):
            return
        self.model.append(("p", topic, message))

    @rule(topic=TOPICS)
    def newest(self, topic: str) -> None:
        message = self._next("n", topic)
        self.backlog.newest(topic, message)
        if any(e[:2] == ("s", topic) for e in self.model):
            return
        places = [at for at, e in enumerate(self.model) if e[:2] == ("n", topic)]
        if places:
            self.model[places[0]] = ("n", topic, message)
        else:
            self.model.append(("n", topic, message))

    @rule(topic=TOPICS)
    def snapshot(self, topic: str) -> None:
        message = self._next("s", topic)
        self.backlog.snapshot(topic, lambda: message)
        places = [at for at, e in enumerate(self.model) if e[:2] == ("s", topic)]
        if places:
            self.model[places[0]] = ("s", topic, message)
            return
        self._without(topic, "n")
        self.model.append(("s", topic, message))

    @rule(topic=TOPICS)
    def forget(self, topic: str) -> None:
        self.backlog.forget(topic)
        self._without(topic, "p", "n", "s")

    @rule(count=st.integers(1, 4))
    def take(self, count: int) -> None:
        taken = self.backlog.take(count)
        if self.backlog.overflow:
            assert taken == []
            return
        assert taken == [message for _, _, message in self.model[:count]]
        self.model = self.model[count:]

    @invariant()
    def is_bounded(self) -> None:
        if self.backlog.overflow:
            assert len(self.backlog) == 0
            return
        counted = self._kinds("p")
        assert len(counted) <= MESSAGES
        assert self.backlog.waiting_bytes == sum(len(message) for _, _, message in counted)
        assert self.backlog.waiting_bytes <= BYTES
        assert len(self.backlog) == len(self.model)


TestBacklog = BacklogMachine.TestCase
TestBacklog.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(sizes=st.lists(st.integers(1, 40), max_size=12))
def test_only_too_much_ends_a_client_and_the_reason_says_how_much(sizes: list[int]) -> None:
    backlog = Backlog(MESSAGES, BYTES)
    for size in sizes:
        backlog.put("a", b"x" * size)
    fits = len(sizes) <= MESSAGES and sum(sizes) <= BYTES
    assert bool(backlog.overflow) is not fits
    if fits:
        assert [len(message) for message in backlog.take()] == sizes
    else:
        assert "waited" in backlog.overflow
