"""What compiled kernels leave on the disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

CHECK = """
from algotrendy.market_data.charts.compiled import Compiled
engine = Compiled()
print(engine.first_fault(engine.columns(engine_trades), 0))
"""
TRADES = """
import types
engine_trades = types.SimpleNamespace(times=[1], prices=[1.0], sizes=[1.0])
"""


def test_each_kernel_is_kept_in_files_of_its_own_arguments(tmp_path: Path) -> None:
    """Else two processes that write one index at once could keep code under another's number."""
    done = subprocess.run(
        [sys.executable, "-c", TRADES + CHECK],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "-1\n"
    kept = [file.name for file in tmp_path.rglob("*.nbi")]
    assert kept
    assert all(re.search(r"\.[0-9a-f]{16}\.nbi$", name) for name in kept)
