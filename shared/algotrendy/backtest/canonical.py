"""Write JSON in one form, and under a seal, so that what was changed since is not taken for it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

JSON = "application/json"


def encode(value: object) -> bytes:
    """Write JSON in one canonical form."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def digest(value: object) -> str:
    """Hash a JSON value in its canonical form."""
    return hashlib.sha256(encode(value)).hexdigest()


def sealed(body: dict[str, Any]) -> bytes:
    """Write a body with the hash of itself."""
    return encode({"body": body, "seal": digest(body)})


def unsealed(data: bytes) -> dict[str, Any] | None:
    """Read a body; None unless it is whole and as it was written."""
    try:
        found = json.loads(data)
        body: dict[str, Any] = found["body"]
        return body if found["seal"] == digest(body) else None
    except (ValueError, KeyError, TypeError):
        return None
