"""How many seeds travel at once where nobody says so, and Jacobians that do not fit."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import modes
from modes import chunking, cost
from modes.blocks import Identity

ALL = pytest.mark.parametrize("mode", ["forward", "reverse", "mixed", "auto"])
MIB = 2**20


@pytest.fixture(autouse=True)
def _budget_as_it_was() -> Iterator[None]:
    before = chunking.budget()
    yield
    chunking.set_budget(before)


@pytest.fixture
def chunks_of(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the seeds that engines begin with, in order."""
    sizes: list[int] = []
    original = Identity.__init__

    def counted(block: Identity, *args: Any) -> None:
        original(block, *args)
        sizes.append(len(block))

    monkeypatch.setattr(Identity, "__init__", counted)
    return sizes


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if 64 KiB were much, so that chunks are chosen for small functions too."""
    monkeypatch.setattr(chunking, "SMALL", 65_536)


# -- the choice --------------------------------------------------------------------------------------------------------
@ALL
@pytest.mark.parametrize("n", [1, chunking.MANY - 1, chunking.MANY, 300])
def test_all_at_once_within_the_budget(mode: str, n: int, chunks_of: list[int]) -> None:
    chain = modes.layer_chain(n, n, 3, max(n, 16))  # no waist
    modes.jacobian(chain, mode=mode)(chain.x)
    assert chunks_of == [n]


def test_as_many_as_the_waist_is_wide(chunks_of: list[int]) -> None:
    chain = modes.layer_chain(300, 300, 3, 16)
    modes.jacobian(chain, mode="mixed")(chain.x)
    assert set(chunks_of) == {16}


@ALL
@pytest.mark.parametrize("width", [64, 200])
@pytest.mark.parametrize("kind", ["dense", "residual"])
def test_no_two_blocks_beyond_the_budget(mode: str, width: int, kind: str, small: None, chunks_of: list[int]) -> None:
    chain = modes.layer_chain(150, 140, 4, width, layer=kind)
    expected = modes.jacobian(chain, mode=mode, chunk_size=1000)(chain.x)
    seeds = sum(chunks_of)
    cut = mode in ("mixed", "auto") and width < 140
    assert seeds in ((width, 2 * width) if cut else (150, 140))
    chunks_of.clear()
    budget = 100_000
    chunking.set_budget(budget)
    J = modes.jacobian(chain, mode=mode)(chain.x)
    passes: list[int] = []  # the last that make up all seeds; those before were given up
    while sum(passes) < seeds and chunks_of:
        passes.append(chunks_of.pop())
    assert sum(passes) == seeds
    assert max(passes) <= budget // (2 * max(140, width) * 8) or (width < chunking.MANY and cut)
    np.testing.assert_allclose(J, expected, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_budget_bounds_the_peak(mode: str, small: None) -> None:
    """Blocks of the budget, the result, and the tape's slopes: no more."""
    chain = modes.layer_chain(256, 256, 4, 256)
    jacobian = modes.jacobian(chain, mode=mode)
    chunking.set_budget(2 * 256 * 256 * 8 // 4)
    jacobian(chain.x)
    tracemalloc.start()
    jacobian(chain.x)
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    jacobian(chain.x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    count = cost.forward_peak_bytes if mode == "forward" else cost.reverse_peak_bytes
    assert peak - before <= 1.1 * count(chain.widths, 64) + 66_000
    assert peak - before < 0.9 * count(chain.widths)


def test_element_wise_chains_stay_whole(small: None, chunks_of: list[int]) -> None:
    """A diagonal block takes next to nothing, whatever the budget."""
    chunking.set_budget(100_000)
    chain = modes.layer_chain(500, 500, 3, 500, layer="elementwise", activation="sin")
    for mode in ("forward", "reverse"):
        modes.jacobian(chain, mode=mode)(chain.x)
    assert chunks_of == [500, 500]


def test_one_seed_at_a_time_is_the_least(small: None) -> None:
    chunking.set_budget(1)
    chain = modes.layer_chain(130, 130, 2, 130)
    J = modes.jacfwd(chain)(chain.x)
    np.testing.assert_allclose(J, modes.jacrev(chain, 0, 7)(chain.x), rtol=1e-11, atol=1e-14)
    assert chunking.fitting(130, 130, 8) == 1


def test_prepared_functions_choose_alike(small: None) -> None:
    chain = modes.layer_chain(150, 140, 4, 160)
    expected = modes.jacfwd(chain)(chain.x), modes.jacrev(chain)(chain.x)
    chunking.set_budget(100_000)
    prepared = modes.prepare(chain, chain.x)
    for J, K in zip((prepared.jacfwd(chain.x), prepared.jacrev(chain.x)), expected, strict=True):
        np.testing.assert_allclose(J, K, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(
    ("budget", "error", "message"),
    [
        (0, ValueError, "1 byte or more, got 0"),
        (1.5, TypeError, "bytes as an int, got 1.5"),
        (True, TypeError, "bytes as an int, got True"),
    ],
)
def test_budgets(budget: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        chunking.set_budget(budget)


# -- what does not fit -------------------------------------------------------------------------------------------------
@ALL
@pytest.mark.parametrize("chunk_size", [None, 10, 10_000])
def test_a_result_that_does_not_fit_is_refused(
    mode: str, chunk_size: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunking, "available", lambda: 100 * MIB)
    n = 4000  # 122 MiB
    jacobian = modes.jacobian(np.sin, mode=mode, chunk_size=chunk_size)
    tracemalloc.start()
    with pytest.raises(MemoryError) as caught:
        jacobian(np.ones(n))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * MIB  # before the work starts
    message = str(caught.value)
    assert "the Jacobian of shape (4000, 4000) takes 0.119 GiB" in message
    assert "0.0977 GiB are available" in message
    assert "the result alone is too large, in either mode and any chunk_size" in message
    assert "insist=True" in message


@pytest.mark.slow
def test_blocks_that_do_not_fit_name_a_chunk_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "available", lambda: 100 * MIB)
    A, B = np.ones((1000, 100)), np.ones((1000, 1000))
    x = np.ones(100)
    chunking.set_budget(2**40)

    def wide(x: Any) -> Any:
        return np.concatenate([np.sin(B @ np.sin(A @ x))] * 8)

    with pytest.raises(
        MemoryError, match=r"modes.jacrev with 8000 of 8000 seeds at once .* choose chunk_size="
    ) as caught:
        modes.jacrev(wide, 0, 8000)(x)
    chunk_size = int(str(caught.value).split("choose chunk_size=")[1].split()[0])
    assert "modes.jacfwd" in str(caught.value)
    J = modes.jacrev(wide, 0, chunk_size)(x)
    np.testing.assert_allclose(J, modes.jacfwd(wide)(x), rtol=1e-11)
    np.testing.assert_allclose(modes.jacrev(wide)(x), J, rtol=1e-11)  # chosen so that it fits


@ALL
def test_insisting(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "available", lambda: 60 * MIB)
    x = np.linspace(0.0, 1.0, 3000)
    with pytest.raises(MemoryError):
        modes.jacobian(np.sin, mode=mode)(x)
    J = modes.jacobian(np.sin, mode=mode, insist=True)(x)
    np.testing.assert_array_equal(np.diagonal(J), np.cos(x))


def test_small_ones_never_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> int:
        raise AssertionError("asked")

    monkeypatch.setattr(chunking, "available", never)
    for mode in ("forward", "reverse", "auto"):
        for chunk_size in (None, 7):
            modes.jacobian(np.sin, mode=mode, chunk_size=chunk_size)(np.ones(200))


def test_where_the_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunking, "available", lambda: None)
    assert modes.jacfwd(np.sin)(np.ones(3000)).shape == (3000, 3000)
    chunking.check_fits("jacfwd", [(10**6, 10**6)], 10**6, 10**6, 10**6, 8)


def test_available_memory_is_a_number_of_bytes() -> None:
    there = chunking.available()
    assert there is None or MIB < there < 2**60


def test_available_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", absent)
    there = chunking.available()
    assert there is None or MIB < there < 2**60
