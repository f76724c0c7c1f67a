"""Keep what has to outlive a step: what the strategy owns, its open orders, and their count."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Self

from algotrendy.kernel.errors import Invalid

_NOT_FINITE: Final = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


@dataclass(frozen=True, slots=True)
class OwnState:
    """What a strategy owns for one asset, in the order of its layout.

    Attributes:
        cells: The memory of its indicators.
    """

    scalars: tuple[float, ...]
    vectors: tuple[tuple[float, ...], ...]
    cells: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that may still fill. Codes are those of ``exchange.rules.codes``.

    Attributes:
        order: Its id.
        entry: The order whose exit it is or was, 0 for none.
        sibling: The other exit that shares its quantity, 0 for none that is open.
        is_held: Whether it waits for its entry.
    """

    order: int
    asset: int
    side: int
    kind: int
    tif: int
    role: int
    entry: int
    sibling: int
    is_held: bool
    units: float
    filled: float
    limit: float
    stop: float
    trail_price: float
    trail_percent: float


@dataclass(frozen=True, slots=True)
class StepState:
    """What a strategy's next step begins with. Equal states are equal texts, to the bit.

    Attributes:
        step: The last that is done.
        now: When that was, nanoseconds since 1970 UTC.
        placed: Orders so far; the next has the id after it.
        owns: One an asset.
        orders: Oldest first, asset by asset.
    """

    step: int
    now: int
    placed: int
    owns: tuple[OwnState, ...]
    orders: tuple[OpenOrder, ...]

    def to_json(self) -> str:
        """Write all of it; floats by their shortest exact text."""
        return json.dumps(
            {
                "step": self.step,
                "now": self.now,
                "placed": self.placed,
                "owns": [
                    {
                        "scalars": _written(own.scalars),
                        "vectors": [_written(vector) for vector in own.vectors],
                        "cells": _written(own.cells),
                    }
                    for own in self.owns
                ],
                "orders": [
                    {name: getattr(order, name) for name in OpenOrder.__slots__}
                    for order in self.orders
                ],
            },
            allow_nan=False,
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            Invalid: If it is anything else.
        """
        try:
            read = json.loads(text)
            return cls(
                step=int(read["step"]),
                now=int(read["now"]),
                placed=int(read["placed"]),
                owns=tuple(
                    OwnState(
                        _read(own["scalars"]),
                        tuple(_read(vector) for vector in own["vectors"]),
                        _read(own["cells"]),
                    )
                    for own in read["owns"]
                ),
                orders=tuple(OpenOrder(**order) for order in read["orders"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid("state", "as a step has written it", text) from error

    def digest(self) -> str:
        """Give the SHA-256 of the text."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def numbers(values: Any, field: str) -> tuple[float, ...]:
    """Take what a strategy keeps, which must be plain numbers to be read again as they are.

    Raises:
        Invalid: Naming the first that is none.
    """
    try:
        kept = tuple(values)
    except TypeError as error:
        raise Invalid(field, "a row of numbers", values) from error
    for place, value in enumerate(kept):
        # A bool is an int; numpy's double is a float.
        if not isinstance(value, int | float):
            raise Invalid(f"{field}[{place}]", "a number", value)
    return kept


def _written(values: tuple[float, ...]) -> list[float | str]:
    # JSON has no word for these, and keeps whole numbers and truth apart from floats.
    return [value if isfinite(value) else str(float(value)) for value in values]


def _read(values: list[float | str]) -> tuple[float, ...]:
    return tuple(_NOT_FINITE[value] if isinstance(value, str) else value for value in values)
