"""What is recorded of a run beside asv's results: versions, engines, why cells failed."""

import json
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

import modes
from analysis.errors import AnalysisError
from analysis.reading.load import read_results
from analysis.reading.provenance import (
    FILE,
    Engines,
    Provenance,
    changes,
    engine_version,
    joined,
    read_provenance,
    with_faults,
    with_versions,
)
from analysis.reading.provenance import (
    VERSIONS as RECORDED,
)
from analysis.running.versions import current_versions, project_version
from tests.test_benchmarks import ROOT

VERSIONS = {"python": "3.11.7", "numpy": "2.4.0", "blas": "openblas 0.3", "modes": "0.1.0"}
RUN = ("box", "py", "c0")


def engine(*missing: str, **versions: str) -> dict[str, Any]:
    return {"requires": [*versions, *missing], "versions": versions, "missing": list(missing)}


ENGINES = {
    "modes": engine(numpy="2.4.0"),
    "jax": engine(jax="0.10", jaxlib="0.10"),
    "casadi": engine("casadi"),
}


def store(folder: Path, engines: Engines = ENGINES, run: tuple[str, str, str] = RUN, **versions: str) -> None:
    (folder / FILE).write_bytes(with_versions(folder, *run, VERSIONS | versions, engines))


def store_faults(folder: Path, faults: dict[str, str]) -> None:
    (folder / FILE).write_bytes(with_faults(folder, *RUN, faults))


def test_versions_are_recorded_once_a_run(tmp_path: Path) -> None:
    store(tmp_path)
    store(tmp_path, run=("box", "py", "c1"), numpy="2.5.0")
    first = (tmp_path / FILE).read_bytes()
    store(tmp_path)
    assert (tmp_path / FILE).read_bytes() == first
    assert read_provenance(tmp_path, *RUN).known["numpy"] == "2.4.0"
    assert read_provenance(tmp_path, "box", "py", "c1").known["numpy"] == "2.5.0"
    assert read_provenance(tmp_path, "other", "py", "c0") == Provenance()


def test_each_installed_engine_has_its_version_under_its_name(tmp_path: Path) -> None:
    store(tmp_path, ENGINES | {"differences": engine(numpy="2.4.0"), "torch": engine(torch="2.13.0+cpu")})
    found = read_provenance(tmp_path, *RUN).known
    assert {name: found[name] for name in ("modes", "differences", "jax", "torch")} == {
        "modes": "0.1.0",
        "differences": "0.1.0",  # code of this project
        "jax": "0.10",
        "torch": "2.13.0+cpu",
    }
    assert "casadi" not in found
    assert all(isinstance(text, str) for text in found.values())


def test_a_further_package_is_named_where_its_version_is_another() -> None:
    assert engine_version(engine(jax="0.10", jaxlib="0.10.1"), "0.1.0") == "0.10 (jaxlib 0.10.1)"
    assert engine_version(engine("jaxlib", jax="0.10"), "0.1.0") == ""


def test_a_run_does_not_go_on_with_other_versions(tmp_path: Path) -> None:
    store(tmp_path)
    with pytest.raises(AnalysisError, match=r"numpy 2\.4\.0 \(now 2\.5\.0\).*--results"):
        store(tmp_path, numpy="2.5.0")
    with pytest.raises(AnalysisError, match=r"measured here with jax 0\.10 \(now 0\.11\), and the two"):
        store(tmp_path, ENGINES | {"jax": engine(jax="0.11", jaxlib="0.10")})
    assert read_provenance(tmp_path, *RUN).engines == ENGINES


def test_a_run_does_not_go_on_under_other_kernels(tmp_path: Path) -> None:
    """Unless they are named, and the run's name says so."""
    store(tmp_path, blas="openblas 0.3, Haswell kernels")
    with pytest.raises(
        AnalysisError, match=r"Haswell kernels \(now openblas 0\.3, SkylakeX.*DIR, or name.*--blas-kernel"
    ):
        store(tmp_path, blas="openblas 0.3, SkylakeX kernels")
    store(tmp_path, run=("box", "py-OPENBLAS_CORETYPESkylakeX", "c0"), blas="openblas 0.3, SkylakeX kernels")


def test_the_rates_by_shape_are_those_that_the_run_began_with(tmp_path: Path) -> None:
    for measured, known in (("", ""), ("{}", "{}"), ("[]", "{}"), ("", "{}")):
        (tmp_path / FILE).write_bytes(with_versions(tmp_path, *RUN, VERSIONS, ENGINES, rates=measured))
        assert read_provenance(tmp_path, *RUN).rates == known


def test_the_rates_of_kernels_are_kept_with_their_run(tmp_path: Path) -> None:
    without: dict[str, Any] = {"skipped": "no time"}
    rate = {"kernel": "Zen", "product": "c @ W", "dtype": "float64", "rows": 4, "width": 64}
    rates = {"own": "Zen", "rates": [{**rate, "gflops": 8.0, "low": 7.5, "high": 8.5}]}
    for kernels, known in ((without, without), (rates, rates), ({}, rates), (without, rates)):
        (tmp_path / FILE).write_bytes(with_versions(tmp_path, *RUN, VERSIONS, ENGINES, kernels))
        assert read_provenance(tmp_path, *RUN).kernels == known
    (tmp_path / FILE).write_bytes((tmp_path / FILE).read_bytes().replace(b"8.0", b"-8.0"))
    with pytest.raises(AnalysisError, match=r"gflops.*rm "):
        read_provenance(tmp_path, *RUN)


def test_an_engine_that_was_installed_meanwhile_is_added_and_one_that_went_is_kept(tmp_path: Path) -> None:
    store(tmp_path)
    store_faults(tmp_path, {"a(1)": "ValueError"})
    store(tmp_path, {**ENGINES, "casadi": engine(casadi="3.8"), "jax": engine("jax", "jaxlib"), "new": engine("new")})
    found = read_provenance(tmp_path, *RUN).engines
    assert found == {**ENGINES, "casadi": engine(casadi="3.8"), "new": engine("new")}
    assert read_provenance(tmp_path, *RUN).faults == {"a(1)": "ValueError"}


def test_faults_are_kept_with_their_run(tmp_path: Path) -> None:
    store(tmp_path)
    store(tmp_path, run=("box", "py", "c1"))
    store_faults(tmp_path, {"a(1)": "ValueError: no", "a(2)": "MemoryError"})
    store_faults(tmp_path, {"a(1)": "ValueError: never"})
    assert read_provenance(tmp_path, *RUN).faults == {"a(1)": "ValueError: never", "a(2)": "MemoryError"}
    assert read_provenance(tmp_path, "box", "py", "c1").faults == {}


def test_two_records_of_a_run_are_joined_where_they_agree() -> None:
    one = {**VERSIONS, "engines": ENGINES, "faults": {"a(1)": "ValueError"}}
    other = {**VERSIONS, "engines": {"casadi": engine(casadi="3.8")}, "faults": {"a(2)": "MemoryError"}}
    assert changes(one, other) == changes(other, one) == []
    for both in (joined(one, other), joined(other, one)):
        assert both["engines"] == {**ENGINES, "casadi": engine(casadi="3.8")}
        assert both["faults"] == {"a(1)": "ValueError", "a(2)": "MemoryError"}
    changed = {**other, "engines": {"jax": engine(jax="0.11")}, "numpy": "2.5.0"}
    assert changes(one, changed) == [("numpy", "2.4.0", "2.5.0"), ("jax", "0.10", "0.11")]


def test_a_record_of_before_there_were_engines_is_read_and_completed(tmp_path: Path) -> None:
    old = {"machine": "box", "env": "py", "commit": "c0", **VERSIONS, "measured": "2026-11-01"}
    (tmp_path / FILE).write_text(json.dumps([old]))
    assert read_provenance(tmp_path, *RUN).known == old
    assert read_provenance(tmp_path, *RUN).engines == {}
    store(tmp_path)
    assert read_provenance(tmp_path, *RUN).known == {**old, "jax": "0.10"}


@pytest.mark.parametrize(
    "content", ["[", '{"a": 1}', '[{"machine": "box"}]', "3", "[" * 100_000, '[["machine"]]', "null", '"\\u0000"']
)
def test_a_damaged_file_is_named_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(AnalysisError, match="rm "):
        read_provenance(tmp_path, *RUN)


def test_the_file_is_no_result_to_asv(tmp_path: Path) -> None:
    store(tmp_path)
    with pytest.raises(AnalysisError, match="no asv results here"):
        read_results(tmp_path)


def test_this_process_has_versions_and_numpys_blas_its_kernels() -> None:
    found = current_versions(ROOT)
    assert set(found) == set(RECORDED)
    for pool in threadpool_info():
        if pool["user_api"] == "blas" and "numpy" in pool["filepath"]:
            assert f"{pool['internal_api']} {pool['version']}" in found["blas"]
            assert pool.get("architecture", "") in found["blas"]


def test_the_projects_version_is_that_of_its_engines() -> None:
    assert project_version(ROOT) == modes.__version__


@pytest.mark.parametrize("content", ["", "__version__ = version()", "def"])
def test_a_project_without_a_version_is_named_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes" / "__init__.py").write_text(content)
    with pytest.raises(AnalysisError, match="git checkout"):
        project_version(tmp_path)


@pytest.mark.parametrize("name", ["requires", "versions", "missing", "memory", "most_fma"])
@pytest.mark.parametrize("value", [None, 3, "x", [None], [], {"numpy": 2}])
def test_a_damaged_engine_is_named_with_the_remedy(tmp_path: Path, name: str, value: Any) -> None:
    store(tmp_path)
    records = json.loads((tmp_path / FILE).read_bytes())
    records[0]["engines"]["modes"][name] = value
    (tmp_path / FILE).write_text(json.dumps(records))
    if (name, value) in (("missing", []), ("most_fma", None), ("most_fma", 3)):
        assert read_provenance(tmp_path, *RUN).known
    else:
        with pytest.raises(AnalysisError, match=r"facts is damaged \(.*rm "):
            read_provenance(tmp_path, *RUN)
