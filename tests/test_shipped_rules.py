"""The rules that software ships: where each switches, and how they are scored on cells with a known answer."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.tables import rules
from analysis.tables.model import models
from analysis.tables.rules import (
    AUTO,
    CALL_COLUMNS,
    CHOICE_COLUMNS,
    MODEL,
    RULES,
    SCORE_COLUMNS,
    ShippedRule,
    auto,
    whole_calls,
)
from analysis.tables.work import MODES
from modes import Chain, layer_chain
from modes.call import Call
from modes.planning import route
from modes.sized import SizedTape
from tests.tables import frame, pair, row

BY_NAME = {rule.name: rule for rule in RULES}
EQUAL = ("CppAD", "Adept 2", "DiffSharp", "JAX (proposed)", "OpenMDAO")


def choices(table: pd.DataFrame) -> pd.DataFrame:
    return rules.choices(table, models(table))


def scores(table: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    return rules.scores(choices(table), by)


def one(table: pd.DataFrame, **where: object) -> pd.Series:
    keep = pd.Series(True, index=table.index)
    for name, value in where.items():
        keep &= table[name] == value
    assert keep.sum() == 1
    return table[keep].iloc[0]


@pytest.mark.parametrize(
    ("name", "m", "last_forward"),
    [
        ("lineax", 10, 99),
        ("lineax", 64, 99),
        ("lineax", 100, 150),
        ("CasADi", 33, 67),
        ("CasADi", 100, 203),
        ("ADOL-C", 64, 127),
        *((name, 64, 64) for name in EQUAL),
        ("PyTorch docs", 64, 63),
        ("SciMLSensitivity", 7, 100),
    ],
)
def test_where_a_rule_switches(name: str, m: int, last_forward: int) -> None:
    choose = BY_NAME[name].choose
    assert [choose(n, m) for n in (1, last_forward, last_forward + 1, 10**6)] == [
        "forward",
        "forward",
        "reverse",
        "reverse",
    ]


@pytest.mark.parametrize(
    ("name", "mode"), [("ForwardDiff.jl", "forward"), ("HIPS autograd", "reverse"), ("MathOptInterface", "reverse")]
)
def test_a_rule_that_never_switches(name: str, mode: str) -> None:
    assert {BY_NAME[name].choose(n, m) for n in (1, 64, 10**6) for m in (1, 64, 10**6)} == {mode}


def test_every_rule_names_its_source() -> None:
    assert len(BY_NAME) == len(RULES) == 13
    assert all(rule.source for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_is_said_of_a_rule_is_what_it_does(rule: ShippedRule) -> None:
    """The text, read as Python: 1.5 m is 1.5 * m."""
    text = re.sub(r"([\d.]+) ([nm])", r"\1 * \2", rule.when)
    text = {"always forward": "True", "never forward": "False"}.get(text, text)
    code = compile(text, rule.name, "eval")
    for n, m in product(range(1, 410), (1, 2, 33, 64, 100, 200)):
        forward = eval(code, {"n": n, "m": m, "floor": math.floor})
        assert rule.choose(n, m) == ("forward" if forward else "reverse")


def test_scores_have_intervals() -> None:
    """Ten of forty choices are wrong, and cost a factor of 2 each."""
    cells = [pair(math.log(2) * (1 if n <= 110 else -1), n=n, m=1000) for n in range(101, 141)]
    found = one(scores(frame(cells)), rule="ForwardDiff.jl")
    assert found["wrong"] == 0.25
    assert (found["wrong_low"], found["wrong_high"]) == pytest.approx((0.127, 0.412), abs=1e-3)  # Clopper and Pearson
    assert found["geometric_mean"] == pytest.approx(2**0.25)
    # The mean of 40 draws that are ln 2 in a quarter of cases has a standard deviation of 0.43 ln 2 / sqrt(40).
    deviation = math.log(2) * math.sqrt(0.25 * 0.75 / 40)
    low, high = (math.log(found[end]) - 0.25 * math.log(2) for end in ("low", "high"))
    assert (low, high) == pytest.approx((-1.96 * deviation, 1.96 * deviation), rel=0.15)
    never = one(scores(frame(cells)), rule="SciMLSensitivity")
    assert 0 < never["wrong_low"] < never["wrong"] == 0.75 < never["wrong_high"] < 1


def test_no_wrong_choice_is_not_sure_never_to_be_wrong() -> None:
    found = one(scores(frame([pair(-1.0, n=n, m=1000) for n in range(1, 31)])), rule="CppAD")
    assert (found["wrong"], found["wrong_low"]) == (0, 0)
    assert found["wrong_high"] == pytest.approx(1 - 0.025 ** (1 / 30))
    assert (found["low"], found["high"]) == (1, 1)


def test_few_cells_have_no_interval() -> None:
    found = one(scores(frame([pair(-1.0, n=n) for n in (1, 2, 3, 4, 5)])), rule="CppAD")
    assert found[["wrong_low", "wrong_high", "low", "high"]].isna().all()


def test_regret_is_the_time_over_that_of_the_better_mode() -> None:
    # Forward mode wins by a factor 2 at n = 8, loses by 3 at n = 128; at n = 64 nobody can tell.
    cells = [pair(-math.log(2), n=8, m=64), pair(math.log(3), n=128, m=64), pair(0.01, n=64, m=64)]
    found = scores(frame(cells))
    assert tuple(found.columns) == SCORE_COLUMNS
    right, forward, reverse = (one(found, rule=name) for name in ("CppAD", "ForwardDiff.jl", "HIPS autograd"))
    assert (right["wrong"], right["geometric_mean"], right["maximum"]) == (0, 1, 1)
    assert (forward["wrong"], reverse["wrong"]) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert forward["maximum"] == pytest.approx(3)
    assert forward["geometric_mean"] == pytest.approx(3 ** (1 / 3))
    assert reverse["maximum"] == pytest.approx(2)
    assert reverse["percentile_90"] == pytest.approx(math.exp(np.quantile([0, 0, math.log(2)], 0.9)))
    assert (right["cells"], right["ties"]) == (3, 1)


def test_a_tie_is_never_wrong() -> None:
    found = choices(frame([pair(0.5, n=8, low=-0.1, high=1.1), pair(-0.5, n=512, low=-1.1, high=0.0)]))
    assert found["tie"].all()
    assert not found["wrong"].any()
    assert (found["regret"] == 1).all()


def test_a_single_wrong_choice_is_seen() -> None:
    found = choices(frame([pair(0.3, n=65, m=64)]))
    assert tuple(found.columns) == CHOICE_COLUMNS
    assert one(found, rule="ADOL-C")["regret"] == pytest.approx(math.exp(0.3))
    assert one(found, rule="CppAD")["regret"] == 1


def test_only_measured_ratios_of_one_pass_with_an_interval_count() -> None:
    good = pair(0.3, n=65)
    others = [
        pair(0.3, n=66, chunk_size=8),
        pair(0.3, n=67, status="failed"),
        pair(0.3, n=68, low=np.nan, high=np.nan),
        pair(0.3, n=69, mode="forward/forward"),
        row("seconds", 1.0, n=70, mode="forward"),
    ]
    assert set(choices(frame([good, *others]))["n"]) == {65}
    assert scores(frame(others)).empty


def test_engines_and_profiles_are_scored_apart() -> None:
    cells = frame(
        [
            pair(0.3, n=65, engine="modes"),
            pair(-0.3, n=65, engine="floor"),
            pair(-0.3, n=65, profile="funnel"),
        ]
    )
    found = scores(cells)
    assert one(found, engine="modes", rule="CppAD")["wrong"] == 0.5
    assert one(found, engine="floor", rule="CppAD")["wrong"] == 1
    apart = scores(cells, by=["profile"])
    assert one(apart, engine="modes", rule="CppAD", profile="uniform")["wrong"] == 0
    assert one(apart, engine="modes", rule="CppAD", profile="funnel")["wrong"] == 1


def chosen(chain: Chain) -> str:
    tape = SizedTape()
    _, index = tape.run(Call(chain, (chain.x,), 0))
    assert index is not None
    return route(tape, index).pure


@pytest.mark.parametrize("profile", ["uniform", "funnel", "hourglass", "bulge"])
def test_mode_auto_is_scored_by_which_of_the_two_modes_it_would_choose(profile: str) -> None:
    for n in (4, 60, 64, 70, 300):
        cell = {"n": n, "m": 64, "width": 64, "depth": 4, "layer": "dense", "activation": "tanh", "profile": profile}
        assert auto({**cell, "dtype": "float64", "engine": "modes"}) == chosen(
            layer_chain(n, 64, 4, 64, profile=profile)
        )


def test_mode_auto_and_the_model_say_nothing_of_what_they_do_not_know() -> None:
    found = choices(frame([pair(0.3, n=65), pair(0.3, n=64, layer="elementwise")]))
    assert set(found.loc[found["rule"] == AUTO, "layer"]) == {"dense"}
    assert MODEL not in set(found["rule"])  # no times were measured that it could be fitted to
    assert len(found[found["rule"] == "CppAD"]) == 2


def test_the_fitted_model_chooses_where_it_was_not_fitted() -> None:
    # Forward mode costs n, reverse mode m, in these times; the ratios agree with them.
    rows = []
    for n in (16, 32, 64, 128, 256):
        for m in (16, 64, 256):
            work = {"forward": n, "reverse": m}
            rows += [row("seconds", 1e-5 * work[mode], n=n, m=m, width=512, depth=8, mode=mode) for mode in MODES]
            rows.append(pair(math.log(n / m), n=n, m=m, width=512, depth=8))
    model = one(scores(frame(rows)), rule=MODEL)
    assert model["cells"] == 15
    assert model["wrong"] == 0


def test_whole_calls_are_scored_by_their_time_and_not_by_the_choice() -> None:
    rows = [row("log_auto_ratio", value, n=8 + i, mode="auto/best") for i, value in enumerate((0.0, 0.2, -0.02))]
    rows += [row("log_auto_ratio", 0.01, mode="auto/best", engine="modes-prepared")]
    rows += [row("log_first_ratio", math.log(2.0), n=8, mode="auto/best")]
    rows += [row("log_problem_ratio", 0.1, layer="lstm", mode="auto/best")]
    rows += [row("log_problem_ratio", 3.0, layer="lstm", mode="forward/reverse")]
    found = whole_calls(frame(rows))
    assert tuple(found.columns) == CALL_COLUMNS
    by = found.set_index(["engine", "functions", "call"])
    assert list(by.index) == [
        ("modes", "chains", "later"),
        ("modes-prepared", "chains", "later"),
        ("modes", "known problems", "later"),
        ("modes", "chains", "first"),
    ]
    assert by["cells"].tolist() == [3, 1, 1, 1]
    np.testing.assert_allclose(by["geometric_mean"], np.exp([0.06, 0.01, 0.1, math.log(2.0)]))
    assert by["maximum"].iloc[0] == pytest.approx(math.exp(0.2))


def test_nothing_measured_gives_empty_tables() -> None:
    assert tuple(whole_calls(frame([])).columns) == CALL_COLUMNS
    assert tuple(choices(frame([])).columns) == CHOICE_COLUMNS
    assert tuple(scores(frame([])).columns) == SCORE_COLUMNS
