"""An import that is killed at any instruction leaves the old version or the new one, whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.market_data.series import RawBars
from algotrendy.platform.lake import Lake

# Says when it is about to write, so that the kill falls into the write and not into the imports.
_CHILD = """
import sys
from dataclasses import replace
from algotrendy.market_data.adapters.lake_bars import LakeBars
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.platform.lake import Lake

new = [replace(item.bars, source="new") for item in read_samples("bokeh")]
store = LakeBars(Lake(sys.argv[1]))
store.read(new[0].symbol)
print("writing", flush=True)
store.replace(new)
print("written", flush=True)
"""


def _named(source: str) -> list[RawBars]:
    return [replace(item.bars, source=source) for item in read_samples("bokeh")]


@pytest.mark.parametrize("delay_s", [0.0, 0.03, 0.1])
def test_a_kill_in_mid_import_leaves_a_whole_version(tmp_path: Path, delay_s: float) -> None:
    url = f"file://{tmp_path}/lake"
    store = LakeBars(Lake(url))
    first = store.replace(_named("old")).version
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, url], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert child.stdout is not None
    with child, child.stdout as told:
        assert told.readline() == "writing\n"
        time.sleep(delay_s)
        child.send_signal(signal.SIGKILL)
        finished = "written" in told.read()
    sources = {item.source for item in LakeBars(Lake(url)).symbols()}
    assert sources in ({"old"}, {"new"})
    if finished:
        assert sources == {"new"}
    # Whatever the kill left lying about, the next import ends right.
    assert store.replace(_named("new")).version == first + 1
    assert [store.read(bars.symbol) for bars in _named("new")] == [
        bars.adjusted("raw") for bars in _named("new")
    ]
    assert {item.source for item in store.symbols()} == {"new"}
