"""Products and linear algebra beyond the single rows: identities, random einsums, edges, refusals, remedies."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import modes
from modes.rules.table import REFUSED

from .linalg_cases import CASES, definite, real, spread

# Drawn here, once, so that a test sees the same numbers whichever others run.
SIZES = ((3, 3), (4, 2), (2, 4), (4, 3), (2, 4, 4), (2, 3, 2), (2, 2, 2), (3, 2))
SPREAD: dict[tuple[int, ...], Any] = {size: spread(*size) for size in SIZES}
DEFINITE = {size: definite(*size) for size in ((2, 2), (3, 3))}
REAL = {size: real(*size) for size in ((2,), (3,), (2, 2), (2, 3), (2, 6), (2, 7))}
BOTH = pytest.mark.parametrize("jacobian", [modes.jacfwd, modes.jacrev], ids=["forward", "reverse"])


def _values() -> list[Any]:
    return [
        pytest.param(f, args, id=f"{getattr(func, '__name__', func)}-{i}")
        for func, cases in CASES.items()
        for i, (f, args) in enumerate(cases)
    ]


@pytest.mark.parametrize(("f", "args"), _values())
def test_the_traced_value_is_numpys(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """A row written in terms of other functions computes what NumPy computes, shape and dtype included."""
    expected = f(*args)
    value = modes.vjp(f, *args)[0]
    assert value.shape == expected.shape
    assert value.dtype == expected.dtype
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-13)


# --- einsum -------------------------------------------------------------------------------------------------------
@st.composite
def contractions(draw: Any) -> tuple[str, list[np.ndarray]]:
    """Subscripts of one to three operands: repeated letters, letters of one operand only, ellipses, length 1."""
    sizes = {letter: draw(st.integers(1, 3)) for letter in "abcd"}
    terms = draw(st.lists(st.text("abcd", max_size=3), min_size=1, max_size=3))
    result = "".join(draw(st.permutations(sorted(set("".join(terms))))))
    result = result[: draw(st.integers(0, len(result)))]
    batch = draw(st.sampled_from([(), (2,), (2, 1)]))
    shapes: list[tuple[int, ...]] = []
    for i, term in enumerate(terms):
        shape = tuple(sizes[letter] for letter in term)
        if batch and draw(st.booleans()):
            shapes.append((*batch[draw(st.integers(0, len(batch))) :], *shape))
            terms[i] = "..." + term
        else:
            shapes.append(shape)
    if any(term.startswith("...") for term in terms):
        result = "..." + result
    subscripts = ",".join(terms) + ("->" + result if draw(st.booleans()) or "..." in result else "")
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return subscripts, [rng.standard_normal(shape) for shape in shapes]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(contractions(), st.sampled_from([False, True, "optimal"]))
def test_einsum_of_any_subscripts(drawn: tuple[str, list[np.ndarray]], optimize: Any) -> None:
    subscripts, operands = drawn

    def f(*args: Any) -> Any:
        return np.einsum(subscripts, *args, optimize=optimize) * 1.0

    np.testing.assert_allclose(modes.vjp(f, *operands)[0], f(*operands), rtol=1e-13, atol=1e-14)
    modes.check_derivatives(f, *operands, directions=1)
    argnums = tuple(range(len(operands)))
    for J, K in zip(modes.jacfwd(f, argnums)(*operands), modes.jacrev(f, argnums)(*operands), strict=True):
        np.testing.assert_allclose(J, K, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("subscripts", "message"),
    [
        ("ij,jk->ik", r"expected 2 operand\(s\) for the subscripts 'ij,jk->ik', got 1"),
        ("ijk->i", "expected an operand with axes 'ijk' in 'ijk->i', got one of 2 axes"),
        ("i->i", "expected an operand with axes 'i' in 'i->i', got one of 2 axes"),
        ("...i->i", "expected '...' in the result"),
    ],
)
def test_einsum_refuses_subscripts_that_do_not_fit(subscripts: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        modes.jacrev(lambda a: np.einsum(subscripts, a))(REAL[2, 3])


def test_einsum_refuses_what_its_rule_does_not_cover() -> None:
    with pytest.raises(modes.MissingRule, match="einsum has a rule, but it covers no dtype="):
        modes.jacrev(lambda a: np.einsum("ij->i", a, dtype=np.float64))(REAL[2, 3])


# --- identities ---------------------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("size", [(3, 3), (2, 4, 4)])
def test_log_det_and_det(jacobian: Any, size: tuple[int, ...]) -> None:
    """d log |det A| = tr(A^-1 dA), d det A = det A tr(A^-1 dA)."""
    A = SPREAD[size]
    inverse = np.swapaxes(np.linalg.inv(A), -1, -2)
    gradient = jacobian(lambda a: np.sum(np.linalg.slogdet(a).logabsdet))(A)
    np.testing.assert_allclose(gradient, inverse, rtol=1e-11, atol=1e-12)
    gradient = jacobian(lambda a: np.sum(np.linalg.det(a)))(A)
    np.testing.assert_allclose(gradient, np.linalg.det(A)[..., None, None] * inverse, rtol=1e-11, atol=1e-12)


@BOTH
def test_q_stays_orthogonal(jacobian: Any) -> None:
    """The derivatives of Q^T Q, U^T U, V V^T and of eigenvectors' V^T V are 0."""
    A, S = SPREAD[4, 3], DEFINITE[3, 3]

    def gram(m: Any) -> Any:
        return m.T @ m

    for f, x in (
        (lambda a: gram(np.linalg.qr(a).Q), A),
        (lambda a: gram(np.linalg.svd(a, full_matrices=False).U), A),
        (lambda a: gram(np.linalg.svd(a, full_matrices=False).Vh.T), A),
        (lambda a: gram(np.linalg.eigh(a).eigenvectors), S),
    ):
        np.testing.assert_allclose(jacobian(f)(x), 0, atol=1e-12)


@BOTH
@pytest.mark.parametrize("size", [(3, 3), (4, 2), (2, 4), (2, 3, 2)])
def test_products_of_the_parts_give_the_matrix(jacobian: Any, size: tuple[int, ...]) -> None:
    """U S V^T and Q R have the derivative of A itself, the identity."""
    A = SPREAD[size]
    identity = np.reshape(np.eye(A.size), A.shape * 2)

    def by_svd(a: Any) -> Any:
        U, s, Vh = np.linalg.svd(a, full_matrices=False)
        return (U * s[..., None, :]) @ Vh

    def by_qr(a: Any) -> Any:
        Q, R = np.linalg.qr(a)
        return Q @ R

    for f in (by_svd, by_qr):
        np.testing.assert_allclose(jacobian(f)(A), identity, atol=1e-12)


@BOTH
def test_products_of_the_parts_give_the_symmetric_matrix(jacobian: Any) -> None:
    """L L^T and V diag(w) V^T have the derivative of the symmetric part of A; a gradient is symmetric."""
    A = DEFINITE[3, 3]

    def by_cholesky(a: Any) -> Any:
        L = np.linalg.cholesky(a)
        return L @ L.T

    def by_eigh(a: Any) -> Any:
        w, V = np.linalg.eigh(a)
        return (V * w) @ V.T

    expected = modes.jacrev(lambda a: (a + a.T) / 2)(A)
    for f in (by_cholesky, by_eigh):
        np.testing.assert_allclose(jacobian(f)(A), expected, atol=1e-12)


def test_results_keep_numpys_names() -> None:
    A, S = SPREAD[3, 2], DEFINITE[2, 2]
    for f, x in (
        (lambda a: np.linalg.svd(a, full_matrices=False), A),
        (np.linalg.qr, A),
        (np.linalg.eigh, S),
        (np.linalg.slogdet, S),
    ):
        seen: list[Any] = []

        def scalar(a: Any, f: Any = f, seen: list[Any] = seen) -> Any:
            seen.append(f(a))
            return np.sum(seen[0][-1])

        modes.grad(scalar)(x)
        assert type(seen[0]) is type(f(x))


# --- edges --------------------------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize("rank", [0, 1, 2])
def test_det_of_a_singular_matrix(jacobian: Any, rank: int) -> None:
    """The gradient is the matrix of cofactors, finite whatever the rank; below rank n - 1 it is 0."""
    A = SPREAD[3, 3]
    U, s, Vh = np.linalg.svd(A)
    A = (U[:, :rank] * s[:rank]) @ Vh[:rank]
    for B in (A, A[::-1]):  # of either orientation
        minors = np.array([[np.delete(np.delete(B, i, 0), j, 1) for j in range(3)] for i in range(3)])
        signs = np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])
        np.testing.assert_allclose(jacobian(np.linalg.det)(B), signs * np.linalg.det(minors), atol=1e-12)


def test_second_derivative_of_det_at_a_singular_matrix_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match=r"second derivative of numpy\.linalg\.det"):
        modes.jacfwd(modes.grad(np.linalg.det))(np.ones((2, 2)))


@BOTH
def test_norm_at_zero_has_derivative_zero(jacobian: Any) -> None:
    zero = np.zeros((2, 3))
    for p in (None, "fro", 1, np.inf):
        np.testing.assert_array_equal(jacobian(lambda x, p=p: np.linalg.norm(x, p))(zero), 0)
    for p in (None, 2, 1, np.inf, -np.inf, 3, 1.5):
        rows = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 4.0]])
        J = jacobian(lambda x, p=p: np.linalg.norm(x, p, axis=1))(rows)
        assert np.all(np.isfinite(J))
        np.testing.assert_array_equal(J[:, 0], 0)


@BOTH
def test_norm_of_order_zero_is_constant(jacobian: Any) -> None:
    np.testing.assert_array_equal(jacobian(lambda x: np.linalg.norm(x, 0) * x)(REAL[(3,)]), 3 * np.eye(3))


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.linalg.norm(x, "nuc", axis=0), "expected a number as the order of a vector norm, got 'nuc'"),
        (lambda x: np.linalg.norm(x, 3, axis=(0, 1)), "expected the order of a matrix norm to be .*, got 3"),
        (lambda x: np.linalg.norm(x[None], 2), "expected an array of 1 or 2 axes for a norm of order 2, got 3"),
        (lambda x: np.linalg.norm(x, 2, axis=(0, 0)), r"expected one axis or two different ones, got \(0, 0\)"),
        (lambda x: np.linalg.outer(x, x), "expected two vectors, got shapes"),
        (lambda x: np.cross(x[:, :1], x), "expected vectors of 2 or 3 components along the axis, got 1 and 3"),
        (lambda x: np.linalg.cross(x, x, axis=0), "expected vectors of 3 components along the axis, got 2 and 2"),
        (lambda x: np.linalg.multi_dot([x]), "expected at least two arrays, got 1"),
        (lambda x: np.linalg.tensorinv(x, 0), "expected ind of 1 or more, got 0"),
    ],
)
def test_arguments_that_do_not_fit(f: Callable[..., Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        modes.jacrev(f)(REAL[2, 3])


def test_matrix_power_of_zero_is_constant_and_of_a_fraction_refused() -> None:
    A = SPREAD[2, 2, 2]
    y, gradient = modes.value_and_grad(lambda a: np.sum(np.linalg.matrix_power(a, 0) * a))(A)
    assert y == np.sum(np.eye(2) * A)
    np.testing.assert_array_equal(gradient, np.broadcast_to(np.eye(2), A.shape))
    half: Any = 0.5
    with pytest.raises(TypeError, match=r"expected an integer exponent, got 0\.5"):
        modes.jacrev(lambda a: np.linalg.matrix_power(a, half))(A)


@BOTH
def test_repeated_values(jacobian: Any) -> None:
    """Values alone have a derivative, right for their symmetric functions; vectors have none, and say so."""
    A = np.diag([1.0, 2.0, 2.0]) + 0.0
    np.testing.assert_allclose(jacobian(lambda a: np.sum(np.linalg.eigvalsh(a) ** 2))(A), 2 * A, atol=1e-13)
    np.testing.assert_allclose(jacobian(lambda a: np.sum(np.linalg.svdvals(a) ** 2))(A), 2 * A, atol=1e-13)
    np.testing.assert_allclose(jacobian(lambda a: np.linalg.norm(a, "nuc"))(A), np.eye(3), atol=1e-13)
    # not on the diagonal either, where rounding tells the two apart
    Q = np.linalg.qr(SPREAD[3, 3]).Q
    for B in (A, Q @ A @ Q.T):
        with pytest.raises(ValueError, match=r"repeated eigenvalue .* use np.linalg.eigvalsh"):
            jacobian(lambda a: np.linalg.eigh(a)[1])(B)
        with pytest.raises(ValueError, match=r"repeated singular value .* use np.linalg.svdvals"):
            jacobian(lambda a: np.linalg.svd(a)[0])(B)


@BOTH
def test_vectors_of_a_vanishing_singular_value(jacobian: Any) -> None:
    A = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    with pytest.raises(ValueError, match="singular value of 0 have no derivative where the matrix is not square"):
        jacobian(lambda a: np.linalg.svd(a, full_matrices=False)[0])(A)
    # A square matrix has no direction outside its vectors: the derivative is finite, and right.
    J = jacobian(lambda a: np.linalg.svd(a)[0])(A[:2])
    assert np.all(np.isfinite(J))


# --- refusals -----------------------------------------------------------------------------------------------------
@BOTH
@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: np.linalg.eig(x)[0], "numpy.linalg.eig .* use np.linalg.eigh where the matrix is symmetric"),
        (np.linalg.eigvals, "numpy.linalg.eigvals .* use np.linalg.eigvalsh"),
        (lambda x: np.linalg.lstsq(x, np.ones(3))[0], r"numpy.linalg.lstsq .* use np.linalg.pinv\(a\) @ b"),
        (lambda x: np.linalg.svd(x[:, :2])[0], r"shape \(3, 2\).* write np.linalg.svd\(a, full_matrices=False\)"),
        (lambda x: np.linalg.svd(x, hermitian=True)[1], "covers no hermitian=True .* use np.linalg.eigh"),
        (lambda x: np.linalg.qr(x[:, :2], "complete")[0], "covers no mode='complete' .* write mode='reduced'"),
        (lambda x: np.linalg.qr(x, mode="raw")[0], "covers no mode='raw'"),
        (lambda x: np.linalg.pinv(x, hermitian=True), "pinv has a rule, but it covers no hermitian="),
        (lambda x: np.fft.irfft(np.fft.rfft(x)), "numpy.fft.rfft .* engines differentiate real functions only"),
    ],
)
def test_refusals_name_the_function_and_the_remedy(jacobian: Any, f: Callable[..., Any], message: str) -> None:
    with pytest.raises(modes.MissingRule, match=f"(?s){message}"):
        jacobian(f)(SPREAD[3, 3])


def test_the_remedy_for_a_filter_works_as_it_is_written() -> None:
    """The code that the refusal of np.fft shows, run: a linear function with its transpose."""
    lines = REFUSED[np.fft.rfft].splitlines()
    code = "\n".join(line for line in lines if line.startswith("    "))
    names: dict[str, Any] = {"np": np, "modes": modes}
    exec(inspect.cleandoc(code), names)
    smooth = names["smooth"]
    try:
        for n in (6, 7):
            H = np.exp(1j * np.arange(n // 2 + 1)) / (1 + np.arange(n // 2 + 1))
            x = REAL[2, n]
            modes.check_derivatives(lambda x, H=H: smooth(np.sin(x), H), x)
            modes.check_derivatives(modes.grad(lambda x, H=H: np.sum(smooth(np.sin(x), H) ** 2)), x, directions=1)
    finally:
        del modes.rules.RULES[smooth]


def test_a_row_takes_precedence_over_a_refusal() -> None:
    func = modes.primitive(lambda x: 2.0 * x)
    modes.rules.refused(func, "write 2 * x")
    try:
        with pytest.raises(modes.MissingRule, match=re.escape("has no derivative rule: write 2 * x")):
            modes.jacrev(func)(REAL[(2,)])
        modes.rules.elementwise(func, 2.0)
        np.testing.assert_array_equal(modes.jacrev(func)(REAL[(2,)]), 2 * np.eye(2))
    finally:
        del REFUSED[func], modes.rules.RULES[func]


# --- conventions --------------------------------------------------------------------------------------------------
def test_inputs_are_not_modified_and_results_are_ones_own() -> None:
    """einsum and diagonal may give views: what comes back can be written to without changing what went in."""
    A = SPREAD[3, 3]
    before = A.copy()
    for f in (lambda a: np.einsum("ii->i", a), lambda a: np.linalg.diagonal(a), np.linalg.matrix_transpose):
        for jacobian in (modes.jacfwd, modes.jacrev):
            J = jacobian(f)(A)
            J += 1.0
    np.testing.assert_array_equal(A, before)


def test_solve_takes_a_vector_only_where_it_has_one_axis() -> None:
    """NumPy 2's meaning: a right-hand side of two axes is a matrix, whatever the stack."""
    A, B = SPREAD[2, 2, 2], REAL[2, 2]
    J = modes.jacrev(lambda b: np.linalg.solve(A, b))(B)
    assert J.shape == (2, 2, 2, 2, 2)
    expected = np.einsum("bij,kl->bikjl", np.linalg.inv(A), np.eye(2))
    np.testing.assert_allclose(J, expected, atol=1e-13)


def test_two_component_cross_products_as_long_as_numpy_has_them() -> None:
    a, b, c = REAL[(2,)], REAL[2, 2][0], REAL[(3,)]
    expected = np.array([b[1], -b[0]])
    np.testing.assert_allclose(modes.jacfwd(lambda a: np.cross(a, b))(a), expected)
    np.testing.assert_allclose(modes.jacrev(lambda a: np.cross(a, b))(a), expected)
    J = modes.jacrev(lambda a: np.cross(a, c))(a)
    assert J.shape == (3, 2)
    np.testing.assert_allclose(J, [[0, c[2]], [-c[2], 0], [c[1], -c[0]]])
