"""What every test stands on: an environment from which no real account can be reached."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Iterator
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

SAFE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "tests",
}

# Before any import of ours: Powertools reads its own variables when it is imported.
os.environ.update(SAFE_ENVIRONMENT)
for _name in [name for name in os.environ if name.startswith(("ALGOTRENDY_", "AWS_ENDPOINT_URL"))]:
    del os.environ[_name]
os.environ.pop("AWS_PROFILE", None)

pytest_plugins = [
    "fixtures.aws",
    "fixtures.lambda_runtime",
    "fixtures.platform",
    "fixtures.postgres",
    "fixtures.valkey",
]


# Rooms whose tests share something that takes long to start or to compile: one worker runs all of a
# room, and the longest rooms come first.
SHARING_ROOMS = (
    ("tests/e2e/",),
    ("tests/infra/",),
    ("tests/unit/backtest/engine/", "tests/golden/backtest/"),
    ("tests/contract/emulator/",),
    ("tests/integration/local/",),
    ("tests/acceptance/",),
    ("tests/sagas/",),
    ("tests/golden/exchange/", "tests/property/exchange/"),
)


def unit_of_work(node_id: str) -> str:
    """Name what one worker runs in one go: a room whose tests share much, or else a file."""
    file = node_id.partition("::")[0]
    return next((rooms[0] for rooms in SHARING_ROOMS if file.startswith(rooms)), file)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options of every test."""
    told = "the share of each property's examples that is tried (1: all; more for a longer hunt)"
    parser.getgroup("algotrendy").addoption("--examples", type=float, default=0.4, help=told)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest rooms first, and try as many examples as are asked for."""
    try_examples(items, config.getoption("--examples", default=1.0))
    places = {rooms[0]: place for place, rooms in enumerate(SHARING_ROOMS)}
    items.sort(key=lambda item: places.get(unit_of_work(item.nodeid), len(places)))


def pytest_collection_finish() -> None:
    """Let no collection of garbage look at what lives as long as the process, again and again."""
    gc.collect()
    gc.freeze()


def try_examples(items: Iterable[pytest.Item], share: float) -> None:
    """Let properties and state machines try a share of the examples that they name."""
    # Where hypothesis and its own plugin for pytest keep a property's, and a state machine its own.
    properties = {
        (getattr(item, "obj", None), "_hypothesis_internal_use_settings") for item in items
    }
    machines = {(getattr(item, "cls", None), "settings") for item in items}
    for bearer, name in properties | machines:
        asked = getattr(bearer, name, None)
        if isinstance(asked, hypothesis.settings):
            tried = max(1, round(asked.max_examples * share))
            setattr(bearer, name, hypothesis.settings(asked, max_examples=tried))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand out rooms and files instead of single tests."""
    return Rooms(config, log)


class Rooms(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Schedules by ``unit_of_work``; xdist's own groups do not work with pytest 9.2."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of_work(nodeid)


@pytest.fixture(autouse=True)
def _forget_settings() -> Iterator[None]:
    """Let no test see the settings or clients of another."""
    from algotrendy.platform.settings import reset_settings

    reset_settings()
    yield
    reset_settings()
