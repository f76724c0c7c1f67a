"""Keep the tokens of `algotrendy login`, and hand every command one that counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from algotrendy.cli.api_client import ApiClient
from algotrendy.identity.session import Tokens
from algotrendy.kernel.clock import Clock, SystemClock, parse_time
from algotrendy.kernel.errors import Invalid, Unauthenticated
from algotrendy.local.home import current_home, write_atomically

_SIGN_IN = "run `algotrendy login`"


class SignsIn(Protocol):
    """Is the part of the user pool that a command line needs."""

    @property
    def client_id(self) -> str:
        """The client that tokens are made for."""
        ...

    def sign_in(
        self, username: str, password: str, second_factor: Callable[[], str] | None = None
    ) -> Tokens:
        """Change a password into tokens, or raise Unauthenticated."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Change a refresh token into a new access token, or raise Unauthenticated."""
        ...


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, at which client of which pool, with which tokens."""

    username: str
    client_id: str
    tokens: Tokens


class SessionFile:
    """One file that only its owner can read; a damaged one counts as not signed in."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Session | None:
        """Give the session that was kept, if there is one."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            refresh_token = kept["refresh_token"]
            return Session(
                username=str(kept["username"]),
                client_id=str(kept["client_id"]),
                tokens=Tokens(
                    access_token=str(kept["access_token"]),
                    refresh_token=None if refresh_token is None else str(refresh_token),
                    expires_at=parse_time(kept["expires_at"], "expires_at"),
                ),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError, Invalid):
            return None

    def write(self, session: Session) -> None:
        """Keep a session, whole or not at all, for its owner's eyes only."""
        kept = {
            "username": session.username,
            "client_id": session.client_id,
            "access_token": session.tokens.access_token,
            "refresh_token": session.tokens.refresh_token,
            "expires_at": session.tokens.expires_at.isoformat(),
        }
        write_atomically(self._path, json.dumps(kept, indent=2) + "\n", mode=0o600)


class Sessions:
    """Signs in, and keeps a session alive as long as the user pool allows."""

    def __init__(self, pool: SignsIn, file: SessionFile, clock: Clock) -> None:
        self._pool = pool
        self._file = file
        self._clock = clock

    def sign_in(
        self, username: str, password: str, second_factor: Callable[[], str] | None = None
    ) -> Session:
        """Sign in and keep the tokens; raise Unauthenticated when the pool says no."""
        return self.keep(username, self._pool.sign_in(username, password, second_factor))

    def keep(self, username: str, tokens: Tokens) -> Session:
        """Keep tokens that the pool gave for the same client in another way."""
        session = Session(username, self._pool.client_id, tokens)
        self._file.write(session)
        return session

    def access_token(self) -> str:
        """Give a token that will count for the next minute, refreshed if it must be.

        Raises:
            Unauthenticated: If nobody is signed in, or no longer; says what to run.
            Unavailable: If the user pool does not answer.
        """
        session = self._file.read()
        if session is None:
            raise Unauthenticated(_SIGN_IN, presented=False)
        if session.client_id != self._pool.client_id:
            raise Unauthenticated(f"the user pool has been replaced since; {_SIGN_IN}")
        if session.tokens.lasts(self._clock.now()):
            return session.tokens.access_token
        if session.tokens.refresh_token is None:
            raise Unauthenticated(f"the session has ended; {_SIGN_IN}")
        try:
            tokens = self._pool.refresh(session.tokens.refresh_token)
        except Unauthenticated as error:
            raise Unauthenticated(f"{error.reason}; {_SIGN_IN}") from error
        self._file.write(Session(session.username, session.client_id, tokens))
        return tokens.access_token


def sessions() -> Sessions:
    """Give the sessions of this deployment, kept in the platform's data folder."""
    from algotrendy.identity import wiring

    return Sessions(wiring.users(), SessionFile(current_home().token_file), SystemClock())


def api_client() -> ApiClient:
    """Give a client of this deployment's API that calls as whoever is signed in."""
    from algotrendy.platform.settings import settings

    return ApiClient(settings().need("api_url"), sessions().access_token)
