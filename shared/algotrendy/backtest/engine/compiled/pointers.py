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


@intrinsic
def prefetch(typing: Any, place: Any) -> Any:
    """Ask the processor to bring the memory at an address near; harmless wherever it points."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        at = builder.inttoptr(arguments[0], pointer)
        # Of data that is read, and kept in every cache.
        builder.call(function, [at, *(ir.Constant(word, number) for number in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(INT), generate
