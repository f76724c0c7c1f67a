"""Read an issuer's public keys over HTTP, and live through its outages."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import jwt

from algotrendy.identity.tokens import ALGORITHM
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid, Unavailable

TIMEOUT_S = 3.0
MAX_AGE = timedelta(hours=1)
# How long the last good copy serves while the issuer is unreachable. A key that was withdrawn
# meanwhile counts for that long.
MAX_STALE = timedelta(hours=24)
# Anyone can send a token with an invented key id; this bounds what that makes us ask the issuer.
MIN_BETWEEN_FETCHES = timedelta(seconds=10)
_MAX_BYTES = 1_000_000
_SERVICE = "the issuer's key set"


class JwksOverHttp:
    """Keeps the keys of a JWKS document, and reads it anew when old or when a key id is unknown.

    While the issuer cannot be reached the last good copy goes on serving, for a day. Safe to share
    between threads; one of them fetches while the others wait.
    """

    def __init__(self, url: str, clock: Clock, timeout_s: float = TIMEOUT_S) -> None:
        if not url.startswith(("https://", "http://")):
            raise Invalid("token_jwks_url", "an http or https URL", url)
        self._url = url
        self._clock = clock
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failure: str | None = None

    def key(self, key_id: str) -> jwt.PyJWK | None:
        """Find a key; see KeySource."""
        with self._lock:
            if key_id not in self._keys or self._age() > MAX_AGE:
                self._refresh()
            found = self._keys.get(key_id)
            # After a failed fetch nobody can say that a key does not exist.
            if self._failure is not None and (found is None or self._age() > MAX_STALE):
                wait_s = MIN_BETWEEN_FETCHES.total_seconds()
                raise Unavailable(_SERVICE, f"{self._url}: {self._failure}", wait_s)
            return found

    def _age(self) -> timedelta:
        return timedelta.max if self._fetched_at is None else self._clock.now() - self._fetched_at

    def _refresh(self) -> None:
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < MIN_BETWEEN_FETCHES:
            return
        self._tried_at = now
        try:
            keys = self._fetch()
        except (OSError, HTTPException, ValueError) as error:
            self._failure = str(error) or type(error).__name__
            return
        self._keys, self._fetched_at, self._failure = keys, now, None

    def _fetch(self) -> dict[str, jwt.PyJWK]:
        try:
            # The scheme was checked when this object was made.
            with urlopen(self._url, timeout=self._timeout_s) as answer:  # noqa: S310  # nosec B310
                body = answer.read(_MAX_BYTES + 1)
        except HTTPError as error:
            # It is an open response, too, and would keep the connection.
            error.close()
            raise
        if len(body) > _MAX_BYTES:
            raise ValueError("the document is too large")
        return signing_keys(json.loads(body))


def signing_keys(document: Any) -> dict[str, jwt.PyJWK]:
    """Take the RSA signing keys of a JWKS document, by key id; other keys are passed over.

    Raises:
        ValueError: If it is no JWKS document, or holds no such key.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("the document is no JWKS")
    keys = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA":
            continue
        if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHM) != ALGORITHM:
            continue
        try:
            key = jwt.PyJWK(entry, ALGORITHM)
        except jwt.PyJWTError:
            continue
        if key.key_id:
            keys[key.key_id] = key
    if not keys:
        raise ValueError("the document holds no RSA signing key")
    return keys
