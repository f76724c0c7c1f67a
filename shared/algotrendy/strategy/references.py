"""Find what a strategy's code refers to besides its arguments.

A strategy is told everything by its arguments. A table that its code reads as a global, through a
closure, as a default, from a module or a class may hold what nobody knew at the time; so may
whatever the code can read without a name that shows where it is: a file, an object behind a call.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import reprlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import MISSING, dataclass
from types import (
    BuiltinMethodType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.fingerprint import name_of_installed
from algotrendy.strategy.lookups import (
    WHOLE,
    Chain,
    after,
    global_names,
    lookups_of,
    read_by,
    version_of,
)

_PLAIN = (int, float, complex, bool, str, bytes, type(None))
_FEW = 31
"""Numbers in a tuple that is still a setting: the days of a month; more may be a table."""
_SHORT = 256

_BY_TEXT = frozenset(
    {"__import__", "breakpoint", "compile", "delattr", "eval", "exec", "getattr", "globals"}
    | {"input", "locals", "open", "setattr", "vars"}
)
"""Builtins that reach what their argument says: a file, a name."""

_CALCULATING = frozenset(
    {"abc", "array", "bisect", "builtins", "calendar", "cmath", "collections"}
    | {"copy", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "heapq"}
    | {"itertools", "logging", "math", "numbers", "numba", "numpy", "operator", "pandas", "random"}
    | {"scipy", "statistics", "string", "struct", "time", "typing", "warnings", "zoneinfo"}
    | {"__future__"}
)
"""Packages of which all calculates with what it is given, but for the names that read files."""
_OURS = (["algotrendy", "strategy"], ["algotrendy", "kernel"])

_READING = frozenset(
    {"DataSource", "ExcelFile", "HDFStore", "ctypeslib", "fromfile", "fromregex", "genfromtxt"}
    | {"load", "loadtxt", "memmap", "open_memmap", "read", "readline", "readlines", "tofile"}
    | {"urlopen", "recv", "getenv", "environ"}
)
_READING_AS = ("read_", "load_", "fetch_")
_HARMLESS = frozenset({"__class__", "__doc__", "__init__", "__len__", "__name__", "__post_init__"})
_INNER = frozenset({"_desk"})
"""What leads from the market to the engine, which has all bars."""

_SLOTS = (MemberDescriptorType, GetSetDescriptorType)
_OF_TUPLES = frozenset(
    {"__getnewargs__", "__new__", "__replace__", "__repr__", "_asdict", "_make", "_replace"}
)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One thing from outside.

    Attributes:
        name: As the code has it.
        kind: Global, closure, default, or attribute of a module, class or function.
        function: The name of the function that reads it.
        value: What is there.
        doubt: Why nobody can tell what it tells, as the end of a sentence; empty for data.
    """

    name: str
    kind: str
    function: str
    value: Any
    doubt: str = ""

    def __str__(self) -> str:
        """Read as ``closes, numpy.ndarray, which cross reads as a global``."""
        if self.doubt:
            return f"{self.name}, which {self.function} {self.doubt}"
        kind = type(self.value)
        return (
            f"{self.name}, {kind.__module__}.{kind.__qualname__}, "
            f"which {self.function} reads as a {self.kind}"
        )


def references_of(strategy: Strategy) -> tuple[Reference, ...]:
    """Give what a strategy's functions, and those that they call, refer to.

    A few numbers and texts are none, nor are functions and classes that hold no data themselves.
    """
    search = Search()
    for function in _functions(strategy):
        search.function(function)
    return tuple(search.found)


def is_data(value: Any) -> bool:
    """Tell whether a value may hold more than a strategy should know."""
    if isinstance(value, ModuleType | type) or callable(value):
        return False
    return not (_is_setting(value) and _count(value) <= _FEW)


def _is_setting(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(_is_setting(item) for item in value)
    if isinstance(value, str | bytes):
        return len(value) <= _SHORT
    return isinstance(value, (*_PLAIN, enum.Enum))


def _count(value: Any) -> int:
    if isinstance(value, tuple | frozenset):
        return sum(_count(item) for item in value)  # whole numbers
    return 1


def _functions(strategy: Strategy) -> Iterator[Callable[..., Any]]:
    yield strategy.decide
    if strategy.on_fill is not None:
        yield strategy.on_fill
    for _, callback in strategy.schedules:
        yield callback
    for indicator in strategy.indicators.values():
        yield indicator.update


class Search:
    """Follows functions to what they read.

    Attributes:
        found: What may tell more than the arguments.
        remembers: Whether a cache was met, which keeps answers from one run to the next.
    """

    def __init__(self) -> None:
        self.found: list[Reference] = []
        self.remembers = False
        self._seen: set[int] = set()

    def function(self, function: Any) -> None:
        """Follow what is called."""
        if not isinstance(function, FunctionType):
            name = getattr(function, "__name__", type(function).__name__)
            self.value("callable", name, function, "the strategy")
            return
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        by = function.__name__
        for kind, name, value, chains in read_by(function):
            if isinstance(value, ModuleType):
                self.module(name, value, chains, by)
            else:
                self.value(kind, name, value, by)
        for name, value in vars(function).items():
            self.value("function attribute", f"{by}.{name}", value, by)
        self._by_text(function)

    def value(self, kind: str, name: str, value: Any, by: str) -> None:
        """Follow what a name stands for."""
        if isinstance(value, ModuleType):
            self.module(name, value, WHOLE, by)
        elif isinstance(value, enum.Enum):
            self._class(name, type(value), by)
        elif isinstance(value, type):
            self._class(name, value, by)
        elif callable(value):
            self._callable(kind, name, value, by)
        elif is_data(value):
            self.found.append(Reference(name, kind, by, value))

    def module(self, name: str, module: ModuleType, chains: frozenset[Chain], by: str) -> None:
        """Follow the attributes of a module that are read."""
        own = version_of(module.__name__) in (None, "algotrendy")
        if own and () in chains:
            self._doubt(name, by, "hands on whole: what is read of it cannot be followed")
        elif not own and not self._calculates(module.__name__):
            self._doubt(name, by, "uses: it may read anything")
        for attribute in sorted({chain[0] for chain in chains if chain}):
            held = vars(module).get(attribute)
            place = f"{name}.{attribute}"
            if isinstance(held, ModuleType):
                self.module(place, held, after(attribute, chains), by)
            elif own or (is_data(held) and hasattr(held, "__len__")):
                self.value("module attribute", place, held, by)

    def _callable(self, kind: str, name: str, value: Any, by: str) -> None:
        known = name_of_installed(value)
        if known is not None:
            if not self._calculates(known):
                self._doubt(name, by, "calls: it may read anything")
        elif isinstance(value, FunctionType):
            self.function(value)
        elif isinstance(getattr(value, "py_func", None), FunctionType):
            self.function(value.py_func)
        elif isinstance(value, functools._lru_cache_wrapper):
            self.remembers = True
            self.value(kind, name, value.__wrapped__, by)
        elif isinstance(value, functools.partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self.value(kind, name, part, by)
        elif isinstance(value, BuiltinMethodType):
            self.value(kind, name, value.__self__, by)
        elif isinstance(value, MethodType) and isinstance(value.__self__, type):
            self.function(value.__func__)
            self._class(name, value.__self__, by)
        else:
            self._doubt(name, by, "calls: it is no plain function and can hold anything")

    def _class(self, name: str, kind: type, by: str) -> None:
        known = name_of_installed(kind)
        if known is not None:
            if not self._calculates(known):
                self._doubt(name, by, "uses: it may read anything")
            return
        if id(kind) in self._seen:
            return
        self._seen.add(id(kind))
        for base in (*kind.__bases__, type(kind)):
            self._class(name, base, by)
        for attribute, held in _attributes(kind):
            if isinstance(held, property):
                for part in (held.fget, held.fset, held.fdel):
                    self.value("class attribute", f"{name}.{attribute}", part, by)
            else:
                inner = held.__func__ if isinstance(held, staticmethod | classmethod) else held
                self.value("class attribute", f"{name}.{attribute}", inner, by)

    def _by_text(self, function: FunctionType) -> None:
        """Note what the code reads, or keeps, where no name tells what it is."""
        by, lookups = function.__name__, lookups_of(function.__code__)
        chains = sorted(lookups.globals | lookups.closures)
        for name in sorted(global_names(function.__code__) & _BY_TEXT):
            if name not in function.__globals__:
                self._doubt(name, by, "calls: it may read anything")
        for name in sorted(lookups.attributes):
            if name in _READING or name.startswith(_READING_AS):
                whole = next((".".join(chain) for chain in chains if name in chain), name)
                self._doubt(whole, by, "reads: it may read anything")
            elif name in _INNER or (name.startswith("__") and name not in _HARMLESS):
                self._doubt(name, by, "reads: it may lead to the engine, which has all bars")
        for name, level in sorted(lookups.imports):
            if level or not self._calculates(name):
                self._doubt(name, by, "imports when it is called: it may read anything")
        for name in sorted(lookups.writes):
            self._doubt(name, by, "writes: it outlives a run")

    def _doubt(self, name: str, by: str, why: str) -> None:
        self.found.append(Reference(name, "doubt", by, None, why))

    @staticmethod
    def _calculates(name: str) -> bool:
        """Tell whether what has this whole name is of a package that calculates, and does so."""
        parts = name.partition(" ")[0].split(".")
        reads = any(part in _READING or part.startswith(_READING_AS) for part in parts)
        if parts[0] in _CALCULATING and not reads:
            # One that is imported later is looked for where it would come from.
            with suppress(ImportError):
                importlib.import_module(parts[0])
            return version_of(parts[0]) is not None
        return parts[:2] in _OURS and not reads


def _attributes(kind: type) -> Iterator[tuple[str, Any]]:
    """Give what a class holds, without what Python makes of what it holds."""
    if issubclass(kind, enum.Enum):
        members: dict[str, enum.Enum] = dict(kind.__members__)
        yield from ((name, member.value) for name, member in members.items())
    elif dataclasses.is_dataclass(kind):
        for each in dataclasses.fields(kind):
            made = each.default_factory if each.default is MISSING else each.default
            if made is not MISSING:
                yield each.name, made
    yield from getattr(kind, "_field_defaults", {}).items()
    hides_data = issubclass(kind, enum.Enum) or hasattr(kind, "_field_defaults")
    for name, held in vars(kind).items():
        if isinstance(held, FunctionType | staticmethod | classmethod | property):
            if not _is_made_by_python(kind, name, held):
                yield name, held
        elif not (hides_data or name.startswith("__") or isinstance(held, _SLOTS)):
            yield name, held


def _is_made_by_python(kind: type, name: str, held: Any) -> bool:
    if issubclass(kind, tuple) and name in _OF_TUPLES:
        return True
    if issubclass(kind, enum.Enum) and name.startswith("_"):
        return True
    written = ("<string>", dataclasses.__file__, reprlib.__file__)
    return isinstance(held, FunctionType) and held.__code__.co_filename in written
