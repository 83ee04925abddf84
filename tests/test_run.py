"""Planning and driving asv: what is measured, in which batches, and what is kept when something goes wrong."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.reading import provenance as facts
from analysis.reading.load import read_results
from analysis.running import Measured, Progress, finished_cells, flattened, measure
from analysis.running.checkout import MARKER, Checkout, read_checkout, results_folder
from analysis.running.output import failure, last_words, worth_showing
from analysis.running.plan import (
    GUESSED_SECONDS,
    REFINE,
    Batch,
    affordable,
    batches,
    pattern,
    remaining_seconds,
    unfinished,
)
from analysis.running.suite import Suite, engines, refinement_list, staged_config, stream
from analysis.text import clock, counted

# --- planning ---


def test_cells_that_are_finished_are_not_measured_again() -> None:
    wanted = {"a.A.time_x": [["1", "'f'"], ["2", "'f'"]], "b.B.track_y": [["1"]]}
    finished = {("a.A.time_x", ("1", "'f'")), ("b.B.track_y", ("2",))}
    assert unfinished(wanted, finished) == [("a.A.time_x", ("2", "'f'")), ("b.B.track_y", ("1",))]
    assert unfinished(wanted, set()) == [
        ("a.A.time_x", ("1", "'f'")),
        ("a.A.time_x", ("2", "'f'")),
        ("b.B.track_y", ("1",)),
    ]


def test_a_cell_listed_twice_is_measured_once() -> None:
    assert unfinished({"a": [["1"], ["1"]]}, set()) == [("a", ("1",))]


def raw(benchmark: str, status: str, samples: list[float] | None) -> dict[str, Any]:
    return {"benchmark": benchmark, "parameters": ("1",), "status": status, "samples": samples}


def test_a_paired_cell_is_finished_with_enough_pairs_for_the_profile() -> None:
    rows = pd.DataFrame(
        [
            raw("c.Map.track_log_ratio", "ok", [0.0] * 15),
            raw("c.Width.track_log_ratio", "ok", [0.0] * 41),
            raw("c.Depth.track_log_ratio", "failed", None),
            raw("a.Aspect.time_jacobian", "ok", [1.0] * 10),
            raw("m.Memory.track_peak_bytes", "ok", None),
        ]
    )
    single = {("a.Aspect.time_jacobian", ("1",)), ("m.Memory.track_peak_bytes", ("1",))}
    width = ("c.Width.track_log_ratio", ("1",))
    assert finished_cells(rows, 15) == single | {width, ("c.Map.track_log_ratio", ("1",))}
    assert finished_cells(rows, 41) == single | {width}
    assert finished_cells(pd.DataFrame(), 15) == set()


def test_batches_hold_one_benchmark_each_and_last_about_the_time_asked_for() -> None:
    cells = [(name, (str(i),)) for i in range(10) for name in ("slow", "fast", "new")]
    plan = batches(cells, {"slow": 5.0, "fast": 0.1}, seconds=20.0)
    assert [len(batch.cells) for batch in plan if batch.benchmark == "slow"] == [4, 4, 2]
    assert [len(batch.cells) for batch in plan if batch.benchmark == "fast"] == [10]
    assert all(len(batch.cells) * GUESSED_SECONDS <= 20 for batch in plan if batch.benchmark == "new")
    assert sorted(flattened(plan)) == sorted(cells)


def test_a_cell_longer_than_a_batch_has_one_of_its_own() -> None:
    assert [len(batch.cells) for batch in batches([("a", ("1",)), ("a", ("2",))], {"a": 1e3})] == [1, 1]


def test_the_time_to_go_is_that_of_all_batches_left() -> None:
    plan = [Batch("a", (("1",), ("2",))), Batch("b", (("1",),))]
    assert remaining_seconds(plan, {"a": 3.0}) == pytest.approx(6 + GUESSED_SECONDS)


@pytest.mark.parametrize(
    "chosen",
    [
        (("'modes'", "1", "'forward'"),),
        (("'modes'", "1", "'forward'"), ("'modes'", "11", "'forward/reverse'")),
        (("None", "1.5", "'a (b) [c] | d'"),),
    ],
)
def test_the_pattern_selects_exactly_the_batch(chosen: tuple[tuple[str, ...], ...]) -> None:
    others = [
        ("'modes'", "1", "'forward/reverse'"),
        ("'modes'", "111", "'forward'"),
        ("None", "105", "'a (b) [c] | d'"),
    ]
    names = ("crossover.Map.track_log_ratio", "crossoverXMap.track_log_ratio", "xcrossover.Map.track_log_ratio")
    expression = pattern(Batch(names[0], chosen))
    for name in names:
        for cell in {*chosen, *others}:
            # what asv makes of a benchmark's name and the repr of its parameters
            selected = re.search(expression, f"{name}({', '.join(cell)})") is not None
            assert selected == (name == names[0] and cell in chosen)


def test_a_benchmark_without_parameters_is_selected_by_its_name() -> None:
    expression = pattern(Batch("a.track_b", ((),)))
    assert re.search(expression, "a.track_b")
    assert not re.search(expression, "a.track_bc")
    assert not re.search(expression, "a.track_b(1)")


def test_refinements_that_do_not_fit_into_the_time_left_are_named() -> None:
    cases = ["a", "b", "c"]
    assert affordable(cases, 10.0, 1.0) == (cases, [])
    assert affordable(cases, 2.5, 1.0) == (["a", "b"], ["c"])
    assert affordable(cases, 0.5, 1.0) == ([], cases)
    assert affordable(cases, -5.0, 1.0) == ([], cases)
    assert affordable([], 10.0, 1.0) == ([], [])


def test_the_clock_counts_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (-1, 0, 65.4, 3600)] == ["0:00", "0:00", "1:05", "60:00"]


def test_one_is_not_plural() -> None:
    assert [counted(number, "cell") for number in (0, 1, 2)] == ["0 cells", "1 cell", "2 cells"]


def test_the_heading_numbers_the_batches_and_tells_the_time() -> None:
    lines: list[str] = []
    progress = Progress(lines.append)
    left = [Batch("a.A.time_x", (("1",), ("2",))), Batch("b.B.time_y", (("1",),))]
    progress.heading(left[0], left)
    progress.timed(left[0], 8.0)
    progress.heading(left[1], left[1:])
    assert lines[0].startswith("[1/2] a.A.time_x: 2 cells (0:00 elapsed, about 0:0")
    assert lines[1].startswith("[2/2] b.B.time_y: 1 cell (")
    assert progress.rates == {"a.A.time_x": 4.0}


# --- what asv says ---


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


def test_a_failure_is_one_line_with_the_status_and_the_last_words() -> None:
    text = failure(["asv", "run"], 1, ["first", "", "second", "third", "  last  "])
    assert text == "`asv run` failed with exit status 1: second | third | last"
    assert failure(["asv"], 3, []) == "`asv` failed with exit status 3: no output"


SAID = """\
[50.00%] ··· a.A.track_x                                  3/5 failed
              === ========
               a   failed
              === ========
              For parameters: 'a', 1
              Traceback (most recent call last):
                File "a.py", line 1, in track_x
                  1 / 0
              ZeroDivisionError: division by zero

              The above exception was the direct cause of the following exception:

              Traceback (most recent call last):
                File "a.py", line 3, in track_x
                  raise ArithmeticError(text) from error
              ArithmeticError: first
              Traceback: second

              For parameters: 'b', 1
              asv: skipped: NotImplementedError('engine b is skipped')

              For parameters: 'c', 1


              asv: benchmark timed out (timeout 3s)

              For parameters: 'd', None
              a.py:14: UserWarning: hm
                if k == "d": warn("hm")
""".splitlines()


def test_the_last_words_of_a_cell_are_its_exception_or_asvs() -> None:
    assert last_words(SAID) == {"'a', 1": "ArithmeticError: first", "'c', 1": "benchmark timed out (timeout 3s)"}
    assert last_words([]) == {}
    assert last_words(["asv: benchmark failed", "Traceback (most recent call last):", "ValueError"]) == {}


def test_output_is_streamed_and_the_status_returned(tmp_path: Path) -> None:
    shown: list[str] = []
    script = "import sys; print('· hello'); print('quiet'); sys.exit(3)"
    code, said = stream([sys.executable, "-c", script], tmp_path, {}, shown.append)
    assert (code, said, shown) == (3, ["· hello", "quiet"], ["· hello"])


def test_an_interruption_stops_the_command(tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        signal.raise_signal(signal.SIGINT)

    script = (
        "import time, pathlib\n"
        "try:\n    print('· started', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    pathlib.Path('stopped').touch()\n"
    )
    with pytest.raises(KeyboardInterrupt):
        stream([sys.executable, "-c", script], tmp_path, {}, interrupt)
    assert (tmp_path / "stopped").exists()


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
    batch = Batch(REFINE, (("'b'",), ("'c'",)))
    stored = tmp_path / "cases"
    assert refinement_list(stored, batch) == ["b", "c"]
    stored.write_text('["a", "b"]')
    assert refinement_list(stored, batch) == ["a", "b", "c"]
    stored.write_text('["a"')
    with pytest.raises(AnalysisError, match="rm "):
        refinement_list(stored, batch)


def test_the_engines_of_a_batch_are_known_by_parameter_and_by_text() -> None:
    assert engines(Batch("a", (("'modes'", "4"), ("'jax'", "4"), ("'jax'", "8")))) == ["jax", "modes"]
    assert engines(Batch("a", (("'engine=torch layer=dense n=4'",),))) == ["torch"]
    assert engines(Batch("a", ((),))) == []


# --- the checkout ---


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init")
    (root / "code.py").write_text("one = 1\n")
    (root / ".gitignore").write_text("ignored\n")
    git(root, "add", "-A")
    git(root, "commit", "-m", "first")
    return root


def test_a_clean_work_tree_has_no_digest(repository: Path) -> None:
    (repository / "ignored").write_text("whatever")
    checkout = read_checkout(repository)
    assert checkout.digest is None
    assert len(checkout.commit) == 40


def test_each_change_of_the_work_tree_has_a_digest_of_its_own(repository: Path) -> None:
    digests = [read_checkout(repository).digest]
    (repository / "code.py").write_text("one = 2\n")
    digests.append(read_checkout(repository).digest)
    (repository / "new.py").write_text("")
    digests.append(read_checkout(repository).digest)
    (repository / "new.py").write_text("two = 2\n")
    digests.append(read_checkout(repository).digest)
    git(repository, "add", "-A")  # staged or not is the same code
    assert len(set(digests)) == 4
    assert read_checkout(repository).digest is not None


def test_generated_folders_are_not_code(repository: Path, tmp_path: Path) -> None:
    for folder in ("results [1]", "report"):
        (repository / folder).mkdir()
        (repository / folder / "x.json").write_text("{}")
    generated = [repository / "results [1]", repository / "report", tmp_path / "elsewhere"]
    assert read_checkout(repository, generated).digest is None
    assert read_checkout(repository, generated[:1]).digest is not None


def test_what_is_no_checkout_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "inside").mkdir()
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", repository / "inside"):
        with pytest.raises(AnalysisError, match="clone the project") as caught:
            read_checkout(folder)
        assert "\n" not in str(caught.value)


def test_a_checkout_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init")
    with pytest.raises(AnalysisError, match="not a git checkout with a commit"):
        read_checkout(tmp_path)


CLEAN, CHANGED, OTHER = Checkout("c" * 40, None), Checkout("c" * 40, "one"), Checkout("c" * 40, "two")


def test_results_of_a_changed_work_tree_have_a_folder_of_their_own(tmp_path: Path) -> None:
    results = tmp_path / "results"
    assert results_folder(results, CLEAN) == results
    (results / "clean.json").write_text("{}")
    dirty = results_folder(results, CHANGED)
    assert dirty == tmp_path / "results-dirty"
    (dirty / "changed.json").write_text("{}")
    assert results_folder(results, CHANGED) == dirty
    assert (dirty / "changed.json").exists()  # the same change: the run goes on
    results_folder(results, OTHER)
    assert not (dirty / "changed.json").exists()  # another change: begun anew
    assert (dirty / MARKER).read_text().strip() == "two"
    assert (results / "clean.json").exists()


def test_a_folder_of_that_name_with_other_contents_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "results-dirty").mkdir()
    (tmp_path / "results-dirty" / "mine").touch()
    with pytest.raises(AnalysisError, match="--results"):
        results_folder(tmp_path / "results", CHANGED)
    assert (tmp_path / "results-dirty" / "mine").exists()


def test_clean_results_do_not_go_into_a_dirty_folder(tmp_path: Path) -> None:
    dirty = results_folder(tmp_path / "results", CHANGED)
    with pytest.raises(AnalysisError, match="--results"):
        results_folder(dirty, CLEAN)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnalysisError, match="cannot be written") as caught:
        results_folder(tmp_path / "file" / "results", CLEAN)
    assert "\n" not in str(caught.value)


# --- the whole way, on a suite of milliseconds ---

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
STATE = {"requires": ["numpy"], "versions": {}, "missing": []}
print(json.dumps({"modes": STATE} if sys.argv[1] == "engines" else {
    "crossover.Map.track_log_ratio": [[repr(value) for value in case] for case in itertools.product(*PARAMS)],
    "crossover.Threads.track_blas_threads": [["4"]],
}))
"""


@pytest.fixture
def project(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A project whose suite takes milliseconds: n* is 11, and n = 32 fails."""
    monkeypatch.setenv("HOME", str(tmp_path))  # asv keeps its description of the machine there
    (repository / "benchmarks").mkdir()
    (repository / "benchmarks" / "__init__.py").touch()
    (repository / "benchmarks" / "__main__.py").write_text(CELLS)
    (repository / "benchmarks" / "crossover.py").write_text(SUITE)
    (repository / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "9.9"\n')
    config = {"version": 1, "project": "x", "repo": ".", "environment_type": "virtualenv", "dvcs": "git"}
    (repository / "asv.conf.json").write_text(json.dumps(config))
    (repository / ".gitignore").write_text("__pycache__\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "suite")
    return repository


def run(project: Path, show: Callable[[str], None] = lambda line: None) -> Measured:
    return measure(project, "quick", project / "results", project / "report", show)


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
    assert done.commit == read_checkout(project, [project / "results"]).commit
    assert len(done.failed) == 1
    assert done.failed[0].startswith("crossover.Map.track_log_ratio('modes', 'dense'")
    assert done.left_out == ()
    assert any("ValueError: wrong Jacobian" in line for line in lines)
    rows = read_results(done.results)
    assert set(rows["machine"]) == {done.machine}
    assert set(rows["env"]) == {done.env}
    assert rows.loc[rows["benchmark"].str.endswith("blas_threads"), "value"].to_list() == [1]
    refined = rows[rows["benchmark"] == REFINE]
    assert {"n=11 ", "n=10 "} & {re.search(r"n=\d+ ", case.split("tanh")[1])[0] for case in refined["case"]}  # type: ignore[index]
    assert sorted(refined["case"]) == sorted(json.loads((done.results / "refine-cases").read_text()))
    here = (done.results, done.machine, done.env, done.commit)
    assert facts.read_facts(*here)["modes"] == "9.9"
    assert facts.read_engines(*here)["modes"]["requires"] == ["numpy"]
    assert facts.read_faults(*here) == {done.failed[0]: "ValueError: wrong Jacobian"}

    again: list[str] = []
    run(project, again.append)
    assert len([line for line in again if line.startswith("[1/")]) == 1  # the failed cell, and nothing else
    assert not [line for line in again if REFINE in line]


def test_without_time_left_nothing_is_refined_and_that_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.running.TIME_LIMIT", {"quick": 0.0})
    done = run(project)
    assert len(done.left_out) == 1
    assert "n=11 m=8" in done.left_out[0]
    assert REFINE not in set(read_results(done.results)["benchmark"])


def test_a_work_tree_that_changes_meanwhile_is_noticed_and_nothing_of_it_is_kept(project: Path) -> None:
    def change(line: str) -> None:
        if line.startswith("[2/"):
            (project / "code.py").write_text("one = 3\n")

    with pytest.raises(AnalysisError, match="changed while it was measured"):
        run(project, change)
    assert set(read_results(project / "results")["benchmark"]) == {"crossover.Map.track_log_ratio"}


def test_a_changed_work_tree_is_marked(project: Path) -> None:
    (project / "code.py").write_text("one = 4\n")
    done = run(project)
    assert done.results == project / "results-dirty"
    assert done.commit.endswith("+dirty")
    assert set(read_results(done.results)["commit"]) == {done.commit}
    assert not (project / "results").exists()


def test_a_suite_that_cannot_be_imported_is_said_in_one_line(project: Path) -> None:
    (project / "benchmarks" / "crossover.py").write_text(SUITE + "if 'MODES_PAIRS' not in os.environ: pass\nboom\n")
    with pytest.raises(AnalysisError, match="NameError") as caught:
        run(project)
    assert "\n" not in str(caught.value)


def test_asv_failing_as_a_whole_is_said_in_one_line(project: Path) -> None:
    (project / "benchmarks" / "twice").mkdir()
    (project / "benchmarks" / "twice.py").touch()  # which asv refuses
    with pytest.raises(AnalysisError, match=r"failed with exit status 1: .*same name") as caught:
        run(project)
    assert "\n" not in str(caught.value)


def test_a_damaged_result_file_is_named_with_the_remedy(project: Path) -> None:
    done = run(project)
    (stored,) = done.results.glob(f"*/{done.commit[:8]}-*.json")
    stored.write_text('{"commit_hash": ')
    with pytest.warns(match="skipped"), pytest.raises(AnalysisError, match=r"is damaged.*rm "):
        run(project)
