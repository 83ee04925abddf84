"""Is a time steady: changes of level are found, noise is none, and what does not settle is refused."""

from collections.abc import Callable, Sequence
from itertools import chain, combinations, repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.apparatus import steady
from benchmarks.apparatus.steady import UnsteadyError, expect_level, noise, segments, settle, steady_from

RNG = np.random.default_rng


class Device:
    """A device whose time passes in calls alone; the k-th call takes as long as ``times`` says."""

    def __init__(self, times: Callable[[int], float]) -> None:
        self.now = 0
        self.calls = 0
        self.times = times

    def clock(self) -> int:
        return self.now

    def __call__(self) -> None:
        self.now += round(self.times(self.calls))
        self.calls += 1


def noisy(level: Callable[[int], float], spread: float = 0.01) -> Device:
    rng = RNG(0)
    return Device(lambda k: level(k) * float(np.exp(spread * rng.standard_normal())))


SAMPLE = 60_000_000
"""Longer than a stretch has to last: each call is a sample of its own."""


def test_a_change_of_level_is_found_where_it_is() -> None:
    rng = RNG(1)
    values = np.concatenate([rng.normal(level, 0.01, count) for level, count in ((0.0, 30), (0.1, 20), (-0.1, 40))])
    assert segments(values) == pytest.approx([30, 50], abs=1)
    assert steady_from(values) == pytest.approx(50, abs=1)


@pytest.mark.parametrize("draw", ["standard_normal", "standard_cauchy", "standard_exponential"])
def test_a_series_without_a_change_is_hardly_ever_cut_whatever_its_distribution(draw: str) -> None:
    rng = RNG(2)
    assert sum(bool(segments(getattr(rng, draw)(24))) for _ in range(60)) <= 1


def test_a_single_disturbance_is_no_change_of_level() -> None:
    values = RNG(3).normal(0.0, 0.01, 60)
    values[[20, 21, 45]] = 5.0
    assert segments(values) == []


@given(st.lists(st.floats(-1, 1), max_size=60))
def test_segments_are_in_order_and_long_enough(values: list[float]) -> None:
    cuts = segments(np.array(values))
    assert all(len(part) >= steady.SHORTEST for part in np.split(np.array(values), cuts)) or not cuts
    assert cuts == sorted(set(cuts))


@given(st.lists(st.integers(-5, 5), min_size=10, max_size=22).filter(lambda found: len(set(found)) > 1))
def test_no_other_cut_into_up_to_three_is_cheaper(values: list[int]) -> None:
    scaled = np.array(values, dtype=float) / noise(np.array(values, dtype=float))

    def price(cuts: Sequence[int]) -> float:
        parts = np.split(scaled, list(cuts))
        medians = [np.sort(part)[len(part) // 2] for part in parts]
        far = [
            np.minimum((part - median) ** 2, steady.FAR**2).sum() for part, median in zip(parts, medians, strict=True)
        ]
        return float(sum(far)) + steady.PENALTY * len(cuts) * float(np.log(len(scaled)))

    places = range(steady.SHORTEST, len(values) - steady.SHORTEST + 1)
    pairs = [pair for pair in combinations(places, 2) if pair[1] - pair[0] >= steady.SHORTEST]
    found = price(segments(np.array(values, dtype=float)))
    assert found <= min(map(price, [(), *((cut,) for cut in places), *pairs])) + 1e-6 * (1 + found)


def test_equal_values_have_one_level() -> None:
    assert segments(np.zeros(50)) == []
    assert steady_from(np.zeros(50)) == 0


def test_levels_closer_than_the_margin_are_one() -> None:
    values = np.concatenate([RNG(4).normal(level, 1e-4, 30) for level in (0.0, 0.8 * steady.MARGIN)])
    assert segments(values) != []
    assert steady_from(values) == 0


def test_noise_is_measured_around_whatever_levels_there_are() -> None:
    rng = RNG(6)
    values = np.concatenate([rng.normal(level, 0.02, 200) for level in (0.0, 3.0, -5.0)])
    assert noise(values) == pytest.approx(0.02, rel=0.15)


def test_a_call_that_is_steady_from_the_start_settles_at_once() -> None:
    device = noisy(lambda k: SAMPLE)
    found = settle(device, device.clock)
    assert found == (0, 0.0)
    assert device.calls < 2 * steady.FIRST


def test_a_warm_up_is_waited_for_and_said_how_long_it_was() -> None:
    device = noisy(lambda k: SAMPLE * (3.0 if k < 24 else 1.0))
    found = settle(device, device.clock)
    before = device.calls - found.calls
    assert found.calls == 24 - 4  # the first four calls found out how many make a sample
    assert found.seconds == pytest.approx((24 - 4) * 3 * SAMPLE * 1e-9, rel=0.05)
    assert before >= steady.LEVEL


def test_what_slows_down_is_as_unsteady_as_what_speeds_up() -> None:
    device = noisy(lambda k: SAMPLE * (1.0 if k < 24 else 1.3))
    assert settle(device, device.clock).calls == 24 - 4


@pytest.mark.parametrize("period", [12, 20])
def test_what_goes_to_and_fro_never_settles(period: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steady, "MOST", 64)
    device = noisy(lambda k: SAMPLE * (1.0 if (k // (period // 2)) % 2 else 1.5))
    with pytest.raises(UnsteadyError, match=r"expected the time of a call to become steady; after 64 samples in"):
        settle(device, device.clock)


def test_a_slow_call_is_given_up_after_some_time() -> None:
    device = noisy(lambda k: 3e9 * 1.05**k)
    with pytest.raises(UnsteadyError, match=r"nvidia-smi --lock-gpu-clocks"):
        settle(device, device.clock)
    assert device.calls < 30


def test_samples_that_change_their_level_are_refused_and_the_change_is_said() -> None:
    level = RNG(5).normal(0.0, 0.002, 41)
    expect_level("the ratio", list(level))
    with pytest.raises(UnsteadyError, match=r"expected the ratio to keep to one level over 41 samples, got \+10\.\d %"):
        expect_level("the ratio", [*level[:20], *(level[20:] + np.log(1.1))])


def test_too_few_samples_have_one_level() -> None:
    expect_level("the ratio", list(chain(repeat(0.0, 4), repeat(9.0, 4))))
