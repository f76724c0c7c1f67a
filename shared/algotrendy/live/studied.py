"""Read what a recorded study proves: of a sweep's winner, or of what a walk forward chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from math import inf
from typing import Any, Literal
from uuid import UUID

from algotrendy.backtest.gate import Evidence
from algotrendy.backtest.lifecycle import Study, StudyStatus, Sweep, WalkStudy
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Conflict
from algotrendy.strategy.parameters import Value

StudyKind = Literal["sweep", "walk-forward"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """What a study says of its candidate.

    Attributes:
        sha256: Of all that decided its results: the bars, the code, the request.
        strategy, code: Which was studied, and in which version of its code.
        parameters: Of the winner; of a walk forward those that its last window chose.
        timeframe: Of its bars; None where the study does not say, or they are of a chart style.
        terms: On which its orders filled, by the names of ``Terms``.
        evidence: As it was judged when the study ended.
    """

    kind: StudyKind
    id: UUID
    sha256: str
    strategy: str
    code: str
    parameters: Mapping[str, Value]
    symbols: tuple[str, ...]
    timeframe: Timeframe | None
    first: date
    last: date
    terms: Mapping[str, float]
    evidence: Evidence

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values, for ``from_json``."""
        return {
            "kind": self.kind,
            "id": str(self.id),
            "sha256": self.sha256,
            "strategy": self.strategy,
            "code": self.code,
            "parameters": dict(self.parameters),
            "symbols": list(self.symbols),
            "timeframe": None if self.timeframe is None else self.timeframe.value,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "terms": dict(self.terms),
            "evidence": {
                # JSON knows no infinity: as text it comes back as it was.
                name: repr(value) if value == inf else value
                for name, value in asdict(self.evidence).items()
            },
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Studied:
        """Read what ``to_json`` gave."""
        shown: dict[str, Any] = {
            name: inf if value == "inf" else value for name, value in found["evidence"].items()
        }
        timeframe = found["timeframe"]
        return cls(
            kind=found["kind"],
            id=UUID(found["id"]),
            sha256=found["sha256"],
            strategy=found["strategy"],
            code=found["code"],
            parameters=found["parameters"],
            symbols=tuple(found["symbols"]),
            timeframe=None if timeframe is None else Timeframe(timeframe),
            first=date.fromisoformat(found["first"]),
            last=date.fromisoformat(found["last"]),
            terms=found["terms"],
            evidence=Evidence(**shown),
        )


def of_sweep(sweep: Sweep) -> Studied:
    """Read what a sweep proves of its winner.

    Raises:
        Conflict: If it has not succeeded, or was made before its code was kept with it.
    """
    summary = _summary(sweep)
    tried, best = summary.get("tried"), summary.get("best")
    if not isinstance(tried, dict) or not isinstance(best, dict) or "verdict" not in summary:
        raise _too_old(sweep)
    spec = sweep.spec
    symbols = spec.symbols if spec.together else (str(best["symbol"]),)
    mine = [t for t in tried["tallies"] if tuple(t["symbols"]) == tuple(sorted(symbols))]
    tally = (mine or tried["tallies"])[0]
    return Studied(
        kind="sweep",
        id=sweep.id,
        sha256=tried["sha256"],
        strategy=tried["strategy"],
        code=tried["version"],
        parameters=best["parameters"],
        symbols=tuple(sorted(symbols)),
        timeframe=Timeframe(tally["timeframe"]),
        first=date.fromisoformat(tally["first"]),
        last=date.fromisoformat(tally["last"]),
        terms=asdict(spec.terms),
        evidence=shown_by(summary["verdict"]),
    )


def of_walk(walk: WalkStudy) -> Studied:
    """Read what a walk forward proves of the parameters that its last window chose.

    Raises:
        Conflict: As ``of_sweep``; also if its last window chose nothing.
    """
    summary = _summary(walk)
    code, timeframe = summary.get("version"), summary.get("timeframe")
    if not isinstance(code, str):
        raise _too_old(walk)
    chosen = summary["windows"][-1]["parameters"]
    if chosen is None:
        raise Conflict(f"the last window of walk-forward {walk.id} chose nothing to trade")
    return Studied(
        kind="walk-forward",
        id=walk.id,
        sha256=summary["plan_sha256"],
        strategy=walk.spec.strategy,
        code=code,
        parameters=chosen,
        symbols=tuple(sorted(summary["symbols"])),
        # Of bars of a chart style there is none: nothing live is made of those.
        timeframe=Timeframe(timeframe) if timeframe in set(Timeframe) else None,
        first=date.fromisoformat(summary["first"]),
        last=date.fromisoformat(summary["last"]),
        terms=asdict(walk.spec.terms),
        evidence=shown_by(summary["verdict"]),
    )


def shown_by(verdict: Mapping[str, Any]) -> Evidence:
    """Read the evidence back out of a verdict, as ``Verdict.to_json`` wrote it."""
    checks = {check["name"]: check for check in verdict["checks"]}

    def actual(name: str) -> Any:
        return checks[name]["actual"]

    fall, record = actual("max_drawdown"), checks["track_record"]["needed"]
    if record is None and actual("track_record") is not None:
        # Of a ratio that is not above 0, JSON has no infinity to say that no length would do.
        record = None if actual("deflated_sharpe") is None else inf
    return Evidence(
        trials=verdict["trials"],
        data=verdict["data"],
        deflated_sharpe=actual("deflated_sharpe"),
        overfitting=actual("overfitting"),
        out_of_sample_sharpe=actual("out_of_sample_sharpe"),
        out_of_sample_lower=actual("out_of_sample_lower"),
        observations=actual("track_record"),
        minimum_track_record=record,
        trades=actual("trades"),
        max_drawdown=None if fall is None else -fall,
        walk_forward_efficiency=actual("walk_forward_efficiency"),
        harsh_return=actual("harsh_return"),
    )


def _summary(study: Study[Any]) -> dict[str, Any]:
    if study.status is not StudyStatus.SUCCEEDED or study.summary is None:
        raise Conflict(
            f"{study.kind} {study.id} is {study.status}, so it proves nothing",
            status=study.status.value,
        )
    return dict(study.summary)


def _too_old(study: Study[Any]) -> Conflict:
    return Conflict(
        f"{study.kind} {study.id} was made before studies kept which code they tried: run it again"
    )
