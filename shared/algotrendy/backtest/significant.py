"""Keep numbers to 12 significant digits.

Beyond them a power may differ from one machine's mathematics library to another's, and what is
compared or hashed must not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_DIGITS = 12
_LEAST, _MOST = 10.0 ** (_DIGITS - 1), 10.0**_DIGITS
_POWERS = np.array([float(10**places) for places in range(23)])
"""The powers of ten that a float holds exactly."""
_CLOSE = 1e-3
"""To a half, of a number of so many digits: its last bits do not reach as far."""


def canonical(value: int | float | None) -> int | float | None:
    """Round a float to 12 significant digits; -0.0 becomes 0.0."""
    return float(f"{value:.{_DIGITS}g}") + 0.0 if isinstance(value, float) else value


def canonical_floats(values: FloatArray) -> FloatArray:
    """Round many floats as `canonical` does, to the same bits.

    A number is moved to 12 digits before the point, rounded, and moved back. Whole numbers of 12
    digits and powers of ten up to 10**22 are exact, so the move back rounds once, as reading the
    decimal does. The move there rounds too: what is so close to a half that it might matter, or
    too large or small, goes through its decimals.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        digits = np.floor(np.log10(np.abs(values)))
        places = _DIGITS - 1 - digits
        is_known = np.abs(places) < len(_POWERS)
        up = _POWERS[np.where(is_known, np.maximum(places, 0), 0).astype(np.intp)]
        down = _POWERS[np.where(is_known, np.maximum(-places, 0), 0).astype(np.intp)]
        moved = values * up / down
        size = np.abs(moved)
        is_sure = is_known & (size >= _LEAST) & (size < _MOST)
        is_sure &= np.abs(np.abs(moved - np.floor(moved)) - 0.5) > _CLOSE
        found: FloatArray = np.rint(moved) * down / up
    found[values == 0.0] = 0.0
    is_sure |= (values == 0.0) | np.isnan(values)
    for place in np.flatnonzero(~is_sure):
        found[place] = canonical(float(values[place]))
    return found
