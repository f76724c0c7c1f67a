"""Hold what signing in gives, and say how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from algotrendy.kernel.clock import as_utc

# A token this close to its end may expire on the way, or in the middle of a long upload.
EXPIRY_MARGIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the user pool gave for a password or a refresh token; never shown in full."""

    access_token: str
    refresh_token: str | None
    expires_at: datetime

    def __post_init__(self) -> None:
        """Keep the time in UTC."""
        object.__setattr__(self, "expires_at", as_utc(self.expires_at, "expires_at"))

    def __repr__(self) -> str:
        """Leave the tokens out of logs and tracebacks."""
        return f"Tokens(expires_at={self.expires_at.isoformat()})"

    def lasts(self, now: datetime) -> bool:
        """Say whether the access token will still count when a request arrives."""
        return now + EXPIRY_MARGIN < self.expires_at


@dataclass(frozen=True, slots=True)
class UserChange:
    """What ``ensure_user`` had to do; nothing of it when the user was as wished."""

    username: str
    created: bool
    joined: tuple[str, ...]
    left: tuple[str, ...]
