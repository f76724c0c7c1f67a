"""Say what runs of strategies need of the outside: a ledger with tables of theirs, bars, a mind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from algotrendy.backtest.engine.step_records import BarSeen, Decision, StepInputs
from algotrendy.kernel.ids import TenantId
from algotrendy.live.runs import Run, RunId
from algotrendy.live.steps import LiveOrder, LiveStep
from algotrendy.live.versions import Content
from algotrendy.trading.ledger import LedgerTransaction

T = TypeVar("T")


class LiveTables(Protocol):
    """Runs and their steps, in the same transaction as the ledger."""

    def add_run(self, run: Run) -> bool:
        """Keep a new run; False when there is one of its id."""
        ...

    def find_run(self, run_id: RunId) -> Run | None:
        """Read a run, or None."""
        ...

    def get_run(self, run_id: RunId) -> Run:
        """Read a run; NotFound when there is none."""
        ...

    def put_run(self, run: Run) -> Run:
        """Keep a run as it is now, and give it with its next epoch.

        Raises:
            Conflict: If somebody else changed it since it was read.
        """
        ...

    def runs_of(
        self, tenant: TenantId, limit: int, *, before: RunId | None = None, name: str | None = None
    ) -> Sequence[Run]:
        """List a tenant's runs, newest first."""
        ...

    def open_runs(self, timeframe: str | None = None) -> Sequence[Run]:
        """Give the runs of every tenant that are not over, oldest first."""
        ...

    def add_step(self, step: LiveStep) -> None:
        """Keep a step.

        Raises:
            Conflict: If the run has a step of its number, or of its bars' time.
        """
        ...

    def find_step(self, run_id: RunId, step: int) -> LiveStep | None:
        """Read a step, or None."""
        ...

    def steps_of(
        self, run_id: RunId, limit: int, *, before: int | None = None
    ) -> Sequence[LiveStep]:
        """List steps of a run, newest first."""
        ...

    def all_steps(self, run_id: RunId) -> Sequence[LiveStep]:
        """Give every step of a run, oldest first."""
        ...

    def told_bars(self, run_id: RunId, before: int) -> Sequence[Sequence[BarSeen]]:
        """Give the bars of every step of a run before one, oldest first."""
        ...

    def put_order(self, order: LiveOrder) -> None:
        """Keep a new order of a run, or a known one as it is now."""
        ...

    def orders_of(self, run_id: RunId, *, only_open: bool = False) -> Sequence[LiveOrder]:
        """Give the orders of a run, in the order of their steps and numbers."""
        ...


class LiveLedger(Protocol):
    """The ledger of money, with the runs of strategies in its transactions."""

    def run(self, work: Callable[[LedgerTransaction, LiveTables], T]) -> T:
        """Run a function in one transaction, commit, and give what it returned.

        It raises, and may run its function several times, as ``trading.ledger.Ledger.run``.
        """
        ...


@dataclass(frozen=True, slots=True)
class DueStep:
    """A moment at which bars became known.

    Attributes:
        bar_at: That moment, nanoseconds since 1970 UTC.
        bars: Of the universe, and of longer timeframes.
        lacking: Symbols that have no bar of that moment and none later, but may yet.
    """

    bar_at: int
    bars: tuple[BarSeen, ...]
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BarsFound:
    """What the lake has for a run; bars of steps that were done without them are left out."""

    lake_version: int
    steps: tuple[DueStep, ...]


class RunBars(Protocol):
    """Bars of runs, as they are known now."""

    def after(self, run: Run, up_to: datetime) -> BarsFound:
        """Give what became known after a run's last step and not later than a moment."""
        ...

    def origin(self, content: Content, warm_up: int, until: datetime) -> int:
        """Give when the first bar begins so that so many steps are known by a moment.

        Nanoseconds since 1970 UTC; of fewer bars the first; where there are none, the moment.

        Raises:
            NotFound: If a symbol of the universe is not known at all.
        """
        ...

    def next_close(self, content: Content, after: datetime) -> datetime | None:
        """Give when the first bar after a moment closes, by the calendar; None where unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Traits:
    """What is to be known of a strategy before it runs.

    Attributes:
        warm_up: Steps that it must have seen before its first order.
        assets: The least number of symbols.
        timeframes: Longer ones that it reads.
    """

    warm_up: int
    assets: int
    timeframes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Thought:
    """What a strategy made of a step.

    Attributes:
        due: Bit k is set where its schedule k was due.
    """

    decisions: tuple[Decision, ...]
    state: str
    digest: str
    due: int = 0


class Mind(Protocol):
    """Calls strategies, apart from everything that they could break."""

    def traits(self, content: Content) -> Traits:
        """Look at what is to run.

        Raises:
            Invalid: If it cannot be run, or its parameters are none; names the field.
        """
        ...

    def think(
        self,
        run: Run,
        inputs: StepInputs,
        state: str | None,
        told: Callable[[], Sequence[Sequence[BarSeen]]],
    ) -> Thought:
        """Do one step.

        Args:
            run: Whose last step was ``inputs.step - 1``.
            inputs: What is due at the step is found here: it is in what comes of it.
            state: After that step; None before the first.
            told: Gives the bars of every step before; asked only where they are not at hand.

        Raises:
            StrategyFailed: If it raised, or took more memory than it may.
            StrategyTimedOut: If it did not come back.
            StrategyOverflowed: If it asked for too much.
        """
        ...


class StrategyFailed(Exception):  # noqa: N818 - reads as what it means
    """Says that a strategy raised; the message is its own."""


class StrategyTimedOut(Exception):  # noqa: N818 - reads as what it means
    """Says that a strategy did not come back in time."""


class StrategyOverflowed(Exception):  # noqa: N818 - reads as what it means
    """Says that a strategy asked for more than may be asked for in a step."""
