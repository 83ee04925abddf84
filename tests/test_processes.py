"""A ratio from fresh processes: one number each, what is said of a process, and what becomes of one that fails."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asv.results import Results

from analysis.reading.load import read_results
from analysis.running.plan import REFINE
from analysis.running.storing import added
from benchmarks import crossover
from benchmarks.__main__ import benchmarks
from benchmarks.apparatus import processes
from benchmarks.apparatus.processes import several, take
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.metrics import metric, paired
from benchmarks.catalogue.taken import AGAIN, OF_PROCESSES, SHARE, Taken, parsed

ROOT = Path(__file__).parent.parent
CELL = Case(n=4, m=4, width=4, depth=2, mode="forward/reverse")
NAME = crossover.Map.asv_name()


def test_the_benchmarks_of_ratios_and_no_others_are_of_the_version_that_says_so() -> None:
    for name, cls in benchmarks():
        assert (cls.version == OF_PROCESSES) == paired(metric(name)), name


def test_a_process_takes_one_number_of_each_cell_and_what_a_library_prints_is_none(tmp_path: Path) -> None:
    cells = [
        (NAME, [repr(value) for value in CELL]),
        (NAME, [repr(value) for value in CELL._replace(engine="unknown")]),
    ]
    (tmp_path / "cells").write_text(json.dumps(cells))
    settings = {**os.environ, "MODES_PAIRS": "1", "MODES_REASONS": str(tmp_path / "reasons")}
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks", "take", "--cells", str(tmp_path / "cells")],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    )
    found = parsed(child.stdout)
    assert len(child.stdout.splitlines()) == len(found) == 2
    assert [taken.status for taken in found] == ["ok", "failed"]
    assert found[0].benchmark == NAME
    assert list(found[0].parameters) == cells[0][1]
    assert found[0].value is not None
    assert math.isfinite(found[0].value)
    assert 0 < (found[0].share or 0) < 1.5
    assert "unknown engine" in (tmp_path / "reasons").read_text()


class Toy:
    """What `take` asks of a benchmark."""

    timeout = 30.0
    case = Case()

    def setup(self, *parameters: Any) -> None:
        pass

    @classmethod
    def asv_name(cls) -> str:
        return "toy.Toy.track_log_x"

    def track_log_x(self, seconds: float) -> Any:
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass
        time.sleep(seconds if seconds > 0.02 else 0.0)
        return {"samples": [3.0, 1.0, 2.0], "number": 1}

    setattr(track_log_x, processes.IN_PLACE, track_log_x)


def test_a_process_that_got_half_of_its_core_is_disturbed() -> None:
    alone, shared = take(Toy, [0.01]), take(Toy, [0.05])
    assert alone.value == shared.value == 2.0  # the median of the pairs
    assert alone.share is not None
    assert shared.share is not None
    assert shared.share < 0.6  # less where others compute here meanwhile
    assert shared.disturbed
    assert Taken("a", (), "ok", 0.0, share=SHARE).disturbed is False
    assert Taken("a", (), "ok", 0.0, share=None).disturbed is False  # an engine on a device waits for it


def test_lines_that_are_cut_short_are_no_lines() -> None:
    taken = Taken("a.A.track_log_x", ("1", "'b'"), "ok", 0.25, 0.5, 0.99, 3)
    assert parsed(taken.line + taken.line[:-9]) == [taken]
    assert parsed('nonsense\n{"benchmark": 1}\n[]\n') == []


def answers(monkeypatch: pytest.MonkeyPatch, lines: list[str], complaint: str = "") -> list[int]:
    """Processes that say these lines, one each."""
    asked: list[int] = []

    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        asked.append(len(asked))
        return subprocess.CompletedProcess([], 1, lines[asked[-1]], complaint)

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def test_a_process_that_shared_its_core_is_asked_again_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(value: float, share: float) -> str:
        return Taken(NAME, (), "ok", value, 0.1, share).line

    asked = answers(monkeypatch, [said(9.0, 0.5), said(0.25, 1.0), said(0.5, 1.0)])
    assert several(NAME, (), 2)["samples"] == [0.25, 0.5]
    assert len(asked) == 3
    busy = [said(float(i), 0.5) for i in range(2 + AGAIN)]
    answers(monkeypatch, busy)
    assert several(NAME, (), 2)["samples"] == [float(AGAIN), float(AGAIN + 1)]


def test_a_process_without_a_number_fails_the_cell_with_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, [Taken(NAME, (), "failed").line], "Traceback\nMemoryError: of all things\n")
    with pytest.raises(RuntimeError, match=r"process number 1 ended with status 1: MemoryError: of all things"):
        several(NAME, (), 2)


def test_a_ratio_is_one_number_a_process_where_asv_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_PAIRS", "3")
    monkeypatch.setenv("MODES_PROCESSES", "2")
    benchmark = crossover.Map()
    benchmark.setup(*CELL)
    samples = benchmark.track_log_ratio(*CELL)["samples"]
    assert isinstance(samples, list)
    assert len(samples) == 2
    assert np.isfinite(samples).all()


# --- what is stored ---


def stored(folder: Path, versions: dict[str, str]) -> Path:
    """A results folder as asv leaves it, that describes a few benchmarks and holds none."""
    params = [
        ["'modes'"],
        ["'dense'"],
        ["'uniform'"],
        ["'tanh'"],
        ["4", "8"],
        ["8"],
        ["8"],
        ["4"],
        ["'float64'"],
        ["None"],
    ]
    described = {
        name: {
            "name": name,
            "param_names": list(Case._fields),
            "params": [*params, ["'forward/reverse'"]],
            "unit": "ln",
        }
        | {"version": version, "type": "track", "code": "", "timeout": 1.0}
        for name, version in versions.items()
    }
    (folder / "vm").mkdir(parents=True)
    (folder / "benchmarks.json").write_text(json.dumps({**described, "version": 2}))
    machine = {"machine": "vm", "cpu": "c", "num_cpu": "2", "ram": "1", "os": "o", "arch": "a", "version": 1}
    (folder / "vm" / "machine.json").write_text(json.dumps(machine))
    results = Results({**machine}, {}, "c" * 40, 1_700_000_000_000, "3.11", "env", {})
    results.save(str(folder))
    return next((folder / "vm").glob("cccccccc-*.json"))


def taken(n: int, value: float | None, status: str = "ok", name: str = NAME) -> Taken:
    case = Case(n=n, m=8, width=8, mode="forward/reverse")
    parameters = (repr(case.text),) if name == REFINE else tuple(map(repr, case))
    return Taken(name, parameters, status, value, 0.1, 1.0)


def test_numbers_are_added_to_those_stored_and_read_back_cell_by_cell(tmp_path: Path) -> None:
    path = stored(tmp_path, {NAME: OF_PROCESSES})
    added(path, tmp_path, [taken(4, 0.5), taken(8, 1.0)], [])
    added(path, tmp_path, [taken(4, 0.25)], [])
    added(path, tmp_path, [taken(4, 0.75), taken(8, 2.0), taken(16, -1.0, name=REFINE)], [_text(16)])
    added(path, tmp_path, [taken(32, -2.0, name=REFINE)], [_text(16), _text(32)])
    rows = read_results(tmp_path)
    found = {(row["benchmark"], row["n"] or row["case"]): row["samples"] for row in rows.to_dict("records")}
    assert found == {
        (NAME, 4): [0.5, 0.25, 0.75],
        (NAME, 8): [1.0, 2.0],
        (REFINE, _text(16)): [-1.0],
        (REFINE, _text(32)): [-2.0],
    }
    assert set(rows["version"]) == {OF_PROCESSES}


def test_where_one_process_failed_the_cell_failed(tmp_path: Path) -> None:
    path = stored(tmp_path, {NAME: OF_PROCESSES})
    added(path, tmp_path, [taken(4, 0.5), taken(8, 1.0)], [])
    added(path, tmp_path, [taken(4, None, "failed"), taken(8, 2.0)], [])
    rows = read_results(tmp_path).set_index("n")
    assert rows.loc[4, "status"] == "failed"
    assert rows.loc[8, "samples"] == [1.0, 2.0]


def test_pairs_of_the_version_before_are_no_processes_and_are_not_added_to(tmp_path: Path) -> None:
    path = stored(tmp_path, {NAME: "1"})
    added(path, tmp_path, [taken(4, 9.0)], [])
    suite = json.loads((tmp_path / "benchmarks.json").read_text())
    suite[NAME]["version"] = OF_PROCESSES
    (tmp_path / "benchmarks.json").write_text(json.dumps(suite))
    added(path, tmp_path, [taken(4, 0.5)], [])
    assert list(read_results(tmp_path)["samples"]) == [[0.5]]


def _text(n: int) -> str:
    return Case(n=n, m=8, width=8, mode="forward/reverse").text
