"""What the suite and the analysis both know: pure, light to import, and one with what the suite does."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as listing
from benchmarks.apparatus.benchmark import Benchmark
from benchmarks.catalogue import engines, presets
from benchmarks.catalogue.case import PARAMETERS, Case
from benchmarks.catalogue.engines import CUTS, ENGINES, MODES, TWINS, Row, case_fma
from benchmarks.catalogue.metrics import UNITS, metric, paired
from benchmarks.catalogue.published import PUBLISHED
from benchmarks.catalogue.reasons import Reason, failures, parse_reasons

ROOT = Path(__file__).parent.parent
NAMES = [
    *("engine", "layer", "profile", "activation"),
    *("n", "m", "width", "depth", "dtype", "chunk_size", "mode"),
]

# --- what it imports ---


def test_it_imports_neither_the_suite_nor_what_only_a_measurement_needs() -> None:
    script = (
        "import pkgutil, sys\nfrom importlib import import_module\n"
        "for name in ('asv', 'asv_runner', 'threadpoolctl', 'pandas', 'scipy', 'jax', 'torch'):\n"
        "    sys.modules[name] = None\n"
        "import benchmarks.catalogue as catalogue\n"
        "for found in pkgutil.iter_modules(catalogue.__path__):\n"
        "    import_module(f'benchmarks.catalogue.{found.name}')\n"
        "others = {name for name in sys.modules if name.startswith('benchmarks.')}\n"
        "assert all(name.startswith('benchmarks.catalogue') for name in others), others\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


# --- cases ---


def test_a_case_has_the_eleven_parameters_in_asvs_order() -> None:
    assert list(PARAMETERS) == NAMES


@pytest.mark.parametrize(
    "case", [Case(n=47, mode="forward/reverse"), Case(engine="torch-functional", chunk_size=3), Case(mode="primal")]
)
def test_a_case_survives_its_text(case: Case) -> None:
    assert Case.parse(case.text) == case
    assert Case.of(case.text) == Case.of(*case) == case


@pytest.mark.parametrize(
    "text",
    ["n=1", "nonsense", "", "engine=modes depth", Case().text.replace("n=64", "n=many", 1), f"{Case().text} x=1"],
)
def test_a_text_that_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a case"):
        Case.parse(text)


@pytest.mark.parametrize("profile", ["waist16", "waist16-after3", "hourglass"])
def test_a_waist_is_a_profile(profile: str) -> None:
    Case(profile=profile).check()


@pytest.mark.parametrize(
    "profile", ["waist", "waist0", "waist16-after4", "waist16-after9", f"waist{2**31}", "waist" + 5000 * "9", "vase"]
)
def test_what_no_chain_has_for_a_profile_is_refused(profile: str) -> None:
    with pytest.raises(ValueError, match=r"profile|waist|digits"):
        Case(profile=profile).check()


# --- presets ---


def test_each_preset_has_a_number_of_pairs_and_a_time_limit() -> None:
    assert presets.PAIRS.keys() == presets.TIME_LIMIT.keys() == set(presets.PRESETS)
    assert all(pairs % 2 for pairs in presets.PAIRS.values())


def test_an_unknown_preset_is_refused() -> None:
    assert presets.known_preset("quick") == "quick"
    with pytest.raises(
        ValueError, match=r"unknown preset 'fast' \(MODES_PRESET\); the known ones are first, quick, standard"
    ):
        presets.known_preset("fast")


# --- engines ---


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown engine 'slide rule'; the known ones are modes, floor"):
        engines.row("slide rule")


@pytest.mark.parametrize("name", ENGINES)
def test_a_row_survives_its_description(name: str) -> None:
    assert Row.of(json.loads(json.dumps(ENGINES[name].described()))) == ENGINES[name]


def test_a_description_of_an_older_suite_lacks_nothing_that_it_does_not_speak_of() -> None:
    later = ("chunks", "most_fma", "cut_of")
    old = {name: value for name, value in ENGINES["casadi"].described().items() if name not in later}
    large = Case(n=1024, m=1024, width=1024, chunk_size=8)
    assert ENGINES["casadi"].lacks(large) is not None
    assert Row.of(old).lacks(large) is None


def test_a_row_is_of_known_words() -> None:
    for name, row in ENGINES.items():
        assert row.memory in ("traced", "own", ""), name
        assert set(row.chunks) <= set(row.modes) <= set(MODES), name
        assert not row.cut_of or ENGINES[row.cut_of].requires == row.requires, name


@pytest.mark.parametrize(
    ("changes", "note", "sentence"),
    [
        ({}, None, None),
        ({"mode": "primal"}, None, None),
        ({"mode": "reverse"}, "has no reverse mode", "it has no reverse mode"),
        ({"mode": "forward/reverse"}, "has no reverse mode", "it has no reverse mode"),
        ({"mode": "mixed/pure"}, "has no mixed mode", "it has no mixed mode"),
        ({"mode": "auto/best"}, "has no auto mode", "it has no auto mode"),
        ({"layer": "loss", "m": 1}, "has no loss", "it has no layer 'loss', only dense"),
        ({"dtype": "float32"}, "has no float32", "it has no float32, only float64"),
        ({"chunk_size": 8}, "has no chunks in forward mode", "it has no chunks in forward mode, got chunk_size 8"),
        ({"n": 1000}, "not asked: would take too long", "more than 1e+06 multiply-adds would take it too long"),
        ({"n": 1000, "mode": "primal"}, None, None),
    ],
)
def test_a_row_says_what_its_engine_lacks(changes: dict[str, Any], note: str | None, sentence: str | None) -> None:
    row = Row(modes=("forward",), layers=("dense",), dtypes=("float64",), most_fma=1.1e6)
    found = row.lacks(Case(**{**changes, "depth": 3}))
    assert found == (None if note is None else (note, sentence))


def test_the_work_that_is_too_much_is_that_of_the_mode() -> None:
    """n passes of forward mode, m of reverse, over 30 15 + 15 5 multiply-adds of f."""
    case = Case(n=30, m=5, width=15, depth=2)
    for mode, passes in (("forward", 30), ("reverse", 5), ("primal", 1)):
        work = passes * (30 * 15 + 15 * 5)
        assert Row(most_fma=work).lacks(case._replace(mode=mode)) is None
        assert Row(most_fma=work - 1).lacks(case._replace(mode=mode)) is not None


def test_the_work_of_the_better_mode_is_taken_to_be_that_of_the_worse() -> None:
    case = Case(n=30, m=5, width=15, depth=2, mode="mixed/pure")
    row = Row(modes=MODES)
    assert replace(row, most_fma=30 * (30 * 15 + 15 * 5)).lacks(case) is None
    assert replace(row, most_fma=30 * (30 * 15 + 15 * 5) - 1).lacks(case) is not None


def test_who_can_be_asked_for_a_mixed_jacobian() -> None:
    mixed = [name for name, row in ENGINES.items() if row.lacks(Case(engine=name, mode="mixed/pure")) is None]
    assert mixed == [*TWINS[:2], *CUTS, *TWINS[2:]]
    auto = [name for name, row in ENGINES.items() if row.lacks(Case(engine=name, mode="auto/best")) is None]
    assert auto == list(TWINS)


def test_a_cut_takes_part_in_questions_of_mixed_accumulation_alone() -> None:
    for name, benchmark in listing.benchmarks():
        asked = {case.engine for preset in presets.PRESETS for case in every_case(benchmark, preset)}
        assert asked.isdisjoint(CUTS) or name.startswith("mixed."), name


def every_case(benchmark: type[Benchmark], preset: str) -> list[Case]:
    return [Case.of(*values) for values in product(*benchmark.grid.lists(preset))]


@pytest.mark.parametrize("layer", ["dense", "residual"])
def test_the_price_of_a_case_is_a_multiply_add_an_entry_of_its_matrices(layer: str) -> None:
    case = Case(layer=layer, n=4, m=3, width=6, depth=3)
    assert case_fma(case) == sum(W.size for W, _ in case.chain().parameters)


@pytest.mark.parametrize("layer", engines.ELEMENTWISE)
def test_the_price_of_an_elementwise_case_is_n_a_layer(layer: str) -> None:
    assert case_fma(Case(layer=layer, n=4, m=4, width=4, depth=3)) == 12


# --- metrics, published times ---


@pytest.mark.parametrize(
    ("benchmark", "expected"),
    [
        ("aspect.Aspect.time_jacobian", "seconds"),
        ("hessian.Hessian.time_hessian", "hessian_seconds"),
        ("memory.Memory.track_peak_bytes", "peak_bytes"),
        ("crossover.Map.track_log_ratio", "log_ratio"),
        ("a.B.peakmem_run", "peakmem_run"),
    ],
)
def test_the_metric_is_the_methods_name(benchmark: str, expected: str) -> None:
    assert metric(benchmark) == expected


def test_metrics_of_pairs_are_logarithms() -> None:
    assert all(paired(name) == UNITS[name].startswith("ln(") for name in UNITS)


def test_the_published_ratios_are_those_of_the_tutorial() -> None:
    assert PUBLISHED["tall"].reverse / PUBLISHED["tall"].forward == pytest.approx(9.4, abs=0.05)
    assert PUBLISHED["wide"].forward / PUBLISHED["wide"].reverse == pytest.approx(7.3, abs=0.05)


# --- reasons ---

REASON = Reason("engines.Cost.track_seconds", ("'modes'", "3", "None"), "failed", "MemoryError", "too large\nby far")


def test_a_reason_survives_its_line() -> None:
    assert REASON.line.count("\n") == 1
    assert parse_reasons(REASON.line) == {(REASON.benchmark, REASON.parameters): REASON}


def test_of_several_lines_the_last_counts_and_what_is_no_line_does_not() -> None:
    later = REASON._replace(error="ValueError", message="")
    text = REASON.line + "{}\n[]\nnonsense\n" + later.line + REASON.line[:40]
    assert list(parse_reasons(text).values()) == [later]


def test_failures_are_named_as_a_run_does_and_said_as_a_traceback_ends() -> None:
    skipped = REASON._replace(benchmark="a.B.track_x", status="skipped")
    silent = REASON._replace(benchmark="a.C.track_x", message="")
    assert failures([REASON, skipped, silent]) == {
        "engines.Cost.track_seconds('modes', 3, None)": "MemoryError: too large",
        "a.C.track_x('modes', 3, None)": "MemoryError",
    }
