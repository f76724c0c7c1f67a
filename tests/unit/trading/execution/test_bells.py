"""Bells are rung and heard over SQS, in their order, and shared among the accounts of a process."""

import asyncio
import json
from collections.abc import Sequence

import boto3
import pytest

from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.ids import AccountId, OrderId, SeededIds
from algotrendy.trading.adapters.sqs_bell import SqsBell, SqsRings
from algotrendy.trading.execution.switchboard import Extension, Switchboard
from algotrendy.trading.ports import Heard, Ring
from fakes.execution_bench import HeardRing
from fakes.quick_loop import BEGIN, run_quickly

ROOT, OTHER = AccountId("paper"), AccountId("other")


class Queue:
    """A FIFO queue of an AWS account in memory."""

    def __init__(self) -> None:
        self.client = boto3.client("sqs", region_name="us-east-1")
        self.url: str = self.client.create_queue(
            QueueName="orders.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "30"}
        )["QueueUrl"]
        self.bell = SqsBell(self.url, self.client)
        self.rings = SqsRings(self.url, self.client)

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())


@pytest.fixture
def queue(aws_cloud: None) -> Queue:
    return Queue()


def order_id() -> OrderId:
    return OrderId(SeededIds(1, ManualClock(BEGIN)).next())


def test_what_is_rung_is_heard_in_its_order_and_done_once(queue: Queue) -> None:
    async def scene() -> None:
        rings = [Ring(ROOT, order_id(), "token"), Ring(ROOT, order_id()), Ring(ROOT)]
        for ring in rings:
            queue.bell.ring(ring)
        heard = await queue.rings.listen(0)
        assert [each.ring for each in heard] == rings
        for each in heard:
            await each.done()

    asyncio.run(scene())
    assert queue.waiting() == 0


def test_what_is_left_is_heard_again_at_once(queue: Queue) -> None:
    async def scene() -> None:
        queue.bell.ring(Ring(ROOT))
        (first,) = await queue.rings.listen(0)
        assert await queue.rings.listen(0) == []
        await first.leave()
        (again,) = await queue.rings.listen(0)
        assert again.ring == first.ring

    asyncio.run(scene())


def test_what_the_workflow_sends_is_a_ring_and_rubbish_is_dropped(queue: Queue) -> None:
    # As the state Submit of order_saga.asl.json writes it.
    whole = {"account": "paper", "order_id": str(order_id()), "token": "AQC"}
    bodies = ["no JSON", "[]", json.dumps({"account": "UPPER"}), json.dumps(whole)]
    for number, body in enumerate(bodies):
        queue.client.send_message(
            QueueUrl=queue.url,
            MessageBody=body,
            MessageGroupId="paper",
            MessageDeduplicationId=str(number),
        )
    heard = asyncio.run(_listen(queue.rings))
    assert [each.ring for each in heard] == [Ring(ROOT, order_id(), "AQC")]
    assert queue.waiting() == 1


async def _listen(rings: SqsRings) -> Sequence[Heard]:
    return await rings.listen(0)


def test_what_comes_to_one_who_has_left_is_left_to_others(queue: Queue) -> None:
    async def scene() -> None:
        listening = asyncio.create_task(queue.rings.listen(1))
        await asyncio.sleep(0.01)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        queue.bell.ring(Ring(ROOT))
        await asyncio.to_thread(queue.rings.close)

    asyncio.run(scene())
    assert len(asyncio.run(_listen(SqsRings(queue.url, queue.client)))) == 1


def test_a_queue_that_is_away_says_so(queue: Queue) -> None:
    gone = queue.url.replace("orders", "others")
    with pytest.raises(Unavailable):
        SqsBell(gone, queue.client).ring(Ring(ROOT))
    with pytest.raises(Unavailable):
        asyncio.run(_listen(SqsRings(gone, queue.client)))


class OneQueue:
    """Is a ``Rings`` that two processes could listen to."""

    def __init__(self) -> None:
        self.waiting: list[HeardRing] = []
        self.listened = 0

    async def listen(self, wait_s: float) -> Sequence[Heard]:
        self.listened += 1
        if not self.waiting:
            await asyncio.sleep(wait_s)
        found, self.waiting = self.waiting, []
        return found


def test_each_account_of_a_process_hears_its_own_and_the_rest_is_left() -> None:
    async def scene() -> None:
        shared = OneQueue()
        board = Switchboard(shared, asyncio.get_running_loop().time)
        mine, other = board.of(ROOT), board.of(OTHER)
        running = asyncio.create_task(board.run())
        await asyncio.sleep(5)
        assert shared.listened == 0, "nobody serves: others may hear"
        rings = [HeardRing(Ring(name)) for name in (ROOT, OTHER, AccountId("third"))]
        shared.waiting = list(rings)
        one, two = await asyncio.gather(mine.listen(2), other.listen(2))
        assert [*one, *two] == rings[:2]
        await asyncio.sleep(1)
        assert [ring.fate for ring in rings] == ["", "", "left"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_quickly(scene())


@pytest.mark.parametrize("steps", range(4))
def test_who_is_sent_away_as_something_is_heard_goes_and_leaves_it(steps: int) -> None:
    async def scene() -> None:
        extension = Extension(asyncio.get_running_loop().time)
        listening = asyncio.create_task(extension.listen(60))
        await asyncio.sleep(1)
        ring = HeardRing(Ring(ROOT))
        extension.put(ring)
        for _ in range(steps):
            await asyncio.sleep(0)
        is_back = listening.done()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert listening.cancelled() is not is_back
        assert extension.take() == ([] if is_back else [ring])

    run_quickly(scene())


def test_what_an_account_does_not_listen_to_any_more_is_left() -> None:
    async def scene() -> None:
        shared = OneQueue()
        board = Switchboard(shared, asyncio.get_running_loop().time)
        mine = board.of(ROOT)
        running = asyncio.create_task(board.run())
        assert await mine.listen(0.5) == []
        ring = HeardRing(Ring(ROOT))
        shared.waiting = [ring]
        await asyncio.sleep(6)
        assert ring.fate == "left"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    run_quickly(scene())
