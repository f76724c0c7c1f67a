"""One emulator for the whole session; a test that kills takes one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.aws_emulator import Emulator, running


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with running(tmp_path_factory.mktemp("emulator")) as one:
        yield one


@pytest.fixture
def own_emulator(tmp_path: Path) -> Iterator[Emulator]:
    with running(tmp_path, snapshot_s=0.3) as one:
        yield one
