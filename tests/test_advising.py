"""A user's own function: found, looked at, timed; what is wrong with it said in a line, with the line of its code."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analysis
from analysis.__main__ import main
from analysis.errors import AnalysisError
from analysis.running import advising
from analysis.running.versions import blas
from benchmarks.advising import RefusedError, checked, load, look, looking, timed
from benchmarks.advising.seeds import carried
from benchmarks.apparatus.rounds import rounds
from benchmarks.catalogue.advice import (
    Found,
    Look,
    Refused,
    Request,
    Times,
    Way,
    answer,
    as_text,
    requested,
    requests,
)

MODULE = """
import numpy as np
A = np.arange(12.0).reshape(3, 4) / 12
x0 = np.ones(4)
whole = np.arange(4)

def f(x):
    return np.tanh(A @ x)

def two(p, x):
    return np.tanh(p["A"] @ x)

both = ({"A": A}, x0)

def sized(n):
    return np.linspace(0.0, 1.0, n)

def of_any(x):
    for _ in range(3):
        x = np.sin(x)
    return np.stack([np.sum(x), np.sum(x * x)])

def breaks(x):
    y = A @ x
    return y + undefined

def makes(n):
    return undefined

def text(x):
    return "no array"

def hidden(x):
    return np.asarray(x) * 2.0
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "users_own.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("users_own", None)


def line(text: str) -> str:
    """Where a line of the module is, as an error says it."""
    lines = MODULE.splitlines()
    return rf"\(users_own.py, line {lines.index(f'    {text}') + 1}: {re.escape(text)}\)"


def request(folder: Path, function: str = "f", at: str = "x0", **others: Any) -> Request:
    return Request(function=f"users_own:{function}", at=f"users_own:{at}", folder=str(folder), **others)


# --- what is said between the two sides ---


def test_requests_and_answers_come_back_as_they_were() -> None:
    asked = [Request("m:f", "m:x", 3, (0, 1), ways=(Way(), Way("jax", "", "reverse"))), Request("m:f")]
    assert requests(requested(asked)) == asked
    found = Found("f", 2, 3, "float64", 1e-6, (Look(Way(form="prepared"), 0.1, 0.2, 2, 2, None, "x"),), None, ("d",))
    for each in (found, Times({"forward": [1.0]}, [2.0]), Refused("no", theirs=True)):
        assert answer(as_text(each)) == each


# --- rounds ---


class Ticking:
    """A clock in nanoseconds that callables move: each call costs its own time, which grows as time goes on."""

    def __init__(self, drift: float) -> None:
        self.now = 0.0
        self.drift = drift

    def __call__(self) -> int:
        return int(self.now)

    def costing(self, nanoseconds: float) -> Any:
        def call() -> None:
            self.now += nanoseconds * (1 + self.drift * (self.now + nanoseconds / 2))

        return call


def test_a_linear_drift_cancels_in_every_ratio_of_a_round() -> None:
    clock = Ticking(drift=1e-9)  # 2 % slower at the end of a round than at its beginning
    calls = [clock.costing(cost) for cost in (2e6, 6e6, 3e6)]
    first, second, third = rounds(calls, 4, 100.0, clock=clock)
    assert len(first) == len(second) == len(third) == 4
    np.testing.assert_allclose(np.divide(second, first), 3.0, rtol=1e-3)
    np.testing.assert_allclose(np.divide(third, first), 1.5, rtol=1e-3)


def test_rounds_end_in_time_and_there_is_one_at_least() -> None:
    clock = Ticking(drift=0.0)
    calls = [clock.costing(1e9), clock.costing(1e9)]  # a round takes four seconds
    assert len(rounds(calls, 9, 13.0, clock=clock)[0]) == 3
    assert len(rounds(calls, 9, 0.1, clock=clock)[0]) == 1
    with pytest.raises(ValueError, match="expected a callable"):
        rounds([], 3, 1.0)


# --- a first look ---


def test_a_look_finds_every_way_right_and_whole(folder: Path) -> None:
    asked = request(folder, "two", "both", argnums=(0, 1))
    found = look(load(asked), asked)
    assert (found.n, found.m, found.dtype) == (16, 3, "float64")
    names = [each.way.name for each in found.looks]
    assert names[:5] == ["forward", "reverse", "auto", "prepared forward", "prepared reverse"]
    assert all(each.whole and each.seconds > 0 and each.peak for each in found.looks), found.looks
    assert found.counts is not None
    assert found.counts.chunks == {"forward": None, "reverse": None}
    assert found.doubts == ()


def test_a_narrow_function_is_looked_at_in_mixed_mode_as_well() -> None:
    down, up = np.ones((2, 128)) / 128, np.ones((128, 2)) / 2
    asked = Request("waist")
    found = look(checked(lambda x: np.sin(up @ np.tanh(down @ np.cos(x))), (np.ones(128),), asked), asked)
    assert {"mixed", "prepared mixed"} <= {each.way.name for each in found.looks}


def test_a_way_that_gives_another_jacobian_has_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(way: Way, subject: Any) -> Any:
        call = built(way, subject)
        return (lambda: 1.001 * call()) if way.name == planted else call

    built = looking.build
    monkeypatch.setattr(looking, "build", wrong)
    asked = Request("f")
    subject = checked(lambda x: np.tanh(x) * x[::-1], (np.ones(5),), asked)
    planted = "auto"
    found = look(subject, asked).look("auto")
    assert found is not None
    assert found.failed
    assert "not the Jacobian that forward mode gives" in found.note
    planted = "reverse"
    with pytest.raises(RefusedError, match="expected forward and reverse mode to give one Jacobian, they do not"):
        look(subject, asked)


def test_a_replay_is_compared_with_the_function_at_another_point() -> None:
    def of(x: Any) -> Any:
        return x * np.exp(seen(x))

    def seen(x: Any) -> float:  # what no recording can follow: the value, taken past all of NumPy
        while hasattr(x, "primal"):
            x = x.primal
        return float(np.asarray(x).sum())

    asked = Request("f")
    looks = look(checked(of, (np.ones(4),), asked), asked).looks
    replays = [each for each in looks if each.way.form == "prepared"]
    assert replays
    assert all(each.failed and "wrong at another point" in each.note for each in replays), replays


def test_derivatives_that_differences_do_not_confirm_are_a_doubt() -> None:
    asked = Request("kink")
    found = look(checked(lambda x: np.floor(x) + x, (np.zeros(2),), asked), asked)
    assert any("differences of the function do not confirm" in doubt for doubt in found.doubts)


def test_what_would_take_too_long_is_extrapolated_from_some_of_its_seeds() -> None:
    calls: list[int] = []

    def slow(x: Any) -> Any:
        calls.append(x.size)
        return np.tanh(x)

    subject = checked(slow, (np.ones(64),), Request("slow"))
    all_of_them = carried(subject, "forward", 64, 1e3, 0.0)
    assert all_of_them.seeds == 64
    one = carried(subject, "reverse", 64, 0.0, 0.5)
    assert one.seeds == 1
    assert 63 * 0.5 < one.seconds < 63 * 0.5 + 1.0  # one pass, and 63 seeds as counted


def test_rounds_of_ways_have_the_first_again_as_a_control(folder: Path) -> None:
    asked = request(folder, ways=(Way(mode="reverse"), Way(form="prepared")), rounds=3, seconds=5.0)
    found = timed(load(asked), asked, pinned=False)
    assert {name: len(times) for name, times in found.seconds.items()} == {"reverse": 3, "prepared forward": 3}
    assert len(found.control) == 3
    assert found.busy > 0


# --- what is wrong, in a line ---

WRONG = {
    "no module": (
        {"function": "users_own_not:f"},
        "there is no 'users_own_not'; go to the folder",
    ),
    "no function": ({"function": "users_own:nothing"}, "expected 'nothing' in users_own .* there are np, A, x0"),
    "no callable": ({"function": "users_own:A"}, "expected a function, got ndarray"),
    "no arguments": ({"at": ""}, "--at: expected MODULE:NAME of the arguments"),
    "no such arguments": ({"at": "users_own:gone"}, "expected 'gone' in users_own"),
    "integers": ({"at": "users_own:whole"}, "argument 0 of users_own:f: expected real numbers .* got dtype int64"),
    "size asked for": ({"at": "users_own:sized"}, "give --sizes"),
    "size not taken": ({"size": 3}, "expected --at to name a function"),
    "argnums": ({"argnums": 2}, "argnums: expected numbers below that of the arguments, 1, got 2"),
    "their maker": (
        {"at": "users_own:makes", "size": 3},
        f"making arguments by users_own:makes raised NameError: .* {line('return undefined')}",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_refused_in_a_line(name: str, folder: Path) -> None:
    changes, said = WRONG[name]
    with pytest.raises(RefusedError, match=said) as refused:
        load(replace(request(folder), **changes))  # type: ignore[arg-type] # one of several types each
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("breaks", f"calling users_own:breaks raised NameError: .* {line('return y + undefined')}"),
        ("text", "expected it to return real numbers of a float dtype, got str"),
        ("hidden", rf"cannot be differentiated: .*users_own.py:{len(MODULE.splitlines())}\)"),
    ],
)
def test_errors_of_the_function_are_theirs_with_their_line(function: str, said: str, folder: Path) -> None:
    asked = request(folder, function)
    with pytest.raises(RefusedError, match=said):
        look(load(asked), asked)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["users_own", "--at", "users_own:x0"], "MODULE:FUNCTION: expected a module and a name in it"),
        (["users_own.py:f", "--at", "users_own:x0"], "a file is named as it is imported, users_own:NAME"),
        (["users_own:f", "--at", "x0"], "--at MODULE:NAME: expected a module and a name in it"),
        (["users_own:f", "--at", "users_own:sized", "--sizes", "8,many"], "--sizes: expected whole numbers"),
        (["users_own:f", "--at", "users_own:sized", "--sizes", "8,8"], "expected two to 12 different sizes"),
        (["users_own:f", "--at", "users_own:x0", "--argnums", "a"], "--argnums: expected whole numbers"),
        (["users_own:f", "--at", "users_own:x0", "--engines", "torch"], "--engines: expected modes or jax"),
        (["users_own:f", "--at", "users_own:x0", "--seconds", "soon"], "--seconds: expected a number of seconds"),
        (["users_own:gone", "--at", "users_own:x0"], "expected 'gone' in users_own"),  # said by the other process
    ],
)
def test_the_command_says_it_in_a_line_with_status_2(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["advise", *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_without_jax_its_engine_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    import analysis.commands.advise as command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(AnalysisError, match="expected JAX to be installed"):
        analysis.advise(lambda x: x, np.ones(2), engines=("modes", "jax"))


# --- whole ---


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough to see how it goes together."""
    monkeypatch.setattr(advising, "PROCESSES", 1)  # one more for two sizes
    monkeypatch.setattr(advising, "ROUNDS", 2)
    monkeypatch.setattr(advising, "BUSY", 0.0)  # other tests may run beside this one


@pytest.mark.slow
@pytest.mark.usefixtures("two_processes")
def test_the_command_answers_and_writes_figure_and_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["users_own:of_any", "--at", "users_own:sized", "--sizes", "64,4", "--output", "out"]
    assert main(["advise", *options]) == 0
    said = capsys.readouterr().out
    assert "mode" in said.splitlines()[0]
    assert "64 inputs, 2 outputs" in said  # the larger size has the table
    assert "Over the sizes: no crossover can be told between n = 4 and 64" in said  # of two processes
    assert "Timed in turn in 2 fresh processes" in said
    assert {path.name for path in (folder / "out").iterdir()} == {
        "crossover.csv",
        "crossover.png",
        "crossover.svg",
        "sizes.csv",
    }


@pytest.mark.slow
@pytest.mark.usefixtures("two_processes")
def test_as_json_it_is_the_same_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["advise", "users_own:f", "--at", "users_own:x0", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert (known["n"], known["m"]) == (4, 3)
    assert {row["way"] for row in known["rows"]} >= {"forward", "reverse", "auto", "prepared forward"}
    assert known["circumstances"]["processes"] == 1
    assert known["circumstances"]["blas"] == blas()
    assert f"one BLAS thread ({blas()})" in known["circumstances"]["setting"]


@pytest.mark.usefixtures("two_processes")
def test_a_closure_is_timed_in_this_process_which_is_said() -> None:
    scale = 2.0
    advice = analysis.advise(lambda x: np.tanh(scale * x), np.ones(6), seconds=20.0)
    assert "in this process alone, 1 block" in str(advice)
    assert advice.best in ("forward", "reverse")


@pytest.mark.slow
@pytest.mark.usefixtures("two_processes")
def test_a_function_that_can_be_imported_is_timed_elsewhere(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    import users_own  # type: ignore[import-not-found] # written by the fixture

    advice = analysis.advise(users_own.two, *users_own.both, argnums=(0, 1))
    assert "in 1 fresh process" in str(advice)
    assert advice.use.startswith("modes.jacobian(f, (0, 1), mode=")
    with pytest.raises(NameError):
        analysis.advise(users_own.breaks, np.ones(4))


def test_an_interruption_keeps_nothing_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(asked: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(advising, "in_a_process", interrupted)
    assert main(["advise", "users_own:f", "--at", "users_own:x0"]) == 130
    assert capsys.readouterr().err == "Interrupted. Nothing was kept; the same command begins anew.\n"
