"""What a sweep is to try: a strategy, symbols, a period, and values for its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import prod
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol

GRID_LIMIT = 10**9


def _plain(number: Decimal) -> Decimal:
    # 1E+5, 100000 and 100000.0 are one number: they must be one text, hash and sweep.
    return Decimal(format(number.normalize(), "f"))


def _symbols(given: tuple[str, ...]) -> tuple[str, ...]:
    for symbol in given:
        try:
            parse_symbol(symbol)
        except Invalid as error:
            raise ValueError(f"{error.expected}, was {symbol[:40]!r}") from error
    if len(set(given)) != len(given):
        raise ValueError("symbols without repetition")
    return tuple(sorted(given))


Number = Annotated[
    Decimal, Field(ge=-(10**12), le=10**12, decimal_places=9), AfterValidator(_plain)
]


class Frozen(BaseModel):
    """A part of a request: never changed, and without a field that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(Frozen):
    """Evenly spaced values: start, start + step, ... up to and with stop."""

    start: Number
    stop: Number
    step: Annotated[Number, Field(gt=0)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stop < self.start:
            raise ValueError(f"a range whose stop is at least its start, {self.start}")
        return self

    @property
    def count(self) -> int:
        """Count the values; may be too many for ``len``."""
        return int((self.stop - self.start) // self.step) + 1

    def at(self, place: int) -> Decimal:
        """Give one value, from place 0 on."""
        return self.start + place * self.step


def _distinct(values: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    if len(set(values)) != len(values):
        raise ValueError("values without repetition")
    return tuple(sorted(values))


Values = Annotated[
    tuple[Number, ...], Field(min_length=1, max_length=10_000), AfterValidator(_distinct)
]


Seed = Annotated[int, Field(ge=0, lt=2**63)]


class ResearchSpec(Frozen):
    """What every request for research says: a strategy, symbols, a period, ranges, costs."""

    strategy: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    symbols: Annotated[
        tuple[str, ...], Field(min_length=1, max_length=50), AfterValidator(_symbols)
    ]
    start: date
    end: date
    parameters: Annotated[dict[str, Range | Values], Field(max_length=10)] = {}
    cash: Annotated[Number, Field(gt=0, le=10**12)] = Decimal(100_000)
    fee_bps: Annotated[Number, Field(ge=0, le=1000)] = Decimal(10)
    adjustment: Literal["raw", "all"] = "all"
    fractional: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.end < self.start:
            raise ValueError(
                f"a period whose end is at or after its start, {self.start}, was {self.end}"
            )
        if self.grid > GRID_LIMIT:
            raise ValueError(
                f"a grid of at most {GRID_LIMIT:,} combinations of parameters, was {self.grid:,}"
            )
        return self

    @property
    def grid(self) -> int:
        """Count the combinations of parameter values, before any rule, on one symbol."""
        axes = self.parameters.values()
        return prod(axis.count if isinstance(axis, Range) else len(axis) for axis in axes)


class SweepSpec(ResearchSpec):
    """A request to try every combination of parameter values on every symbol.

    A parameter that is not named keeps its default. Symbols and values are brought into order,
    so that equal requests are equal.
    """

    max_runs: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    seed: Seed = 0

    @property
    def is_single(self) -> bool:
        """Tell whether it is one backtest."""
        return len(self.symbols) == 1 and self.grid == 1

    @model_validator(mode="after")
    def _check_runs(self) -> Self:
        if self.max_runs < len(self.symbols):
            raise ValueError(
                f"max_runs of at least the number of symbols, {len(self.symbols)}, "
                f"was {self.max_runs}"
            )
        return self


_Spec = TypeVar("_Spec", bound=ResearchSpec)


def parse_spec(given: Mapping[str, Any]) -> SweepSpec:
    """Read a request that did not come through an API.

    Raises:
        Invalid: Naming the first wrong field, as ``parameters.fast.step``.
    """
    return parse_as(SweepSpec, given, "sweep")


def parse_as(kind: type[_Spec], given: Mapping[str, Any], subject: str) -> _Spec:
    """Read any request for research; ``subject`` is what it is called when its parts do not fit.

    Raises:
        Invalid: Naming the first wrong field, as ``parameters.fast.step``.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise _named(error.errors(include_url=False), subject) from error


def _named(errors: Sequence[Any], subject: str) -> Invalid:
    first = errors[0]
    # The branch of a union is no part of the caller's words.
    path = [
        str(part)
        for part in first["loc"]
        if not str(part).startswith(("Range", "function", "tuple"))
    ]
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if first["type"] == "missing":
        return Invalid(".".join(path), "given", None)
    if not path:
        # A fault of the whole says its figures itself; the whole request would only hide them.
        return _Misfit(subject, expected)
    return Invalid(".".join(path), expected, first["input"])


class _Misfit(Invalid):
    """Says that fields which are right one by one do not fit together."""

    def __init__(self, subject: str, expected: str) -> None:
        super().__init__(subject, expected, None)
        self.message = f"{subject} must have {expected}"
        self.args = (self.message,)
