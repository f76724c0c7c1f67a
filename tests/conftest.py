"""What every test stands on: an environment from which no real account can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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


# Rooms whose tests share something that takes long to start: each runs in one worker, these first.
SHARING_ROOMS = ("e2e", "infra", "contract/emulator", "integration/local")


# First: xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each worker whole rooms or whole files, the longest rooms first."""
    tests = Path(__file__).parent

    def room(item: pytest.Item) -> str | None:
        path = item.path.relative_to(tests).as_posix()
        return next((each for each in SHARING_ROOMS if path.startswith(f"{each}/")), None)

    for item in items:
        item.add_marker(pytest.mark.xdist_group(room(item) or str(item.path.relative_to(tests))))
    order = {each: place for place, each in enumerate(SHARING_ROOMS)}
    items.sort(key=lambda item: order.get(room(item) or "", len(order)))


@pytest.fixture(autouse=True)
def _forget_settings() -> Iterator[None]:
    """Let no test see the settings or clients of another."""
    from algotrendy.platform.settings import reset_settings

    reset_settings()
    yield
    reset_settings()
