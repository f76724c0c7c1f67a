"""Give compiled strategies what they own, by name: floats in a row at an address."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.errors import LoweringError
from numba.core.imputils import lower_getattr_generic, lower_setattr_generic
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr

from algotrendy.backtest.engine.compiled.memory import CONTEXT, offset
from algotrendy.backtest.engine.compiled.objects import (
    INTS,
    MEMORY,
    OwnType,
    make_ints,
    make_memory,
)
from algotrendy.backtest.engine.compiled.pointers import FLOAT, INT, load_int


@infer_getattr
class _OwnNames(AttributeTemplate):
    key = OwnType

    def generic_resolve(self, own: OwnType, name: str) -> Any:
        if name in own.scalars:
            return FLOAT
        if name in own.vectors or name == "cells":
            return MEMORY
        if name == "places":
            return INTS
        return None


def _scalar(builder: Any, at: Any, place: int) -> Any:
    return builder.inttoptr(
        builder.add(at, ir.Constant(ir.IntType(64), place)), ir.DoubleType().as_pointer()
    )


@lower_getattr_generic(OwnType)
def _read_own(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    own = cgutils.create_struct_proxy(kind)(context, builder, value=value)
    if name in kind.scalars:
        place = 8 * kind.scalars.index(name)
        return builder.load(_scalar(builder, own.second, place))
    read, result = _READERS[name] if name in _READERS else _vector_reader(kind, name)
    return context.compile_internal(builder, read, result(INT, INT), [own.first, own.second])


@lower_setattr_generic(OwnType)
def _write_own(context: Any, builder: Any, signature: Any, arguments: Any, name: str) -> Any:
    kind = signature.args[0]
    own = cgutils.create_struct_proxy(kind)(context, builder, value=arguments[0])
    if name not in kind.scalars:
        raise LoweringError(f"own.{name} is a row of numbers: write to its places, own.{name}[i]")
    place = 8 * kind.scalars.index(name)
    value = context.cast(builder, arguments[1], signature.args[1], FLOAT)
    builder.store(value, _scalar(builder, own.second, place))


def _readers() -> dict[str, Any]:
    cells, own_size = offset(CONTEXT, "cells"), offset(CONTEXT, "own_size")
    places = offset(CONTEXT, "places")

    def read_cells(context: Any, at: Any) -> Any:
        begin = load_int(context + cells)
        return make_memory(at + begin, (load_int(context + own_size) - begin) // 8)

    def read_places(context: Any, at: Any) -> Any:
        begin = load_int(context + places)
        return make_ints(begin + 8, load_int(begin))

    return {"cells": (read_cells, MEMORY), "places": (read_places, INTS)}


_READERS = _readers()


def _vector_reader(kind: OwnType, name: str) -> Any:
    row, vectors = 16 * kind.vectors.index(name), offset(CONTEXT, "vectors")

    def read(context: Any, at: Any) -> Any:
        entry = load_int(context + vectors) + row
        return make_memory(at + load_int(entry), load_int(entry + 8))

    return read, MEMORY
