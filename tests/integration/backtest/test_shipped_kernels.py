"""The wheel with what `make kernels` put into it, installed where nobody can write."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
KERNELS = "algotrendy/backtest/engine/compiled/kernels"
STRATEGY = "sma_cross"

# Whoever is root may write anywhere: the mode of the folder alone would prove nothing.
PROBE = """
import json, os, sys

site, code = sys.argv[1:]


def refuse(event, arguments):
    is_writing = event in ("os.mkdir", "os.rename", "os.remove") or (
        event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    )
    if is_writing and str(arguments[0]).startswith(site):
        raise OSError(30, "Read-only file system", str(arguments[0]))


sys.addaudithook(refuse)
from numba.core import event

told = {"compiled": []}


class Listener(event.Listener):
    def on_start(self, found):
        told["compiled"].append(found.data["dispatcher"].__qualname__)

    def on_end(self, found):
        pass


event.register("numba:compile", Listener())
import algotrendy
from algotrendy.backtest.engine.terms import Terms
from algotrendy.backtest.kernels import some_days
from algotrendy.backtest.notebook import backtest
from algotrendy.backtest.rows import run_rows
from algotrendy.strategy.library import strategy_named

exec(code)
print(json.dumps({"at": algotrendy.__file__, **told}))
"""
OF_THE_LIBRARY = f"""
bars, strategy = some_days(1), strategy_named("{STRATEGY}")
asked = [(5, 20, 0), (10, 50, 7)], Terms(100_000.0), [1, 2]
told["rows"] = [run_rows(bars, strategy, *asked, mode=mode) for mode in ("auto", "interpreted")]
runs = [backtest(bars, strategy, mode=mode) for mode in ("auto", "interpreted")]
told["modes"] = [run.mode for run in runs]
told["equity"] = [run.equity.tolist() for run in runs]
told["fills"] = [run.fills.tolist() for run in runs]
"""
OF_ANOTHER = """
from own import dips

told["mode"] = backtest(some_days(1), dips).mode
"""
OWN = """
from algotrendy.backtest import strategy


@strategy(parameters={"below": 100.0})
def dips(market, own, p):
    if market.position == 0.0 and market.close[-1] < p.below:
        market.buy_bracket(3, take_profit=p.below + 5, stop_loss=p.below - 20)
"""


def _python(*arguments: str | Path, home: Path, path: Path, **more: str) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NUMBA_", "XDG_", "PYTHON"))
    }
    environment |= {"HOME": str(home), "PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment | more,
        cwd=home,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a checkout in which the kernels of one strategy were made, unpacked."""
    checkout, home = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("home")
    ignored = shutil.ignore_patterns("__pycache__", "kernels", "local")
    shutil.copytree(ROOT / "shared", checkout / "shared", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, checkout)
    made = _python(
        *("-m", "algotrendy.backtest.kernels", "make", STRATEGY),
        home=home,
        path=checkout / "shared",
    )
    assert "kernels: " in made
    build = "from hatchling.build import build_wheel; build_wheel('dist')"
    _python("-c", build, home=checkout, path=home)
    [wheel] = (checkout / "dist").glob("*.whl")
    unpacked = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(unpacked)
    for path in [unpacked, *unpacked.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    return unpacked


def _probed(site: Path, home: Path, code: str, **more: str) -> dict[str, Any]:
    said = _python("-c", PROBE, site, code, home=home, path=site, **more)
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    assert told["at"].startswith(str(site))
    return told


def test_a_library_strategy_loads_what_was_shipped_and_compiles_nothing(
    site: Path, tmp_path: Path
) -> None:
    told = _probed(site, tmp_path, OF_THE_LIBRARY)
    assert told["compiled"] == []
    assert told["modes"] == ["compiled", "interpreted"]
    for name in ("rows", "equity", "fills"):
        first, second = told[name]
        assert first, name
        assert first == second, name


def test_another_strategy_is_compiled_once_and_kept_where_one_can_write(
    site: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    cache = tmp_path / "cache"
    # As the image of the function that runs shards is set.
    settings = {"NUMBA_CPU_NAME": "generic", "NUMBA_CACHE_DIR": str(cache)}
    first, second = (_probed(site, tmp_path, OF_ANOTHER, **settings) for _ in range(2))
    assert (first["mode"], second["mode"]) == ("compiled", "compiled")
    assert first["compiled"]
    assert second["compiled"] == []
    assert list(cache.rglob("*.nbc"))
    assert not list(tmp_path.glob(".cache"))


def test_the_check_of_the_package_names_what_was_not_shipped(site: Path, tmp_path: Path) -> None:
    command = ("-m", "algotrendy.backtest.kernels", "check")
    said = _python(*command, STRATEGY, home=tmp_path, path=site)
    assert "nothing was compiled" in said
    with pytest.raises(AssertionError, match="had to be compiled: <algotrendy strategy>"):
        _python(*command, "buy_and_hold", home=tmp_path, path=site)
