"""Facts: their keys, what they say, that an edit shows, how they are written, and what must not be cited."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.citing import FORMATS, SUFFIXES, Fact, collect, differences, facts_bytes, file_digest, one, parse_facts
from analysis.citing.record import rows_digest
from analysis.commands import COMMANDS
from analysis.errors import AnalysisError
from analysis.reading.provenance import Provenance
from analysis.tables.findings import Findings
from modes.facts.errors import FactsError
from modes.facts.formats import latex_text, myst_name, rst_text, whole_file
from modes.facts.record import FIELDS
from tests.tables import RUN, by_processes, curve, frame, full_table, pair, row, several

RECORDED = Path(__file__).parent / "data" / "recorded"
ABOUT = Provenance(
    {
        "cpu": "A processor",
        "num_cpu": "4",
        "ram": "8000000000",
        "os": "Linux",
        "arch": "x86_64",
        "python": "3.12.1",
        "numpy": "2.1.0",
        "blas": "openblas 0.3",
        "modes": "1.2.3",
        "measured": "2026-11-02",
    }
)
STAR = "modes.crossover-time.m64.width64.depth4.dense.uniform.float64"


def facts(table: pd.DataFrame) -> dict[str, Fact]:
    return {fact["key"]: fact for fact in collect(Findings(table, ABOUT))}


def run(*arguments: str) -> int:
    """Run a command as the command line does."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command")
    for command in COMMANDS.values():
        command.add_parser(commands)
    options = parser.parse_args(arguments)
    return COMMANDS[options.command].run(options)


@pytest.fixture(scope="module")
def found() -> dict[str, Fact]:
    return facts(full_table())


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A copy of the recorded results."""
    return Path(shutil.copytree(RECORDED, tmp_path / "results"))


# --- what is collected ---


def test_a_crossover_and_all_that_it_holds_for(found: dict[str, Fact]) -> None:
    fact = found[STAR]
    assert tuple(fact) == FIELDS
    assert fact["value"] == pytest.approx(80, rel=0.01)
    assert fact["low"] < 80 < fact["high"]
    assert (fact["text"], fact["unit"], fact["verdict"]) == ("80", "inputs", "crosses")
    assert fact["interval"] == f"[{fact['low']:.0f}, {fact['high']:.0f}]"
    assert (fact["engine"], fact["engine_version"], fact["commit"]) == ("modes", "1.2.3", RUN["commit"])
    assert (fact["cpu"], fact["cores"], fact["memory"], fact["system"]) == (
        "A processor",
        "4",
        "8.0 GB",
        "Linux, x86_64",
    )
    assert (fact["blas"], fact["blas_threads"], fact["python"], fact["numpy"]) == (
        "openblas 0.3",
        "1",
        "3.12.1",
        "2.1.0",
    )
    assert (fact["date"], fact["measured"], fact["machine"]) == ("2026-11-01", "2026-11-02", "testbox")
    for part in ("On A processor (4 cores, 8.0 GB)", "modes 1.2.3", "n* = 80", fact["interval"], "01234567", "m = 64"):
        assert part in fact["sentence"]
    assert "\n" not in fact["sentence"]


def test_the_prediction_by_rates_stands_beside_what_was_measured(found: dict[str, Fact]) -> None:
    """A fact a setting that the rates of the run say something of, n* over m; beyond all sizes it is a verdict."""
    assert not [key for key in found if ".aspect-calibrated." in key]  # this run took no rates
    known = Findings(full_table(), ABOUT)
    predicted = known.predictions.assign(calibrated=1.25 * known.predictions["m"].astype(float))
    predicted.loc[predicted.index[:3], "calibrated"] = [math.inf, 0.0, math.nan]
    known.__dict__["predictions"] = predicted
    facts = {fact["key"]: fact for fact in collect(known) if ".aspect-calibrated." in str(fact["key"])}
    assert len(facts) == len(predicted) - 1 > 2
    said = [fact["verdict"] for fact in facts.values()]
    assert sorted(said)[-2:] == ["forward throughout", "reverse throughout"]
    assert {fact["value"] for fact in facts.values()} == {1.25, None}
    for key, fact in facts.items():
        assert (fact["interval"], fact["digest"]) == ("", found[key.replace("calibrated", "time")]["digest"])


def test_every_kind_of_fact_has_its_key(found: dict[str, Fact]) -> None:
    cell = "n64.m64.width64.depth4.dense.uniform.tanh.float64"
    for key in (
        "modes.aspect-time.m64.width64.depth4.dense.uniform.float64",
        "modes.crossover-time.m64.width64.depth4.dense.funnel.float64",
        f"modes.jvp-over-f.{cell}",
        f"floor.vjp-over-f.{cell}",
        "modes.gradient-over-f.n64.m1.width64.depth4.loss.uniform.tanh.float64",
        f"modes.forward-over-floor.{cell}",
        f"modes.reverse-over-floor.{cell}",
        "modes.regret-mean.casadi",
        "modes.regret-max.mode-auto",
        "modes.wrong-choices.adol-c",
        "modes.control-resolution",
    ):
        assert key in found
    aspect, star = found["modes.aspect-time.m64.width64.depth4.dense.uniform.float64"], found[STAR]
    for name in ("value", "low", "high"):
        assert aspect[name] == pytest.approx(star[name] / 64)
    assert aspect["text"] == "1.25"
    assert found[f"modes.jvp-over-f.{cell}"]["value"] == pytest.approx(math.exp(1.2))
    assert found[f"modes.jvp-over-f.{cell}"]["low"] < math.exp(1.2) < found[f"modes.jvp-over-f.{cell}"]["high"]


def test_the_model_has_facts_where_it_can_be_fitted() -> None:
    cells = [(n, d, mode) for n in (8, 64, 512) for d in (2, 4, 8, 16) for mode in ("forward", "reverse")]
    times = [row("seconds", 1e-6 * n * d, n=n, depth=d, mode=mode) for n, d, mode in cells]
    found = facts(frame([*times, pair(0.1, n=65), pair(-0.1, n=33)]))
    median, worst = (found[f"modes.model-error-{name}.float64"]["value"] for name in ("median", "worst"))
    assert 0 < median < worst


def test_scores_and_median_errors_have_intervals_and_extremes_have_none(found: dict[str, Fact]) -> None:
    mean, wrong = found["modes.regret-mean.casadi"], found["modes.wrong-choices.casadi"]
    assert 1 <= mean["low"] < mean["value"] < mean["high"]
    assert mean["interval"] == f"[{mean['low']:.3f}, {mean['high']:.3f}]"
    assert mean["interval"] in mean["sentence"]
    assert 0 < wrong["low"] < wrong["value"] < wrong["high"] < 100
    assert wrong["interval"] in wrong["sentence"]
    median = found["modes.model-error-median.float64"]
    assert median["low"] <= median["value"] <= median["high"]
    assert median["interval"] in median["sentence"]
    for key in ("modes.regret-max.casadi", "modes.model-error-worst.float64", "modes.control-resolution"):
        assert (found[key]["low"], found[key]["high"], found[key]["interval"]) == (None, None, "")


@pytest.mark.parametrize(
    ("metric", "mode", "key"),
    [
        ("log_over_limit", "forward", "forward-over-limit"),
        ("log_over_fill", "reverse", "reverse-over-fill"),
        ("log_product_over_floor", "forward", "jvp-over-floor"),
        ("log_product_over_floor", "reverse", "vjp-over-floor"),
        ("log_gradient_over_floor", "reverse", "gradient-over-floor"),
    ],
)
def test_ratios_over_limits_have_keys(metric: str, mode: str, key: str) -> None:
    fact = facts(frame([row(metric, 0.5, mode=mode)]))[f"modes.{key}.n64.m64.width64.depth4.dense.uniform.tanh.float64"]
    assert fact["value"] == pytest.approx(math.exp(0.5))
    assert fact["interval"] in fact["sentence"]


def test_the_engines_of_this_project_have_its_version() -> None:
    rows = [row("log_over_floor", 0.1, mode="forward", engine=engine) for engine in ("modes-prepared", "jax")]
    versions = {fact["engine"]: fact["engine_version"] for fact in facts(frame(rows)).values()}
    assert versions == {"modes-prepared": "1.2.3", "jax": "not recorded"}


@pytest.mark.parametrize(("r", "word"), [(-0.5, "forward throughout"), (0.5, "reverse throughout")])
def test_without_a_crossover_the_verdict_stands_for_the_number(r: float, word: str) -> None:
    fact = facts(frame([pair(r, n=n) for n in (8, 16, 32)]))[STAR]
    assert (fact["value"], fact["text"], fact["verdict"]) == (None, word, word)
    assert fact["interval"] == ("[32, >32]" if r < 0 else "[<8, 8]")
    assert (fact["low"], fact["high"]) == ((32, None) if r < 0 else (0, 8))
    assert f"{word.split()[0]} mode is the cheaper way" in fact["sentence"]


def test_what_cannot_be_told_is_said_so() -> None:
    fact = facts(frame([pair(0.0, n=n) for n in (8, 16, 32)]))[STAR]
    assert fact["verdict"] == fact["text"] == "not identifiable"
    assert "do not tell" in fact["sentence"]


def test_one_size_alone_is_no_crossover() -> None:
    assert not any("crossover" in key for key in facts(frame([pair(0.3, n=65)])))


@pytest.mark.slow
def test_the_same_measurements_give_the_same_bytes(found: dict[str, Fact]) -> None:
    shuffled = full_table().sample(frac=1, random_state=3)
    again = facts(shuffled)
    assert facts_bytes(again.values()) == facts_bytes(found.values())
    assert list(found) == sorted(found)


@pytest.mark.slow
def test_another_measurement_gives_another_digest(found: dict[str, Fact]) -> None:
    table = full_table()
    hit = (table["metric"] == "log_ratio") & (table["m"] == 64) & (table["depth"] == 4) & (table["n"] == 64)
    hit &= (table["width"] == 64) & (table["profile"] == "uniform") & (table["mode"] == "forward/reverse")
    hit &= table["engine"] == "modes"
    assert hit.sum() == 1
    index = table.index[hit][0]
    samples: Any = list(table.loc[index, "samples"])
    samples[0] += 1e-12
    table.at[index, "samples"] = samples
    changed = facts(table)
    assert changed[STAR]["digest"] != found[STAR]["digest"]
    other = "modes.crossover-time.m8.width64.depth4.dense.uniform.float64"
    assert changed[other] == found[other]


def test_the_digest_is_of_the_rows_and_not_of_their_order() -> None:
    table = frame(curve(80))
    assert rows_digest(table) == rows_digest(table.iloc[::-1])
    assert rows_digest(table) != rows_digest(table.iloc[1:])


# --- what must not be cited ---


def test_a_changed_work_tree_is_refused() -> None:
    with pytest.raises(AnalysisError, match="changed work tree"):
        facts(full_table().assign(commit="0123+dirty"))


def test_several_runs_are_refused() -> None:
    with pytest.raises(AnalysisError, match="got 2; choose one"):
        facts(pd.concat([full_table(), full_table().assign(commit="fedc")]))


def test_too_few_processes_are_refused_and_too_few_pairs() -> None:
    pairs = pair(0.1, n=64, samples=[0.1, 0.1], low=math.nan, high=math.nan)
    for few, what in ((by_processes(0.1, count=2, n=64), "processes"), (pairs, "pairs")):
        with pytest.raises(AnalysisError, match=rf"1 of 3 ratios rest on too few {what} .* n = 64, m = 64"):
            facts(frame([pair(-0.3, n=8), pair(0.3, n=128), few]))


def test_a_crossover_of_several_is_cited_with_each_place_and_no_number() -> None:
    found = facts(frame(several()))
    fact = found["modes.crossover-time.m8.width64.depth4.dense.uniform.float64"]
    assert (fact["value"], fact["verdict"], fact["text"], fact["interval"]) == (
        None,
        "crosses 3 times",
        "crosses 3 times",
        "",
    )
    assert "with m = 8 outputs changes 3 times: forward mode below n = 5.5 [5." in fact["sentence"]
    assert "], reverse mode above" in fact["sentence"]
    aspect = found["modes.aspect-time.m8.width64.depth4.dense.uniform.float64"]
    assert "changes 3 times: forward mode below n/m = 0.69" in aspect["sentence"]


def test_ratios_whose_control_fails_are_refused() -> None:
    control = pair(0.2, n=64, mode="forward/forward")
    with pytest.raises(AnalysisError, match=r"1 A/A control of 1 .*ratio 1.2214 at n = 64.* --results DIR"):
        facts(frame([pair(-0.3, n=8), pair(0.3, n=128), control]))


# --- the file ---


def test_the_file_and_back(found: dict[str, Fact]) -> None:
    content = facts_bytes(found.values())
    assert parse_facts(content, "facts.json") == found
    assert json.loads(content)["digest"] == file_digest(found.values())


def edited(found: dict[str, Fact], change: Any) -> bytes:
    data = json.loads(facts_bytes(found.values()))
    change(data)
    return json.dumps(data).encode()


@pytest.mark.parametrize("field", [field for field in FIELDS if field != "key"])
def test_every_edit_of_a_fact_is_noticed(found: dict[str, Fact], field: str) -> None:
    def change(data: Any) -> None:
        fact = next(fact for fact in data["facts"] if fact["key"] == STAR)
        fact[field] = f"{fact[field]}1" if isinstance(fact[field], str) else (fact[field] or 0.0) + 1.0

    with pytest.raises(FactsError, match=rf"^here: fact {STAR} was edited"):
        parse_facts(edited(found, change), "here")


def test_a_fact_removed_and_a_digest_edited_are_noticed(found: dict[str, Fact]) -> None:
    for change in (lambda data: data["facts"].pop(), lambda data: data.update(digest="0" * 64)):
        with pytest.raises(FactsError, match="digest does not match"):
            parse_facts(edited(found, change), "here")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": 2, "facts": []}',
        b'{"format": 1, "facts": [{"key": "a"}]}',
        b'{"format": 1, "facts": 3}',
    ],
)
def test_what_is_no_facts_file_is_refused(content: bytes) -> None:
    with pytest.raises(FactsError, match=r"^here: not a file of facts"):
        parse_facts(content, "here")


def test_facts_of_other_results_are_told_apart(found: dict[str, Fact]) -> None:
    assert differences(found, found) == []
    other = dict(found)
    del other["modes.control-resolution"]
    other[STAR] = {**found[STAR], "digest": "f" * 64}
    other["new"] = found[STAR]
    assert differences(found, other) == [
        "fact modes.control-resolution: not among the results",
        f"fact {STAR}: of other measurements (digest {found[STAR]['digest'][:12]}, the results have ffffffffffff)",
        "fact new: the results have it, the file does not",
    ]
    reworded = {**found, STAR: {**found[STAR], "text": "81", "seal": ""}}
    assert differences(reworded, found) == [f"fact {STAR}: of the same measurements, but with another text"]


# --- the formats ---


def test_each_format_writes_the_value_under_the_key(found: dict[str, Fact]) -> None:
    fact = found[STAR]
    written = {name: one(fact, name) for name in FORMATS}
    assert written["markdown"] == f"<!-- fact:{STAR} sentence -->{fact['sentence']}<!-- /fact -->"
    assert written["rst"] == f".. |fact:{STAR}| replace:: 80"
    assert written["myst"] == 'modes_crossover_time_m64_width64_depth4_dense_uniform_float64: "80"'
    assert rf"\csname fact@text@{STAR}\endcsname{{80}}" in written["latex"]
    assert written["bibtex"].startswith(f"@misc{{{STAR},\n")
    assert "year = {2026}" in written["bibtex"]
    assert "01234567" in written["bibtex"]
    assert json.loads(written["json"]) == fact


@pytest.mark.parametrize("name", SUFFIXES)
def test_a_file_holds_every_fact(found: dict[str, Fact], name: str) -> None:
    text = whole_file(found.values(), name).decode()
    assert text.endswith("\n")
    for fact in found.values():
        if name == "markdown":
            assert f"<!-- fact:{fact['key']} -->{fact['text']}<!-- /fact -->" in text
        else:
            assert one(fact, name) in text


def test_special_characters_are_escaped() -> None:
    assert latex_text("5 % of a_b {c} \\d ~ n*") == r"5 \% of a\_b \{c\} \textbackslash{}d \textasciitilde{} n$*$"
    assert rst_text("n* |a| b_ `c`") == r"n\* \|a\| b\_ \`c\`"
    assert myst_name("modes.regret-max.adept-2") == "modes_regret_max_adept_2"


def test_names_for_myst_are_unique(found: dict[str, Fact]) -> None:
    assert len({myst_name(key) for key in found}) == len(found)


# --- the command ---


def test_cite_writes_every_format_and_prints_one(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "deep" / "facts.json"
    arguments = ("--results", str(results), "--facts", str(target))
    assert run("cite", *arguments) == 0
    said = capsys.readouterr().out
    facts = parse_facts(target.read_bytes(), "")
    assert f"{len(facts)} facts in {target}" in said
    assert file_digest(facts.values())[:12] in said
    assert {path.name for path in target.parent.iterdir()} == {
        "facts.json",
        *(f"facts{end}" for end in SUFFIXES.values()),
    }
    first = {path.name: path.read_bytes() for path in target.parent.iterdir()}
    assert run("cite", *arguments) == 0
    assert {path.name: path.read_bytes() for path in target.parent.iterdir()} == first
    capsys.readouterr()
    key = next(key for key in facts if "crossover-time" in key)
    assert run("cite", "--key", key, "--format", "rst", *arguments) == 0
    assert capsys.readouterr().out == f".. |fact:{key}| replace:: {facts[key]['text']}\n"


def test_cite_prints_from_the_results_where_there_is_no_file(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "modes.crossover-time.m8.width8.depth4.dense.uniform.float64"
    arguments = ("--results", str(results), "--facts", str(tmp_path / "none.json"))
    assert run("cite", "--key", key, "--format", "json", *arguments) == 0
    assert json.loads(capsys.readouterr().out)["cpu"] == "A test processor"
    assert not (tmp_path / "none.json").exists()
    with pytest.raises(AnalysisError, match=f"no fact '{key}1' among .* nearest: {key}"):
        run("cite", "--key", f"{key}1", *arguments)


def refused(results: Path, target: Path, *arguments: str) -> str:
    """What `cite` says where it refuses; nothing is written then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning must not be what refuses
        with pytest.raises(AnalysisError) as caught:
            run("cite", "--results", str(results), "--facts", str(target), *arguments)
    assert not target.exists()
    text = str(caught.value)
    assert "\n" not in text
    return text


def spoil(results: Path, change: Any, name: str = "e55ab1d2-existing-py.json") -> None:
    """Change the recorded result file; under another `name`, keep the first."""
    path = next(results.glob("*/e55ab1d2-*.json"))
    data = json.loads(path.read_text())
    change(data)
    (path.parent / name).write_text(json.dumps(data))


def test_mixed_commits_are_refused_until_one_is_chosen(results: Path, tmp_path: Path) -> None:
    spoil(results, lambda data: data.update(commit_hash="abcdef0123"), "abcdef01-existing-py.json")
    target = tmp_path / "facts.json"
    said = refused(results, target)
    assert str(results) in said
    assert "2 runs are mixed here" in said
    assert "recorded abcdef01; recorded e55ab1d2" in said
    assert "choose by --commit: " in said
    assert "no results of commit fff; there are: recorded abcdef01" in refused(results, target, "--commit", "fff")
    assert run("cite", "--results", str(results), "--facts", str(target), "--commit", "e55") == 0


def test_dirty_results_are_refused(results: Path, tmp_path: Path) -> None:
    (results / "dirty").write_text("digest\n")
    assert "changed work tree" in refused(results, tmp_path / "facts.json")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_samples_that_are_not_finite_are_refused(results: Path, tmp_path: Path, bad: float) -> None:
    def change(data: Any) -> None:
        row = data["results"]["crossover.Map.track_log_ratio"]
        samples = row[data["result_columns"].index("samples")]
        next(cell for cell in samples if cell)[3] = bad

    spoil(results, change)
    said = refused(results, tmp_path / "facts.json")
    assert "NaN or infinity among its samples" in said
    assert "crossover.Map.track_log_ratio" in said


# --- what it writes, and where ---


@pytest.mark.parametrize("name", ["facts.json", "numbers.json"])
def test_the_page_that_cite_writes_names_its_facts_and_passes_the_check(
    results: Path, tmp_path: Path, name: str
) -> None:
    docs = tmp_path / "docs"
    assert run("cite", "--results", str(results), "--facts", str(docs / name)) == 0
    assert run("check", str(docs)) == 0
    page = (docs / name).with_suffix(".md")
    data = json.loads((docs / name).read_bytes())
    assert page.read_text().splitlines()[2] == f"<!-- facts: {name} {data['digest'][:12]} -->"
    page.write_text(page.read_text().replace(data["digest"][:12], "0" * 12))
    assert run("check", str(docs)) == 1


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_a_file_beside_the_facts_that_cite_did_not_write_is_not_replaced(
    results: Path, tmp_path: Path, suffix: str
) -> None:
    own = tmp_path / f"reading{suffix}"
    own.write_text("# Reading\n\n@misc{mine,\n}\n")
    assert f"{own}: in the way" in refused(results, tmp_path / "reading.json")
    assert {path.name for path in tmp_path.iterdir()} == {"results", own.name}


@pytest.mark.parametrize("name", ["page.md", "facts", "facts.txt", "my facts.json"])
def test_a_name_that_pages_could_not_give_is_refused(results: Path, tmp_path: Path, name: str) -> None:
    assert "expected a name that ends in .json, without spaces" in refused(results, tmp_path / name)


@pytest.mark.parametrize("name", ["facts.json", "recorded/facts.json", "benchmarks.json"])
def test_the_results_are_not_written_into(results: Path, name: str) -> None:
    before = {path: path.read_bytes() for path in results.rglob("*") if path.is_file()}
    with pytest.raises(AnalysisError, match="is in the results folder"):
        run("cite", "--results", str(results), "--facts", str(results / name))
    assert {path: path.read_bytes() for path in results.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"format": 1, "facts": [{"a": "\\ud800"}]}', b'{"format": true, "facts": 1}']
)
def test_what_no_reader_of_json_takes_is_no_facts_file(content: bytes) -> None:
    with pytest.raises(FactsError, match=r"^here: not a file of facts"):
        parse_facts(content, "here")
