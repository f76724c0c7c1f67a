"""Hold how a component stands, steadily: a single odd answer changes nothing.

It gets worse when several sightings in a row are worse, and better when several in a row are
better. What was seen while that was open is counted when it is known which way it went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from algotrendy.operations.status.components import State
from algotrendy.operations.status.uptime import Span, Tally


@dataclass(frozen=True, slots=True)
class Patience:
    """How many sightings in a row it takes.

    Attributes:
        gap: Sightings that lie further apart than this say nothing about the time between them.
    """

    worse_after: int = 2
    better_after: int = 3
    gap: timedelta = timedelta(minutes=5)

    @property
    def longest(self) -> int:
        """Give how many sightings are remembered at most."""
        return 2 * max(self.worse_after, self.better_after)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a component stands, since when, and what speaks against it.

    Attributes:
        state: UNKNOWN until it was first seen.
        since: Of this state, as far as it was seen; None where it was never seen.
        seen_at: When it was last seen.
        open: Spans of the last sightings that did not fit the state, oldest first.
        streak: Their states, and of none besides; a sighting with no span before it counts too.
        reason: Why it is in trouble, in words for everybody.
        latency_s: Of the last answer.
    """

    state: State = State.UNKNOWN
    since: datetime | None = None
    seen_at: datetime | None = None
    open: tuple[Span, ...] = ()
    streak: tuple[State, ...] = ()
    reason: str = ""
    latency_s: float = 0.0
    tally: Tally = field(default_factory=Tally)

    def seen(
        self,
        state: State,
        at: datetime,
        patience: Patience,
        reason: str = "",
        latency_s: float = 0.0,
    ) -> Standing:
        """Take one more sighting; one that is not newer than the last changes nothing."""
        if self.seen_at is not None and at <= self.seen_at:
            return self
        span = self._span(state, at, patience)
        now = replace(self, seen_at=at, latency_s=latency_s)
        if state is self.state:
            return replace(
                now._settled(self.state, span),
                reason=reason or self.reason,
            )
        open_, streak = (*self.open, *span), (*self.streak, state)
        settled = _decided(self.state, streak, patience)
        if settled is not None:
            since = open_[0].start if open_ else at
            done = replace(now, open=open_)._settled(settled, ())
            return replace(done, state=settled, since=since, reason=reason)
        # What flaps for ever is counted as what it stands for, the oldest first.
        tally = now.tally
        while len(open_) > patience.longest:
            tally = tally.with_spans([replace(open_[0], state=self.state)])
            open_ = open_[1:]
        return replace(now, open=open_, streak=streak[-patience.longest :], tally=tally)

    def under_maintenance(self, at: datetime, patience: Patience) -> Standing:
        """Count the time up to now as planned work, and forget what spoke against the state."""
        if self.seen_at is not None and at <= self.seen_at:
            return self
        span = self._span(State.MAINTENANCE, at, patience)
        settled = self._settled(self.state, ())
        return replace(settled, seen_at=at, tally=settled.tally.with_spans(span))

    def _settled(self, state: State, more: Sequence[Span]) -> Standing:
        spans = [*self.open, *more]
        if state is not State.UNKNOWN:
            spans = [replace(span, state=state) for span in spans]
        return replace(self, open=(), streak=(), tally=self.tally.with_spans(spans))

    def _span(self, state: State, at: datetime, patience: Patience) -> tuple[Span, ...]:
        if self.seen_at is None or at - self.seen_at > patience.gap:
            return ()
        return (Span(self.seen_at, at, state),)


def _decided(now: State, streak: Sequence[State], patience: Patience) -> State | None:
    """Give the state that the last sightings agree on; None while they do not."""
    if now is State.UNKNOWN and streak[-1] is State.OPERATIONAL:
        return State.OPERATIONAL
    worse = streak[-patience.worse_after :]
    if len(worse) == patience.worse_after and all(s.severity > now.severity for s in worse):
        return min(worse, key=lambda state: state.severity)
    better = streak[-patience.better_after :]
    if len(better) == patience.better_after and all(s.severity < now.severity for s in better):
        return max(better, key=lambda state: state.severity)
    return None
