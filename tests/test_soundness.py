"""Nothing silently wrong: numbers that are not finite, work arrays that are written to, operands of odd types, ways by
which a traced array could leave its trace. Whatever a program does, a derivative is right or refused."""

from __future__ import annotations

import array
import copy
import dataclasses
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes
from modes import residuals
from modes.errors import name_of
from modes.residuals import PRIMES, SMALL, checksum

from .test_rules import CASES

MODES = ("forward", "reverse", "mixed", "auto")
X = np.array([0.7, -1.3, 2.1])


@pytest.fixture(autouse=True)
def _quietly() -> Iterator[None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def jacobians(f: Callable[..., Any], *args: Any, argnums: Any = 0) -> list[Any]:
    """By every mode; where one is refused, the refusal."""
    results: list[Any] = []
    for mode in MODES:
        try:
            results.append(modes.jacobian(f, argnums, mode=mode)(*args))
        except modes.TracedValueError as error:
            results.append(error)
    return results


# -- numbers that are not finite ---------------------------------------------------------------------------------------
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)

# LAPACK's singular values of an infinite entry do not return (np.linalg.svd of a plain array hangs), its eigenvalues
# print complaints: NaN and zeros only.
NO_INFINITIES = {
    *("numpy.linalg.cond", "numpy.linalg.eigh", "numpy.linalg.eigvalsh", "numpy.linalg.matrix_norm"),
    *("numpy.linalg.norm", "numpy.linalg.pinv", "numpy.linalg.svd", "numpy.linalg.svdvals"),
    *("modes.rules.spectral.eigenpairs", "modes.rules.spectral.singular_triplets"),
}

# Rows whose Jacobians at such numbers differ between the modes, each with the reason (docs/engines.md names them).
DIFFERENT: dict[str, str] = {}


def spoilt(args: tuple[Any, ...], special: tuple[float, ...], rng: np.random.Generator) -> tuple[Any, ...]:
    """The arguments with one entry or two of each replaced."""
    copies = [np.array(x) for x in args]
    for x in copies:
        if x.size and x.dtype.kind == "f":
            places = rng.integers(x.size, size=rng.integers(1, 3))
            x.reshape(-1)[places] = rng.choice(special, len(places))
    return tuple(copies)


def alike(J: Any, other: Any) -> None:
    """The same numbers: NaN and infinities in the same places, the others to rounding."""
    J, other = (np.asarray(x, float) for x in (J, other))
    np.testing.assert_allclose(J, other, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("func", [f for f in CASES if name_of(f) not in DIFFERENT], ids=name_of)
def test_modes_agree_on_numbers_that_are_not_finite(func: Any) -> None:
    rng = np.random.default_rng(len(name_of(func)))
    special = tuple(x for x in SPECIAL if not np.isinf(x)) if name_of(func) in NO_INFINITIES else SPECIAL
    tried = False
    for f, args in CASES[func][:6]:
        points = spoilt(args, special, rng)
        try:
            f(*points)
        except (ValueError, np.linalg.LinAlgError):
            continue
        every = tuple(range(len(points)))
        results = {}
        for mode in MODES:
            try:
                results[mode] = modes.jacobian(f, every, mode=mode)(*points)
            except np.linalg.LinAlgError:
                results[mode] = None
        for mode in MODES[1:]:
            assert (results[mode] is None) == (results["forward"] is None)
            for J, other in zip(results["forward"] or (), results[mode] or (), strict=True):
                alike(J, other)
        if tried or results["forward"] is None:
            continue  # one is enough: recording takes time
        try:
            prepared = modes.prepare(f, *points, argnums=every)
        except modes.TracedValueError:
            continue  # a decision on a value
        tried = True
        for jacobian in (prepared.jacfwd, prepared.jacrev, prepared.jacfwd):
            for J, other in zip(results["forward"], jacobian(*points), strict=True):
                alike(J, other)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sqrt(x - x),
        lambda x: np.cbrt(x - 2 * x + x),
        lambda x: np.sqrt(x - x) * x[0],
        lambda x: np.sqrt(0 * x) - np.sqrt(0 * x),
        lambda x: np.log(x - x) - np.log(x - x),
        lambda x: np.where(x > 0, np.sqrt(x - x), np.sqrt(x)),
        lambda x: np.linalg.norm(x - x) + np.sqrt(np.abs(x - x)),
        lambda x: np.array([[1.0, np.nan, 2.0], [0.0, 1.0, np.inf]]) @ np.tanh(x),
    ],
)
def test_modes_agree_where_infinite_derivatives_meet(f: Callable[..., Any]) -> None:
    prepared = modes.prepare(f, X)
    J = modes.jacfwd(f)(X)
    for other in (*jacobians(f, X), prepared.jacfwd(X), prepared.jacrev(X), modes.jacrev(f, chunk_size=1)(X)):
        alike(other, J)


def test_the_other_mode_is_asked_about_nan_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_array_equal(modes.jacrev(lambda x: np.sqrt(x - x))(X), np.zeros((3, 3)))
    x = np.concatenate([np.zeros(2000), [np.nan]])  # by columns that would be 2001 tangents for one cotangent
    assert np.isnan(modes.jacrev(lambda x: np.sum(np.sqrt(x - x)))(x)).any()
    monkeypatch.setattr("modes.reverse.by_columns", lambda call, results: results)
    with pytest.raises(AssertionError):
        alike(modes.jacrev(lambda x: np.sqrt(x - x))(X), np.zeros((3, 3)))


# -- work arrays -------------------------------------------------------------------------------------------------------
def row(w: Any) -> Any:
    return w[..., 0, :] if w.ndim > 1 else w


# Each uses a work array w beside a value x of length n. Shapes: of the array, (n,) or (n, n).
USES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "multiply": ("n", lambda x, w: w * x),
    "multiply by": ("n", lambda x, w: x * w),
    "multiply a scalar": ("n", lambda x, w: np.sum(x) * w),
    "a view of it": ("n", lambda x, w: x * w[::-1]),
    "multiply rows": ("nn", lambda x, w: np.sum(w * x, axis=0)),
    "divide": ("n", lambda x, w: x / w),
    "power": ("n", lambda x, w: np.exp(x) ** w),
    "hypot": ("n", lambda x, w: np.hypot(x, w)),
    "maximum": ("n", lambda x, w: np.maximum(x, w)),
    "matrix": ("nn", lambda x, w: w @ x),
    "matrix behind": ("nn", lambda x, w: x @ w),
    "transposed": ("nn", lambda x, w: w.T @ np.tanh(x)),
    "dot": ("n", lambda x, w: np.dot(w, x) * x),
    "outer": ("n", lambda x, w: np.outer(x, w)[:, 1]),
    "einsum": ("nn", lambda x, w: np.einsum("ij,j->i", w, x)),
    "tensordot": ("nn", lambda x, w: np.tensordot(w, x, 1)),
    "where": ("n", lambda x, w: np.where(w > 1.2, x, 2 * x)),
    "mask": ("n", lambda x, w: np.where(w.astype(bool), x * x, x)),
    "convolve": ("n", lambda x, w: np.convolve(x, w)[: len(x)]),
    "average": ("n", lambda x, w: x * np.average(x, weights=w)),
    "interp": ("n", lambda x, w: np.interp(x, np.sort(w), w)),
    "add": ("n", lambda x, w: x + w),
    "solve": ("nn", lambda x, w: np.linalg.solve(w + 9 * np.eye(len(x)), x)),
}
WRITES: dict[str, Callable[[Any], Any]] = {
    "fill": lambda w: w.fill(5.0),
    "assign": lambda w: w.__setitem__(Ellipsis, 1.5),
    "one entry": lambda w: w.__setitem__((0,) * w.ndim, 3.0),
    "negate": lambda w: np.negative(w, out=w),
    "halve": lambda w: w.__imul__(0.5),
    "reverse": lambda w: w.__setitem__(Ellipsis, w[::-1].copy()),
    "exchange": lambda w: w.reshape(-1).__setitem__([0, -1], w.reshape(-1)[[-1, 0]]),
    "through a view": lambda w: row(w).__setitem__(slice(1), 7.0),
    "not at all": lambda w: None,
}


def worked(n: int, steps: list[tuple[str, str]], seed: int, copying: bool) -> Callable[[Any], Any]:
    """A function that uses work arrays and writes to them, step by step. `copying`: it uses copies instead."""

    def f(x: Any) -> Any:
        rng = np.random.default_rng(seed)
        work = {"n": 1 + rng.random(n), "nn": (1 + rng.random((n, n))) / n}
        y = x
        for use, write in steps:
            shape, operation = USES[use]
            w = work[shape]
            y = y + np.tanh(operation(y, w.copy() if copying else w))
            WRITES[write](w)
        return y

    return f


STEPS = st.lists(st.tuples(st.sampled_from(sorted(USES)), st.sampled_from(sorted(WRITES))), min_size=1, max_size=5)


@given(steps=STEPS, seed=st.integers(0, 2**31), n=st.sampled_from([3, 8]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_small_work_arrays_may_be_written_to(steps: list[tuple[str, str]], seed: int, n: int) -> None:
    f, right = worked(n, steps, seed, False), worked(n, steps, seed, True)
    x = np.linspace(-1.0, 1.0, n)
    J = modes.jacfwd(right)(x)
    for other in (*jacobians(f, x), modes.jacfwd(f, chunk_size=2)(x)):
        np.testing.assert_allclose(other, J, rtol=1e-10, atol=1e-12)
    v = np.cos(np.arange(n))
    np.testing.assert_allclose(modes.jvp(f, (x,), (v,))[1], J @ v, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(modes.vjp(f, x)[1](v)[0], v @ J, rtol=1e-9, atol=1e-12)
    try:
        prepared = modes.prepare(f, x)
    except modes.TracedValueError as error:
        refused = str(error)
        assert "written to after its use" in refused or "as a plain array" in refused, refused
    else:
        np.testing.assert_allclose(prepared.jacrev(x), J, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(prepared.jacfwd(x), J, rtol=1e-10, atol=1e-12)


@given(steps=STEPS, seed=st.integers(0, 2**31), n=st.sampled_from([8, 70]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_large_ones_are_right_or_refused(steps: list[tuple[str, str]], seed: int, n: int) -> None:
    """Small ones, too, where nothing counts as small."""
    f, right = worked(n, steps, seed, False), worked(n, steps, seed, True)
    x = np.linspace(-1.0, 1.0, n)
    J = modes.jacfwd(right)(x)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(residuals, "SMALL", 0)
        patch.setattr("modes.tape.SHORT", 0)
        results = jacobians(f, x)
    for result in results:
        if isinstance(result, modes.TracedValueError):
            assert "was written to since" in str(result)
            assert any(write != "not at all" for _, write in steps)
        else:
            np.testing.assert_allclose(result, J, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("n", [3, 70])
def test_forward_mode_holds_no_array_of_the_function_s(use: str, n: int) -> None:
    """As the first operation, on the identity, and as the last one, on a dense block that may wait for its factor."""
    shape, operation = USES[use]
    V = np.linspace(-1, 1, n * n).reshape(n, n) / n + np.eye(n)

    def f(x: Any, last: bool, copying: bool) -> Any:
        w = 1 + np.random.default_rng(1).random((n,) * len(shape)) / n ** (len(shape) - 1)
        y = operation(V @ x if last else x, w.copy() if copying else w)
        w[:] = 3.0
        return y

    x = np.linspace(-1.0, 1.0, n)
    for last in (False, True):
        J = modes.jacfwd(lambda x, last=last: f(x, last, True))(x)
        np.testing.assert_allclose(modes.jacfwd(lambda x, last=last: f(x, last, False))(x), J, rtol=1e-9, atol=1e-12)
        y_dot = modes.jvp(lambda x, last=last: f(x, last, False), (x,), (x,))[1]
        np.testing.assert_allclose(y_dot, J @ x, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [3, 70, 5000])
def test_the_argument_itself_may_be_written_to(n: int) -> None:
    x = np.linspace(1.0, 2.0, n)

    def f(z: Any) -> Any:
        y = z * z
        x[:] = 5.0
        return np.sum(y * z)

    point = x.copy()
    for derive in (modes.grad, lambda f: modes.jacfwd(f, chunk_size=None)):
        x[:] = point
        if x.nbytes > SMALL and derive is modes.grad:
            with pytest.raises(modes.TracedValueError, match="was written to since"):
                derive(f)(x)
        else:
            np.testing.assert_allclose(derive(f)(x), 3 * point**2)


@pytest.mark.parametrize("n", [3, 70])
def test_between_a_call_and_its_pull_back(n: int) -> None:
    """Parameters may change; where the pull-back would read them, it says so, or has a copy."""
    W, x, seed = np.eye(n) * 2, np.linspace(0.1, 1, n), np.ones(n)
    y, pullback = modes.vjp(lambda x: np.exp(W @ x), x)
    expected = 2 * y
    x[:] = 0
    y[:] = 0  # its memory is nobody else's
    np.testing.assert_allclose(pullback(seed)[0], expected)
    W[0, -1] = 3.0
    if W.nbytes <= SMALL:
        np.testing.assert_allclose(pullback(seed)[0], expected)
    else:
        with pytest.raises(modes.TracedValueError, match=r"was written to since.*pull back before"):
            pullback(seed)
        W[0, -1] = 0.0
        np.testing.assert_allclose(pullback(seed)[0], expected)
    _, pullback = modes.vjp(lambda W: np.sum(np.sin(W), axis=0) + W[0], W)  # nothing that reads W itself
    W -= 0.1
    assert pullback(seed)[0].shape == W.shape


def test_what_no_derivative_reads_may_change_at_any_size() -> None:
    work = np.ones(9000)

    def f(x: Any) -> Any:
        y = np.sum(np.concatenate([work, x])) + np.sum(np.where(x > 0, x, work[:3])) * x
        y = y + np.sum(x * 2.0 + np.sum(work)) + np.max(np.add(work, x[0]))
        work[:] = 0.5
        work[0] = 0.0
        return y

    work[:] = 1.0
    J = modes.jacrev(f)(X)
    work[:] = 1.0
    np.testing.assert_allclose(J, modes.jacfwd(f)(X))


def test_a_read_only_array_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    W = np.ones((70, 70))
    W.setflags(write=False)
    monkeypatch.setattr(residuals, "checksum", None)
    assert modes.grad(lambda x: np.sum(W @ x))(np.ones(70)).shape == (70,)
    with pytest.raises(TypeError):
        modes.grad(lambda x: np.sum(W.copy() @ x))(np.ones(70))


def test_an_array_used_again_unchanged_is_copied_once() -> None:
    W = np.ones((20, 20))
    tape = modes.tape.Tape()
    tape.partials, tape.kept = [], None
    first = tape.keep(W)
    assert first is not W
    assert tape.keep(W) is first
    W[0, 0] = 2.0
    assert tape.keep(W) is not first


@given(
    shape=st.sampled_from([(5000,), (80, 80), (3, 1021), (5, 2042), (64, 129), (2, 40, 64)]),
    dtype=st.sampled_from(["f8", "f4", "i2", "?"]),
    order=st.sampled_from("CF"),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_checksum_sees_a_number_and_an_exchange(shape: tuple[int, ...], dtype: str, order: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.asarray(rng.standard_normal(shape) * 100, order=order).astype(dtype, order="K")  # type: ignore[call-overload]
    before = checksum(a)
    assert checksum(a.copy("K")) == before
    place = tuple(int(rng.integers(n)) for n in shape)
    old = a[place]
    a[place] = not old if dtype == "?" else old + 1
    assert checksum(a) != before
    a[place] = old
    assert checksum(a) == before
    i, j = rng.choice(shape[0], 2, replace=False)
    if (a[i] != a[j]).any() and (i - j) % PRIMES[0] and (i - j) % PRIMES[1]:
        a[[i, j]] = a[[j, i]]
        assert checksum(a) != before


# -- operands of odd types ---------------------------------------------------------------------------------------------
def odd_types(values: list[float]) -> list[Any]:
    plain: Any = np.array(values)
    return [
        plain, list(values), tuple(values), memoryview(plain), array.array("d", values), plain.astype(object),
        np.array([Fraction(v) for v in values]), [np.float64(v) for v in values], plain.astype("f4"),
    ]  # fmt: skip


OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "*": lambda x, a: x * a,
    "* from the left": lambda x, a: a * x,
    "-": lambda x, a: a - x,
    "/": lambda x, a: a / x,
    "multiply": lambda x, a: np.multiply(a, x),
    "hypot": lambda x, a: np.hypot(a, x),
    "maximum": lambda x, a: np.maximum(a, x),
    "dot": lambda x, a: np.dot(a, x),
    "inner": lambda x, a: np.inner(a, x),
    "vdot": lambda x, a: np.vdot(x, a),
    "outer": lambda x, a: np.outer(a, x),
    "linalg.outer": lambda x, a: np.linalg.outer(a, x),
    "kron": lambda x, a: np.kron(a, x),
    "cross": lambda x, a: np.cross(a, x),
    "tensordot": lambda x, a: np.tensordot(a, x, 1),
    "convolve": lambda x, a: np.convolve(a, x),
    "trapezoid": lambda x, a: np.trapezoid(a, x),
    "trapezoid over": lambda x, a: np.trapezoid(x, a),
    "average": lambda x, a: np.average(a, weights=x),
    "weights": lambda x, a: np.average(x, weights=a),
    "polyval": lambda x, a: np.polyval(a, x),
    "interp": lambda x, a: np.interp(x, [-2.0, 0.1, 3.0], a),
    "where": lambda x, a: np.where(x > 0, a, x),
    "clip": lambda x, a: np.clip(x, a, None),
    "diff": lambda x, a: np.diff(x, prepend=a),
    "linspace": lambda x, a: np.linspace(a, x, 4),
    "insert": lambda x, a: np.insert(x, 1, a),
    "insert into": lambda x, a: np.insert(a, 1, x),
    "append": lambda x, a: np.append(x, a),
    "solve": lambda x, a: np.linalg.solve(np.eye(3) * 2, a) * x,
}


@pytest.mark.parametrize("name", OF_TWO)
def test_array_likes_beside_a_traced_array(name: str) -> None:
    f = OF_TWO[name]
    values = [0.5, 1.25, 2.0]
    expected = modes.jacfwd(lambda x: f(x, np.array(values)))(X)
    for a in odd_types(values):
        try:
            f(X, a)
        except (TypeError, AttributeError):
            continue  # NumPy does not take it either
        for J in jacobians(lambda x, a=a: f(x, a), X):
            np.testing.assert_allclose(J, expected, rtol=1e-6)


@pytest.mark.parametrize("a", [range(1, 4), Fraction(1, 3), True, np.True_, np.int8(3), np.float16(0.5)], ids=repr)
@pytest.mark.parametrize("f", [lambda x, a: x * a, lambda x, a: a * x, lambda x, a: x - a, lambda x, a: np.exp(x) ** a])
def test_ranges_and_numbers_of_other_types(f: Callable[..., Any], a: Any) -> None:
    number = np.asarray(a, float)
    expected = modes.jacfwd(lambda x: f(x, number))(X)
    for J in (*jacobians(lambda x: f(x, a), X), modes.prepare(lambda x: f(x, a), X).jacrev(X)):
        np.testing.assert_allclose(J, expected, rtol=1e-6)


def test_objects_that_are_no_numbers_are_refused() -> None:
    words = np.array(["a", "b", "c"], object)
    for f in (lambda x: x * words, lambda x: np.hypot(x, words), lambda x: np.dot(words, x)):
        for mode in MODES:
            with pytest.raises((TypeError, AttributeError)):  # the second is NumPy's own, of hypot
                modes.jacobian(f, mode=mode)(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.median(x[:0]) + x,
        lambda x: np.median(np.reshape(x[:0], (0, 2)), axis=0)[0] + x,
        lambda x: np.linalg.norm(np.reshape(x[:0], (0, 3)), 2) + x,
        lambda x: np.linalg.norm(x[:0]) + x,
        lambda x: np.concatenate([x[[]], x]),
    ],
)
def test_empty_arrays(f: Callable[..., Any]) -> None:
    for J in (*jacobians(f, X), modes.prepare(f, X).jacrev(X), modes.prepare(f, X).jacfwd(X)):
        np.testing.assert_array_equal(J, np.eye(3))


# -- ways out of a trace -----------------------------------------------------------------------------------------------
@dataclasses.dataclass
class Layer:
    W: Any
    b: Any


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        lambda x: copy.deepcopy({"a": [x, (x,)]})["a"][1][0],
        lambda x: dataclasses.asdict(Layer(x, 1.0))["W"],
        lambda x: dataclasses.astuple(Layer(x, [x]))[1][0],
        lambda x: dataclasses.replace(Layer(1.0, x), W=2.0).b,
        lambda x: copy.copy(Layer(x, x)).W,
        lambda x: x.copy(),
        lambda x: x.__copy__(),
    ],
)
def test_a_copy_is_the_array_itself(duplicate: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        assert duplicate(x) is x
        return np.sum(duplicate(x) ** 2)

    np.testing.assert_array_equal(modes.grad(f)(X), 2 * X)
    np.testing.assert_allclose(modes.jvp(f, (X,), (X,))[1], 2 * X @ X, rtol=1e-14)
    for J in (*jacobians(f, X), modes.prepare(f, X).jacrev(X)):
        np.testing.assert_array_equal(J, 2 * X)
    np.testing.assert_array_equal(modes.hessian(f)(X), 2 * np.eye(3))


@pytest.mark.parametrize(
    "smuggle",
    [
        pickle.dumps,
        lambda x: pickle.dumps({"x": [x]}),
        lambda x: x.__reduce__(),
        lambda x: x.__getstate__(),
        lambda x: np.array(x, dtype=object),
        lambda x: np.array([x, x], dtype=object),
        lambda x: np.asarray(x),
        lambda x: np.ma.array(x),
        lambda x: np.vectorize(lambda t: t)(x),
        lambda x: np.save("never", x),
        lambda x: np.savez("never", x=x),
        lambda x: x.tobytes(),
        lambda x: x.view(),
        lambda x: x.flags,
        lambda x: x.base,
        lambda x: x.data,
        lambda x: x.__array_interface__,
        memoryview,
        bytes,
        lambda x: x.dump("never"),
        lambda x: np.fromiter(x, float),
        lambda x: array.array("d", x),
        lambda x: pow(x, 2, 5),
    ],
)
def test_other_ways_to_duplicate_it_are_refused(smuggle: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        smuggle(x)
        return np.sum(x)

    for derive in (modes.grad, modes.jacfwd, lambda f: lambda x: modes.prepare(f, x)):
        with pytest.raises((TypeError, AttributeError, ValueError)) as refused:
            derive(f)(X)
        assert (
            "Dual" not in str(refused.value) or "attribute" in str(refused.value) or smuggle in (memoryview, bytes)
        )  # Python's own message


def test_an_array_of_objects_that_holds_traced_values() -> None:
    """Its own sum is right, by Python's operators; beside a traced array, or as a result, it is refused."""

    def held(x: Any) -> Any:
        objects = np.empty(3, object)
        for i in range(3):
            objects[i] = x[i]
        return objects

    for J in jacobians(lambda x: np.sum(held(x)) * 2.0, X):
        np.testing.assert_array_equal(J, [2.0, 2.0, 2.0])
    for f in (lambda x: held(x), lambda x: held(x) * x, lambda x: np.sum(x * held(x)), lambda x: np.dot(held(x), x)):
        for mode in MODES:
            with pytest.raises(TypeError):
                modes.jacobian(f, mode=mode)(X)


def test_nothing_traced_is_handed_out() -> None:
    stored: list[Any] = []

    def storing(x: Any) -> Any:
        stored.append(x)
        return x * 2.0

    modes.jacfwd(storing)(X)
    modes.jacrev(storing)(X)
    for leaked in stored:
        for use in (
            lambda leaked: modes.jvp(lambda x: x, (X,), (leaked,)),
            lambda leaked: modes.jvp(lambda x: x, (leaked,), (X,)),
            lambda leaked: modes.vjp(lambda x: x, X)[1](leaked),
            lambda leaked: modes.grad(lambda x: np.sum(x))(leaked),
            lambda leaked: modes.jacfwd(lambda x: leaked)(X),
            lambda leaked: modes.jacrev(lambda x: leaked)(X),
            lambda leaked: modes.prepare(lambda x: leaked, X),
        ):
            with pytest.raises(modes.TracedValueError):
                use(leaked)
    with pytest.raises(modes.TracedValueError, match="outside"):
        modes.grad(lambda x: np.sum(modes.prepare(lambda z: x, X).value(X)))(X)
    for mode in MODES:
        with pytest.raises(TypeError, match="MaskedArray"):
            modes.jacobian(lambda x: np.ma.array([1.0, 2.0]), mode=mode)(X)


def test_a_tree_that_contains_itself() -> None:
    branch: list[Any] = [X]
    branch.append(branch)
    twig: dict[str, Any] = {"x": X}
    twig["self"] = twig
    for tree in (branch, twig):
        for derive in (modes.jacfwd, modes.jacrev, modes.grad, lambda f: lambda x: modes.prepare(f, x)):
            with pytest.raises(ValueError, match="contains itself"):
                derive(lambda tree: X)(tree)


# -- prepared functions ------------------------------------------------------------------------------------------------
W = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 1.0], [2.0, 0.3, 0.1]])


def layer(x: Any) -> Any:
    return np.tanh(W @ x) * x


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
@pytest.mark.parametrize("used", [False, True])
def test_a_copy_of_a_prepared_function_is_one_of_its_own(duplicate: Callable[[Any], Any], used: bool) -> None:
    prepared = modes.prepare(layer, X)
    if used:
        prepared.jacfwd(X), prepared.jacrev(X), prepared.jvp((X,), (X,)), prepared.vjp(X)[1](X), prepared.value(X)
    other = duplicate(prepared)
    _, pullback = prepared.vjp(X)
    for _ in range(2):
        for one, x in ((prepared, X), (other, 2 * X)):
            np.testing.assert_allclose(one.jacfwd(x), modes.jacfwd(layer)(x), rtol=1e-12)
            np.testing.assert_allclose(one.jacrev(x), modes.jacfwd(layer)(x), rtol=1e-12)
            np.testing.assert_allclose(one.value(x), layer(x), rtol=1e-12)
    other.vjp(3 * X)
    np.testing.assert_allclose(pullback(X)[0], modes.vjp(layer, X)[1](X)[0], rtol=1e-12)
    with pytest.raises(TypeError, match="copy the Prepared"):
        copy.deepcopy(pullback)


def test_threads_take_turns_and_pull_back_what_is_theirs() -> None:
    prepared = modes.prepare(layer, X)
    wrong: list[str] = []
    done = {"pulled": 0}

    def work(number: int) -> None:
        for i in range(60):
            x = X * (1 + number + i / 7)
            expected = modes.jacfwd(layer)(x)
            for J in (prepared.jacrev(x), prepared.jacfwd(x)):
                if not np.allclose(J, expected, rtol=1e-9):
                    wrong.append(f"a Jacobian at {x}")
            _, pullback = prepared.vjp(x)
            try:
                (pulled,) = pullback(X)
            except RuntimeError:
                continue  # another thread called vjp: refused
            done["pulled"] += 1
            if not np.allclose(pulled, X @ expected, rtol=1e-9):
                wrong.append(f"a product at {x}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert done["pulled"]


@pytest.mark.parametrize("n", [3, 70])
def test_a_prepared_pull_back_reads_what_its_vjp_read(n: int) -> None:
    V, x = np.eye(n) * 2, np.linspace(0.1, 1, n)
    prepared = modes.prepare(lambda x: np.tanh(V @ x), x)
    for scale in (2.0, 3.0):
        V[:] = np.eye(n) * scale
        _, pullback = prepared.vjp(x)
        expected = scale * (1 - np.tanh(scale * x) ** 2)
        np.testing.assert_allclose(pullback(np.ones(n))[0], expected)
        V[0, 1] = 9.0
        if V.nbytes <= SMALL:
            np.testing.assert_allclose(pullback(np.ones(n))[0], expected)
        else:
            with pytest.raises(modes.TracedValueError, match="pull back before"):
                pullback(np.ones(n))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    "subclass", [lambda a: np.ma.array(a, mask=[[False, True]]), np.matrix], ids=["masked", "matrix"]
)
def test_prepare_refuses_what_the_engines_refuse(subclass: Callable[[Any], Any]) -> None:
    plain = np.array([[1.0, 2.0]])
    bad = subclass(plain)
    for attempt in (
        lambda: modes.prepare(lambda x: x * 2, bad),
        lambda: modes.prepare(lambda x, c: x * c, plain, bad),
        lambda: modes.prepare(lambda x: x * bad, plain),
        lambda: modes.prepare(lambda x: np.concatenate([x, bad]), plain),
        lambda: modes.prepare(lambda x: x * 2, plain).jacfwd(bad),
        lambda: modes.prepare(lambda x, c: x * c, plain, plain).value(plain, bad),
        lambda: modes.prepare(lambda x: x * 2, plain).jvp((plain,), (bad,)),
        lambda: modes.prepare(lambda x: x * 2, plain).vjp(plain)[1](bad),
    ):
        with pytest.raises(TypeError, match="expected a plain array"):
            attempt()
