"""Read and write memory by address, in compiled code."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

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


def record_of(dtype: Any) -> Any:
    """Make the compiled function that gives the record at an address."""
    kind = from_dtype(dtype)

    @intrinsic
    def record(typing: Any, place: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(kind))

        return kind(INT), generate

    return record


def records_of(dtype: Any) -> Any:
    """Make the compiled function that gives so many records that begin at an address."""
    kind = types.Array(from_dtype(dtype), 1, "C")

    @intrinsic
    def records(typing: Any, place: Any, count: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(kind)(context, builder)
            begin = builder.inttoptr(arguments[0], array.data.type)
            size = context.get_constant(types.intp, dtype.itemsize)
            populate_array(array, begin, [arguments[1]], [size], size, None)
            return array._getvalue()

        return kind(INT, INT), generate

    return records


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
