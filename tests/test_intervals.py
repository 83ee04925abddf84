"""Intervals over processes: what they cover on made-up processes, and what two runs of one machine say of each other.

Noise is of two kinds. Within a process it is what is left of noise of pairs in their median; between processes it is
normal, heavy-tailed, or one process in twenty is disturbed, and off by 5 to 30 %.
"""

import math

import numpy as np
import pytest

from analysis.intervals import FEWEST_PROCESSES, TRIMMED, Centre, over_processes, quantile

CELLS = 4000
PAIRS = 7
KINDS = ("normal", "heavy", "disturbed")


def processes(rng: np.random.Generator, kind: str, count: int, cells: int = CELLS) -> np.ndarray:
    """What each of `count` processes says of cells whose truth is 0: (cells, count)."""
    spread = 0.012 * np.exp(0.6 * rng.normal(size=(cells, 1)))
    within = np.median(0.02 * rng.standard_t(3, size=(cells, count, PAIRS)), axis=-1)
    if kind == "heavy":
        return within + spread * rng.standard_t(3, size=(cells, count)) / math.sqrt(3)
    found = within + spread * rng.normal(size=(cells, count))
    if kind == "disturbed":
        off = rng.choice([-1, 1], (cells, count)) * rng.uniform(0.05, 0.3, (cells, count))
        found = found + off * (rng.random((cells, count)) < 0.05)
    return found


def runs(kind: str, count: int) -> tuple[list[Centre], list[Centre]]:
    """What two runs say of the same cells."""
    both = processes(np.random.default_rng([count, KINDS.index(kind)]), kind, 2 * count)
    return [over_processes(row[:count]) for row in both], [over_processes(row[count:]) for row in both]


@pytest.mark.parametrize("count", [3, 4, 5, 8, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_the_interval_covers_the_truth_and_two_runs_agree(kind: str, count: int) -> None:
    """The share covered is that of 8000 intervals: its own standard error is 0.25 %."""
    one, other = runs(kind, count)
    ends = np.array([centre.interval for centre in [*one, *other]])
    covered = ((ends[:, 0] <= 0) & (ends[:, 1] >= 0)).mean()
    assert 0.94 <= covered <= 0.975
    first, second = ends[:CELLS], ends[CELLS:]
    assert ((first[:, 0] <= second[:, 1]) & (second[:, 0] <= first[:, 1])).mean() > 0.985
    values, errors = (np.array([[getattr(c, key) for c in run] for run in (one, other)]) for key in ("value", "error"))
    apart = np.abs(values[0] - values[1]) / np.hypot(*errors)
    assert np.median(apart) < 0.95
    # Of three and three processes t has four degrees of freedom, 95 % point 2.78: known to 0.06 of so many cells.
    assert np.quantile(apart, 0.95) < (2.95 if count == 3 else 2.6)


def test_a_disturbed_process_of_many_hardly_moves_the_middle() -> None:
    calm = list(np.linspace(-0.01, 0.01, 12))
    disturbed = [*calm[:-1], 0.3]
    assert over_processes(disturbed) == over_processes([*calm[:-1], 0.011])
    assert abs(over_processes(disturbed).value) < 0.001
    few = over_processes(disturbed[-3:])
    assert few.interval[0] < 0 < few.interval[1]  # of three, nobody knows which one is disturbed


@pytest.mark.parametrize("count", [TRIMMED - 1, TRIMMED, 2 * TRIMMED - 1, 2 * TRIMMED])
def test_an_eighth_is_left_out_at_each_end(count: int) -> None:
    rng = np.random.default_rng(count)
    samples = rng.normal(size=count)
    cut = count // TRIMMED
    centre, ordered = over_processes(samples), np.sort(samples)
    assert centre.value == pytest.approx(ordered[cut : count - cut].mean())
    assert centre.dof == count - 2 * cut - 1
    assert over_processes(rng.permutation(samples)) == centre
    moved = over_processes(samples + 1)
    assert (moved.value, moved.error) == (pytest.approx(centre.value + 1), pytest.approx(centre.error))


def test_fewer_than_three_processes_say_nothing() -> None:
    assert FEWEST_PROCESSES == 3
    for samples in ([], [0.1], [0.1, 0.2]):
        assert np.isnan(over_processes(samples).interval).all()
        assert over_processes(samples).chance == 1
    assert not np.isnan(over_processes([0.1, 0.2, 0.4]).interval).any()


def test_the_chance_is_that_of_the_interval_that_just_touches_zero() -> None:
    centre = over_processes([0.1, 0.2, 0.3, 0.5])
    reach = centre.value / centre.error
    assert quantile(3, 1 - centre.chance) == pytest.approx(reach)
    assert over_processes([0.5] * 4).chance == 0
    assert over_processes([0.0] * 3).chance == 1
