"""A fault marks its own cell and no other, and the cell says why before asv is told."""

import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asv_runner.benchmarks.track import TrackBenchmark
from threadpoolctl import threadpool_limits

import modes
from benchmarks import aspect, engines, peers
from benchmarks.apparatus.benchmark import Benchmark
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import ENGINES, Row
from benchmarks.catalogue.reasons import parse_reasons
from modes.chains import Chain
from tests.test_benchmarks import ROOT


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """A benchmark's setup leaves BLAS on one thread: its process is its own. Here it is not."""
    with threadpool_limits(None):
        yield


class Fake(peers.Engine):
    """The floor, but for what `spoil` makes of its Jacobian."""

    def __init__(self, spoil: Callable[[np.ndarray], Any]) -> None:
        self.spoil = spoil

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Callable[[np.ndarray], np.ndarray]:
        by_hand = peers.load("floor").jacobian(chain, mode, chunk_size)
        return lambda x: self.spoil(by_hand(x))


def failing(error: Exception) -> Callable[[np.ndarray], Any]:
    def spoil(J: np.ndarray) -> None:
        raise error

    return spoil


FAULTS = {
    "good": Fake(lambda J: J),
    "wrong": Fake(lambda J: J * 1.01),
    "not-finite": Fake(lambda J: np.where(J > 0, np.nan, J)),
    "raises": Fake(failing(FloatingPointError("it would not"))),
    "out-of-memory": Fake(failing(MemoryError("too large"))),
    "lacks-a-rule": Fake(failing(modes.MissingRule("no rule"))),
}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_PRESET", "standard")
    monkeypatch.setenv("MODES_PAIRS", "2")
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    module = types.ModuleType("benchmarks.peers.fakes")
    rows = {name: ("fakes", Row(layers=("dense",))) for name in FAULTS}
    rows["missing"] = ("fakes", Row(requires=("no_such_package",)))
    rows["broken"] = ("no_such_module", Row())
    rows["forward-only"] = ("fakes", Row(modes=("forward",)))
    for name, (where, row) in rows.items():
        engine = FAULTS.get(name, FAULTS["good"])
        setattr(module, name, lambda engine=engine: engine)
        monkeypatch.setitem(ENGINES, name, row)
        monkeypatch.setitem(peers.CLASSES, name, f"{where}:{name}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(peers, "load", peers.load.__wrapped__)


def outcomes(cls: type[Benchmark], mode: str) -> dict[str, str]:
    """What asv makes of each engine's cell: it sets up and runs the method as asv's own process does."""
    method = next(name for name in dir(cls) if name.startswith("track_"))
    names = [*FAULTS, "missing", "broken", "forward-only"]
    values = [names, *([value] for value in Case(n=6, m=6, width=6)[1:-1]), [mode]]
    own = type(cls.__name__, (cls,), {"params": values, "__module__": cls.__module__})
    found = {}
    for index, name in enumerate(names):
        instance = own()
        benchmark = TrackBenchmark(method, getattr(instance, method), [instance])
        benchmark.set_param_idx(index)
        try:
            skipped = benchmark.do_setup()
            found[name] = "skipped" if skipped else str(type(benchmark.do_run()).__name__)
        except Exception as error:
            found[name] = type(error).__name__
    return found


FAILURES = {
    "wrong": "WrongDerivativeError",
    "not-finite": "WrongDerivativeError",
    "raises": "FloatingPointError",
    "out-of-memory": "MemoryError",
    "lacks-a-rule": "MissingRule",
    "missing": "skipped",
    "broken": "ModuleNotFoundError",
}


@pytest.mark.parametrize("cls", [engines.Cost, engines.OverModes, engines.Preparation], ids=lambda cls: cls.__name__)
def test_a_fault_marks_its_own_cell(cls: type[Benchmark], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcomes(cls, "forward") == {**FAILURES, "good": "dict", "forward-only": "dict"}
    assert "engine missing is skipped: not installed: no_such_package" in capsys.readouterr().out


def test_a_fault_marks_its_own_crossover(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcomes(engines.Crossover, "forward/reverse") == {**FAILURES, "good": "dict", "forward-only": "skipped"}
    assert "engine forward-only is skipped: it has no reverse mode" in capsys.readouterr().out


# --- what the cell says of itself ---


def name(engine: str, mode: str) -> tuple[str, ...]:
    return tuple(map(repr, Case(engine=engine, n=6, m=6, width=6, mode=mode)))


def test_every_cell_without_a_number_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_REASONS", str(tmp_path / "reasons"))
    found = outcomes(engines.Crossover, "forward/reverse")
    reasons = parse_reasons((tmp_path / "reasons").read_text())
    assert len(reasons) == len(found) - 1  # all but the good one
    for engine, outcome in found.items():
        if engine == "good":
            continue
        reason = reasons["engines.Crossover.track_log_ratio", name(engine, "forward/reverse")]
        assert reason.status == ("skipped" if outcome == "skipped" else "failed")
        assert reason.error.rpartition(".")[2] == ("SkippedError" if outcome == "skipped" else outcome)
    said = {parameters[0]: reason.text for (_, parameters), reason in reasons.items()}
    assert said["'out-of-memory'"] == "MemoryError: too large"
    assert said["'wrong'"].startswith("benchmarks.apparatus.checks.WrongDerivativeError: the Jacobian is")
    assert said["'missing'"].endswith("engine missing is skipped: not installed: no_such_package")


@pytest.mark.parametrize("error", [NotImplementedError("no such thing"), MemoryError("too large")])
def test_what_asv_times_is_wrapped_in_setup_alone(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """asv takes a NotImplementedError there for a skip."""
    monkeypatch.setenv("MODES_REASONS", str(tmp_path / "reasons"))

    def prepare(self: aspect.Aspect) -> None:
        raise error

    monkeypatch.setattr(aspect.Aspect, "prepare", prepare)
    case = Case(n=6, m=6, width=6)
    with pytest.raises(type(error)):
        aspect.Aspect().setup(*case)
    (reason,) = parse_reasons((tmp_path / "reasons").read_text()).values()
    assert reason.benchmark == "aspect.Aspect.time_jacobian"
    assert reason.status == ("skipped" if isinstance(error, NotImplementedError) else "failed")
    assert not hasattr(aspect.Aspect.time_jacobian, "__wrapped__")


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_REASONS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert outcomes(engines.Cost, "forward")["wrong"] == "WrongDerivativeError"
    assert not list(tmp_path.iterdir())


def test_cells_that_fail_at_once_each_have_their_line(tmp_path: Path) -> None:
    """Each is a process of its own, and they share the file."""
    script = (
        "import sys\n"
        "from benchmarks.apparatus.recording import append\n"
        "from benchmarks.catalogue.reasons import Reason\n"
        "for number in range(50):\n"
        "    append(Reason('a.B.track_x', (sys.argv[1], str(number)), 'failed', 'ValueError', 'x' * 2000))\n"
    )
    environment = {**os.environ, "MODES_REASONS": str(tmp_path / "reasons")}
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(child)], cwd=ROOT, env=environment) for child in range(4)
    ]
    assert [child.wait() for child in children] == [0] * 4
    assert len(parse_reasons((tmp_path / "reasons").read_text())) == 200
