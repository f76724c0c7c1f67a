"""The handler loads what HTTP and tokens need, and nothing that crunches numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HANDLER = Path(__file__).parents[3] / "functions" / "market_data" / "api.py"
# botocore is not here: Powertools imports it, in part, to trace AWS calls.
HEAVY = {"pandas", "numpy", "duckdb", "pyarrow", "boto3", "deltalake", "arro3", "redis", "psycopg"}

_CODE = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("api", {str(HANDLER)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert callable(module.handler)
print(*sys.modules)
"""


def test_importing_the_handler_and_building_its_app_loads_no_heavy_package() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=True, env=os.environ
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert {"fastapi", "mangum", "algotrendy"} <= loaded
    assert not HEAVY & loaded
