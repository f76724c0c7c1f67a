"""Tell the way of some records of ticks through Kinesis, each as a trace of its own.

The name of a record gives its trace: producer and consumer, who never meet, work out the same one,
and nothing has to travel in the stream. One record in five hundred of a symbol is followed, and so
the first of each run; ticks are too many to tell of all.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from algotrendy.market_data.streaming.consuming import Arrived
from algotrendy.market_data.streaming.messages import Record
from algotrendy.platform import bound, tracing

EVERY: Final = 500


@contextmanager
def put_followed(records: Sequence[Record]) -> Iterator[None]:
    """Put records into the stream, and tell of those that are followed how long that took."""
    started = time.time_ns()
    yield
    ended = time.time_ns()
    for record in _followed(records):
        _tell(record, "put ticks", started, ended, "producer")


@contextmanager
def taken_followed(batch: Sequence[Arrived]) -> Iterator[None]:
    """Take records from the stream, and tell how long they lay there, and what taking them took."""
    started = time.time_ns()
    yield
    ended = time.time_ns()
    for arrived in batch:
        for record in _followed([arrived.record]):
            _tell(record, "stream of ticks", arrived.at, started, "consumer")
            _tell(record, "take ticks", started, ended, "consumer", batch=len(batch))


def _followed(records: Iterable[Record]) -> Iterator[Record]:
    return (record for record in records if record.number % EVERY == 0)


def _tell(
    record: Record, name: str, started_ns: int, ended_ns: int, kind: str, **facts: object
) -> None:
    trace = tracing.trace_named("ticks", record.run, record.symbol, str(record.number))
    # By the run of the service, which its log names, all of its followed records are found.
    with bound.correlated(record.run):
        tracing.record(
            name,
            started_ns,
            ended_ns,
            kind,
            parent=trace,
            feed=record.feed,
            symbol=record.symbol,
            number=record.number,
            trades=len(record.trades),
            **facts,
        )
