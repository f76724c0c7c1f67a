"""Workflows that wait are told what became of their orders, once, however often that fails."""

import asyncio
from collections.abc import Mapping

from algotrendy.kernel.errors import JsonValue, Unavailable
from algotrendy.trading.status import PlatformStatus as S
from algotrendy.trading.waits import Wait, WaitingFor
from fakes.execution_bench import ROOT, Bench, RecordedAnswers
from fakes.quick_loop import run_quickly


class Stubborn(RecordedAnswers):
    """Cannot be reached for some tokens, as often as is said."""

    def __init__(self, **failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def answer(self, token: str, result: Mapping[str, JsonValue]) -> None:
        if self.failures.get(token, 0):
            self.failures[token] -= 1
            raise Unavailable("workflow", "away")
        await super().answer(token, result)


def test_each_is_told_once_and_one_that_cannot_be_reached_holds_up_no_other() -> None:
    async def scene() -> None:
        bench = Bench()
        bench.answers = answers = Stubborn(slow=3)
        bench.start()
        await asyncio.sleep(2)
        for token in ("slow", "quick"):
            order_id = bench.intend()
            bench.bells.ring(order_id, token)
            await bench.until(order_id, S.NEW)
        await asyncio.sleep(1)
        assert [token for token, _ in answers.given] == ["quick"]
        await asyncio.sleep(10)
        assert [token for token, _ in answers.given] == ["quick", "slow"]
        assert bench.ledger.tables.waits.all(ROOT) == []
        await bench.close()

    run_quickly(scene())


def test_what_a_writer_before_could_not_tell_is_told_at_the_beginning() -> None:
    async def scene() -> None:
        bench = Bench()
        _, first = bench.start()
        order_id = bench.intend()
        await bench.until(order_id, S.NEW)
        bench.exchange.fill("b1", 10)
        await bench.until(order_id, S.FILLED)
        await asyncio.sleep(1)
        first.cancel()
        wait = Wait(order_id, WaitingFor.END, "end", bench.clock.now())
        bench.ledger.run(lambda tx: tx.waits.put(wait))
        bench.start()
        await asyncio.sleep(20)
        assert [token for token, _ in bench.answers.given] == ["end"]
        await bench.close()

    run_quickly(scene())
