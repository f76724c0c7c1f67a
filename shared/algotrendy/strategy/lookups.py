"""Read in a function's bytecode what it looks up by name, and where a name comes from."""

from __future__ import annotations

import dis
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any

Chain = tuple[str, ...]
"""A name and the attributes that are read of it at once: ``("np", "linalg", "norm")``."""

WHOLE: frozenset[Chain] = frozenset({()})
"""Of what is handed on as it is."""

_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_CLOSURE = ("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF")
_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")
_WRITES = ("STORE_GLOBAL", "DELETE_GLOBAL", "STORE_DEREF", "DELETE_DEREF")


@dataclass(frozen=True, slots=True)
class Lookups:
    """What the code of a function, and of those that stand inside it, looks up.

    Attributes:
        globals, closures: Chains that begin with a global, or with a variable of a function around.
        imports: Modules that it imports when it runs, each with its level (0 is absolute).
        attributes: All attributes that it reads, of anything, or imports by name.
        writes: Globals, and variables of functions around it, that it gives a value.
    """

    globals: frozenset[Chain]
    closures: frozenset[Chain]
    imports: frozenset[tuple[str, int]]
    attributes: frozenset[str]
    writes: frozenset[str]


@cache
def lookups_of(code: CodeType) -> Lookups:
    """Read what code looks up."""
    chains = list(_chains(code))
    imports: set[tuple[str, int]] = set()
    attributes: set[str] = set()
    writes: set[str] = set()
    constants: list[Any] = [0, 0]
    for each in _instructions(code):
        if each.opname in _ATTRIBUTE or each.opname == "IMPORT_FROM":
            attributes.add(each.argval)
        elif each.opname == "IMPORT_NAME":
            # Its level and the names that are wanted are loaded just before it.
            imports.add((each.argval, constants[-2]))
        elif each.opname in _WRITES and each.argval not in code.co_cellvars:
            writes.add(each.argval)
        elif each.opname.startswith("LOAD_"):
            constants.append(each.argval)
    inner = [lookups_of(each) for each in code.co_consts if isinstance(each, CodeType)]
    globals_ = frozenset(chain for kind, chain in chains if kind in _GLOBAL)
    closures = frozenset(chain for kind, chain in chains if kind in _CLOSURE)
    # What functions inside have from this one is none of its lookups.
    own = frozenset(code.co_cellvars)
    closures = closures.union(*(each.closures for each in inner))
    return Lookups(
        globals_.union(*(each.globals for each in inner)),
        frozenset(chain for chain in closures if chain[0] not in own),
        frozenset(imports).union(*(each.imports for each in inner)),
        frozenset(attributes).union(*(each.attributes for each in inner)),
        frozenset(writes).union(*(each.writes for each in inner)) - own,
    )


def _chains(code: CodeType) -> Iterator[tuple[str, Chain]]:
    """Give each name that code loads, with the attributes that are read of it at once."""
    kind = ""
    chain: list[str] = []
    for each in _instructions(code):
        if chain and each.opname in _ATTRIBUTE:
            chain.append(each.argval)
            continue
        if chain:
            yield kind, tuple(chain)
        is_name = each.opname in _GLOBAL or each.opname in _CLOSURE
        kind, chain = each.opname, [each.argval] if is_name else []


def _instructions(code: CodeType) -> Iterator[dis.Instruction]:
    return (each for each in dis.get_instructions(code) if each.opname != "EXTENDED_ARG")


def global_names(code: CodeType) -> frozenset[str]:
    """Give the globals that code reads; attributes of the same names are none."""
    return frozenset(chain[0] for chain in lookups_of(code).globals)


def read_by(function: FunctionType) -> Iterator[tuple[str, str, Any, frozenset[Chain]]]:
    """Give what a function reads besides its arguments, by name.

    Yields:
        The kind (global, closure, default), the name, the value, and which chains of attributes
        of it are read, one of them empty where it is read as a whole.
    """
    lookups = lookups_of(function.__code__)
    for name in sorted(global_names(function.__code__)):
        if name in function.__globals__:
            yield "global", name, function.__globals__[name], after(name, lookups.globals)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if not is_empty(cell):
            yield "closure", name, cell.cell_contents, after(name, lookups.closures)
    arguments = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    for name, value in zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True):
        yield "default", name, value, WHOLE
    for name, value in (function.__kwdefaults__ or {}).items():
        yield "default", name, value, WHOLE


def after(name: str, chains: frozenset[Chain]) -> frozenset[Chain]:
    """Give what is read of a name, or of an attribute, by chains that begin with it."""
    return frozenset(chain[1:] for chain in chains if chain[:1] == (name,))


def is_empty(cell: CellType) -> bool:
    """Tell whether a function names what its maker has not given a value yet."""
    return cell == CellType()


@cache
def is_standard(module: str) -> bool:
    """Tell whether a module is of Python itself."""
    return module.partition(".")[0] in sys.stdlib_module_names or module == "builtins"


def version_of(module: str) -> str | None:
    """Give the version of a module that is not the user's own, None for one that is.

    Python's, ours, and what an installer put beside them under a version. All else can change from
    one moment to the next: a file, a notebook, a package that is installed from its sources.
    """
    root = module.partition(".")[0]
    if is_standard(root):
        return ""
    package = sys.modules.get(root)
    if root == "algotrendy":
        return root
    version, file = getattr(package, "__version__", None), getattr(package, "__file__", None)
    if isinstance(version, str) and isinstance(file, str) and _lies_installed(file):
        return version
    return None


@cache
def _lies_installed(file: str) -> bool:
    folders = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}
    return any(Path(file).is_relative_to(folder) for folder in folders)
