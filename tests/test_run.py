"""A whole run, on a suite of milliseconds: what is measured, refined, and kept when something goes wrong."""

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.commands import write
from analysis.errors import AnalysisError
from analysis.reading.load import read_results
from analysis.reading.provenance import read_provenance
from analysis.running import Measured, measure
from analysis.running.checkout import read_checkout
from analysis.running.plan import REFINE, Batch
from analysis.running.suite import Suite
from benchmarks.catalogue.presets import LEAST, MOST
from benchmarks.catalogue.taken import Taken
from tests.repository import git, new_repository

SUITE = """
import json, os, pathlib
NAMES = ["engine", "layer", "profile", "activation", "n", "m", "width", "depth", "dtype", "chunk_size", "mode"]
PARAMS = [["modes"], ["dense"], ["uniform"], ["tanh"], [4, 8, 16, 32, 64], [8], [8], [4], ["float64"], [None],
          ["forward/reverse"]]

class Map:
    params, param_names, version = PARAMS, NAMES, "2"
    def track_log_ratio(self, *case):
        raise AssertionError("ratios are taken by processes of their own")

class Threads:
    params, param_names, version = [[4, 8]], ["n"], "1"
    def track_blas_threads(self, n):
        if n == 8:
            raise ValueError("eight")
        return int(os.environ["OPENBLAS_NUM_THREADS"])

CASES = json.loads(pathlib.Path(os.environ["MODES_REFINE"]).read_text()) if "MODES_REFINE" in os.environ else []
if CASES:
    class Refine:
        params, param_names, version = [CASES], ["case"], "2"
        def track_log_ratio(self, case):
            raise AssertionError("ratios are taken by processes of their own")
"""
CELLS = """
import ast, itertools, json, os, random, sys
from .crossover import PARAMS

def size(parameters):
    values = [ast.literal_eval(value) for value in parameters]
    return int(values[0].split("n=")[2].split()[0]) if len(values) == 1 else values[4]

def taken(benchmark, parameters):
    with open(os.environ["MODES_BEGUN"], "a") as file:
        file.write("n=1\\n")
    cell = {"benchmark": benchmark, "parameters": parameters}
    n = size(parameters)
    if n == 32:
        with open(os.environ["MODES_REASONS"], "a") as file:
            said = {"status": "failed", "error": "ValueError", "message": "wrong Jacobian"}
            file.write(json.dumps({**cell, **said}) + "\\n")
        return {**cell, "status": "failed"}
    if n == 64:
        os._exit(9)
    value = (n - 11) / 20 + random.choice(range(-7, 8)) / 1000
    seen = os.path.join(os.environ.get("SHARED", ""), benchmark + str(n))
    shared = "SHARED" in os.environ and not os.path.exists(seen)
    if shared:  # with another program, the first time
        open(seen, "w").close()
    return {**cell, "status": "ok", "value": value, "seconds": 0.01, "share": 0.5 if shared else 1.0}

if sys.argv[1] == "take":
    with open(sys.argv[sys.argv.index("--cells") + 1]) as file:
        for cell in json.load(file):
            print(json.dumps(taken(*cell)), flush=True)
    sys.exit()
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
    "crossover.Threads.track_blas_threads": [["4"], ["8"]],
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
    take = Suite.take
    ended: list[Batch] = []

    def interrupted(suite: Suite, cells: Batch) -> tuple[list[Taken], dict[str, str]]:
        if len(ended) == 2:
            raise KeyboardInterrupt
        ended.append(cells)
        return take(suite, cells)

    monkeypatch.setattr(Suite, "take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(project)
    kept = read_results(project / "results")
    counts = {
        row["n"]: len(row["samples"]) for row in kept[kept["unit"].notna() & kept["samples"].notna()].to_dict("records")
    }
    assert counts == {4: 2, 8: 2, 16: 2}  # a number of each process that had ended

    monkeypatch.setattr(Suite, "take", take)
    lines: list[str] = []
    done = run(project, lines.append)
    assert (
        "7 cells, 1 of them measured before" in lines[0]
    )  # asv's one; ratios lack processes, failures are tried again
    assert done.run["commit"] == read_checkout(project, [project / "results"]).commit
    failed = {"32": "ValueError: wrong Jacobian", "64": "its process ended with status 9"}
    assert len(done.failed) == 3
    for n, why in failed.items():
        (name,) = (name for name in done.failed if f" {n}, 8, 8" in name)
        assert read_provenance(done.results, **done.run).faults[name] == why
    assert done.left_out == ()
    rows = read_results(done.results)
    assert set(rows["machine"]) == {done.run["machine"]}
    assert set(rows["env"]) == {done.run["env"]}
    assert rows.loc[rows["benchmark"].str.endswith("blas_threads") & (rows["status"] == "ok"), "value"].to_list() == [1]
    ratios = rows[rows["benchmark"].str.endswith("log_ratio") & (rows["status"] == "ok")]
    assert all(LEAST["quick"] <= len(samples) <= MOST["quick"] for samples in ratios["samples"])
    refined = rows[rows["benchmark"] == REFINE]
    assert {"n=11 ", "n=10 "} & {re.search(r"n=\d+ ", case.split("tanh")[1])[0] for case in refined["case"]}  # type: ignore[index]
    assert sorted(refined["case"]) == sorted(json.loads((done.results / "refine-cases").read_text()))
    provenance = read_provenance(done.results, **done.run)
    assert provenance.known["modes"] == "9.9"
    assert provenance.engines["modes"]["requires"] == ["numpy"]

    again: list[str] = []
    run(project, again.append)
    assert not [line for line in again if line.startswith("Further processes")]


@pytest.mark.slow
def test_a_ratio_whose_process_shared_its_core_is_taken_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    monkeypatch.setenv("SHARED", str(tmp_path / "shared"))
    take = Suite.take

    def interrupted(suite: Suite, cells: Batch) -> tuple[list[Taken], dict[str, str]]:
        if (project / "results" / "ended").exists():
            raise KeyboardInterrupt
        if any(name == REFINE for name, _ in cells.cells):
            (project / "results" / "ended").touch()  # after this one, none of which counts
        return take(suite, cells)

    monkeypatch.setattr(Suite, "take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(project)
    (project / "results" / "ended").unlink()
    assert REFINE not in set(read_results(project / "results")["benchmark"])  # not taken is not failed
    monkeypatch.setattr(Suite, "take", take)
    lines: list[str] = []
    done = run(project, lines.append)
    rows = read_results(done.results)
    (samples,) = rows.loc[(rows["n"] == 4) & (rows["status"] == "ok") & rows["samples"].notna(), "samples"]
    assert len(samples) >= LEAST["quick"]
    assert len(done.failed) == 3
    assert set(rows.loc[rows["benchmark"] == REFINE, "status"]) == {"ok"}


@pytest.mark.slow
def test_a_run_under_other_conditions_is_another_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = SUITE.replace('["OPENBLAS_NUM_THREADS"])', '["MODES_THREADS"]) + 10 * len(os.environ.get(KERNEL, ""))')
    said = said.replace("n == 8", "False")  # nothing fails
    (project / "benchmarks" / "__main__.py").write_text(CELLS.replace("n == 32", "False").replace("n == 64", "False"))
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
    assert "7 of them measured before" in again[0]
    rows = read_results(usual.results)
    names = [done.run["env"] for done in (usual, chosen, threads)]
    assert "OPENBLAS_CORETYPE" not in names[0]
    assert "OPENBLAS_CORETYPEHaswell" in names[1]
    assert "OMP_NUM_THREADS2" in names[2]
    in_force = rows[rows["benchmark"].str.endswith("blas_threads") & (rows["n"] == 4)].set_index("env")["value"]
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
    assert any("n=11 m=8" in name for name in done.left_out)
    assert REFINE not in set(read_results(done.results)["benchmark"])


@pytest.mark.slow
def test_a_work_tree_that_changes_meanwhile_is_noticed_and_nothing_of_it_is_kept(project: Path) -> None:
    def change(line: str) -> None:
        if line.startswith("[2]"):
            (project / "code.py").write_text("one = 3\n")

    with pytest.raises(AnalysisError, match="changed while it was measured"):
        run(project, change)
    assert set(read_results(project / "results")["benchmark"]) == {"crossover.Threads.track_blas_threads"}


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
    full = SUITE.replace('ValueError("eight")', "OSError(28, os.strerror(28))")
    (project / "benchmarks" / "crossover.py").write_text(full)
    with pytest.raises(AnalysisError, match=r"scratch cannot be written: the disk is full ") as caught:
        run(project)
    assert "\n" not in str(caught.value)
    assert list(read_results(project / "results-dirty")["n"]) == [4]  # what was measured before


@pytest.mark.slow
def test_a_disk_that_fills_while_ratios_are_taken_is_no_fault_of_theirs(project: Path) -> None:
    full = CELLS.replace(
        '"error": "ValueError", "message": "wrong Jacobian"', '"error": "OSError", "message": os.strerror(28)'
    )
    (project / "benchmarks" / "__main__.py").write_text(full)
    with pytest.raises(AnalysisError, match=r"scratch cannot be written: the disk is full "):
        run(project)


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
