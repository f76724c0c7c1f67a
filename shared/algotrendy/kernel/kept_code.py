"""Keep what was compiled in the user's cache, and begin with what was shipped in the package.

Numba looks at one file for what has changed. What is compiled together is made of many, so it lies
in a folder that is named by the hash of them all: what was compiled of other sources is never
found. The package is only read, for it may lie where nobody can write: what was shipped of a
function is copied to where it is kept before the function is loaded.

The compiler itself is handed in: nothing here imports it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from algotrendy import LOADED_NS
from algotrendy.kernel.errors import Unavailable

PACKAGE = Path(__file__).parents[1]


class Shelf:
    """Where functions that are compiled of the same sources are kept together.

    Args:
        sources: Files and folders of the package that decide what is compiled; folders count whole.
        shipped: The folder that comes with the package, with one folder in it for each set of
            sources and kind of machine.
        settings: Numba's ``config``.
        versions: Of the compiler.
    """

    def __init__(
        self, sources: Iterable[str], shipped: Path, settings: Any, versions: tuple[str, ...]
    ) -> None:
        self._sources = tuple(sources)
        self._settings = settings
        self._versions = versions
        self.shipped = shipped
        self.made: list[str] = []
        """What this process has compiled and kept; what it has loaded is not here."""
        self.digest: Callable[[str], str] = cache(self._digest)
        self.place: Callable[[], Path] = cache(self._place)

    def install(self, locators: list[Any], owns: Callable[[Any, str], bool]) -> None:
        """Let numba ask this shelf first where functions are kept.

        Where kernels were shipped, they are for any processor of their kind; then the compiler is
        told to look for such, unless it was told otherwise.

        Args:
            locators: The classes that numba asks, in order.
            owns: Tells of a function and its file whether it is kept here.
        """
        settings = self._settings
        is_free = not (settings.CPU_NAME or settings.CACHE_DIR)
        if is_free and (self.shipped / self.digest("generic")).is_dir():
            settings.CPU_NAME = "generic"
        if settings.CPU_NAME == "generic" and settings.CPU_FEATURES is None:
            settings.CPU_FEATURES = ""
        if not any(isinstance(each, _Locators) and each.shelf is self for each in locators):
            locators.insert(0, _Locators(self, owns))

    def bring(self, prefix: str) -> None:
        """Copy a function's shipped kernels to where they are kept, unless it has some there."""
        prefix = prefix.replace("<", "").replace(">", "")  # as numba does
        place = self.place()
        shipped = self.shipped / place.name
        if not shipped.is_dir() or any(file.name.startswith(prefix) for file in place.iterdir()):
            return
        # In this order the index, which names the others, comes last.
        for file in sorted(shipped.iterdir()):
            if file.name.startswith(prefix):
                part = place / f".{os.getpid()}.{file.name}"
                shutil.copyfile(file, part)
                part.replace(place / file.name)

    def guard(self, dispatcher: Any) -> None:
        """Keep each compiled form of a function by itself, and none of sources that changed.

        Args:
            dispatcher: Numba's, with a cache, that has compiled nothing yet.
        """
        cache = dispatcher._cache
        cache._cache_file = _FilesByKey(cache._cache_file, self.is_as_loaded)

    def is_as_loaded(self) -> bool:
        """Tell whether the sources are still those that this process has loaded.

        Else what it compiles is of the old ones, or of some of each; and what is kept under the
        hash of the new ones does not fit the memory that this process lays out.
        """
        now = time.time_ns()
        return not any(LOADED_NS < file.stat().st_ctime_ns <= now for file in self._files())

    @property
    def cpu(self) -> str:
        """Name the processor that is compiled for: "generic", or "host" for this one's best."""
        return self._settings.CPU_NAME or "host"

    def _digest(self, cpu: str) -> str:
        """Hash the sources, the versions of the compiler, and the kind of machine."""
        found = hashlib.sha256()
        for file in sorted(self._files()):
            found.update(str(file.relative_to(PACKAGE)).encode() + file.read_bytes())
        machine = (*self._versions, platform.python_version(), cpu)
        found.update(repr((machine, platform.machine())).encode())
        return found.hexdigest()[:20]

    def _files(self) -> Iterator[Path]:
        for name in self._sources:
            path = PACKAGE / name
            if path.suffix == ".py":
                yield path
            else:
                yield from path.rglob("*.py")

    def _place(self) -> Path:
        """Give the folder where kernels are kept: the user's, or one as lasting as /tmp.

        Raises:
            Unavailable: If neither can be written to.
        """
        found = self.digest(self.cpu)
        for folder in self._folders():
            mine = folder / "algotrendy" / "kernels" / found
            try:
                mine.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            if os.access(mine, os.W_OK):
                return mine
        reason = "no folder can be written to; set NUMBA_CACHE_DIR"
        raise Unavailable("place for compiled code", reason)

    def _folders(self) -> list[Path]:
        if self._settings.CACHE_DIR:
            return [Path(self._settings.CACHE_DIR)]
        mine = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return [mine, Path(tempfile.gettempdir())]


class _Locators:
    """Stands among the classes that numba asks for the locator of a function."""

    def __init__(self, shelf: Shelf, owns: Callable[[Any, str], bool]) -> None:
        self.shelf, self._owns = shelf, owns

    def from_function(self, function: Any, file: str) -> Locator | None:
        """Take what is ours, and leave everything else to the next."""
        return Locator(self.shelf, function, file) if self._owns(function, file) else None


class Locator:
    """Tells numba where one function is kept."""

    def __init__(self, shelf: Shelf, function: Any, file: str) -> None:
        self._shelf = shelf
        self._py_file = file  # where numba says that something cannot be kept
        self._line = function.__code__.co_firstlineno
        self._name = f"{Path(file).stem}.{function.__qualname__}"

    def ensure_cache_path(self) -> None:
        """Note what is about to be kept; the folder is there."""
        self._shelf.made.append(self._name)

    def get_cache_path(self) -> str:
        """Give the folder, with what was shipped of the function."""
        self._shelf.bring(f"{self._name}-{self._line}.")
        return str(self._shelf.place())

    def get_source_stamp(self) -> str:
        """Say which sources: the folder's name already does, an entry's is in its name."""
        return self._shelf.digest(self._shelf.cpu)

    def get_disambiguator(self) -> str:
        """Tell functions of one name apart."""
        return str(self._line)


class _FilesByKey:
    """Keeps what was compiled for one set of arguments in files of its own.

    Numba numbers the files of a function, in an index. Where two processes write it at once, a
    number stands for the code of both: the one that is loaded may take other arguments.

    Args:
        plain: Numba's own, for all sets of arguments.
        is_as_loaded: Tells whether anything may be kept, or what was kept be loaded.
    """

    def __init__(self, plain: Any, is_as_loaded: Callable[[], bool]) -> None:
        self._plain, self._is_as_loaded = plain, is_as_loaded

    def save(self, key: Any, data: Any) -> None:
        """Keep what was compiled."""
        if self._is_as_loaded():
            self._of(key).save(key, data)

    def load(self, key: Any) -> Any:
        """Give what was kept, or None."""
        return self._of(key).load(key) if self._is_as_loaded() else None

    def flush(self) -> None:
        """Forget what numba's own kept."""
        self._plain.flush()

    def _of(self, key: Any) -> Any:
        plain, name = self._plain, hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        function = plain._index_name.removesuffix(".nbi")
        return type(plain)(plain._cache_path, f"{function}.{name}", plain._source_stamp)
