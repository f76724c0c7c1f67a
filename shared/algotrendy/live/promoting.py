"""Say who may promote a version to which stage, and what the gate asks of it first.

Everything that is asked is answered at once: a refusal names each number that missed its bar and by
how much, and each condition that does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from algotrendy.backtest.gate import Bound, Check, Figure, Gate, Unit, judge
from algotrendy.identity.permissions import Permission, Role
from algotrendy.identity.principal import Principal
from algotrendy.kernel.errors import Forbidden, JsonValue, Rejected
from algotrendy.live.studied import Studied
from algotrendy.live.versions import Stage, StrategyVersion

if TYPE_CHECKING:
    from algotrendy.live.registry_ports import LiveSwitches, PaperRecord

# An admin may do all of it, as everywhere.
_PROMOTERS: Final[Mapping[Stage, frozenset[Role]]] = {
    Stage.TESTED: frozenset({Role.RESEARCHER, Role.ADMIN}),
    Stage.PAPER: frozenset({Role.RESEARCHER, Role.TRADER, Role.ADMIN}),
    Stage.LIVE: frozenset({Role.RISK_MANAGER, Role.ADMIN}),
    Stage.RETIRED: frozenset({Role.RESEARCHER, Role.TRADER, Role.RISK_MANAGER, Role.ADMIN}),
}
# What may cost money ends by the word of those who may let it begin, or of who trades.
_RETIRES_LIVE: Final = frozenset({Role.TRADER, Role.RISK_MANAGER, Role.ADMIN})

_SINCE = Figure("growth of the count of trials since the study", Bound.AT_MOST, Unit.PERCENT)
_SESSIONS = Figure("number of sessions on paper with a report", Bound.AT_LEAST, Unit.COUNT)
_UNEXPLAINED = Figure("number of unexplained differences", Bound.AT_MOST, Unit.COUNT)
_RUNS = Figure("number of runs at work", Bound.AT_MOST, Unit.COUNT)
_DECISIONS = Figure("number of decisions on paper", Bound.AT_LEAST, Unit.COUNT)


@dataclass(frozen=True, slots=True)
class Bars:
    """What each promotion asks for.

    Attributes:
        gate: Of the study.
        trials_since: By how much the count of trials on the study's data may have grown since it
            was judged, as a part of that count: what the best of so many shows by luck grows with
            the root of the logarithm, and hardly moves while the count does not double.
        sessions: On paper before live, each with a report of parity.
        unexplained: Differences from the backtest over these sessions that nothing explains.
        decisions: On paper, at least: who decided nothing has shown nothing.
    """

    gate: Gate = field(default_factory=Gate)
    trials_since: float = 1.0
    sessions: int = 20
    unexplained: int = 0
    decisions: int = 1


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds or does not, where no number tells.

    Attributes:
        words: What must be, and what is.
    """

    name: str
    words: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says to a promotion."""

    checks: tuple[Check, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether nothing refuses it."""
        checks = all(each.passed for each in self.checks)
        return checks and all(each.passed for each in self.conditions)

    @property
    def missed(self) -> tuple[str, ...]:
        """Say what refuses it, each in a clause."""
        numbers = [str(check) for check in self.checks if not check.passed]
        return (*numbers, *(each.words for each in self.conditions if not each.passed))

    def __str__(self) -> str:
        """Read as a sentence."""
        if self.passed:
            return f"passed: {len(self.checks) + len(self.conditions)} checks"
        return "refused: " + "; ".join(self.missed)

    def to_json(self) -> dict[str, JsonValue]:
        """Give it as JSON values, for ``ruling_of``."""
        return {
            "passed": self.passed,
            "text": str(self),
            "checks": [check.to_json() for check in self.checks],
            "conditions": [
                {"name": each.name, "text": each.words, "passed": each.passed}
                for each in self.conditions
            ],
        }


class PromotionRefused(Rejected):
    """Says why a version is not promoted: each number that missed its bar, and by how much."""

    code = "promotion-refused"

    def __init__(self, label: str, to: Stage, ruling: Ruling) -> None:
        super().__init__(
            f"{label} is not promoted to {to}: {'; '.join(ruling.missed)}",
            strategy=label,
            to=to.value,
        )
        self.ruling = ruling

    def fields(self) -> dict[str, JsonValue]:
        """Give the ruling besides."""
        return {**Rejected.fields(self), "ruling": self.ruling.to_json()}


def require_promoter(principal: Principal, version: StrategyVersion, to: Stage) -> None:
    """Let a caller pass whose roles let them promote to a stage.

    Raises:
        Forbidden: If none of their roles does; names those that would.
    """
    allowed = _PROMOTERS.get(to, frozenset())
    if to is Stage.RETIRED and version.stage is Stage.LIVE:
        allowed = _RETIRES_LIVE
    if not allowed & principal.roles or not principal.may(Permission.STRATEGIES_PROMOTE):
        raise Forbidden(allowed - {Role.ADMIN}, principal.roles, f"promotion to {to}")


def rule_tested(version: StrategyVersion, studied: Studied, trials: int, bars: Bars) -> Ruling:
    """Hold a study to the gate, and see that it is one of this very version.

    Args:
        trials: Counted on its data by now.
    """
    counted = studied.evidence.trials
    evidence = replace(studied.evidence, trials=max(trials, counted or 0))
    grown = None if not counted else max(trials - counted, 0) / counted
    since = Check("trials_since", _SINCE, bars.trials_since, grown, is_required=True)
    return Ruling((*judge(evidence, bars.gate).checks, since), _is_of(version, studied))


def rule_paper(version: StrategyVersion) -> Ruling:
    """See that the version was tested, with the code that it has."""
    studied = version.studied
    tested = None if studied is None else studied.code
    code = version.content.code.version
    words = f"the code must be the one that was tested, {tested}, was {code}"
    return Ruling((), (Condition("code", words, tested == code),))


def rule_live(
    version: StrategyVersion, record: PaperRecord, switches: LiveSwitches, bars: Bars
) -> Ruling:
    """Hold what the version did on paper to the bars, and look at both switches."""
    checks = (
        Check("sessions", _SESSIONS, bars.sessions, record.sessions, is_required=True),
        Check("unexplained", _UNEXPLAINED, bars.unexplained, record.unexplained, is_required=True),
        Check("decisions", _DECISIONS, bars.decisions, record.decisions, is_required=True),
    )
    flag = "could not be read" if switches.flag is None else "is off"
    return Ruling(
        checks,
        (
            *rule_paper(version).conditions,
            Condition(
                "stage_switch",
                _on("switch of the stage", "is off", "set ALGOTRENDY_LIVE_TRADING=true for it"),
                switches.stage,
            ),
            Condition(
                "live_switch",
                _on("live switch", flag, "algotrendy flags set live_trading true"),
                switches.flag is True,
            ),
        ),
    )


def rule_retired(runs: int) -> Ruling:
    """See that nothing trades by a version that is to be retired: whoever retires it stops first.

    Args:
        runs: Of the version that are not over.
    """
    return Ruling((Check("runs", _RUNS, 0, runs, is_required=True),))


def _on(switch: str, state: str, how: str) -> str:
    return f"the {switch} must be on, and {state}: {how}"


def _is_of(version: StrategyVersion, studied: Studied) -> tuple[Condition, ...]:
    content = version.content
    pairs: Sequence[tuple[str, Any, Any]] = (
        ("strategy", content.code.strategy, studied.strategy),
        ("code", content.code.version, studied.code),
        ("parameters", _numbers(content.parameters), _numbers(studied.parameters)),
        ("symbols", ", ".join(content.symbols), ", ".join(studied.symbols)),
        ("timeframe", content.timeframe, studied.timeframe),
        ("terms", _terms(content.terms_shown()), _terms(studied.terms)),
    )
    return tuple(
        Condition(name, f"{name} must be those of the study, {theirs}, was {ours}", ours == theirs)
        for name, ours, theirs in pairs
    )


def _numbers(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {float(value):.17g}" for name, value in sorted(values.items()))


def _terms(terms: Mapping[str, float]) -> str:
    # How much there is to trade with is the run's, and no part of what was tested.
    return _numbers({name: value for name, value in terms.items() if name != "cash"})


def ruling_of(found: Mapping[str, Any]) -> Ruling:
    """Read what ``Ruling.to_json`` gave; what was infinite is gone."""
    return Ruling(
        tuple(
            Check(
                each["name"],
                Figure(each["figure"], Bound(each["bound"]), Unit(each["unit"])),
                each["needed"],
                each["actual"],
                is_required=each["is_required"],
            )
            for each in found["checks"]
        ),
        tuple(
            Condition(each["name"], each["text"], each["passed"]) for each in found["conditions"]
        ),
    )
