"""Chart kernels are compiled once, and found again by the next process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BUILD = """
import json
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.charts.building import Builder
from algotrendy.market_data.charts.compiled import SHELF, Compiled
from algotrendy.market_data.ticks import Ticks

builder = Builder("tick:amount=2", Compiled())
bars = builder.push(Ticks(Symbol("XYZ"), [1, 2, 3], [10.0, 11.0, 12.0], [1.0] * 3, "made up"))
bars = [*bars, *builder.push_one(4, 13.0, 1.0)]
print(json.dumps([len(SHELF.made), [float(bar.close) for bar in bars]]))
"""


def test_a_second_process_compiles_nothing_and_builds_the_same(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    told = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", BUILD],
            capture_output=True,
            check=False,
            text=True,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    (first, bars), (second, again) = told
    assert first == 3
    assert second == 0
    assert bars == again == [11.0, 13.0]
