"""Vectors of 8 or 16 uint16 as values inside Numba kernels, spelled as LLVM vectors.

LLVM picks the instructions of the machine it runs on: AVX2 or AVX-512 on x86, NEON on ARM. The one operation that LLVM
has no name for, taking lanes by indices known only at run time, is spelled by hand for these and as plain copies
elsewhere. Kernels hold vectors in registers and keep them in memory by address, in bytes; an address taken from an
array (`address`) stays good while the caller of the kernel holds that array.

`&`, `|`, `^` and `~` work on vectors. Nothing here can run outside of a kernel.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_model

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))


class Lanes(types.Type):  # type: ignore[misc]
    """The Numba type of a vector of `num_lanes` uint16."""

    def __init__(self, num_lanes: int) -> None:
        self.num_lanes = num_lanes
        super().__init__(name=f"Lanes({num_lanes})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, numba_type: Lanes) -> None:
        super().__init__(manager, numba_type, _vector(numba_type.num_lanes))


LANES8, LANES16 = Lanes(8), Lanes(16)


def _vector(num_lanes: int) -> ir.VectorType:
    return ir.VectorType(_I16, num_lanes)


def _constant(values: Sequence[int]) -> ir.Constant:
    return ir.Constant(_vector(len(values)), [ir.Constant(_I16, value) for value in values])


def _index_vector(indices: Sequence[int]) -> ir.Constant:
    return ir.Constant(ir.VectorType(_I32, len(indices)), [ir.Constant(_I32, index) for index in indices])


def _zero(vector: ir.VectorType) -> ir.Constant:
    return ir.Constant(vector, None)


def constant(values: Sequence[int]) -> Callable[[], Any]:
    """A function for kernels, without arguments, that gives the vector of `values`, 8 or 16 of them."""

    @intrinsic
    def spelled(_typing: Any) -> Any:
        return Lanes(len(values))(), lambda _context, _builder, _signature, _args: _constant(values)

    return spelled  # type: ignore[no-any-return]


def take_lanes(indices: Sequence[int | None]) -> Callable[[Any], Any]:
    """A function for kernels: lane i of its result is lane ``indices[i]`` of its argument, or 0 where that is None."""

    @intrinsic
    def taken(_typing: Any, lanes: Any) -> Any:
        def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            inside = [lanes.num_lanes if index is None else index for index in indices]
            return builder.shuffle_vector(args[0], _zero(args[0].type), _index_vector(inside))

        return Lanes(len(indices))(lanes), codegen

    return taken  # type: ignore[no-any-return]


def _load(num_lanes: int) -> Callable[[Any], Any]:
    @intrinsic
    def load(_typing: Any, _address: Any) -> Any:
        def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            vector = _vector(num_lanes)
            return builder.load(builder.inttoptr(args[0], vector.as_pointer()), align=2, typ=vector)

        return Lanes(num_lanes)(types.int64), codegen

    return load  # type: ignore[no-any-return]


load8 = _load(8)
load16 = _load(16)


@intrinsic
def load_word(_typing: Any, _address: Any) -> Any:
    """The uint16 at an address."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        word = builder.load(builder.inttoptr(args[0], _I16.as_pointer()), align=2, typ=_I16)
        return builder.zext(word, _I64)

    return types.int64(types.int64), codegen


@intrinsic
def store_word(_typing: Any, _address: Any, _value: Any) -> Any:
    """Write a number below 2**16 to an address."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        builder.store(builder.trunc(args[1], _I16), builder.inttoptr(args[0], _I16.as_pointer()), align=2)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def store(_typing: Any, _address: Any, lanes: Any) -> Any:
    """Write a vector to an address."""

    def codegen(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        builder.store(args[1], builder.inttoptr(args[0], args[1].type.as_pointer()), align=2)
        return context.get_dummy_value()

    return types.void(types.int64, lanes), codegen


@intrinsic
def splat8(_typing: Any, _value: Any) -> Any:
    """The vector of 8 times the same value."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        one = builder.insert_element(_zero(_vector(8)), builder.trunc(args[0], _I16), ir.Constant(_I32, 0))
        return builder.shuffle_vector(one, _zero(_vector(8)), _index_vector([0] * 8))

    return LANES8(types.int64), codegen


@intrinsic
def one_lane(_typing: Any, _lane: Any, _value: Any) -> Any:
    """The vector of 16 with a value in one lane and 0 elsewhere."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.insert_element(_zero(_vector(16)), builder.trunc(args[1], _I16), args[0])

    return LANES16(types.int64, types.int64), codegen


def _binary(name: str) -> Any:
    @intrinsic
    def combined(_typing: Any, left: Any, _right: Any) -> Any:
        return left(left, left), lambda _context, builder, _signature, args: getattr(builder, name)(*args)

    return combined


_both, _either, _differ = _binary("and_"), _binary("or_"), _binary("xor")


@overload(operator.and_, strict=False)
def _and(left: Any, right: Any) -> Any:
    if isinstance(left, Lanes) and left == right:
        return lambda left, right: _both(left, right)
    return None


@overload(operator.or_, strict=False)
def _or(left: Any, right: Any) -> Any:
    if isinstance(left, Lanes) and left == right:
        return lambda left, right: _either(left, right)
    return None


@overload(operator.xor, strict=False)
def _xor(left: Any, right: Any) -> Any:
    if isinstance(left, Lanes) and left == right:
        return lambda left, right: _differ(left, right)
    return None


@overload(operator.invert, strict=False)
def _not(lanes: Any) -> Any:
    if isinstance(lanes, Lanes):
        return lambda lanes: _inverted(lanes)
    return None


@intrinsic
def _inverted(_typing: Any, lanes: Any) -> Any:
    return lanes(lanes), lambda _context, builder, _signature, args: builder.not_(args[0])


def _compare(operation: str) -> Any:
    @intrinsic
    def compared(_typing: Any, left: Any, _right: Any) -> Any:
        def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            return builder.sext(builder.icmp_signed(operation, *args), args[0].type)

        return left(left, left), codegen

    return compared


equal = _compare("==")
less = _compare("<")


@intrinsic
def any_bit(_typing: Any, lanes: Any) -> Any:
    """Whether a vector has any bit set."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        words = ir.VectorType(_I64, lanes.num_lanes // 4)
        name = f"llvm.vector.reduce.or.v{words.count}i64"
        reduce = builder.module.declare_intrinsic(name, (), ir.FunctionType(_I64, (words,)))
        return builder.icmp_unsigned(
            "!=", builder.call(reduce, [builder.bitcast(args[0], words)]), ir.Constant(_I64, 0)
        )

    return types.boolean(lanes), codegen


@intrinsic
def popcounts(_typing: Any, lanes: Any) -> Any:
    """Number of bits in each lane."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        vector = args[0].type
        name = f"llvm.ctpop.v{vector.count}i16"
        return builder.call(builder.module.declare_intrinsic(name, (), ir.FunctionType(vector, (vector,))), args)

    return lanes(lanes), codegen


@intrinsic
def popcount(_typing: Any, _lanes: Any) -> Any:
    """Number of bits in a vector of 8."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        words = builder.bitcast(args[0], ir.VectorType(_I64, 2))
        count = builder.module.declare_intrinsic("llvm.ctpop", (_I64,))
        halves = [builder.call(count, [builder.extract_element(words, ir.Constant(_I32, i))]) for i in range(2)]
        return builder.add(*halves)

    return types.int64(LANES8), codegen


@intrinsic
def lowest_bits(_typing: Any, lanes: Any) -> Any:
    """The lowest bit of each lane."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.and_(args[0], builder.sub(_zero(args[0].type), args[0]))

    return lanes(lanes), codegen


@intrinsic
def without_lowest_bit(_typing: Any, _lanes: Any) -> Any:
    """A vector of 8 without the lowest bit of its lowest lane that has one."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        number = builder.bitcast(args[0], wide)
        return builder.bitcast(builder.and_(number, builder.sub(number, ir.Constant(wide, 1))), args[0].type)

    return LANES8(LANES8), codegen


@intrinsic
def lookup(_typing: Any, _lanes: Any, _indices: Any) -> Any:
    """Take lanes within each half of a vector of 16, by indices known only at run time.

    Indices count bytes: lane i of a half of the result is made of the two bytes of the same half of `_lanes` that the
    two bytes of lane i of `_indices` name, or is 0 where that lane is 0xFFFF.
    """

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        table, indices = (builder.bitcast(arg, ir.VectorType(_I8, 32)) for arg in args)
        return builder.bitcast(_lookup_bytes(builder, table, indices), _vector(16))

    return LANES16(LANES16, LANES16), codegen


def _lookup_bytes(builder: Any, table: Any, indices: Any) -> Any:
    if llvm.get_host_cpu_features().get("avx2"):
        whole = ir.VectorType(_I8, 32)
        return _call(builder, "llvm.x86.avx2.pshuf.b", whole, table, indices)
    halves = [_lookup_half(builder, *(_half(builder, arg, side) for arg in (table, indices))) for side in range(2)]
    return builder.shuffle_vector(*halves, _index_vector(range(32)))


def _half(builder: Any, value: Any, side: int) -> Any:
    return builder.shuffle_vector(value, _zero(value.type), _index_vector(range(16 * side, 16 * side + 16)))


def _lookup_half(builder: Any, table: Any, indices: Any) -> Any:
    half = ir.VectorType(_I8, 16)
    if llvm.get_host_cpu_features().get("ssse3"):
        return _call(builder, "llvm.x86.ssse3.pshuf.b.128", half, table, indices)
    if llvm.get_process_triple().startswith(("aarch64", "arm64")):
        return _call(builder, "llvm.aarch64.neon.tbl1.v16i8", half, table, indices)
    result = _zero(half)
    for i in range(16):
        lane = ir.Constant(_I32, i)
        index = builder.extract_element(indices, lane)
        byte = builder.extract_element(table, builder.zext(builder.and_(index, ir.Constant(_I8, 15)), _I32))
        inside = builder.icmp_unsigned("<", index, ir.Constant(_I8, 16))
        result = builder.insert_element(result, builder.select(inside, byte, ir.Constant(_I8, 0)), lane)
    return result


def _call(builder: Any, name: str, vector: ir.VectorType, table: Any, indices: Any) -> Any:
    function = builder.module.declare_intrinsic(name, (), ir.FunctionType(vector, (vector, vector)))
    return builder.call(function, [table, indices])


@intrinsic
def address(_typing: Any, array: Any) -> Any:
    """Where an array's items begin in memory, int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        return builder.ptrtoint(data, _I64)

    return types.int64(array), codegen


@intrinsic
def trailing_zeros(_typing: Any, _value: Any) -> Any:
    """Place of the lowest bit of an int64 that is not 0."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        count = builder.module.declare_intrinsic("llvm.cttz", (_I64,), ir.FunctionType(_I64, (_I64, ir.IntType(1))))
        return builder.call(count, [args[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.int64), codegen


@intrinsic
def differing_lanes(_typing: Any, left: Any, _right: Any) -> Any:
    """A bit for each lane in which two vectors differ, as int64."""

    def codegen(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        bits = builder.bitcast(builder.icmp_unsigned("!=", *args), ir.IntType(left.num_lanes))
        return builder.zext(bits, _I64)

    return types.int64(left, left), codegen
