"""Strategies think in a child: what they break there is theirs, and the process that asks lives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from algotrendy.backtest.engine.step_records import AccountSeen, BarSeen, StepInputs
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.live.adapters.child_mind import ChildMind
from algotrendy.live.ports import StrategyFailed, StrategyOverflowed, StrategyTimedOut, Thought
from algotrendy.live.versions import Code, Content
from fakes.live_bench import close_of, day
from fakes.live_runs import a_run, bar

HEAD = """
from algotrendy.strategy.making import strategy

@strategy(state={"count": 0.0})
def wild(market, own, p):
    own.count = own.count + 1.0
"""
WAITS = "    if len(market.close) < 3:\n        return\n"


@pytest.fixture
def mind() -> Iterator[ChildMind]:
    made = ChildMind(within_s=2.0, memory=200 * 1024 * 1024)
    yield made
    made.close()


def own(body: str) -> Content:
    code = Code("wild", "a" * 64, HEAD + body, "2.7")
    return Content(code, {}, (Symbol("AAPL"),))


def inputs(step: int) -> StepInputs:
    bars = (bar(day(step), 100.0 + step),)
    account = AccountSeen(10_000.0, (0.0,), (0.0,))
    return StepInputs(step, close_of(step), bars, account, 0, sends=True)


def told_before(step: int) -> Callable[[], list[tuple[BarSeen, ...]]]:
    return lambda: [inputs(before).bars for before in range(step)]


def played(mind: ChildMind, content: Content, steps: int, number: int = 1) -> list[Thought]:
    run, found, state = a_run(number, content=content), [], None
    for step in range(steps):
        told = told_before(step)
        found.append(mind.think(run, inputs(step), state, told))
        state = found[-1].state
    return found


def test_it_decides_as_the_strategy_says(mind: ChildMind) -> None:
    content = own(WAITS + "    market.buy(own.count)\n")
    found = played(mind, content, 4)
    assert [len(each.decisions) for each in found] == [0, 0, 1, 1]
    assert [each.units for each in found[3].decisions] == [4.0]
    assert len({each.digest for each in found}) == 4


def test_a_child_that_was_lost_in_between_decides_the_same(mind: ChildMind) -> None:
    content = own(WAITS + "    market.buy(own.count)\n")
    warm = played(mind, content, 4)
    run = a_run(content=content)
    mind.close()
    told = told_before(3)
    assert mind.think(run, inputs(3), warm[2].state, told) == warm[3]


def test_one_that_raises_says_what(mind: ChildMind) -> None:
    with pytest.raises(StrategyFailed, match="ZeroDivisionError"):
        played(mind, own("    own.count = 1 // 0\n"), 1)


def test_one_that_loops_is_ended(mind: ChildMind) -> None:
    with pytest.raises(StrategyTimedOut, match="within 2 s"):
        played(mind, own("    while True:\n        pass\n"), 1)


def test_one_that_swallows_everything_is_ended_too(mind: ChildMind) -> None:
    body = """
    while True:
        try:
            pass
        except BaseException:
            pass
"""
    with pytest.raises(StrategyTimedOut):
        played(mind, own(body), 1)


def test_one_that_takes_memory_without_end_fails(mind: ChildMind) -> None:
    body = "    kept = []\n    while True:\n        kept.append(bytearray(10_000_000))\n"
    with pytest.raises(StrategyFailed, match="MemoryError"):
        played(mind, own(body), 1)


def test_one_that_ends_its_process_fails(mind: ChildMind) -> None:
    with pytest.raises(StrategyFailed, match="ended its process"):
        played(mind, own("    import os\n    os._exit(3)\n"), 1)


def test_one_that_asks_for_ten_thousand_orders_is_stopped(mind: ChildMind) -> None:
    body = WAITS + "    for _ in range(10_000):\n        market.buy(1.0)\n"
    with pytest.raises(StrategyOverflowed, match="1000"):
        played(mind, own(body), 3)


def test_what_one_does_others_do_not_feel(mind: ChildMind) -> None:
    good = own(WAITS + "    market.buy(own.count)\n")
    run = a_run(2, content=good)
    first = mind.think(run, inputs(0), None, list)
    with pytest.raises(StrategyTimedOut):
        played(mind, own("    while True:\n        pass\n"), 1)
    told = told_before(1)
    assert mind.think(run, inputs(1), first.state, told).decisions == ()


def test_one_that_prints_is_heard_by_nobody(mind: ChildMind) -> None:
    assert len(played(mind, own("    print('x' * 10_000)\n"), 2)) == 2


def test_one_sees_no_setting_of_the_platform(
    mind: ChildMind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALGOTRENDY_DATABASE_URL", "postgresql://secret")
    assert "ALGOTRENDY_DATABASE_URL" in os.environ
    body = "    import os\n    own.count = float('ALGOTRENDY_DATABASE_URL' in os.environ)\n"
    (found,) = played(mind, own(body), 1)
    (clean,) = played(mind, own("    own.count = 0.0\n"), 1, number=2)
    assert found.state == clean.state


def test_traits_are_the_strategy_s(mind: ChildMind) -> None:
    content = a_run().content
    assert mind.traits(content).warm_up == content.strategy().warm_up(content.parameters)
    assert mind.traits(content).assets == 1
    broken = replace(content, parameters={"fast": 2, "slow": 3})
    object.__setattr__(broken, "parameters", {"fast": 9, "slow": 3})
    with pytest.raises(Invalid, match="slow"):
        mind.traits(broken)


def test_a_strategy_that_cannot_be_loaded_says_why(mind: ChildMind) -> None:
    content = own("")
    object.__setattr__(content.code, "source", "raise RuntimeError('no')")
    with pytest.raises(Invalid, match="RuntimeError: no"):
        mind.traits(content)
