"""Each handler, in a fresh process, loads what it needs and nothing that crunches numbers."""

from __future__ import annotations

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

_CODE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("handler", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert callable(module.handler)
print(*sys.modules)
"""


@pytest.mark.parametrize("file", HANDLERS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_handler_loads_no_heavy_package(file: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _CODE, str(file)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "algotrendy" in loaded
    assert not HEAVY & loaded
    if file.stem != "api":
        assert not WEB & loaded, "only what answers HTTP loads the web framework"
