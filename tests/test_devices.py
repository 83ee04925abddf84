"""Engines on a device: what they leave there, what they wait for, how they count. CPU devices stand in, or a fake."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import device, peers
from benchmarks.apparatus import calls, ratio, single, steady
from benchmarks.apparatus.checks import WrongDerivativeError, check_jacobian
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import BOTH, ENGINES, STAND_INS, row
from benchmarks.peers import jax_device, torch_device
from modes.chains import layer_chain

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
CHAIN = layer_chain(5, 3, 4, 6)


def load(name: str) -> Any:
    if absent := row(name).absent():
        pytest.skip(absent)
    return peers.load(name)


# --- what stays on the device ---


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("name", STAND_INS)
def test_point_parameters_and_jacobian_are_the_librarys_own_and_stay_there(name: str, mode: str) -> None:
    engine = load(name)
    x = engine.array(CHAIN.x)
    J = engine.jacobian(CHAIN, mode, None)(x)
    assert not isinstance(x, np.ndarray)
    assert type(J) is type(x)
    home = engine.home(J)
    assert isinstance(home, np.ndarray)
    check_jacobian(CHAIN, home)


@pytest.mark.parametrize("name", STAND_INS)
def test_beginning_with_the_device_waits_for_the_first_use(name: str) -> None:
    """A device does not outlive the fork between loading an engine and its cells."""
    load(name)
    cls = type(peers.load(name))
    fresh: Any = cls()
    assert "device" not in vars(fresh)


def test_jax_multiplies_in_float32_where_float32_is_asked_for() -> None:
    engine = load("jax-stand-in")
    engine.array(CHAIN.x)
    assert engine.jax.config.jax_default_matmul_precision == "highest"
    chain = layer_chain(5, 3, 4, 6, dtype="float32")
    for mode in BOTH:
        text = engine._jitted(chain, mode, None).lower(engine._parameters(chain), engine.array(chain.x)).as_text()
        products = [line for line in text.splitlines() if "dot_general" in line]
        assert products
        assert all("[HIGHEST, HIGHEST]" in line for line in products)


def test_torch_multiplies_in_float32_where_float32_is_asked_for() -> None:
    torch = load("torch-stand-in").torch
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cuda.matmul.allow_tf32


def test_jax_takes_the_parameters_as_arguments_and_not_into_its_program() -> None:
    engine = load("jax-stand-in")
    chain = layer_chain(64, 64, 4, 64)
    lowered = engine._jitted(chain, "reverse", None).lower(engine._parameters(chain), engine.array(chain.x))
    assert len(lowered.as_text()) < 64 * 64 * 4


def test_jax_waits_for_what_it_computes() -> None:
    waited: list[str] = []

    class Result:
        def block_until_ready(self) -> Result:
            waited.append("until ready")
            return self

    result = Result()
    assert jax_device._waited(lambda parameters, x: result, [])(None) is result
    assert waited == ["until ready"]


class Cuda:
    """Stands in for torch.cuda: so much is allocated, so much was at most, and a wait is noted."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.allocated, self.most = 1000, 5000

    def synchronize(self) -> None:
        self.log.append("synchronize")

    def reset_peak_memory_stats(self) -> None:
        self.log.append("reset")
        self.most = self.allocated

    def memory_allocated(self) -> int:
        return self.allocated

    def max_memory_allocated(self) -> int:
        return self.most


def bare(cls: type[Any], cuda: Cuda) -> Any:
    """An engine of PyTorch's on a fake device, which needs no PyTorch."""
    engine: Any = object.__new__(cls)
    engine.torch = SimpleNamespace(cuda=cuda, OutOfMemoryError=type("OutOfMemoryError", (RuntimeError,), {}))
    return engine


def test_torch_waits_for_the_device_after_each_call() -> None:
    cuda = Cuda()
    engine = bare(torch_device.TorchCuda, cuda)

    def launch(x: int) -> int:
        cuda.log.append("launched")
        return x

    assert engine._waited(launch)(7) == 7
    assert cuda.log == ["launched", "synchronize"]


def test_the_peak_of_torch_is_what_a_call_takes_beyond_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Cuda()
    engine = bare(torch_device.TorchCuda, cuda)

    def call(x: object) -> str:
        cuda.allocated = 1200  # kept from the first call on
        cuda.most = max(cuda.most, cuda.allocated + 700)
        cuda.log.append("call")
        return "J"

    monkeypatch.setattr(engine, "jacobian", lambda *asked: call, raising=False)
    monkeypatch.setattr(engine, "array", lambda x: x, raising=False)
    assert engine.peak_bytes(CHAIN, "forward", None) == 700
    assert cuda.log == ["call", "reset", "call"]


def test_only_a_full_device_counts_as_out_of_memory() -> None:
    engine = bare(torch_device.TorchCuda, Cuda())
    assert engine.out_of_memory(engine.torch.OutOfMemoryError("CUDA out of memory"))
    assert not engine.out_of_memory(RuntimeError("CUDA error: an illegal memory access was encountered"))
    assert not engine.out_of_memory(MemoryError())
    jax = load("jax-stand-in")
    error = jax.jax.errors.JaxRuntimeError
    assert jax.out_of_memory(error("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes."))
    assert not jax.out_of_memory(error("INTERNAL: CUDA_ERROR_ILLEGAL_ADDRESS"))
    assert not jax.out_of_memory(MemoryError())


# --- JAX's account ---


@pytest.mark.parametrize(("before", "expected"), [(300, 850 - 200), (900, None)])
def test_the_peak_of_jax_is_its_own_or_unknown(
    before: int, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account knows one peak a process: where compiling took more than the Jacobian, its own is not known."""
    load("jax-stand-in")
    engine: Any = jax_device.JaxStandIn()
    accounts: Iterator[dict[str, int]] = iter(
        [
            {"bytes_in_use": 200, "peak_bytes_in_use": before},
            {"bytes_in_use": 260, "peak_bytes_in_use": max(before, 850)},
        ]
    )
    monkeypatch.setattr(engine, "_account", lambda: next(accounts))
    if expected is None:
        with pytest.raises(RuntimeError, match="900 bytes had been in use before; its own peak is unknown"):
            engine.peak_bytes(CHAIN, "forward", None)
    else:
        assert engine.peak_bytes(CHAIN, "forward", 2) == expected


def test_a_cpu_keeps_no_account() -> None:
    with pytest.raises(ValueError, match="JAX keeps no account of the memory of"):
        load("jax-stand-in").peak_bytes(CHAIN, "forward", None)


def test_jax_without_the_device_says_so() -> None:
    if not ENGINES["jax-gpu"].absent():
        pytest.skip("there is a device")
    jax = load("jax-stand-in")
    jax.array(CHAIN.x)  # JAX has begun with the CPU
    engine = jax_device.JaxGpu()
    with pytest.raises(RuntimeError, match="expected JAX to find a device of platform 'cuda', got: "):
        engine.array(CHAIN.x)
    jax.jax.config.update("jax_platforms", "cpu")


# --- compiled ---


@pytest.mark.slow
def test_torch_compile_takes_each_mode_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """On PyTorch's CPU device: the code that a device gets, but for the kernels."""
    load("torch-stand-in")
    monkeypatch.setattr(torch_device.TorchCompile, "device", "cpu")
    monkeypatch.setattr(torch_device.TorchCompile, "wait", lambda self: None)
    engine = torch_device.TorchCompile()
    for mode in BOTH:
        check_jacobian(CHAIN, engine.home(engine.jacobian(CHAIN, mode, None)(engine.array(CHAIN.x))))
    np.testing.assert_allclose(engine.home(engine.primal(CHAIN)(engine.array(CHAIN.x))), CHAIN(CHAIN.x), rtol=1e-12)


# --- how they are timed ---


def test_an_engine_on_a_device_is_steady_before_it_is_timed_and_one_of_the_host_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settled: list[Any] = []
    monkeypatch.setattr(calls, "settle", settled.append)
    calls.jacobian(Case(n=5, m=3, width=6), CHAIN, "forward")
    assert settled == []
    load("jax-stand-in")
    case = Case(engine="jax-stand-in", n=5, m=3, width=6)
    call = calls.jacobian(case, CHAIN, "forward")
    f = calls.primal(case, CHAIN)
    assert settled == [call, f]
    calls.checked(case, CHAIN, "forward")
    assert len(settled) == 2


@pytest.mark.parametrize("drifts", [False, True])
def test_a_ratio_that_changes_on_the_way_is_refused(drifts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    load("jax-stand-in")
    noise = list(np.random.default_rng(0).normal(0.0, 0.002, 41))
    found = [sample + 0.1 * (drifts and i > 20) for i, sample in enumerate(noise)]
    monkeypatch.setattr(calls, "settle", lambda call: None)
    monkeypatch.setattr(ratio, "pairs", lambda a, b, count: found)
    case = Case(engine="jax-stand-in", n=5, m=3, width=6, mode="forward/reverse")
    asked: Any = SimpleNamespace(case=case, chain=CHAIN)
    if not drifts:
        assert ratio.log_ratio(asked)["samples"] == pytest.approx(found, abs=1e-6)
        return
    with pytest.raises(steady.UnsteadyError, match="the ratio of the two modes to keep to one level over 41 samples"):
        ratio.log_ratio(asked)


def test_a_time_that_changes_on_the_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    load("jax-stand-in")
    monkeypatch.setattr(calls, "settle", lambda call: None)
    monkeypatch.setattr(device, "seconds", lambda call, count: [1.0, 1.001] * 10 + [1.2, 1.201] * 10)
    cost = device.Cost()
    cost.case, cost.chain = Case(engine="jax-stand-in", n=5, m=3, width=6), CHAIN
    with pytest.raises(steady.UnsteadyError, match=r"the time of a Jacobian .* got \+20\.0 % from sample 21 on"):
        cost.track_seconds()


def test_the_copy_home_is_that_of_a_new_jacobian_each_time() -> None:
    """JAX keeps the copy that it has made: a second one of the same array costs nothing."""
    now, made = [0], []

    def make() -> object:
        now[0] += 1_000_000_000
        made.append(object())
        return made[-1]

    def copy(found: object) -> None:
        assert found is made[-1]
        now[0] += 3_000_000

    assert single.copy_seconds(make, copy, 9, clock=lambda: now[0]) == [0.003] * 7  # the fewest: the making took long
    assert len(made) == 8


# --- large Jacobians ---


@pytest.mark.parametrize("side", ["row", "column", "entry"])
def test_a_large_jacobian_is_checked_along_directions_and_a_wrong_one_is_found(
    side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.apparatus.checks.WHOLE", 0)
    J = peers.load("floor").jacobian(CHAIN, "reverse", None)(CHAIN.x)
    check_jacobian(CHAIN, J)
    wrong = J.copy()
    wrong[{"row": (0, slice(None)), "column": (slice(None), 2), "entry": (1, 2)}[side]] *= 1 + 1e-4
    with pytest.raises(WrongDerivativeError, match="by hand"):
        check_jacobian(CHAIN, wrong)
