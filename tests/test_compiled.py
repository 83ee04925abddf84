"""Compiled replay: equal to the plain form to rounding, and where NumPy warns, refuses or reads anew, so does it."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes
from modes.errors import name_of
from modes.trees import flatten

from .test_jacobians import CHAINS
from .test_prepared import REFUSED
from .test_programs import NAMES, SEEDS, SHAPES, arranged, made
from .test_rules import CASES

pytest.importorskip("numba", reason="backend='numba' needs numba: pip install -e '.[compiled]'")

from numba.core import event

from modes.prepared.compiled import machine
from modes.prepared.compiled.loops import loop_of
from modes.prepared.compiled.lowering import LARGEST
from modes.prepared.compiled.memory import Memory
from modes.prepared.compiled.opcodes import STOPPED
from modes.prepared.compiled.table import Table

rng = np.random.default_rng(5)
A = rng.standard_normal((4, 4))
TOLERANCE = {"float64": 1e-13, "float32": 1e-5}


def same(came: Any, expected: Any) -> None:
    """Equal to rounding of the largest entry: products are summed in another order."""
    came, expected = np.asarray(came), np.asarray(expected)
    assert came.shape == expected.shape
    assert came.dtype == expected.dtype
    finite = np.isfinite(expected)
    size = float(np.max(np.abs(expected[finite]), initial=0.0))
    rtol = TOLERANCE.get(expected.dtype.name, 0.0)
    np.testing.assert_allclose(came, expected, rtol=rtol, atol=rtol * size)


def results(prepared: modes.Prepared, args: tuple[Any, ...]) -> Iterator[Any]:
    """Everything that a prepared function gives, twice."""
    arrays = [np.asarray(a) for a in args]
    tangents = tuple(np.cos(np.arange(a.size)).reshape(a.shape).astype(a.dtype) for a in arrays)
    for _ in range(2):
        yield from flatten(prepared.jacobian(*args, mode="forward"))
        yield from flatten(prepared.jacobian(*args, mode="reverse", chunk_size=2))
        yield prepared.value(*args)
        yield from prepared.jvp(args, tangents)
        y, pullback = prepared.vjp(*args)
        for factor in (1, -2):
            w = factor * np.sin(1 + np.arange(y.size)).reshape(y.shape)
            yield from flatten(pullback(w.astype(y.dtype)[()]))
        yield y


def alike(f: Callable[..., Any], *points: tuple[Any, ...]) -> modes.Prepared:
    """The compiled form of f gives what the plain form gives."""
    argnums = tuple(range(len(points[0])))
    plain = modes.prepare(f, *points[0], argnums=argnums)
    compiled = modes.prepare(f, *points[0], argnums=argnums, backend="numba")
    for args in points:
        for came, expected in zip(results(compiled, args), results(plain, args), strict=True):
            same(came, expected)
    return compiled


def draw(*shape: int, dtype: str = "float64") -> Any:
    return rng.standard_normal(shape).astype(dtype)


# -- equal to the plain form -------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(
    ("f", "args"),
    [
        pytest.param(f, args, id=f"{name_of(func)}-{i}")
        for func, cases in CASES.items()
        for i, (f, args) in enumerate(cases)
        if i not in REFUSED.get(func, ())
    ],
)
def test_every_row_of_the_rule_table(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    argnums = tuple(range(len(args)))
    compiled = modes.prepare(f, *args, argnums=argnums, backend="numba")
    for name in ("jacfwd", "jacrev", "jacrev"):
        expected = flatten(getattr(modes, name)(f, argnums)(*args))
        for came, other in zip(flatten(getattr(compiled, name)(*args)), expected, strict=True):
            same(came, other)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", CHAINS, ids=lambda o: "-".join(map(str, o.values())))
def test_every_chain(options: dict[str, Any], dtype: str) -> None:
    # OpenBLAS's kernels for float32 may raise the flag for numbers that they do not use (seen once, in a plain call).
    with np.errstate(invalid="ignore"):
        _at_two_depths(options, dtype)


def _at_two_depths(options: dict[str, Any], dtype: str) -> None:
    for depth, width in ((1, 8), (3, 21)):
        chain = modes.layer_chain(**{"n": 5, "m": 7, "width": width, "depth": depth, **options, "dtype": dtype})
        point = (chain.x * 0.9).astype(dtype)
        alike(chain, (chain.x,), (point,))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 6), (6, 1), (33, 70), (17, 3)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_chains_of_other_sizes(n: int, m: int, dtype: str) -> None:
    chain = modes.layer_chain(n, m, 4, 19, dtype=dtype)
    compiled = alike(chain, (chain.x,))
    for mode in ("mixed", "auto"):
        same(compiled.jacobian(chain.x, mode=mode)[0], modes.jacrev(chain)(chain.x))


@pytest.mark.slow
@given(shapes=SHAPES, names=NAMES, seed=SEEDS, arrangement=st.integers(0, 2), dtypes=st.sampled_from(["d", "f", "df"]))
@settings(max_examples=120, deadline=None, derandomize=True)
def test_random_programs(shapes: Any, names: Any, seed: int, arrangement: int, dtypes: str) -> None:
    f, leaves = made(shapes, names, seed, dtypes)
    args = tuple(arranged(leaves, arrangement if len(leaves) > 1 else 0))
    argnums = tuple(range(len(args)))
    plain = modes.prepare(f, *args, argnums=argnums)
    compiled = modes.prepare(f, *args, argnums=argnums, backend="numba")
    for mode in ("forward", "reverse", "mixed"):
        for _ in range(2):
            ours, theirs = (flatten(each.jacobian(*args, mode=mode)) for each in (compiled, plain))
            for came, expected in zip(ours, theirs, strict=True):
                same(came, expected)
    same(compiled.value(*args), plain.value(*args))


def test_products_in_every_orientation_and_stack() -> None:
    for dtype in ("float64", "float32"):
        W, x, S, V = (draw(*shape, dtype=dtype) for shape in ((5, 5), (5,), (3, 5, 5), (2, 1, 5, 5)))
        for f in (
            lambda x, W: W @ x, lambda x, W: x @ W, lambda x, W: W.T @ x, lambda x, W: x @ W.T @ W,
            lambda x, W: W @ W.T, lambda x, W: W.T @ W.T @ x, lambda x, W: W[::2] @ x, lambda x, W: W[:, ::-1] @ x,
            lambda x, W: (W * x) @ W[::-1].T, lambda x, W: np.dot(W, x), lambda x, W: np.outer(x, x) @ W,
            lambda x, W, S=S: S @ (W * x), lambda x, W, S=S: S.transpose(0, 2, 1) @ x, lambda x, W, V=V: V @ (W * x),
            lambda x, W, S=S, V=V: (S * x) @ V, lambda x, W: x @ x,
        ):  # fmt: skip
            alike(f, (x, W))


def test_what_is_not_lowered_runs_between_two_stretches() -> None:
    def f(x: Any) -> Any:
        y = np.sort(np.tanh(A @ x)) * x
        z = np.linalg.inv(A + np.outer(y, y)) @ y
        return np.cumsum(z)[np.argsort(x)] + np.einsum("i,ij->j", y, A) + np.max(z) * np.floor(3 * x)

    alike(f, *[(draw(4),) for _ in range(3)])


def test_sums_joins_selections_and_shapes() -> None:
    def f(x: Any, M: Any) -> Any:
        s = np.sum(M, axis=0) + np.mean(M, axis=-1, keepdims=True)[:, 0] * np.sum(x)
        t = np.concatenate([x[::2], s[1:], np.ravel(M.T)[3:7]])
        u = np.stack([t, np.where(t > 0, t, 0.5 * t), np.maximum(t, -t)], axis=1)
        return np.mean(u[::-1], axis=1) * t + np.reshape(u, (3, -1))[0] - np.square(t) / (2 + np.sqrt(t * t + 1))

    for dtype in ("float64", "float32"):
        alike(f, *[(draw(4, dtype=dtype), draw(4, 4, dtype=dtype)) for _ in range(3)])


def test_values_used_twice_are_not_overwritten() -> None:
    def f(x: Any) -> Any:
        h = np.tanh(A @ x)
        g = h * h + h[::-1] * x
        return np.sin(g) * g + h - (g + h.T) * np.exp(-g) + np.outer(h, g)[1] * h

    alike(f, *[(draw(4),) for _ in range(3)])


def test_empty_arrays_and_arrays_that_do_not_lie_in_one_piece() -> None:
    wide = draw(4, 6)
    for x in (wide[1, ::2][:3], wide.T[::-1][0][:3], np.asfortranarray(wide)[:3, 1]):
        f = lambda x: np.tanh(A[:, :3] @ x) * 2.0  # noqa: E731
        plain, compiled = modes.prepare(f, x), modes.prepare(f, x, backend="numba")
        same(compiled.jacfwd(x), plain.jacfwd(x))
        same(compiled.jacrev(x), plain.jacrev(x))
    for f in (
        lambda x: np.sin(x) * 2,
        lambda x: np.ones((3, 0)) @ x,
        lambda x: np.sum(x),
        lambda x: x[:, None] @ x[None],
    ):
        alike(f, (np.ones(0),))
    alike(lambda x: x[:0] * 2.0, (draw(3),))


def test_captured_arrays_are_read_anew() -> None:
    W = A.copy()

    def f(x: Any) -> Any:
        return np.tanh(W @ x)

    prepared = modes.prepare(f, draw(4), backend="numba")
    for factor in (1.0, 0.5):
        W *= factor
        x = draw(4)
        for name in ("jacfwd", "jacrev"):
            same(getattr(prepared, name)(x), getattr(modes, name)(f)(x))


def test_results_never_show_memory_of_the_program() -> None:
    x, before = draw(4), A.copy()
    functions: list[Callable[..., Any]] = [
        lambda x: A @ x, lambda x: x, lambda x: np.tanh(A @ x), lambda x: np.reshape(x, (2, 2)), lambda x: np.exp(x),
        lambda x: np.sum(x * A), lambda x: np.tanh(x)[::2], lambda x: A * 2.0 + x[0], lambda x: np.stack([x, x]),
        lambda x: np.broadcast_to(x, (2, 4)), lambda x: np.sort(x),
    ]  # fmt: skip
    for f in functions:
        prepared = modes.prepare(f, x, backend="numba")
        first = list(results(prepared, (x,)))
        kept = [np.array(result) for result in first]
        for result, expected in zip(first, kept, strict=True):
            np.testing.assert_array_equal(result, expected)
            if isinstance(result, np.ndarray):
                assert result.flags.writeable
                result[...] = 7.0
        for result, expected in zip(results(prepared, (x,)), kept, strict=True):
            np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(A, before)


# -- NaN, infinity, and what NumPy says of them ------------------------------------------------------------------------
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, 1e-310, -1.0])


@pytest.mark.parametrize("func", [np.tanh, np.exp, np.sqrt, np.square, np.negative, np.log1p, np.sin, np.reciprocal])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_special_numbers_are_numpys(func: np.ufunc, dtype: str) -> None:
    with np.errstate(all="ignore"):
        x = SPECIAL.astype(dtype)
        prepared = modes.prepare(lambda x: func(x) / (x + x) - x * func(x), x, backend="numba")
        expected = func(x) / (x + x) - x * func(x)
        came = prepared.value(x)
        np.testing.assert_array_equal(np.isnan(came), np.isnan(expected))
        np.testing.assert_array_equal(came, expected)
        np.testing.assert_array_equal(np.signbit(came[~np.isnan(came)]), np.signbit(expected[~np.isnan(expected)]))


def test_warnings_and_errors_of_arithmetic_are_numpys() -> None:
    def f(x: Any) -> Any:
        return np.log(x) + 1.0 / x

    ones, zeros = np.ones(3), np.zeros(3)
    prepared, plain = (modes.prepare(f, ones, backend=backend) for backend in ("numba", "numpy"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for each in (prepared, plain, prepared):
            each.value(ones)
    for _ in range(2):
        said = [_said(each, zeros) for each in (prepared, plain)]
        assert said[0] == said[1]
        assert said[0][:2] == ["divide by zero encountered in log", "divide by zero encountered in divide"]
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero encountered in log"):
        prepared.value(zeros)
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared.value(zeros)


def _said(prepared: modes.Prepared, x: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prepared.value(x)
    return [str(warning.message) for warning in caught]


def test_products_of_infinity_are_numpys() -> None:
    W = np.array([[np.inf, 1.0], [0.0, 1.0]])
    point = np.array([0.0, 1.0])
    plain, compiled = (modes.prepare(lambda x: np.tanh(W @ x), np.ones(2), backend=b) for b in ("numpy", "numba"))
    for each in (plain, compiled):
        each.value(np.ones(2))
    assert _said(compiled, point) == _said(plain, point)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(compiled.value(point), plain.value(point))
        np.testing.assert_array_equal(compiled.value(point), [np.nan, np.tanh(1.0)])


def test_a_decision_that_turns_out_differently_falls_back() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0, np.sqrt(x), 0.0) * 2.0

    ones, point = np.ones(4), np.array([0.0, 1.0, 4.0, 0.0])
    prepared = modes.prepare(f, ones, backend="numba")
    with np.errstate(divide="ignore"):
        for z in (ones, point, ones, point):
            same(prepared.jacfwd(z), modes.jacfwd(f)(z))
            same(prepared.jacrev(z), modes.jacrev(f)(z))


# -- the same contract -------------------------------------------------------------------------------------------------
def test_what_a_plain_prepared_refuses_is_refused() -> None:
    x = draw(4)
    with pytest.raises(modes.TracedValueError, match="a branch on a value"):
        modes.prepare(lambda x: x if x[0] > 0 else -x, x, backend="numba")
    prepared = modes.prepare(lambda x: np.sum(x[x > 0] ** 2), np.array([1.0, -1.0, 2.0]), backend="numba")
    with pytest.raises(ValueError, match=r"gave shape \(1,\), and \(2,\) when modes.prepare recorded"):
        prepared.jacfwd(np.array([-1.0, -3.0, 4.0]))
    with pytest.raises(ValueError, match=r"of shape \(3,\) and dtype float64"):
        prepared.jacfwd(np.ones(4))
    vjp = modes.prepare(lambda x: np.tanh(A @ x), x, backend="numba").vjp
    _, first = vjp(x)
    vjp(2 * x)
    with pytest.raises(RuntimeError, match=r"the pull-back of the latest vjp"):
        first(x)
    with pytest.raises(ValueError, match=r"backend to be 'numpy' or 'numba', got 'cuda'"):
        modes.prepare(np.sin, x, backend="cuda")


def _tanh(x: Any) -> Any:
    return np.tanh(A @ x)


def test_copies_pickles_and_threads() -> None:
    x = draw(4)
    prepared = modes.prepare(_tanh, x, backend="numba")
    expected = prepared.jacrev(x)
    for other in (copy.copy(prepared), copy.deepcopy(prepared), pickle.loads(pickle.dumps(prepared))):
        np.testing.assert_array_equal(other.jacrev(x), expected)
        assert type(other._programs["reverse", None]).__name__ == "Compiled"
    wrong: list[int] = []

    def work(k: int) -> None:
        point = x * k
        mine = modes.jacrev(_tanh)(point)
        wrong.extend(k for _ in range(50) if not np.allclose(prepared.jacrev(point), mine, rtol=1e-12))

    threads = [Thread(target=work, args=(k,)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_no_function_is_compiled() -> None:
    x = draw(4)
    modes.prepare(np.sin, x, backend="numba")
    with event.install_recorder("numba:compile") as compilations:
        for k in range(3):
            modes.prepare(lambda x, k=k: np.tanh(A @ x) * k, x, backend="numba").jacfwd(x)
    assert len(compilations.buffer) == 0


@contextmanager
def recorded_program(f: Callable[..., Any], x: Any, method: str) -> Iterator[Any]:
    prepared = modes.prepare(f, x, backend="numba")
    getattr(prepared, method)(x)
    (program,) = prepared._programs.values()
    yield program


@pytest.mark.parametrize("options", CHAINS, ids=lambda o: "-".join(map(str, o.values())))
def test_chains_are_one_stretch(options: dict[str, Any]) -> None:
    """Nothing of a chain is left to NumPy: one call of the interpreter, which writes the result itself."""
    chain = modes.layer_chain(**{"n": 5, "m": 7, "width": 8, "depth": 3, **options})
    for method in ("jacfwd", "jacrev"):
        with recorded_program(chain, chain.x, method) as program:
            (stage,) = program.stages
            assert [part.calls for part in stage.parts] == [[]]
            assert len(stage.fresh) == 1


# -- the table and the interpreter by themselves -----------------------------------------------------------------------
def run(table: Table) -> int:
    found = machine.interpreter()
    words = table.words()
    start = words.__array_interface__["data"][0]
    frame = np.array([start, start + words.nbytes, found.address, 0], np.int64)
    return int(found.run(frame.__array_interface__["data"][0]))


def strided(shape: tuple[int, ...], dtype: str, layout: int, generator: Any) -> Any:
    """Random numbers in one of the ways in which they may lie in memory."""
    x = generator.standard_normal(shape).astype(dtype)
    if layout == 1:
        return np.asfortranarray(x)
    if layout == 2:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    return x[..., ::-1].copy()[..., ::-1] if layout == 3 else x


SIZE = st.integers(1, 40)
LAYOUT = st.integers(0, 3)


@given(
    M=SIZE, N=SIZE, K=st.integers(0, 40), stack=st.sampled_from([(), (1,), (3,), (2, 2)]), a=LAYOUT, b=LAYOUT,
    out=LAYOUT, dtype=st.sampled_from(["d", "f"]),
)  # fmt: skip
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_product(M: int, N: int, K: int, stack: Any, a: int, b: int, out: int, dtype: str) -> None:
    generator = np.random.default_rng(M)
    x, y = strided((*stack, M, K), dtype, a, generator), strided((K, N), dtype, b, generator)
    z = strided((*stack, M, N), dtype, out, generator)
    table = Table()
    table.product(x, y, z)
    run(table)
    bound = np.abs(x) @ np.abs(y)
    assert np.all(np.abs(z - x @ y) <= 4 * (K + 1) * np.finfo(dtype).eps * bound)


BROADCAST = st.sampled_from(
    [((3, 5), (5,)), ((3, 5), (3, 1)), ((2, 3, 4), (3, 1)), ((7,), ()), ((1, 6), (4, 1)), ((9,), (9,))]
)


@given(shapes=BROADCAST, swap=st.booleans(), layouts=st.tuples(LAYOUT, LAYOUT), dtype=st.sampled_from(["d", "f"]))
@pytest.mark.parametrize("func", [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.hypot, np.greater])
@settings(max_examples=30, deadline=None, derandomize=True)
def test_an_element_wise_operation(func: np.ufunc, shapes: Any, swap: bool, layouts: Any, dtype: str) -> None:
    generator = np.random.default_rng(1)
    a, b = (
        strided(shape, dtype, layout if shape else 0, generator) for shape, layout in zip(shapes, layouts, strict=True)
    )
    a, b = (b, a) if swap else (a, b)
    expected = func(a, b)
    out = np.empty_like(expected)
    loop = loop_of(func, (a.dtype, b.dtype))
    assert loop is not None
    table = Table()
    table.ufunc(func, loop, [a, b], out)
    run(table)
    np.testing.assert_array_equal(out, expected)


def test_a_guard_stops_the_interpreter() -> None:
    for decision in (True, False):
        table = Table()
        done = np.zeros(1)
        table.guard(np.array(True), decision)
        table.copy(np.ones(()), done)
        assert run(table) == (0 if decision else STOPPED)
        assert done[0] == decision


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 5)), max_size=40))
def test_nothing_that_is_in_use_overlaps(wishes: list[tuple[int, int]]) -> None:
    memory = Memory()
    used: list[tuple[int, int]] = []
    for size, released in wishes:
        offset = memory.take(size)
        assert offset % 64 == 0
        assert all(offset + size <= other or other + length <= offset for other, length in used)
        used.append((offset, size))
        for _ in range(min(released, len(used))):
            memory.give_back(*used.pop(0))
    assert all(offset + size <= memory.size for offset, size in used)


def test_large_products_are_left_to_blas() -> None:
    n = round(LARGEST ** (1 / 3)) + 8
    W = np.eye(n)
    with recorded_program(lambda X: W @ X, np.eye(n), "value") as program:
        (stage,) = program.stages
        assert stage.fresh == []


def test_what_numpy_has_no_loop_for_is_not_lowered() -> None:
    assert loop_of(np.bitwise_and, (np.dtype("i4"), np.dtype("i4"))) is None
    assert loop_of(np.frompyfunc(abs, 1, 1), (np.dtype("d"),)) is None
    assert loop_of(np.matmul, (np.dtype("d"), np.dtype("d"))) is None
    found = loop_of(np.multiply, (np.dtype("f4"), float))
    assert found is not None
    assert found.types == "ff->f"


# -- the interpreter on disk -------------------------------------------------------------------------------------------
def test_without_numba_there_is_one_error_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mode-crossover\[compiled\]'.* backend=\"numpy\""):
        machine._interpreter.__wrapped__()


def test_where_no_cache_can_be_written_there_is_a_folder_of_ones_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import numba

    from modes.prepared.compiled import interpreter

    config: Any = numba.config

    asked: list[tuple[bool, str]] = []

    def build(cache: bool) -> str:
        asked.append((cache, config.CACHE_DIR))
        if cache and not config.CACHE_DIR:
            raise RuntimeError("cannot cache function 'run': no locator available for file 'interpreter.py'")
        return "built"

    monkeypatch.setattr(interpreter, "build", build)
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    assert machine._interpreter.__wrapped__() == "built"
    (folder,) = tmp_path.iterdir()
    assert asked == [(True, ""), (True, str(folder))]
    assert folder.stat().st_mode & 0o077 == 0
    assert config.CACHE_DIR == ""
    folder.chmod(0o777)  # anyone could have put code there
    assert machine._interpreter.__wrapped__() == "built"
    assert asked[-1] == (False, "")


def test_compiling_is_announced_once(capsys: pytest.CaptureFixture[str]) -> None:
    announcer = machine._announcer(event.Listener)
    for _ in range(3):
        announcer.on_start(None)
        announcer.on_end(None)
    assert capsys.readouterr().err.count("modes: compiling the interpreter of prepared functions, once") == 1
