"""A run on a bench: bars that are laid out, a strategy that says what it is told to say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from algotrendy.backtest.engine.step_records import BarSeen, Decision, StepInputs
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.order_codes import BUY, DAY, MARKET, SELL
from algotrendy.live.order_waking import OrderWaker
from algotrendy.live.ports import BarsFound, DueStep, LiveLedger, Thought, Traits
from algotrendy.live.running import Advanced, Runner
from algotrendy.live.runs import Run
from algotrendy.live.steps import LiveStep
from algotrendy.live.versions import Content
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.saga import OrderSaga
from fakes.live_runs import DAY_NS, a_run, bar
from fakes.memory_ledger import MemoryLedger
from fakes.memory_runs import MemoryLiveLedger
from fakes.order_counter import NOON, OrderCounter

BEGIN = int(NOON.timestamp()) * 1_000_000_000 // DAY_NS - 100


def day(number: int) -> int:
    """Give the number of a day since 1970: day 0 is well before the bench's noon."""
    return BEGIN + number


def close_of(number: int) -> int:
    """Give when the bar of a day is known."""
    return (day(number) + 1) * DAY_NS


def buys(units: float, number: int = 1, order: int = 1, **changes: Any) -> Decision:
    given: dict[str, Any] = {
        "number": number,
        "kind": "place",
        "order": order,
        "asset": 0,
        "side": BUY,
        "order_kind": MARKET,
        "units": units,
        "limit": 0.0,
        "stop": 0.0,
        "trail_price": 0.0,
        "trail_percent": 0.0,
        "tif": DAY,
        "role": 0,
        "entry": 0,
    }
    return Decision(**(given | changes))


def sells(units: float, number: int = 1, order: int = 1, **changes: Any) -> Decision:
    return buys(units, number, order, side=SELL, **changes)


class LaidBars:
    """Is a ``RunBars`` of what was laid out, in whatever order it was."""

    def __init__(self) -> None:
        self.steps: dict[int, DueStep] = {}
        self.closes: datetime | None = None

    def lay(self, *numbers: int, close: float = 100.0, **changes: Any) -> None:
        for number in numbers:
            known = close_of(number)
            self.steps[known] = DueStep(known, (bar(day(number), close),), **changes)

    def after(self, run: Run, up_to: datetime) -> BarsFound:
        until = int(up_to.timestamp()) * 1_000_000_000
        found = [each for known, each in sorted(self.steps.items()) if run.bar_at < known <= until]
        return BarsFound(7, tuple(found))

    def origin(self, content: Content, warm_up: int, until: datetime) -> int:
        return day(0) * DAY_NS

    def next_close(self, content: Content, after: datetime) -> datetime | None:
        return self.closes


class ToldMind:
    """Is a ``Mind`` that decides what it is told to at each step, and notes what it was told."""

    def __init__(self) -> None:
        self.says: Mapping[int, Sequence[Decision]] = {}
        self.raises: Mapping[int, Exception] = {}
        self.heard: list[StepInputs] = []
        self.states: list[str | None] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def traits(self, content: Content) -> Traits:
        return Traits(warm_up=0, assets=1, timeframes=())

    def think(
        self,
        run: Run,
        inputs: StepInputs,
        state: str | None,
        told: Callable[[], Sequence[Sequence[BarSeen]]],
    ) -> Thought:
        assert len(told()) == inputs.step
        self.heard.append(inputs)
        self.states.append(state)
        self.meanwhile()
        if inputs.step in self.raises:
            raise self.raises[inputs.step]
        decisions = tuple(self.says.get(inputs.step, ())) if inputs.sends else ()
        return Thought(decisions, f'{{"step":{inputs.step}}}', f"digest-{inputs.step}")


class LaidSwitches:
    """Is the ``Switches`` of a bench."""

    def __init__(self) -> None:
        self.off: str | None = None

    def refusal(self, run: Run) -> str | None:
        return self.off


class LiveBench:
    """One run of AAPL on a part of 10,000, at the counter's market."""

    def __init__(
        self, counter: OrderCounter | None = None, live: LiveLedger | None = None, **run: Any
    ) -> None:
        self.counter = counter or OrderCounter()
        if live is None:
            assert isinstance(self.counter.ledger, MemoryLedger)
            live = MemoryLiveLedger(self.counter.ledger)
        self.live = live
        self.bars, self.mind, self.switches = LaidBars(), ToldMind(), LaidSwitches()
        self.part: AccountId = self.counter.part("trend", 10_000)
        self.run_id = a_run(**run).id
        self.live.run(lambda _, live: live.add_run(a_run(**run)))
        self.runner = self.another()

    def another(self, mind: ToldMind | None = None) -> Runner:
        counter = self.counter
        saga = OrderSaga(counter.ledger, counter.sagas, counter.bell, counter.clock, counter.ids)
        return Runner(
            self.live,
            self.bars,
            mind or self.mind,
            self.switches,
            OrderWaker(counter.sagas, saga, counter.bell),
            counter.clock,
            pause=self._pause,
        )

    def advance(self) -> Advanced:
        return self.runner.advance(self.run_id)

    def run(self) -> Run:
        return self.live.run(lambda _, live: live.get_run(self.run_id))

    def steps(self) -> Sequence[LiveStep]:
        return self.live.run(lambda _, live: live.all_steps(self.run_id))

    def orders(self) -> list[PlatformOrder]:
        def work(tx: Any, live: Any) -> list[PlatformOrder]:
            kept = live.orders_of(self.run_id)
            return [tx.orders.get(each.order_id) for each in kept if each.order_id is not None]

        return self.live.run(work)

    def _pause(self, seconds: float) -> None:
        self.counter.pauses.append(seconds)
        self.counter.clock.advance(timedelta(seconds=seconds))
        self.counter.on_pause()


def moment(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC)
