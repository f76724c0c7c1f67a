"""Think for strategies in a process of its own: ``python -m algotrendy.live.mind_process``.

It reads questions from its standard input and writes answers to its standard output, each JSON
after its length in four bytes. What a strategy prints goes to standard error. A strategy that
takes too much memory meets the process's limit; one that does not come back is ended with the
process, by who asked. Nothing is lost with it but warmth: state and bars come with the question.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from algotrendy.backtest.data.dataset import Dataset
from algotrendy.backtest.data.making import from_arrays
from algotrendy.backtest.data.schedules import due
from algotrendy.backtest.engine.noting import TooManyOrdersError
from algotrendy.backtest.engine.setting import Setting
from algotrendy.backtest.engine.step_records import BarSeen, StepInputs
from algotrendy.backtest.engine.step_state import StepState
from algotrendy.backtest.engine.stepping import Stepper
from algotrendy.backtest.markets import calendar_named
from algotrendy.kernel.errors import Conflict, Invalid, NotFound
from algotrendy.live.step_texts import bars_of, decisions_text, inputs_of
from algotrendy.live.versions import Content
from algotrendy.strategy.schedules import Schedule

MOST_KEPT: Final = 200
"""Strategies that are kept warm; who was asked for the longest ago goes first."""
MOST_STATE: Final = 900_000
"""Bytes of a strategy's state: a row of the store holds no more than a million."""
_LENGTH: Final = struct.Struct(">I")
_NAMES: Final = ("time", "open", "high", "low", "close", "volume")


@dataclass(slots=True)
class _Warm:
    """A strategy between two of its steps."""

    stepper: Stepper
    schedules: list[Schedule]


_kept: OrderedDict[str, _Warm] = OrderedDict()


def send(stream: BinaryIO, value: object) -> None:
    """Write one message."""
    text = json.dumps(value, separators=(",", ":")).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; None at the end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return json.loads(stream.read(_LENGTH.unpack(head)[0]))


def main() -> None:
    """Answer until nobody asks."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limit_memory(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    send(answers, {"ready": True})
    while (question := receive(sys.stdin.buffer)) is not None:
        try:
            send(answers, _answer(question))
        except MemoryError:
            # Whatever else lacked memory meanwhile: who asks next gets a fresh process.
            _kept.clear()
            send(answers, {"error": "failed", "message": "MemoryError: it took too much memory"})
            return


def limit_memory(more: int) -> None:
    """Let this process grow by so many bytes and no more; 0 for no limit."""
    if not more or sys.platform != "linux":
        return
    import resource
    from pathlib import Path

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    # No file of memory is left behind by one that dies.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    try:
        content = Content.from_json(question["content"])
        return _traits(content) if question["ask"] == "traits" else _step(content, question)
    except MemoryError:
        raise
    except TooManyOrdersError as error:
        return {"error": "overflowing", "message": error.message}
    except (Conflict, Invalid, NotFound) as error:
        fields = {"field": getattr(error, "field", "strategy")}
        return {"error": "invalid", "message": error.message, **fields}
    except RecursionError:
        return {"error": "failed", "message": "RecursionError: it calls itself without end"}
    except BaseException as error:  # noqa: BLE001 - somebody's code may raise anything
        return {"error": "failed", "message": f"{type(error).__name__}: {error}"[:500]}


def _traits(content: Content) -> dict[str, Any]:
    strategy = content.strategy()
    values = strategy.check(content.parameters)
    return {
        "warm_up": strategy.warm_up(values),
        "assets": strategy.assets,
        "timeframes": list(strategy.timeframes),
    }


def _step(content: Content, question: dict[str, Any]) -> dict[str, Any]:
    inputs = inputs_of(question["inputs"], bars_of(question["bars"]))
    warm = _kept.pop(question["run"], None)
    state = question["state"]
    if warm is None or not _is_at(warm.stepper, state):
        told = question["told"]
        if told is None and inputs.step > 0:
            return {"lacks": True}
        history = [bars_of(each) for each in told or ()]
        setting = setting_of(content, question["capital"], history, inputs.now)
        schedules = [schedule for schedule, _ in setting.strategy.schedules]
        warm = _Warm(_made(setting, state), schedules)
    try:
        now_due = _due(content, warm, inputs)
        stepped = warm.stepper.step(replace(inputs, due=now_due))
    except Invalid as error:
        # The platform's own complaint about what the strategy keeps, or about what it was told.
        return {"error": "failed", "message": error.message}
    text = stepped.state.to_json()
    if len(text) > MOST_STATE:
        return {"error": "failed", "message": f"its state takes {len(text):,} bytes"}
    _kept[question["run"]] = warm
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return {
        "decisions": decisions_text(stepped.decisions),
        "state": text,
        "digest": stepped.state.digest(),
        "due": now_due,
    }


def _due(content: Content, warm: _Warm, inputs: StepInputs) -> int:
    """Say which schedules are due at the step: known from its bars and those before alone."""
    if not warm.schedules:
        return 0
    told: list[tuple[BarSeen, ...]] = []
    for place, frame in enumerate(warm.stepper.market):
        columns = (getattr(frame, name) for name in _NAMES)
        told.append(
            tuple(BarSeen(place, begin, 0, *rest) for begin, *rest in zip(*columns, strict=True))
        )
    dataset = _dataset(content, (), [*told, inputs.bars], inputs.now)
    return int(due(warm.schedules, dataset, calendar_named(content.calendar))[-1])


def _is_at(stepper: Stepper, state: str | None) -> bool:
    return state is not None and stepper.state.to_json() == state


def _made(setting: Setting, state: str | None) -> Stepper:
    known = None if state is None else StepState.from_json(state)
    stepper = Stepper(setting, known)
    if known is not None:
        stepper.tell(setting.dataset, known.now)
    return stepper


def setting_of(
    content: Content, capital: float, told: list[tuple[BarSeen, ...]], now: int
) -> Setting:
    """Set a strategy up on the bars that it was told.

    Args:
        now: Later than all of them, nanoseconds since 1970 UTC; an asset without any bar has one
            of then, since a dataset wants one of each.
    """
    strategy = content.strategy()
    return Setting(
        dataset=_dataset(content, strategy.timeframes, told, now),
        strategy=strategy,
        values=strategy.check(content.parameters),
        terms=replace(content.terms, cash=capital),
        calendar=calendar_named(content.calendar),
    )


def _dataset(
    content: Content, coarser: tuple[str, ...], told: list[tuple[BarSeen, ...]], now: int
) -> Dataset:
    columns: list[dict[str, list[Any]]] = [{name: [] for name in _NAMES} for _ in content.symbols]
    for bars in told:
        for bar in bars:
            if bar.frame == 0:
                for name in _NAMES:
                    columns[bar.asset][name].append(getattr(bar, name))
    for column in columns:
        if not column["time"]:
            for name in _NAMES:
                column[name].append(now if name == "time" else 1.0)
    return from_arrays(
        dict(zip(map(str, content.symbols), columns, strict=True)),
        timeframe=content.timeframe.value,
        coarser=coarser,
        calendar=calendar_named(content.calendar),
    )


if __name__ == "__main__":
    with suppress(BrokenPipeError, KeyboardInterrupt):
        main()
