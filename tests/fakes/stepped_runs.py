"""A backtest beside a strategy that is stepped through the same, with a restart at every step."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, takewhile

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.engine.listening import ListenedStep, Listener
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import Decision
from algotrendy.backtest.engine.step_state import StepState
from algotrendy.backtest.engine.step_texts import (
    decisions_from_json,
    decisions_to_json,
    inputs_from_json,
    inputs_to_json,
)
from algotrendy.backtest.engine.stepping import Stepped, Stepper
from algotrendy.strategy.market import Market


def in_one_currency(dataset: Dataset) -> Dataset:
    """Give the same bars as if all were quoted in the account's currency."""
    assets = tuple(replace(asset, currency=dataset.currency) for asset in dataset.assets)
    return Dataset(assets, dataset.currency, {}, dataset.timeline)


def stepped_through(setting: Setting, steps: list[ListenedStep]) -> list[Stepped]:
    """Step through what a backtest was told, thrown away and read again before every step."""
    made: list[Stepped] = []
    state: StepState | None = None
    told: Market | None = None
    for each in steps:
        inputs = inputs_from_json(inputs_to_json(each.inputs))
        stepper = Stepper(setting, state)
        if state is not None and told is not None:
            _hand_on(told, stepper.market)
        done = stepper.step(inputs)
        told = stepper.market
        made.append(Stepped(decisions_from_json(decisions_to_json(done.decisions)), done.state))
        state = StepState.from_json(done.state.to_json())
    return made


def all_steps(setting: Setting, most: int | None = None) -> list[ListenedStep]:
    """Give the steps of a backtest, at most so many, up to a margin call.

    Of a call the rules place orders that the strategy has not; live a broker does, with its own.
    """
    listener = Listener(setting)
    steps = islice(listener.steps(), most)
    return list(takewhile(lambda _: not listener._account.margin_calls, steps))


def differences_between(steps: list[ListenedStep], made: list[Stepped]) -> list[str]:
    """Name each step whose decisions differ, and the first of them that does."""
    found: list[str] = []
    for each, done in zip(steps, made, strict=True):
        if as_rows(each.decisions) == as_rows(done.decisions):
            continue
        pairs = zip(each.decisions, done.decisions, strict=False)
        first = next(((a, b) for a, b in pairs if a != b), "a different number")
        found.append(f"step {each.inputs.step}: {first}")
    return found


def as_rows(decisions: tuple[Decision, ...]) -> list[tuple[str, ...]]:
    """Write each decision so that two are equal when all their bits are."""
    names = Decision.__slots__
    return [tuple(repr(getattr(each, name)) for name in names) for each in decisions]


def _hand_on(told: Market, to: Market) -> None:
    """Tell the market of the bars that another was told; reading them anew takes too long here."""
    for old, new in zip(told, to, strict=True):
        for place in range(len(old._frames)):
            for name in ("time", "open", "high", "low", "close", "volume"):
                setattr(new.on(place), name, getattr(old.on(place), name))
