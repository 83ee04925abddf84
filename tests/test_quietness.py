"""Before a run: which core is the quiet one, what is said of a busy machine, and how far a batch has come."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from analysis.commands import working as line
from analysis.commands.working import clear, working
from analysis.report.bars import bars
from analysis.running.cores import judged, sentences
from analysis.running.plan import CONTROL, Batch, unfinished
from analysis.running.progress import Progress, within
from analysis.tables.findings import Findings
from analysis.tables.noise import NO_CONTROL, word
from benchmarks.apparatus import quietness
from benchmarks.apparatus.cores import pin_to_cores
from benchmarks.apparatus.recording import begun
from benchmarks.catalogue.case import Case
from tests.tables import SPREAD, curve, frame, pair

QUIET = [difference / 2 for difference in SPREAD]
WILD = [20 * difference for difference in SPREAD]


def found(core: int | None, share: float = 1.0, samples: list[float] = QUIET) -> dict[str, Any]:
    return {"core": core, "share": share, "samples": samples}


# --- the cores ---


def test_the_core_that_gives_its_time_is_taken_and_the_busy_one_named() -> None:
    cores = judged([found(0, 0.52), found(1, 0.99)])
    assert [core.number for core in cores] == [1, 0]
    (said,) = sentences(cores)
    assert "core 1 is quiet" in said
    assert said.endswith("Measuring on core 1, since core 0 is busy.")


@pytest.mark.parametrize("reason", [found(0, 0.6), found(0, 1.0, WILD), found(0, 1.0, [0.1 + s / 9 for s in SPREAD])])
def test_a_busy_machine_is_said_with_what_can_be_done(reason: dict[str, Any]) -> None:
    alone = " ".join(sentences(judged([reason])))
    assert "busy" in alone
    assert "wait until the other programs have ended" in alone
    assert "the only one that this process may use" in alone
    both = " ".join(sentences(judged([reason, found(1, 0.4)])))
    assert "Going on, on core 0." in both


def test_where_no_core_can_be_chosen_none_is_named() -> None:
    (said,) = sentences(judged([found(None)]))
    assert "this core is quiet" in said
    assert "Measuring" not in said
    assert sentences(judged([found(3, samples=[0.0] * 5)])) == []  # too few for an interval


def test_of_many_cores_some_are_tried_evenly() -> None:
    assert quietness.spread(list(range(64)), 8) == [0, 8, 16, 24, 32, 40, 48, 56]
    assert quietness.spread([3, 5], 8) == [3, 5]
    assert len(quietness.spread(list(range(9)), 8)) <= 8


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process to a core")
def test_each_core_is_tried_and_the_process_is_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quietness, "PAIRS", 7)
    before = os.sched_getaffinity(0)
    each = quietness.probed()
    assert os.sched_getaffinity(0) == before
    assert [one["core"] for one in each] == quietness.spread(sorted(before), quietness.MOST)
    assert all(0 < one["share"] < 1.2 and len(one["samples"]) == 7 for one in each)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process to a core")
@pytest.mark.parametrize("asked", ["{}", "", "99999", "none"])
def test_a_benchmark_is_kept_on_the_core_asked_for_where_it_may_run(asked: str) -> None:
    script = "import os\nfrom benchmarks.apparatus.cores import pin_to_cores\npin_to_cores()\n"
    script += "print(*os.sched_getaffinity(0))"
    last = max(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "MODES_CORE": asked.format(last)},
        capture_output=True,
        text=True,
        check=True,
    )
    core = int(done.stdout)
    assert core == last if asked == "{}" else core in os.sched_getaffinity(0)
    assert callable(pin_to_cores)


# --- the controls come first, and say their word ---


def test_the_controls_are_measured_first() -> None:
    wanted = {"accuracy.A.track_max_error": [["1"]], CONTROL: [["16"], ["64"]], "z.Z.track_seconds": [["2"]]}
    assert [name for name, _ in unfinished(wanted, ())] == [CONTROL, CONTROL, *(n for n in wanted if n != CONTROL)]


def test_the_word_on_the_controls() -> None:
    good = Findings(frame([pair(0.001, mode="forward/forward", n=n) for n in (16, 64, 256)]))
    assert word(good.controls).endswith("are told apart (3 controls).")
    bad = Findings(frame([pair(0.2, mode="forward/forward")]))
    assert "Do not trust this run" in word(bad.controls)
    assert "Measure again on a quiet machine" in word(bad.controls)
    assert word(Findings(frame(curve(80))).controls) == NO_CONTROL


def test_the_headline_s_curve_in_the_terminal() -> None:
    lines = bars(Findings(frame(curve(80))))
    assert len(lines) == 2 + 7
    assert lines[2].split()[:1] == ["8"]
    assert "#|" in lines[2].replace(" ", "")
    assert lines[-1].endswith("| " + 8 * "#")  # 18 ln(2.53) / ln(8)
    failing = frame([*curve(80), pair(0.2, mode="forward/forward")])
    assert bars(Findings(failing)) == []
    assert bars(Findings(frame([pair(0.001, mode="forward/forward")]))) == []


# --- progress ---


def test_how_far_a_batch_has_come() -> None:
    batch = Batch(tuple(("crossover.Map.track_log_ratio", (n,)) for n in ("4", "8", "16")))
    assert within(batch, []) == "3 cells: starting"
    texts = [Case(n=n, mode="forward/reverse").text for n in (4, 4, 8)]
    assert within(batch, texts).startswith("cell 2 of 3, engine modes, mode forward/reverse")
    assert "n 8" in within(batch, texts)


def test_a_batch_that_lasts_is_said_in_a_line_and_at_the_foot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.running.progress.TICK", 0.005)
    monkeypatch.setattr("analysis.running.progress.LINE", 0.05)
    monkeypatch.setenv("MODES_BEGUN", str(tmp_path / "begun"))
    begun(Case(n=7).text)
    shown: list[str] = []
    at_the_foot: list[str] = []
    batch = Batch((("a.A.track_seconds", ("7",)), ("a.A.track_seconds", ("8",))))
    with Progress(shown.append, at_the_foot.append).watching(batch, tmp_path / "begun"):
        deadline = time.monotonic() + 5
        while not shown and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "cell 1 of 2" in shown[0]
    assert "n 7" in at_the_foot[0]
    assert at_the_foot[-1] == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_work_is_shown_at_the_foot_of_a_terminal_and_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    monkeypatch.setattr(line, "TICK", 0.001)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with working("Reading") as doing:
        deadline = time.monotonic() + 5
        while "Reading (0:00)" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.001)
        doing("Drawing")
        while "Drawing (0:00)" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.001)
        clear()
    said = terminal.getvalue()
    assert "Reading (0:00)" in said
    assert "Drawing (0:00)" in said
    assert said.endswith(line.ERASE)


def test_nothing_is_shown_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE", 0.0)
    with working("Reading") as doing:
        doing("Drawing")
        time.sleep(0.05)
        clear()
    assert capsys.readouterr() == ("", "")
