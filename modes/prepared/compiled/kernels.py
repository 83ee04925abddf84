"""Inner loops of the interpreter, written as LLVM vectors: numba's part is to compile them for this machine.

A loop over numbers is left to no vectoriser: each is made of vectors as wide as the machine has registers, and ends in
vectors half as wide, a quarter, down to one number, so that a row of four takes one instruction. Nothing is reordered
but the sums of products, and no assumption is made about NaN, infinity or -0.0; a product and a sum may be fused where
the machine does so (as BLAS does). Reads and writes need no alignment but that of a number.

Contract: addresses are integers, strides are in bytes; nothing is checked here (`.table` writes what is right). A
result may be one of the operands, whole, and may not overlap them otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from .opcodes import ARITHMETIC, CASTS, DTYPES, PATTERNS, SELECTS, UNARY

__all__ = [
    "call_loop",
    "call_run",
    "clear_flags",
    "dot_rows",
    "elementwise",
    "flags",
    "select",
    "store_word",
    "tile",
    "tile_sizes",
    "word",
]

WORD = ir.IntType(64)
BYTE = ir.IntType(8)
LANE = ir.IntType(32)
REALS = {"d": ir.DoubleType(), "f": ir.FloatType(), "?": BYTE}
BYTES = {"d": 8, "f": 4, "?": 1}


class Machine(NamedTuple):
    """What the loops are cut to: bytes of a vector register, and the rows and registers of a tile of a product."""

    vector: int
    rows: int
    columns: int

    def lanes(self, char: str) -> int:
        return self.vector // BYTES[char]


def _machine(features: str) -> Machine:
    """From LLVM's names of what the processor has: with 32 registers a tile keeps 24 of them, with 16 twelve."""
    has = set(features.split(","))
    if "+avx512f" in has:
        return Machine(64, 8, 3)
    if "+avx" in has:
        return Machine(32, 4, 3)
    return Machine(16, 4, 3)


def _of(context: Any) -> Machine:
    return _machine(context.codegen().magic_tuple()[2])


# -- words of the table ------------------------------------------------------------------------------------------------
@intrinsic
def word(typingctx: Any, address: Any) -> Any:
    """The integer at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.inttoptr(args[0], WORD.as_pointer()))

    return types.int64(types.int64), codegen


@intrinsic
def store_word(typingctx: Any, address: Any, value: Any) -> Any:
    """Write an integer to an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], builder.inttoptr(args[0], WORD.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def call_loop(typingctx: Any, function: Any, args: Any, counts: Any, steps: Any, data: Any) -> Any:
    """An inner loop of a NumPy ufunc: function(char **args, npy_intp *counts, npy_intp *steps, void *data)."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [WORD] * 4)  # pointers are passed as integers of their size are
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), values[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


@intrinsic
def call_run(typingctx: Any, function: Any, frame: Any) -> Any:
    """int64 function(int64), by its address: the interpreter itself."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(WORD, [WORD])
        return builder.call(builder.inttoptr(values[0], kind.as_pointer()), [values[1]])

    return types.int64(types.int64, types.int64), codegen


# -- what arithmetic noted ---------------------------------------------------------------------------------------------
def _status(builder: Any, target: str) -> tuple[Any, Sequence[int]] | None:
    """The status word of floating point arithmetic, and its bits for invalid, divide, overflow and underflow."""
    if target.startswith("x86_64"):
        place = builder.alloca(LANE)
        store = _intrinsic(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), [BYTE.as_pointer()])
        builder.call(store, [builder.bitcast(place, BYTE.as_pointer())])
        return builder.zext(builder.load(place), WORD), (1, 4, 8, 16)
    if target.startswith(("aarch64", "arm64")):
        return builder.call(_intrinsic(builder, "llvm.aarch64.get.fpsr", WORD, []), []), (1, 2, 4, 8)
    return None


@intrinsic
def flags(typingctx: Any) -> Any:
    """What arithmetic has noted since `clear_flags`: FLAGS' bits; 0 on a processor that is not known here."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = _status(builder, context.codegen().magic_tuple()[0])
        if found is None:
            return WORD(0)
        status, bits = found
        total: Any = WORD(0)
        for i, bit in enumerate(bits):
            raised = builder.icmp_unsigned("!=", builder.and_(status, WORD(bit)), WORD(0))
            total = builder.or_(total, builder.shl(builder.zext(raised, WORD), WORD(i)))
        return total

    return types.int64(), codegen


@intrinsic
def clear_flags(typingctx: Any) -> Any:
    """Forget what arithmetic has noted."""

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        target = context.codegen().magic_tuple()[0]
        found = _status(builder, target)
        if found is not None:
            status, bits = found
            cleared = builder.and_(status, WORD(~sum(bits)))
            if target.startswith("x86_64"):
                place = builder.alloca(LANE)
                builder.store(builder.trunc(cleared, LANE), place)
                load = _intrinsic(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), [BYTE.as_pointer()])
                builder.call(load, [builder.bitcast(place, BYTE.as_pointer())])
            else:
                builder.call(_intrinsic(builder, "llvm.aarch64.set.fpsr", ir.VoidType(), [WORD]), [cleared])
        return context.get_dummy_value()

    return types.void(), codegen


# -- building blocks ---------------------------------------------------------------------------------------------------
def _vector(char: str, lanes: int) -> Any:
    return ir.VectorType(REALS[char], lanes)


def _pointer(builder: Any, address: Any, kind: Any) -> Any:
    return builder.inttoptr(address, kind.as_pointer())


def _load(builder: Any, address: Any, char: str, lanes: int) -> Any:
    return builder.load(_pointer(builder, address, _vector(char, lanes)), align=BYTES[char])


def _store(builder: Any, value: Any, address: Any, char: str) -> None:
    builder.store(value, _pointer(builder, address, value.type), align=BYTES[char])


def _splat(builder: Any, number: Any, lanes: int) -> Any:
    vector = ir.VectorType(number.type, lanes)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), number, LANE(0))
    zeros = ir.Constant(ir.VectorType(LANE, lanes), [0] * lanes)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


def _offset(builder: Any, address: Any, i: Any, size: int) -> Any:
    return builder.add(address, builder.mul(i, WORD(size)))


@contextmanager
def _while_below(builder: Any, start: Any, stop: Any, step: int) -> Iterator[Any]:
    """for (i = start; i < stop; i += step); a loop that is not entered costs a comparison."""
    before = builder.block
    body, after = builder.append_basic_block("body"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("<", start, stop), body, after)
    builder.position_at_end(body)
    i = builder.phi(WORD)
    i.add_incoming(start, before)
    yield i
    following = builder.add(i, WORD(step))
    i.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, stop), body, after)
    builder.position_at_end(after)


def _pass(
    builder: Any,
    n: Any,
    widest: int,
    operands: Sequence[tuple[Any, str, bool]],
    out: tuple[Any, str],
    make: Callable[[Any, Sequence[Any]], Any],
) -> None:
    """out[i] = make(operands[i]) for i below n; an operand is (address, dtype, whether it is one number)."""
    firsts = [_load(builder, address, char, 1) for address, char, single in operands if single]
    numbers = [builder.extract_element(first, LANE(0)) for first in firsts]

    def some(i: Any, lanes: int) -> None:
        singles = iter(numbers)
        values = [
            _splat(builder, next(singles), lanes)
            if single
            else _load(builder, _offset(builder, address, i, BYTES[char]), char, lanes)
            for address, char, single in operands
        ]
        _store(builder, make(builder, values), _offset(builder, out[0], i, BYTES[out[1]]), out[1])

    whole = builder.and_(n, WORD(-widest))
    with _while_below(builder, WORD(0), whole, widest) as i:
        some(i, widest)
    lanes = widest // 2
    start = whole
    while lanes:
        with builder.if_then(builder.icmp_signed("!=", builder.and_(n, WORD(lanes)), WORD(0))):
            some(start, lanes)
        start = builder.add(start, builder.and_(n, WORD(lanes)))
        lanes //= 2


def _intrinsic(builder: Any, name: str, result: Any, arguments: Sequence[Any]) -> Any:
    known = builder.module.globals.get(name)
    return known or ir.Function(builder.module, ir.FunctionType(result, list(arguments)), name)


def _suffix(char: str, lanes: int) -> str:
    return f"v{lanes}f{8 * BYTES[char]}"


@contextmanager
def _cases(builder: Any, chosen: Any) -> Iterator[Callable[[int], Any]]:
    """A switch: `with case(number): ...` for each."""
    after = builder.append_basic_block("end")
    switch = builder.switch(chosen, after)

    @contextmanager
    def case(number: int) -> Iterator[None]:
        block = builder.append_basic_block(f"case{number}")
        switch.add_case(WORD(number), block)
        builder.position_at_end(block)
        yield
        builder.branch(after)

    yield case
    builder.position_at_end(after)


# -- element-wise ------------------------------------------------------------------------------------------------------
def _negative(builder: Any, values: Sequence[Any]) -> Any:
    return builder.fneg(values[0])


def _square(builder: Any, values: Sequence[Any]) -> Any:
    return builder.fmul(values[0], values[0])


def _copy(builder: Any, values: Sequence[Any]) -> Any:
    return values[0]


def _sqrt(builder: Any, values: Sequence[Any]) -> Any:
    kind = values[0].type
    char = "d" if kind.element == REALS["d"] else "f"
    name = f"llvm.sqrt.{_suffix(char, kind.count)}"
    return builder.call(_intrinsic(builder, name, kind, [kind]), [values[0]])


_UNARY = {"negative": _negative, "square": _square, "positive": _copy, "sqrt": _sqrt}
_ARITHMETIC = {
    "add": lambda builder, values: builder.fadd(*values),
    "subtract": lambda builder, values: builder.fsub(*values),
    "multiply": lambda builder, values: builder.fmul(*values),
    "divide": lambda builder, values: builder.fdiv(*values),
}


def _number(builder: Any, value: Any, target: str) -> Any:
    """A vector of another dtype, in the dtype of the target."""
    kind = ir.VectorType(REALS[target], value.type.count)
    if value.type.element == BYTE:
        return builder.uitofp(value, kind)
    return builder.fpext(value, kind) if target == "d" else builder.fptrunc(value, kind)


@intrinsic
def elementwise(typingctx: Any, opcode: Any, n: Any, a: Any, b: Any, out: Any) -> Any:
    """n numbers at `out`, of those at a and b (for an operation of one operand b is not read)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = _of(context)
        chosen, n, a, b, out = args
        with _cases(builder, chosen) as case:
            for char in DTYPES:
                lanes = machine.lanes(char)
                for name, make in _ARITHMETIC.items():
                    for pattern in PATTERNS:
                        with case(ARITHMETIC[name, pattern, char]):
                            operands = [(a, char, pattern[0] == "s"), (b, char, pattern[1] == "s")]
                            _pass(builder, n, lanes, operands, (out, char), make)
                for name, make in _UNARY.items():
                    for pattern in "vs":
                        with case(UNARY[name, pattern, char]):
                            _pass(builder, n, lanes, [(a, char, pattern == "s")], (out, char), make)
            for (source, target), number in CASTS.items():
                with case(number):

                    def cast(builder: Any, values: Sequence[Any], target: str = target) -> Any:
                        return _number(builder, values[0], target)

                    lanes = min(machine.lanes("d"), 8)
                    _pass(builder, n, lanes, [(a, source, False)], (out, target), cast)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 5), codegen


@intrinsic
def select(typingctx: Any, opcode: Any, n: Any, mask: Any, a: Any, b: Any, out: Any) -> Any:
    """n numbers at `out`: a where the bytes of the mask are not zero, b elsewhere."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = _of(context)
        chosen, n, mask, a, b, out = args

        def make(builder: Any, values: Sequence[Any]) -> Any:
            zeros = ir.Constant(values[0].type, [0] * values[0].type.count)
            return builder.select(builder.icmp_unsigned("!=", values[0], zeros), values[1], values[2])

        with _cases(builder, chosen) as case:
            for (pattern, char), number in SELECTS.items():
                with case(number):
                    operands = [
                        (mask, "?", False),
                        (a, char, pattern[0] == "s"),
                        (b, char, pattern[1] == "s"),
                    ]
                    _pass(builder, n, machine.lanes(char), operands, (out, char), make)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), codegen


# -- products ----------------------------------------------------------------------------------------------------------
SINGLE = 8
"""The registers of a tile of one row, whose sums would wait for each other if there were fewer."""


def _tiles(machine: Machine, char: str) -> Iterator[tuple[int, int]]:
    """The heights and widths that there are tiles of."""
    height = machine.rows
    while height:
        lanes = machine.lanes(char)
        for count in range(machine.columns if height > 1 else SINGLE, 0, -1):
            yield height, count * lanes
        while lanes > 1:
            lanes //= 2
            yield height, lanes
        height //= 2


@intrinsic(prefer_literal=True)
def tile_sizes(typingctx: Any, dtype: Any) -> Any:
    """Rows of the largest tile, its columns, columns of a register, and of a tile of one row; dtype is a literal."""
    char = DTYPES[dtype.literal_value]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = _of(context)
        lanes = machine.lanes(char)
        sizes = machine.rows, machine.columns * lanes, lanes, SINGLE * lanes
        return context.make_tuple(builder, signature.return_type, [WORD(size) for size in sizes])

    return types.UniTuple(types.int64, 4)(dtype), codegen


@intrinsic(prefer_literal=True)
def tile(
    typingctx: Any, dtype: Any, rows: Any, columns: Any, K: Any, A: Any, A_row: Any, A_column: Any, B: Any, B_row: Any,
    C: Any, C_row: Any,
) -> Any:  # fmt: skip
    """C = A @ B for a tile of C, kept in registers: rows * columns numbers, K products each; by rows of B and C."""
    char = DTYPES[dtype.literal_value]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = _of(context)
        _, rows, columns, *rest = args
        chosen = builder.add(builder.mul(rows, WORD(1000)), columns)
        with _cases(builder, chosen) as case:
            for height, width in _tiles(machine, char):
                with case(1000 * height + width):
                    _tile(builder, char, height, width, machine.lanes(char), *rest)
        return context.get_dummy_value()

    return types.void(dtype, *[types.int64] * 10), codegen


def _tile(
    builder: Any, char: str, height: int, width: int, widest: int, K: Any, A: Any, A_row: Any, A_column: Any, B: Any,
    B_row: Any, C: Any, C_row: Any,
) -> None:  # fmt: skip
    lanes = min(width, widest)
    count = width // lanes
    vector = _vector(char, lanes)
    fma = _intrinsic(builder, f"llvm.fmuladd.{_suffix(char, lanes)}", vector, [vector] * 3)
    zero = ir.Constant(vector, [0.0] * lanes)
    offsets = [builder.mul(A_row, WORD(i)) for i in range(height)]
    before = builder.block
    body, after = builder.append_basic_block("sum"), builder.append_basic_block("done")
    builder.cbranch(builder.icmp_signed(">", K, WORD(0)), body, after)
    builder.position_at_end(body)
    k, at_a, at_b = (builder.phi(WORD) for _ in range(3))
    sums = [[builder.phi(vector) for _ in range(count)] for _ in range(height)]
    new: list[list[Any]] = []
    of_b = [_load(builder, builder.add(at_b, WORD(j * lanes * BYTES[char])), char, lanes) for j in range(count)]
    for i in range(height):
        number = builder.load(_pointer(builder, builder.add(at_a, offsets[i]), REALS[char]), align=BYTES[char])
        a = _splat(builder, number, lanes)
        new.append([builder.call(fma, [a, of_b[j], sums[i][j]]) for j in range(count)])
    following = builder.add(k, WORD(1))
    for phi, start, after_one in (
        (k, WORD(0), following),
        (at_a, A, builder.add(at_a, A_column)),
        (at_b, B, builder.add(at_b, B_row)),
    ):
        phi.add_incoming(start, before)
        phi.add_incoming(after_one, builder.block)
    for i in range(height):
        for j in range(count):
            sums[i][j].add_incoming(zero, before)
            sums[i][j].add_incoming(new[i][j], builder.block)
    builder.cbranch(builder.icmp_signed("<", following, K), body, after)
    builder.position_at_end(after)
    for i in range(height):
        for j in range(count):
            total = builder.phi(vector)
            total.add_incoming(zero, before)
            total.add_incoming(new[i][j], body)
            sums[i][j] = total
    # the totals are phis, which have to stand before anything else in their block
    for i in range(height):
        row = builder.add(C, builder.mul(C_row, WORD(i)))
        for j in range(count):
            _store(builder, sums[i][j], builder.add(row, WORD(j * lanes * BYTES[char])), char)


@intrinsic(prefer_literal=True)
def dot_rows(typingctx: Any, dtype: Any, rows: Any, K: Any, A: Any, A_row: Any, x: Any, y: Any, y_step: Any) -> Any:
    """y[i] = sum of A[i, k] x[k] for `rows` rows, at most eight and a power of two; A's rows and x lie in one piece."""
    char = DTYPES[dtype.literal_value]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        machine = _of(context)
        _, rows, *rest = args
        with _cases(builder, rows) as case:
            for height in (8, 4, 2, 1):
                with case(height):
                    _dots(builder, char, height, machine.lanes(char), *rest)
        return context.get_dummy_value()

    return types.void(dtype, *[types.int64] * 7), codegen


def _dots(
    builder: Any, char: str, height: int, widest: int, K: Any, A: Any, A_row: Any, x: Any, y: Any, y_step: Any
) -> None:
    size, real = BYTES[char], REALS[char]
    rows = [builder.add(A, builder.mul(A_row, WORD(i))) for i in range(height)]

    def products(start: Any, stop: Any, lanes: int, totals: list[Any]) -> list[Any]:
        """Add the products of the numbers start..stop, a multiple of lanes of them, to the totals."""
        vector = _vector(char, lanes)
        fma = _intrinsic(builder, f"llvm.fmuladd.{_suffix(char, lanes)}", vector, [vector] * 3)
        add = _intrinsic(builder, f"llvm.vector.reduce.fadd.{_suffix(char, lanes)}", real, [real, vector])
        zero = ir.Constant(vector, [0.0] * lanes)
        before = builder.block
        body, found, after = (builder.append_basic_block(name) for name in ("dot", "found", "next"))
        builder.cbranch(builder.icmp_signed("<", start, stop), body, after)
        builder.position_at_end(body)
        k = builder.phi(WORD)
        sums = [builder.phi(vector) for _ in rows]
        of_x = _load(builder, _offset(builder, x, k, size), char, lanes)
        new = [
            builder.call(fma, [_load(builder, _offset(builder, row, k, size), char, lanes), of_x, total])
            for row, total in zip(rows, sums, strict=True)
        ]
        following = builder.add(k, WORD(lanes))
        for phi, first, later in ((k, start, following), *zip(sums, [zero] * height, new, strict=True)):
            phi.add_incoming(first, before)
            phi.add_incoming(later, body)
        builder.cbranch(builder.icmp_signed("<", following, stop), body, found)
        builder.position_at_end(found)
        if lanes == 1:
            parts = [builder.extract_element(vector_of, LANE(0)) for vector_of in new]
        else:  # the order of a sum of products is free, as in BLAS
            parts = [builder.call(add, [real(-0.0), each], fastmath=("reassoc",)) for each in new]
        added = [builder.fadd(total, part) for total, part in zip(totals, parts, strict=True)]
        builder.branch(after)
        builder.position_at_end(after)
        joined = []
        for total, more in zip(totals, added, strict=True):
            phi = builder.phi(real)
            phi.add_incoming(total, before)
            phi.add_incoming(more, found)
            joined.append(phi)
        return joined

    totals: list[Any] = [real(0.0)] * height
    start, lanes = WORD(0), widest
    stop = builder.and_(K, WORD(-widest))
    while lanes:
        totals = products(start, stop, lanes, totals)
        start, lanes = stop, lanes // 2
        stop = builder.add(start, builder.and_(K, WORD(lanes)))
    for i, total in enumerate(totals):
        builder.store(total, _pointer(builder, builder.add(y, builder.mul(y_step, WORD(i))), real), align=size)
