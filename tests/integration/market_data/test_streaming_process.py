"""The streaming service as a process: it waits for what it needs, streams, dies and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from algotrendy.local.home import project_root
from algotrendy.market_data.streaming.messages import Record, decode
from fakes.exchange_process import ExchangeProcess
from fixtures.platform import free_port

SYMBOLS = ("AAPL", "BTC/USD")
KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Process:
    """One service on a port of its own."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "ALGOTRENDY_STREAMING_PORT": str(self.port),
            **KEYS,
            **environment,
        }
        self.child = subprocess.Popen(
            [sys.executable, "-m", "services.streaming"],
            env=self.environment,
            cwd=project_root(),
            stderr=subprocess.PIPE,
        )

    def ask(self, path: str) -> tuple[int, Any]:
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=5) as found:
                return found.status, json.load(found)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error) if error.code == 503 else None

    def metrics(self) -> list[str]:
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as found:
            assert found.headers["Content-Type"].startswith("text/plain; version=")
            text: str = found.read().decode()
        return text.splitlines()

    def listens(self) -> bool:
        assert self.child.poll() is None, self.child.communicate()[1]
        try:
            return self.ask("/health")[0] == 200
        except OSError:
            return False

    def check(self) -> int:
        command = [sys.executable, "-m", "services.streaming", "health"]
        environment, folder = self.environment, project_root()
        return subprocess.run(command, env=environment, cwd=folder, check=False).returncode

    def stop(self) -> bytes:
        """Ask it to end, which it must well; give what it said."""
        self.child.send_signal(signal.SIGTERM)
        _, said = self.child.communicate(timeout=30)
        assert self.child.returncode == 0, said
        return said


@contextmanager
def service(**environment: str) -> Iterator[Process]:
    process = Process(**environment)
    try:
        until(process.listens)
        yield process
    finally:
        process.child.kill()
        process.child.communicate(timeout=10)


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never came true")


@pytest.fixture
def kinesis(s3_server: str) -> Iterator[Any]:
    client = boto3.client(
        "kinesis",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_stream(StreamName="ticks", ShardCount=1)
    yield client
    client.close()


@pytest.fixture
def exchange() -> Iterator[ExchangeProcess]:
    with tempfile.TemporaryDirectory() as home:
        options = ("--ephemeral", "--symbols", ",".join(SYMBOLS), "--speed", "1")
        process = ExchangeProcess(Path(home), *options)
        process.start()
        yield process
        assert process.stop() == 0


def taken(kinesis: Any) -> list[Record]:
    shard = kinesis.list_shards(StreamName="ticks")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(
        StreamName="ticks", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    rows = kinesis.get_records(ShardIterator=iterator, Limit=10_000)["Records"]
    return [decode(row["Data"]) for row in rows]


def runs(kinesis: Any) -> dict[str, set[str]]:
    """Give which symbols each run has sent trades of."""
    found: dict[str, set[str]] = {}
    for record in taken(kinesis):
        if record.trades:
            found.setdefault(record.run, set()).add(record.symbol)
    return found


def test_it_is_well_and_not_ready_while_nothing_is_deployed_and_ends_when_asked() -> None:
    nothing = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "ALGOTRENDY_STREAM_SYMBOLS": "AAPL"}
    with service(**nothing) as process:
        status, told = process.ask("/health")
        assert (status, told["ready"], told["clients"]["clients"]) == (200, False, 0)
        assert process.ask("/ready")[0] == 503
        assert process.ask("/else")[0] == 404
        assert "algotrendy_stream_clients 0.0" in process.metrics()
        assert process.check() == 0
        said = process.stop()
        assert b"setting" in said
        assert process.check() == 1


def test_with_nothing_to_stream_it_serves_clients_alone(tmp_path: Path) -> None:
    with service(ALGOTRENDY_LAKE_URL=f"file://{tmp_path}") as process:
        until(lambda: process.ask("/ready")[0] == 200)
        assert process.ask("/ready")[1]["feeds"] == {}
        process.stop()


def test_it_streams_dies_and_goes_on(
    exchange: ExchangeProcess, kinesis: Any, s3_server: str, valkey_url: str, tmp_path: Path
) -> None:
    environment = {
        "AWS_ENDPOINT_URL": s3_server,
        "ALGOTRENDY_TICK_STREAM": "ticks",
        "ALGOTRENDY_LAKE_URL": f"file://{tmp_path}",
        "ALGOTRENDY_EXCHANGE_URL": f"http://127.0.0.1:{exchange.port}",
        "ALGOTRENDY_CACHE_URL": valkey_url,
        "ALGOTRENDY_STREAM_SYMBOLS": ",".join(SYMBOLS),
    }
    with service(**environment) as first:
        until(lambda: runs(kinesis) != {} and set(SYMBOLS) in runs(kinesis).values())
        first.child.kill()
    with service(**environment) as second:
        until(lambda: len(runs(kinesis)) == 2)
        until(lambda: all(symbols == set(SYMBOLS) for symbols in runs(kinesis).values()))
        until(lambda: _states(second) == {"live"})
        feeds = second.ask("/ready")[1]["feeds"]
        assert set(feeds) == {"paper:iex", "paper:crypto"}
        assert feeds["paper:crypto"]["symbols"] == ["BTC/USD"]
        second.stop()
    records = taken(kinesis)
    for run in {record.run for record in records}:
        for symbol in SYMBOLS:
            mine = [r.number for r in records if (r.run, r.symbol) == (run, symbol)]
            assert mine == list(range(len(mine)))
    # Nothing is stored here: the second asks the history for what the first has sent.
    first_run, second_run = (
        {t.id: t.time for r in records if (r.run, r.symbol) == (run, "BTC/USD") for t in r.trades}
        for run in dict.fromkeys(record.run for record in records)
    )
    begin = min(second_run.values())
    assert {id_ for id_, time_ns in first_run.items() if time_ns >= begin} <= set(second_run)


def _states(process: Process) -> set[str]:
    return {feed["state"] for feed in process.ask("/ready")[1]["feeds"].values()}
