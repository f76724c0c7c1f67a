"""Cut bars into windows: choose parameters on the first part of each, look at the second.

``rolling`` windows have an in-sample part of one length, which moves; of ``anchored`` ones it
always begins with the first bar, and grows. Between the parts lies the embargo, which nobody sees:
what a position or an indicator carries over from the first part to the second has ended there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, pairwise
from typing import Literal, Self

from pydantic import model_validator

from algotrendy.backtest.request import Frozen
from algotrendy.backtest.validation.lengths import Length, LengthField, moved
from algotrendy.kernel.errors import Invalid

WINDOWS_LIMIT = 10_000

_LEAST = 0.25

# A period that ends on a Friday has also seen the holiday weekend that follows.
_GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Window:
    """One step of a walk forward; ``number`` counts from 1, the parts are bars of the series."""

    number: int
    in_sample: range
    out_of_sample: range


class Windows(Frozen):
    """How to cut a series.

    Attributes:
        in_sample, out_of_sample: Lengths of the two parts. In bars, or both of the calendar:
            counted then from the day of the first bar.
        step: How far one window begins after the one before; by default, and at least, the
            length out of sample, so that no bar is out of sample twice. More leaves gaps.
        embargo: Left out between the parts.
        last: What to do with a last window that the data end in the middle of its part out of
            sample: keep what is there (``short``), if it has at least a quarter of the bars of the
            window before it, or ``drop`` it. The first one must be whole.
    """

    kind: Literal["anchored", "rolling"] = "rolling"
    in_sample: LengthField
    out_of_sample: LengthField
    step: LengthField | None = None
    embargo: LengthField = Length(0, "bars")
    last: Literal["short", "drop"] = "short"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.in_sample.count or not self.out_of_sample.count:
            raise ValueError("an in_sample and an out_of_sample longer than 0")
        given = [
            self.in_sample,
            self.out_of_sample,
            *([self.embargo] if self.embargo.count else []),
        ]
        if len({length.unit == "bars" for length in given}) > 1:
            raise ValueError("lengths that are all in bars, or all of the calendar")
        step, least = self.stride, self.out_of_sample
        if step.unit != least.unit or step.count < least.count:
            raise ValueError(f"a step of at least out_of_sample, {least}, in the same unit")
        return self

    @property
    def stride(self) -> Length:
        """Give the step, said or by default."""
        return self.step or self.out_of_sample

    def cut(self, days: Sequence[date]) -> tuple[Window, ...]:
        """Cut a series.

        Args:
            days: Of each bar, oldest first; several bars may be of one day.

        Raises:
            Invalid: If not even one window fits, if a part has no bar, or if there are more than
                10,000 windows; it says the figures.
        """
        _check_days(days)
        end_of = _in_bars(len(days)) if self.in_sample.unit == "bars" else _in_days(days)
        found: list[Window] = []
        for steps in count():
            window, whole = self._window(steps, end_of)
            if window.out_of_sample.start >= len(days):
                break
            if not whole and (not found or self.last == "drop"):
                break
            # A search of its own for the sake of a bar or two would be trials for nothing.
            if not whole and len(window.out_of_sample) < _LEAST * len(found[-1].out_of_sample):
                break
            self._check_window(window, days)
            found.append(window)
            if not whole:
                break
        if not found:
            raise self._none_fits(_span(days))
        return tuple(found)

    def check_fit(self, bars: int, first: date, last: date) -> None:
        """Refuse lengths of which not even one window can fit, before the bars are read.

        Args:
            bars: As many as there may be at most, from ``first`` to ``last``.

        Raises:
            Invalid: Naming ``windows.in_sample``.
        """
        parts = [(1, self.in_sample), (1, self.embargo), (1, self.out_of_sample)]
        if self.in_sample.unit == "bars":
            _, fits = _in_bars(bars)(parts)
        else:
            _, fits = _in_days([first, last])(parts)
        if not fits:
            raise self._none_fits(f"{bars:,} bars from {first} to {last}")

    def _window(self, steps: int, end_of: _EndOf) -> tuple[Window, bool]:
        begun = [(steps, self.stride)]
        start = 0 if self.kind == "anchored" else end_of(begun)[0]
        stop = end_of([*begun, (1, self.in_sample)])[0]
        seen = [*begun, (1, self.in_sample), (1, self.embargo)]
        first = end_of(seen)[0]
        last, whole = end_of([*seen, (1, self.out_of_sample)])
        return Window(steps + 1, range(start, stop), range(first, last)), whole

    def _check_window(self, window: Window, days: Sequence[date]) -> None:
        if window.number > WINDOWS_LIMIT:
            expected = f"so long that there are at most {WINDOWS_LIMIT:,} windows"
            raise Invalid("windows.step", expected, self.stride.to_json())
        for name in ("in_sample", "out_of_sample"):
            if not getattr(window, name):
                expected = f"so long that window {window.number} of {_span(days)} has bars in it"
                raise Invalid(f"windows.{name}", expected, getattr(self, name).to_json())

    def _none_fits(self, span: str) -> Invalid:
        parts = f"{self.in_sample} in sample, {self.embargo} of embargo and {self.out_of_sample}"
        expected = f"so short that {parts} out of sample fit into {span}"
        return Invalid("windows.in_sample", expected, self.in_sample.to_json())


_Times = Sequence[tuple[int, Length]]
_EndOf = Callable[[_Times], tuple[int, bool]]
"""Gives the bar at which so many times each of some lengths have passed from the first bar on, and
whether the data reach so far; when they do not, it is the number of bars."""


def _in_bars(bars: int) -> _EndOf:
    def end_of(lengths: _Times) -> tuple[int, bool]:
        passed = sum(times * length.count for times, length in lengths)  # whole numbers
        return min(passed, bars), passed <= bars

    return end_of


def _in_days(days: Sequence[date]) -> _EndOf:
    def end_of(lengths: _Times) -> tuple[int, bool]:
        # Added up first: a month after the end of January is not a fixed number of days.
        months = sum(
            times * length.count for times, length in lengths if length.unit == "months"
        )  # whole numbers
        rest = sum(
            times * length.count for times, length in lengths if length.unit == "days"
        )  # whole numbers
        day = moved(days[0], months, rest)
        return bisect_left(days, day), day <= days[-1] + _GRACE

    return end_of


def _check_days(days: Sequence[date]) -> None:
    if not days:
        raise Invalid("days", "those of at least one bar", 0)
    for row, (before, day) in enumerate(pairwise(days), start=1):
        if day < before:
            raise Invalid(f"days[{row}]", f"at or after the one before, {before}", day)


def _span(days: Sequence[date]) -> str:
    return f"{len(days)} bars from {days[0]} to {days[-1]}"
