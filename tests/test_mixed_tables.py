"""Mixed accumulation in tables, facts and the figure: made-up measurements with a known answer."""

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.citing.statements import statements
from analysis.figures import FIGURES
from analysis.figures import drawn as drawing
from analysis.reading.provenance import Provenance
from analysis.report import report_files
from analysis.report.circumstances import installed
from analysis.tables.crossover import CROSSES, UNKNOWN
from analysis.tables.findings import Findings
from analysis.tables.libraries import libraries
from analysis.tables.mixed import (
    BETTER,
    MULTIPLY_ADDS,
    NEVER,
    PAYS,
    computed_regions,
    counted_gain,
    cut_counts,
    fastest,
    root,
)
from analysis.tables.rules import AUTO
from analysis.tables.work import MODES, Counts, chain_work, cut_work
from benchmarks.catalogue.engines import label
from modes.chains import layer_chain, layer_widths
from modes.cost import best_order_fma, forward_fma, jacobian_chain, reverse_fma
from tests.drawn import xs, ys
from tests.tables import CHAIN, curve, cut, frame, full_table, mixed, row, waist_curve

FOUR = [(16, 16, 0.3, 0.2), (64, 16, -1.0, 0.4), (16, 64, 0.4, -1.0), (64, 64, -0.7, -0.8)]


def findings(rows: list[dict[str, Any]]) -> Findings:
    return Findings(frame(rows))


def only(table: pd.DataFrame) -> dict[str, Any]:
    assert len(table) == 1
    return {str(name): value for name, value in table.iloc[0].items()}


# --- the gain ---


def test_a_gain_is_the_better_mode_over_mixed_with_its_interval() -> None:
    found = only(findings([cut(-1.0)]).mixed_gains)
    assert found["ratio"] == pytest.approx(math.e)
    assert (found["low"], found["high"]) == (pytest.approx(math.exp(0.98)), pytest.approx(math.exp(1.02)))
    assert found["waist"] == 8
    assert math.isnan(found["modelled"])


def test_gains_of_chains_without_a_waist_are_kept_apart() -> None:
    found = findings([cut(-1.0), cut(0.1, profile="uniform"), cut(0.2, profile="hourglass")])
    assert list(found.mixed_gain_table["profile"]) == ["waist8"]
    assert set(found.mixed_vain_table["profile"]) == {"uniform", "hourglass"}


def test_this_projects_engines_come_first_and_the_widest_chains() -> None:
    names = ["jax-cut", "modes-cut", "modes-prepared", "modes"]
    rows = [cut(-1.0, engine=name, n=n, m=n) for n in (64, 256) for name in names]
    table = findings(rows).mixed_gain_table
    assert list(table["n"]) == [256] * 4 + [64] * 4
    assert list(table["engine"])[:2] == ["modes", "modes-prepared"]


def test_what_a_cut_takes_by_hand() -> None:
    """Two affine layers, cut between them: a product with a vector and a sum each; then each matrix is its own
    derivative, pulled back with a record on the tape and pushed on without; and one product of the two."""
    n, k, m = 5, 2, 7
    sizes = n * k + k * m
    expected = Counts(operations=4 + 1 + 1 + 1, fma=n * k * m, numbers=sizes + (sizes + n * m), records=1)
    assert cut_work("dense", "identity", (n, k, m), 1) == expected
    tanh = cut_work("dense", "tanh", (n, k, m), 1)
    slopes = (2 * n * k + 2 * k) + 2 * k * m  # the rows of the lower matrix scaled as they are, the seed's diagonal
    assert tanh == expected._replace(operations=7 + 4, numbers=expected.numbers + slopes, records=2)


WIDTHS = [(64, 64, 64, 4, "waist8"), (20, 30, 7, 6, "waist3-after2"), (9, 40, 12, 5, "waist30"), (8, 8, 8, 2, "waist2")]


@pytest.mark.parametrize(("n", "m", "width", "depth", "profile"), WIDTHS)
def test_a_cut_takes_the_products_of_its_two_halves_and_one_more(
    n: int, m: int, width: int, depth: int, profile: str
) -> None:
    """Counted on the matrices themselves: each half with its seed free, then (m x k) times (k x n)."""
    chain = {**CHAIN, "n": n, "m": m, "width": width, "depth": depth, "profile": profile}
    widths = layer_widths(n, m, depth, width, profile)
    after = int(profile.partition("-after")[2] or depth // 2)
    k, below, above = widths[after], widths[: after + 1], widths[after:]
    expected = reverse_fma(below) + forward_fma(above) + m * k * n
    assert cut_counts(chain).fma == expected
    assert best_order_fma(widths) <= expected
    pure = min(forward_fma(widths), reverse_fma(widths))
    assert counted_gain({**chain, "engine": "jax-cut"}) == pure / expected
    assert counted_gain({**chain, "engine": "modes"}) == pure / best_order_fma(widths) >= 1


@pytest.mark.parametrize(("n", "m", "width", "depth", "profile"), WIDTHS)
def test_with_seeds_multiplied_out_the_counts_are_those_of_the_dynamic_programme(
    n: int, m: int, width: int, depth: int, profile: str
) -> None:
    """The two halves as two segments: all that the programme adds to the count is the seeds, k times the matrix beside
    them, where it finds pulling and pushing the cheaper ways through the halves."""
    widths = layer_widths(n, m, depth, width, profile)
    chain = layer_chain(n, m, depth, width, profile=profile)
    sizes = [W.size for W, _ in chain.parameters]
    after = int(profile.partition("-after")[2] or depth // 2)
    k = widths[after]
    found = jacobian_chain([(n, k, sum(sizes[:after])), (k, m, sum(sizes[after:]))])
    seeds = k * (sizes[after - 1] + sizes[after])
    here = cut_counts({**CHAIN, "n": n, "m": m, "width": width, "depth": depth, "profile": profile}).fma
    if k <= min(n, m):
        assert int(found["optimal"]) <= here + seeds
        assert int(found["preaccumulate"]) == here + seeds


# --- the crossover waist ---


def test_the_crossover_waist_is_found_with_its_interval() -> None:
    found = only(findings(waist_curve(50)).waist_crossovers)
    assert found["verdict"] == CROSSES
    assert found["k_star"] == pytest.approx(50, rel=1e-3)
    assert found["low"] < 50 < found["high"]
    assert (found["smallest"], found["largest"]) == (4, 128)
    assert found["counted"] == pytest.approx(64)
    assert math.isnan(found["modelled"])


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({4: -1.0, 64: -0.5}, PAYS),
        ({4: 0.5, 64: 1.0}, NEVER),
        ({4: 0.001, 64: -0.001}, UNKNOWN),
        ({4: 1.0, 64: -1.0}, UNKNOWN),
        ({4: -1.0, 1024: 1.0}, CROSSES),
    ],
)
def test_verdicts_say_no_more_than_the_pairs(values: dict[int, float], verdict: str) -> None:
    rows = [cut(value, profile=f"waist{k}", engine="modes-cut") for k, value in values.items()]
    found = only(findings(rows).waist_crossovers)
    assert found["verdict"] == verdict
    assert math.isnan(found["k_star"]) == (verdict != CROSSES)


def test_noise_that_spreads_it_too_widely_gives_no_number() -> None:
    noisy = [i / 4 for i in range(-7, 8)]
    rows = []
    for k, value in ((4, -2.0), (16, -0.05), (64, 0.05), (256, 2.0)):
        wide: dict[str, Any] = {"samples": [value + each for each in noisy], "low": value - 0.5, "high": value + 0.5}
        rows.append(cut(value, profile=f"waist{k}", engine="modes-cut", **(wide if abs(value) < 1 else {})))
    found = only(findings(rows).waist_crossovers)
    assert found["verdict"] == UNKNOWN
    assert found["high"] / found["low"] > 2


def test_only_cuts_by_hand_in_the_middle_have_a_crossover() -> None:
    rows = [*waist_curve(50, engine="modes"), *waist_curve(50, engine="modes-prepared")]
    rows += [cut(-1.0, engine="modes-cut", profile=f"waist{k}-after1") for k in (4, 16)]
    rows += [cut(-1.0, engine="modes-cut", n=256)]  # one waist is no curve
    assert findings(rows).waist_crossovers.empty


def test_a_crossover_over_the_waist_is_none_over_n() -> None:
    assert findings([*mixed()]).crossovers.empty


@pytest.mark.parametrize(
    ("n", "m", "width", "depth"), [(64, 64, 64, 4), (64, 64, 64, 8), (48, 96, 80, 6), (300, 90, 40, 4)]
)
def test_the_counted_waist_is_where_the_counts_are_equal(n: int, m: int, width: int, depth: int) -> None:
    chain = {**CHAIN, "n": n, "m": m, "width": width, "depth": depth}

    def gain(k: int) -> int:
        here = {**chain, "profile": f"waist{k}"}
        return min(chain_work(here, mode).fma for mode in MODES) - cut_counts(here).fma

    counted = root(chain, MULTIPLY_ADDS)
    if math.isinf(counted):
        assert all(gain(k) > 0 for k in (1, 100, 10000))
    else:
        assert gain(math.floor(counted)) >= 0 >= gain(math.ceil(counted))
    if n == m == width:
        assert counted == pytest.approx(n)


def test_the_modelled_waist_is_where_the_models_times_are_equal() -> None:
    found = Findings(full_table())
    table = found.waist_crossovers
    here = only(table[(table["engine"] == "modes-cut") & (table["n"] == 64)])
    (prices,) = [model.prices for key, model in found.models.items() if key[-2:] == ("modes", "float64")]
    k = round(here["modelled"])
    for waist, sign in ((0.8 * k, -1), (1.25 * k, 1)):
        chain = {**CHAIN, "profile": f"waist{round(waist)}"}
        pure = min(chain_work(chain, mode).seconds(prices) for mode in MODES)
        assert np.sign(cut_counts(chain).seconds(prices) - pure) == sign
    row = found.mixed_gains[(found.mixed_gains["engine"] == "modes-cut") & (found.mixed_gains["n"] == 64)]
    modelled = row.set_index("waist")["modelled"]
    assert modelled[32] > 1 > modelled[96]


# --- three regions ---


def regions(*chains: tuple[int, int, float, float]) -> list[dict[str, Any]]:
    return [
        cut(value, f"mixed/{mode}", n=n, m=m)
        for n, m, forward, reverse in chains
        for mode, value in (("forward", forward), ("reverse", reverse))
    ]


@pytest.mark.parametrize(
    ("forward", "reverse", "way", "sure"),
    [
        (-1.0, -0.5, "mixed", True),
        (-1.0, -0.01, "reverse", True),  # mixed ties with reverse mode: it is reverse mode
        (0.4, -1.0, "forward", True),
        (-1.0, 0.4, "reverse", True),
        (0.01, 0.0, "forward", False),
        (0.3, 0.31, "reverse", False),
    ],
)
def test_the_fastest_of_three(forward: float, reverse: float, way: str, sure: bool) -> None:
    found = only(findings(regions((64, 64, forward, reverse))).mixed_regions)
    assert fastest(found) == (way, sure)


def test_a_chain_without_one_of_its_pairs_is_in_no_region() -> None:
    assert findings([cut(-1.0, "mixed/forward"), cut(-1.0, "mixed/reverse", n=8)]).mixed_regions.empty


def test_computed_regions_are_those_of_the_counts() -> None:
    table = computed_regions({**CHAIN, "profile": "waist8", "machine": "", "env": "", "commit": ""}, [4, 16, 256], {})
    assert set(table["by"]) == {"count"}
    ways = {(n, m): way for n, m, way in table[["n", "m", "fastest"]].itertuples(index=False)}
    assert set(ways) == set(product((4, 16, 256), repeat=2))
    assert ways[256, 256] == "mixed"
    assert ways[4, 256] == "forward"
    assert ways[256, 4] == "reverse"


def test_what_each_rule_costs_where_there_is_a_third_way() -> None:
    found = findings(regions(*FOUR))
    regret: Any = found.mixed_choices.pivot_table(index=["n", "m"], columns="rule", values="regret")
    assert regret.loc[64, 64][BETTER] == pytest.approx(math.exp(0.7))
    assert regret.loc[64, 64]["HIPS autograd"] == pytest.approx(math.exp(0.8))
    for n, m in ((16, 16), (64, 16), (16, 64)):
        assert regret.loc[n, m][BETTER] == 1
    assert regret.loc[64, 16]["ForwardDiff.jl"] == pytest.approx(math.exp(1.4))
    scores = found.mixed_scores.set_index("rule")
    assert scores.loc[BETTER, "maximum"] == pytest.approx(math.exp(0.7))
    assert scores.loc[BETTER, "geometric_mean"] == pytest.approx(math.exp(0.7 / 4))
    assert scores.loc[AUTO, "cells"] == 4


def test_what_the_pairs_cannot_tell_apart_is_no_mistake() -> None:
    found = findings(regions((64, 64, -0.01, 0.01), (32, 32, 0.3, 0.31))).mixed_choices
    found = found[found["choice"] != "mixed"]  # which the pairs do tell from the two at 32
    assert (found["regret"] == 1).all()
    assert not found["wrong"].any()


# --- auto, memory ---


def test_auto_is_over_the_fastest() -> None:
    found = only(findings([cut(0.1, "auto/best")]).mixed_auto)
    assert found["ratio"] == pytest.approx(math.exp(0.1))


def test_peaks_of_the_three_stand_side_by_side_and_only_where_mixed_was_traced() -> None:
    rows = [row("peak_bytes", 10.0 * i, mode=mode, profile="waist8") for i, mode in enumerate(("mixed", *MODES), 1)]
    rows += [row("peak_bytes", 99.0, mode="forward")]
    found = findings(rows)
    peak = only(found.mixed_peaks)
    assert (peak["mixed"], peak["forward"], peak["reverse"]) == (10, 20, 30)
    assert set(found.memory_table["mode"]) == set(MODES)
    assert set(found.over_memory["mode"]) == set(MODES)


# --- cuts are no libraries ---


def test_cuts_by_hand_are_not_among_the_libraries() -> None:
    found = Findings(full_table())
    assert "jax-cut" in set(found.tidy["engine"])
    assert not {"jax-cut", "modes-cut"} & {*libraries(found.tidy), *found.engine_time_panels.engines}
    for table in (found.engine_costs, found.engine_crossovers, found.fastest_engines):
        assert not table.astype(str).apply(lambda column: column.str.contains("-cut")).to_numpy().any()


def test_a_cut_that_was_not_asked_elsewhere_has_no_row_there() -> None:
    engine = {"requires": ["jax"], "modes": list(MODES), "layers": ["dense"], "dtypes": ["float64"], "missing": ["jax"]}
    engines = {
        "modes": {**engine, "requires": ["numpy"], "missing": [], "memory": "traced", "cut_of": ""},
        "jax": {**engine, "memory": "own", "cut_of": ""},
        "jax-cut": {**engine, "memory": "", "cut_of": "jax"},
    }
    about = Provenance({}, engines, {})
    found = Findings(frame([row("seconds", 1.0, mode="forward", engine=name) for name in ("modes", "torch")]), about)
    assert "jax" in set(found.noted["engine"])
    assert "jax-cut" not in set(found.noted["engine"])
    assert installed(found) == "jax not installed"


# --- facts ---


def facts(found: Findings) -> dict[str, dict[str, Any]]:
    return {fact["key"]: fact for fact, _ in statements(found)}


def test_facts_of_mixed_accumulation() -> None:
    found = Findings(full_table())
    known = facts(found)
    gain = known["modes.mixed-gain.n64.m64.width64.depth4.dense.waist16.tanh.float64"]
    assert gain["value"] == pytest.approx((50 / 16) ** 0.5)
    assert gain["low"] < gain["value"] < gain["high"]
    assert 'takes 1.77 times as long as mode="mixed" for the full Jacobian of a chain' in gain["sentence"]
    assert "waist16" in gain["sentence"]
    by_hand = known["jax-cut.mixed-gain.n64.m64.width64.depth4.dense.waist16.tanh.float64"]
    assert "as long as a cut by hand at the waist" in by_hand["sentence"]
    star = known["modes-cut.crossover-waist.n64.m64.width64.depth4.dense.tanh.float64"]
    assert (star["text"], star["verdict"], star["unit"]) == ("50", CROSSES, "values")
    assert f"stops paying at a waist of k* = 50 (95 % interval {star['interval']})" in star["sentence"]
    pays = known["modes-cut.crossover-waist.n256.m256.width64.depth4.dense.tanh.float64"]
    assert (pays["text"], pays["interval"], math.isnan(pays["value"])) == (PAYS, "[8, >8]", True)
    auto = known["modes.auto-over-fastest.n64.m64.width64.depth4.dense.waist8.tanh.float64"]
    assert auto["value"] == pytest.approx(math.exp(0.03))
    assert known["modes.two-modes-max"]["value"] == pytest.approx(math.exp(0.7))


def test_each_fact_of_mixed_accumulation_has_the_rows_that_it_came_from() -> None:
    for fact, rows in statements(Findings(full_table())):
        kind = fact["key"].split(".")[1]
        expected = {"mixed-gain": 1, "auto-over-fastest": 1, "two-modes-mean": 8, "two-modes-max": 8}.get(kind)
        if kind == "crossover-waist":
            expected = 2 if ".n256." in fact["key"] else 7
        if expected is not None:
            assert len(rows) == expected, fact["key"]
            assert set(rows["engine"]) == {fact["engine"]}


# --- where nothing of it was measured ---


def test_without_a_measurement_there_is_no_section_figure_table_or_fact() -> None:
    found = findings([*curve(80), row("seconds", 1.0, mode="forward")])
    files = report_files(found)
    assert not [name for name in files if "mixed" in name or "crossover-waists" in name]
    assert "Neither mode" not in files["report.html"].decode()
    assert not [key for key in facts(found) if "mixed" in key or "waist" in key or "two-modes" in key]


def test_with_one_the_page_has_the_section() -> None:
    files = report_files(findings([cut(-1.0)]))
    assert "figures/mixed-gain.svg" in files
    assert "Neither mode" in files["report.html"].decode()


# --- the figure ---


def picture(rows: list[dict[str, Any]]) -> Figure:
    figure = drawing(FIGURES["mixed-gain"], findings(rows))
    figure.draw_without_rendering()
    return figure


def test_the_figure_draws_the_gains_of_its_table() -> None:
    found = findings(mixed())
    figure = picture(mixed())
    regions_axes, axes = figure.axes
    assert "k* = 50" in axes.get_title()
    table = found.mixed_gains[(found.mixed_gains["n"] == 64) & found.mixed_gains["waist"].notna()]
    lines = {container.get_label(): container.lines[0] for container in axes.containers}  # type: ignore[attr-defined]
    for engine in ("modes", "modes-cut", "jax-cut"):
        line, part = lines[label(engine)], table[table["engine"] == engine].sort_values("waist")
        assert xs(line) == part["waist"].tolist()
        assert ys(line) == pytest.approx(part["ratio"].tolist())
    assert regions_axes.get_title() == "the fastest of three: waist 8, width 64, depth 4"


def test_the_figure_marks_the_fastest_of_each_measured_chain() -> None:
    axes = picture(mixed()).axes[0]
    marked = {}
    for line in axes.lines:
        for place in zip(xs(line), ys(line), strict=True):
            marked[place] = line.get_marker()
    assert marked == {(16, 16): "o", (16, 64): "o", (64, 16): "s", (64, 64): "^"}


def test_the_figure_says_what_its_ground_was_computed_by() -> None:
    labels = [text.get_text() for text in picture(mixed()).legends[0].get_texts()]
    assert "mixed by multiply-adds" in labels
    whole = drawing(FIGURES["mixed-gain"], Findings(full_table()))
    assert "mixed by the cost model" in [text.get_text() for text in whole.legends[0].get_texts()]


def test_the_gain_is_drawn_of_the_largest_chain_with_enough_waists() -> None:
    rows = waist_curve(50) + waist_curve(200, n=256, m=256, width=256, waists=(16, 64, 128, 384))
    few = waist_curve(200, n=512, m=512, width=512, waists=(16, 64))
    (panel,) = findings(rows + few).mixed_panels.panels
    assert panel.setting["n"] == 256
    (panel,) = findings(few).mixed_panels.panels
    assert panel.setting["n"] == 512


def test_what_of_the_two_was_not_measured_has_no_panel() -> None:
    assert len(picture(regions(*FOUR)).axes) == 1
    assert len(picture(waist_curve(50)).axes) == 1
