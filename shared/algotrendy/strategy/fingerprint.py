"""Tell one version of a strategy from another: hash its code and all that the code refers to.

What a user can change is hashed by its value: functions, classes, modules of their own, and the
data in them. Of what was installed under a version, and of Python itself, name and version tell:
its code does not change under them, and is too large to be read for each hash.
"""

from __future__ import annotations

import builtins
import copyreg
import enum
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from algotrendy.strategy.definition import Strategy
from algotrendy.strategy.lookups import (
    WHOLE,
    Chain,
    after,
    global_names,
    is_empty,
    is_standard,
    lookups_of,
    version_of,
)
from algotrendy.strategy.own import layout_of

__all__ = ["code_hash", "function_hash", "global_names", "is_self_contained", "name_of_installed"]

_PLAIN = (int, float, complex, bool, str, bytes, type(None))
_DEEPEST = 50
_LONG = 1024
_OF_ANY_CLASS = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__module__",
        "__doc__",
        "__annotations__",
        "__firstlineno__",
        "__static_attributes__",
    }
)
_BY_TEXT = frozenset(
    {"__import__", "compile", "eval", "exec", "getattr", "globals", "open", "vars"}
)
"""Builtins through which code reads what it does not name."""


def code_hash(strategy: Strategy) -> str:
    """Hash what a strategy does: its functions, the globals they read, its state and indicators.

    Equal for equal code in another process or on another machine of the same Python version. Names,
    texts and the ranges of parameters are not part of it.
    """
    digest = hashlib.sha256()
    for part in _read(strategy).parts:
        digest.update(part.encode() + b"\n")
    return digest.hexdigest()


def function_hash(function: Callable[..., Any]) -> str:
    """Hash one function, and all that it refers to."""
    reading = _Reading()
    reading.function(function)
    return hashlib.sha256("\n".join(reading.parts).encode()).hexdigest()


def is_self_contained(of: Strategy | Callable[..., Any]) -> bool:
    """Tell whether a strategy or function refers to nothing but numbers, functions and classes.

    Then its hash says all of it, and what was compiled of it may be kept.
    """
    if isinstance(of, Strategy):
        return _read(of).is_whole
    reading = _Reading()
    reading.function(of)
    return reading.is_whole


def _read(strategy: Strategy) -> _Reading:
    layout = layout_of(strategy.state, strategy.indicators)
    reading = _Reading()
    say = reading.parts.append
    say(repr([(p.name, p.kind) for p in strategy.parameters]))
    say(repr((layout.scalars, layout.initial, layout.vectors, strategy.timeframes)))
    reading.function(strategy.decide)
    if strategy.on_fill is not None:
        reading.function(strategy.on_fill)
    for when, callback in strategy.schedules:
        say(repr(when))
        reading.function(callback)
    for name, indicator in layout.indicators:
        say(repr((name, indicator.inputs, indicator.arguments, indicator.timeframe)))
        reading.function(indicator.update)
        if version_of(getattr(indicator.update, "__module__", None) or "") is None:
            say(repr((indicator.outputs, indicator.limits)))
            reading.value("cells", indicator.cells)
    return reading


class _Reading:
    """Writes down all that functions refer to.

    Attributes:
        parts: What was found, as texts, in an order that does not depend on the process.
        is_whole: Whether all of it was told, and none of it is data that may change.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.is_whole = True
        self._met: dict[int, tuple[int, Any]] = {}
        self._depth = 0

    def function(self, function: Callable[..., Any]) -> None:
        """Write down a function: its code, its defaults, and what it reads."""
        if not isinstance(function, FunctionType):
            self.is_whole = False
            self.value(f"? {type(function).__name__}", function)
            return
        if self._is_known(function):
            return
        if _is_plain(function.__defaults__):
            self.parts.append(_text(function.__defaults__))
        else:
            self.value("defaults", function.__defaults__)
        self._code(function.__code__)
        self._read_by(function)
        for name, value in [*(function.__kwdefaults__ or {}).items(), *vars(function).items()]:
            self.value(name, value)
        for name, level in sorted(lookups_of(function.__code__).imports):
            self._imported(name, level, function.__globals__)

    def value(self, name: str, value: Any) -> None:
        """Write down a value that code refers to."""
        if self._depth >= _DEEPEST:
            self._unknown(name)
            return
        self._depth += 1
        try:
            self._value(name, value)
        finally:
            self._depth -= 1

    def _value(self, name: str, value: Any) -> None:
        known = name_of_installed(value)
        if _is_plain(value) or _is_number(value):
            self.parts.append(f"{name}={_text(value)}")
        elif known is not None:
            self.parts.append(f"{name}={known}")
        elif isinstance(value, ModuleType):
            self._module(name, value, WHOLE)
        elif isinstance(value, type):
            self._class(name, value)
        elif isinstance(value, enum.Enum):
            self._class(name, type(value))
            self.parts.append(f"{name}={value.name}")
        elif type(value) is tuple:
            self._items(name, value)
        elif not self._wraps_function(name, value):
            self._data(name, value)

    def _wraps_function(self, name: str, value: Any) -> bool:
        """Write down a function, or what is one with something around it."""
        if isinstance(value, FunctionType):
            self.parts.append(name)
            self.function(value)
        elif isinstance(value, MethodType):
            self.value(name, value.__func__)
            self.value(f"{name}.__self__", value.__self__)
        elif isinstance(value, staticmethod | classmethod):
            self.value(f"{name} {type(value).__name__}", value.__func__)
        elif isinstance(value, property):
            self._items(f"{name} property", (value.fget, value.fset, value.fdel))
        elif isinstance(getattr(value, "py_func", None), FunctionType):
            # What numba compiles is a function; how, is told by its options.
            options = sorted((getattr(value, "targetoptions", None) or {}).items())
            self.parts.append(f"{name} compiled {options!r}")
            self.function(value.py_func)
        elif isinstance(getattr(value, "__wrapped__", None), FunctionType):
            self.parts.append(f"{name} {type(value).__qualname__}")
            self.function(value.__wrapped__)
        else:
            return False
        return True

    def _read_by(self, function: FunctionType) -> None:
        lookups = lookups_of(function.__code__)
        for name in sorted(global_names(function.__code__)):
            if name in function.__globals__:
                self._looked_up(name, function.__globals__[name], lookups.globals)
            elif name in _BY_TEXT:
                self._unknown(name)
            elif name in vars(builtins) and not _is_standard_builtin(name):
                self.value(name, vars(builtins)[name])
        cells = function.__closure__ or ()
        for name, cell in zip(function.__code__.co_freevars, cells, strict=True):
            if not is_empty(cell):
                self._looked_up(name, cell.cell_contents, lookups.closures)

    def _looked_up(self, name: str, value: Any, chains: frozenset[Chain]) -> None:
        if isinstance(value, ModuleType):
            self._module(name, value, after(name, chains))
        else:
            self.value(name, value)

    def _module(self, name: str, module: ModuleType, chains: frozenset[Chain]) -> None:
        version = version_of(module.__name__)
        if version is not None and module.__name__.partition(".")[0] != "algotrendy":
            self.parts.append(f"{name}={module.__name__} {version}".rstrip())
            return
        self.parts.append(f"{name}: module")
        if () in chains:
            # It is handed on: who knows what is read of it there.
            self._unknown(name)
            if not self._is_known(module):
                there = [each for each in vars(module) if not each.startswith("__")]
                for attribute in sorted(there):
                    self.value(attribute, vars(module)[attribute])
            return
        for attribute in sorted({chain[0] for chain in chains}):
            if attribute in vars(module):
                self._looked_up(attribute, vars(module)[attribute], chains)
            else:
                self._unknown(attribute)

    def _imported(self, name: str, level: int, names: dict[str, Any]) -> None:
        """Write down a module that is imported when the function runs."""
        try:
            whole = importlib.util.resolve_name("." * level + name, names.get("__package__"))
            self.value(name, importlib.import_module(whole))
        except Exception:  # noqa: BLE001 - a user's module may raise anything
            self._unknown(name)

    def _class(self, name: str, kind: type) -> None:
        known = name_of_installed(kind)
        if known is not None:
            self.parts.append(f"{name}={known}")
            return
        self.parts.append(f"{name}=class {kind.__qualname__}")
        if self._is_known(kind):
            return
        for base in (*kind.__bases__, type(kind)):
            self.value("of", base)
        held = dict(vars(kind))
        if isinstance(kind, enum.EnumType):
            # The rest of its attributes is made of these.
            functions = {k: v for k, v in held.items() if isinstance(v, FunctionType)}
            members: dict[str, enum.Enum] = dict(kind.__members__)
            held = functions | {k: member.value for k, member in members.items()}
        for attribute in sorted(held.keys() - _OF_ANY_CLASS):
            if not isinstance(held[attribute], MemberDescriptorType | GetSetDescriptorType):
                self.value(attribute, held[attribute])

    def _data(self, name: str, value: Any) -> None:
        """Write down what may change while it is referred to."""
        self.is_whole = False
        self.parts.append(f"{name}: {type(value).__qualname__}")
        if self._is_known(value):
            return
        if type(value) is list:
            self._items(name, value)
        elif type(value) in (set, frozenset):
            self.parts.extend(sorted(_texts_alone(each) for each in value))
        elif type(value) is dict:
            self._items("keys", tuple(value))
            self._items("values", tuple(value.values()))
        else:
            self._object(name, value)

    def _object(self, name: str, value: Any) -> None:
        """Write down what a copy of an object would be made of."""
        own = getattr(value, "__self__", None)
        if own is not None:
            self.parts.append(str(getattr(value, "__qualname__", "?")))
            self.value("__self__", own)
            return
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            made = value.__reduce_ex__(2) if reduce is None else reduce(value)
        except Exception:  # noqa: BLE001 - an object may refuse to be copied in any way
            self._unknown(name)
            return
        if isinstance(made, str):
            self._unknown(made)
            return
        for piece in made[:3]:
            self.value(name, piece)
        for pieces in made[3:5]:
            if pieces is not None:
                self._items(name, list(pieces))

    def _items(self, name: str, items: list[Any] | tuple[Any, ...]) -> None:
        if all(_is_plain(item) for item in items):
            self.parts.append(f"{name}={_text(tuple(items))}")
            return
        self.parts.append(f"{name}: {len(items)}")
        for item in items:
            self.value("", item)

    def _code(self, code: CodeType) -> None:
        self.parts.append(code.co_code.hex())
        self.parts.append(repr((code.co_names, code.co_varnames, code.co_freevars)))
        if code.co_exceptiontable:
            self.parts.append(code.co_exceptiontable.hex())
        if code.co_kwonlyargcount or code.co_posonlyargcount:
            self.parts.append(repr((code.co_kwonlyargcount, code.co_posonlyargcount)))
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant)
            else:
                self.parts.append(_text(constant))

    def _unknown(self, name: str) -> None:
        self.is_whole = False
        self.parts.append(f"{name}=?")

    def _is_known(self, value: Any) -> bool:
        """Tell whether something was written down before; of data, say then which it was."""
        known = self._met.get(id(value))
        if known is None:
            # It is kept, so that no other thing gets its identity meanwhile.
            self._met[id(value)] = len(self._met), value
        elif not isinstance(value, FunctionType):
            self.parts.append(f"as {known[0]}")
        return known is not None


def _texts_alone(value: Any) -> str:
    reading = _Reading()
    reading.value("", value)
    return "\n".join(reading.parts)


def _is_plain(value: Any) -> bool:
    if type(value) in (tuple, frozenset):
        return all(_is_plain(item) for item in value)
    return type(value) in _PLAIN


def _is_number(value: Any) -> bool:
    """Tell whether it is a number of a library's, such as numpy's floats."""
    return isinstance(value, int | float) and name_of_installed(type(value)) is not None


def _text(value: Any) -> str:
    """Write a plain value; sets in an order of their own, since theirs changes with the process."""
    if type(value) is frozenset:
        return f"frozenset({', '.join(sorted(_text(item) for item in value))})"
    if type(value) is tuple and any(type(item) in (tuple, frozenset) for item in value):
        return f"({', '.join(_text(item) for item in value)})"
    if type(value) is bytes and len(value) > _LONG:
        return hashlib.sha256(value).hexdigest()
    return repr(value)


def name_of_installed(value: Any) -> str | None:
    """Name what is found by its name in a module that is not the user's, with its version."""
    if isinstance(value, ModuleType) or not callable(value):
        return None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not (isinstance(module, str) and isinstance(name, str)):
        return None
    version = version_of(module)
    if version is None or (version == "algotrendy" and isinstance(value, FunctionType)):
        return None
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not value:
        return None
    ours = is_standard(module) or version == "algotrendy"
    return f"{module}.{name}" if ours else f"{module}.{name} {version}"


def _is_standard_builtin(name: str) -> bool:
    return getattr(vars(builtins)[name], "__module__", None) == "builtins"
