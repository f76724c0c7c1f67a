"""Each handler, in a fresh process, loads what it needs and nothing that crunches numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HANDLERS = sorted((ROOT / "functions").glob("*/*.py"))
# botocore is not here: Powertools imports it, in part, to trace AWS calls.
HEAVY = {
    "alpaca",
    "arro3",
    "boto3",
    "deltalake",
    "duckdb",
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow",
    "redis",
    "sagemaker",
}
WEB = {"fastapi", "mangum", "starlette"}

# Every handler in a process of its own, forked where only packages that any may load are loaded.
_CODE = """
import importlib.util, json, os, sys
import aws_lambda_powertools, pydantic, pydantic_settings

for file in sys.argv[1:]:
    ours, theirs = os.pipe()
    if os.fork() == 0:
        spec = importlib.util.spec_from_file_location("handler", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert callable(module.handler)
        os.write(theirs, " ".join({name.partition(".")[0] for name in sys.modules}).encode())
        os._exit(0)
    os.close(theirs)
    with open(ours) as told:
        print(json.dumps([file, told.read().split()]), flush=True)
    os.wait()
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Give the packages that each handler loads; none where it cannot be loaded, and say why."""
    ran = subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, HANDLERS)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ,
    )
    return {file: set(names) for file, names in map(json.loads, ran.stdout.splitlines())}


@pytest.mark.parametrize("file", HANDLERS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_handler_loads_no_heavy_package(loaded: dict[str, set[str]], file: Path) -> None:
    found = loaded[str(file)]
    assert "algotrendy" in found
    assert not HEAVY & found
    if file.stem != "api":
        assert not WEB & found, "only what answers HTTP loads the web framework"
