"""What is asked under one key is done once, on a real PostgreSQL, whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import AlgoTrendyError, Rejected, Unavailable, Unknown
from algotrendy.kernel.request_errors import InProgress, KeyReused
from algotrendy.platform.database import Database
from algotrendy.platform.idempotency import Answer, Asked, Once

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Desk:
    """Something that acts, and counts how often."""

    def __init__(self, url: str, clock: ManualClock) -> None:
        self.database = Database(url, max_connections=8)
        self.clock = clock
        self.once = Once(self.database, clock)
        self.acts: list[str] = []

    def ask(self, key: str = "k-1", payload: str = "halt", caller: str = "acme:ada") -> Answer:
        """Ask for an act."""

        def act() -> Answer:
            self.acts.append(payload)
            return Answer(202, {"number": len(self.acts)}, {"location": "/v1/acts/1"})

        return self.once.run(Asked(caller, key, payload.encode()), act)

    def fail(self, error: Exception, key: str = "k-1") -> None:
        """Ask for an act that fails."""

        def act() -> Answer:
            self.acts.append("failed")
            raise error

        self.once.run(Asked("acme:ada", key, b"halt"), act)

    def rows(self) -> list[dict[str, Any]]:
        """Give all that is kept."""
        return self.database.run(
            lambda tx: tx.execute("SELECT * FROM idempotency_records").fetchall()
        )


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    opened = Desk(database_url, ManualClock(NOON))
    opened.database.run(lambda tx: tx.execute("DELETE FROM idempotency_records"))
    yield opened
    opened.database.close()


def test_the_same_again_gives_the_same_answer_and_does_nothing(desk: Desk) -> None:
    first, again = desk.ask(), desk.ask()
    assert first == Answer(202, {"number": 1}, {"location": "/v1/acts/1"})
    assert again == Answer(202, {"number": 1}, {"location": "/v1/acts/1"}, is_replayed=True)
    assert desk.acts == ["halt"]


def test_another_request_under_the_key_is_refused_at_any_time(desk: Desk) -> None:
    desk.ask()
    with pytest.raises(KeyReused, match="'k-1' came with another request"):
        desk.ask(payload="flatten")
    with pytest.raises(Rejected):
        desk.fail(Rejected("no"), "k-2")
    desk.ask("k-2", payload="flatten")  # nothing was done under it
    assert desk.acts == ["halt", "failed", "flatten"]


def test_keys_are_each_callers_own(desk: Desk) -> None:
    for caller in ("acme:ada", "acme:bob", "globex:ada"):
        desk.ask(caller=caller)
    assert len(desk.acts) == 3
    assert not any("ada" in str(row) or "k-1" in str(row) for row in desk.rows())


@pytest.mark.parametrize("error", [Rejected("no cash"), Unavailable("broker", "away")])
def test_what_was_not_done_may_be_asked_again(desk: Desk, error: AlgoTrendyError) -> None:
    with pytest.raises(type(error)):
        desk.fail(error)
    assert desk.ask().body == {"number": 2}


def test_of_what_may_have_been_done_nobody_tries_again(desk: Desk) -> None:
    for _ in range(2):
        answer = desk.once.run(Asked("acme:ada", "k-1", b"halt"), lambda: _unknown(desk.acts))
        assert answer.status == 500
        assert '"code":"unknown"' in answer.body
    assert desk.acts == ["perhaps"]


def test_an_answer_is_kept_for_a_day_and_then_cleaned_up(desk: Desk) -> None:
    for number in range(5):
        desk.ask(f"k-{number}")
    desk.clock.advance(timedelta(hours=23, minutes=59))
    assert desk.ask("k-1").is_replayed
    desk.clock.advance(timedelta(minutes=1))
    assert desk.ask("k-1", payload="other").body == {"number": 6}
    assert len(desk.rows()) == 1


def test_while_it_is_being_done_the_same_is_told_to_wait(desk: Desk) -> None:
    def act() -> Answer:
        for payload, expected in (("halt", InProgress), ("flatten", KeyReused)):
            with pytest.raises(expected):
                desk.ask(payload=payload)
        return Answer(200, "done")

    assert desk.once.run(Asked("acme:ada", "k-1", b"halt"), act).body == "done"
    assert desk.acts == []
    assert desk.ask().body == "done"


def test_whoever_died_on_the_way_holds_the_key_no_longer_than_a_request_lasts(desk: Desk) -> None:
    with pytest.raises(KeyboardInterrupt):
        desk.once.run(Asked("acme:ada", "k-1", b"halt"), _die)
    desk.clock.advance(timedelta(seconds=34))
    with pytest.raises(InProgress):
        desk.ask()
    desk.clock.advance(timedelta(seconds=1))
    with pytest.raises(KeyReused):
        desk.ask(payload="flatten")
    assert desk.ask().body == {"number": 1}


def test_of_many_at_once_one_acts(desk: Desk) -> None:
    found: list[str] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        try:
            found.append("replayed" if desk.ask().is_replayed else "acted")
        except InProgress:
            found.append("told to wait")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count("acted") == len(desk.acts) == 1
    assert len(found) == 8


def test_nothing_is_done_while_keys_cannot_be_looked_up(desk: Desk) -> None:
    away = Once(Database("postgresql://127.0.0.1:9/none"), desk.clock)
    with pytest.raises(Unavailable, match="database"):
        away.run(Asked("acme:ada", "k-1", b"halt"), lambda: _act_of(desk.acts))
    assert desk.acts == []


def test_what_was_done_is_answered_though_it_could_not_be_kept(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    def act() -> Answer:
        desk.database.run(lambda tx: tx.execute("ALTER TABLE idempotency_records RENAME TO hidden"))
        return Answer(200, "done")

    try:
        assert desk.once.run(Asked("acme:ada", "k-1", b"halt"), act).body == "done"
    finally:
        desk.database.run(lambda tx: tx.execute("ALTER TABLE hidden RENAME TO idempotency_records"))
    assert "could not be kept" in capsys.readouterr().err
    with pytest.raises(InProgress):
        desk.ask()


def _act_of(acts: list[str]) -> Answer:
    acts.append("act")
    return Answer(200, None)


def _unknown(acts: list[str]) -> Answer:
    acts.append("perhaps")
    raise Unknown("commit", "the connection broke")


def _die() -> Answer:
    raise KeyboardInterrupt
