"""What rates by shape say of chains, how near that comes, and rates of other libraries' own."""

from __future__ import annotations

import json
import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.citing.statements import statements
from analysis.errors import AnalysisWarning
from analysis.reading.provenance import Provenance
from analysis.tables import calibrated, own, rules
from analysis.tables.findings import Findings
from analysis.tables.model import FOLDS, part_of
from analysis.tables.work import LAYERS, MODES, SLOPES
from modes import choice
from modes.call import Call
from modes.chains import PROFILES, layer_chain
from modes.planning import route
from modes.rates import DEFAULT
from modes.sized import SizedTape
from tests.tables import curve, frame, pair, row
from tests.test_shapes import by, drawn, evenly, slowed

SETTING: dict[str, Any] = {
    "layer": "dense",
    "profile": "uniform",
    "activation": "tanh",
    "width": 64,
    "depth": 4,
    "m": 64,
}
SETTING |= {"n": 64, "dtype": "float64", "engine": "modes", "chunk_size": None}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize(("n", "m", "depth", "width"), [(5, 7, 1, 8), (5, 130, 2, 8), (9, 3, 3, 4), (140, 6, 5, 40)])
def test_the_sweep_takes_what_mode_auto_says_it_takes(
    layer: str, activation: str, n: int, m: int, depth: int, width: int
) -> None:
    """Both for rates by shape, none like another, and for three constants, by which a tape is planned as by any."""
    before = choice.rates_in_force()
    for profile, dtype in product(PROFILES if layer == "dense" else ["uniform"], ("float64", "float32")):
        chain = layer_chain(n, m, depth, width, layer=layer, activation=activation, profile=profile, dtype=dtype)
        tape = SizedTape()
        _, index = tape.run(Call(chain, (chain.x,), 0))
        assert index is not None
        cell: dict[str, Any] = {"layer": layer, "activation": activation, "profile": profile, "dtype": dtype}
        cell |= {"n": n, "m": m, "depth": depth, "width": width}
        for rates in (drawn(1), DEFAULT):
            choice.use_rates(rates)
            try:
                planned = route(tape, index).seconds
            finally:
                choice.use_rates(before)
            for mode in MODES:
                assert calibrated.sweep_seconds(cell, mode, rates) == pytest.approx(planned[mode], rel=1e-9)


def test_the_crossover_is_where_brute_force_finds_it() -> None:
    """Where multiply-adds are all that counts, n = m for a uniform chain; and where one orientation takes three times
    as long, the first n at which forward mode takes longer."""
    sizes = list(range(1, 400))
    assert calibrated.crossover(SETTING, by(evenly, step=1e-12), sizes) == pytest.approx(64, rel=0.01)
    setting = {**SETTING, "depth": 8}
    for slow in ("push", "pull"):
        rates = by(slowed(slow), step=1e-12)
        longer = [
            n
            for n in sizes
            if calibrated.sweep_seconds({**setting, "n": n}, "forward", rates)
            > calibrated.sweep_seconds({**setting, "n": n}, "reverse", rates)
        ]
        root = calibrated.crossover(setting, rates, sizes)
        assert longer[0] - 1 <= root <= longer[0]


def test_a_crossover_beyond_all_sizes_is_0_or_infinite() -> None:
    rates = by(evenly, step=1e-12)
    assert calibrated.crossover(SETTING, rates, [8, 16, 32]) == math.inf
    assert calibrated.crossover(SETTING, rates, [128, 256]) == 0
    assert math.isnan(calibrated.crossover(SETTING, rates, [64]))


def recorded(rates: Any) -> Provenance:
    return Provenance(rates=json.dumps({"conditions": {}, "rates": rates.as_plain()}))


def test_the_rates_of_the_record_predict_the_crossovers_of_their_engine_alone() -> None:
    times = [
        row("seconds", 1e-5 * n * (1 + (mode == "forward")), n=n, mode=mode, width=width, engine=engine)
        for n, width, mode, engine in product((8, 32, 64, 128), (16, 64, 256), MODES, ("modes", "jax"))
    ]
    ratios = [each | {"engine": engine} for engine in ("modes", "jax") for each in curve(66, m=64)]
    found = Findings(frame([*times, *ratios]), recorded(by(evenly, step=1e-12)))
    said: Any = found.predictions.set_index("engine")["calibrated"]
    assert said["modes"] == pytest.approx(64, rel=0.02)
    assert math.isnan(said["jax"])
    near: Any = found.nearness[found.nearness["engine"] == "modes"].set_index("predictor")
    assert tuple(near.loc[calibrated.BY_RATES, ["crossovers", "near"]]) == (1, 1)
    assert near.loc[calibrated.BY_RATES, "worst_error"] < calibrated.NEAR
    assert calibrated.BY_RATES not in set(found.nearness.loc[found.nearness["engine"] == "jax", "predictor"])
    without = Findings(frame([*times, *ratios]))
    assert without.rates is None
    assert without.predictions["calibrated"].isna().all()
    assert calibrated.BY_RATES not in set(without.nearness["predictor"])


def test_predictions_are_cited_where_the_run_has_rates() -> None:
    times = [
        row("seconds", 1e-5 * n, n=n, mode=mode, width=width)
        for n, width, mode in product((8, 32, 64, 128), (16, 64, 256), MODES)
    ]
    table = frame([*times, *curve(66, m=64)])
    key, near = (
        "modes.aspect-calibrated.m64.width64.depth4.dense.uniform.float64",
        "modes.predictions-near.rates-by-shape",
    )
    with_rates, without = (
        {fact["key"]: fact for fact, _ in statements(Findings(table, *given))}
        for given in ([recorded(by(evenly, step=1e-12))], [])
    )
    assert with_rates[key]["value"] == pytest.approx(1, rel=0.02)
    assert with_rates[near]["value"] == 100
    assert "of 1 crossovers" in with_rates[near]["sentence"]
    assert not {key, near} & set(without)


def test_near_is_within_a_tenth_and_what_lies_beyond_all_sizes_is_missed() -> None:
    table = pd.DataFrame(
        {
            "engine": "modes",
            "n_star": [100.0, 100.0, 100.0, np.nan],
            "m": 64,
            "calibrated": [109.0, 91.5, math.inf, 3.0],
            "modelled": [112.0, 100.0, 50.0, 3.0],
            "counted": np.nan,
        }
    )
    found: Any = calibrated.nearness(table).set_index("predictor")
    assert tuple(found.loc[calibrated.BY_RATES, ["crossovers", "near"]]) == (3, 2)
    assert found.loc[calibrated.BY_RATES, "median_error"] == pytest.approx(100 / 91.5)
    assert found.loc[calibrated.BY_RATES, "worst_error"] == math.inf
    assert tuple(found.loc[calibrated.BY_TIMES, ["crossovers", "near"]]) == (3, 1)
    assert found.loc[calibrated.BY_TIMES, "worst_error"] == pytest.approx(2)
    assert calibrated.BY_COUNTS not in found.index


@pytest.mark.parametrize("damaged", ["{", "[]", "{}", '{"rates": {}}', '{"rates": [1]}', '{"rates": {"start": 1}}'])
def test_damaged_rates_are_left_out_with_a_warning(damaged: str) -> None:
    with pytest.warns(AnalysisWarning, match="damaged"):
        assert calibrated.rates_of(damaged) is None


def test_no_rates_are_none() -> None:
    assert calibrated.rates_of("") is None
    assert calibrated.rates_of('{"conditions": {}, "rates": null}') is None


def test_mode_auto_is_scored_by_the_rates_of_the_run() -> None:
    """At n = m, where reverse mode is measured to be faster: right by rates by which products go slower forward."""
    cells = frame([pair(0.3, n=64, m=64, width=64)])
    regrets = []
    for slow in ("push", "pull"):
        found = Findings(cells, recorded(by(slowed(slow), step=1e-12))).choices
        regrets.append(found.loc[found["rule"] == rules.AUTO, "regret"].item())
    assert regrets == pytest.approx([1, math.exp(0.3)])


# --- rates of an engine's own ---


PRICES = {
    "forward": np.array([1e-5, 2e-6, 1e-8, 1e-10, 3e-11, 3e-11, 1e-10, 1e-10]),
    "reverse": np.array([3e-5, 6e-6, 9e-7, 1e-10, 3e-11, 3e-11, 1e-10, 1e-10]),  # a loop over its seeds
}


def seconds(cell: dict[str, Any], mode: str) -> float:
    return float(own.work(cell, mode) @ PRICES[mode])


def library(seed: int = 0) -> pd.DataFrame:
    """Ratios and some times of a library with prices of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    for n, m, width, depth in product((4, 16, 64, 256), (16, 64), (16, 64, 256), (2, 8)):
        cell = {**SETTING, "n": n, "m": m, "width": width, "depth": depth}
        about = {"n": n, "m": m, "width": width, "depth": depth, "engine": "loops"}
        ratio = math.log(seconds(cell, "forward") / seconds(cell, "reverse"))
        rows.append(pair(ratio + 0.005 * rng.standard_normal(), **about))
        if m == 64 and depth == 8:
            rows += [row("seconds", seconds(cell, mode), mode=mode, **about) for mode in MODES]
    return frame(rows)


def test_a_library_is_scored_by_rates_of_its_own() -> None:
    """Its reverse mode is a loop over the seeds, so that forward mode is the faster one far beyond n = m."""
    found = Findings(library()).choices
    means: Any = found.groupby("rule")["regret"].apply(lambda regret: math.exp(np.log(regret).mean()))
    assert means[rules.AUTO] < 1.003
    assert means["CppAD"] > 1.1


def test_the_ratios_of_its_own_rates_are_near_the_measured_ones() -> None:
    table = library()
    cells = table[table["metric"] == "log_ratio"]
    found = own.held_out_ratios(table, cells, part_of, FOLDS)
    assert (found - cells["value"]).abs().median() < 0.03


def test_no_cell_is_predicted_from_itself() -> None:
    """What is measured of one cell moves the predictions of others, and not its own."""
    table = library()
    spoilt = (table["n"] == 64) & (table["m"] == 64) & (table["width"] == 64) & (table["depth"] == 8)
    wrong = table.assign(value=table["value"].where(~spoilt, table["value"] + 3.0))
    kinds = table["metric"] == "log_ratio"
    before, after = (own.held_out_ratios(each, each[kinds], part_of, FOLDS) for each in (table, wrong))
    mine = spoilt[kinds]
    assert mine.sum() == 1
    assert after[mine].item() == pytest.approx(before[mine].item(), rel=1e-6)
    assert (after[~mine] - before[~mine]).abs().max() > 0.01


def test_too_few_cells_have_no_rates_of_their_own() -> None:
    table = library()
    few = table[table["metric"] == "log_ratio"].head(own.FEWEST - 1)
    assert own.held_out_ratios(table, few, part_of, FOLDS).isna().all()
