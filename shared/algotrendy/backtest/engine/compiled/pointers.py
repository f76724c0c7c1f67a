"""Read and write memory by address, in compiled code."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

INT = types.int64
FLOAT = types.float64
_WORDS = {INT: ir.IntType(64), FLOAT: ir.DoubleType()}


def _loader(kind: Any) -> Any:
    @intrinsic
    def load(typing: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], _WORDS[kind].as_pointer())
            return builder.load(pointer)

        return kind(INT), generate

    return load


def _storer(kind: Any) -> Any:
    @intrinsic
    def store(typing: Any, place: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            pointer = builder.inttoptr(arguments[0], _WORDS[kind].as_pointer())
            builder.store(arguments[1], pointer)
            return context.get_dummy_value()

        return types.void(INT, kind), generate

    return store


load_int = _loader(INT)
load_float = _loader(FLOAT)
store_int = _storer(INT)
store_float = _storer(FLOAT)


@intrinsic
def void_at(typing: Any, place: Any) -> Any:
    """Give an address as a pointer, for ``numba.carray``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(INT), generate
