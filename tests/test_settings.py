"""What the environment and the command line choose of the suite: the preset, the number of pairs, the engines."""

import ast
import json
import math
import subprocess
import sys

import pytest

from benchmarks import __main__ as listing
from benchmarks import engines
from benchmarks.apparatus import settings
from benchmarks.apparatus.benchmark import expect
from benchmarks.apparatus.settings import active_preset, chosen, pair_count, process_count
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import CUTS, ENGINES, STAND_INS, installed, row
from benchmarks.catalogue.presets import LEAST, MOST, PAIRS, PRESETS
from benchmarks.peers import SkippedError
from tests.test_benchmarks import ROOT


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODES_ENGINES", "MODES_PRESET", "MODES_PRESET", "MODES_PAIRS"):
        monkeypatch.delenv(name, raising=False)


# --- the preset and the number of pairs ---


def test_pairs_of_a_preset_are_odd_and_the_environment_overrides_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODES_PRESET", "full")
    monkeypatch.delenv("MODES_PAIRS", raising=False)
    assert pair_count() == PAIRS["full"]
    assert all(count % 2 for count in PAIRS.values())
    monkeypatch.setenv("MODES_PAIRS", "7")
    assert pair_count() == 7


def test_processes_of_a_preset_are_enough_for_an_interval_and_the_environment_overrides_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MODES_PROCESSES", raising=False)
    for preset in PRESETS:
        monkeypatch.setenv("MODES_PRESET", preset)
        assert 3 <= process_count() == LEAST[preset] < MOST[preset]
    monkeypatch.setenv("MODES_PROCESSES", "7")
    assert process_count() == 7


def test_an_unknown_preset_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_PRESET", "hasty")
    with pytest.raises(ValueError, match=r"'hasty'.*first, quick, standard, full"):
        active_preset()


def test_the_former_name_of_the_variable_counts_and_says_its_new_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings._say_once.cache_clear()
    monkeypatch.setenv("MODES_PROFILE", "quick")
    assert active_preset() == active_preset() == "quick"
    assert capsys.readouterr().err == "MODES_PROFILE is now called MODES_PRESET: set that\n"
    monkeypatch.setenv("MODES_PRESET", "full")
    assert active_preset() == "full"
    monkeypatch.delenv("MODES_PRESET")
    monkeypatch.delenv("MODES_PROFILE")
    assert active_preset() == "quick"  # as `python -m analysis run` has it: both measure the same sizes
    assert capsys.readouterr().err == ""


# --- the engines that take part ---


def test_a_quick_run_takes_the_projects_own_engines_and_others_what_is_installed() -> None:
    assert chosen("first") == chosen("quick") == ("modes", "modes-prepared", "floor", "modes-cut")
    assert chosen("standard") == chosen("full") == installed()
    assert {"modes", "floor", "differences", "complex-step"} <= set(installed())


def engine_of(cell: list[str]) -> str:
    """The engine of a cell as it is listed: the reprs of its parameters."""
    return Case.of(*map(ast.literal_eval, cell)).engine


def test_the_environment_chooses_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_ENGINES", "floor, jax")
    assert chosen("quick") == chosen("full") == ("floor", "jax")
    cells = listing.cells("standard")
    assert {engine_of(cell) for listed in cells.values() for cell in listed} == {"floor", "jax"}  # installed or not
    expect(Case(engine="floor"), "quick")
    with pytest.raises(SkippedError, match="modes is skipped: not chosen; chosen are floor, jax"):
        expect(Case(), "quick")
    monkeypatch.setenv("MODES_ENGINES", "floor,abacus")
    with pytest.raises(ValueError, match="unknown engine 'abacus'; the known ones are modes, floor, jax"):
        chosen("quick")


def test_the_lists_of_parameters_do_not_hang_on_what_is_installed_or_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """asv drops stored cells when they change."""
    monkeypatch.setenv("MODES_ENGINES", "floor")
    for preset in PRESETS[1:]:
        assert engines.Cost.grid.lists(preset)[0] == [name for name in ENGINES if name not in (*CUTS, *STAND_INS)]


def test_an_engine_is_described_as_json_has_it() -> None:
    for name, known in ENGINES.items():
        described = known.described()
        assert json.loads(json.dumps(described)) == described, name
        assert described["most_fma"] == (known.most_fma if math.isfinite(known.most_fma) else None)
        assert described["chunks"] == list(known.chunks)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command_line_chooses_and_describes_engines() -> None:
    chosen = json.loads(command("cells", "--engines", "floor").stdout)
    assert {engine_of(cell) for listed in chosen.values() for cell in listed} == {"floor"}
    unknown = command("cells", "--engines", "abacus")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "unknown engine 'abacus'" in unknown.stderr
    described = json.loads(command("engines").stdout)
    assert described.keys() == ENGINES.keys()
    for name, engine in described.items():
        assert set(engine["versions"]) | set(engine["missing"]) == set(row(name).requires)


def test_the_former_name_of_the_option_counts_and_says_its_new_name() -> None:
    former, option = (command("cells", name, "quick", "--engines", "floor") for name in ("--profile", "--preset"))
    assert former.returncode == 0
    assert former.stdout == option.stdout
    assert former.stderr == "python -m benchmarks: --profile is now called --preset\n"
    assert option.stderr == ""
