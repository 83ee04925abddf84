"""Bad input: each error says what was expected, what came, and the remedy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import modes

BOTH = pytest.mark.parametrize("jacobian", [modes.jacfwd, modes.jacrev], ids=["forward", "reverse"])
x = np.array([1.0, 2.0, 3.0])
A = np.ones((3, 3))
kept: list[Any] = []


def keeping(z: Any) -> Any:
    kept.append(z)
    return z * 1.0


@BOTH
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (x * 1j, "expected argument 0 of f of a float dtype, got dtype complex128; .* real and imaginary parts"),
        (np.arange(3), r"expected argument 0 of f of a float dtype, got dtype int64; .* x.astype\(float\)"),
        (x > 0, "got dtype bool"),
        (1, "expected argument 0 of f to be a float, got int 1; write 1.0"),
        (1j, "expected argument 0 of f to be real"),
        ([1.0, 2.0], r"expected argument 0 of f to be an array, got a list of numbers; write np.array\(\[1.0, 2.0\]\)"),
        ([[1.0], [2.0]], "got a list of numbers; write np.array"),
        ("text", "got str; convert it with np.asarray"),
        (None, "got NoneType"),
    ],
    ids=str,
)
def test_arguments(jacobian: Any, argument: Any, message: str) -> None:
    def f(x: Any) -> Any:
        return x * 1.0

    with pytest.raises(TypeError, match=message):
        jacobian(f)(argument)


@BOTH
@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda x: None, "expected .* to return one array or scalar of float dtype, got NoneType"),
        (
            lambda x: [x, None],
            "alone in its tuples, lists and dicts, got NoneType among them; .*has_aux=True",
        ),
        (lambda x: {"y": x, "n": 3}, "got int among them; return what is not to be differentiated as auxiliary data"),
        (lambda x: (x, [x, x > 0]), "got an array of dtype bool among them"),
        (lambda x: ([], ()), "got an empty tuple"),
        (lambda x: "y", "got str"),
        (lambda x: x > 0, "got an array of dtype bool"),
        (lambda x: np.argmax(x), "got an array of dtype int64"),
        (lambda x: 3, "got int"),
    ],
    ids=["none", "list", "dict", "tuple", "empty", "str", "bool", "argmax", "int"],
)
def test_results(jacobian: Any, result: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        jacobian(result)(x)


@BOTH
@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: np.array([x[0], x[1]]), modes.TracedValueError, r"instead of np.array\(\[x, y\]\) write np.stack"),
        (lambda x: np.asarray(x), modes.TracedValueError, "cannot become a plain array"),
        (lambda x: float(x[0]), modes.TracedValueError, "would lose its derivative"),
        (lambda x: int(x[0]), modes.TracedValueError, "np.floor"),
        (lambda x: complex(x[0]), modes.TracedValueError, "real functions only"),
        (lambda x: x[0].item(), modes.TracedValueError, "index it instead"),
        (lambda x: x.tolist(), modes.TracedValueError, "iterate"),
        (lambda x: x.astype("S"), modes.TracedValueError, r"expected a float dtype for a traced array, .* got \|S"),
        (lambda x: x.__setitem__(0, 1.0), modes.TracedValueError, r"in-place write into a traced array of shape \(3,"),
        (lambda x: np.add(x, 1, out=np.zeros(3)), modes.MissingRule, "numpy.add has a rule, .* no out=.* assign"),
        (lambda x: np.add(x, 1, where=x > 1), modes.MissingRule, r"no where=.* np.where\(condition"),
        (lambda x: np.sum(x, where=x > 1), modes.MissingRule, "numpy.sum has a rule, but it covers no where="),
        (lambda x: np.add.at(x, 0, 1.0), modes.MissingRule, "numpy.add.at writes into an array"),
        (lambda x: np.i0(x), modes.MissingRule, r"numpy.i0 was called on .*modes.rules.elementwise\(numpy.i0"),
        (lambda x: A @ x[:2], ValueError, r"\(3, ?3\) and \(2,\)|size 2 is different from 3"),
    ],
)  # fmt: skip
def test_steps_without_a_derivative(jacobian: Any, f: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        jacobian(f)(x)


@BOTH
def test_the_message_names_the_place_in_the_user_s_code(jacobian: Any) -> None:
    def by_function(x: Any) -> Any:
        return np.i0(x)

    def by_value(x: Any) -> Any:
        return np.array([x[0], x[1]])

    for f in (by_function, by_value):
        place = f"{f.__code__.co_filename}:{f.__code__.co_firstlineno + 1}"
        with pytest.raises(TypeError, match=re.escape(f"(called at {place})")):
            jacobian(f)(x)


@BOTH
def test_in_place_operators_on_arrays_are_refused_and_on_scalars_rebind(jacobian: Any) -> None:
    def on_array(x: Any) -> Any:
        y = x
        y += 1.0
        return y

    with pytest.raises(modes.TracedValueError, match=r"in-place write .* \(x \+= y\).* write x = x \+ y"):
        jacobian(on_array)(x)

    def on_scalar(x: Any) -> Any:
        total = x[0]
        for entry in x[1:]:
            total += entry**2
        return total

    np.testing.assert_array_equal(jacobian(on_scalar)(x), [1.0, 4.0, 6.0])


@BOTH
def test_writing_a_traced_value_into_a_plain_array_is_refused(jacobian: Any) -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3)
        y[0] = x[0]
        return y

    with pytest.raises(modes.TracedValueError, match=r"writing it into an array .* np.stack"):
        jacobian(f)(x)


@BOTH
def test_a_value_that_escapes_its_trace_is_refused(jacobian: Any) -> None:
    jacobian(keeping)(x)
    for use in (lambda z: kept[-1] * z, lambda z: kept[-1] * kept[-1] * z, lambda z: np.tanh(kept[-1]) * z):
        with pytest.raises(modes.TracedValueError, match="after its trace had ended"):
            jacobian(use)(x)
    kept.clear()


@BOTH
@pytest.mark.parametrize(
    ("chunk_size", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_chunk_size(jacobian: Any, chunk_size: Any, error: Any) -> None:
    with pytest.raises(error, match="expected chunk_size"):
        jacobian(lambda x: x * 2.0, chunk_size=chunk_size)(x)


@BOTH
@pytest.mark.parametrize(
    ("argnums", "error", "message"),
    [
        (1, ValueError, "below the number of arguments, 1, got 1"),
        ((0, 0), ValueError, "name each argument once"),
        ("x", TypeError, "expected argnums to be an int or a tuple of ints, got 'x'"),
        ((), TypeError, "expected argnums"),
    ],
)
def test_argnums(jacobian: Any, argnums: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        jacobian(lambda x: x * 2.0, argnums)(x)


def test_shapes_that_do_not_fit_are_both_printed() -> None:
    def f(x: Any) -> Any:
        return A @ x

    with pytest.raises(ValueError, match=r"expected a tangent of shape \(3,\), .* got shape \(2,\)"):
        modes.jvp(f, (x,), (x[:2],))
    with pytest.raises(ValueError, match=r"expected a cotangent of shape \(3,\), .* got shape \(4,\)"):
        modes.vjp(f, x)[1](np.ones(4))
    with pytest.raises(ValueError, match="expected as many tangents as primals, 1, got 2"):
        modes.jvp(f, (x,), (x, x))
    no_tuple: Any = x
    with pytest.raises(TypeError, match="expected tangents to be a tuple, one item an argument, got ndarray"):
        modes.jvp(f, (x,), no_tuple)
    with pytest.raises(TypeError, match="float dtype, got dtype int64"):
        modes.jvp(f, (x,), (np.arange(3),))


def test_modes_and_layouts_list_the_known_ones() -> None:
    with pytest.raises(
        ValueError, match="expected mode to be one of 'forward', 'reverse', 'mixed', 'auto', got 'sideways'"
    ):
        modes.jacobian(lambda x: x, mode="sideways")
    with pytest.raises(ValueError, match="expected layout to be one of 'numerator', 'denominator', got 'other'"):
        modes.jacobian(lambda x: x, mode="forward", layout="other")
    with pytest.raises(TypeError, match="expected a function to differentiate, got float"):
        modes.jacfwd(3.0)(x)  # type: ignore[arg-type]


def test_grad_wants_a_scalar() -> None:
    with pytest.raises(ValueError, match=r"returns a scalar \(shape \(\)\) .* got shape \(3,\)"):
        modes.grad(lambda x: x * x)(x)


def test_a_missing_rule_can_be_added_as_the_message_says() -> None:
    with pytest.raises(modes.MissingRule, match=r"numpy\.i0"):
        modes.jacfwd(np.i0)(x)
    from modes.rules import RULES

    h = 1e-6
    modes.rules.elementwise(np.i0, lambda y, x: (np.i0(x + h) - np.i0(x - h)) / (2 * h))
    try:
        modes.check_derivatives(np.i0, x, rtol=1e-6)
    finally:
        del RULES[np.i0]


def test_arguments_in_trees() -> None:
    weights = {"W": A, "b": (x, [2.0])}

    def f(p: Any, x: Any) -> Any:
        return p["W"] @ x + p["b"][0] * p["b"][1][0]

    for jacobian in (modes.jacfwd, modes.jacrev):
        tree = jacobian(f)(weights, x)
        assert tree["W"].shape == (3, 3, 3)
        np.testing.assert_array_equal(tree["b"][0], 2.0 * np.eye(3))
        np.testing.assert_array_equal(tree["b"][1][0], x)
        both = jacobian(f, (1, 0))(weights, x)
        np.testing.assert_array_equal(both[0], A)
        np.testing.assert_array_equal(both[1]["W"], tree["W"])
    value, gradient = modes.value_and_grad(lambda p: np.sum(f(p, x)))(weights)
    assert value == np.sum(f(weights, x))
    np.testing.assert_array_equal(gradient["b"][0], 2.0 * np.ones(3))
    modes.check_derivatives(f, weights, x)


@BOTH
@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.abs(x * (1 + 1j)),
        lambda x: x * np.array([1j, 1.0, 1.0]),
        lambda x: np.real(1j * x),
        lambda x: np.real(A * 1j @ x),
        lambda x: np.abs(x + np.array([1j, 1.0, 1.0])),
    ],
)
def test_complex_steps_are_refused(jacobian: Any, f: Any) -> None:
    with pytest.raises(modes.TracedValueError, match=r"gave a complex result of shape .* real and imaginary parts"):
        jacobian(f)(x)


@BOTH
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_subclasses_with_a_meaning_of_their_own_are_refused(jacobian: Any) -> None:
    masked: Any = np.ma.masked_array(x, [False, False, True])
    for f, argument in (
        (lambda x: np.mean(x * x), masked),
        (lambda x: np.sum(x * x), np.asmatrix(A)),
        (lambda x: np.multiply(masked, x), x),
        (lambda x: x * masked, x),
        (lambda x: np.matmul(np.asmatrix(A), x), x),
    ):
        with pytest.raises(TypeError, match=r"expected a plain array, got (MaskedArray|matrix) .* np.asarray\(x\)"):
            jacobian(f)(argument)


@BOTH
def test_an_escaped_value_that_is_returned_is_refused(jacobian: Any) -> None:
    kept.clear()
    jacobian(keeping)(x)
    with pytest.raises(modes.TracedValueError, match="after its trace had ended"):
        jacobian(lambda x: kept[0])(x)


def test_tangents_belong_to_the_primals_of_their_names() -> None:
    def f(p: Any) -> Any:
        return p["a"] + 10 * p["b"]

    primals, tangents = ({"a": x, "b": x},), ({"b": 0 * x, "a": x / x},)
    np.testing.assert_array_equal(modes.jvp(f, primals, tangents)[1], [1.0, 1.0, 1.0])
    prepared = modes.prepare(f, *primals)
    np.testing.assert_array_equal(prepared.jvp(primals, tangents)[1], [1.0, 1.0, 1.0])
    for wrong, message in (
        ({"a": x}, r"expected a tangent with the keys \[\"'a'\", \"'b'\"\], got the keys \[\"'a'\"\]"),
        ((x, x), "expected a tangent with the keys .* got 2 branches"),
    ):
        for jvp in (lambda p, t: modes.jvp(f, p, t), prepared.jvp):
            with pytest.raises(ValueError, match=message):
                jvp(primals, (wrong,))
    with pytest.raises(ValueError, match="expected a tangent with 2 branches, as its primal has, got 1 branches"):
        modes.jvp(lambda p: p[0] * p[1], ((x, x),), ((x,),))


@BOTH
def test_a_number_times_a_vector_by_matmul_is_numpys_error(jacobian: Any) -> None:
    with pytest.raises(ValueError, match="does not have enough dimensions"):
        jacobian(lambda x: 2.0 @ x)(x)
