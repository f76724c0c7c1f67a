"""Say what a registered strategy is: what runs on which data, under a name and a number.

A version is never changed. Who wants anything else of it registers the next one; only its stage
goes on, and never back.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, get_args
from uuid import UUID

from algotrendy.backtest.canonical import digest
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.request import CalendarName
from algotrendy.backtest.versions import OF_LIBRARY
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from algotrendy.kernel.ids import TenantId, UserId
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.live.studied import Studied
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.library import strategy_named
from algotrendy.strategy.parameters import Value

MOST_SYMBOLS: Final = 50
MOST_SOURCE: Final = 65_536
MOST_PARAMETERS: Final = 64
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_STRATEGY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCHEDULE = re.compile(r"bars|open|close|every ([1-9][0-9]{0,3}) minutes")


class Stage(StrEnum):
    """How far a version has come; each asks more than the one before."""

    DRAFT = "draft"
    TESTED = "tested"
    PAPER = "paper"
    LIVE = "live"
    RETIRED = "retired"

    @property
    def follows(self) -> frozenset[Stage]:
        """Give the stages that it may be promoted to: the next one, or retirement."""
        return _FOLLOWS[self]

    @property
    def may_run(self) -> bool:
        """Tell whether a run of it may send orders."""
        return self in (Stage.PAPER, Stage.LIVE)


_FOLLOWS: Final[Mapping[Stage, frozenset[Stage]]] = {
    Stage.DRAFT: frozenset({Stage.TESTED, Stage.RETIRED}),
    Stage.TESTED: frozenset({Stage.PAPER, Stage.RETIRED}),
    Stage.PAPER: frozenset({Stage.LIVE, Stage.RETIRED}),
    Stage.LIVE: frozenset({Stage.RETIRED}),
    Stage.RETIRED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Code:
    """What decides: a strategy of the library, or somebody's own as text.

    Attributes:
        strategy: Its name in the library, or in its own text.
        version: As trials and studies tell it: the engine's of the library, the hash of one's own.
        source: The whole text of one's own; None of the library.
        python: Under which the hash of one's own was made, such as ``3.12``; None of the library.
    """

    strategy: str
    version: str
    source: str | None = None
    python: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be run as it is, without running it."""
        if not _STRATEGY.fullmatch(self.strategy):
            raise Invalid("strategy", "1 to 64 letters, digits and underscores", self.strategy)
        if self.source is None:
            return
        if not 0 < len(self.source.encode()) <= MOST_SOURCE:
            expected = f"1 to {MOST_SOURCE:,} bytes of Python"
            raise Invalid("source", expected, len(self.source.encode()))
        if not _SHA256.fullmatch(self.version):
            raise Invalid("code_hash", "a SHA-256 in hex", self.version)
        try:
            # Read, and never run: whoever registers code runs none of it here.
            _functions_of(self.source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Invalid("source", f"Python ({error})", self.source[:80]) from error

    @classmethod
    def of_library(cls, name: str) -> Code:
        """Take a strategy of the library as this deployment has it; NotFound if it has none."""
        return cls(strategy_named(name).name, OF_LIBRARY)

    @property
    def is_own(self) -> bool:
        """Tell whether it is somebody's own."""
        return self.source is not None

    @property
    def sha256(self) -> str:
        """Hash what decides: what an order says of its code."""
        return self.version if self.is_own else digest([self.strategy, self.version])

    def load(self) -> Strategy:
        """Give the strategy, ready to run; one's own runs its text in this process.

        Raises:
            Conflict: If the code at hand here is not what was registered.
            Invalid: As ``strategy_of_text``.
        """
        if self.source is None:
            if self.version != OF_LIBRARY:
                raise Conflict(
                    f"{self.strategy} was registered with {self.version}, and here is "
                    f"{OF_LIBRARY}: register it again",
                    registered=self.version,
                    here=OF_LIBRARY,
                )
            return strategy_named(self.strategy)
        # Not before there is something to run.
        from algotrendy.strategy.fingerprint import code_hash
        from algotrendy.strategy.own_code import strategy_of_text

        # The function may be called otherwise than the strategy: then it is the only one.
        name = self.strategy if self.strategy in _functions_of(self.source) else ""
        strategy = strategy_of_text(self.source, name)
        # Another Python writes other bytecode of the same text, and so another hash.
        if python_version() == self.python and code_hash(strategy) != self.version:
            raise Conflict(
                f"the code of {self.strategy} is not what was registered: what it stands on, "
                "such as a library, has another version here",
                registered=self.version,
                here=code_hash(strategy),
            )
        return strategy


def _functions_of(source: str) -> set[str]:
    with warnings.catch_warnings():
        # What its author is warned of is no fault of ours.
        warnings.simplefilter("ignore")
        body = ast.parse(source).body
    return {each.name for each in body if isinstance(each, ast.FunctionDef)}


def python_version() -> str:
    """Give the version of Python that hashes of bytecode go by."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Content:
    """All that decides what a version does; of equal contents there is one version.

    Attributes:
        parameters: A value for each, by name.
        symbols: In the order of the alphabet, as studies have them.
        schedule: When it is called: after ``bars``, at each ``open`` or ``close``, or
            ``every 15 minutes``. What the strategy itself schedules is due besides.
        calendar: When the market is open.
        terms: On which its backtests stand: sizes, costs, shorts. The cash is not of the version.
    """

    code: Code
    parameters: Mapping[str, Value]
    symbols: tuple[Symbol, ...]
    timeframe: Timeframe = Timeframe.DAY
    schedule: str = "bars"
    calendar: CalendarName = "us-equities"
    terms: Terms = field(default_factory=Terms)

    def __post_init__(self) -> None:
        """Bring what was given into one form, and refuse what could not be run.

        Raises:
            Invalid: Naming the field.
        """
        symbols = tuple(sorted(parse_symbol(symbol, "symbols") for symbol in self.symbols))
        if not 1 <= len(set(symbols)) == len(symbols) <= MOST_SYMBOLS:
            expected = f"1 to {MOST_SYMBOLS} symbols, each once"
            raise Invalid("symbols", expected, ", ".join(symbols))
        if not _SCHEDULE.fullmatch(self.schedule):
            raise Invalid("schedule", "bars, open, close or every N minutes", self.schedule)
        if self.calendar not in get_args(CalendarName):
            raise Invalid("calendar", f"one of {', '.join(get_args(CalendarName))}", self.calendar)
        if len(self.parameters) > MOST_PARAMETERS:
            raise Invalid("parameters", f"at most {MOST_PARAMETERS}", len(self.parameters))
        parameters = dict(self.parameters)
        if not self.code.is_own:
            strategy = strategy_named(self.code.strategy)
            parameters = strategy.check(parameters)
            check_assets(strategy, symbols)
        object.__setattr__(self, "symbols", symbols)
        object.__setattr__(self, "parameters", dict(sorted(parameters.items())))

    @property
    def every_minutes(self) -> int | None:
        """Give how many minutes lie between two calls; None where the schedule is another."""
        found = _SCHEDULE.fullmatch(self.schedule)
        return int(found[1]) if found is not None and found[1] else None

    @cached_property
    def sha256(self) -> str:
        """Hash all of it."""
        return digest(self.to_json())

    def terms_shown(self) -> dict[str, float]:
        """Give the terms by their names."""
        return asdict(self.terms)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values, for ``from_json``."""
        return {
            "code": asdict(self.code),
            "parameters": dict(self.parameters),
            "symbols": list(self.symbols),
            "timeframe": self.timeframe.value,
            "schedule": self.schedule,
            "calendar": self.calendar,
            "terms": self.terms_shown(),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Content:
        """Read what ``to_json`` gave, as it was: what was registered is not judged again."""
        made: Content = object.__new__(cls)
        fields = {
            **found,
            "code": Code(**found["code"]),
            "symbols": tuple(Symbol(symbol) for symbol in found["symbols"]),
            "timeframe": Timeframe(found["timeframe"]),
            "terms": Terms(**found["terms"]),
        }
        for name, value in fields.items():
            object.__setattr__(made, name, value)
        return made

    def strategy(self) -> Strategy:
        """Load the strategy, with its parameters and symbols checked against it.

        Raises:
            Conflict: As ``Code.load``.
            Invalid: If a parameter is none of it, or it needs more symbols.
        """
        strategy = self.code.load()
        strategy.check(self.parameters)
        check_assets(strategy, self.symbols)
        return strategy


def check_assets(strategy: Strategy, symbols: tuple[Symbol, ...]) -> None:
    """Refuse too few symbols, or several for a strategy of one."""
    if strategy.assets > len(symbols) or (strategy.assets == 1 and len(symbols) > 1):
        more = "or more, " if strategy.assets > 1 else ""
        expected = f"{strategy.assets} {more}because {strategy.name} trades so many"
        raise Invalid("symbols", expected, ", ".join(symbols))


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyVersion:
    """A registered strategy.

    Attributes:
        author: Who registered it.
        note: What they said of it.
        since: When it came to its stage.
        studied: The study that it was tested by; None of a draft.
    """

    id: UUID
    tenant: TenantId
    name: str
    version: int
    content: Content
    author: UserId
    note: str
    registered_at: datetime
    stage: Stage
    since: datetime
    studied: Studied | None = None

    @property
    def label(self) -> str:
        """Name it with its version, as orders do: ``trend@3``."""
        return f"{self.name}@{self.version}"

    @property
    def data_hash(self) -> str | None:
        """Give the hash over the bars, the code and the request of its study; None of a draft."""
        return None if self.studied is None else self.studied.sha256


def parse_name(text: str, field: str = "name") -> str:
    """Read the name of a registered strategy, or raise Invalid."""
    if not _NAME.fullmatch(text):
        expected = "1 to 63 lower-case letters, digits, hyphens and underscores"
        raise Invalid(field, expected, text)
    return text


def parse_label(text: str, field: str = "strategy") -> tuple[str, int | None]:
    """Read ``trend@3``, or ``trend`` for its newest version, or raise Invalid."""
    name, at, number = text.partition("@")
    if at and not re.fullmatch(r"[1-9][0-9]{0,8}", number):
        raise Invalid(field, "a name, or a name and a version such as trend@3", text)
    return parse_name(name, field), int(number) if at else None


def parse_stage(text: str, field: str = "to") -> Stage:
    """Read a stage, or raise Invalid with those there are."""
    try:
        return Stage(text)
    except ValueError as error:
        raise Invalid(field, "one of " + ", ".join(Stage), text) from error


def not_registered(name: str, version: int | None = None) -> NotFound:
    """Say that there is no such version."""
    label = name if version is None else f"{name}@{version}"
    return NotFound("registered strategy", label)
