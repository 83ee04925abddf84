"""The traced array as NumPy's users meet it: values in every form, methods and attributes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes
from modes import assembly
from modes.errors import name_of
from modes.rules import RULES
from modes.rules.table import CONSTANT, REFUSED

from . import array_cases, reduction_cases, rule_cases
from .test_rules import _parameters

few = settings(deadline=None, max_examples=25, derandomize=True)


def gradient_of_cubes(f: Callable[..., Any], *args: Any) -> None:
    """Both modes and differences agree; the cube makes every derivative depend on its place."""
    modes.check_derivatives(lambda *z: f(*(part * part * part for part in z)), *args, directions=1)


# --- values in every form -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("f", "args"), _parameters())
def test_values_are_numpys_and_inputs_stay(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """In both dtypes the value on the tape has NumPy's numbers, shape and dtype; arguments may be read-only."""
    for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-4)):
        given = tuple(np.array(x, dtype)[()] for x in args)
        for x in given:
            if isinstance(x, np.ndarray):
                x.flags.writeable = False
        kept = [np.array(x) for x in given]
        expected = f(*given)
        y, pullback = modes.vjp(f, *given)
        np.testing.assert_allclose(y, expected, rtol=rtol, atol=rtol)
        assert y.dtype == expected.dtype
        assert np.shape(y) == np.shape(expected)
        pullback(np.ones_like(y))
        modes.jvp(f, given, given)
        for x, before in zip(given, kept, strict=True):
            np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(("f", "args"), _parameters())
def test_blocks_stay_float32(f: Callable[..., Any], args: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only the result: no rule computes in float64 and has its result converted."""
    if any(f is case for func in (np.float_power, np.interp) for case, _ in CASES[func]):
        pytest.skip("NumPy converts to float64 here")
    single = tuple(np.asarray(x, np.float32)[()] for x in args)
    if f(*single).dtype != np.float32:
        pytest.skip("NumPy itself gives float64 here: a float64 constant takes part")
    came = []

    def owned(array: Any, dtype: Any) -> Any:
        came.append(array.dtype)
        return array

    monkeypatch.setattr(assembly, "owned", owned)
    argnums = tuple(range(len(args)))
    modes.jacfwd(f, argnums)(*single)
    modes.jacrev(f, argnums)(*single)
    assert came
    assert set(came) == {np.dtype(np.float32)}


def fortran(x: np.ndarray) -> np.ndarray:
    return np.array(x, order="F")


def strided(x: np.ndarray) -> np.ndarray:
    """The same numbers, every other one in memory."""
    return np.repeat(np.asarray(x)[..., None], 2, -1)[..., 0]


CASES = rule_cases.CASES | reduction_cases.CASES | array_cases.CASES


@pytest.mark.parametrize("func", [f for f in CASES if f is not np.unwrap], ids=lambda f: getattr(f, "__name__", "row"))
def test_any_memory_layout(func: Callable[..., Any]) -> None:
    """Fortran order and strided views give what C order gives, to the last bit but for sums in another order."""
    for f, args in CASES[func]:
        argnums = tuple(range(len(args)))
        for form in (fortran, strided):
            formed = tuple(form(x) for x in args)
            for jacobian in (modes.jacfwd, modes.jacrev):
                for J, K in zip(jacobian(f, argnums)(*formed), jacobian(f, argnums)(*args), strict=True):
                    np.testing.assert_allclose(J, K, rtol=1e-12, atol=1e-13)


EMPTY: list[Callable[[Any], Any]] = [
    np.sin,
    np.sqrt,
    lambda x: x * 2.0 + np.ones((0, 3)),
    lambda x: x / x,
    np.sum,
    lambda x: np.sum(x, axis=0),
    lambda x: np.sum(x, axis=1, keepdims=True),
    np.prod,
    lambda x: np.cumsum(x, axis=0),
    lambda x: np.max(x, axis=1),
    lambda x: np.sort(x, axis=0),
    np.ravel,
    lambda x: x.T,
    lambda x: np.concatenate([x, np.ones((2, 3)), x]),
    lambda x: np.where(x > 0, x, 0.0),
    lambda x: x[:, 1],
    lambda x: x[np.array([], int)],
    lambda x: np.stack([x, x]),
    lambda x: np.tile(x, (2, 2)),
    lambda x: np.pad(x, 1),
    lambda x: np.broadcast_to(x, (2, 0, 3)),
    lambda x: x @ np.ones((3, 2)),
    lambda x: np.zeros((2, 0)) @ x,
]


@pytest.mark.parametrize("f", EMPTY)
def test_axes_of_size_0(f: Callable[[Any], Any]) -> None:
    x = np.zeros((0, 3))
    for jacobian in (modes.jacfwd, modes.jacrev):
        for chunk_size in (None, 1):
            assert jacobian(f, 0, chunk_size)(x).shape == (*np.shape(f(x)), 0, 3)
        assert jacobian(modes.grad(lambda x: np.sum(f(x))))(x).shape == (0, 3, 0, 3)


def test_lists_and_tuples_beside_a_traced_array() -> None:
    x = np.array([1.0, 2.0, 4.0])
    for f, slope in (
        (lambda x: x * [1, 2, 3] + (4.0, 5.0, 6.0), [1, 2, 3]),
        (lambda x: [1.0, 2.0, 3.0] / x, -np.array([1.0, 2.0, 3.0]) / x**2),
        (lambda x: (6.0, 5.0, 4.0) - x, [-1, -1, -1]),
        (lambda x: x / (2.0, 4.0, 8.0), [0.5, 0.25, 0.125]),
        (lambda x: np.maximum(x, (3.0, 0.0, 3.0)), [0, 1, 1]),
        (lambda x: x ** [1, 2, 3], [1, 4, 48]),
        (lambda x: np.where([True, False, True], x, [1, 2, 3]), [1, 0, 1]),
        (lambda x: x + np.array([1, 2, 3]) + True + np.int64(2), [1, 1, 1]),
    ):
        for jacobian in (modes.jacfwd, modes.jacrev):
            np.testing.assert_allclose(jacobian(f)(x), np.diag(slope))


# --- methods and attributes -----------------------------------------------------------------------------------------
METHODS: list[Callable[[Any], Any]] = [
    lambda x: x.T @ x,
    lambda x: x.mT * 2,
    lambda x: x.real + x.imag,
    lambda x: x.sum() + x.mean(0) + x.prod(-1)[0] + x.max() * x.min(),
    lambda x: x.sum(0, None, None, True) + x.mean(axis=(0, 1), keepdims=True),
    lambda x: x.std(ddof=1) * x.var(0, None, None, 1, True),
    lambda x: x.cumsum() * x.cumprod(),
    lambda x: x.cumsum(1) * x.cumprod(axis=0),
    lambda x: x.reshape(4, 2) + x.reshape((4, 2)) + x.reshape(-1, 2),
    lambda x: x.reshape((4, 2), order="F"),
    lambda x: x.ravel() + x.flatten() + x.flatten("F"),
    lambda x: x.transpose() @ x.transpose(0, 1) + x.transpose((1, 0)) @ x.swapaxes(1, 0).T,
    lambda x: x[:, None].squeeze(1) + x[None].squeeze(),
    lambda x: x.take([1, 1, 0], axis=1) + x.take(3),
    lambda x: x.repeat(2, axis=0)[1:3] + x.repeat([1] * 8).reshape(2, 4),
    lambda x: x.diagonal() * x.trace() + x.diagonal(offset=1, axis1=1, axis2=0)[0],
    lambda x: x.clip(-0.5, 1.0) + x.clip(max=0.3) + x.clip(min=-0.2) + x.clip(0.1),
    lambda x: x.round(1) * x,
    lambda x: x.dot(x.T),
    lambda x: x.compress([True, False], axis=0),
    lambda x: x.conj() * x.conjugate(),
    lambda x: x.copy() * x.astype(np.float64),
    lambda x: x.flat[5] * x.flat[0],
    lambda x: np.stack([v * v for v in x.flat]),
    lambda x: divmod(x, 0.7)[1] + divmod(7.0, x)[1] + x % 2 + 3.0 % x,
    lambda x: -x + (+x) * abs(x) - 2 / x + 2.0 ** abs(x) + abs(x) ** 1.5,
    lambda x: x[x.argmax(0)[0]] * x[x > 0].sum() + x[x.argsort(1)[0, 0] % 2],
    lambda x: x * (x > 0.2) + x * (x <= 0.2) + x * (x == x) + x * (x != 0) + x * (x >= 1) * (x < 2),
]


@pytest.mark.parametrize("f", METHODS)
def test_methods_as_on_an_ndarray(f: Callable[[Any], Any]) -> None:
    x = rule_cases.real(2, 4) + 0.013
    modes.check_derivatives(f, x)
    y, _ = modes.vjp(f, x)
    np.testing.assert_allclose(y, f(x), rtol=1e-13)


def test_attributes_as_on_an_ndarray() -> None:
    x = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    seen: list[Any] = []

    def f(z: Any) -> Any:
        seen.append((z.shape, z.ndim, z.size, z.dtype, len(z), z.nbytes, z.itemsize, z.strides, z.any(), z.all()))
        seen.append((z.argmax(), z.argmin(), [i.tolist() for i in z.nonzero()], z.argsort().tolist(), 3.0 in z[1]))
        first, second = z
        a, b, c = second
        return a * b * c + first.sum()

    modes.grad(f)(x)
    f(x)
    assert seen[:2] == seen[2:]
    text: list[str] = []

    def noted(said: str, z: Any) -> Any:
        text.append(said)
        return z

    modes.grad(lambda z: noted(np.array2string(z), np.sum(z)))(x)
    assert text == [np.array2string(x)]
    assert not hasattr(x, "ptp")
    modes.jvp(lambda z: noted(str(hasattr(z, "ptp")), z), (x,), (x,))
    assert text[1] == "False"


# --- refusals ---------------------------------------------------------------------------------------------------------
REFUSALS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda x: x.sort(), modes.TracedValueError, r"sort\(\) .*np.sort"),
    (lambda x: x.fill(0.0), modes.TracedValueError, r"fill\(\) .*np.where"),
    (lambda x: x.put([0], 1.0), modes.TracedValueError, r"put\(\) "),
    (lambda x: x.partition(1), modes.TracedValueError, r"partition\(\) .*np.partition"),
    (lambda x: x.resize(3), modes.TracedValueError, r"resize\(\) .*np.resize"),
    (lambda x: np.put(x, [0], 1.0), modes.MissingRule, "numpy.put .*np.where"),
    (lambda x: np.copyto(np.zeros(4), x), modes.MissingRule, "numpy.copyto .*np.where"),
    (lambda x: np.full_like(np.ones(3), x[0]), modes.MissingRule, "np.broadcast_to"),
    (lambda x: np.fill_diagonal(x, 0.0), modes.MissingRule, "numpy.fill_diagonal .*np.where"),
    (np.unique, modes.MissingRule, "numpy.unique .*np.sort"),
    (lambda x: np.histogram(x)[0], modes.MissingRule, "numpy.histogram .*np.sum"),
    (lambda x: np.apply_along_axis(np.sum, 0, x), modes.MissingRule, "numpy.apply_along_axis .*axis="),
    (lambda x: np.nextafter(x, 2.0), modes.MissingRule, "numpy.nextafter"),
    (np.i0, modes.MissingRule, "numpy.i0 .*add a rule"),
    (lambda x: np.sum(x, initial=3.0), modes.MissingRule, "numpy.sum .*initial=.*y \\+ initial"),
    (lambda x: np.max(x, initial=3.0), modes.MissingRule, "numpy.max .*initial=.*np.maximum"),
    (lambda x: np.sum(x, where=[True, False, True, True]), modes.MissingRule, "numpy.sum .*where=.*np.where"),
    (lambda x: np.sum(x, dtype=np.float32), modes.MissingRule, "numpy.sum .*dtype=.*astype"),
    (lambda x: np.sum(x, 0, np.float32), modes.MissingRule, "numpy.sum .*dtype=.*astype"),
    (lambda x: np.cumsum(x, out=np.zeros(4)), modes.MissingRule, "numpy.cumsum .*out=.*assign"),
    (lambda x: np.clip(x, 0, 1, np.zeros(4)), modes.MissingRule, "numpy.clip .*out=.*assign"),
    (lambda x: np.sin(x, out=np.zeros(4)), modes.MissingRule, "numpy.sin .*out=.*assign"),
    (lambda x: np.quantile(x, 0.3, method="lower"), modes.MissingRule, "numpy.quantile .*method="),
    (lambda x: np.nan_to_num(x, copy=False), modes.MissingRule, "numpy.nan_to_num .*copy=.*assign"),
    (lambda x: np.average(x, returned=True)[0], modes.MissingRule, "numpy.average .*returned="),
    (lambda x: np.linspace(x[0], x[1], 3, retstep=True)[0], modes.MissingRule, "numpy.linspace .*retstep="),
    (lambda x: np.pad(x, 1, mode="linear_ramp"), ValueError, "'linear_ramp'.*np.concatenate"),
    (lambda x: np.ravel(x, "K"), ValueError, "order 'C' or 'F'.*'K'"),
    (lambda x: np.median(x, out=np.zeros(())), modes.MissingRule, "numpy.median .*out="),
    (lambda x: np.split(x[0], 1)[0], ValueError, "axes"),
    (lambda x: np.select([x > 0], [x, x]), ValueError, "1 and 2"),
    (lambda x: np.quantile(x, 1.3), ValueError, "between 0 and 1"),
    (lambda x: np.average(x, weights=[1.0, 2.0]), ValueError, r"\(4,\).*\(2,\)"),
    (lambda x: np.gradient(x[:1]), ValueError, "2 or more samples"),
    (lambda x: np.roll(np.ones(3), x), modes.TracedValueError, "int"),
]


@pytest.mark.parametrize(("f", "error", "message"), REFUSALS)
def test_refusals_name_the_function_and_the_remedy(
    f: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    x = np.array([0.3, 0.1, 0.7, 0.2])
    shaped = x.reshape(2, 2) if "order" in message or "diagonal" in message else x
    with pytest.raises(error, match=message):
        modes.grad(f)(shaped)
    with pytest.raises(error, match=message):
        modes.jvp(f, (shaped,), (shaped,))


def test_a_function_is_in_the_table_or_refused_but_not_both() -> None:
    assert not RULES.keys() & REFUSED.keys()
    for func, remedy in REFUSED.items():
        assert len(remedy) > 20, func


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # since NumPy 2.5
def test_constants_end_the_trace() -> None:
    """Functions without a derivative give plain values, on a traced array as on a plain one."""
    x = np.array([[1.5, -2.0, 0.0], [3.0, 4.5, -1.0]])
    special: dict[Any, tuple[Any, ...]] = {
        np.searchsorted: (0.5,),
        np.heaviside: (0.5,),
        np.digitize: ([0.0, 1.0],),
        np.isin: ([1.5],),
        np.argpartition: (1,),
        np.floor_divide: (2.0,),
    }
    binary = (
        *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.logical_and, np.logical_or),
        *(np.logical_xor, np.allclose, np.isclose, np.array_equal, np.array_equiv),
        *(np.may_share_memory, np.shares_memory),
    )
    for func in [func for func, rule in RULES.items() if rule.kind == CONSTANT]:
        if func in (np.can_cast, np.empty_like, np.einsum_path) or name_of(func).startswith(("modes", "numpy.linalg")):
            continue
        args = special.get(func, (x * 0 + 1.5,) if func in binary else ())
        operand = x[0] if func in (np.searchsorted,) else x[:, :2] if func is np.diag_indices_from else x
        seen: list[Any] = []

        def f(z: Any, func: Any = func, args: Any = args, seen: list[Any] = seen) -> Any:
            seen.append(func(z, *args))
            return np.sum(z)

        modes.grad(f)(operand)
        assert "Node" not in repr(seen[0]), func
        if func not in (np.may_share_memory, np.shares_memory):
            assert repr(seen[0]) == repr(func(operand, *args)), func


# --- shapes and axes, at random ------------------------------------------------------------------------------------
shapes = arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)


def drawn(shape: tuple[int, ...]) -> np.ndarray:
    """Distinct entries well apart, so that orders and extrema are smooth."""
    return rule_cases.real(*shape)


def axis_of(data: st.DataObject, ndim: int) -> int:
    return data.draw(st.integers(-ndim, ndim - 1), label="axis")


REDUCTIONS = [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.ptp, np.median, np.nansum, np.nanmax, np.average]


@given(st.data(), shapes, st.sampled_from(REDUCTIONS), st.booleans())
@few
def test_reductions_over_any_axes(data: st.DataObject, shape: tuple[int, ...], func: Any, keepdims: bool) -> None:
    axes = data.draw(st.one_of(st.none(), arrays.valid_tuple_axes(len(shape), min_size=1)), label="axis")
    x = drawn(shape)
    gradient_of_cubes(lambda x: func(x, axis=axes, keepdims=keepdims) + np.sum(x), x)


@given(st.data(), shapes)
@few
def test_running_sums_and_orders_along_any_axis(data: st.DataObject, shape: tuple[int, ...]) -> None:
    axis, x = axis_of(data, len(shape)), drawn(shape)
    gradient_of_cubes(lambda x: np.cumsum(x, axis) * np.flip(np.cumprod(x, axis), axis) + np.sort(x, axis), x)
    gradient_of_cubes(lambda x: np.roll(x, 2, axis) * np.repeat(x, 2, axis).take(range(shape[axis]), axis), x)


@given(st.data(), arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
@few
def test_broadcasting_on_either_side(data: st.DataObject, both: Any) -> None:
    func = data.draw(st.sampled_from([np.add, np.multiply, np.divide, np.hypot, np.arctan2, np.logaddexp, np.maximum]))
    a, b = (drawn(shape) for shape in both.input_shapes)
    modes.check_derivatives(func, a, 0.97 * b, directions=1)
    modes.check_derivatives(lambda a, b: np.where(a > b, a * b, b / a), a, 0.97 * b, directions=1)


@given(st.data(), shapes)
@few
def test_any_index(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(arrays.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True), label="index")
    gradient_of_cubes(lambda x: x[index] * 1.0, drawn(shape))
    picks = data.draw(arrays.integer_array_indices(shape), label="picks")
    gradient_of_cubes(lambda x: x[picks], drawn(shape))


@given(st.data(), shapes, st.integers(1, 3))
@few
def test_joining_and_taking_apart(data: st.DataObject, shape: tuple[int, ...], sections: int) -> None:
    axis, x = axis_of(data, len(shape)), drawn(shape)

    def apart_and_together(x: Any) -> Any:
        parts = np.array_split(x, sections, axis)
        return np.concatenate([part * (i + 1.0) for i, part in enumerate(reversed(parts))], axis)

    gradient_of_cubes(apart_and_together, x)
    width = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=x.ndim, max_size=x.ndim))
    mode: Any = data.draw(st.sampled_from(["constant", "edge", "symmetric", "wrap"]))
    gradient_of_cubes(lambda x: np.pad(x, width, mode=mode), x)
    np.testing.assert_array_equal(modes.vjp(lambda x: np.pad(x, width, mode=mode), x)[0], np.pad(x, width, mode=mode))


@given(shapes, st.lists(st.integers(0, 3), min_size=1, max_size=4))
@few
def test_tiles(shape: tuple[int, ...], reps: list[int]) -> None:
    x = drawn(shape)
    y, _ = modes.vjp(lambda x: np.tile(x, reps), x)
    np.testing.assert_array_equal(y, np.tile(x, reps))
    gradient_of_cubes(lambda x: np.sum(np.tile(x, reps)) + x, x)


@given(st.integers(2, 7), st.integers(1, 2), st.integers(0, 3))
@few
def test_differences_and_slopes(n: int, edge_order: Any, order: int) -> None:
    x = drawn((2, n + 1))
    at = np.cumsum(np.abs(drawn((n + 1,))))
    gradient_of_cubes(lambda x: np.sum(np.diff(x, min(order, n), axis=-1)) + np.gradient(x, at, axis=1), x)
    y, _ = modes.vjp(lambda x: np.gradient(x, at, axis=1, edge_order=edge_order), x)
    np.testing.assert_allclose(y, np.gradient(x, at, axis=1, edge_order=edge_order), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x[[]], np.zeros((0, 3))),
        (lambda x: np.repeat(x[0], 2, axis=0), [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
        (lambda x: np.einsum("i,i->", np.ones(1), x), [1.0, 1.0, 1.0]),
        (lambda x: np.einsum("i,ij->j", x[:1], np.arange(6.0).reshape(3, 2)), [[6.0, 0.0, 0.0], [9.0, 0.0, 0.0]]),
        (lambda x: np.average(x, weights=np.array([0.1, 0.2, 0.4], np.float32)), "weights"),
    ],
)
def test_edges_of_shapes(f: Callable[[Any], Any], expected: Any) -> None:
    x = np.array([1.0, 2.0, 3.0])
    if isinstance(expected, str):
        weights = np.array([0.1, 0.2, 0.4], np.float32).astype(float)
        expected = weights / weights.sum()
    assert np.shape(modes.vjp(f, x)[0]) == np.shape(f(x))
    for jacobian in (modes.jacfwd, modes.jacrev):
        np.testing.assert_allclose(jacobian(f)(x), expected, rtol=1e-15)
