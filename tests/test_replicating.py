"""Facts over several runs: which hold, on how many, what the others depend on; and two runs as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.citing import Fact, ranged
from analysis.figures.kernels import kernels_figure
from analysis.figures.replication import replication_figure
from analysis.reading.provenance import Provenance
from analysis.replicating import (
    BARS,
    CARE,
    HOLDS,
    TOO_FEW,
    agreements,
    judged,
    kernels,
    run_found,
    values,
    with_ranges,
    words,
)
from analysis.replicating.judging import BY_RUN, _reach, heterogeneity
from analysis.replicating.shown import lines
from analysis.replicating.sources import Run
from analysis.tables.findings import Findings
from modes.facts.ranges import RANGE
from tests.tables import curve, frame, pair, row
from tests.test_cite import ABOUT
from tests.test_marks import fact

KEY = "modes.crossover-time.m64.width64.depth4.dense.uniform.float64"
HASWELL, SKYLAKEX = "openblas 0.3.31, Haswell kernels", "openblas 0.3.31, SkylakeX kernels"
CIRCUMSTANCES = {
    **dict.fromkeys(("cpu", "cores", "memory", "system"), "the same"),
    "machine": "box",
    "blas": HASWELL,
    "blas_threads": "1",
    "python": "3.12",
    "numpy": "2.1",
    "commit": "abc",
    "date": "2026-11-01",
    "measured": "2026-11-02",
    "engine": "modes",
}


def number(value: float, half: float = 0.02, key: str = KEY, unit: str = "inputs", **other: Any) -> Fact:
    """A fact whose interval reaches the share `half` to either side."""
    ends = {"low": value * math.exp(-half), "high": value * math.exp(half)}
    said = {"text": f"{value:.3g}", "interval": "[known]", "verdict": "crosses", "unit": unit}
    fields: dict[str, Any] = {**CIRCUMSTANCES, "value": value, **ends, **said, **other}
    return fact(key, **fields)


def throughout(word: str, **ends: float) -> Fact:
    """A fact that is a verdict: the crossover lies beyond all sizes."""
    fields: dict[str, Any] = {**CIRCUMSTANCES, "value": math.nan, "unit": "inputs", **ends}
    return fact(KEY, **fields | {"text": word, "interval": "[known]", "verdict": word})


def runs(*facts: Fact | Sequence[Fact], **conditions: Sequence[str]) -> list[Run]:
    """A run a fact (or list of facts), under the conditions given: blas=[...], machine=[...]."""
    found = []
    for i, each in enumerate(facts):
        here = {name: every[i] for name, every in conditions.items()}
        known = {"BLAS kernel": here.get("blas", "Haswell"), "number of BLAS threads": "1"}
        known |= {"machine": here.get("machine", "box"), "versions": "3.12", "commit": "abc"}
        its = [each] if isinstance(each, dict) else each
        nothing = Findings(frame([]))
        by_key = {str(one["key"]): one for one in its}
        found.append(Run(f"run {i + 1}", CIRCUMSTANCES, known, nothing, by_key, Path(), {}))
    return found


def of(given: Sequence[Run], key: str = KEY) -> dict[str, Any]:
    """What the runs say of one fact."""
    table = judged(given)
    (found,) = table[table["key"] == key].to_dict("records")
    return {str(name): value for name, value in found.items()}


# --- one fact ---


def test_runs_that_say_the_same_hold() -> None:
    found = of(runs(*[number(64.0)] * 4, machine=["a", "b", "a", "b"]))
    assert (found["verdict"], found["holds"], found["runs"], found["depends"]) == (HOLDS, 4, 4, "")
    assert (found["tau2"], found["i2"], found["range"], found["general"]) == (0, 0, "64", "64")
    assert found["mean"] == pytest.approx(64.0)
    assert "no further apart" in heterogeneity(found)


def test_what_is_the_same_everywhere_is_not_general_of_one_condition() -> None:
    found = of(runs(*[number(64.0)] * 4))
    assert (found["verdict"], found["general"]) == (HOLDS, "")
    assert "all under the same conditions" in found["said"]


def test_a_planted_shift_is_found_and_what_it_depends_on() -> None:
    """Two kernels, 40 % apart."""
    given = runs(number(58), number(59), number(82), number(81), blas=["SkylakeX", "SkylakeX", "Haswell", "Haswell"])
    found = of(given)
    assert (found["verdict"], found["depends"]) == ("depends on the BLAS kernel", "the BLAS kernel")
    assert (found["holds"], found["runs"], found["range"], found["general"]) == (2, 4, "58 to 82", "")
    assert (found["least"], found["most"]) == (58, 82)
    assert math.sqrt(found["tau2"]) == pytest.approx(np.std(np.log([58, 59, 82, 81]), ddof=1), rel=0.05)
    assert found["i2"] > 0.9


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [
        ({"machine": "aabb"}, "depends on the machine"),
        ({"machine": "abab", "blas": "xxyy"}, "depends on the BLAS kernel"),
        ({"machine": "aabb", "blas": "xxyy"}, "depends on the BLAS kernel or the machine"),
        ({"machine": "abab", "blas": "xxyy", "n": (60, 90, 75, 50)}, "depends on the BLAS kernel and the machine"),
        ({"machine": "abab", "blas": "xyxy"}, BY_RUN),
        ({}, BY_RUN),
    ],
)
def test_what_differs_is_named(conditions: dict[str, Any], verdict: str) -> None:
    """The first two runs agree, and so do the last two; in the fourth case one condition alone explains nothing."""
    numbers = conditions.get("n", (60, 60, 90, 90))
    given = runs(*map(number, numbers), **{name: list(every) for name, every in conditions.items() if name != "n"})
    assert of(given)["verdict"] == verdict


def test_the_kernel_of_numpy_explains_nothing_of_an_engine_without_it() -> None:
    given = [number(n, engine="jax", key=KEY.replace("modes", "jax")) for n in (60, 60, 90, 90)]
    found = of(runs(*given, blas=list("xxyy")), KEY.replace("modes", "jax"))
    assert found["verdict"] == BY_RUN


def test_the_order_of_runs_does_not_matter() -> None:
    random = np.random.default_rng(0)
    given = runs(*(number(64 * math.exp(shift)) for shift in random.normal(0, 0.04, 6)), machine=list("abcabc"))
    first = judged(given)
    for _ in range(5):
        pd.testing.assert_frame_equal(judged([given[i] for i in random.permutation(6)]), first)


def test_verdicts_hold_where_they_are_the_same() -> None:
    found = of(runs(*[throughout("reverse throughout", low=0.0, high=4.0)] * 3, machine=["a", "b", "c"]))
    assert (found["verdict"], found["range"], found["general"]) == (HOLDS, "reverse throughout", "reverse throughout")
    other = throughout("forward throughout", low=512.0, high=math.inf)
    found = of(runs(throughout("reverse throughout", low=0.0, high=4.0), other, machine=["a", "b"]))
    assert found["verdict"] == "depends on the machine"
    assert found["range"] == "reverse throughout, or forward throughout"


def test_a_crossover_at_the_border_agrees_with_none_beyond_it() -> None:
    """Crossing at 4.1 [3.9, 4.3], and reverse throughout from 4 on: both say that it lies about there, or below."""
    below = throughout("reverse throughout", low=0.0, high=4.0)
    assert of(runs(number(4.1, 0.05), below))["verdict"] == HOLDS
    far = of(runs(number(8.0, 0.05), below, machine=["a", "b"]))
    assert (far["verdict"], far["range"]) == ("depends on the machine", "reverse throughout, or 8")


def test_the_worked_example_of_the_docs() -> None:
    """docs/replication.md: width 256, depth 4, m = 8; measured on two machines and two kernels."""
    first, second, third, last = number(17.1, 0.003), number(4.54, 0.012), number(4.56, 0.011), number(9.5, 0.01)
    under = {"machine": list("abbb"), "blas": ["Haswell", "SkylakeX", "SkylakeX", "Haswell"]}
    found = of(runs(first, second, third, **under))
    assert (found["holds"], found["verdict"]) == (2, "depends on the BLAS kernel or the machine")
    assert found["range"] == "4.54 to 17.1"
    assert math.expm1(math.sqrt(found["tau2"])) == pytest.approx(1.15, abs=0.01)
    assert of(runs(first, second, third, last, **under))["verdict"] == "depends on the BLAS kernel and the machine"


def test_a_run_that_does_not_tell_is_no_run() -> None:
    unknown = number(math.nan, text="not identifiable", interval="", verdict="not identifiable")
    found = of(runs(number(64), unknown, [number(1.0, key="modes.other-thing.x")]))
    assert (found["verdict"], found["runs"]) == (TOO_FEW, 1)
    assert of(runs(number(64), number(65), unknown))["runs"] == 2


def test_less_than_a_reader_cares_about_is_no_difference() -> None:
    """Exact intervals: 64 and 3 % more hold, 64 and 8 % more do not; of a loss over the best choice half a percent."""
    assert of(runs(number(64, 1e-6), number(64 * 1.03, 1e-6)))["verdict"] == HOLDS
    assert of(runs(number(64, 1e-6), number(64 * (1 + CARE) * 1.03, 1e-6)))["verdict"] == BY_RUN
    loss = {"key": "modes.regret-mean.cppad", "unit": "ratio"}
    assert of(runs(number(1.004, 1e-6, **loss), number(1.008, 1e-6, **loss)), loss["key"])["verdict"] == HOLDS
    assert of(runs(number(1.004, 1e-6, **loss), number(1.044, 1e-6, **loss)), loss["key"])["verdict"] == BY_RUN
    share = {"key": "modes.wrong-choices.cppad", "unit": "percent"}
    assert of(runs(number(1.0, 1e-6, **share), number(1.5, 1e-6, **share)), share["key"])["verdict"] == HOLDS
    assert of(runs(number(1.0, 1e-6, **share), number(4.0, 1e-6, **share)), share["key"])["verdict"] == BY_RUN


def test_a_number_without_an_interval_is_compared_by_itself() -> None:
    """Peak memory is counted: no tau, but a verdict."""
    given = [number(value, interval="", low=math.nan, high=math.nan) for value in (64, 64.5, 80)]
    found = of(runs(*given, machine=["a", "b", "c"]))
    assert (found["holds"], found["verdict"]) == (2, "depends on the machine")
    assert math.isnan(found["tau2"])
    assert "only the range" in heterogeneity(found)


@pytest.mark.parametrize("count", [2, 4, 8])
def test_what_is_one_truth_is_seldom_called_dependent(count: int) -> None:
    """600 facts whose runs differ by chance alone, their intervals wide against CARE: at most one in twenty."""
    random = np.random.default_rng(count)
    half = 0.2
    facts = [
        [number(64 * math.exp(shift), half, key=f"modes.crossover-time.m{i}") for i, shift in enumerate(shifts)]
        for shifts in random.normal(0, half / 1.96, (count, 600))
    ]
    assert (judged(runs(*facts))["verdict"] == HOLDS).mean() > 0.93


def test_many_runs_are_given_longer_intervals() -> None:
    assert [_reach(count) for count in (1, 2, 3, 4, 5)] == [1, 1, 1, 1, 1]
    assert 1 < _reach(6) < _reach(10) < 1.5


def test_every_run_of_every_fact_is_in_the_table_of_values() -> None:
    found = values(runs(number(64), [number(70), number(2.0, key="modes.other-thing.x")]))
    assert found[["key", "run", "value"]].to_numpy().tolist() == [
        [KEY, "run 1", 64.0],
        [KEY, "run 2", 70.0],
        ["modes.other-thing.x", "run 2", 2.0],
    ]
    assert found["error"].to_list()[0] == pytest.approx(0.02 / 1.96, rel=1e-3)


# --- two runs as a whole ---


def measured(seed: int, blas: str = HASWELL, shift: float = 0.0, claimed: float = 1.0, processes: int = 6) -> Run:
    """A run of 20 settings with ten n each: processes that differ by 2 %; `claimed` shortens what intervals claim."""
    random = np.random.default_rng(seed)
    rows = []
    for m in range(8, 48, 2):
        for each in curve(1.2 * m, sizes=tuple(range(m // 2, 3 * m, max(1, m // 4)))[:10], m=m):
            drawn = each["value"] + shift + random.normal(0, 0.02, processes)
            mean, error = drawn.mean(), claimed * drawn.std(ddof=1) / math.sqrt(processes)
            samples = list(mean + claimed * (drawn - mean))
            ends = {"low": mean - 2.571 * error, "high": mean + 2.571 * error}
            rows.append({**each, "value": mean, **ends, "samples": samples, "processes": processes})
    known = Provenance({**ABOUT.known, "blas": blas})
    return run_found(f"run {seed}", Path(), {}, Findings(processed(rows), known))


def processed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = frame(rows)
    return table.assign(processes=table["processes"].astype("Int64"))


@pytest.mark.slow
def test_two_runs_of_one_truth_reach_the_bars() -> None:
    (found,) = agreements([measured(1), measured(2)]).to_dict("records")
    assert found["differing"] == ""
    assert (found["cells"], found["crossovers"]) == (200, 20)
    for name, bar in BARS.items():
        assert bar.holds(found[name]), name
    assert 0.5 < found["median_difference"] < 0.95


@pytest.mark.slow
def test_intervals_that_claim_too_much_are_found() -> None:
    """Half as long as they should be: the bars of overlap and of the differences are missed."""
    (found,) = agreements([measured(1, claimed=0.4), measured(2, claimed=0.4)]).to_dict("records")
    assert not BARS["cells_overlap"].holds(found["cells_overlap"])
    assert not BARS["median_difference"].holds(found["median_difference"])
    assert not BARS["high_difference"].holds(found["high_difference"])


@pytest.mark.slow
def test_runs_under_other_conditions_are_said_to_be_so() -> None:
    found = agreements([measured(1), measured(2, blas=SKYLAKEX, shift=0.3), measured(3)]).to_dict("records")
    assert [row["differing"] for row in found] == ["", "BLAS kernel", "BLAS kernel"]
    assert (found[0]["one"], found[0]["other"]) == ("run 1", "run 3")
    assert found[1]["cells_overlap"] < 0.5
    assert found[1]["moved"] == pytest.approx(math.exp(0.6) - 1, rel=0.1)  # r grows half as fast as log n


def test_cells_that_one_run_alone_has_are_not_compared() -> None:
    one, other = frame([pair(0.1, n=8), pair(0.2, n=16)]), frame([pair(0.1, n=8), pair(0.2, n=32)])
    both = [run_found(str(i), Path(), {}, Findings(table, ABOUT)) for i, table in enumerate((one, other))]
    assert agreements(both)["cells"].to_list() == [1]


def test_a_cell_without_some_parameters_is_still_the_same_cell() -> None:
    tables = [frame([row("log_tape_ratio", 0.5, mode="reverse/hand", width=pd.NA, depth=pd.NA)]) for _ in range(2)]
    both = [run_found(str(i), Path(), {}, Findings(table, ABOUT)) for i, table in enumerate(tables)]
    assert agreements(both)["cells"].to_list() == [1]


# --- what is said ---


def said(given: Sequence[Run], headline: str = KEY, every: bool = False) -> str:
    return "\n".join(words.lines(given, judged(given), agreements(given), headline, every))


def test_the_headline_comes_first_and_then_what_does_not_hold() -> None:
    keys = [KEY.replace("m64", f"m{m}") for m in (8, 16, 32)]
    first = [number(64), *(number(n, key=key) for n, key in zip((8, 16, 32), keys, strict=True))]
    second = [number(64), *(number(n, key=key) for n, key in zip((8, 20, 60), keys, strict=True))]
    text = said(runs(first, second, blas=["SkylakeX", "Haswell"]))
    places = [text.index(f"n*, modes, m {m}, width 64, depth 4 ") for m in (64, 32, 16, 8)]
    assert places == sorted(places)
    assert "32 to 60" in text
    assert "depends on the BLAS kernel" in text
    assert "2 facts on the BLAS kernel" in text


@pytest.mark.slow
def test_the_bars_are_said_of_runs_under_the_same_conditions_alone() -> None:
    text = said([measured(1), measured(2), measured(3, blas=SKYLAKEX, shift=0.3)])
    assert text.count("(bar: at least 97.0%: met)") == 1
    assert "run 1 and run 3 differ in BLAS kernel" in text
    assert "of 200 cells in both" in text


# --- as fields of facts ---


def test_a_fact_gets_what_all_runs_say_of_it() -> None:
    given = runs(number(58), number(82), blas=["SkylakeX", "Haswell"])
    (found,) = with_ranges([number(58)], given)
    assert {*RANGE} <= {*found}
    assert (found["range"], found["runs"], found["holds"], found["general"]) == ("58 to 82", 2, 1, "")
    assert (found["range_low"], found["range_high"]) == (58, 82)
    assert found["over_runs"] == "58 to 82 over 2 runs (depends on the BLAS kernel; at most 1 agree)"
    assert found["seal"] == number(58)["seal"]


def test_numbers_that_are_not_there_are_none() -> None:
    empty: Mapping[str, Any] = {
        **dict.fromkeys(RANGE, ""),
        "runs": 0,
        "holds": 0,
        **dict.fromkeys(("range_low", "range_high", "tau2", "i2"), math.nan),
    }
    assert ranged(number(1.0), empty)["tau2"] is None


# --- why: what the kernels give ---


def rate(kernel: str, product: str, rows: int, width: int, gflops: float, dtype: str = "float64") -> dict[str, Any]:
    sizes = {"kernel": kernel, "product": product, "dtype": dtype, "rows": rows, "width": width}
    return {**sizes, "gflops": gflops, "low": 0.9 * gflops, "high": 1.1 * gflops}


def on_kernel(used: str, shift: float) -> Run:
    """A run that used a kernel of two, and took the rates of both; n*/m is 1.25 `shift`, at three widths."""
    every = [
        rate(kernel, product, rows, 64, rows * (2 if kernel == used else 1))
        for kernel in ("Haswell", "SkylakeX", "Nehalem")
        for product in ("t @ W.T", "c @ W")
        for rows in (1, 4, 16)
    ]
    every += [rate(used, "square", 512, 512, 40), rate(used, "c @ W", 4, 64, 80, "float32")]
    rows = [each for width in (16, 64, 256) for each in curve(80 * shift, width=width)]
    rows += [each for m in (8, 32) for each in curve(1.25 * m * shift, m=m)]
    known = Provenance({**ABOUT.known, "blas": f"openblas 0.3, {used} kernels"}, kernels={"used": used, "rates": every})
    return run_found(f"on {used}", Path(), {}, Findings(frame(rows), known))


def test_a_kernel_s_rates_are_medians_over_the_runs_of_kernels_that_one_of_them_used() -> None:
    runs = [on_kernel("Haswell", 1.0), on_kernel("SkylakeX", 0.7), on_kernel("Haswell", 1.1)]
    found = kernels.rates(runs)
    assert set(found["kernel"]) == {"Haswell", "SkylakeX"}
    assert len(found) == 2 * 2 * 3
    for kernel, factor in (("Haswell", 2), ("SkylakeX", 1)):  # 2 where the run used it, else 1
        part = found[found["kernel"] == kernel]
        assert (part["gflops"] == factor * part["rows"]).all()
    assert kernels.rates([measured(1)]).empty


def test_where_the_modes_cross_by_width_and_kernel() -> None:
    found = kernels.crossings([on_kernel("Haswell", 1.0), on_kernel("SkylakeX", 0.7)])
    assert set(found["m"]) == {64}  # at m = 8 and 32 one width alone was measured
    assert found["width"].to_list() == [16, 64, 256] * 2
    assert found.groupby("kernel")["value"].mean().to_dict() == pytest.approx(
        {"Haswell": 1.25, "SkylakeX": 0.875}, rel=0.01
    )


def test_the_figures_draw_what_they_are_given() -> None:
    both = [on_kernel("Haswell", 1.0), on_kernel("SkylakeX", 0.7)]
    found = kernels_figure(Figure(), kernels.rates(both), kernels.crossings(both))
    assert [axes.get_xlabel() for axes in found.axes] == ["rows: seeds at once", "width of the chain"]
    labels = {text.get_text() for text in found.legends[0].get_texts()}
    assert "Haswell: forward mode's products, t @ W.T" in labels
    assert "SkylakeX: n*/m at m = 64" in labels
    shown, left_out = lines(both, judged(both))
    assert left_out == 0
    (axes,) = replication_figure(Figure(), shown, left_out).axes
    assert len(axes.get_yticklabels()) == shown["key"].nunique() == 5
    drawn = [mark for line in axes.get_lines() for mark in np.atleast_1d(line.get_xdata())]
    for value in shown["value"].dropna():
        assert any(mark == pytest.approx(value) for mark in drawn)


def test_figures_without_data_say_so() -> None:
    nothing = kernels_figure(Figure(), kernels.rates([]), kernels.crossings([]))
    assert "Not measured yet" in nothing.axes[0].texts[0].get_text()
    none, left_out = lines(runs(number(64), number(65)), judged(runs(number(64), number(65))))
    assert "Not measured yet" in replication_figure(Figure(), none, left_out).axes[0].texts[0].get_text()
