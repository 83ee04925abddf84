"""The algebra of blocks: whatever a block's structure, it computes as the array that it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modes.blocks import LARGE, Block, Diagonal, Guarded, Identity, Pending, Structured, dense, multiplied

RNG = np.random.default_rng(0)
P, START, STOP = 6, 1, 5  # seeds START..STOP of vectors of P
K = STOP - START


def blocks() -> dict[str, Structured]:
    """One of each kind. That each is a Structured, as declared, is what the type check holds."""
    array = RNG.standard_normal((K, P))
    return {
        "identity": Identity((P,), START, STOP, np.dtype(float)),
        "diagonal": Diagonal((P,), START, STOP, np.dtype(float), RNG.standard_normal(K)),
        "pending": Pending(array, RNG.standard_normal(P)),
        "nothing pending": Pending(array.copy(), None),
        "guarded": Guarded(array.copy()),
        "guarded diagonal": Guarded(Diagonal((P,), START, STOP, np.dtype(float), RNG.standard_normal(K))),
    }


def plain(block: Block) -> np.ndarray:
    return np.array(dense(block))


KINDS = tuple(blocks())
EACH = pytest.mark.parametrize("kind", KINDS)


@EACH
def test_a_block_has_a_row_a_seed(kind: str) -> None:
    block = blocks()[kind]
    assert len(block) == K
    assert plain(block).shape == (K, P)


@EACH
@pytest.mark.parametrize("d", [RNG.standard_normal(P), 2.5, np.float64(-1.5)], ids=["vector", "number", "scalar"])
def test_times_a_derivative(kind: str, d: Any) -> None:
    whole = plain(blocks_ := blocks()[kind])
    np.testing.assert_allclose(plain(blocks_ * d), whole * d, rtol=1e-15)


@EACH
@pytest.mark.parametrize("J", [RNG.standard_normal((P, 3)), RNG.standard_normal(P)], ids=["matrix", "vector"])
def test_through_a_matrix(kind: str, J: np.ndarray) -> None:
    whole = plain(block := blocks()[kind])
    np.testing.assert_allclose(plain(block @ J), whole @ J, rtol=1e-13, atol=1e-14)


@EACH
@pytest.mark.parametrize("other", [*KINDS, "array"])
def test_where_two_paths_meet(kind: str, other: str) -> None:
    array = RNG.standard_normal((K, P))
    one, two = blocks()[kind], array if other == "array" else blocks()[other]
    expected = plain(one) + plain(two)
    np.testing.assert_allclose(plain(one + two), expected, rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(plain(two + one), expected, rtol=1e-15, atol=1e-16)


@given(st.lists(st.sampled_from(["times", "number", "plus", "plus identity"]), max_size=6), st.sampled_from(KINDS))
def test_any_sequence_of_steps(steps: list[str], kind: str) -> None:
    block: Block = blocks()[kind]
    whole = plain(block)
    for step in steps:
        d, array = RNG.standard_normal(P), RNG.standard_normal((K, P))
        identity = Identity((P,), START, STOP, np.dtype(float))
        if step == "times":
            block, whole = multiplied(block, d), whole * d
        elif step == "number":
            block, whole = multiplied(block, 0.5), whole * 0.5
        elif step == "plus":
            block, whole = block + array, whole + array
        else:
            block, whole = block + identity, whole + plain(identity)
    np.testing.assert_allclose(plain(block), whole, rtol=1e-12, atol=1e-13)


def test_a_large_block_waits_for_its_factor_and_nobody_elses_array_is_written_to() -> None:
    array = RNG.standard_normal((LARGE // 64, 64))
    before = array.copy()
    block = multiplied(multiplied(array, 2.0), RNG.standard_normal(64))
    assert isinstance(block, Pending)
    plain(block)
    np.testing.assert_array_equal(array, before)


def test_zero_times_infinity_is_zero_where_a_block_is_guarded() -> None:
    array = np.array([[np.inf, 1.0, 0.0], [0.0, np.nan, 2.0]])
    d = np.array([0.0, 0.0, np.inf])
    expected = [[0.0, 0.0, 0.0], [0.0, 0.0, np.inf]]
    np.testing.assert_array_equal(plain(Guarded(array) * d), expected)
