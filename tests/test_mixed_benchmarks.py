"""The question of mixed accumulation: which chains it asks about, and what it puts over what."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import mixed, peers
from benchmarks.apparatus.checks import WrongDerivativeError
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import BOTH, TWINS
from benchmarks.catalogue.presets import PRESETS
from modes.chains import layer_widths

Cases = list[Case]
FIGURES = {  # of the issue: n = m, waist, width, layers a side
    (1024, 16, 512, 3),
    (512, 8, 256, 2),
    (784, 32, 256, 2),
    (256, 4, 64, 4),
    (64, 4, 64, 4),
    (128, 64, 128, 3),
}


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    monkeypatch.setenv("MODES_PRESET", "standard")
    monkeypatch.setenv("MODES_PAIRS", "2")


def sizes(case: Case) -> tuple[int, ...]:
    return layer_widths(case.n, case.m, case.depth, case.width, case.profile)


@pytest.mark.parametrize("cls", [mixed.Shapes, mixed.Auto, mixed.Memory], ids=lambda cls: cls.__name__)
def test_a_standard_run_has_the_shapes_that_figures_are_promised_for(cls: Any) -> None:
    asked = {case.engine for case in cls.grid.cells("standard")}
    assert asked >= ({"modes"} if cls is mixed.Memory else set(TWINS))
    for engine in asked:
        widths = {sizes(case) for case in cls.grid.cells("standard") if case.engine == engine}
        for n, waist, width, side in FIGURES:
            half = (n, *[width] * (side - 1))
            assert (*half, waist, *half[::-1]) in widths


def test_the_waist_is_sought_on_both_sides_of_the_width() -> None:
    """By operations a cut between equal halves stops paying at a waist of N, if that is the width."""
    for preset in PRESETS[1:]:
        settings: dict[tuple[Any, ...], list[int]] = {}
        for case in mixed.Waist.grid.cells(preset):
            if case.n == case.width:
                key = case.engine, case.n, case.depth
                settings.setdefault(key, []).append(sizes(case)[case.depth // 2])
        assert settings
        for (_, n, _), waists in settings.items():
            assert len(waists) >= 4
            assert min(waists) < n < max(waists)


def test_regions_are_asked_of_the_same_chains_beside_both_modes() -> None:
    for preset in PRESETS[1:]:
        cells = mixed.Regions.grid.cells(preset)
        forward, reverse = ({case._replace(mode="") for case in cells if case.mode.endswith(mode)} for mode in BOTH)
        assert forward == reverse
        assert len({case.n for case in forward}) ** 2 == len(forward)


def test_uniform_chains_have_no_waist() -> None:
    for case in mixed.Uniform.grid.cells("full"):
        assert set(sizes(case)) == {case.n}


# --- whom it is compared with ---


class Slow(peers.Engine):
    """An engine whose modes take as many steps as it is told."""

    def __init__(self, **steps: int) -> None:
        self.steps = steps
        self.floor = peers.load("floor")
        self.called: list[str] = []

    def jacobian(self, chain: Any, mode: str, chunk_size: int | None) -> Callable[[Any], Any]:
        plain = self.floor.jacobian(chain, "forward", None)

        def call(x: Any) -> Any:
            self.called.append(mode)
            for _ in range(self.steps[mode] - 1):
                plain(x)
            return plain(x)

        return call


@pytest.mark.parametrize("quickest", ["forward", "reverse", "mixed"])
def test_the_fastest_is_found(quickest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Slow(**{mode: 1 if mode == quickest else 8 for mode in (*BOTH, "mixed")})
    monkeypatch.setattr(peers, "load", lambda name: peers_load(name, engine))
    case = Case(n=6, m=5, width=4)
    call = mixed.fastest(case, case.chain(), (*BOTH, "mixed"))
    engine.called.clear()
    call()
    assert engine.called == [quickest]


def test_each_side_is_the_one_that_the_mode_names(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Slow(forward=3, reverse=40, mixed=1, auto=3)
    monkeypatch.setattr(peers, "load", lambda name: peers_load(name, engine))
    for mode, below in {"mixed/forward": 3, "mixed/reverse": 40, "mixed/pure": 3, "auto/best": 1}.items():
        benchmark = mixed.Regions()
        benchmark.case = Case(n=6, m=5, width=4, mode=mode)
        benchmark.chain = benchmark.case.chain()
        found = np.median(mixed.over(benchmark)["samples"])
        above = engine.steps[mode.partition("/")[0]]
        assert abs(found - np.log(above / below)) < 0.5 * abs(np.log(1 / 40)), mode


def test_a_wrong_mixed_jacobian_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = peers.load("modes-cut")
    monkeypatch.setattr(peers, "load", lambda name: peers_load(name, Wrong(wrong)))
    benchmark = mixed.Shapes()
    benchmark.case = Case(n=6, m=5, width=4, engine="modes-cut", mode="mixed/pure")
    benchmark.chain = benchmark.case.chain()
    with pytest.raises(WrongDerivativeError, match="by hand"):
        benchmark.track_log_mixed_ratio(benchmark.case.text)


class Wrong(peers.Engine):
    def __init__(self, right: peers.Engine) -> None:
        self.right = right

    def jacobian(self, chain: Any, mode: str, chunk_size: int | None) -> Callable[[Any], Any]:
        J = self.right.jacobian(chain, mode, chunk_size)
        return (lambda x: 1.001 * J(x)) if mode == "mixed" else J


LOAD = peers.load


def peers_load(name: str, engine: peers.Engine) -> peers.Engine:
    """The hand-written reference is itself; every other name is the engine under test."""
    return LOAD(name) if name == "floor" else engine
