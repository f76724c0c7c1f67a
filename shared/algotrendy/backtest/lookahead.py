"""Find out whether a strategy knows its future, by taking the future away.

The engine gives a strategy no later bar than the newest, so that its arguments tell nothing. Its
code can know more all the same: a table that it reads from outside, or a peculiarity of one of the
two drivers. So the strategy is run on all bars and on the first so many of them, and whatever it
asks for, remembers and gets done up to the cut must be the same, to the bit.

Data that the code refers to is cut along with the bars, and named: what was worked out of later
bars beforehand shows in no comparison. What the code reads or calls without a name that shows what
it tells, such as a file, cannot be cut: then nobody can say that it is clean, and it is not.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.moments import in_words
from algotrendy.backtest.engine.result import Backtest
from algotrendy.backtest.engine.running import run
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.terms import Terms
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order_codes import BUY
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.own import layout_of
from algotrendy.strategy.parameters import Values
from algotrendy.strategy.references import references_of
from algotrendy.strategy.swapping import with_data

CUTS = 16
LEAST_STEPS = 3
_ALONGSIDE = 0.9
_CURVES = ("equity", "cash", "exposure")

Ask = tuple[Any, ...]
"""The moment, what was asked of the desk, with what, and the answer."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a strategy did otherwise without its future.

    Attributes:
        steps: How many steps it was shown.
        time: When it differed first, nanoseconds since 1970 UTC.
        what: The orders it asked for, its state, its fills, its equity, or an error.
        whole: What it did when later bars were there.
        head: What it did when they were not.
    """

    steps: int
    time: int
    what: str
    whole: str
    head: str

    def __str__(self) -> str:
        """Say when, and what both did."""
        return (
            f"{in_words(self.time)}, with {self.steps:,} steps: {self.what}: "
            f"{self.whole} with later bars, {self.head} without"
        )


@dataclass(frozen=True, slots=True)
class Findings:
    """What the search for a look-ahead came to.

    Attributes:
        strategy: Its name.
        cuts: After how many steps the bars were cut, increasing.
        differences: At most one a cut and driver: the first of each.
        references: Data that the code refers to besides its arguments, in words.
        not_judged: What the code reads or calls that cannot be followed or cut, in words.
        drivers: How compiled differs from interpreted; empty when it does not.
        not_compiled: Why the drivers were not compared; empty when they were.
    """

    strategy: str
    cuts: tuple[int, ...]
    differences: tuple[Difference, ...]
    references: tuple[str, ...]
    not_judged: tuple[str, ...]
    drivers: str
    not_compiled: str

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found, and nothing is in doubt."""
        return not (self.differences or self.references or self.not_judged or self.drivers)


def check_lookahead(
    dataset: Dataset,
    strategy: Strategy,
    values: Values,
    terms: Terms,
    cuts: int = CUTS,
    seed: int = 0,
    *,
    calendar: TradingCalendar | None = None,
    compiled: bool = True,
    progress: Callable[[int, int], None] = lambda done, of: None,  # noqa: ARG005 - names for readers
) -> Findings:
    """Run a strategy with and without its future, and compare.

    Args:
        dataset: The bars, three steps or more.
        values: Of the strategy's parameters, checked.
        cuts: How many heads are tried. Half of them end where the strategy asked for something, as
            far as it did: a look at the very next bar shows there and nowhere else.
        seed: Of the choice of heads.
        calendar: When the market is open, for schedules.
        compiled: Whether to compile the strategy too; without, only the interpreted driver is
            tried.
        progress: Told after each head: how many are done, and of how many.

    Raises:
        Invalid: If there are too few steps, or ``cuts`` is below 1.
        Exception: What the strategy raises on all the bars.
    """
    if cuts < 1:
        raise Invalid("cuts", "at least 1", cuts)
    if len(dataset) < LEAST_STEPS:
        raise Invalid("bars", f"at least {LEAST_STEPS} steps", len(dataset))
    setting = Setting(dataset, strategy, values, terms, calendar)
    whole = _witnessed(setting)
    chosen = _cuts(whole, setting, cuts, seed)
    other, why = _compiled(setting) if compiled else (None, "nobody asked for it")
    references = references_of(strategy)
    differences: list[Difference] = []
    for done, steps in enumerate(chosen, 1):
        head = _head(setting, steps)
        differences += _differences(whole, head, steps)
        if other is not None and not references:
            # Other data would have to be compiled anew for each head.
            differences += _compiled_differences(other, head, steps)
        progress(done, len(chosen))
    return Findings(
        strategy=strategy.name,
        cuts=chosen,
        differences=tuple(differences),
        references=tuple(str(each) for each in references if not each.doubt),
        not_judged=tuple(str(each) for each in references if each.doubt),
        drivers="" if other is None else _between_drivers(whole.backtest, other),
        not_compiled=why,
    )


@dataclass(frozen=True, slots=True)
class _Record:
    """What an interpreted run did, moment by moment."""

    backtest: Backtest
    asks: list[Ask]
    states: list[tuple[int, bytes]]


class _Witness:
    """Stands before a desk, and writes down what it is asked and what it answers."""

    def __init__(self, desk: Any, asks: list[Ask]) -> None:
        self._desk = desk
        self._asks = asks
        self.now = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._desk, name)

        def ask(*given: Any) -> Any:
            answer = method(*given)
            self._asks.append((self.now, name, given, answer))
            return answer

        return ask


def _witnessed(setting: Setting) -> _Record:
    """Run interpreted, with a witness at the desk and in the strategy's memory."""
    strategy = setting.strategy
    asks: list[Ask] = []
    states: list[tuple[int, bytes]] = []
    layout = layout_of(strategy.state, strategy.indicators)
    vectors = [name for name, _ in layout.vectors]
    witnesses: list[_Witness] = []

    def watched(function: Any) -> Any:
        def call(market: Any, own: Any, p: Any, *more: Any) -> None:
            if not witnesses:
                witnesses.append(_Witness(market._desk, asks))
                for asset in market:
                    asset._desk = witnesses[0]
            witnesses[0].now = market.now
            function(market, own, p, *more)

        return call

    def decide(market: Any, own: Any, p: Any) -> None:
        inner(market, own, p)
        kept = [getattr(own[k], name) for k in range(len(market)) for name in layout.scalars]
        for k in range(len(market)):
            for name in vectors:
                kept += getattr(own[k], name)
        states.append((market.now, struct.pack(f"{len(kept)}d", *kept)))

    inner = watched(strategy.decide)
    seen = replace(
        strategy,
        decide=decide,
        on_fill=None if strategy.on_fill is None else watched(strategy.on_fill),
        schedules=tuple((when, watched(call)) for when, call in strategy.schedules),
    )
    backtest = run(replace(setting, strategy=seen), "interpreted")
    return _Record(backtest, asks, states)


def _cuts(whole: _Record, setting: Setting, count: int, seed: int) -> tuple[int, ...]:
    """Choose after how many steps to cut: where it acted, and anywhere after it warmed up."""
    total, timeline = len(setting.dataset), setting.dataset.timeline
    random = np.random.Generator(np.random.PCG64(seed))
    moments = np.unique(np.array([ask[0] for ask in whole.asks], dtype=np.int64))
    acted = np.searchsorted(timeline, moments, "right")
    acted = acted[acted < total]
    chosen = set(random.permutation(acted)[: (count + 1) // 2].tolist())
    first = min(setting.strategy.warm_up(setting.values) + 1, total // 2, total - 1)
    for steps in random.permutation(np.arange(max(first, 1), total)).tolist():
        if len(chosen) >= count:
            break
        chosen.add(steps)
    return tuple(sorted(chosen))


def _head(setting: Setting, steps: int) -> Setting:
    """Give the setting of the first steps, with all data that goes along with the bars cut."""
    gone, total = len(setting.dataset) - steps, len(setting.dataset)
    strategy = with_data(setting.strategy, lambda value: shortened(value, gone, total))
    return replace(setting, dataset=setting.dataset.head(steps), strategy=strategy)


def shortened(value: Any, gone: int, total: int) -> Any:
    """Take the last rows from data that is about as long as the bars; leave all other as it is."""
    if isinstance(value, dict) and len(value) < _ALONGSIDE * total:
        return {key: shortened(item, gone, total) for key, item in value.items()}
    try:
        length = len(value)
    except TypeError:
        return value
    if length < _ALONGSIDE * total:
        return value
    kept = max(length - gone, 0)
    if isinstance(value, dict):
        return dict(islice(value.items(), kept))
    rows = getattr(value, "iloc", value)
    try:
        return rows[:kept]
    except TypeError:
        return value


def _differences(whole: _Record, setting: Setting, steps: int) -> list[Difference]:
    """Compare an interpreted run of a head with what the whole run did until then."""
    timeline = setting.dataset.timeline
    end = int(timeline[-1])
    try:
        head = _witnessed(setting)
    except Exception as error:  # noqa: BLE001 - a strategy may raise anything, and that is it
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        return [Difference(steps, end, "an error", "none", said)]
    asked = [ask for ask in whole.asks if ask[0] <= end]
    place = _first_difference(asked, head.asks)
    if place is not None:
        pair = [asks[place] if place < len(asks) else None for asks in (asked, head.asks)]
        when = min(ask[0] for ask in pair if ask is not None)
        return [Difference(steps, when, "orders", *map(_asked_for, pair))]
    states = [state for state in whole.states if state[0] <= end]
    place = _first_difference(states, head.states)
    if place is not None:
        when = states[min(place, len(states) - 1)][0]
        return [Difference(steps, when, "its state", "one", "another")]
    return _done_differences(whole.backtest, head.backtest, steps)


def _compiled_differences(whole: Backtest, setting: Setting, steps: int) -> list[Difference]:
    end = int(setting.dataset.timeline[-1])
    try:
        head = run(setting, "compiled")
    except Exception as error:  # noqa: BLE001 - a strategy may raise anything, and that is it
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        return [Difference(steps, end, "an error when compiled", "none", said)]
    return _done_differences(whole, head, steps)


def _done_differences(whole: Backtest, head: Backtest, steps: int) -> list[Difference]:
    """Compare fills and curves."""
    before = whole.fills[whole.fills["step"] < steps]
    place = _first_difference(before.tolist(), head.fills.tolist())
    if place is not None:
        pair = [fills[place] if place < len(fills) else None for fills in (before, head.fills)]
        step = min(int(fill["step"]) for fill in pair if fill is not None)
        when = int(whole.time[step])
        return [Difference(steps, when, "fills", *map(_filled, pair))]
    for name in _CURVES:
        # Whole numbers of cash make whole numbers of equity until the first fill.
        one = np.asarray(getattr(whole, name)[:steps], dtype=np.float64)
        other = np.asarray(getattr(head, name), dtype=np.float64)
        differs = np.flatnonzero(one.view(np.int64) != other.view(np.int64))
        if len(differs):
            step = int(differs[0])
            when = int(whole.time[step])
            return [Difference(steps, when, name, repr(float(one[step])), repr(float(other[step])))]
    return []


def _between_drivers(interpreted: Backtest, compiled: Backtest) -> str:
    """Say how compiled differs from interpreted, or nothing."""
    found = _done_differences(interpreted, compiled, len(interpreted.time))
    if found:
        first = found[0]
        return (
            f"{in_words(first.time)}: {first.what}: {first.whole} interpreted, "
            f"{first.head} compiled"
        )
    if interpreted.orders.tolist() != compiled.orders.tolist():
        return "the orders differ between interpreted and compiled, and no fill does"
    return ""


def _compiled(setting: Setting) -> tuple[Backtest | None, str]:
    """Run compiled, or say why not."""
    backtest = run(setting, "auto")
    if backtest.mode == "compiled":
        return backtest, ""
    return None, backtest.why_interpreted


def _first_difference(some: Sequence[Any], others: Sequence[Any]) -> int | None:
    for place, (one, other) in enumerate(zip(some, others, strict=False)):
        if one != other:
            return place
    return None if len(some) == len(others) else min(len(some), len(others))


def _asked_for(ask: Ask | None) -> str:
    if ask is None:
        return "nothing"
    _, name, given, _ = ask
    if name != "place":
        return f"{name}({', '.join(f'{value:g}' for value in given)})"
    asset, side, _, units, limit, stop = given[:6]
    words = f"{'buy' if side == BUY else 'sell'} {units:g}"
    words += f" of asset {asset}" if asset else ""
    words += f" from a stop of {stop:g}" if stop else ""
    return words + (f" at a limit of {limit:g}" if limit else "")


def _filled(fill: Any) -> str:
    if fill is None:
        return "none"
    return f"{float(fill['units']):g} at {float(fill['price']):g}"
