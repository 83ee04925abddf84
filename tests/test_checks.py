"""A wrong answer is never timed: every engine's is compared with a reference first."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.apparatus import checks
from benchmarks.apparatus.calls import jacobian
from benchmarks.catalogue.case import Case
from modes.chains import Chain, layer_chain

FLOOR = peers.load("floor")


@pytest.mark.parametrize("layer", ["dense", "residual", "elementwise", "scalar"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_difference_is_the_derivative(layer: str, dtype: str) -> None:
    """The reference itself: two of its columns agree with a Jacobian whose entries are known to more
    digits."""
    chain = layer_chain(4, 4, 3, 4, layer=layer, dtype=dtype)
    v = np.eye(4, dtype=dtype)[1]
    h = 1e-6
    wide = [tuple(array.astype("float64") for array in parameters) for parameters in chain.parameters]
    x = chain.x.astype("float64")
    expected = (chain.apply(wide, x + h * v) - chain.apply(wide, x - h * v)) / (2 * h)
    np.testing.assert_allclose(np.float64(checks.difference(chain, v)), expected, rtol=1e-7, atol=1e-8)


class Planted(peers.Engine):
    """The floor with a mistake in its Jacobian."""

    def __init__(self, wrong: Callable[[np.ndarray], np.ndarray]) -> None:
        self.wrong = wrong

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Callable[[np.ndarray], np.ndarray]:
        return lambda x: self.wrong(FLOOR.jacobian(chain, mode, chunk_size)(x).copy())


def one_entry(J: np.ndarray) -> np.ndarray:
    J[0, 0] *= 1.0 + 1e-9
    return J


def one_nan(J: np.ndarray) -> np.ndarray:
    J[-1, -1] = np.nan
    return J


@pytest.mark.parametrize(
    "wrong",
    [
        one_entry,
        one_nan,
        np.transpose,
        np.negative,
        lambda J: J[:, :-1],
        lambda J: J.astype("float32"),
        lambda J: J.tolist(),
    ],
)
def test_a_wrong_jacobian_is_never_timed(
    wrong: Callable[[np.ndarray], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "load", lambda name: Planted(wrong) if name == "planted" else FLOOR)
    case = Case(engine="planted", n=6, m=6, width=6)
    with pytest.raises(checks.WrongDerivativeError):
        jacobian(case, case.chain(), "forward")


def test_a_wrong_jacobian_of_a_chain_without_floor_is_found_by_differences() -> None:
    chain = layer_chain(4, 4, 3, 4, layer="residual")
    J = np.stack([checks.difference(chain, column) for column in np.eye(4)], axis=-1).astype(float)
    checks.check_jacobian(chain, J)
    J[2] *= 1.0 + 1e-4
    with pytest.raises(checks.WrongDerivativeError, match="differences"):
        checks.check_jacobian(chain, J)


def test_wrong_products_are_found() -> None:
    chain = layer_chain(4, 3, 3, 4)
    v, y_bar = checks.direction(chain), checks.covector(chain)
    y_dot, x_bar = FLOOR.jvp(chain)(chain.x, v)[1], FLOOR.vjp(chain)(chain.x, y_bar)[1]
    with pytest.raises(checks.WrongDerivativeError, match="JVP"):
        checks.check_jvp(chain, y_dot * 1.001)
    with pytest.raises(checks.WrongDerivativeError, match="VJP"):
        checks.check_vjp(chain, y_bar, x_bar * 1.001)
    with pytest.raises(checks.WrongDerivativeError, match=r"shape \(3,\), expected \(4,\)"):
        checks.check_vjp(chain, y_bar, x_bar[:3])


def test_an_approximate_jacobian_passes_only_with_a_tolerance_of_its_own() -> None:
    chain = layer_chain(4, 3, 3, 4)
    J = FLOOR.jacobian(chain, "forward", None)(chain.x) * (1.0 + 1e-8)
    checks.check_jacobian(chain, J, {"float64": 1e-7})
    with pytest.raises(checks.WrongDerivativeError, match=r"1\.0e-08 away from by hand"):
        checks.check_jacobian(chain, J)


def test_a_wrong_value_is_never_timed() -> None:
    chain = layer_chain(4, 3, 3, 4)
    checks.check_value(chain, chain(chain.x))
    with pytest.raises(checks.WrongDerivativeError, match=r"the value is .* away from the chain's"):
        checks.check_value(chain, chain(chain.x) * (1.0 + 1e-9))
