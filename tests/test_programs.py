"""Random programs: whatever operations are composed, all ways to differentiate them agree, and hand out new memory.

A program is a list of steps over a growing list of values: each applies an operation of `OPERATIONS` to one or two of
the values there are, and perhaps a constant. Steps that do not fit (shapes, a kink nearby, values too large) are left
out while it is made. Everything about a program follows from its seed and the names of its operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes
from modes.trees import flatten, rebuild
from tests.cuts import cut_at_random

CHUNKS = (None, 1, 2)
MODES = ("forward", "reverse", "mixed", "auto")
LARGEST = 30.0  # of a value's entries
FAR = 0.05  # from a kink, at least

# Differences are taken in extended precision, where the platform has it, and extrapolated once.
WIDE = np.longdouble
STEP = float(np.finfo(WIDE).eps) ** 0.2
TOLERANCE = 100 * float(np.finfo(WIDE).eps) ** 0.8 + 1e-11


# -- constants ---------------------------------------------------------------------------------------------------------
def laid_out(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same entries, in one of the ways in which they may lie in memory."""
    layout = rng.integers(5)
    if layout == 1:
        array = np.asfortranarray(array)
    elif layout == 2 and array.ndim:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        wide[..., ::2] = array
        array = wide[..., ::2]
    elif layout == 3:
        array = array[..., ::-1].copy()[..., ::-1] if array.ndim else array
    elif layout == 4:
        array.flags.writeable = False
    return array


def constant(shape: Sequence[int], rng: np.random.Generator) -> Any:
    """Entries of size 1/2 to 3/2, of both signs, in one of the dtypes that a constant may have."""
    values = rng.choice([-1, 1], shape) * (0.5 + rng.random(shape))
    dtype = "dffi"[rng.integers(4)]
    return laid_out(np.asarray(np.sign(values) if dtype == "i" else values, dtype), rng)


def operand(x: Any, rng: np.random.Generator) -> Any:
    """A constant that stands beside x: a number, a scalar, or an array that broadcasts against it."""
    number = round(float(rng.choice([-1, 1]) * (0.5 + rng.random())), 2)
    shape = np.shape(x)
    shapes = (shape, shape, shape[-1:], (1,) * len(shape), (*shape[:-1], 1)[: len(shape)], (2, *shape))
    chosen = int(rng.integers(6 + len(shapes)))
    if chosen < 6:
        return (number, 2, np.float64(number), np.float32(number), np.asarray(number), np.asarray(number, "f4"))[chosen]
    return constant(shapes[chosen - 6], rng)


def left_matrix(x: Any, rng: np.random.Generator) -> Any:
    stack = ((), (), (), (2,))[rng.integers(4)]
    return constant((*stack, int(rng.integers(1, 5)), np.shape(x)[-2:][0]), rng) if np.ndim(x) else operand(x, rng)


def right_matrix(x: Any, rng: np.random.Generator) -> Any:
    return constant((np.shape(x)[-1], int(rng.integers(1, 5))), rng) if np.ndim(x) else operand(x, rng)


def vector(x: Any, rng: np.random.Generator) -> Any:
    return constant(np.shape(x)[-1:], rng)


def square(x: Any, rng: np.random.Generator) -> Any:
    """A dense matrix that keeps x's length and size."""
    n = np.shape(x)[0] if np.ndim(x) else 1
    return laid_out((rng.standard_normal((n, n)) / np.sqrt(n)).astype(("f8", "f4")[rng.integers(2)]), rng)


def mask(x: Any, rng: np.random.Generator) -> Any:
    return np.asarray(rng.random(np.shape(x)) < 0.5)


def entries(x: Any, rng: np.random.Generator) -> Any:
    return rng.integers(-np.shape(x)[0], np.shape(x)[0], 4)


def nothing(x: Any, rng: np.random.Generator) -> None:
    return None


# -- operations: (x, z, c) of two values and a constant ----------------------------------------------------------------
Operation = Callable[[Any, Any, Any], Any]

OF_VALUES: dict[str, Operation] = {
    "tanh": lambda x, z, c: np.tanh(x),
    "sin": lambda x, z, c: np.sin(x),
    "arctan": lambda x, z, c: np.arctan(x),
    "exp": lambda x, z, c: np.exp(-x * x),
    "log": lambda x, z, c: np.log(2 + x * x),
    "sqrt": lambda x, z, c: np.sqrt(1.0 + np.square(x)),
    "negative": lambda x, z, c: -x,
    "positive": lambda x, z, c: +x,
    "cube": lambda x, z, c: np.power(x, 3),
    "reciprocal": lambda x, z, c: 1 / (3.0 + np.sin(x)),
    "abs": lambda x, z, c: abs(x),
    "clip": lambda x, z, c: np.clip(x, -0.8, 0.8),
    # two values, which may be one and the same
    "add values": lambda x, z, c: x + z,
    "subtract values": lambda x, z, c: np.subtract(x, z),
    "multiply values": lambda x, z, c: x * z,
    "divide values": lambda x, z, c: x / (2 + z * z),
    "matmul values": lambda x, z, c: x @ z,
    "product with a transpose": lambda x, z, c: np.matmul(x.T, z),
    "outer values": lambda x, z, c: np.outer(x, z),
    "hypot values": lambda x, z, c: np.hypot(x, 1 + z * z),
    "einsum values": lambda x, z, c: np.einsum("i,i->", np.ravel(x), np.ravel(z)),
    "maximum of values": lambda x, z, c: np.maximum(x, z),
    "where between values": lambda x, z, c: np.where(x > 0, x, 0.5 * x * z),
    "concatenate": lambda x, z, c: np.concatenate([np.ravel(x), np.ravel(z), np.ravel(x)]),
    "stack": lambda x, z, c: np.stack([x, z], axis=-1),
    "stack with a number": lambda x, z, c: np.stack([x, np.zeros_like(x), 2 * x]),
    # reductions
    "sum": lambda x, z, c: np.sum(x),
    "sum of rows": lambda x, z, c: x.sum(axis=-1),
    "sum of columns": lambda x, z, c: np.sum(x, axis=0, keepdims=True),
    "mean": lambda x, z, c: np.mean(x),
    "mean of columns": lambda x, z, c: x.mean(axis=0),
    "var": lambda x, z, c: np.var(x, axis=0),
    "prod": lambda x, z, c: np.prod(np.tanh(x), axis=-1),
    "max": lambda x, z, c: np.max(x, axis=-1),
    "cumsum": lambda x, z, c: np.cumsum(x, axis=0),
    "norm": lambda x, z, c: np.sqrt(np.sum(x * x, axis=0) + 1),
    # shapes and selections
    "transpose": lambda x, z, c: x.T,
    "ravel": lambda x, z, c: np.ravel(x),
    "ravel by columns": lambda x, z, c: np.ravel(x, order="F"),
    "reshape": lambda x, z, c: np.reshape(x, (2, -1)),
    "newaxis": lambda x, z, c: x[..., None],
    "reverse": lambda x, z, c: x[::-1],
    "first": lambda x, z, c: x[0],
    "all but the first": lambda x, z, c: x[1:],
    "ellipsis": lambda x, z, c: x[..., 0],
    "broadcast": lambda x, z, c: np.broadcast_to(x, (2, *x.shape)),
    "repeat": lambda x, z, c: x.repeat(2),
    "iterate": lambda x, z, c: sum(row * (i + 1) for i, row in enumerate(x)),
    "roll": lambda x, z, c: np.roll(x, 1),
    "squeeze": lambda x, z, c: np.squeeze(x),
    "copy": lambda x, z, c: x.copy(),
}

WITH_CONSTANT: dict[str, tuple[Callable[..., Any], Operation]] = {
    "add": (operand, lambda x, z, c: x + c),
    "add to": (operand, lambda x, z, c: np.add(c, x)),
    "subtract": (operand, lambda x, z, c: x - c),
    "subtract from": (operand, lambda x, z, c: c - x),
    "multiply": (operand, lambda x, z, c: x * c),
    "multiply by": (operand, lambda x, z, c: c * x),
    "divide": (operand, lambda x, z, c: x / c),
    "divide into": (operand, lambda x, z, c: c / (2 + x * x)),
    "power": (operand, lambda x, z, c: np.power(1.5 + np.sin(x), c)),
    "power of": (operand, lambda x, z, c: np.power(np.abs(c), np.sin(x))),
    "arctan2": (operand, lambda x, z, c: np.arctan2(x, c)),
    "hypot": (operand, lambda x, z, c: np.hypot(c, x)),
    "logaddexp": (operand, lambda x, z, c: np.logaddexp(x, c)),
    "maximum": (operand, lambda x, z, c: np.maximum(c, x)),
    "minimum": (operand, lambda x, z, c: np.minimum(x, c)),
    "matrix from the left": (left_matrix, lambda x, z, c: c @ x),
    "matrix from the right": (right_matrix, lambda x, z, c: x @ c),
    "transposed matrix": (right_matrix, lambda x, z, c: np.matmul(c.T, x)),
    "dense layer": (square, lambda x, z, c: np.tanh(c @ x)),
    "dot with a vector": (vector, lambda x, z, c: x @ c),
    "vector times": (vector, lambda x, z, c: c @ x.T),
    "einsum": (right_matrix, lambda x, z, c: np.einsum("...i,ij->...j", x, c)),
    "where": (mask, lambda x, z, c: np.where(c, x, z)),
    "where a constant": (operand, lambda x, z, c: np.where(x > 0, x, c)),
    "concatenate a constant": (vector, lambda x, z, c: np.concatenate([c, x])),
    "take": (entries, lambda x, z, c: x[c]),
    "mask": (mask, lambda x, z, c: x[c]),
}  # fmt: skip

OPERATIONS: dict[str, tuple[Callable[..., Any], Operation]] = WITH_CONSTANT | {
    name: (nothing, operation) for name, operation in OF_VALUES.items()
}

# Where an operation has a kink: numbers that must not be near 0.
KINKS: dict[str, Operation] = {
    "abs": lambda x, z, c: x,
    "clip": lambda x, z, c: np.abs(x) - 0.8,
    "max": lambda x, z, c: np.diff(np.sort(x, axis=-1)[..., -2:], axis=-1),
    "maximum of values": lambda x, z, c: np.subtract(x, z) if x is not z else 1.0,
    "where between values": lambda x, z, c: x,
    "maximum": lambda x, z, c: x - c,
    "minimum": lambda x, z, c: x - c,
    "where a constant": lambda x, z, c: x,
    "prod": lambda x, z, c: x,
}

# For values of many entries: what keeps them apart from each other, or mixes them.
ELEMENTWISE = ["tanh", "sin", "add", "multiply", "multiply by", "divide", "add values", "multiply values", "power of"]
DENSE = ["dense layer", "dense layer", "dot with a vector", "sum", "mean", "concatenate", "reverse", "where", "norm"]

# Linear with constants on either side: what blocks of every structure, and constants of less precision, meet most.
LINEAR = ["multiply", "multiply by", "divide", "add", "dot with a vector", "vector times", "matrix from the left"]
LINEAR += ["matrix from the right", "transposed matrix", "dense layer", "sum"]


# -- programs ----------------------------------------------------------------------------------------------------------
class Program:
    """A function of arguments whose leaves are the first values; `constants` are the arrays that it uses."""

    __name__ = "program"

    def __init__(self, leaves: Sequence[Any], names: Sequence[str], seed: int, largest: int) -> None:
        rng = np.random.default_rng(seed)
        self.steps: list[tuple[str, Operation, int, int, Any]] = []
        values = list(leaves)
        for name in names:
            draw, operation = OPERATIONS[name]
            i, j = (self._place(len(values), rng) for _ in range(2))
            made = _made(name, draw, operation, values[i], values[j], rng)
            if made is not None and np.size(made[1]) <= largest:
                values.append(made[1])
                self.steps.append((name, operation, i, j, made[0]))
        self.output = len(values) - 1 if rng.random() < 0.8 else self._place(len(values), rng)
        # Some programs hand out a constant, which depends on no argument.
        self.other = laid_out(rng.random((2, 3)[: rng.integers(3)]), rng) if rng.random() < 0.05 else None
        self.constants = [c for *_, c in self.steps if isinstance(c, np.ndarray)]
        self.constants += [self.other] if isinstance(self.other, np.ndarray) else []

    @staticmethod
    def _place(count: int, rng: np.random.Generator) -> int:
        """One of the values, the latest more often."""
        return count - 1 if rng.random() < 0.6 else int(rng.integers(count))

    def __call__(self, *args: Any) -> Any:
        values = flatten(args)
        for _, operation, i, j, c in self.steps:
            values.append(operation(values[i], values[j], c))
        return values[self.output] if self.other is None else self.other

    def __repr__(self) -> str:
        steps = "; ".join(
            f"v{i}, v{j}, {getattr(c, 'dtype', type(c).__name__)}{np.shape(c)} -> {name}"
            for name, _, i, j, c in self.steps
        )
        return f"Program({steps}; output v{self.output}{'' if self.other is None else ' unused'})"


def _made(name: str, draw: Any, operation: Operation, x: Any, z: Any, rng: np.random.Generator) -> Any:
    """The constant and the result of a step, or None where it does not fit."""
    try:
        c = draw(x, rng)
        y = operation(x, z, c)
        distance = KINKS[name](x, z, c) if name in KINKS else 1.0
    except (ValueError, IndexError, TypeError, AttributeError):  # of NumPy: shapes that do not go together
        return None
    near = np.min(np.abs(distance), initial=1.0) < FAR
    return None if near or np.size(y) == 0 or np.max(np.abs(y)) > LARGEST else (c, y)


def point(shapes: Sequence[tuple[int, ...]], rng: np.random.Generator, dtypes: str) -> list[Any]:
    """Leaves of those shapes: arrays in any layout; of shape () also NumPy's scalars, and Python's in float64."""
    leaves: list[Any] = []
    for i, shape in enumerate(shapes):
        x = np.asarray(rng.choice([-1, 1], shape) * (0.2 + rng.random(shape)), dtypes[i % len(dtypes)])
        kind = int(rng.integers(3)) if shape == () else 2
        leaves.append(laid_out(x, rng) if kind == 2 else x[()] if kind == 1 or x.dtype == np.float32 else float(x))
    return leaves


def arranged(leaves: Sequence[Any], arrangement: int) -> tuple[Any, ...]:
    """The leaves as arguments: each its own, or in trees."""
    if arrangement == 1:
        return ({"first": leaves[0], "rest": tuple(leaves[1:])},)
    if arrangement == 2:
        return leaves[0], {"rest": [(x,) for x in leaves[1:]]}
    return tuple(leaves)


SHAPE = st.sampled_from([(), (1,), (3,), (4,), (2, 3), (1, 3), (3, 3)])
SHAPES = st.one_of(st.lists(SHAPE, min_size=1, max_size=3), SHAPE.map(lambda shape: [shape, shape]))
NAMES = st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=9)
SEEDS = st.integers(0, 2**32 - 1)


# -- what is checked ---------------------------------------------------------------------------------------------------
class Memory:
    """Arrays that nothing may modify or hand out: inputs, constants, and each result once it is there."""

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.arrays = [x for x in arrays if isinstance(x, np.ndarray)]
        self.before = [x.copy() for x in self.arrays]

    def check(self, *results: Any) -> None:
        """The results may be written to, and are nobody else's memory, nor each other's."""
        seen = list(self.arrays)
        for result in (x for x in flatten(results) if isinstance(x, np.ndarray)):
            assert result.flags.writeable
            assert not any(np.shares_memory(result, x) for x in seen)
            seen.append(result)

    def unchanged(self) -> None:
        for now, before in zip(self.arrays, self.before, strict=True):
            np.testing.assert_array_equal(now, before, strict=True)


def close(came: Any, expected: Any, rtol: float, scale: float = 0.0) -> None:
    """Equal to rtol of the largest entry, or of `scale`; with equal shapes."""
    assert np.shape(came) == np.shape(expected)
    came, expected = np.asarray(came, WIDE), np.asarray(expected, WIDE)
    size = max(1.0, scale, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(came, expected, rtol=0, atol=rtol * size)


def contracted(J: Any, y: Any, v: Any) -> Any:
    """J v, in extended precision."""
    return np.tensordot(np.asarray(J, WIDE), np.asarray(v, WIDE), np.ndim(v))


def jacobians(
    f: Program, argnums: Any, args: tuple[Any, ...], chunk_sizes: Sequence[int | None]
) -> Iterator[list[Any]]:
    """The Jacobian of each leaf, in every way there is."""
    for chunk_size in chunk_sizes:
        for mode in MODES:
            yield flatten(modes.jacobian(f, argnums, mode=mode, chunk_size=chunk_size)(*args))
        with cut_at_random(seed=0):
            yield flatten(modes.jacobian(f, argnums, mode="mixed", chunk_size=chunk_size)(*args))
    prepared = modes.prepare(f, *args, argnums=argnums)
    for chunk_size in chunk_sizes:
        for mode in MODES if chunk_size is None else MODES[:2]:
            yield flatten(prepared.jacobian(*args, mode=mode, chunk_size=chunk_size))
            yield flatten(prepared.jacobian(*args, mode=mode, chunk_size=chunk_size))  # replayed
    prepared = modes.prepare(f, *args, argnums=argnums)
    with cut_at_random(seed=0):
        yield flatten(prepared.jacobian(*args, mode="mixed"))
    yield flatten(prepared.jacobian(*args, mode="mixed"))


def made(
    shapes: Sequence[tuple[int, ...]], names: Sequence[str], seed: int, dtypes: str = "d", largest: int = 36
) -> tuple[Program, list[Any]]:
    """A program and the leaves of its arguments."""
    rng = np.random.default_rng(seed)
    leaves = point(shapes, rng, dtypes)
    return Program([np.asarray(x)[()] for x in leaves], names, seed, largest), leaves


def check(f: Program, leaves: Sequence[Any], arrangement: int, chunk_sizes: Sequence[int | None] = CHUNKS) -> None:
    """All ways to differentiate a program agree with each other and with differences."""
    rng = np.random.default_rng(0)
    args = arranged(leaves, arrangement if len(leaves) > 1 else 0)
    argnums = tuple(range(len(args)))
    single = any(np.asarray(x).dtype == np.float32 for x in leaves)
    rtol, rounding = (1e-4, 1e-6) if single else (1e-12, 1e-14)
    memory = Memory([*leaves, *f.constants])
    # A Python float is taken for NumPy's: beside a float32 constant it makes a float64 result.
    y = f(*rebuild(args, iter([np.asarray(x)[()] for x in leaves])))
    value = np.asarray(y)

    everyone = list(jacobians(f, argnums, args, chunk_sizes))
    J = everyone[0]
    for came in everyone:
        memory.check(*came)
        for mine, first, x in zip(came, J, leaves, strict=True):
            assert mine.shape == (*np.shape(y), *np.shape(x))
            assert mine.dtype == value.dtype
            close(mine, first, rtol)

    # products
    v = [np.asarray(rng.standard_normal(np.shape(x)), np.asarray(x).dtype) for x in leaves]
    w = np.asarray(rng.standard_normal(np.shape(y)), value.dtype)
    tangents = rebuild(args, iter(v))
    seeds = Memory([*memory.arrays, *v, w])
    forward = sum(contracted(each, y, direction) for each, direction in zip(J, v, strict=True))
    back = [np.tensordot(np.asarray(w, WIDE), np.asarray(each, WIDE), np.ndim(w)) for each in J]
    prepared: Any = modes.prepare(f, *args, argnums=argnums)
    for products in (modes, prepared, prepared):  # the last one is a replay
        first = (f,) if products is modes else ()
        came, y_dot = products.jvp(*first, args, tangents)
        z, pullback = products.vjp(*first, *args)
        same_value(came, y, None if products is modes else rounding)
        same_value(z, y, None if products is modes else rounding)
        close(y_dot, forward, rtol)
        assert np.asarray(y_dot).dtype == value.dtype
        once, twice = flatten(pullback(w)), flatten(pullback(w))
        for mine, again, expected, x in zip(once, twice, back, leaves, strict=True):
            close(mine, expected, rtol)
            np.testing.assert_array_equal(mine, again)
            assert mine.dtype == np.asarray(x).dtype
        seeds.check(came, y_dot, z, *once, *twice)
    for _ in range(2):
        same_value(prepared.value(*args), y, rounding)
        memory.check(prepared.value(*args))

    # differences of the program itself, in extended precision
    wide, directions = [np.asarray(x, WIDE) for x in leaves], [np.asarray(d, WIDE) for d in v]
    if f.other is None:
        close(forward, differences(f, args, wide, directions), 1e-4 if single else TOLERANCE)
    memory.unchanged()
    seeds.unchanged()


def same_value(came: Any, y: Any, rounding: float | None) -> None:
    """What a plain call gives, bit for bit; or to rounding, from copies of the inputs that lie in another order."""
    came, y = np.asarray(came), np.asarray(y)
    if rounding is None:
        np.testing.assert_array_equal(came, y, strict=True)
    else:
        assert came.dtype == y.dtype
        close(came, y, rounding)


def differences(f: Callable[..., Any], args: tuple[Any, ...], x: Sequence[Any], v: Sequence[Any]) -> Any:
    """Central differences of f along v, extrapolated once."""

    def central(step: float) -> Any:
        plus, minus = (
            f(*rebuild(args, iter([a + sign * WIDE(step) * b for a, b in zip(x, v, strict=True)]))) for sign in (1, -1)
        )
        return (plus - minus) / (2 * WIDE(step))

    h = STEP / 8 / max(1.0, *(float(np.max(np.abs(b))) for b in v))
    return (4 * central(h / 2) - central(h)) / 3


# -- the tests ---------------------------------------------------------------------------------------------------------
def quietly(examples: int) -> Callable[[Any], Any]:
    """The same examples each time."""
    return settings(max_examples=examples, deadline=None, derandomize=True)


@pytest.mark.slow
@given(shapes=SHAPES, names=NAMES, seed=SEEDS, arrangement=st.integers(0, 2))
@quietly(300)
def test_all_ways_to_differentiate_a_program_agree(
    shapes: list[tuple[int, ...]], names: list[str], seed: int, arrangement: int
) -> None:
    check(*made(shapes, names, seed), arrangement)


@pytest.mark.slow
@given(shapes=SHAPES, names=NAMES, seed=SEEDS, dtypes=st.sampled_from(["f", "fd", "df"]))
@quietly(80)
def test_so_they_do_in_float32_and_with_arguments_of_both_dtypes(
    shapes: list[tuple[int, ...]], names: list[str], seed: int, dtypes: str
) -> None:
    check(*made(shapes, names, seed, dtypes), 0)


@pytest.mark.slow
@given(
    shape=st.sampled_from([(4,), (3,), (3, 3)]),
    names=st.lists(st.sampled_from(LINEAR), min_size=2, max_size=5),
    seed=SEEDS,
)
@quietly(150)
def test_so_they_do_where_arguments_enter_by_their_sum(shape: tuple[int, ...], names: list[str], seed: int) -> None:
    check(*made([shape, shape], ["add values", "add values", *names], seed), 0)


@pytest.mark.slow
@given(
    n=st.sampled_from([63, 64, 65, 130]),
    names=st.lists(st.sampled_from([*ELEMENTWISE, *DENSE]), min_size=1, max_size=8),
    seed=SEEDS,
    count=st.integers(1, 2),
)
@quietly(80)
def test_so_they_do_where_blocks_are_large_and_seeds_are_many(n: int, names: list[str], seed: int, count: int) -> None:
    """Blocks of LARGE numbers wait for their factors (modes.blocks), MANY seeds go in chunks (modes.chunking)."""
    check(*made([(n,)] * count, names, seed, largest=400), 0, chunk_sizes=(None, 50))


@given(shapes=SHAPES, names=NAMES, seed=SEEDS)
@quietly(100)
def test_second_derivatives_agree(shapes: list[tuple[int, ...]], names: list[str], seed: int) -> None:
    """Of a scalar made of the program's output, with respect to the first argument."""
    f, leaves = made(shapes, names, seed)
    x, *others = (np.asarray(x)[()] for x in leaves)
    rng = np.random.default_rng(seed)
    weights, v = rng.standard_normal(np.shape(f(x, *others))), rng.standard_normal(np.shape(x))

    def scalar(x: Any) -> Any:
        return np.sum(weights * np.sin(f(x, *others)))

    gradient = modes.grad(scalar)
    H = modes.jacfwd(gradient)(x)
    assert H.shape == 2 * np.shape(x)
    for outer in MODES:
        for inner in MODES:
            close(modes.hessian(scalar, outer=outer, inner=inner)(x), H, 1e-12)
    close(modes.jacrev(gradient, chunk_size=1)(x), H, 1e-12)
    close(modes.jacrev(modes.jacfwd(scalar, chunk_size=2))(x), H, 1e-12)
    close(modes.jvp(gradient, (x,), (v,))[1], contracted(H, x, v), 1e-12)
    close(modes.vjp(gradient, x)[1](v)[0], contracted(H, x, v), 1e-12)
    close(contracted(H, x, v), differences(gradient, (x,), [np.asarray(x, WIDE)], [np.asarray(v, WIDE)]), TOLERANCE)
