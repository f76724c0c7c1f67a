"""Draw numbers that depend on a name alone, so that any moment can be drawn without the others."""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from statistics import NormalDist

_BITS = 52
_NORMAL = NormalDist()


def key_of(*parts: object) -> int:
    """Make a number of a name such as ``(seed, symbol, date)``: equal names, equal numbers."""
    text = "|".join(map(str, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big")


def chance_of(*parts: object) -> Random:
    """Give the sequence of chances that belongs to a name."""
    return Random(key_of(*parts))  # noqa: S311 - prices are no secret


def normal_of(*parts: object) -> float:
    """Give the one draw from a standard normal distribution that belongs to a name."""
    return normal((key_of(*parts) >> (128 - _BITS)) / (1 << _BITS))


def normal(uniform: float) -> float:
    """Turn a uniform draw from [0, 1) into a standard normal one, at most 8 either way."""
    return _NORMAL.inv_cdf(uniform) if uniform > 1e-15 else -8.0
