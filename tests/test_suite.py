"""Driving asv: its configuration, its environment, and what of its output is shown."""

from pathlib import Path

import pytest

from analysis.errors import AnalysisError
from analysis.running.output import failure, worth_showing
from analysis.running.plan import REFINE, Batch
from analysis.running.suite import refinement_list, staged_config


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("[50.00%] ··· aspect.Aspect.time_jacobian          ok", True),
        ("[50.00%] ··· ======== === ====", False),
        ("               modes    1   10      n/a         n/a   ", False),
        ("[ 0.00%] ·· Benchmarking existing-py", False),
        ("· Discovering benchmarks", False),
        ("· Failed to build the project and import the benchmark suite.", True),
        ("              For parameters: 'modes', 3, 30", True),
        ("              ValueError: wrong Jacobian", True),
        ("              asv: benchmark timed out (timeout 60.0s)", True),
    ],
)
def test_of_asvs_output_progress_and_errors_are_shown(line: str, shown: bool) -> None:
    assert worth_showing(line) == shown


def test_a_failure_is_one_line_with_the_status_and_the_last_lines() -> None:
    text = failure(["asv", "run"], 1, ["first", "", "second", "third", "  last  "])
    assert text == "`asv run` failed with exit status 1: second | third | last"
    assert failure(["asv"], 3, []) == "`asv` failed with exit status 3: no output"


def test_the_configuration_is_made_absolute(tmp_path: Path) -> None:
    (tmp_path / "asv.conf.json").write_text('{"version": 1, "repo": ".", "benchmark_dir": "b", // comment\n "x": 1}')
    config = staged_config(tmp_path, tmp_path / "r")
    assert config["repo"] == str(tmp_path)
    assert config["benchmark_dir"] == str(tmp_path / "b")
    assert config["results_dir"] == str(tmp_path / "r")
    assert config["branches"] == ["HEAD"]
    assert config["x"] == 1
    (tmp_path / "asv.conf.json").write_text("{")
    with pytest.raises(AnalysisError, match=r"asv\.conf\.json cannot be read"):
        staged_config(tmp_path, tmp_path / "r")


def test_the_list_of_refinements_grows_by_the_batch(tmp_path: Path) -> None:
    batch = ((REFINE, ("'b'",)), ("crossover.Map.track_log_ratio", ("'modes'",)), (REFINE, ("'c'",)))
    stored = tmp_path / "cases"
    assert refinement_list(stored, batch) == ["b", "c"]
    stored.write_text('["a", "b"]')
    assert refinement_list(stored, batch) == ["a", "b", "c"]
    stored.write_text('["a"')
    with pytest.raises(AnalysisError, match="rm "):
        refinement_list(stored, batch)


def test_the_engines_of_a_batch_are_known_by_parameter_and_by_text() -> None:
    assert Batch((("a", ("'modes'", "4")), ("a", ("'jax'", "4")), ("b", ("'jax'", "8")))).engines == ["jax", "modes"]
    assert Batch((("a", ("'engine=torch layer=dense n=4'",)),)).engines == ["torch"]
    assert Batch((("a", ()),)).engines == []
