"""What every test stands on: an environment from which no real account can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator

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


@pytest.fixture(autouse=True)
def _forget_settings() -> Iterator[None]:
    """Let no test see the settings or clients of another."""
    from algotrendy.platform.settings import reset_settings

    reset_settings()
    yield
    reset_settings()
