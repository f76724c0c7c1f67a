"""Say how registered strategies and their promotions go over the wire."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from algotrendy.backtest.asking import AskedTerms
from algotrendy.backtest.gate import Bound, Check, Unit
from algotrendy.backtest.request import CalendarName
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.ids import parse_uuid7
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.live.promoting import Ruling
from algotrendy.live.registry import Wish
from algotrendy.live.registry_ports import Promotion
from algotrendy.live.studied import Studied, StudyKind
from algotrendy.live.versions import (
    MOST_PARAMETERS,
    MOST_SOURCE,
    MOST_SYMBOLS,
    Code,
    Content,
    Stage,
    StrategyVersion,
)

_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Whole = Annotated[int, Field(strict=True)]


class SourceIn(BaseModel):
    """A strategy of one's own: its whole text, which nothing runs before a run does."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=MOST_SOURCE, description="A Python module.")
    code_hash: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        description="Of the code and all that it refers to, as backtests count it; "
        "`algotrendy strategy register` works it out. A run whose code has another one fails.",
    )
    python: str = Field(pattern=r"^3\.[0-9]{1,2}$", description="Under which it was worked out.")


class RegistrationIn(BaseModel):
    """A strategy to be registered: what decides, and on which data."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "trend",
                    "strategy": "sma_cross",
                    "parameters": {"fast": 8, "slow": 16},
                    "symbols": ["AAPL"],
                    "note": "chosen by the walk forward of November",
                }
            ]
        },
    )

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="Under which it is known from now on."
    )
    strategy: str = Field(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$",
        description="Of the library, or of the name that `source` gives it.",
    )
    source: SourceIn | None = Field(None, description="Where it is none of the library.")
    parameters: dict[str, _Whole | _Number] = Field(
        default_factory=dict, max_length=MOST_PARAMETERS, description="Left out: the default."
    )
    symbols: list[str] = Field(min_length=1, max_length=MOST_SYMBOLS)
    timeframe: Timeframe = Timeframe.DAY
    schedule: str = Field(
        "bars",
        pattern=r"^(bars|open|close|every [1-9][0-9]{0,3} minutes)$",
        description="When it is called: `bars`, `open`, `close` or `every 15 minutes`.",
    )
    calendar: CalendarName = "us-equities"
    terms: AskedTerms | None = Field(None, description="As of its backtests; left out: theirs.")
    note: str = Field("", max_length=500)

    def content(self) -> Content:
        """Read what decides.

        Raises:
            NotFound: If the library has no such strategy.
            Invalid: Naming the field.
        """
        if self.source is None:
            code = Code.of_library(self.strategy)
        else:
            own = self.source
            code = Code(self.strategy, own.code_hash, own.text, own.python)
        return Content(
            code=code,
            parameters=self.parameters,
            symbols=tuple(parse_symbol(symbol, "symbols") for symbol in self.symbols),
            timeframe=self.timeframe,
            schedule=self.schedule,
            calendar=self.calendar,
            terms=(self.terms or AskedTerms()).terms,
        )


class StudyIn(BaseModel):
    """The study that a draft was tested by."""

    model_config = ConfigDict(extra="forbid")

    kind: StudyKind
    id: str


class PromotionIn(BaseModel):
    """What a version is to be promoted to, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"to": "retired", "reason": "the edge is gone since the spring"}]
        },
    )

    to: Literal["tested", "paper", "live", "retired"]
    reason: str = Field(min_length=1, max_length=500, description="Why; kept in the audit.")
    study: StudyIn | None = Field(None, description="For `tested`: what the gate judges.")

    @model_validator(mode="after")
    def _check(self) -> PromotionIn:
        if (self.to == "tested") != (self.study is not None):
            raise ValueError("a study for tested, and for nothing else")
        return self

    def wish(self) -> Wish:
        """Read the wish, or raise Invalid."""
        study = self.study
        named = None if study is None else (study.kind, parse_uuid7(study.id, "study.id"))
        return Wish(Stage(self.to), self.reason, named)


class FigureOut(BaseModel):
    """One figure of a ruling against its bar."""

    name: str
    figure: str
    bound: Bound
    unit: Unit
    needed: float | None
    actual: float | None = Field(description="Null where it was not shown, or is infinite.")
    missed_by: float | None
    is_required: bool
    passed: bool
    text: str


class ConditionOut(BaseModel):
    """Something that holds or does not."""

    name: str
    text: str
    passed: bool


class RulingOut(BaseModel):
    """What the gate said."""

    passed: bool
    text: str
    checks: list[FigureOut]
    conditions: list[ConditionOut]


class StudiedOut(BaseModel):
    """The study that a version was tested by."""

    kind: StudyKind
    id: str
    sha256: str = Field(description="Of all that decided it: the bars, the code, the request.")
    first: date
    last: date
    trials: int | None = Field(description="Counted on its data when it was judged.")


class PromotionOut(BaseModel):
    """One step of a version."""

    name: str
    version: int
    before: Stage
    to: Stage
    by: str
    at: datetime
    reason: str
    study: StudiedOut | None
    ruling: RulingOut


class VersionOut(BaseModel):
    """A registered strategy, without the text of its code."""

    name: str
    version: int
    label: str = Field(description="Name and version, as orders have it: `trend@3`.")
    stage: Stage
    since: datetime = Field(description="When it came to that stage.")
    strategy: str
    code: str = Field(description="`engine 3` of the library, or the hash of one's own.")
    is_own: bool = Field(description="Whether its code was registered with it.")
    code_hash: str = Field(description="SHA-256 of what decides, as orders have it.")
    data_hash: str | None = Field(description="The hash of its study; null for a draft.")
    content_hash: str = Field(description="Of all that decides what it does.")
    parameters: dict[str, int | float]
    symbols: list[str]
    timeframe: Timeframe
    schedule: str
    calendar: str
    author: str
    note: str
    registered_at: datetime


class WholeVersionOut(VersionOut):
    """A registered strategy, whole."""

    source: str | None = Field(description="The text of one's own code.")
    terms: dict[str, float | bool] = Field(description="As of its backtests.")
    study: StudiedOut | None
    promotions: list[PromotionOut] = Field(description="Oldest first.")


class VersionsOut(BaseModel):
    """Versions, newest first."""

    versions: list[VersionOut]
    next_cursor: str | None = Field(
        description="Ask for the next page with it as `cursor`; null at the end."
    )


def version_out(version: StrategyVersion) -> VersionOut:
    """Show a version in a list."""
    return VersionOut(**_fields(version))


def whole_version_out(version: StrategyVersion, promotions: list[PromotionOut]) -> WholeVersionOut:
    """Show a version whole."""
    content = version.content
    return WholeVersionOut(
        **_fields(version),
        source=content.code.source,
        terms=asdict(content.terms),
        study=_study_out(version.studied),
        promotions=promotions,
    )


def promotion_out(promotion: Promotion) -> PromotionOut:
    """Show a promotion."""
    return PromotionOut(
        name=promotion.name,
        version=promotion.version,
        before=promotion.before,
        to=promotion.to,
        by=promotion.by,
        at=promotion.at,
        reason=promotion.reason,
        study=_study_out(promotion.studied),
        ruling=_ruling_out(promotion.ruling),
    )


def _fields(version: StrategyVersion) -> dict[str, Any]:
    content, code = version.content, version.content.code
    return {
        "name": version.name,
        "version": version.version,
        "label": version.label,
        "stage": version.stage,
        "since": version.since,
        "strategy": code.strategy,
        "code": code.version,
        "is_own": code.is_own,
        "code_hash": code.sha256,
        "data_hash": version.data_hash,
        "content_hash": content.sha256,
        "parameters": dict(content.parameters),
        "symbols": list(content.symbols),
        "timeframe": content.timeframe,
        "schedule": content.schedule,
        "calendar": content.calendar,
        "author": version.author,
        "note": version.note,
        "registered_at": version.registered_at,
    }


def _study_out(studied: Studied | None) -> StudiedOut | None:
    if studied is None:
        return None
    return StudiedOut(
        kind=studied.kind,
        id=str(studied.id),
        sha256=studied.sha256,
        first=studied.first,
        last=studied.last,
        trials=studied.evidence.trials,
    )


def _ruling_out(ruling: Ruling) -> RulingOut:
    return RulingOut(
        passed=ruling.passed,
        text=str(ruling),
        checks=[_figure_out(check) for check in ruling.checks],
        conditions=[
            ConditionOut(name=each.name, text=each.words, passed=each.passed)
            for each in ruling.conditions
        ],
    )


def _figure_out(check: Check) -> FigureOut:
    return FigureOut.model_validate(check.to_json())
