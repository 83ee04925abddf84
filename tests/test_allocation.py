"""How many processes a cell should have: few where one way is far ahead, as many as are needed next to a crossover."""

import numpy as np
import pytest

from analysis.intervals import over_processes, quantile
from analysis.tables.allocation import CITED, NEAR, PRIOR, SHARE, Cell, wanted

RATIO, FLOOR = "crossover.Map.track_log_ratio", "floor.Floor.track_log_over_floor"
SPREAD = 0.02


def around(value: float, count: int, spread: float = SPREAD) -> list[float]:
    """So many samples with exactly that mean and that standard deviation."""
    samples = np.random.default_rng(count).normal(size=count)
    return list(value + spread * (samples - samples.mean()) / samples.std(ddof=1))


def asked(value: float, count: int, name: str = RATIO, most: int = 12) -> int:
    """How many processes are wanted of a cell among cells of the same spread."""
    cells: dict[Cell, list[float]] = {(name, (str(i),)): around(value, count) for i in range(7)}
    answer = wanted(cells, 3, most)
    assert len(set(answer.values())) == 1
    return answer[name, ("0",)]


def test_few_processes_where_one_mode_is_far_ahead_and_many_near_a_crossover() -> None:
    assert asked(1.0, 3) == asked(-1.0, 3) == 3
    assert asked(0.0, 3) > asked(0.12, 3) > 3
    assert asked(0.0, 3, most=5) == 5


@pytest.mark.parametrize("count", [3, 4, 6])
def test_the_number_that_is_wanted_gives_the_half_width_that_is_enough(count: int) -> None:
    own, others = SPREAD**2, SPREAD**2 / (1 - 2 / (9 * (count - 1))) ** 3
    spread = np.sqrt((PRIOR * others + (count - 1) * own) / (PRIOR + count - 1))

    def half_width(number: int) -> float:
        return quantile(number - 1) * spread / np.sqrt(number)

    for value, name, enough in ((0.0, RATIO, NEAR), (0.2, RATIO, SHARE * 0.2), (0.7, FLOOR, CITED)):
        number = asked(value, count, name, most=40)
        assert half_width(number) <= enough
        assert number == 3 or half_width(number - 1) > enough


def test_what_is_enough_depends_on_whether_the_sign_counts_or_the_number() -> None:
    """A spread at which CITED takes 6 processes, and a ratio of two far from 1."""
    counts = {}
    for mode in ("forward/reverse", "mixed/pure", "pure/primal"):
        for value in (0.0, 2.0):
            cell = "corpus.Problems.track_log_problem_ratio", (f"'... mode={mode}'",)
            counts[mode, value] = wanted({cell: around(value, 4, 0.045)}, 3, 40)[cell]
    assert counts["forward/reverse", 2.0] == 3
    assert counts["mixed/pure", 2.0] == counts["pure/primal", 2.0] == counts["pure/primal", 0.0] > 4
    assert counts["forward/reverse", 0.0] == counts["mixed/pure", 0.0] > counts["pure/primal", 0.0]


def test_a_cell_that_happens_to_agree_with_itself_is_asked_for_more_as_its_neighbours_are() -> None:
    cells: dict[Cell, list[float]] = {(RATIO, (str(i),)): around(0.0, 3) for i in range(7)}
    cells[RATIO, ("0",)] = around(0.0, 3, SPREAD / 50)
    assert wanted(cells, 3, 12)[RATIO, ("0",)] > 3


def test_what_is_not_measured_is_asked_for_the_least() -> None:
    cells: dict[Cell, list[float]] = {
        (RATIO, ("0",)): [],
        (RATIO, ("1",)): [0.0, 0.1],
        (RATIO, ("2",)): [0.0, float("nan"), 0.1],
    }
    assert set(wanted(cells, 3, 12).values()) == {3}
    assert wanted({}, 3, 12) == {}


def test_bounds_that_contradict_each_other_are_refused() -> None:
    for least, most in ((4, 3), (0, 3)):
        with pytest.raises(ValueError, match="expected 1 <= least <= most"):
            wanted({}, least, most)


@pytest.mark.parametrize("disturbed", [False, True])
def test_intervals_of_cells_measured_as_asked_cover_the_truth(disturbed: bool) -> None:
    """The number of processes depends on what was measured; that must not make the intervals miss."""
    random = np.random.default_rng(12)
    truth = random.uniform(-1, 1, 400) * random.choice([0.05, 0.3, 1.5], 400)
    spreads = 0.012 * np.exp(0.6 * random.normal(size=400))

    def drawn(cell: int, count: int) -> list[float]:
        found = truth[cell] + random.normal(0, spreads[cell], count)
        hit = disturbed & (random.random(count) < 0.05)
        return list(found + hit * random.choice([-1, 1], count) * random.uniform(0.05, 0.3, count))

    cells: dict[Cell, list[float]] = {(RATIO, (str(i),)): drawn(i, 3) for i in range(truth.size)}
    while missing := {cell: n - len(cells[cell]) for cell, n in wanted(cells, 3, 12).items() if n > len(cells[cell])}:
        for cell, count in missing.items():
            cells[cell] += drawn(int(cell[1][0]), min(2, count))
    ends = np.array([over_processes(samples).interval for samples in cells.values()])
    covered = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    near = abs(truth) < 0.05
    assert covered.mean() > 0.92
    assert covered[near].mean() > 0.90
    counts = np.array([len(samples) for samples in cells.values()])
    assert counts[near].mean() > 1.3 * counts[abs(truth) > 0.5].mean()
