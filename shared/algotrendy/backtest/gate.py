"""Say whether a strategy may be promoted: every figure against its threshold, and by how much.

A figure that is needed and not shown refuses like one that falls short: whoever leaves the bad
news out gains nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from math import ceil, inf, isfinite, isnan

from algotrendy.kernel.errors import Invalid, JsonValue

_MOST_DECIMALS = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a candidate shows; None is not shown.

    Attributes:
        trials: Counted on its data, its own included.
        data: Names these data for a reader, such as ``AAPL 1Day``.
        deflated_sharpe: Probability that its true Sharpe ratio is above the one that the best of
            that many trials without any skill is expected to show.
        overfitting: Probability of backtest overfitting.
        out_of_sample_sharpe: On bars that no choice was made with.
        out_of_sample_lower: Lower bound of its bootstrap interval.
        observations: Returns of its track record.
        minimum_track_record: How many it would need to be told from luck; may be infinite.
        trades: Closed round trips.
        max_drawdown: Deepest fall from a peak as a fraction, 0 or less.
        walk_forward_efficiency: Annual return out of sample over that in sample.
        harsh_return: Total return under harsh fills, as a fraction.
    """

    trials: int | None = None
    data: str = ""
    deflated_sharpe: float | None = None
    overfitting: float | None = None
    out_of_sample_sharpe: float | None = None
    out_of_sample_lower: float | None = None
    observations: int | None = None
    minimum_track_record: float | None = None
    trades: int | None = None
    max_drawdown: float | None = None
    walk_forward_efficiency: float | None = None
    harsh_return: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no such figure, naming it."""
        for name in ("deflated_sharpe", "overfitting"):
            _check(name, getattr(self, name), "between 0 and 1", lambda x: 0.0 <= x <= 1.0)
        for name in ("trials", "observations", "trades"):
            _check(name, getattr(self, name), "0 or more", lambda x: x >= 0)
        for name in ("out_of_sample_sharpe", "walk_forward_efficiency", "harsh_return"):
            _check(name, getattr(self, name), "finite", isfinite)
        _check("out_of_sample_lower", self.out_of_sample_lower, "a number", lambda x: not isnan(x))
        _check("minimum_track_record", self.minimum_track_record, "0 or more", lambda x: x >= 0.0)
        _check("max_drawdown", self.max_drawdown, "finite, 0 or less", lambda x: -inf < x <= 0.0)


class Bound(StrEnum):
    """On which side of its threshold a figure must lie."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    ABOVE = "above"


class Unit(StrEnum):
    """How a figure is written."""

    RATIO = "ratio"
    COUNT = "count"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Figure:
    """What a check compares, in words; on which side it must lie; how it is written."""

    words: str
    bound: Bound
    unit: Unit


CHECKS = {
    "trials": Figure("number of trials counted", Bound.AT_LEAST, Unit.COUNT),
    "deflated_sharpe": Figure("deflated Sharpe ratio", Bound.AT_LEAST, Unit.RATIO),
    "overfitting": Figure("probability of backtest overfitting", Bound.AT_MOST, Unit.RATIO),
    "out_of_sample_sharpe": Figure("out-of-sample Sharpe ratio", Bound.ABOVE, Unit.RATIO),
    "out_of_sample_lower": Figure(
        "lower bound of the out-of-sample Sharpe ratio", Bound.ABOVE, Unit.RATIO
    ),
    "track_record": Figure("length of the track record", Bound.AT_LEAST, Unit.COUNT),
    "trades": Figure("number of trades", Bound.AT_LEAST, Unit.COUNT),
    "max_drawdown": Figure("maximum drawdown", Bound.AT_MOST, Unit.PERCENT),
    "walk_forward_efficiency": Figure("walk-forward efficiency", Bound.AT_LEAST, Unit.RATIO),
    "harsh_return": Figure("return under harsh fills", Bound.ABOVE, Unit.PERCENT),
}
"""What is checked, by name, in the order in which a verdict tells it."""

REQUIRED = frozenset(
    {
        *("trials", "deflated_sharpe", "out_of_sample_sharpe", "track_record", "trades"),
        *("max_drawdown", "walk_forward_efficiency", "harsh_return"),
    }
)
"""Those that have to be shown by default; the others are judged only when shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a candidate has to reach.

    Attributes:
        deflated_sharpe: At least; 0.95 is the confidence of a one-sided test at 5 %.
        overfitting: At most. Picking the best of noise shows 0.5; 0.2 asks that the choice was
            right four times in five. A few splits tell no finer than that.
        out_of_sample_sharpe: Above, and so its lower bound where it is shown: what loses on bars
            that it was not fitted to has nothing to promote.
        trades: At least; of 30 trades half of which win, the share is known to 18 points either
            way with a confidence of 95 %, of fewer still worse.
        max_drawdown: At most, as a fraction above 0; after a fall of 25 % it takes a gain of a
            third to be even.
        walk_forward_efficiency: At least; at 0.5 half of what the fit promised is left after it,
            the share that TradeStation's Walk-Forward Optimizer asks for too.
        harsh_return: Above: an edge that worse fills eat was the fills'.
        required: Names of the checks that need their figure shown, of those of ``CHECKS``.
    """

    deflated_sharpe: float = 0.95
    overfitting: float = 0.20
    out_of_sample_sharpe: float = 0.0
    trades: int = 30
    max_drawdown: float = 0.25
    walk_forward_efficiency: float = 0.5
    harsh_return: float = 0.0
    required: frozenset[str] = REQUIRED

    def __post_init__(self) -> None:
        """Refuse thresholds that nothing could be measured by, naming them."""
        for name in ("deflated_sharpe", "overfitting"):
            _check(name, getattr(self, name), "between 0 and 1", lambda x: 0.0 <= x <= 1.0)
        for name in ("out_of_sample_sharpe", "walk_forward_efficiency", "harsh_return"):
            _check(name, getattr(self, name), "finite", isfinite)
        _check("trades", self.trades, "0 or more", lambda x: x >= 0)
        _check("max_drawdown", self.max_drawdown, "above 0, at most 1", lambda x: 0.0 < x <= 1.0)
        if unknown := self.required - set(CHECKS):
            raise Invalid("required", "of " + ", ".join(CHECKS), ", ".join(sorted(unknown)))


@dataclass(frozen=True, slots=True)
class Check:
    """One figure against its threshold.

    Attributes:
        name: As in ``Gate.required``.
        needed: The threshold; None when it was to be shown too, and was not.
        actual: The figure; None when it was not shown.
        is_required: Whether it refuses when either was not shown.
    """

    name: str
    figure: Figure
    needed: float | None
    actual: float | None
    is_required: bool

    @property
    def missed_by(self) -> float | None:
        """Tell how far the figure lies on the wrong side, 0 when it does not.

        None when there is nothing to compare.
        """
        if self.needed is None or self.actual is None:
            return None
        if self.figure.bound is Bound.AT_MOST:
            return max(self.actual - self.needed, 0.0)
        return max(self.needed - self.actual, 0.0)

    @property
    def passed(self) -> bool:
        """Tell whether this is no reason to refuse."""
        if self.needed is None or self.actual is None:
            return not self.is_required
        # A figure may be numpy's, and compares to a bool that JSON does not know.
        match self.figure.bound:
            case Bound.AT_LEAST:
                return bool(self.actual >= self.needed)
            case Bound.AT_MOST:
                return bool(self.actual <= self.needed)
            case Bound.ABOVE:
                return bool(self.actual > self.needed)

    def __str__(self) -> str:
        """Read as a clause: what must be, what was, and by how much it was missed."""
        words, missed_by = self.figure.words, self.missed_by
        if missed_by is None and not self.is_required:
            return f"{words} was not shown, and need not be"
        if self.needed is None:
            return f"what the {words} must be was not shown"
        decimals = self._decimals()
        must = f"{words} must be {self.figure.bound} {self._write(self.needed, decimals)}"
        if self.actual is None or missed_by is None:
            return f"{must}, was not shown"
        said = f"{must}, was {self._write(self.actual, decimals)}"
        if not 0.0 < missed_by < inf:
            return said
        side = "over" if self.figure.bound is Bound.AT_MOST else "short"
        return f"{said} ({self._write(missed_by, decimals)} {side})"

    def to_json(self) -> dict[str, JsonValue]:
        """Give the check as JSON values; what is infinite is null."""
        return {
            "name": self.name,
            "figure": self.figure.words,
            "bound": self.figure.bound.value,
            "unit": self.figure.unit.value,
            "needed": _finite(self.needed),
            "actual": _finite(self.actual),
            "missed_by": _finite(self.missed_by),
            "is_required": self.is_required,
            "passed": self.passed,
            "text": str(self),
        }

    def _write(self, value: float, decimals: int) -> str:
        if not isfinite(value):
            return "infinitely many" if self.figure.unit is Unit.COUNT else str(value)
        match self.figure.unit:
            case Unit.COUNT:
                return f"{value:,.0f}"
            case Unit.PERCENT:
                return f"{value * 100.0:z,.{decimals}f} %"
            case Unit.RATIO:
                return f"{value:z,.{decimals}f}"

    def _decimals(self) -> int:
        """Tell how many decimals show a miss: 0.9496 does not read as 0.95 below 0.95."""
        least = 1 if self.figure.unit is Unit.PERCENT else 2
        needed, actual, missed_by = self.needed, self.actual, self.missed_by
        if needed is None or actual is None or not missed_by:
            return least
        for decimals in range(least, _MOST_DECIMALS):
            write = partial(self._write, decimals=decimals)
            if write(needed) != write(actual) and write(missed_by) != write(0.0):
                return decimals
        return _MOST_DECIMALS


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of a candidate, and how many trials it was chosen from."""

    checks: tuple[Check, ...]
    trials: int | None
    data: str

    @property
    def passed(self) -> bool:
        """Tell whether the candidate may be promoted."""
        return all(check.passed for check in self.checks)

    @property
    def missed(self) -> tuple[Check, ...]:
        """Give the checks that refuse it."""
        return tuple(check for check in self.checks if not check.passed)

    def __str__(self) -> str:
        """Read as a sentence."""
        if self.passed:
            shown = len([check for check in self.checks if check.missed_by is not None])
            unseen = ", ".join(
                check.figure.words for check in self.checks if check.missed_by is None
            )
            said = f"passed: {shown} of {len(self.checks)} checks"
            said += f" ({unseen} not shown, and not required)" if unseen else ""
        else:
            said = "refused: " + "; ".join(str(check) for check in self.missed)
        if self.trials is None:
            return said
        plural = "" if self.trials == 1 else "s"
        return f"{said}, with {self.trials:,} trial{plural}" + (
            f" on {self.data}" if self.data else ""
        )

    def to_json(self) -> dict[str, JsonValue]:
        """Give the verdict as JSON values."""
        return {
            "passed": self.passed,
            "text": str(self),
            "trials": self.trials,
            "data": self.data,
            "checks": [check.to_json() for check in self.checks],
        }


def judge(evidence: Evidence, gate: Gate | None = None) -> Verdict:
    """Hold what a candidate shows against a gate; by default the one of ``Gate()``."""
    gate = gate or Gate()
    pairs = _pairs(evidence, gate)
    checks = tuple(
        Check(name, figure, *pairs[name], is_required=name in gate.required)
        for name, figure in CHECKS.items()
    )
    return Verdict(checks, evidence.trials, evidence.data)


def _pairs(evidence: Evidence, gate: Gate) -> dict[str, tuple[float | None, float | None]]:
    """Give what is needed and what was shown, by the names of the checks."""
    record, fall = evidence.minimum_track_record, evidence.max_drawdown
    if record is not None and isfinite(record):
        record = ceil(record)
    return {
        "trials": (1, evidence.trials),
        "deflated_sharpe": (gate.deflated_sharpe, evidence.deflated_sharpe),
        "overfitting": (gate.overfitting, evidence.overfitting),
        "out_of_sample_sharpe": (gate.out_of_sample_sharpe, evidence.out_of_sample_sharpe),
        "out_of_sample_lower": (gate.out_of_sample_sharpe, evidence.out_of_sample_lower),
        "track_record": (record, evidence.observations),
        "trades": (gate.trades, evidence.trades),
        "max_drawdown": (gate.max_drawdown, None if fall is None else abs(fall)),
        "walk_forward_efficiency": (
            gate.walk_forward_efficiency,
            evidence.walk_forward_efficiency,
        ),
        "harsh_return": (gate.harsh_return, evidence.harsh_return),
    }


def _check(
    name: str, value: float | None, expected: str, is_right: Callable[[float], bool]
) -> None:
    if value is not None and not is_right(value):
        raise Invalid(name, expected, value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
