"""Describe records of numbers that plain Python and compiled code read and write alike.

A field table names the fields and their kinds, ``i8`` or ``f8``. It is the one source of a
structured dtype (``np.dtype(list(fields))``) and of the slotted object of the same fields.
"""

from __future__ import annotations

Fields = tuple[tuple[str, str], ...]


class Record:
    """A mutable record of numbers with one slot a field, all zero at first."""

    __slots__ = ()
    fields: Fields = ()

    def __init__(self, **values: float) -> None:
        for name, kind in self.fields:
            setattr(self, name, 0 if kind == "i8" else 0.0)
        for name, value in values.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name, _ in self.fields)
        return f"{type(self).__name__}({values})"
