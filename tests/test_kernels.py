"""Conditions of a run: whose kernels BLAS takes, which are here and what they give, and on how many threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from asv.config import Config
from asv.environment import get_environments
from threadpoolctl import threadpool_info

from analysis.__main__ import main
from analysis.citing.publishing.raw import conditions as published
from analysis.errors import AnalysisError
from analysis.reading.schema import Kernels, checked
from analysis.running.conditions import (
    USUAL,
    Conditions,
    advice,
    asked_kernel,
    available,
    resolved,
    thread_count,
)
from analysis.running.suite import staged_config
from analysis.tables.kernels import by_kernel
from benchmarks.apparatus import kernels
from benchmarks.apparatus.cores import threads
from benchmarks.apparatus.pairs import blas_threads, quiet
from benchmarks.catalogue.presets import KERNEL, THREADS

ROOT = Path(__file__).parent.parent
OPENBLAS = any(pool["internal_api"] == "openblas" for pool in threadpool_info())
needs_openblas = pytest.mark.skipif(not OPENBLAS, reason="NumPy's BLAS is not OpenBLAS here")


def found(**other: Any) -> dict[str, Any]:
    """A machine whose OpenBLAS takes Haswell's kernels, and has SkylakeX's."""
    rates = [
        {"kernel": kernel, "product": product, "dtype": "float64", "rows": rows, "width": 64, "gflops": rate}
        for kernel, few, large in (("Haswell", 10.0, 40.0), ("SkylakeX", 20.0, 41.0))
        for product, rows, rate in (("c @ W", 1, few / 2), ("t @ W.T", 4, 2 * few), ("square", 512, large))
    ]
    rates = [{**rate, "low": rate["gflops"], "high": rate["gflops"]} for rate in rates]
    said = {"library": "openblas 0.3.31", "own": "Haswell", "used": "Haswell", "threads": 1, "skipped": ""}
    said |= {"kernels": ["Haswell", "SkylakeX"], "called": {"Zen": "Haswell", "skylakex": "SkylakeX"}}
    return {**said, "faults": {"SapphireRapids": "signal 4"}, "rates": rates, **other}


# --- what is there ---


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    """What this machine has of three, with rates of as few rounds as there may be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernels, "NAMES", {machine: names[1:3] for machine, names in kernels.NAMES.items()})
        return kernels.measured("No-such-kernels", 0.0)


@needs_openblas
@pytest.mark.slow
def test_each_kernel_is_in_force_where_it_is_chosen(here: dict[str, Any]) -> None:
    assert here["kernels"][0] == here["own"]
    assert here["called"]["No-such-kernels"] == here["own"]  # passed over in silence
    for kernel in here["kernels"][:2]:
        assert resolved(here, kernel, "") == kernel
        script = "import numpy, threadpoolctl; print(threadpoolctl.threadpool_info()[0]['architecture'])"
        environment = {**os.environ, **Conditions(kernel).environment}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == kernel
    with pytest.raises(AnalysisError, match=r"No-such-kernels: openblas .* has no such kernels"):
        resolved(here, "No-such-kernels", "--blas-kernel No-such-kernels")


@needs_openblas
@pytest.mark.slow
def test_each_kernel_has_the_rate_of_each_product_and_the_record_can_be_read(here: dict[str, Any]) -> None:
    assert here["skipped"] == ""
    named = [(rate["kernel"], rate["product"], rate["dtype"], rate["rows"], rate["width"]) for rate in here["rates"]]
    assert len(set(named)) == len(named) == len(here["kernels"]) * len(kernels.shapes())
    assert all(0 < rate["low"] <= rate["gflops"] <= rate["high"] < 1e5 for rate in here["rates"])
    read, form = checked(json.dumps(here).encode(), Kernels)
    assert read == here
    assert form.own == here["own"]
    assert set(by_kernel(here)) == set(here["kernels"])


def test_rates_are_of_the_operations_done(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By a clock that says that each call took a millisecond."""
    monkeypatch.setattr(kernels, "calibrate", lambda call, **_: 3)
    monkeypatch.setattr(kernels, "stretch", lambda call, loops: loops * 1_000_000)
    monkeypatch.setattr(kernels, "pin_to_cores", lambda: None)
    monkeypatch.setattr(sys, "stdin", ["\n"])
    kernels.serve()
    _, line = capsys.readouterr().out.splitlines()
    expected = [2 * shape["rows"] * shape["width"] ** 2 / 1e-3 / 1e9 for shape in kernels.shapes()]
    assert json.loads(line) == pytest.approx(expected, abs=1e-4)


def test_the_two_orientations_are_those_of_forward_and_reverse_mode() -> None:
    for product in (kernels.FORWARD, kernels.REVERSE):
        call = kernels._product(product, "float32", 4, 8)
        assert isinstance(call, partial)
        left, right = call.args
        assert (left.shape, right.shape, left.dtype, right.dtype) == ((4, 8), (8, 8), "float32", "float32")
        assert right.flags.c_contiguous == (product == kernels.REVERSE)


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process that lacks instructions ends otherwise")
@pytest.mark.parametrize(
    ("how", "said"), [("os.kill(os.getpid(), signal.SIGILL)", "signal 4"), ("os._exit(3)", "exit status 3")]
)
def test_kernels_that_end_their_process_are_found_out_and_refused(
    how: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = f"import os, signal\nif os.environ.get('{KERNEL}') == 'Unsupported':\n    {how}\n"
    (tmp_path / "sitecustomize.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setattr(kernels, "NAMES", {})
    tried = kernels.tried("Unsupported")
    assert tried["faults"] == {"Unsupported": said}
    assert "Unsupported" not in tried["kernels"]
    if OPENBLAS:
        with pytest.raises(AnalysisError, match=rf"--blas-kernel Unsupported: .* not run .* \({said}\); those that do"):
            resolved(tried, "Unsupported", "--blas-kernel Unsupported")


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process that lacks instructions ends otherwise")
@needs_openblas
@pytest.mark.slow
def test_kernels_that_fail_while_they_are_timed_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = f"import os\nif os.environ.get('{KERNEL}'):\n    import numpy, benchmarks.apparatus.kernels as kernels\n"
    script += "    kernels.calibrate = lambda *_, **__: os.abort()\n"
    (tmp_path / "sitecustomize.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    own = kernels.tried()["own"]
    other = "Nehalem" if own != "Nehalem" else "Haswell"
    monkeypatch.setattr(kernels, "NAMES", dict.fromkeys(kernels.NAMES, (other,)))
    got = kernels.measured("", 0.0)
    assert got["kernels"] == [own]
    assert {rate["kernel"] for rate in got["rates"]} == {own}
    assert set(got["faults"].values()) <= {"signal 6"}


def test_a_blas_that_is_no_openblas_has_no_kernels_to_choose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = "import threadpoolctl\nthreadpoolctl.threadpool_info = lambda: [\n"
    script += "    {'user_api': 'blas', 'internal_api': 'mkl', 'version': '2025.0', 'num_threads': 1}]\n"
    (tmp_path / "sitecustomize.py").write_text(script)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setattr(kernels, "NAMES", {})
    got = kernels.measured("Haswell", 0.0)
    assert (got["library"], got["own"], got["kernels"], got["rates"]) == ("mkl 2025.0", "", [], [])
    assert "no OpenBLAS" in got["skipped"]
    with pytest.raises(AnalysisError, match=r"--blas-kernel Haswell: expected a NumPy with OpenBLAS.*mkl 2025\.0"):
        resolved(got, "Haswell", "--blas-kernel Haswell")
    assert advice(got, "") == []


# --- what is chosen ---


def test_a_name_is_taken_as_openblas_itself_calls_it() -> None:
    assert resolved(found(), "skylakex", "") == "SkylakeX"
    assert resolved(found(), "Haswell", "") == "Haswell"
    assert resolved(found(own="SkylakeX"), "Zen", "") == "Haswell"


@pytest.mark.parametrize(
    ("name", "said"),
    [("Zen", "Haswell, SkylakeX .its own choice is Haswell."), ("SapphireRapids", "do not run .*signal 4.*SkylakeX")],
)
def test_what_cannot_be_had_is_refused_with_what_can(name: str, said: str) -> None:
    with pytest.raises(AnalysisError, match=f"asked so: .*{said}") as caught:
        resolved(found(), name, "asked so")
    assert "\n" not in str(caught.value)


def test_the_variable_counts_as_chosen_and_the_option_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KERNEL, raising=False)
    assert asked_kernel(None)[0] == ""
    monkeypatch.setenv(KERNEL, "Zen")
    assert asked_kernel(None) == ("Zen", "OPENBLAS_CORETYPE=Zen")
    assert asked_kernel("Haswell") == ("Haswell", "--blas-kernel Haswell")


def test_faster_kernels_are_told_with_how_to_choose_them() -> None:
    (line,) = advice(found(), "")
    assert "took its Haswell kernels here; SkylakeX kernels are faster" in line
    assert "20 against 10 Gflop/s in products of few rows and 41 against 40 Gflop/s in large ones" in line
    assert line.endswith("--blas-kernel SkylakeX.")
    assert advice(found(own="SkylakeX"), "") == []
    near = [{**rate, "gflops": 40 * (1.09 if rate["kernel"] == "SkylakeX" else 1)} for rate in found()["rates"]]
    assert advice(found(rates=near), "") == []


def test_chosen_kernels_are_told_beside_those_that_openblas_takes() -> None:
    (line,) = advice(found(own="SkylakeX"), "Haswell")
    assert "Haswell kernels, as chosen; OpenBLAS by itself would take SkylakeX: 10 against 20 Gflop/s" in line
    assert advice({"skipped": "no time"}, "Haswell") == ["BLAS: Haswell kernels, as chosen."]


# --- threads ---


@pytest.mark.parametrize("text", ["0", "-1", "many", "5", "", "1.5", "٢", "9" * 5000])
def test_threads_that_cannot_be_had_are_refused(text: str) -> None:
    with pytest.raises(AnalysisError, match=r"--threads .*: expected a thread or more.* from 1 to 4") as caught:
        thread_count(text, 4)
    assert "\n" not in str(caught.value)
    assert thread_count("4", 4) == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--threads", "0"], "--threads 0: expected a thread or more"),
        (["--threads", "-1"], "--threads -1: expected a thread or more"),
        (["--threads", "many"], "--threads many: expected a thread or more"),
        (["--threads", "100000"], "--threads 100000: expected a thread or more, and a core for each"),
        (["--blas-kernel", " "], "--blas-kernel ' ': expected a name"),
        (["--blas-kernel", "../Zen"], "--blas-kernel '../Zen': expected a name"),
        (["--scheduler", "tcp://nowhere:1", "--threads", "many"], "--threads many: expected a thread or more"),
    ],
)
def test_the_command_says_so_in_a_line(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--results", str(tmp_path / "results"), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith(f"error: {said}")
    assert not any(tmp_path.iterdir())


def test_there_are_as_many_cores_as_this_process_may_use() -> None:
    assert thread_count(str(available())) == available()
    with pytest.raises(AnalysisError):
        thread_count(str(available() + 1))


def test_blas_has_its_threads_while_the_clock_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = blas_threads()
    for count in (1, 2):
        monkeypatch.setenv(THREADS, str(count))
        with quiet():
            assert blas_threads() in (count, 0)
    assert blas_threads() == before
    monkeypatch.setenv(THREADS, "none")
    with pytest.raises(ValueError, match="MODES_THREADS='none': expected a number of threads"):
        threads()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process to a core")
def test_a_process_keeps_a_core_for_each_thread() -> None:
    script = "import os\nfrom benchmarks.apparatus.cores import pin_to_cores\npin_to_cores()\n"
    script += "print(*os.sched_getaffinity(0))"
    allowed = os.sched_getaffinity(0)
    environment = {**os.environ, THREADS: str(len(allowed)), "MODES_CORE": str(max(allowed))}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert {*map(int, done.stdout.split())} == allowed


def test_a_cluster_s_machines_are_told_the_conditions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cluster = pytest.importorskip("analysis.cluster")
    given: list[Any] = []

    def spread(*arguments: Any) -> None:
        given.append(next(each for each in arguments if isinstance(each, cluster.Orders)))
        raise AnalysisError("there is no cluster")

    monkeypatch.setattr(cluster, "spread", spread)
    asked = ["run", "--scheduler", "tcp://nowhere:1", "--results", str(tmp_path / "results")]
    assert main(asked) == main([*asked, "--blas-kernel", "Haswell", "--threads", "3"]) == 2
    usual, chosen = given
    assert (usual.conditions, chosen.conditions) == (Conditions(), Conditions("Haswell", 3))
    assert chosen.conditions.environment[KERNEL] == "Haswell"


# --- the name of a run ---


def environment_name(conditions: Conditions) -> str:
    config = Config.from_json(staged_config(ROOT, ROOT / "results", conditions))
    (environment,) = get_environments(config, [":same"])
    assert environment.env_vars.items() <= conditions.environment.items()  # asv tells its processes nothing else
    return str(environment.name)


def test_conditions_that_were_chosen_are_in_the_name_of_the_environment_and_usual_ones_leave_it_as_it_was() -> None:
    usual = environment_name(USUAL)
    assert usual.endswith("-OMP_NUM_THREADS1-VECLIB_MAXIMUM_THREADS1")
    kernel, two = environment_name(Conditions("Haswell")), environment_name(Conditions(threads=2))
    assert kernel == usual.replace("-VECLIB", "-OPENBLAS_CORETYPEHaswell-VECLIB")
    assert two == usual.replace("THREADS1", "THREADS2")
    for chosen in (USUAL, Conditions("Haswell"), Conditions(threads=12), Conditions("Haswell", 2)):
        assert published(environment_name(chosen)) == chosen.name
    assert environment_name(Conditions("Haswell", 2)) == kernel.replace("THREADS1", "THREADS2")
