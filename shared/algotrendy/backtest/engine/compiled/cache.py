"""Keep what was compiled in the user's cache, and begin with what was shipped in the package.

Numba looks at one file for what has changed. The engine is made of many, so its cache lies in a
folder that is named by the hash of them all: what was compiled of other sources is never found.
The package is only read, for it may lie where nobody can write: what was shipped of a function is
copied to where it is kept before the function is loaded.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba import config
from numba.core.caching import CacheImpl

from algotrendy.kernel.errors import Unavailable

_SOURCES = (
    "kernel/order_codes.py",
    "exchange/compiled.py",
    "strategy/market.py",
    "backtest/statistics/annual.py",
    "backtest/statistics/summary.py",
)
_ROOMS = ("exchange/rules", "backtest/engine")
SHIPPED = Path(__file__).with_name("kernels")
"""Where kernels that come with the package lie, one folder for each set of sources and machine."""

ENTRY_FILE = "<algotrendy strategy>"
"""What the source of an entry is called; there is no file behind it."""

made: list[str] = []
"""The functions that this process has compiled and kept; those that it has loaded are not here."""


@cache
def digest(cpu: str) -> str:
    """Hash the sources of the engine, the versions of the compiler, and the kind of machine.

    Args:
        cpu: "generic" for what runs on every machine of its kind, "host" for this one's best.
    """
    package = Path(__file__).parents[3]
    files = [package / name for name in _SOURCES]
    for room in _ROOMS:
        files += (package / room).rglob("*.py")
    found = hashlib.sha256()
    for file in sorted(files):
        found.update(str(file.relative_to(package)).encode() + file.read_bytes())
    machine = (numba.__version__, llvmlite.__version__, platform.python_version(), cpu)
    found.update(repr((machine, platform.machine())).encode())
    return found.hexdigest()[:20]


@cache
def place() -> Path:
    """Give the folder where kernels are kept: the user's, or one that lasts as long as /tmp does.

    Raises:
        Unavailable: If neither can be written to.
    """
    found = digest(_cpu())
    for folder in _folders():
        mine = folder / "algotrendy" / "kernels" / found
        try:
            mine.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(mine, os.W_OK):
            return mine
    raise Unavailable("place for compiled code", "no folder can be written to; set NUMBA_CACHE_DIR")


def _folders() -> list[Path]:
    if config.CACHE_DIR:
        return [Path(config.CACHE_DIR)]
    mine = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return [mine, Path(tempfile.gettempdir())]


class EngineLocator:
    """Tells numba where the engine's functions and strategies' entries are kept."""

    def __init__(self, function: Any, file: str) -> None:
        self._line = function.__code__.co_firstlineno
        self._name = f"{Path(file).stem}.{function.__qualname__}"

    @classmethod
    def from_function(cls, function: Any, file: str) -> EngineLocator | None:
        """Take what is ours, and leave everything else to numba's own."""
        if file != ENTRY_FILE and Path(file).parent != Path(__file__).parent:
            return None
        return cls(function, file)

    def ensure_cache_path(self) -> None:
        """Note what is about to be kept; the folder is there."""
        made.append(self._name)

    def get_cache_path(self) -> str:
        """Give the folder, with what was shipped of the function."""
        _bring(f"{self._name}-{self._line}.", place())
        return str(place())

    def get_source_stamp(self) -> str:
        """Say which sources: the folder's name already does, an entry's is in its name."""
        return digest(_cpu())

    def get_disambiguator(self) -> str:
        """Tell functions of one name apart."""
        return str(self._line)


def install() -> None:
    """Let numba ask the engine's locator first.

    Where kernels were shipped, they are for any processor of their kind; then the compiler is told
    to look for such, unless it was told otherwise.
    """
    is_free = not (config.CPU_NAME or config.CACHE_DIR)
    if is_free and (SHIPPED / digest("generic")).is_dir():
        config.CPU_NAME = "generic"
    if config.CPU_NAME == "generic" and config.CPU_FEATURES is None:
        config.CPU_FEATURES = ""
    classes = CacheImpl._locator_classes
    if EngineLocator not in classes:
        classes.insert(0, EngineLocator)


def _bring(prefix: str, place: Path) -> None:
    """Copy a function's shipped kernels to where they are kept, unless it has some there."""
    prefix = prefix.replace("<", "").replace(">", "")  # as numba does
    shipped = SHIPPED / place.name
    if not shipped.is_dir() or any(file.name.startswith(prefix) for file in place.iterdir()):
        return
    # In this order the index, which names the others, comes last.
    for file in sorted(shipped.iterdir()):
        if file.name.startswith(prefix):
            part = place / f".{os.getpid()}.{file.name}"
            shutil.copyfile(file, part)
            part.replace(place / file.name)


def _cpu() -> str:
    name: str = config.CPU_NAME or "host"
    return name
