"""Read secrets from Secrets Manager, and keep each for some minutes."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable

from pydantic import SecretStr

from algotrendy.platform import aws, redaction

DEFAULT_TTL_S = 300.0


class Secrets:
    """Keeps what it read for ``ttl_s``, so that a rotated secret arrives within that time."""

    def __init__(
        self, ttl_s: float = DEFAULT_TTL_S, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ttl_s = ttl_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, SecretStr]] = {}

    def get(self, name: str) -> SecretStr:
        """Give the secret of that name.

        Raises:
            NotFound: If there is none.
            Unavailable: If Secrets Manager does not answer, and no copy is fresh enough.
        """
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None and self._monotonic() < kept[0]:
                return kept[1]
        with aws.translated("secret", missing={"ResourceNotFoundException": name}):
            answer = aws.client("secretsmanager").get_secret_value(SecretId=name)
        redaction.remember(answer["SecretString"])
        secret = SecretStr(answer["SecretString"])
        with self._lock:
            self._kept[name] = (self._monotonic() + self._ttl_s, secret)
        return secret


@functools.cache
def secrets() -> Secrets:
    """Give the secrets of this process."""
    return Secrets()
