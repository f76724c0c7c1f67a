"""The session that `algotrendy login` keeps, and the token that other commands get from it."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from algotrendy.cli.session import SessionFile, Sessions
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unauthenticated
from fakes.identity import NOW, PoolInMemory


class Desk:
    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.pool = PoolInMemory(self.clock)
        self.path = folder / "home" / "token.json"
        self.sessions = Sessions(self.pool, SessionFile(self.path), self.clock)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_who_signed_in_has_a_token_until_shortly_before_its_end(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    assert desk.sessions.access_token() == "access-1"
    desk.clock.advance(timedelta(minutes=58))
    assert desk.sessions.access_token() == "access-1"
    assert desk.pool.made == 1


def test_the_token_is_for_its_owners_eyes_only(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600
    assert "Correct-horse-1" not in desk.path.read_text()


def test_a_token_that_ends_is_renewed_and_kept(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    desk.clock.advance(timedelta(minutes=59, seconds=30))
    assert desk.sessions.access_token() == "access-2"
    assert desk.sessions.access_token() == "access-2"
    assert stat.S_IMODE(desk.path.stat().st_mode) == 0o600


def test_a_session_that_has_ended_says_what_to_run(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    desk.pool.refreshes = False
    desk.clock.advance(timedelta(days=31))
    with pytest.raises(Unauthenticated, match="the session has ended; run `algotrendy login`"):
        desk.sessions.access_token()


def test_a_session_without_a_refresh_token_ends_with_its_token(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    kept = json.loads(desk.path.read_text())
    desk.path.write_text(json.dumps(kept | {"refresh_token": None}))
    assert desk.sessions.access_token() == "access-1"
    desk.clock.advance(timedelta(hours=1))
    with pytest.raises(Unauthenticated, match="run `algotrendy login`"):
        desk.sessions.access_token()


def test_a_token_of_a_pool_that_was_replaced_is_not_used(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    desk.pool.client_id = "client-of-a-new-deployment"
    with pytest.raises(Unauthenticated, match="the user pool has been replaced since"):
        desk.sessions.access_token()


def test_a_wrong_password_keeps_the_session_that_was_there(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    with pytest.raises(Unauthenticated, match="the password is wrong"):
        desk.sessions.sign_in("ada", "wrong")
    assert desk.sessions.access_token() == "access-1"


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "{}", '{"username": "ada"}', "null", '"x"', "\x00"]
)
def test_without_a_readable_session_one_is_asked_to_sign_in(desk: Desk, text: str | None) -> None:
    if text is not None:
        desk.path.parent.mkdir(parents=True)
        desk.path.write_text(text)
    with pytest.raises(Unauthenticated, match="not signed in: run `algotrendy login`"):
        desk.sessions.access_token()


def test_a_session_with_a_mangled_time_counts_as_none(desk: Desk) -> None:
    desk.sessions.sign_in("ada", "Correct-horse-1")
    kept = json.loads(desk.path.read_text())
    for mangled in ("soon", 5, None, "2026-11-22T12:00:00"):
        desk.path.write_text(json.dumps(kept | {"expires_at": mangled}))
        assert SessionFile(desk.path).read() is None
