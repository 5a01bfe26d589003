"""Raw memory for compiled code: records and numbers by address.

Arrays that are handed from function to function cost Numba a reference count at every call, and
signed indices a check; a kernel made of many small functions then runs ten times slower. An address
is a plain integer. Nothing here checks bounds: only the engine's own memory is addressed so, and
NumPy arrays own it.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import numpy_support
from numpy.typing import NDArray

# For functions that only compiled code calls. Without the wrappers that Python would call them by,
# the kernel's first compilation takes less than half as long.
# Nothing is divided by zero, so that no function can fail, and nobody needs to ask whether one did.
INNER: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "error_model": "numpy"}
compiled = njit(**INNER)
inlined = njit(**INNER, forceinline=True)  # what is short and called for every event


LINE_BYTES = 64  # of memory that a processor fetches at once


def lines_of(count: int, dtype: np.dtype[Any]) -> NDArray[np.void]:
    """``count`` records, all zero, that begin where a line of memory begins.

    NumPy's own arrays begin 16 bytes after one: a record of 64 bytes would lie in two lines.
    """
    size = count * dtype.itemsize
    raw = np.zeros(size + LINE_BYTES, np.uint8)
    begin = -raw.ctypes.data % LINE_BYTES
    return raw[begin : begin + size].view(dtype)


def record_at(dtype: np.dtype[Any]) -> Any:
    """A function for compiled code: the record ``index`` of an array of ``dtype`` at ``address``.

    What it gives is a pointer: reading and writing its fields reads and writes the array.
    """
    record = numpy_support.from_dtype(dtype)
    size = dtype.itemsize

    @intrinsic
    def at(typingctx: Any, address: Any, index: Any) -> Any:
        def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            offset = builder.mul(args[1], ir.Constant(ir.IntType(64), size))
            place = builder.add(args[0], offset)
            return builder.inttoptr(place, context.get_value_type(record))

        return record(types.int64, types.int64), codegen

    return at


def _load(number: types.Type, kind: ir.Type, size: int) -> Any:
    @intrinsic
    def load(typingctx: Any, address: Any, index: Any) -> Any:
        def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            offset = builder.mul(args[1], ir.Constant(ir.IntType(64), size))
            place = builder.add(args[0], offset)
            return builder.load(builder.inttoptr(place, kind.as_pointer()))

        return number(types.int64, types.int64), codegen

    return load


def _store(number: types.Type, kind: ir.Type, size: int) -> Any:
    @intrinsic
    def store(typingctx: Any, address: Any, index: Any, value: Any) -> Any:
        def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            offset = builder.mul(args[1], ir.Constant(ir.IntType(64), size))
            place = builder.add(args[0], offset)
            builder.store(args[2], builder.inttoptr(place, kind.as_pointer()))
            return _context.get_dummy_value()

        return types.void(types.int64, types.int64, number), codegen

    return store


@intrinsic
def prefetch(typingctx: Any, address: Any) -> Any:
    """Ask the processor for the line of memory at an address; any address will do."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        byte_pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, word, word, word])
        ask: Any = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, kind, "llvm.prefetch.p0i8"
        )
        place = builder.inttoptr(args[0], byte_pointer)
        builder.call(ask, [place, word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


load_i8 = _load(types.int64, ir.IntType(64), 8)
load_i4 = _load(types.int32, ir.IntType(32), 4)
load_f8 = _load(types.float64, ir.DoubleType(), 8)
store_i8 = _store(types.int64, ir.IntType(64), 8)
store_i4 = _store(types.int32, ir.IntType(32), 4)
store_f8 = _store(types.float64, ir.DoubleType(), 8)
