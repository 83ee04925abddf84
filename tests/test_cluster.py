"""A run over the machines of a cluster: what stays together, who takes part, and what is kept when one dies.

The cluster is a real one: a scheduler and workers, each a process of this machine.
"""

import itertools
import json
import math
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from analysis.cluster import Orders, spread, spreading
from analysis.cluster.connection import Listed, connected
from analysis.cluster.crew import Crew, different, lacking
from analysis.cluster.dealing import ATTEMPTS, Dealing
from analysis.cluster.filing import filed, numbers, replaced
from analysis.cluster.groups import CONTROLS, Cells, Key, groups, joined, key_of, title
from analysis.commands import write
from analysis.errors import AnalysisError
from analysis.reading.load import read_results
from analysis.reading.merge import EVERYWHERE
from analysis.running import Measured
from benchmarks.__main__ import cells
from benchmarks.catalogue.case import Case
from tests.clusters import OFFSET, SECONDS, TOUCHED, Local, local, project
from tests.test_cite import RECORDED

# --- what stays together ---


@pytest.mark.parametrize("preset", ["first", "quick"])
def test_the_groups_are_all_cells_and_no_cell_twice(preset: str) -> None:
    wanted = cells(preset)
    found = joined(groups(wanted).values())
    assert {name: sorted(some) for name, some in found.items()} == {
        name: sorted(some) for name, some in wanted.items() if some
    }
    assert next(iter(groups(wanted))) == CONTROLS
    assert set(groups(wanted)[CONTROLS]) == set(EVERYWHERE)


def test_a_curve_its_refinements_both_modes_and_all_engines_are_of_one_group() -> None:
    case = Case(m=8, width=16)
    alike = [case._replace(n=n, mode=mode, engine=engine) for n in (4, 64) for mode in ("forward", "forward/reverse")
             for engine in ("modes", "jax")]  # fmt: skip
    keys = {key_of("crossover.Map.track_log_ratio", tuple(map(repr, each))) for each in alike}
    keys |= {key_of("crossover.Refine.track_log_ratio", (repr(each.text),)) for each in alike}
    assert len(keys) == 1
    other = [case._replace(m=16), case._replace(depth=8), case._replace(dtype="float32"), case._replace(layer="scalar")]
    assert len({key_of("a.B.track_c", tuple(map(repr, each))) for each in other} - keys) == 4
    assert title(sorted(keys)) == "dense uniform, m 8, width 16, depth 4"


# --- filing ---


def recorded() -> dict[str, bytes]:
    return {path.relative_to(RECORDED).as_posix(): path.read_bytes() for path in RECORDED.rglob("*") if path.is_file()}


def shifted(folder: dict[str, bytes], by: float, lost: int = 0) -> dict[str, bytes]:
    """The folder as another machine might have measured it; the first cells of each benchmark failed."""
    found = dict(folder)
    for path, content in folder.items():
        if path.endswith(".json") and "result_columns" in (data := json.loads(content)):
            for row in data["results"].values():
                row[0] = [None if i < lost else x if x is None else x + by for i, x in enumerate(row[0])]
            found[path] = json.dumps(data).encode()
    return found


def values(folder: dict[str, bytes]) -> dict[tuple[str, tuple[str, ...]], float]:
    """What each cell that was selected has; NaN for one that failed."""
    found = {}
    for path, content in folder.items():
        if path.endswith(".json") and "result_columns" in (data := json.loads(content)):
            for name, row in data["results"].items():
                for key, value in zip(itertools.product(*row[1]), row[0], strict=True):
                    if value is None or not math.isnan(value):
                        found[name, key] = math.nan if value is None else value
    return found


def test_a_group_is_of_one_machine_whole() -> None:
    """Never some cells of the one and some of the other, though each could be had."""
    one = filed(recorded(), "kind", "py3.11-numpy2.4.6")
    two = filed(shifted(recorded(), 1000.0), "kind", "py3.11-numpy2.4.6")
    assert set(one) == {"kind/machine.json", "kind/e55ab1d2-py3.11-numpy2.4.6.json", "benchmarks.json"}
    curve, controls = sorted({key_of(*cell) for cell in values(one)}, key=lambda key: key == CONTROLS)
    for key in (curve, controls):
        both = values(replaced(one, two, [key], "kind"))
        assert set(both) == set(values(one))
        for cell, value in both.items():
            assert value == pytest.approx(values(two if key_of(*cell) == key else one)[cell], nan_ok=True)


def test_a_group_that_came_back_with_fewer_numbers_does_not_take_the_place_of_another() -> None:
    one = filed(recorded(), "kind", "e")
    keys = sorted({key_of(*cell) for cell in values(one)})
    worse = filed(shifted(recorded(), 1000.0, lost=3), "kind", "e")
    before, after = numbers(one, keys), numbers(worse, keys)
    both = values(replaced(one, worse, keys, "kind"))
    assert any(after[key] < before[key] for key in keys)
    for cell, value in both.items():
        kept = after[key_of(*cell)] < before[key_of(*cell)]
        assert value == pytest.approx(values(one if kept else worse)[cell], nan_ok=True)


# --- dealing ---

SOME: dict[Key, Cells] = {CONTROLS: {"c": [["1"]]}} | {
    (str(i),): {"a": [[str(j)] for j in range(i + 1)]} for i in range(9)
}


@pytest.mark.parametrize("together", ["kind", None])
@pytest.mark.parametrize("seed", range(5))
def test_every_group_is_measured_once_whoever_dies(together: str | None, seed: int) -> None:
    """Machines that take turns; each time one in four dies with what it has, and comes back."""
    import random

    rng = random.Random(seed)
    dealing = Dealing(SOME, lambda name: {("3",)}, together)
    machines = ["a", "b", "c"]
    done: dict[str, list[Key]] = {dealing.filed(machine): [] for machine in machines}
    for machine in machines:
        dealing.join(machine)
    first = dict.fromkeys(machines, True)
    while any(dealing.queues.values()):
        machine = rng.choice(machines)
        keys = dealing.take(machine, 3)
        if not keys:
            continue
        assert (CONTROLS in keys) == first[machine]
        if rng.random() < 0.25 and not any(dealing.died.get((dealing.filed(machine), key)) for key in keys):
            dealing.back(machine, keys, died=True)
            first[machine] = True
        else:
            dealing.measured(machine, keys, 1.0)
            done[dealing.filed(machine)] += [key for key in keys if key != CONTROLS]
            first[machine] = False
    for found in done.values():
        assert sorted(found) == sorted(set(SOME) - {CONTROLS, ("3",)})
    assert set(dealing.done.values()) == {dealing.count} == {9}
    assert not dealing.given_up


def test_a_group_of_which_machines_die_is_given_up() -> None:
    dealing = Dealing({("1",): {"a": [["1"]]}, ("2",): {"a": [["2"]]}}, lambda name: (), "kind")
    dealing.join("a")
    for _ in range(ATTEMPTS):
        assert dealing.take("a", 1) == [("1",)]
        dealing.back("a", [("1",)], died=True)
    assert dealing.given_up == [("kind", ("1",))]
    assert dealing.take("a", 1) == [("2",)]
    dealing.back("a", [("2",)], died=False)  # refused, not dead: that is no fault of the group's
    assert dealing.take("a", 1) == [("2",)]


def test_towards_the_end_machines_are_handed_less() -> None:
    many: dict[Key, Cells] = {(str(i),): {"a": [[str(i)]]} for i in range(100)}
    dealing = Dealing(many, lambda name: (), "kind")
    dealing.join("a")
    sizes = []
    while keys := dealing.take("a", 2):
        sizes.append(len(keys))
        dealing.measured("a", keys, 5.0 * len(keys))
    assert sizes[0] == 1  # no pace is known yet
    assert max(sizes) == 24
    assert sizes[-1] == 1
    assert sum(sizes) == 100


def test_what_a_worker_has_otherwise_is_named_with_the_remedy() -> None:
    own = {"Python": "3.11.7", "numpy": "2.4.6", "dask": "2026.8.0", "distributed": "2026.8.0"}
    assert different(own, dict(own)) is None
    said = different(own, {**own, "numpy": "2.3.0", "Python": "3.12.1"})
    assert said is not None
    assert said.startswith("it has Python 3.12.1 (3.11.7 here), numpy 2.3.0 (2.4.6 here), and a run is of one version")
    engine: dict[str, Any] = {"requires": ["jax"], "versions": {"jax": "0.10"}, "missing": []}
    here = {"jax": engine, "torch": {**engine, "missing": ["torch"]}}
    assert lacking(here, {"jax": engine}, ["jax", "torch"]) is None
    assert "has jax 0.9 (0.10 here)" in str(lacking(here, {"jax": {**engine, "versions": {"jax": "0.9"}}}, ["jax"]))
    assert "lacks jax (jax)" in str(lacking(here, {"jax": {**engine, "missing": ["jax"], "versions": {}}}, ["jax"]))
    assert "lacks jax (jax)" in str(lacking(here, {}, ["jax"]))


# --- who takes part ---


class Done:
    """A task that has ended, with this result."""

    status = "finished"

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def done(self) -> bool:
        return True

    def result(self) -> dict[str, Any]:
        return self.answer


@dataclass
class Pretended:
    """A cluster whose workers are said to be there; `asked` is who was asked which machine is his."""

    there: dict[str, tuple[str, str]]
    """The name and the kernel's boot of a worker's machine, by its address."""
    address = "tcp://pretended"
    asked: list[str] = field(default_factory=list)

    def workers(self) -> dict[str, Listed]:
        return {address: Listed(address, address, address != "idle") for address in self.there}

    def versions(self) -> dict[str, dict[str, str]]:
        same = dict.fromkeys(("Python", "numpy", "dask", "distributed"), "1")
        return {"client": same, **dict.fromkeys(self.there, same)}

    def ask(self, function: Callable[..., Any], address: str) -> dict[str, Any]:
        self.asked.append(address)
        name, host = self.there[address]
        return {"name": name, "host": host, "place": "/", "git": True}

    def start(self, function: Callable[..., Any], address: str, *arguments: Any) -> Done:
        return Done({"clone": f"/{address}"})


def test_one_worker_a_machine_takes_part_and_another_when_it_is_gone() -> None:
    pretended = Pretended({"a1": ("a", "A"), "a2": ("a", "A"), "b": ("b", "B"), "idle": ("c", "C")})
    lines: list[str] = []
    crew = Crew(pretended, {}, bytes, lambda member: None, lines.append)  # type: ignore[arg-type]
    for _ in range(4):
        crew.look()
    assert [member.address for member in crew.ready] == ["a1", "b"]
    assert crew.lack == ["idle"]
    assert pretended.asked == ["a1", "a2", "b"]  # once: who measures is not to be disturbed
    assert len(lines) == 1
    del pretended.there["a1"]
    (gone,) = crew.look()
    assert gone.address == "a1"
    for _ in range(2):
        crew.look()
    assert [member.address for member in crew.ready] == ["b", "a2"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("b", "its machine is called 'b', as another one is; name it: MODES_MACHINE=NAME"),
        ("../b", "its machine's name '../b' is no name of a file"),
    ],
)
def test_a_machine_whose_name_will_not_do_is_refused(name: str, said: str) -> None:
    pretended = Pretended({"1": ("b", "B"), "2": (name, "C")})
    lines: list[str] = []
    crew = Crew(pretended, {}, bytes, lambda member: None, lines.append)  # type: ignore[arg-type]
    for _ in range(3):
        crew.look()
    assert [member.address for member in crew.ready] == ["1"]
    assert lines == [f"2 does not take part: {crew.refused['2'].partition(': ')[2]}"]
    assert said in lines[0]
    del pretended.there["2"]
    crew.look()
    assert crew.refused == {}


# --- a cluster ---


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def cluster(home: Path) -> Iterator[Local]:
    with tempfile.TemporaryDirectory(prefix="c", dir="/tmp") as short, local(Path(short), home) as found:
        yield found


def over(
    cluster: Local, root: Path, lines: list[str] | Callable[[str], None], *, results: str = "results", **orders: Any
) -> list[Measured]:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        scratch = Path(short) / "scratch"
        scratch.mkdir()
        show = lines.append if isinstance(lines, list) else lines
        wanted = Orders("quick", **orders)
        return spread(root, root.parent / results, [], scratch, show, write, cluster.address, wanted)


def working_in(folder: Path) -> list[str]:
    """The command lines of what runs in clones below the folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if folder in Path(process.cwd()).parents and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
    return found


def measured_by(root: Path, name: str) -> dict[Key, set[str]]:
    """Who has measured each group of a run in the results: the worker called two, or another."""
    rows = read_results(root.parent / "results")
    found: dict[Key, set[str]] = {}
    for row in rows[(rows["machine"] == name) & rows["benchmark"].str.contains("Map|Refine")].to_dict("records"):
        for sample in row["samples"]:
            off = 1000 * sample - round(1000 * sample)
            who = "two" if abs(off - 1000 * OFFSET) < 1e-6 else "one" if abs(off) < 1e-6 else "nobody"
            found.setdefault(key_of(row["benchmark"], tuple(row["parameters"])), set()).add(who)
    return found


@pytest.mark.slow
def test_a_machine_that_dies_has_its_groups_done_by_another_and_nothing_is_lost(cluster: Local, tmp_path: Path) -> None:
    root = project(tmp_path / "project", [8, 16])
    touched = tmp_path / "touched"
    cluster.worker("one")
    two = cluster.worker("two", **{SECONDS: "30", TOUCHED: str(touched)})
    left: list[str] = []
    over_by = threading.Event()

    def kill() -> None:
        while not touched.exists() and not over_by.wait(0.05):
            pass
        two.kill()
        two.wait()
        time.sleep(2.0)
        left.extend(line for line in working_in(cluster.folder) if "crossover-two" in line)

    cluster.worker("spare", MODES_MACHINE="one")
    wait_for(cluster, "one", "two", "spare")
    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    lines: list[str] = []
    try:
        (run,) = over(cluster, root, lines)
    finally:
        over_by.set()
        killer.join()
    assert touched.exists(), lines
    assert left == []
    assert len([line for line in lines if "left aside, since another worker on the same machine" in line]) == 1
    assert len([line for line in lines if line.startswith("2 machines (one, two), filed as ")]) == 1
    assert [line for line in lines if line.startswith("two is gone: ")]
    assert run.failed == ()
    rows = read_results(run.results)
    assert set(rows["machine"]) == {run.run["machine"]}
    assert set(rows["env"]) == {run.run["env"]}
    assert sorted(rows.loc[rows["benchmark"].str.contains("Map"), "n"]) == [4, 4, 8, 8, 16, 16]
    assert sum(" n=11 " in case for case in rows.loc[rows["benchmark"].str.contains("Refine"), "case"]) == 2
    assert list(measured_by(root, run.run["machine"]).values()) == [{"one"}, {"one"}]

    again: list[str] = []
    assert over(cluster, root, again) == [run]
    assert "2 of them measured before" in again[-1]
    assert not [line for line in again if line.startswith("[")]


@pytest.mark.slow
def test_everywhere_each_machine_measures_all_and_of_two_kinds_no_run_is_made(cluster: Local, tmp_path: Path) -> None:
    root = project(tmp_path / "project", [8])
    cluster.worker("one")
    cluster.worker("two", OPENBLAS_CORETYPE="Haswell")
    wait_for(cluster, "one", "two")
    runs = {run.run["machine"]: run for run in over(cluster, root, [], everywhere=True)}
    assert set(runs) == {"one", "two"}
    for name in ("one", "two"):
        assert list(measured_by(root, name).values()) == [{name}]
    # What one machine has with the kernels of another is no run of one kind.
    with pytest.raises(AnalysisError, match=r"of 2 kinds.*--everywhere") as caught:
        over(cluster, root, [], results="together")
    assert "\n" not in str(caught.value)


# --- what cannot be used ---


def refusal(cluster: Local, root: Path, **orders: Any) -> str:
    with pytest.raises(AnalysisError) as caught:
        over(cluster, root, [], **orders)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_who_cannot_measure_is_named_with_the_remedy(
    cluster: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "BEGIN", 1.0)
    root = project(tmp_path / "project", [8])
    assert "no worker has joined the scheduler" in refusal(cluster, root)
    with connected(cluster.address):
        assert "another run is measuring on the machines" in refusal(cluster, root)
    without = cluster.worker("idle", resources="")
    without_git = cluster.worker("bare", PATH=str(tmp_path))
    wait_for(cluster, "idle", "bare")
    said = refusal(cluster, root)
    assert "bare: git was not found there" in said
    without_git.kill()
    wait_for(cluster, "idle")
    said = refusal(cluster, root)
    assert "no worker has the resource 'measuring' (idle lack it)" in said
    assert '--resources "measuring=1"' in said
    without.kill()
    cluster.worker("other", MODES_TEST_NUMPY="1.0")
    wait_for(cluster, "other")
    assert "it has numpy 1.0 (2.4.6 here)" in refusal(cluster, root)
    (root / "code.py").write_text("changed = 1\n")
    assert "commit the changes first" in refusal(cluster, root)


def wait_for(cluster: Local, *names: str) -> None:
    """Until the workers of these names, and no others, are those that the scheduler knows of."""
    from distributed import Client

    with Client(cluster.address, set_as_default=False) as client:
        deadline = time.monotonic() + 30
        while known(client) != set(names) and time.monotonic() < deadline:
            time.sleep(0.05)


def known(client: Any) -> set[str]:
    return {worker["name"] for worker in client.scheduler_info()["workers"].values()}
