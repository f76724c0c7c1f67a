"""No order costs money while the live switch is off, and what ends a risk still leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import CorrelationId
from algotrendy.trading.adapters.live_gate import LiveGate
from algotrendy.trading.admission import KILL_SWITCH, PROTECTION
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import Bench
from fakes.quick_loop import run_quickly

Scene = Callable[[Bench, LiveGate], Coroutine[Any, Any, None]]


class Switch:
    """Is what the flag says; None: nobody knows."""

    def __init__(self, is_on: bool | None) -> None:
        self.is_on = is_on

    async def __call__(self) -> bool:
        if self.is_on is None:
            raise Unavailable("flags", "no answer")
        return self.is_on


def play(switch: Switch, scene: Scene) -> Bench:
    async def whole() -> Bench:
        bench, gate = Bench(), LiveGate(switch)
        bench.gate = gate
        bench.start()
        try:
            await scene(bench, gate)
        finally:
            await bench.close()
        return bench

    return run_quickly(whole())


@pytest.mark.parametrize("is_on", [False, None])
def test_nothing_leaves_while_the_switch_is_off_or_unknown(is_on: bool | None) -> None:
    async def scene(bench: Bench, gate: LiveGate) -> None:
        if is_on is not None:
            await gate.do()
        order_id = bench.intend()
        await bench.until(order_id, S.CANCELED, within_s=200)

    assert play(Switch(is_on), scene).exchange.submits == 0


def test_an_order_that_waited_leaves_when_the_switch_is_turned_on() -> None:
    switch = Switch(False)

    async def scene(bench: Bench, gate: LiveGate) -> None:
        await gate.do()
        order_id = bench.intend()
        await asyncio.sleep(5)
        assert bench.exchange.submits == 0
        switch.is_on = True
        await gate.do()
        await bench.until(order_id, S.NEW)

    assert play(switch, scene).exchange.submits == 1


@pytest.mark.parametrize("who", [KILL_SWITCH, PROTECTION])
def test_what_the_platform_sends_to_end_a_risk_leaves_all_the_same(who: Any) -> None:
    async def scene(bench: Bench, gate: LiveGate) -> None:
        await gate.do()
        by = Provenance(correlation_id=CorrelationId("c1"), user=who)
        await bench.until(bench.intend(provenance=by), S.NEW)

    assert play(Switch(False), scene).exchange.submits == 1


def test_the_last_look_counts_while_the_flags_do_not_answer() -> None:
    switch = Switch(True)

    async def scene(bench: Bench, gate: LiveGate) -> None:
        await gate.do()
        switch.is_on = None
        with pytest.raises(Unavailable):
            await gate.do()
        await bench.until(bench.intend(), S.NEW)

    assert play(switch, scene).exchange.submits == 1


def test_what_is_at_the_broker_can_be_cancelled_while_the_switch_is_off() -> None:
    switch = Switch(True)

    async def scene(bench: Bench, gate: LiveGate) -> None:
        await gate.do()
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        switch.is_on = False
        await gate.do()
        bench.cancel(order_id)
        await bench.until(order_id, S.CANCELED)

    play(switch, scene)
