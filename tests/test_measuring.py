"""How calls are timed and their memory is traced: interleaved pairs, single times, ratios of fast to slow, peaks.

A machine whose time passes in calls alone stands in for the clock.
"""

import gc
import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from benchmarks.apparatus import pairs, relative, single
from benchmarks.apparatus.memory import peak_bytes

# --- pairs ---


class Machine:
    """A machine whose time passes in calls alone, with a log of who was called.

    Each call takes as long as its side says, and ``drift`` nanoseconds longer for every call before it.
    """

    def __init__(self, drift: int = 0) -> None:
        self.now = 0
        self.calls = ""
        self.drift = drift

    def clock(self) -> int:
        return self.now

    def side(self, name: str, nanoseconds: int) -> Callable[[], None]:
        def call() -> None:
            self.now += nanoseconds + self.drift * len(self.calls)
            self.calls += name

        return call


def test_pairs_run_as_quartets_a_b_b_a() -> None:
    machine = Machine()
    pairs.pairs(machine.side("a", 700), machine.side("b", 1000), 5, clock=machine.clock, stretch_ns=100)
    assert machine.calls[-20:] == "abba" * 5


def test_pairs_give_one_log_ratio_of_a_over_b_a_quartet() -> None:
    machine = Machine()
    ratios = pairs.pairs(machine.side("a", 3000), machine.side("b", 1000), 4, clock=machine.clock)
    assert ratios == [math.log(3.0)] * 4


def test_a_linear_drift_cancels_in_a_quartet() -> None:
    machine = Machine(drift=100)
    a, b = machine.side("a", 10_000), machine.side("b", 10_000)
    assert pairs.pairs(a, b, 6, clock=machine.clock, stretch_ns=50_000) == [0.0] * 6


def test_both_sides_of_a_quartet_run_equally_often_and_the_faster_long_enough() -> None:
    machine = Machine()
    fast, slow = machine.side("a", 300), machine.side("b", 5000)
    pairs.pairs(fast, slow, 1, clock=machine.clock, stretch_ns=10_000)
    loops = len(machine.calls) - len(machine.calls.rstrip("a"))
    assert machine.calls.endswith("a" * loops + "b" * 2 * loops + "a" * loops)
    assert 10_000 <= 300 * loops < 20_000


def test_the_collector_rests_while_the_clock_runs_and_blas_has_one_thread() -> None:
    seen = []
    pairs.pairs(lambda: seen.append((gc.isenabled(), pairs.blas_threads())), lambda: None, 2, stretch_ns=1)
    assert set(seen) <= {(False, 1), (False, 0)}
    assert gc.isenabled()


def test_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        pairs.pairs(lambda: None, lambda: None, 0)


def test_samples_are_what_asv_takes_for_samples() -> None:
    assert pairs.samples(lambda: None, lambda: None, 3).keys() == {"samples", "number"}


# --- a slow callable beside a fast one ---


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3, 9, 50, 400])
def test_a_slow_engine_is_timed_against_many_calls_of_modes(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stretch is one call where that is long enough, and the ratio is still that of one call to one."""
    machine = Machine()
    slow, fast = machine.side("engine", 20_000 * times), machine.side("modes", 20_000)
    monkeypatch.setattr(relative, "seconds", partial(single.seconds, clock=machine.clock))
    monkeypatch.setattr(relative, "pairs", partial(pairs.pairs, clock=machine.clock))
    found = relative.over(slow, fast, 5)
    assert found["samples"] == pytest.approx([math.log(times)] * 5)
    if times >= 50:  # 1 ms or more a call: one of the engine's beside 1 ms of the others
        assert machine.calls.endswith("engine" + "modes" * 100 + "engine")


# --- one callable alone ---


def test_seconds_are_those_of_one_call() -> None:
    machine = Machine()
    assert single.seconds(machine.side("a", 2000), 3, clock=machine.clock) == pytest.approx([2e-6] * 3)


def test_a_slow_call_is_measured_less_often_but_not_less_than_the_fewest() -> None:
    machine = Machine()
    assert len(single.seconds(machine.side("a", 2_000_000_000), 100, clock=machine.clock)) == single.FEWEST
    assert len(single.seconds(machine.side("a", 500_000_000), 100, clock=machine.clock)) == 10
    assert len(single.seconds(machine.side("a", 2_000_000_000), 3, clock=machine.clock)) == 3


def test_setup_is_the_first_call_and_what_precedes_it_beyond_a_later_call() -> None:
    machine = Machine()
    build_ns, first_ns, later_ns = 5000, 900, 100

    def build() -> Callable[[], None]:
        machine.now += build_ns
        price = iter([first_ns])

        def call() -> None:
            machine.now += next(price, later_ns)

        return call

    samples = single.setup_seconds(build, 4, clock=machine.clock)
    assert samples == pytest.approx([(build_ns + first_ns - later_ns) * 1e-9] * 4)


# --- the peak of memory ---


def test_peak_bytes_is_that_of_a_warm_call_alone() -> None:
    kept: list[np.ndarray] = []

    def call() -> None:
        if not kept:
            kept.append(np.ones(500_000))
            np.ones(500_000)
        np.ones(50_000)

    assert 400_000 <= peak_bytes(call) < 410_000


def test_peak_bytes_sees_an_array_that_is_gone_at_the_end() -> None:
    def call() -> np.ndarray:
        return np.ones(100_000).sum(keepdims=True)

    assert 800_000 <= peak_bytes(call) < 810_000
