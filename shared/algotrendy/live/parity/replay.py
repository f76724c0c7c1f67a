"""Replay a run through the backtest engine, and say of every difference why it is there.

Four questions, each answered for every step:

1. Does the strategy, told its recorded inputs again, ask for the same? Then the run did what its
   code says.
2. Does the backtest over the same bars, told step by step as a run is, ask for the same? Then it
   knows nothing that a run cannot know, and where both decide otherwise, their accounts were other
   ones.
3. Has every decision its order, and every order its decision?
4. What came of each order, in the ledger and in the backtest, and what did the difference cost?

All costs together are the difference in profit and loss; what is left of it is unexplained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

import numpy as np

from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import Decision, StepInputs
from algotrendy.kernel.decimals import EXACT
from algotrendy.live.parity import books
from algotrendy.live.parity.comparing import Fate, Part, filled_in_words, parts_of
from algotrendy.live.parity.differences import Cause, Difference, Subject
from algotrendy.live.parity.gaps import Opened, charged
from algotrendy.live.parity.money import MoneyParity, money_of
from algotrendy.live.parity.ordered import fate_of, orders_compared
from algotrendy.live.parity.records import RecordedStep, RunRecord
from algotrendy.live.parity.retelling import in_words, retell
from algotrendy.live.parity.traded import OrderKey, TradedOrder, decimal_of
from algotrendy.live.parity.witness import Witness, witness

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A run beside its backtest.

    Attributes:
        differences: By step.
        backtest: Over the bars as they were known then.
        ledger, expected: What came of each order, in the ledger and in that backtest.
        is_corrected: Whether bars of it have been corrected since.
    """

    record: RunRecord
    differences: tuple[Difference, ...]
    backtest: Witness
    ledger: dict[OrderKey, TradedOrder]
    expected: dict[OrderKey, TradedOrder]
    money: MoneyParity
    is_corrected: bool

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """Give the differences of which nobody knows why."""
        return tuple(each for each in self.differences if not each.cause.is_explained)


def replay(record: RunRecord) -> Replayed:
    """Compare a run with its backtest, from its first step to its last.

    Raises:
        Exception: Whatever the strategy raises when it is told again.
    """
    work = _Replay(record)
    again = [*work.told_again(), *work.backtest_told_again()]
    filled = [*work.filled(), *work.corrected()]
    costly = {(each.step, each.symbol, each.cause) for each in filled}
    # What is missing of an order costs something where the backtest filled it: told once.
    orders = [
        each
        for each in orders_compared(record)
        if (each.step, each.symbol, each.cause) not in costly
    ]
    found = [*again, *orders, *filled]
    money, rest = money_of(record, work.now, work.then, work.ledger, found)
    return Replayed(
        record=record,
        differences=tuple(sorted((*found, *rest), key=lambda each: each.step)),
        backtest=work.then,
        ledger=work.ledger,
        expected=work.expected,
        money=money,
        is_corrected=work.is_corrected,
    )


_Pair = tuple[OrderKey, TradedOrder | None, TradedOrder | None, Fate]


@dataclass
class _Replay:
    """The work of one replay.

    Attributes:
        otherwise: Why the run decided otherwise than the backtest at a step, where that is not
            because their accounts differ.
    """

    record: RunRecord
    otherwise: dict[int, Cause] = field(default_factory=dict)

    @cached_property
    def setting(self) -> Setting:
        given = self.record
        return Setting(
            given.bars_then,
            given.strategy,
            given.values,
            given.terms,
            given.calendar,
            given.trade_from,
        )

    @cached_property
    def then(self) -> Witness:
        return witness(self.setting)

    @cached_property
    def now(self) -> Witness:
        if not self.is_corrected:
            return self.then
        return witness(replace(self.setting, dataset=self.record.bars_now))

    @cached_property
    def is_corrected(self) -> bool:
        return self.record.bars_now.sha256() != self.record.bars_then.sha256()

    @cached_property
    def ledger(self) -> dict[OrderKey, TradedOrder]:
        return books.of_ledger(self.record)

    @cached_property
    def expected(self) -> dict[OrderKey, TradedOrder]:
        return books.of_backtest(self.then)

    def told_again(self) -> Iterator[Difference]:
        """Compare what the run decided with what its inputs come to when they are told again."""
        steps = self.record.steps
        is_state_lost = False
        told = retell(self.setting, steps)
        for place, (step, again) in enumerate(zip(steps, told, strict=True)):
            if step.decisions != again.decisions:
                expected, found = self._both(again.decisions, step.decisions)
            elif step.digest != again.state.digest() and not is_state_lost:
                is_state_lost = True
                expected, found = "the state that its inputs come to", "another state"
            else:
                continue
            comes_out = self._corrected_told[place] == (step.decisions, step.digest)
            cause = Cause.CORRECTION if comes_out else Cause.UNEXPLAINED
            self.otherwise[step.inputs.step] = cause
            yield self._difference(step.inputs, cause, expected, found)

    @cached_property
    def _corrected_told(self) -> Sequence[tuple[tuple[Decision, ...], str] | None]:
        """Tell the strategy its steps again with the bars as they are known now."""
        steps = self.record.steps
        if not self.is_corrected:
            return [None for _ in steps]
        bars = {step.inputs.now: step.inputs.bars for step in self.now.steps}
        inputs = [
            replace(step.inputs, bars=bars.get(step.inputs.now, step.inputs.bars)) for step in steps
        ]
        told = retell(replace(self.setting, dataset=self.record.bars_now), map(_unrecorded, inputs))
        return [(each.decisions, each.state.digest()) for each in told]

    def backtest_told_again(self) -> Iterator[Difference]:
        """Compare what the backtest decided with what it would be, told as a run is."""
        steps = self.then.steps
        told = retell(self.setting, [_unrecorded(step.inputs) for step in steps])
        for step, again in zip(steps, told, strict=True):
            if step.decisions == again.decisions:
                continue
            # From here on it knows of orders that a run would not have.
            later = range(step.inputs.step, len(steps))
            self.otherwise.update(dict.fromkeys(later, Cause.UNEXPLAINED))
            expected, found = self._both(step.decisions, again.decisions)
            yield self._difference(
                step.inputs,
                Cause.UNEXPLAINED,
                f"the backtest: {expected}",
                f"told bar by bar: {found}",
            )
            return

    def filled(self) -> Iterator[Difference]:
        """Compare what came of each order, those that nobody decided too."""
        marks = books.marks_of(self.then)
        gaps: list[Opened] = []
        for key, expected, found, fate in self._pairs():
            parts = parts_of(expected, found, marks[key.asset], fate)
            for part in parts:
                made = self._of_order(key, fate, Subject.FILL, part)
                if part.gap:
                    gaps.append(Opened(made, key.asset, part.gap))
                else:
                    yield made
            if (
                key.place
                and not parts
                and (expected is None) == fate.is_decided
                and not fate.refused
            ):
                part = Part(fate.otherwise, filled_in_words(expected), filled_in_words(found), ZERO)
                yield self._of_order(key, fate, Subject.DECISION, part)
        worth = [
            EXACT.multiply(mark, decimal_of(asset.multiplier))
            for mark, asset in zip(marks, self.record.bars_then.assets, strict=True)
        ]
        yield from charged(gaps, worth)

    def _pairs(self) -> Iterator[_Pair]:
        """Give what the backtest and the ledger have of each order, in the order of time."""
        decided = books.decided(self.record.steps)
        for key in sorted(self.expected.keys() | self.ledger.keys() | decided.keys()):
            step = self.record.steps[key.step]
            cause = Cause.CONSEQUENCE if step.inputs.sends else Cause.PAUSED
            fate = fate_of(self.record, step, decided.get(key), self.otherwise.get(key.step, cause))
            yield key, self.expected.get(key), self.ledger.get(key), fate
        last = self.record.steps[-1].inputs.step
        for order in books.undecided(self.record):
            key = OrderKey(last, order.asset, 0)
            cause = Cause.PAUSED if order.command else Cause.UNEXPLAINED
            fate = Fate(order=order.client_order_id, status=order.status, otherwise=cause)
            yield key, None, books.traded(self.record, order, key), fate

    def corrected(self) -> Iterator[Difference]:
        """Compare the backtest over the bars as they are now with that over those of then."""
        if not self.is_corrected:
            return
        now, then = self._at_steps_of_then(books.of_backtest(self.now)), self.expected
        marks_now, marks_then = books.marks_of(self.now), books.marks_of(self.then)
        times = self.then.setting.dataset.timeline
        for key in sorted(now.keys() | then.keys()):
            before, after = then.get(key), now.get(key)
            gained = ZERO if after is None else after.gain(marks_now[key.asset])
            had = ZERO if before is None else before.gain(marks_then[key.asset])
            cost = EXACT.subtract(gained, had)
            if not cost and before == after:
                continue
            yield Difference(
                subject=Subject.FILL,
                cause=Cause.CORRECTION,
                step=key.step,
                at=int(times[min(key.step, len(times) - 1)]),
                symbol=self.record.bars_then.symbols[key.asset],
                expected=f"with the bars as they are now: {filled_in_words(after)}",
                found=f"as they were then: {filled_in_words(before)}",
                cost=cost,
            )

    def _at_steps_of_then(
        self, orders: Mapping[OrderKey, TradedOrder]
    ) -> dict[OrderKey, TradedOrder]:
        """Count steps as the run did: a bar that was added or taken away moves those after it."""
        now, then = self.now.setting.dataset.timeline, self.then.setting.dataset.timeline
        places = np.searchsorted(then, now).tolist()
        return {key._replace(step=places[key.step]): order for key, order in orders.items()}

    def _of_order(self, key: OrderKey, fate: Fate, subject: Subject, part: Part) -> Difference:
        times = self.record.steps
        return Difference(
            subject=subject,
            cause=part.cause,
            step=key.step,
            at=times[key.step].inputs.now,
            symbol=self.record.bars_then.symbols[key.asset],
            order=fate.order,
            expected=part.expected,
            found=part.found,
            cost=part.cost,
        )

    def _difference(
        self, inputs: StepInputs, cause: Cause, expected: str, found: str
    ) -> Difference:
        return Difference(
            subject=Subject.DECISION,
            cause=cause,
            step=inputs.step,
            at=inputs.now,
            expected=expected,
            found=found,
        )

    def _both(self, expected: tuple[Decision, ...], found: tuple[Decision, ...]) -> tuple[str, str]:
        symbols = self.record.bars_then.symbols
        return in_words(expected, symbols), in_words(found, symbols)


def _unrecorded(inputs: StepInputs) -> RecordedStep:
    """Give a step of which nothing was recorded but what it is told."""
    return RecordedStep(inputs, (), "")
