"""A whole run, on a suite of milliseconds: what is measured, refined, and kept when something goes wrong."""

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.commands import write
from analysis.errors import AnalysisError, NoResultsError
from analysis.reading.load import read_results
from analysis.reading.provenance import read_provenance
from analysis.running import Measured, measure
from analysis.running.checkout import read_checkout
from analysis.running.plan import REFINE, Batch
from analysis.running.suite import Suite
from tests.repository import git, new_repository

SUITE = """
import json, os, pathlib
NAMES = ["engine", "layer", "profile", "activation", "n", "m", "width", "depth", "dtype", "chunk_size", "mode"]
PARAMS = [["modes"], ["dense"], ["uniform"], ["tanh"], [4, 8, 16, 32], [8], [8], [4], ["float64"], [None],
          ["forward/reverse"]]
WIGGLE = [i / 1000 for i in range(-7, 8)]

def ratio(n):
    return {"samples": [(n - 11) / 20 + w for w in WIGGLE], "number": 1}

class Map:
    params, param_names, version = PARAMS, NAMES, "1"
    def track_log_ratio(self, *case):
        if case[4] == 32:
            with open(os.environ["MODES_REASONS"], "a") as file:
                said = {"status": "failed", "error": "ValueError", "message": "wrong Jacobian"}
                cell = {"benchmark": "crossover.Map.track_log_ratio", "parameters": [repr(value) for value in case]}
                file.write(json.dumps({**cell, **said}) + "\\n")
            raise ValueError("wrong Jacobian")
        return ratio(case[4])

class Threads:
    params, param_names, version = [[4, 8]], ["n"], "1"
    def track_blas_threads(self, n):
        return int(os.environ["OPENBLAS_NUM_THREADS"])

CASES = json.loads(pathlib.Path(os.environ["MODES_REFINE"]).read_text()) if "MODES_REFINE" in os.environ else []
if CASES:
    class Refine:
        params, param_names, version = [CASES], ["case"], "1"
        def track_log_ratio(self, case):
            return ratio(int(case.split("n=")[2].split()[0]))
"""
CELLS = """
import itertools, json, sys
from .crossover import PARAMS
STATE = {"requires": ["numpy"], "versions": {"numpy": "2.4.6"}, "missing": []}
QUIET = [{"core": None, "share": 1.0, "samples": [i / 1000 for i in range(-7, 8)]}]
KERNELS = {"library": "openblas 0.3.31", "own": "Zen", "used": "Zen", "threads": 1, "kernels": ["Zen", "Haswell"],
           "called": {"haswell": "Haswell", "Nonsense": "Zen"}, "faults": {}, "skipped": "", "rates": [
               {"kernel": kernel, "product": product, "dtype": "float64", "rows": 4, "width": 64, "gflops": rate,
                "low": rate, "high": rate}
               for kernel, rate in [("Zen", 4.0), ("Haswell", 8.0)] for product in ["c @ W", "square"]]}
SAID = {"engines": {"modes": STATE}, "quietness": QUIET, "kernels": KERNELS}
print(json.dumps(SAID[sys.argv[1]] if sys.argv[1] in SAID else {
    "crossover.Map.track_log_ratio": [[repr(value) for value in case] for case in itertools.product(*PARAMS)],
    "crossover.Threads.track_blas_threads": [["4"]],
}))
"""


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project whose suite takes milliseconds: n* is 11, and n = 32 fails."""
    repository = new_repository(tmp_path / "repository")
    monkeypatch.setenv("HOME", str(tmp_path))  # asv keeps its description of the machine there
    (repository / "benchmarks").mkdir()
    (repository / "benchmarks" / "__init__.py").touch()
    (repository / "benchmarks" / "__main__.py").write_text(CELLS)
    (repository / "benchmarks" / "crossover.py").write_text(SUITE)
    (repository / "modes").mkdir()
    (repository / "modes" / "__init__.py").write_text('import numpy\n\n__version__ = "9.9"\n')
    config = {"version": 1, "project": "x", "repo": ".", "environment_type": "virtualenv", "dvcs": "git"}
    (repository / "asv.conf.json").write_text(json.dumps(config))
    (repository / ".gitignore").write_text("__pycache__\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "suite")
    return repository


def run(project: Path, show: Callable[[str], None] = lambda line: None, **conditions: Any) -> Measured:
    with tempfile.TemporaryDirectory() as short:  # sockets are made in it, whose paths have at most 100 characters
        scratch = Path(short) / "scratch"
        scratch.mkdir()
        return measure(project, "quick", project / "results", [project / "report"], scratch, show, write, **conditions)


@pytest.mark.slow
def test_a_run_measures_refines_and_goes_on_where_it_stopped(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = Suite.measure
    ended: list[str] = []

    def interrupted(suite: Suite, cells: Batch) -> None:
        if ended:
            raise KeyboardInterrupt
        batch(suite, cells)
        ended.append(cells.benchmark)

    monkeypatch.setattr(Suite, "measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(project)
    kept = read_results(project / "results")
    assert ended == ["crossover.Map.track_log_ratio"]
    assert set(kept["benchmark"]) == {"crossover.Map.track_log_ratio"}

    monkeypatch.setattr(Suite, "measure", batch)
    lines: list[str] = []
    done = run(project, lines.append)
    assert "5 cells, 3 of them measured before" in lines[0]  # the fourth failed, and is tried again
    assert done.run["commit"] == read_checkout(project, [project / "results"]).commit
    assert len(done.failed) == 1
    assert done.failed[0].startswith("crossover.Map.track_log_ratio('modes', 'dense'")
    assert done.left_out == ()
    assert any("ValueError: wrong Jacobian" in line for line in lines)
    rows = read_results(done.results)
    assert set(rows["machine"]) == {done.run["machine"]}
    assert set(rows["env"]) == {done.run["env"]}
    assert rows.loc[rows["benchmark"].str.endswith("blas_threads"), "value"].to_list() == [1]
    refined = rows[rows["benchmark"] == REFINE]
    assert {"n=11 ", "n=10 "} & {re.search(r"n=\d+ ", case.split("tanh")[1])[0] for case in refined["case"]}  # type: ignore[index]
    assert sorted(refined["case"]) == sorted(json.loads((done.results / "refine-cases").read_text()))
    provenance = read_provenance(done.results, **done.run)
    assert provenance.known["modes"] == "9.9"
    assert provenance.engines["modes"]["requires"] == ["numpy"]
    assert provenance.faults == {done.failed[0]: "ValueError: wrong Jacobian"}

    again: list[str] = []
    run(project, again.append)
    assert len([line for line in again if line.startswith("[1/")]) == 1  # the failed cell, and nothing else
    assert not [line for line in again if REFINE in line]


@pytest.mark.slow
def test_a_run_under_other_conditions_is_another_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = SUITE.replace('["OPENBLAS_NUM_THREADS"])', '["MODES_THREADS"]) + 10 * len(os.environ.get(KERNEL, ""))')
    said = said.replace("case[4] == 32", "False")
    monkeypatch.setattr("analysis.running.TIME_LIMIT", {"quick": 0.0})  # nothing is refined
    (project / "benchmarks" / "crossover.py").write_text(f'KERNEL = "OPENBLAS_CORETYPE"\n{said}')
    git(project, "add", "-A")
    git(project, "commit", "-m", "says its conditions")
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    lines: list[str] = []
    usual = run(project, lines.append)
    assert any("Haswell kernels are faster: 8 against 4 Gflop/s" in line for line in lines)
    assert any("--blas-kernel Haswell" in line for line in lines)
    chosen = run(project, lines.append, kernel="haswell")
    threads = run(project, lines.append, threads=2)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")  # counts as chosen: the run that there is, with nothing to do
    again: list[str] = []
    assert run(project, again.append).run == chosen.run
    assert "5 of them measured before" in again[0]
    rows = read_results(usual.results)
    names = [done.run["env"] for done in (usual, chosen, threads)]
    assert "OPENBLAS_CORETYPE" not in names[0]
    assert "OPENBLAS_CORETYPEHaswell" in names[1]
    assert "OMP_NUM_THREADS2" in names[2]
    in_force = rows[rows["benchmark"].str.endswith("blas_threads")].set_index("env")["value"]
    assert in_force[names].to_list() == [1, 1 + 10 * len("Haswell"), 2]
    assert rows.groupby("env").size().nunique() == 1  # none has the other's cells
    for done, kernel in ((usual, ""), (chosen, "Haswell kernels")):
        assert kernel in read_provenance(done.results, **done.run).known["blas"]
        assert read_provenance(done.results, **done.run).kernels["rates"][0]["gflops"] == 4
    with pytest.raises(AnalysisError, match=r"--blas-kernel Nonsense: openblas 0\.3\.31 has no such kernels"):
        run(project, kernel="Nonsense")


@pytest.mark.slow
def test_without_time_left_nothing_is_refined_and_that_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.running.TIME_LIMIT", {"quick": 0.0})
    done = run(project)
    assert len(done.left_out) == 1
    assert "n=11 m=8" in done.left_out[0]
    assert REFINE not in set(read_results(done.results)["benchmark"])


@pytest.mark.slow
def test_a_work_tree_that_changes_meanwhile_is_noticed_and_nothing_of_it_is_kept(project: Path) -> None:
    def change(line: str) -> None:
        if line.startswith("[2/"):
            (project / "code.py").write_text("one = 3\n")

    with pytest.raises(AnalysisError, match="changed while it was measured"):
        run(project, change)
    assert set(read_results(project / "results")["benchmark"]) == {"crossover.Map.track_log_ratio"}


@pytest.mark.slow
def test_a_changed_work_tree_is_marked(project: Path) -> None:
    (project / "code.py").write_text("one = 4\n")
    done = run(project)
    assert done.results == project / "results-dirty"
    assert done.run["commit"].endswith("+dirty")
    assert set(read_results(done.results)["commit"]) == {done.run["commit"]}
    assert not (project / "results").exists()


@pytest.mark.slow
def test_a_disk_that_fills_while_cells_are_measured_is_no_fault_of_theirs(project: Path) -> None:
    full = SUITE.replace('ValueError("wrong Jacobian")', "OSError(28, os.strerror(28))")
    (project / "benchmarks" / "crossover.py").write_text(full)
    with pytest.raises(AnalysisError, match=r"scratch cannot be written: the disk is full ") as caught:
        run(project)
    assert "\n" not in str(caught.value)
    with pytest.raises(NoResultsError):
        read_results(project / "results-dirty")


def test_a_suite_that_cannot_be_imported_is_said_in_one_line(project: Path) -> None:
    (project / "benchmarks" / "crossover.py").write_text(SUITE + "if 'MODES_PAIRS' not in os.environ: pass\nboom\n")
    with pytest.raises(AnalysisError, match="NameError") as caught:
        run(project)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_asv_failing_as_a_whole_is_said_in_one_line(project: Path) -> None:
    (project / "benchmarks" / "twice").mkdir()
    (project / "benchmarks" / "twice.py").touch()  # which asv refuses
    with pytest.raises(AnalysisError, match=r"failed with exit status 1: .*same name") as caught:
        run(project)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_damaged_result_file_is_named_with_the_remedy(project: Path) -> None:
    done = run(project)
    (stored,) = done.results.glob(f"*/{done.run['commit'][:8]}-*.json")
    stored.write_text('{"commit_hash": ')
    with pytest.warns(match="skipped"), pytest.raises(AnalysisError, match=r"is damaged.*rm "):
        run(project)
