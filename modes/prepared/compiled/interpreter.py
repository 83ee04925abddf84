"""The interpreter: one function for all programs, compiled once and kept on disk.

`load()` gives it, and says on stderr when it has to be compiled (ten seconds or so, once a machine and version of
this package, of numba and of Python). The cache lies where numba puts it: beside this module, or, where that cannot be
written, in the user's folder for caches; NUMBA_CACHE_DIR names another place. Where none can be written, the
interpreter is compiled anew in each process, which is said as well.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from numba import cfunc, float32, float64, int64, njit
from numba.core.types import Array

from . import opcodes
from .kernels import (
    call_loop,
    call_run,
    clear_flags,
    dot_rows,
    elementwise,
    flags,
    select,
    store_word,
    tile,
    tile_sizes,
    word,
)

__all__ = ["Interpreter", "build"]

PASSES, SELECTED = opcodes.PASSES, opcodes.SELECTED
LOOP, GUARD = opcodes.LOOP, opcodes.GUARD
PRODUCT_D, PRODUCT_F = opcodes.PRODUCT["d"], opcodes.PRODUCT["f"]
DOTS_D, DOTS_F = opcodes.DOTS["d"], opcodes.DOTS["f"]
STOPPED = opcodes.STOPPED
D, F = opcodes.DTYPES.index("d"), opcodes.DTYPES.index("f")


@njit
def _passes(pc, opcode):  # type: ignore[no-untyped-def]
    rows, n = word(pc + 8), word(pc + 16)
    a, b, out = word(pc + 24), word(pc + 40), word(pc + 56)
    if rows == 1:
        elementwise(opcode, n, a, b, out)
        return
    a_step, b_step, out_step = word(pc + 32), word(pc + 48), word(pc + 64)
    for _ in range(rows):
        elementwise(opcode, n, a, b, out)
        a += a_step
        b += b_step
        out += out_step


@njit
def _selects(pc, opcode):  # type: ignore[no-untyped-def]
    rows, n = word(pc + 8), word(pc + 16)
    mask, a, b, out = word(pc + 24), word(pc + 40), word(pc + 56), word(pc + 72)
    for _ in range(rows):
        select(opcode, n, mask, a, b, out)
        mask += word(pc + 32)
        a += word(pc + 48)
        b += word(pc + 64)
        out += word(pc + 80)


@njit
def _loop(pc):  # type: ignore[no-untyped-def]
    function, data, operands, outer = word(pc + 16), word(pc + 24), word(pc + 32), word(pc + 40)
    steps = pc + 56
    bases = steps + 8 * operands
    if outer == 0:
        call_loop(function, bases, pc + 48, steps, data)
        return
    first = bases + 8 * operands
    size = 8 * (operands + 1)
    work = first + 3 * size
    for i in range(word(first)):
        for j in range(word(first + size)):
            for k in range(word(first + 2 * size)):
                for operand in range(operands):
                    at = 8 * operand
                    step = first + 8 + at
                    moved = i * word(step) + j * word(step + size) + k * word(step + 2 * size)
                    store_word(work + at, word(bases + at) + moved)
                call_loop(function, work, pc + 48, steps, data)


def _multiplier(dtype, size):  # type: ignore[no-untyped-def]
    @njit
    def multiply(pc):  # type: ignore[no-untyped-def]
        M, N, K = word(pc + 16), word(pc + 24), word(pc + 32)
        A, A_row, A_column = word(pc + 40), word(pc + 48), word(pc + 56)
        B, B_row, C, C_row = word(pc + 64), word(pc + 72), word(pc + 80), word(pc + 88)
        rows, columns, lanes, single = tile_sizes(dtype)
        for _ in range(word(pc + 8)):
            j = 0
            width = single if M == 1 else columns
            while j < N:
                while width > N - j:
                    width = width - lanes if width > lanes else width >> 1
                i = 0
                height = rows
                while i < M:
                    while height > M - i:
                        height >>= 1
                    at_b, at_c = B + j * size, C + i * C_row + j * size
                    tile(dtype, height, width, K, A + i * A_row, A_row, A_column, at_b, B_row, at_c, C_row)
                    i += height
                j += width
            A += word(pc + 96)
            B += word(pc + 104)
            C += word(pc + 112)

    return multiply


def _dotter(dtype):  # type: ignore[no-untyped-def]
    @njit
    def dot(pc):  # type: ignore[no-untyped-def]
        M, K, A, A_row = word(pc + 16), word(pc + 24), word(pc + 32), word(pc + 40)
        x, y, y_step = word(pc + 48), word(pc + 56), word(pc + 64)
        for _ in range(word(pc + 8)):
            i = 0
            height = 8
            while i < M:
                while height > M - i:
                    height >>= 1
                dot_rows(dtype, height, K, A + i * A_row, A_row, x, y + i * y_step, y_step)
                i += height
            A += word(pc + 72)
            x += word(pc + 80)
            y += word(pc + 88)

    return dot


_multiply_d, _multiply_f = _multiplier(D, 8), _multiplier(F, 4)
_dot_d, _dot_f = _dotter(D), _dotter(F)


def _interpreter(fingerprint):  # type: ignore[no-untyped-def]
    """The function; numba's cache knows the fingerprint, a closed-over value, as part of what it is."""

    def run(frame):  # type: ignore[no-untyped-def]
        fingerprint  # noqa: B018
        pc, stop = word(frame), word(frame + 8)
        if flags() != 0:
            clear_flags()
        noted = 0
        while pc < stop:
            opcode = word(pc)
            if opcode < PASSES:
                _passes(pc, opcode)
                pc += 72
            elif opcode == PRODUCT_D:
                _multiply_d(pc)
                pc += 120
            elif opcode == LOOP:
                noted |= flags()  # some of NumPy's loops clear them
                _loop(pc)
                pc += word(pc + 8)
            elif opcode == DOTS_D:
                _dot_d(pc)
                pc += 96
            elif opcode < SELECTED:
                _selects(pc, opcode)
                pc += 88
            elif opcode == PRODUCT_F:
                _multiply_f(pc)
                pc += 120
            elif opcode == DOTS_F:
                _dot_f(pc)
                pc += 96
            else:
                if (word(word(pc + 8)) & 255) != word(pc + 16):
                    return STOPPED
                pc += 24
        return noted | flags()

    return run


def _patched(frame, address):  # type: ignore[no-untyped-def]
    patch = frame + 32
    for _ in range(word(frame + 24)):
        store_word(word(patch), address + word(patch + 8))
        patch += 16


_patched = njit(_patched)


def _sources() -> str:
    """A fingerprint of what the interpreter is made of: numba looks at this module's file alone."""
    folder = Path(__file__).parent
    made = sha256()
    for name in ("interpreter.py", "kernels.py", "opcodes.py"):
        made.update((folder / name).read_bytes())
    return made.hexdigest()


class Interpreter(NamedTuple):
    """The compiled functions. A frame is the address of words: where to begin, where to stop, the address of the
    interpreter, and how many words of the table depend on where the result lies, each with an offset."""

    address: int
    run: Callable[[int], int]
    into: dict[tuple[str, int], Callable[[int, Any], int]]
    """By dtype and number of axes: run, with the result in a new array."""


def build(cache: bool) -> Interpreter:
    """Compile, or load what was compiled before."""
    fingerprint = _sources()

    def start(frame):  # type: ignore[no-untyped-def]
        fingerprint  # noqa: B018
        return call_run(word(frame + 16), frame)

    def start_into(frame, out):  # type: ignore[no-untyped-def]
        fingerprint  # noqa: B018
        _patched(frame, out.ctypes.data)
        return call_run(word(frame + 16), frame)

    def compiled(signature, function):  # type: ignore[no-untyped-def]
        made = njit(signature, cache=cache)(function)
        (overload,) = made.overloads.values()
        # The function itself, without a look at the types of its arguments: 0.1 microseconds of 0.2.
        return getattr(overload, "entry_point", None) or made

    interpreter: Any = cfunc(int64(int64), cache=cache)(_interpreter(fingerprint))
    into = {
        (char, ndim): compiled(int64(int64, Array(real, ndim, "C")), start_into)
        for char, real in (("d", float64), ("f", float32))
        for ndim in (1, 2)
    }
    return Interpreter(interpreter.address, compiled(int64(int64), start), into)
