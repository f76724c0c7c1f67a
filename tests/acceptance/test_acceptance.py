"""Put every adapter through every numbered case."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest

from acceptance.cases import Case
from acceptance.harness import ADAPTERS, Harness, Opened
from acceptance.suite import CASES

CASE_TIMEOUT_S = 60


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        pairs = [(adapter, case) for adapter in ADAPTERS for case in CASES]
        metafunc.parametrize(
            ("venue", "case"),
            pairs,
            indirect=["venue"],
            ids=[f"{adapter}-{case.number}" for adapter, case in pairs],
            scope="module",
        )


class OneVenue:
    """One adapter's harness and its loop, for as long as the adapter's cases run."""

    def __init__(self, adapter: str, folder: Path) -> None:
        self.adapter = adapter
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._opened: Opened = importlib.import_module(f"acceptance.{adapter}").opened
        self._folder = folder
        self._harness: Harness | None = None

    def judge(self, case: Case) -> str:
        return self._runner.run(asyncio.wait_for(self._judge(case), CASE_TIMEOUT_S))

    async def _judge(self, case: Case) -> str:
        if self._harness is None:
            opened: AbstractAsyncContextManager[Harness] = self._opened(self._folder)
            self._harness = await self._stack.enter_async_context(opened)
        await self._harness.fresh()
        return str(await case.judge(self._harness))

    def close(self) -> None:
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()


@pytest.fixture(scope="module")
def venue(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OneVenue]:
    opened = OneVenue(request.param, tmp_path_factory.mktemp(request.param))
    yield opened
    opened.close()


def test_an_adapter_passes_a_case(
    venue: OneVenue, case: Case, record_property: Callable[[str, object], None]
) -> None:
    outcome = venue.judge(case)
    record_property("acceptance", f"{venue.adapter}|{case.number}|{outcome}")
