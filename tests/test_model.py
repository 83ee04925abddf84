"""The cost model: its counts against those of mode="auto", a fit with known constants, and what is held out."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modes
from analysis.tables import model
from analysis.tables.findings import Findings
from analysis.tables.model import FEWEST, crossover
from analysis.tables.work import LAYERS, MODES, PARTS, SHIPPED, SLOPES, Counts, Prices, chain_work, jacobian_work, sweep
from modes import choice, cost
from modes.call import Call
from modes.chains import PROFILES, layer_chain
from modes.planning import route
from modes.sized import SizedTape
from tests.tables import curve, frame, pair, row

TRUE = Prices(operation=2e-6, fma=5e-11, number=4e-10, record=7e-7)
CELL = {"layer": "dense", "activation": "tanh", "profile": "uniform", "width": 64, "depth": 4, "chunk_size": None}


def seconds(n: int, mode: str, prices: Prices, **other: object) -> float:
    setting = {**CELL, "n": n, "m": 64, **other}
    return chain_work(setting, mode).seconds(prices)


def timed(prices: Prices, noise: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Times of 36 cells by known constants, each off by a random share of up to `noise`."""
    rng = np.random.default_rng(seed)
    rows = []
    for n, width, depth, mode in product((8, 64, 512), (16, 64, 256), (2, 4, 8, 32), MODES):
        value = seconds(n, mode, prices, width=width, depth=depth) * (1 + noise * rng.uniform(-1, 1))
        rows.append(row("seconds", value, n=n, width=width, depth=depth, mode=mode))
    return frame(rows)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", SLOPES)
@pytest.mark.parametrize(("n", "m", "depth", "width"), [(5, 7, 1, 8), (5, 7, 2, 8), (9, 3, 3, 4), (4, 6, 5, 12)])
def test_the_sweep_is_counted_as_mode_auto_counts_it(
    layer: str, activation: str, n: int, m: int, depth: int, width: int
) -> None:
    for profile in PROFILES if layer == "dense" else ["uniform"]:
        chain = layer_chain(n, m, depth, width, layer=layer, activation=activation, profile=profile)
        call = Call(chain, (chain.x,), 0)
        tape = SizedTape()
        _, index = tape.run(call)
        assert index is not None
        for mode in MODES:
            along = route(tape, index).orders[mode].total
            counted = sweep(layer, activation, chain.widths, mode)
            assert counted[:3] == tuple(along)[:3]
            assert counted.records == (len(tape.partials) - 1 if mode == "reverse" else 0)


def test_the_shipped_constants_are_those_of_mode_auto() -> None:
    assert SHIPPED[:3] == tuple(choice.DEFAULT)


@pytest.mark.parametrize("mode", MODES)
def test_a_jacobian_takes_f_as_well(mode: str) -> None:
    widths = (5, 8, 8, 7)
    whole, alone = jacobian_work("dense", "tanh", widths, mode), sweep("dense", "tanh", widths, mode)
    assert whole.operations - alone.operations == 9  # product, bias and tanh of three layers
    assert whole.numbers - alone.numbers == cost.primal_fma(widths, mode)
    assert (whole.fma, whole.records) == (alone.fma, alone.records)


def test_exact_times_give_back_their_constants() -> None:
    found = Findings(timed(TRUE)).fits
    assert len(found) == 1
    assert tuple(found.loc[0, list(Prices._fields)]) == pytest.approx(TRUE, rel=1e-6)
    assert found.loc[0, "worst_error"] == pytest.approx(0, abs=1e-6)
    assert found.loc[0, "cells"] == 36


def test_noise_shows_in_the_errors_and_not_in_the_constants() -> None:
    table = timed(TRUE, noise=0.2)
    found = Findings(table).fits.iloc[0]
    assert found["operation"] == pytest.approx(TRUE.operation, rel=0.1)
    assert found["fma"] == pytest.approx(TRUE.fma, rel=0.2)
    assert 0.05 < found["median_error"] < 0.15
    assert 0.15 < found["worst_error"] < 0.4
    errors = Findings(table).held_out["error"].abs()
    assert (errors.median(), errors.max()) == pytest.approx((found["median_error"], found["worst_error"]))


def test_what_is_predicted_was_not_fitted_to() -> None:
    """One cell whose times are a hundred times too short moves every prediction but its own."""
    table = timed(TRUE)
    spoilt = (table["n"] == 64) & (table["width"] == 64) & (table["depth"] == 4)
    assert spoilt.sum() == 2
    wrong = table.assign(value=table["value"].where(~spoilt, table["value"] / 100))
    before, after = Findings(table).held_out["predicted"], Findings(wrong).held_out["predicted"]
    mine = (Findings(table).held_out[["n", "width", "depth"]] == [64, 64, 4]).all(axis=1)
    assert mine.sum() == 2
    assert after[mine].to_list() == pytest.approx(before[mine].to_list(), rel=1e-9)
    assert not np.allclose(after[~mine], before[~mine], rtol=1e-3)


def test_the_order_of_the_rows_does_not_matter() -> None:
    table = timed(TRUE, noise=0.2)
    shuffled = table.sample(frac=1, random_state=1)
    assert Findings(shuffled).fits.iloc[0].drop(list(model.MODEL)).astype(float).to_list() == pytest.approx(
        Findings(table).fits.iloc[0].drop(list(model.MODEL)).astype(float).to_list(), rel=1e-9
    )


def test_too_few_cells_are_not_fitted() -> None:
    table = timed(TRUE).iloc[: 2 * FEWEST - 2]
    assert Findings(table).fits.empty
    assert Findings(table).held_out.empty
    assert Findings(table).predictions.empty
    ratios = frame([pair(0.1, n=8)])
    assert model.held_out_ratios(model.models(table), ratios).isna().all()


def test_what_is_not_modelled_is_left_out() -> None:
    table = timed(TRUE)
    others = [
        row("seconds", 1.0, layer="elementwise", mode="forward"),
        row("seconds", 1.0, chunk_size=8, mode="forward"),
        row("seconds", 1.0, status="failed", mode="forward"),
        row("seconds", 0.0, mode="forward"),
    ]
    assert Findings(pd.concat([table, frame(others)], ignore_index=True)).fits.equals(Findings(table).fits)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_crossover_is_where_the_times_are_equal(profile: str) -> None:
    setting = {**CELL, "m": 64, "profile": profile}
    root = crossover({**setting, "n": 1}, TRUE)
    below, above = math.floor(root), math.floor(root) + 1
    assert seconds(below, "forward", TRUE, profile=profile) <= seconds(below, "reverse", TRUE, profile=profile)
    assert seconds(above, "forward", TRUE, profile=profile) > seconds(above, "reverse", TRUE, profile=profile)


def test_c2_where_multiplications_are_all_that_counts_the_crossover_is_the_counted_one() -> None:
    only_fma = Prices(0.0, 1.0, 0.0, 0.0)
    for profile in PROFILES:
        inner = modes.chains.layer_widths(1, 9, 6, 64, profile)[1:-1]
        root = crossover({**CELL, "m": 9, "depth": 6, "n": 1, "profile": profile}, only_fma)
        assert root == pytest.approx(cost.predicted_crossover(inner, 9))


def test_one_mode_throughout() -> None:
    setting = {**CELL, "m": 64, "n": 1}
    assert crossover({**setting, "depth": 2}, Prices(1e-6, 0.0, 0.0, 1e-6)) == math.inf  # a tape alone: never worth it
    # A funnel's first layers are the widest, and reverse mode multiplies them out: forward mode at every n.
    assert crossover({**setting, "m": 512, "profile": "funnel"}, Prices(0.0, 1.0, 0.0, 0.0)) == math.inf


def test_the_crossover_table_sets_measured_counted_and_modelled_side_by_side() -> None:
    rates = Prices(1e-6, 1e-10, 0.0, 1e-6)
    table = pd.concat([timed(rates), frame(curve(90, m=64))], ignore_index=True)
    found = Findings(table).predictions
    assert tuple(found.columns) == model.CROSSOVER_COLUMNS
    (only,) = found.to_dict("records")
    assert only["n_star"] == pytest.approx(90, rel=0.02)
    assert only["counted"] == pytest.approx(64)
    assert only["modelled"] == pytest.approx(crossover({**CELL, "m": 64, "n": 1}, rates), rel=1e-6)
    assert only["modelled"] > 64
    assert 0 < only["overhead"] < 1


def test_c6_small_chains_are_nearly_all_overhead() -> None:
    table = pd.concat([timed(TRUE), frame([*curve(40, m=16, width=16), *curve(40, m=256, width=256)])])
    found: Any = Findings(table).predictions.set_index("width")
    assert found.loc[16, "overhead"] > 0.5 > found.loc[256, "overhead"]
    assert found.loc[16, "modelled"] / 16 > found.loc[256, "modelled"] / 256


def test_the_parts_of_the_time_are_shares() -> None:
    table = pd.concat([timed(TRUE), frame([*curve(40, m=16, width=16), *curve(40, m=256, width=256)])])
    found = Findings(table).predictions
    assert found[list(PARTS)].sum(axis=1).to_list() == pytest.approx([1, 1])
    assert found["overhead"].to_list() == pytest.approx((found["operations"] + found["tape"]).to_list())
    work = Counts(3, 5, 7, 11)
    assert work.parts(Prices(1.0, 10.0, 100.0, 1000.0)).tolist() == [3, 11000, 700, 50]
    assert work.parts(TRUE).sum() == pytest.approx(work.seconds(TRUE))


def test_the_median_error_has_an_interval() -> None:
    found = Findings(timed(TRUE, noise=0.2)).fits.iloc[0]
    assert found["median_low"] < found["median_error"] < found["median_high"] < found["worst_error"]
