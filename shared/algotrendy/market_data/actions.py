"""What companies did to their shares: splits, dividends, new names, and the end of a listing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Protocol, Self

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol, parse_symbol

_DAY = timedelta(days=1)


class ActionKind(StrEnum):
    """What a company did."""

    SPLIT = "split"
    DIVIDEND = "dividend"
    RENAME = "rename"
    DELISTING = "delisting"


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """One action of one company.

    Attributes:
        symbol: Its name when it did so.
        day: The ex-date of a split or dividend: the first session on the new basis. The first
            session under a new name. The first date without a listing.
        value: New shares for one old; cash a share in the currency of quotes; what a holder gets
            for a share at the end of the listing, None where that is not known. None for a rename.
        new_symbol: Of a rename.
        number: Parts dividends of one day, from 1 on.
    """

    symbol: Symbol
    kind: ActionKind
    day: date
    value: float | None = None
    new_symbol: Symbol | None = None
    number: int = 1

    def validate(self) -> Self:
        """Refuse what no company can do.

        Raises:
            Invalid: Naming the field.
        """
        parse_symbol(self.symbol)
        if self.kind is ActionKind.RENAME:
            parse_symbol(self.new_symbol or "", "new_symbol")
            if self.new_symbol == self.symbol:
                raise Invalid("new_symbol", f"another than {self.symbol}", self.new_symbol)
        elif self.new_symbol is not None:
            raise Invalid("new_symbol", "empty but for a rename", self.new_symbol)
        if self.kind in (ActionKind.SPLIT, ActionKind.DIVIDEND):
            if self.value is None or not (isfinite(self.value) and self.value > 0):
                raise Invalid("value", f"finite and above 0 for a {self.kind}", self.value)
        elif self.value is not None and not (isfinite(self.value) and self.value >= 0):
            raise Invalid(
                "value", f"empty, or finite and at least 0, for a {self.kind}", self.value
            )
        return self

    @property
    def key(self) -> tuple[Symbol, ActionKind, date, int]:
        """Give what tells it from any other, whichever source told of it."""
        return self.symbol, self.kind, self.day, self.number


@dataclass(frozen=True, slots=True)
class ActionsImport:
    """All actions of some symbols from a first to a last day, by one source."""

    symbols: tuple[Symbol, ...]
    first: date
    last: date
    actions: tuple[CorporateAction, ...]
    source: str


def numbered(actions: Iterable[CorporateAction]) -> tuple[CorporateAction, ...]:
    """Sort actions, and number those of one symbol, kind and day, the greatest first.

    Raises:
        Invalid: If a symbol has two splits, new names or ends on one day.
    """
    of_day: dict[tuple[Symbol, ActionKind, date], list[CorporateAction]] = defaultdict(list)
    for action in actions:
        of_day[action.symbol, action.kind, action.day].append(action.validate())
    found: list[CorporateAction] = []
    for (symbol, kind, day), same in sorted(of_day.items()):
        if len(same) > 1 and kind is not ActionKind.DIVIDEND:
            raise Invalid("actions", f"one {kind} of {symbol} on {day}", len(same))
        for number, action in enumerate(sorted(same, key=lambda each: -(each.value or 0)), 1):
            found.append(
                CorporateAction(symbol, kind, day, action.value, action.new_symbol, number)
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Tenure:
    """The days on which a company had a name, both included; None: before all, or until now.

    Attributes:
        since: Its bars under this name may begin here: sources give a company's whole history
            under its newest name. None where the name was nobody else's before.
    """

    symbol: Symbol
    first: date | None = None
    last: date | None = None
    since: date | None = None


class ActionBook:
    """The actions that are known, found by symbol."""

    def __init__(self, actions: Iterable[CorporateAction] = ()) -> None:
        """Hold actions."""
        self._of: dict[Symbol, list[CorporateAction]] = defaultdict(list)
        self._named: dict[Symbol, list[CorporateAction]] = defaultdict(list)
        for action in sorted(actions, key=lambda each: (each.day, each.kind, each.number)):
            self._of[action.symbol].append(action)
            if action.new_symbol is not None:
                self._named[action.new_symbol].append(action)

    def of(self, symbol: Symbol) -> Sequence[CorporateAction]:
        """Give the actions of a symbol, by day."""
        return self._of.get(symbol, ())

    def all(self) -> list[CorporateAction]:
        """Give every action, by symbol and day."""
        return [action for symbol in sorted(self._of) for action in self._of[symbol]]

    def left(self, symbol: Symbol, on: date) -> date | None:
        """Give the last day on which a name was used that its company gave up by a date."""
        days = [action.day for action in self._renames(symbol) if action.day <= on]
        return max(days) - _DAY if days else None

    def tenures(self, symbol: Symbol, on: date) -> tuple[Tenure, ...]:
        """Give all names, oldest first, of the company that had a name on a date."""
        begun, earlier = self._before(symbol, on)
        ended, later = self._after(symbol, on)
        middle = Tenure(symbol, begun, ended, self._since(symbol, begun, on))
        return (*earlier, middle, *later)

    def _before(self, symbol: Symbol, on: date) -> tuple[date | None, tuple[Tenure, ...]]:
        taken = [action for action in self._named.get(symbol, ()) if action.day <= on]
        given_up = [action.day for action in self._renames(symbol) if action.day <= on]
        if not taken or (given_up and given_up[-1] > taken[-1].day):
            return (given_up[-1] if given_up else None), ()
        came = taken[-1]
        last = came.day - _DAY
        begun, earlier = self._before(came.symbol, last)
        since = self._since(came.symbol, begun, last)
        return came.day, (*earlier, Tenure(came.symbol, begun, last, since))

    def _after(self, symbol: Symbol, on: date) -> tuple[date | None, tuple[Tenure, ...]]:
        went = next((action for action in self._renames(symbol) if action.day > on), None)
        if went is None or went.new_symbol is None:
            return None, ()
        ended, later = self._after(went.new_symbol, went.day)
        since = self._since(went.new_symbol, went.day, went.day)
        return went.day - _DAY, (Tenure(went.new_symbol, went.day, ended, since), *later)

    def _since(self, symbol: Symbol, begun: date | None, on: date) -> date | None:
        """Give the day from which on a name can only be the company's that has it on a date."""
        if begun is None:
            return None
        given_up = [action.day for action in self._renames(symbol) if action.day <= on]
        return given_up[-1] if given_up else None

    def _renames(self, symbol: Symbol) -> list[CorporateAction]:
        return [action for action in self.of(symbol) if action.kind is ActionKind.RENAME]


class ActionStore(Protocol):
    """A store of corporate actions that forgets nothing."""

    def read(self, as_of: datetime | None = None) -> ActionBook:
        """Give what was recorded at a moment or before it; None for all."""
        ...

    def replace(self, imports: Sequence[ActionsImport]) -> int:
        """Store actions, and give how many are new, changed or taken back.

        Each import takes the place of all actions of its symbols from its first to its last day.
        What is there already is left alone.
        """
        ...
