"""The random-effects mean: published worked examples, and what has to be so whatever the runs say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.replicating.pooling import NOTHING, paule_mandel, pooled

BCG = [
    *((4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761)),
    *((180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232)),
    *((17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825)),
]
"""G. Colditz et al., Efficacy of BCG vaccine in the prevention of tuberculosis, JAMA 271, 1994: ill and well, with and
without the vaccine, in 13 trials."""

finite = st.floats(-5, 5).map(lambda value: round(value, 6))
error = st.floats(0.01, 2).map(lambda value: round(value, 6))
runs = st.lists(st.tuples(finite, error), min_size=2, max_size=8)


def test_the_trials_of_bcg() -> None:
    """Their summary: relative risk 0.49, 95 % interval 0.34 to 0.70 (by random effects). Q = 152.23, I squared 92.1 %
    and tau squared 0.3181 (Paule and Mandel) are what statsmodels 0.15 and R's metafor give."""
    ill, well, ill_without, well_without = np.array(BCG, dtype=float).T
    ratio = np.log(ill / (ill + well)) - np.log(ill_without / (ill_without + well_without))
    variance = 1 / ill - 1 / (ill + well) + 1 / ill_without - 1 / (ill_without + well_without)
    found = pooled(ratio, np.sqrt(variance))
    assert [round(math.exp(end), 2) for end in (found.mean, found.low, found.high)] == [0.49, 0.34, 0.70]
    assert found.q == pytest.approx(152.2330, abs=1e-4)
    assert found.i2 == pytest.approx(0.9212, abs=1e-4)
    assert found.tau2 == pytest.approx(0.31807, abs=1e-5)


def test_an_interlaboratory_comparison() -> None:
    """R. Kacker, Combining information from interlaboratory evaluations using a random effects model, Metrologia 41,
    2004; mean 62.4076 and its standard error 0.3380 are in the worked example of statsmodels' documentation."""
    values = [61.00, 61.40, 62.21, 62.30, 62.34, 62.60, 62.70, 62.84, 65.90]
    variances = [0.2025, 1.2100, 0.0900, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]
    found = pooled(values, np.sqrt(variances))
    assert found.mean == pytest.approx(62.40762, abs=1e-5)
    assert (found.high - found.low) / (2 * 1.959964) == pytest.approx(0.33803, abs=1e-5)
    assert found.tau2 == pytest.approx(0.70539, abs=1e-5)


@given(runs, st.randoms(use_true_random=False))
def test_the_order_of_runs_does_not_matter(given_runs: list[tuple[float, float]], random: object) -> None:
    values, errors = zip(*given_runs, strict=True)
    shuffled = list(given_runs)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # what hypothesis draws is typed as an object
    again = pooled(*zip(*shuffled, strict=True))
    np.testing.assert_array_equal(again, pooled(values, errors))


@given(finite, st.lists(error, min_size=2, max_size=8))
def test_runs_that_say_the_same_are_not_apart(value: float, errors: list[float]) -> None:
    found = pooled([value] * len(errors), errors)
    assert (found.mean, found.tau2, found.i2, found.q, found.p) == (value, 0, 0, 0, 1)


@given(runs)
def test_tau_squared_is_where_chance_alone_remains(given_runs: list[tuple[float, float]]) -> None:
    """The definition: with it the weighted squares sum to k - 1; where they are fewer without it, it is 0."""
    y, s = np.array(given_runs).T
    tau2 = paule_mandel(y, s)
    weight = 1 / (s**2 + tau2)
    squares = weight @ (y - np.average(y, weights=weight)) ** 2
    if tau2 > 0:
        assert squares == pytest.approx(len(y) - 1, rel=1e-6)
    else:
        assert squares <= len(y) - 1 + 1e-9


@given(runs, finite)
def test_what_all_runs_are_off_by_moves_the_mean_alone(given_runs: list[tuple[float, float]], off: float) -> None:
    y, s = np.array(given_runs).T
    here, there = pooled(y, s), pooled(y + off, s)
    assert there.mean == pytest.approx(here.mean + off, abs=1e-6)
    assert there.tau2 == pytest.approx(here.tau2, rel=1e-6, abs=1e-9)


def test_a_planted_spread_is_found() -> None:
    """Truths drawn with a standard deviation of 0.3, errors of 0.05 to 0.2: tau of 200 runs within a fifth."""
    random = np.random.default_rng(0)
    errors = random.uniform(0.05, 0.2, 200)
    found = pooled(random.normal(1.0, 0.3, 200) + random.normal(0, errors), errors)
    assert math.sqrt(found.tau2) == pytest.approx(0.3, rel=0.2)
    assert found.p < 1e-6
    none = pooled(1.0 + random.normal(0, errors), errors)
    assert math.sqrt(none.tau2) < 0.05


def test_where_a_further_run_is_expected() -> None:
    """95 of 100 further truths lie in it, whatever the three runs that it is made of: coverage over 2000 draws."""
    random = np.random.default_rng(1)
    hits = []
    for _ in range(2000):
        errors = random.uniform(0.01, 0.03, 5)
        found = pooled(random.normal(0, 0.3, 5) + random.normal(0, errors), errors)
        hits.append(found.further_low <= random.normal(0, 0.3) <= found.further_high)
    assert 0.92 < np.mean(hits) < 0.98


def test_one_run_says_nothing() -> None:
    assert all(math.isnan(number) for number in pooled([1.0], [0.1]))
    assert all(math.isnan(number) for number in NOTHING)
