"""What the execution service does for an order is told within the order's own trace."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from algotrendy.kernel.ids import CorrelationId, UserId
from algotrendy.platform.tracing import read_traceparent
from algotrendy.trading.adapters.followed import Followed, follow_transaction
from algotrendy.trading.adapters.measuring import Stored
from algotrendy.trading.folding import fold
from algotrendy.trading.order_events import Provenance
from algotrendy.trading.status import PlatformStatus as S
from fakes.execution_bench import Bench
from fakes.order_story import Story, execution
from unit.trading.execution.test_handover import play


def carried(number: int) -> str:
    return f"00-{number:032x}-{'0a' * 8}-01"


def came(number: int, traceparent: str | None) -> Provenance:
    return Provenance(
        correlation_id=CorrelationId(f"request-{number}"),
        user=UserId("ada"),
        traceparent=traceparent,
    )


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [line for line in lines if line["message"] == "span"]


def test_each_of_many_orders_that_are_sent_together_is_told_in_its_own_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def scene(bench: Bench) -> None:
        bench.following = Followed()
        bench.start()
        await asyncio.sleep(1)
        ids = [bench.intend(provenance=came(n, carried(n))) for n in range(1, 6)]
        bench.intend(provenance=came(9, None))
        for order_id in ids:
            bench.bells.ring(order_id)
        for order_id in ids:
            await bench.until(order_id, S.NEW)
        await asyncio.sleep(5)
        for n, order_id in enumerate(ids, start=1):
            assert bench.order(order_id).provenance.traceparent == carried(n)

    play(scene)
    spans = told(capsys)
    by_trace: dict[int, list[dict[str, Any]]] = {}
    for line in spans:
        by_trace.setdefault(int(line["trace_id"], 16), []).append(line)
    assert set(by_trace) == {1, 2, 3, 4, 5}, "an order without a trace begins none"
    for number, lines in by_trace.items():
        names = [line["span"]["name"] for line in lines]
        steps = ["store before sending", "broker: submit", "store the answer", "execution: submit"]
        assert [name for name in names if name in steps] == steps
        assert {line["correlation_id"] for line in lines} == {f"request-{number}"}
        assert len({line["order_id"] for line in lines}) == 1
        ids = {line["span"]["name"]: line["span"]["id"] for line in lines}
        submit = next(each["span"] for each in lines if each["span"]["name"] == "broker: submit")
        assert submit["parent"] == ids["execution: submit"]
        assert submit["facts"]["broker_order_id"]


def test_what_was_stored_is_told_with_every_execution(capsys: pytest.CaptureFixture[str]) -> None:
    story, now = Story(), datetime.now(UTC)
    intended = replace(story.intended, provenance=came(7, carried(7)))
    filled = story.filled(execution("x-1", quantity=10, price=101, at=now))
    before, after = fold([intended]), fold([intended, filled])
    follow_transaction([Stored(before, after, (filled,))])
    fill, order = told(capsys)
    assert (fill["span"]["name"], order["span"]["name"]) == ("fill", "order filled")
    assert (fill["execution_id"], fill["order_id"]) == ("x-1", str(after.id))
    assert fill["span"]["facts"]["price"] == "101"
    assert read_traceparent(carried(7)) is not None
    assert int(fill["trace_id"], 16) == 7
    lasted_ns = fill["span"]["end_ns"] - fill["span"]["start_ns"]
    assert 0 <= lasted_ns < 10_000_000_000


def test_an_order_without_a_trace_tells_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story()
    order = fold([story.intended])
    follow_transaction([Stored(None, order, (story.intended,))])
    assert told(capsys) == []
