"""Decide, from a seed, which request, update, socket and fill gets which fault."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from algotrendy.exchange.faults import REQUEST_KINDS, UPDATE_KINDS, Faults, Kind, Scripted
from algotrendy.exchange.venue.model import Update

_FATES_KEPT = 4_096


class TapeFate(StrEnum):
    """What becomes of a trade on the tape after it was told."""

    STANDS = "stands"
    CANCELLED = "cancelled"
    CORRECTED = "corrected"


class Drop(StrEnum):
    """When a connection breaks unanswered."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class RequestFate:
    """What happens to one request.

    Attributes:
        delay_s: It waits so long first.
        refuse_before: Status to answer with instead of looking at it; None: look at it.
        retry_after_s: What a refusal asks the client to wait.
        fail_after: Status to answer with although it was carried out.
        drop: The connection breaks instead of an answer.
    """

    delay_s: float = 0.0
    refuse_before: int | None = None
    retry_after_s: float | None = None
    fail_after: int | None = None
    drop: Drop | None = None


@dataclass(frozen=True, slots=True)
class UpdateFate:
    """What happens to one update, for everybody who listens to its account.

    Attributes:
        copies: How often it is sent; 0: never.
        delay_s: How late; what comes meanwhile is sent before it.
        after_next: It is sent after the next update.
        disconnect: The socket breaks instead.
    """

    copies: int = 1
    delay_s: float = 0.0
    after_next: bool = False
    disconnect: bool = False


UNHARMED = RequestFate()
AS_IT_IS = UpdateFate()


class Chaos:
    """Answers what goes wrong next: by a script first, then by chance.

    The same seed, settings and questions in the same order give the same answers. What happens to
    an update or a fill depends on the seed and on it alone, not on who else listens.
    """

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self._seed = seed
        self._faults = faults or Faults()
        self._is_calm = self._faults == Faults()
        self._script: deque[Scripted] = deque()
        self._request_dice = random.Random(f"{seed}:requests")  # noqa: S311 - it must repeat
        self._fates: OrderedDict[tuple[str, int], UpdateFate] = OrderedDict()
        self._watchers: list[Callable[[Scripted | None], None]] = []
        self.injected: Counter[str] = Counter()

    @property
    def faults(self) -> Faults:
        """Tell how much of each fault is wanted."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._is_calm = faults == Faults()
        self._tell(None)

    @property
    def script(self) -> tuple[Scripted, ...]:
        """Tell what is still to happen by name, first first."""
        return tuple(self._script)

    def happen(self, scripted: Iterable[Scripted]) -> None:
        """Let these faults happen at the next things that they fit; a disconnect happens now."""
        for fault in scripted:
            if fault.fault is Kind.DISCONNECT:
                self._tell(fault)
            else:
                self._script.append(fault)

    def calm(self) -> None:
        """Switch everything off and forget the script."""
        self._script.clear()
        self._fates.clear()
        self.faults = Faults()

    def watch(self, watcher: Callable[[Scripted | None], None]) -> Callable[[], None]:
        """Call back when the settings change (with None) or sockets must break; give its end."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def _tell(self, what: Scripted | None) -> None:
        for watcher in tuple(self._watchers):
            watcher(what)

    # Requests

    def for_request(self, method: str, path: str, now: datetime) -> RequestFate:
        """Decide what happens to a request; ``now`` is the market's."""
        ends = self.maintenance_ends(now)
        if ends is not None:
            self.injected["maintenance"] += 1
            return RequestFate(refuse_before=503, retry_after_s=(ends - now).total_seconds())
        scripted = self._next(
            lambda fault: (
                fault.fault in REQUEST_KINDS
                and fault.method in (None, method)
                and fnmatchcase(path, fault.path)
            )
        )
        return _scripted_request(scripted) if scripted else self._chance_of_request()

    def _chance_of_request(self) -> RequestFate:
        faults, dice = self._faults, self._request_dice
        if self._is_calm:
            return UNHARMED
        # Every die is thrown every time: switching one fault on does not move the others.
        jitter, *throws, which = (dice.random() for _ in range(9))
        delay_s = faults.latency_s + jitter * faults.latency_jitter_s
        status = 500 if which < 0.5 else 503
        wait_s = faults.retry_after_s
        choices: tuple[tuple[str, float, RequestFate], ...] = (
            ("rate_limit", faults.rate_limit, RequestFate(delay_s, 429, wait_s)),
            ("error_before", faults.error_before, RequestFate(delay_s, status)),
            ("timeout_before", faults.timeout_before, RequestFate(delay_s, 504)),
            ("drop_before", faults.drop_before, RequestFate(delay_s, drop=Drop.BEFORE)),
            ("error_after", faults.error_after, RequestFate(delay_s, fail_after=status)),
            ("timeout_after", faults.timeout_after, RequestFate(delay_s, fail_after=504)),
            ("drop_after", faults.drop_after, RequestFate(delay_s, drop=Drop.AFTER)),
        )
        if delay_s:
            self.injected["latency"] += 1
        for thrown, (name, chance, fate) in zip(throws, choices, strict=True):
            if thrown < chance:
                self.injected[name] += 1
                return fate
        return RequestFate(delay_s)

    # Updates

    def for_update(self, update: Update) -> UpdateFate:
        """Decide what happens to an update; the same one gets the same answer every time."""
        faults = self._faults
        if not self._script and not self._fates and not _harms_updates(faults):
            return AS_IT_IS
        key = (update.account_id, update.number)
        fate = self._fates.get(key)
        if fate is None:
            scripted = self._next(
                lambda fault: (
                    fault.fault in UPDATE_KINDS and fault.event in (None, update.event.value)
                )
            )
            fate = _scripted_update(scripted) if scripted else self._chance_of_update(key)
            self._fates[key] = fate
            if len(self._fates) > _FATES_KEPT:
                self._fates.popitem(last=False)
        return fate

    def _chance_of_update(self, key: tuple[str, int]) -> UpdateFate:
        faults = self._faults
        dice = random.Random(f"{self._seed}:update:{key[0]}:{key[1]}")  # noqa: S311 - repeats
        dropped, doubled, swapped, late = (dice.random() for _ in range(4))
        if dropped < faults.drop_updates:
            self.injected["drop_updates"] += 1
            return UpdateFate(copies=0)
        copies, delay_s, after_next = 1, 0.0, False
        if doubled < faults.duplicate_updates:
            self.injected["duplicate_updates"] += 1
            copies = 2
        if late < faults.late_updates:
            self.injected["late_updates"] += 1
            delay_s = faults.late_update_s
        elif swapped < faults.reorder_updates:
            self.injected["reorder_updates"] += 1
            after_next = True
        return UpdateFate(copies, delay_s, after_next)

    # Trades of the market at large

    def for_trade(self, symbol: str, trade_id: int) -> TapeFate:
        """Decide what becomes of a trade on the tape; the same for everybody who asks."""
        faults = self._faults
        if not faults.cancel_trades and not faults.correct_trades:
            return TapeFate.STANDS
        dice = random.Random(f"{self._seed}:trade:{symbol}:{trade_id}")  # noqa: S311 - repeats
        cancelled, corrected = dice.random(), dice.random()
        if cancelled < faults.cancel_trades:
            self.injected["cancel_trades"] += 1
            return TapeFate.CANCELLED
        if corrected < faults.correct_trades:
            self.injected["correct_trades"] += 1
            return TapeFate.CORRECTED
        return TapeFate.STANDS

    # Fills

    @property
    def partial_fills(self) -> float:
        """Tell the chance that a fill is a part of what it could be."""
        return self._faults.partial_fills

    @property
    def stale_view_s(self) -> float:
        """Tell how old the positions are that a client is told."""
        return self._faults.stale_view_s

    def bust_after_s(self, fill: Update) -> float | None:
        """Decide whether a fill is taken back, and how many seconds later. Ask once a fill."""
        scripted = self._next(
            lambda fault: fault.fault is Kind.BUST and fault.event in (None, fill.event.value)
        )
        if scripted:
            return scripted.seconds
        if not self._faults.busts:
            return None
        dice = random.Random(f"{self._seed}:bust:{fill.execution_id}")  # noqa: S311 - repeats
        if dice.random() >= self._faults.busts:
            return None
        self.injected["busts"] += 1
        return self._faults.bust_after_s

    # The maintenance window

    def maintenance_ends(self, now: datetime) -> datetime | None:
        """Tell when the window ends in which ``now``, the market's time, lies; None: in none."""
        start = self._faults.maintenance_start
        if start is None:
            return None
        length = timedelta(minutes=self._faults.maintenance_minutes)
        today = datetime.combine(now.astimezone(UTC).date(), start, UTC)
        for begins in (today, today - timedelta(days=1)):
            if begins <= now < begins + length:
                return begins + length
        return None

    def _next(self, fits: Callable[[Scripted], bool]) -> Scripted | None:
        for place, fault in enumerate(self._script):
            if fits(fault):
                if fault.count > 1:
                    self._script[place] = fault.model_copy(update={"count": fault.count - 1})
                else:
                    del self._script[place]
                self.injected[fault.fault.value] += 1
                return fault
        return None


def _harms_updates(faults: Faults) -> bool:
    return bool(
        faults.drop_updates
        or faults.duplicate_updates
        or faults.reorder_updates
        or faults.late_updates
    )


def _scripted_request(fault: Scripted) -> RequestFate:
    match fault.fault:
        case Kind.DELAY:
            return RequestFate(delay_s=fault.seconds)
        case Kind.RATE_LIMIT:
            return RequestFate(refuse_before=429, retry_after_s=fault.seconds)
        case Kind.FAIL_BEFORE:
            return RequestFate(refuse_before=fault.status)
        case Kind.FAIL_AFTER:
            return RequestFate(fail_after=fault.status)
        case Kind.DROP_BEFORE:
            return RequestFate(drop=Drop.BEFORE)
        case _:
            return RequestFate(drop=Drop.AFTER)


def _scripted_update(fault: Scripted) -> UpdateFate:
    match fault.fault:
        case Kind.DROP_UPDATE:
            return UpdateFate(copies=0)
        case Kind.DUPLICATE_UPDATE:
            return UpdateFate(copies=2)
        case Kind.REORDER_UPDATE:
            return UpdateFate(after_next=True)
        case Kind.LATE_UPDATE:
            return UpdateFate(delay_s=fault.seconds)
        case _:
            return UpdateFate(disconnect=True)
