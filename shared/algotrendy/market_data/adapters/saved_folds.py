"""Save the states of folds: on Redis after each batch, beside the lake after many trades."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from algotrendy.kernel.errors import NotFound, Unavailable
from algotrendy.market_data.streaming.states import PIECE
from algotrendy.market_data.streaming.stores import Key
from algotrendy.platform.blobs import Blobs
from algotrendy.platform.cache import Cache
from algotrendy.platform.telemetry import logger

FOLDER: Final = "streaming/folds"
_KEPT_S: Final = 7 * 24 * 3600
# How many trades the object has: who begins with the cache's state need not read it to know.
_IN_BLOB: Final = "in_blob"


class FoldStates:
    """``SavedFolds`` in a cache and in objects; who finds neither folds all trades anew.

    Args:
        cache: Is written each time.
        blobs: Are written when ``every`` trades have been folded since.
    """

    def __init__(self, cache: Cache, blobs: Blobs, every: int = PIECE) -> None:
        self._cache = cache
        self._blobs = blobs
        self._every = every
        self._in_blob: dict[Key, int] = {}

    def get(self, key: Key) -> Iterator[Mapping[str, Any]]:
        """Give the states that are found; the object is read when the cache's is not enough."""
        cached = dict(_state(self._cache.get(_name(key))))
        in_blob = cached.pop(_IN_BLOB, None)
        if cached and isinstance(in_blob, int):
            self._in_blob[key] = in_blob
            yield cached
            cached = {}
        stored = _state(self._blob(key))
        self._in_blob[key] = _trades(stored)
        yield from (state for state in (cached, stored) if state)

    def put(self, key: Key, state: Mapping[str, Any]) -> None:
        """Keep a state."""
        if _trades(state) - self._in_blob.get(key, 0) >= self._every:
            try:
                self._blobs.put(_path(key), json.dumps(state).encode(), "application/json")
            except Unavailable as error:
                logger.warning("the state of %s cannot be saved: %s", key, error)
            else:
                self._in_blob[key] = _trades(state)
        told = {**state, _IN_BLOB: self._in_blob.get(key, 0)}
        self._cache.set(_name(key), json.dumps(told).encode(), _KEPT_S)

    def _blob(self, key: Key) -> bytes | None:
        try:
            return self._blobs.get(_path(key))
        except (NotFound, Unavailable):
            return None


def _state(data: bytes | None) -> Mapping[str, Any]:
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _trades(state: Mapping[str, Any]) -> int:
    trades = state.get("trades")
    return trades if isinstance(trades, int) else 0


def _name(key: Key) -> str:
    return f"fold:{key.symbol}:{key.style}"


def _path(key: Key) -> str:
    # A style has letters that no key of an object may have.
    digest = blake2b(f"{key.symbol}\0{key.style}".encode(), digest_size=16).hexdigest()
    return f"{FOLDER}/{digest}.json"
