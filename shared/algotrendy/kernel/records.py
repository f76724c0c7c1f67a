"""Describe records of numbers that plain Python and compiled code read and write alike.

A field table names the fields and their kinds, ``i8`` or ``f8``. It is the one source of a
structured dtype (``np.dtype(list(fields))``) and of the slotted object of the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

Fields = tuple[tuple[str, str], ...]

_GIVEN = """
    for name in values:
        setattr(self, name, values[name])
"""


class Record:
    """A mutable record of numbers with one slot a field, zero at first or what ``initial`` says."""

    __slots__ = ()
    fields: ClassVar[Fields] = ()
    initial: ClassVar[Mapping[str, float]] = {}

    def __init_subclass__(cls) -> None:
        """Write out the beginning of each kind of record: drivers make one for every order."""
        names: dict[str, Any] = {}
        zeros = {name: 0 if kind == "i8" else 0.0 for name, kind in cls.fields}
        sets = [
            f"    self.{name} = {value!r}" for name, value in (zeros | dict(cls.initial)).items()
        ]
        lines = ["def begin(self, **values):", *sets, _GIVEN]
        # The text is made of the names in a field table.
        exec("\n".join(lines), names)  # noqa: S102
        cls.__init__ = names["begin"]  # type: ignore[method-assign]

    def __init__(self, **values: float) -> None:
        """Set what is given; the rest is zero."""
        raise TypeError(f"a record of which kind? {values}")

    @classmethod
    def blanks(cls, count: int) -> list[Self]:
        """Make records for somebody who writes every field before it is read; there are none."""
        new = cls.__new__
        return [new(cls) for _ in range(count)]

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name, _ in self.fields)
        return f"{type(self).__name__}({values})"
