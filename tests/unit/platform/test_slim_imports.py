"""Import each module of the platform in a fresh process: nobody pays for what they do not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import algotrendy.platform

HEAVY = frozenset(
    {"arro3", "aws_xray_sdk", "boto3", "deltalake", "duckdb", "fastapi", "mangum", "numpy"}
    | {"pandas", "psycopg", "pyarrow", "redis"}
)
# What a module may load of those; every other module may load none.
ALLOWED = {
    "bus": {"psycopg"},
    "database": {"psycopg"},
    "edge": {"fastapi"},
    "heartbeats": {"psycopg"},
    "http": {"fastapi"},
    "idempotency": {"fastapi"},
    # Loaded when the first key comes: Powertools brings boto3 along.
    "idempotency_records": {"boto3", "psycopg"},
    "migrate": {"psycopg"},
    "problems": {"fastapi"},
    "probes": {"fastapi"},
}
MODULES = sorted(
    path.stem
    for path in Path(algotrendy.platform.__path__[0]).glob("*.py")
    if path.stem != "__init__"
)


def loaded_by(module: str) -> set[str]:
    code = f"import sys, algotrendy.platform.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_no_heavy_package_but_its_own(module: str) -> None:
    assert HEAVY & loaded_by(module) == ALLOWED.get(module, set())


def test_every_exception_names_a_module_that_is_there() -> None:
    assert set(ALLOWED) <= set(MODULES)
