"""What a sweep is to try: a strategy, symbols, a period, and values for its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import prod
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from algotrendy.backtest.asking import AskedTerms, Frozen, Number
from algotrendy.backtest.fillable import require_fillable
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.quality.policy import GapPolicy
from algotrendy.market_data.series import Adjustment

__all__ = [
    "AskedTerms",
    "CalendarName",
    "Frozen",
    "Number",
    "Range",
    "ResearchSpec",
    "Seed",
    "SweepSpec",
    "parse_as",
    "parse_spec",
]

GRID_LIMIT = 10**9


def _symbols(given: tuple[str, ...]) -> tuple[str, ...]:
    for symbol in given:
        try:
            parse_symbol(symbol)
        except Invalid as error:
            raise ValueError(f"{error.expected}, was {symbol[:40]!r}") from error
    if len(set(given)) != len(given):
        raise ValueError("symbols without repetition")
    return tuple(sorted(given))


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

CalendarName = Literal["none", "us-equities", "always-open"]


def _is_now(moment: datetime | None) -> bool:
    # A request that does not ask keeps the text, and with it the hash, that it had before.
    return moment is None


def _is_kept(gaps: GapPolicy) -> bool:
    return gaps is GapPolicy.KEEP


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


class ResearchSpec(AskedTerms):
    """What every request for research says: a strategy, symbols, a period, ranges, terms.

    Attributes:
        as_of: Bars and corporate actions as they were recorded by this moment; None: by now.
        gaps: What becomes of bars that are missing by the exchange's calendar.
    """

    strategy: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    symbols: Annotated[
        tuple[str, ...], Field(min_length=1, max_length=50), AfterValidator(_symbols)
    ]
    start: date
    end: date
    parameters: dict[str, Range | Values] = Field(default={}, max_length=10)
    adjustment: Adjustment = "all"
    as_of: Annotated[AwareDatetime | None, Field(exclude_if=_is_now), AfterValidator(_utc)] = None
    gaps: Annotated[GapPolicy, Field(exclude_if=_is_kept)] = GapPolicy.KEEP

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            require_fillable(self.gaps, float(self.participation))
        except Invalid as error:
            raise ValueError(f"gaps {error.expected}, was {error.actual}") from error
        if self.end < self.start:
            raise ValueError(
                f"a period whose end is at or after its start, {self.start}, was {self.end}"
            )
        if self.grid > GRID_LIMIT:
            each = ", ".join(f"{name} {_count(axis):,}" for name, axis in self.parameters.items())
            raise ValueError(
                f"a grid of at most {GRID_LIMIT:,} combinations of parameters, was {self.grid:,} "
                f"({each})"
            )
        return self

    @property
    def grid(self) -> int:
        """Count the combinations of parameter values, before any rule, on one symbol."""
        return prod(map(_count, self.parameters.values()))


def _count(axis: Range | tuple[Decimal, ...]) -> int:
    return axis.count if isinstance(axis, Range) else len(axis)


class SweepSpec(ResearchSpec):
    """A request to try every combination of parameter values on every symbol.

    A parameter that is not named keeps its default. Symbols and values are brought into order,
    so that equal requests are equal.

    Attributes:
        together: Whether each run sees all symbols as one market, for a strategy of several
            assets; else each symbol is a market of its own.
        timeframe: Of the bars; a longer one than the store has is made of them. None: the store's.
        calendar: When the market is open, for schedules and for longer bars.
    """

    together: bool = False
    timeframe: Timeframe | None = None
    calendar: CalendarName = "none"
    max_runs: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    seed: Seed = 0

    @property
    def is_single(self) -> bool:
        """Tell whether it is one backtest."""
        return self.grid == 1 and self.markets == 1

    @property
    def markets(self) -> int:
        """Count the markets that every combination is tried on."""
        return 1 if self.together else len(self.symbols)

    @model_validator(mode="after")
    def _check_runs(self) -> Self:
        if self.max_runs < self.markets:
            raise ValueError(
                f"max_runs of at least the number of symbols, {self.markets}, was {self.max_runs}"
            )
        return self


_Spec = TypeVar("_Spec", bound=ResearchSpec)

_NO_BRANCH = ("model_type", "tuple_type")


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
    first = _telling(errors)
    path = _path(first["loc"])
    if first["type"] == "too_long":
        most, count = first["ctx"]["max_length"], first["ctx"]["actual_length"]
        return Invalid(".".join(path), f"at most {most:,} of them", f"{count:,}")
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if first["type"] == "missing":
        return Invalid(".".join(path), "given", None)
    if not path:
        # A fault of the whole says its figures itself; the whole request would only hide them.
        return _Misfit(subject, expected)
    return Invalid(".".join(path), expected, first["input"])


def _telling(errors: Sequence[Any]) -> Any:
    """Give the first fault; of values that are neither a range nor a list, the nearer branch's."""
    first = errors[0]
    alike = [each for each in errors if each["loc"][:2] == first["loc"][:2]]
    return next((each for each in alike if each["type"] not in _NO_BRANCH), first)


def _path(loc: Sequence[int | str]) -> list[str]:
    """Give where a fault is, without the branch of a union, which is no word of the caller's.

    A branch follows the name of a parameter alone: ``parameters``, the name, the branch.
    """
    path = [str(part) for part in loc]
    return path[:2] + path[3:] if path[:1] == ["parameters"] else path


class _Misfit(Invalid):
    """Says that fields which are right one by one do not fit together."""

    def __init__(self, subject: str, expected: str) -> None:
        super().__init__(subject, expected, None)
        self.message = f"{subject} must have {expected}"
        self.args = (self.message,)
