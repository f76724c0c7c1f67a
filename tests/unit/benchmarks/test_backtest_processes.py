"""Hold that every peer is told of: by its figures, or by the reason why it has none."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.parity import FIGURES, checked, complaint
from benchmarks.peers.tasks import Cache, Task

# By name: as a script it finds its neighbours beside itself, not below the project's root.
backtest: Any = importlib.import_module("backtest")

SIZE = 20_000
LINE = {
    "workload": "W1",
    "mode": "arrays",
    "size": SIZE,
    "final_equity": FIGURES["W1", SIZE].equity,
    "fills": FIGURES["W1", SIZE].fills,
}


@pytest.fixture
def caches(tmp_path: Path) -> Path:
    made = tmp_path / "caches"
    made.mkdir()
    return made


def peer(folder: Path, code: str, cache: Cache = "new") -> Task:
    script = folder / "peer.py"
    script.write_text(code)
    named = str(script.with_suffix(""))
    return Task("W1", "some peer", SIZE, SIZE, "product", named, cache=cache)


def test_a_line_is_held_against_the_figures(tmp_path: Path, caches: Path) -> None:
    task = peer(tmp_path, f"print('a log line')\nprint({json.dumps(LINE)!r})")
    assert backtest.measure(task, SIZE, caches, 30, {})["parity"] is True


def test_a_script_is_told_its_size(tmp_path: Path, caches: Path) -> None:
    task = peer(tmp_path, "import sys; sys.exit(f'was told {sys.argv[1:]}')")
    assert backtest.measure(task, SIZE, caches, 30, {})["failed"] == "was told ['20000']"


def test_a_peer_that_raises_is_a_line_with_its_error(tmp_path: Path, caches: Path) -> None:
    task = peer(tmp_path, "import nothing_of_this_name")
    assert backtest.measure(task, SIZE, caches, 30, {}) == {
        "workload": "W1",
        "peer": "some peer",
        "mode": "",
        "failed": "ModuleNotFoundError: No module named 'nothing_of_this_name'",
    }


def test_a_peer_that_prints_no_line_is_a_line_that_says_so(tmp_path: Path, caches: Path) -> None:
    task = peer(tmp_path, "print('hello')")
    assert backtest.measure(task, SIZE, caches, 30, {})["failed"] == "printed no line but 'hello'"


def test_a_peer_that_never_ends_is_a_line_that_says_so(tmp_path: Path, caches: Path) -> None:
    task = peer(tmp_path, "import time; time.sleep(60)")
    assert backtest.measure(task, SIZE, caches, 0.5, {})["failed"] == "not done within 0.5 s"


def test_a_peer_that_was_not_installed_is_a_line_with_the_installers_word(
    tmp_path: Path, caches: Path
) -> None:
    missing = {"some peer": "no wheel for this machine"}
    found = backtest.measure(peer(tmp_path, ""), SIZE, caches, 30, missing)
    assert found["failed"] == "does not install: no wheel for this machine"


def test_a_cold_cache_is_empty_and_a_kept_one_is_what_the_cold_run_left(
    tmp_path: Path, caches: Path
) -> None:
    code = f"""
import json, os, pathlib
cache = pathlib.Path(os.environ["NUMBA_CACHE_DIR"])
before = len(list(cache.iterdir()))
(cache / "compiled").touch()
print(json.dumps({LINE!r} | {{"before": before}}))
"""
    cold = backtest.measure(peer(tmp_path, code, "cold"), SIZE, caches, 30, {})
    kept = backtest.measure(peer(tmp_path, code, "kept"), SIZE, caches, 30, {})
    assert (cold["before"], cold["mode"]) == (0, "arrays, cold cache")
    assert (kept["before"], kept["mode"]) == (1, "arrays, kept cache")
    again = backtest.measure(peer(tmp_path, code, "cold"), SIZE, caches, 30, {})
    assert "is not cold" in again["failed"]


SHIPPED = f"""
import json, os, pathlib
names = ("HOME", "PYTHONPATH", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME")
seen = {{name: os.environ.get(name) for name in names}}
print(json.dumps({LINE!r} | {{"seen": seen, "home": os.listdir(seen["HOME"])}}
                 | {{"functions_compiled": COUNT}}))
"""


def test_with_a_shipped_cache_there_is_the_package_and_nothing_else(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    # Made already: to make it takes a minute, and tests of the product do.
    (caches / "shipped").mkdir()
    task = peer(tmp_path, SHIPPED.replace("COUNT", "0"), "shipped")
    first, second = (backtest.measure(task, SIZE, caches, 30, {}) for _ in range(2))
    assert first["mode"] == "arrays, shipped cache"
    assert first["seen"]["PYTHONPATH"] == str(caches / "shipped")
    assert (first["seen"]["NUMBA_CACHE_DIR"], first["seen"]["XDG_CACHE_HOME"]) == (None, None)
    assert first["home"] == []
    assert first["seen"]["HOME"] != second["seen"]["HOME"]


@pytest.mark.parametrize("count", ["2", "None"])
def test_a_shipped_cache_of_which_something_was_compiled_is_no_measurement(
    tmp_path: Path, caches: Path, count: str
) -> None:
    (caches / "shipped").mkdir()
    task = peer(tmp_path, SHIPPED.replace("COUNT", count), "shipped")
    assert "had to be compiled" in backtest.measure(task, SIZE, caches, 30, {})["failed"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"peer": "ours", "parity": True}, ""),
        ({"peer": "vectorbt", "parity": False}, ""),
        ({"peer": "vectorbt", "failed": "does not install"}, ""),
        ({"peer": "ours", "failed": "not done within 5 s"}, "W1 compiled: not done within 5 s"),
        ({"peer": "ours", "parity": False, "final_equity": 1.0, "fills": 2}, "1.0 with 2 fills"),
        ({"peer": "ours", "parity": None, "size": 7}, "no figure for the size 7"),
    ],
)
def test_whatever_of_ours_is_not_what_it_must_be_ends_the_benchmark_with_1(
    line: dict[str, Any], told: str
) -> None:
    found = complaint([{"workload": "W1", "mode": "compiled", **line}])
    assert told in found
    assert bool(found) is bool(told)


def test_fills_that_are_not_told_are_held_against_us_and_not_against_a_peer() -> None:
    untold = LINE | {"fills": None}
    assert checked(untold | {"peer": "raptorbt"})["parity"] is True
    assert checked(untold | {"peer": "ours"})["parity"] is False
