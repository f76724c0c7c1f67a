"""A local server that speaks QuantConnect's API, and a client on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from fakes.quantconnect_server import QuantConnectServer


@pytest.fixture(scope="module")
def started() -> Iterator[QuantConnectServer]:
    with QuantConnectServer() as running:
        yield running


@pytest.fixture
def server(started: QuantConnectServer) -> QuantConnectServer:
    started.reset()
    return started


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running
