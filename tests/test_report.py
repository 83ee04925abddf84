"""The report: the words follow from the tables; the page says the tables' numbers, stands alone, is repeatable."""

import io
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.figures import FIGURES
from analysis.reading.provenance import Provenance
from analysis.report import frames, report_files, table_files
from analysis.report.cells import (
    aspect,
    aspect_interval,
    crossover,
    crossover_interval,
    inputs,
    kilobytes,
    seconds,
    significant,
    span,
)
from analysis.report.circumstances import circumstances, commands, imported
from analysis.report.headline import doubts, elsewhere, headline
from analysis.report.page import SCRIPTS, Picture, page, sorted_by
from analysis.report.section import Section, Table, Words
from analysis.report.sections import FIGURE_WORDS, SECTIONS, TABLES
from analysis.tables.crossover import CROSSES, FORWARD, UNKNOWN, crossovers
from analysis.tables.findings import Findings
from analysis.tables.shown.crossing import memory_table, peaks
from analysis.tables.shown.trust import tidy_csv
from analysis.tables.summary import headline_row, summary
from analysis.text import gigabytes
from tests.tables import by_processes, curve, frame, full_table, pair, row, several

KNOWN = {"cpu": "Test CPU <3 GHz> & more", "modes": "0.1.0", "ram": "16000000000", "num_cpu": "2"}


class Page(HTMLParser):
    """What a page refers to, its text, and its tables as lists of rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self.tags and self.tags[-1][0] in ("td", "th") and data.strip():
            self.tables[-1][-1].append(data.strip())


def findings(table: pd.DataFrame) -> Findings:
    return Findings(table, Provenance(KNOWN))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return full_table()


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> Findings:
    return findings(table)


@pytest.fixture(scope="module")
def files(found: Findings) -> dict[str, bytes]:
    return report_files(found)


@pytest.fixture(scope="module")
def html(files: dict[str, bytes]) -> Page:
    return Page(files["report.html"].decode())


def said(rows: list[dict[str, Any]]) -> str:
    return headline(findings(frame(rows)))


# --- the headline ---


def test_the_headline_gives_the_crossover_with_its_interval_and_setting(found: Findings) -> None:
    table = found.crossovers
    row = table[(table["m"] == 64) & (table["width"] == 64) & (table["depth"] == 4) & (table["profile"] == "uniform")]
    row = row[row["engine"] == "modes"]
    low, high = float(row["low"].iloc[0]), float(row["high"].iloc[0])
    assert headline(found) == (
        "On Test CPU <3 GHz> & more, forward mode stops being the cheaper way to a full Jacobian at "
        f"n* = 80 [{low:.0f}, {high:.0f}] inputs for m = 64 outputs (width 64, depth 4, tanh, float64, modes 0.1.0): "
        "n*/m = 1.25."
    )


def test_the_headline_names_the_kernels_and_threads_of_blas(table: pd.DataFrame) -> None:
    found = Findings(table, Provenance(KNOWN | {"blas": "openblas 0.3.31, Haswell kernels"}))
    assert headline(found).startswith(
        "On Test CPU <3 GHz> & more with openblas 0.3.31, Haswell kernels, 1 thread, forward mode stops being"
    )


def test_forward_throughout_is_not_extrapolated() -> None:
    text = said([pair(-1.0, n=n) for n in (8, 64, 512)])
    assert "forward mode is the cheaper way" in text
    assert "at every size measured, up to n = 512 inputs for m = 64" in text
    assert "n*" not in text


def test_reverse_throughout() -> None:
    text = said([pair(1.0, n=n) for n in (8, 64, 512)])
    assert "reverse mode is the cheaper way" in text
    assert "down to n = 8 inputs" in text


def test_a_tie_is_said_to_be_one() -> None:
    text = said([pair(value, n=n) for n, value in ((8, -1.0), (64, -0.001), (100, 0.001), (512, 1.0))])
    assert "n* = 8" in text
    assert text.endswith(" From n = 64 to 100 the two cannot be told apart.")


def test_not_identifiable_is_said() -> None:
    text = said([pair(0.0, n=n) for n in (8, 64, 512)])
    assert "do not tell where forward mode stops being the cheaper way" in text
    assert "over n = 8 to 512 inputs" in text


def test_an_interval_that_leaves_the_sizes_measured_says_so() -> None:
    text = said([pair(value, n=n) for n, value in ((8, -0.001), (16, 0.001), (512, 1.0))])
    assert "[<8," in text


def test_without_a_crossover_measured_the_command_is_named() -> None:
    assert "python -m analysis run" in said([row("seconds", 1.0, n=8, mode="forward")])


def test_a_headline_that_crosses_several_times_has_each_place_and_no_n_star() -> None:
    found = said(several())
    assert "the cheaper way to a full Jacobian changes 3 times for m = 8 outputs" in found
    assert re.search(
        r"forward mode below n = 5\.5 \[5\.\d, 5\.\d\], reverse mode up to 6\.4 \[6\.\d, 6\.\d\], "
        r"forward mode up to 10 \[\d+(\.\d)?, 1\d\], reverse mode above\.",
        found,
    )
    assert "n*" not in found


def test_a_row_that_crosses_several_times_has_each_place_in_the_tables() -> None:
    found = findings(frame([*several(), *curve(80)]))
    kept = found.crossover_table[found.crossover_table["m"] == 8]
    row = {str(name): kept[name].iloc[0] for name in kept}
    assert (row["verdict"], crossover(row)) == ("crosses 3 times", "5.5, 6.4, 10")
    assert re.fullmatch(r"\[5\.\d, 5\.\d\], \[6\.\d, 6\.\d\], \[.*, 1\d\]", crossover_interval(row))
    assert aspect(row) == "0.692, 0.806, 1.25"
    made = report_files(found)
    assert b"5.5, 6.4, 10" in made["report.html"]
    csv = pd.read_csv(io.BytesIO(made["tables/crossovers.csv"]))
    assert csv["crossings"].dropna().str.startswith("forward < 5.5 [").to_list() == [True]
    assert "1 cross, " in elsewhere(found)
    assert "1: crosses 3 times" in elsewhere(found)


def test_the_headline_is_chosen_by_setting_and_not_by_result() -> None:
    rows = curve(100, m=64, width=64) + curve(50, m=8, width=64) + curve(60, m=64, width=32)
    chosen = headline_row(crossovers(frame(rows)))
    assert chosen is not None
    assert (chosen["width"], chosen["m"]) == (64, 64)  # most m, then the m nearest to the width
    rows = curve(9, m=8, width=128) + curve(70, m=64, width=128) + curve(9, m=8, width=32) + curve(70, m=64, width=32)
    chosen = headline_row(crossovers(frame(rows)))
    assert chosen is not None
    assert (chosen["width"], chosen["m"]) == (32, 64)  # equally many m: the smallest width; 64 is nearer to 32 than 8


def test_the_other_settings_are_counted() -> None:
    table = frame(curve(80, m=64) + curve(12, m=8) + [pair(-1.0, n=n, m=16) for n in (8, 64)])
    sentence = "Of 3 settings of dense chains measured, 2 cross, at n*/m from 1.25 to 1.50; 1: forward throughout."
    assert elsewhere(findings(table)) == sentence
    flat = frame([pair(value, n=n, m=7) for n, value in ((8, -1.0), (64, -0.001), (200, 0.001), (512, 1.0))])
    table = pd.concat([table, flat], ignore_index=True)
    assert elsewhere(findings(table)) == (
        "Of 4 settings of dense chains measured, 2 cross, at n*/m from 1.25 to 1.50; 1: forward throughout; "
        "1: too noisy to say."
    )


# --- where the run can say nothing ---


def control(log_ratio: float, **other: Any) -> dict[str, Any]:
    return pair(log_ratio, mode="forward/forward", **other)


@pytest.mark.slow
@pytest.mark.parametrize("rows", [curve(80), [pair(-1.0, n=n) for n in (8, 64)], [pair(1.0, n=n) for n in (8, 64)]])
def test_where_a_control_fails_the_headline_says_so_and_no_number(rows: list[dict[str, Any]]) -> None:
    text = said([*rows, control(0.05, low=0.03, high=0.07)])
    assert text.startswith("On Test CPU <3 GHz> & more, these measurements cannot tell where forward mode stops being")
    assert "1 A/A control of 1 found forward mode different from itself (ratio 1.0513 at n = 64, m = 64)" in text
    assert "python -m analysis run --results DIR" in text
    assert "n*" not in text
    assert "80" not in text
    table = frame([*rows, control(0.05, low=0.03, high=0.07)])
    assert elsewhere(findings(table)) == ""
    page = Page(report_files(findings(table))["report.html"].decode())
    first = "".join(page.text).partition("What was measured")[0]
    assert text in first
    assert "n*" not in first
    assert "Do not trust the ratios" in first


@pytest.mark.parametrize(("resolution", "tells"), [(0.1, True), (0.17, True), (0.18, False), (1.0, False)])
def test_noise_that_spreads_the_crossover_over_a_factor_of_two_leaves_no_number(resolution: float, tells: bool) -> None:
    """The slope of the curve is 1/2, so that ratios within r of 1 are those of n within a factor of exp(4 r)."""
    text = said([*curve(80), control(0.0, low=-resolution, high=resolution)])
    assert ("n* = 80" in text) == tells
    if not tells:
        assert "cannot tell where" in text
        assert "noise spreads the crossover over" in text
        assert "n*" not in text


def test_a_crossover_with_a_wide_interval_is_no_number() -> None:
    text = said([pair(value, n=n) for n, value in ((8, -1.0), (64, -0.001), (200, 0.001), (512, 1.0))])
    assert "cannot tell where" in text
    assert "From n = 64 to 200 the two cannot be told apart." in text
    assert "n*" not in text


# --- doubts ---


def test_a_control_that_covers_one_raises_no_doubt() -> None:
    assert doubts(findings(frame([control(0.0)]))) == []


def test_a_control_that_fails_is_an_alarm() -> None:
    (doubt,) = doubts(findings(frame([control(0.05, low=0.03, high=0.07)])))
    assert doubt.startswith("Do not trust the ratios: 1 of 1 A/A controls")
    assert "1.0513 [1.0305, 1.0725]" in doubt


def test_a_control_that_misses_one_by_little_is_mentioned() -> None:
    (doubt,) = doubts(findings(frame([control(0.005, low=0.001, high=0.01), control(0.0, n=8)])))
    assert "1 of 2 A/A controls" in doubt
    assert "one in twenty does so by chance" in doubt


def test_a_noisy_machine_is_named_with_what_it_can_resolve() -> None:
    (doubt,) = doubts(findings(frame([control(0.0, low=-0.2, high=0.2)])))
    assert "22 %" in doubt


def test_further_doubts() -> None:
    rows = [control(0.0, commit="abc+dirty"), row("blas_threads", 4.0), row("seconds", np.nan, status="failed")]
    found = " ".join(doubts(findings(frame(rows)), left_out=("one", "two")))
    assert "changed work tree" in found
    assert "4 threads" in found
    assert "1 cell failed" in found
    assert "2 ratios not taken as often as would be needed" in found
    assert "No A/A control" in " ".join(doubts(findings(frame([row("seconds", 1.0)]))))


# --- the page ---


def test_the_page_begins_with_the_headline(html: Page, found: Findings) -> None:
    text = "".join(html.text)
    assert headline(found) in text
    assert text.index("On Test CPU") < text.index("What was measured")


def test_the_page_needs_nothing_but_itself(html: Page) -> None:
    assert not [tag for tag, _ in html.tags if tag in ("link", "iframe", "object", "base")]
    assert [attrs for tag, attrs in html.tags if tag == "script"] == [{}]  # the one that is written into it
    references = [attrs[key] for _, attrs in html.tags for key in ("src", "srcset", "data") if key in attrs]
    narrow = [name for name, figure in FIGURES.items() if figure.narrow]
    assert len(references) <= len(FIGURES) + len(narrow)
    assert all(reference and reference.startswith("data:image/svg+xml;base64,") for reference in references)
    places = {attrs["id"] for _, attrs in html.tags if "id" in attrs}
    assert {attrs["href"] for _, attrs in html.tags if "href" in attrs} == {f"#{place}" for place in places}


def test_styles_load_nothing(files: dict[str, bytes]) -> None:
    assert not re.search(rb"url\(|@import", files["report.html"])


def test_scripts_reach_nothing_and_name_no_host() -> None:
    text = "".join(path.read_text() for path in SCRIPTS)
    assert not re.search(r"//\w|https?:|fetch\(|XMLHttp|WebSocket|import\(|eval\(|innerHTML|</", text)


def test_what_is_read_stands_open_and_the_rest_is_folded(html: Page, found: Findings) -> None:
    folded = [attrs["id"] for tag, attrs in html.tags if tag == "details"]
    titles = [section.title for section in SECTIONS if section.measured(found) and not section.folded]
    assert titles == ["Which mode is cheaper", "Where each engine crosses", "What rules cost", "What holds elsewhere"]
    linked = [str(attrs["href"]).removeprefix("#") for tag, attrs in html.tags if tag == "a"]
    assert linked[0] == "answer"
    assert linked[5:] == [*folded, "again", "circumstances"]
    assert len(folded) == sum(section.folded for section in SECTIONS if section.measured(found)) + 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.3 µs", "1.23e-05"),
        ("4.56 ms", "0.00456"),
        ("1.23 s", "1.23"),
        ("[67, 69]", "67.0"),
        ("[<8, 83]", "8.0"),
        (">512", "512.0"),
        ("1.004 (1.18)", "1.004"),
        ("12.3 kB, traced", "12.3"),
        ("tanh", "tanh"),
        ("\N{EN DASH}", ""),
    ],
)
def test_cells_are_sorted_by_the_number_they_begin_with(text: str, expected: str) -> None:
    assert sorted_by(text) == expected


def test_own_engines_come_first_in_every_table(html: Page) -> None:
    for heads, *rows in html.tables:
        engines = [row[0] for row in rows if heads[0] == "engine"]
        if "modes" in engines and "modes-cut (cut by hand)" not in engines:
            assert engines[0] == "modes"


def test_where_the_finding_cannot_tell_no_table_and_no_figure_says_it_crosses() -> None:
    """Neither where a control fails nor where noise spreads one crossover: one setting, one answer everywhere."""
    fails = control(0.05, low=0.03, high=0.07)
    flat = [pair(value, n=n) for n, value in ((8, -1.0), (64, -0.001), (200, 0.001), (512, 1.0))]
    for rows in ([*curve(80), *curve(80, engine="jax"), fails], [*flat, *curve(80, engine="jax", m=8)]):
        found = findings(frame(rows))
        assert "cannot tell" in headline(found)
        here = {"engine": "modes", "m": 64, "width": 64, "depth": 4}
        for table in (found.told, found.crossover_table, found.engine_crossovers, found.prediction_table):
            told = table
            for name, value in here.items():
                told = told[told[name] == value]
            assert set(told["verdict"]) <= {UNKNOWN}
            assert told["n_star"].isna().all()
        for shown in (found.map_panels, found.ratio_panels, found.engine_crossover_panels, found.cost_panels):
            for panel in shown.panels:
                told = panel.beside.get("crossovers", panel.rows)
                assert CROSSES not in set(told.loc[told["engine"] == "modes", "verdict"])
        csv = pd.read_csv(io.BytesIO(table_files(found)["tables/crossovers.csv"]))
        assert set(csv.loc[csv["engine"] == "modes", "verdict"]) == {UNKNOWN}


def test_text_from_the_results_is_escaped(files: dict[str, bytes]) -> None:
    assert b"Test CPU &lt;3 GHz&gt; &amp; more" in files["report.html"]
    assert b"<3 GHz>" not in files["report.html"]
    hostile = {"<script>x</script>": "<img src='http://x'>"}
    text = page("<b>", ["<i>"], "<u>", hostile, [], {}, {}, ["<pre>"])
    assert not {"img", "b", "i", "u"} & {tag for tag, _ in Page(text).tags}
    assert [tag for tag, _ in Page(text).tags].count("script") == 1  # the page's own
    rows = pd.DataFrame({"machine": ["<b>&"]})
    table = Table(lambda found: rows, "<i>", "<u>", {"<th>": lambda row: row["machine"]})
    section = Section("<pre>", "<q>", {"x": Words("<em>", "<s>")}, {"y": table})
    text = page("", [], "", {}, [section], {"x": Picture(b"<svg>")}, {"y": rows}, [])
    assert not {"b", "i", "u", "q", "em", "s"} & {tag for tag, _ in Page(text).tags}
    assert "&lt;b&gt;&amp;" in text
    assert "&lt;th&gt;" in text


def test_the_pages_numbers_are_the_tables(html: Page, found: Findings) -> None:
    tables = frames(found)
    assert set(tables) == set(TABLES)
    shown = [section for section in SECTIONS if section.measured(found)]
    numbers = {name: tables[name] for section in shown for name in section.tables if len(tables[name])}
    assert len(html.tables) == len(numbers)
    for printed, (name, rows) in zip(html.tables, numbers.items(), strict=True):
        heads, *body = printed
        columns = TABLES[name].columns
        assert heads == list(columns)
        records: list[Any] = rows.to_dict("records")
        assert body == [[text(record) for text in columns.values()] for record in records]
    crossed = numbers["crossovers"]
    heads, *body = html.tables[list(numbers).index("crossovers")]
    at = heads.index("n*")
    pairs = zip(crossed["n_star"], crossed["verdict"], crossed["largest"], strict=True)
    assert [line[at] for line in body] == [
        f">{inputs(most)}" if verdict == FORWARD else inputs(n_star) for n_star, verdict, most in pairs
    ]


def test_every_figure_and_every_table_has_its_words() -> None:
    assert set(FIGURE_WORDS) == set(FIGURES)
    assert all(words.title and words.caption for words in FIGURE_WORDS.values())
    assert all(words.title and words.caption and words.columns for words in TABLES.values())


def test_the_circumstances_are_named(html: Page) -> None:
    text = "".join(html.text)
    for expected in ("testbox", "16.0 GB", "01234567 of 2026-11-01", "0.1.0", "1.0e-15", "not recorded"):
        assert expected in text


def test_the_kernels_that_the_machine_has_are_named_with_their_rates() -> None:
    rates = [
        {"kernel": kernel, "product": product, "gflops": rate}
        for kernel, few in (("Haswell", 10.0), ("SkylakeX", 20.0))
        for product, rate in (("c @ W", few / 2), ("t @ W.T", 2 * few), ("square", 40.0))
    ]
    looked = {"own": "SkylakeX", "used": "Haswell", "kernels": ["SkylakeX", "Haswell"], "rates": rates}
    table = frame([pair(0.1)])
    assert circumstances(Findings(table, Provenance(kernels=looked)))["BLAS kernels here"] == (
        "SkylakeX (OpenBLAS's own choice) 20 and 40, Haswell (used) 10 and 40 Gflop/s in products of few rows and "
        "in large ones"
    )
    for kernels, said in (({}, "not looked for"), ({"skipped": "no time", "kernels": []}, "no time")):
        assert circumstances(Findings(table, Provenance(kernels=kernels)))["BLAS kernels here"] == said


@pytest.mark.slow
def test_the_files_are_the_same_each_time(files: dict[str, bytes], table: pd.DataFrame) -> None:
    again = report_files(findings(table))
    assert list(again) == list(files)
    assert {name for name in files if files[name] != again[name]} == set()


def test_all_files_are_there(files: dict[str, bytes]) -> None:
    expected = {"report.html"} | {f"figures/{name}.{kind}" for name in FIGURES for kind in ("png", "svg")}
    expected |= {f"tables/{name}.csv" for name in (*TABLES, "tidy")}
    assert set(files) == expected
    assert all(files[name].startswith(b"\x89PNG") for name in files if name.endswith(".png"))


@pytest.mark.slow
def test_an_empty_measurement_still_makes_a_report() -> None:
    table = frame([row("seconds", np.nan, n=8, mode="forward", status="failed")])
    text = report_files(Findings(table))["report.html"].decode()
    assert "no crossover of a dense chain has been measured yet" in text
    assert "1 cell failed" in text


# --- tables ---


def test_the_csv_files_hold_the_whole_tables(files: dict[str, bytes], table: pd.DataFrame) -> None:
    tidied = pd.read_csv(io.BytesIO(files["tables/tidy.csv"]))
    assert list(tidied.columns) == list(table.columns)
    np.testing.assert_array_equal(tidied["value"], table["value"])
    assert pd.read_json(io.StringIO(tidied["samples"].dropna().iloc[0]), typ="series").size >= 15
    found = pd.read_csv(io.BytesIO(files["tables/crossovers.csv"]))
    assert list(found.columns) == list(crossovers(table).columns)


def test_samples_go_to_the_csv_as_json() -> None:
    assert tidy_csv(frame([pair(0.0), row("seconds", 1.0)]))["samples"].to_list()[0].startswith("[-0.014")


def test_memory_stands_beside_its_count() -> None:
    found = memory_table(peaks(frame([row("peak_bytes", 123456.0, mode="forward")])))
    # two neighbouring blocks of 64 x 64 numbers
    assert found[["peak_bytes", "counted_bytes"]].to_numpy().tolist() == [[123456.0, 2 * 64 * 64 * 8]]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.2345, "1.23"), (12.345, "12.3"), (1234.5, "1234"), (0.012345, "0.0123"), (0, "0"), (np.inf, "beyond")],
)
def test_three_significant_digits(value: float, expected: str) -> None:
    assert significant(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(1.234e-5, "12.3 µs"), (0.004561, "4.56 ms"), (1.5, "1.50 s"), (9.999e-4, "1.00 ms")]
)
def test_times_have_a_unit(value: float, expected: str) -> None:
    assert seconds(value) == expected


def test_what_is_not_there_is_a_dash() -> None:
    assert {text(np.nan) for text in (significant, seconds, kilobytes, inputs)} == {"\N{EN DASH}"}
    assert span(np.nan, 1.0, inputs) == "\N{EN DASH}"
    assert span(8.0, 9.0, inputs) == "[8, 9]"


@pytest.mark.parametrize(
    ("verdict", "low", "high", "expected"),
    [
        ("crosses", 76.0, 83.0, ("80", "[76, 83]", "1.25", "[1.19, 1.30]")),
        ("forward throughout", 512.0, np.inf, (">512", "[512, >512]", ">8.00", "[8.00, >8.00]")),
        ("reverse throughout", 0.0, 8.0, ("<8", "[<8, 8]", "<0.125", "[<0.125, 0.125]")),
        ("not identifiable", 0.0, np.inf, ("\N{EN DASH}", "[<8, >512]", "\N{EN DASH}", "[<0.125, >8.00]")),
        ("not identifiable", np.nan, np.nan, ("\N{EN DASH}",) * 4),
    ],
)
def test_open_intervals_have_one_notation(verdict: str, low: float, high: float, expected: tuple[str, ...]) -> None:
    star = 80.0 if verdict == "crosses" else np.nan
    row: Any = {"verdict": verdict, "n_star": star, "low": low, "high": high, "smallest": 8, "largest": 512, "m": 64}
    assert (crossover(row), crossover_interval(row), aspect(row), aspect_interval(row)) == expected


def test_the_price_of_the_import_is_named_where_it_was_measured() -> None:
    assert (
        imported(summary(frame([row("import_seconds", 0.0184, mode="primal")])).import_seconds)
        == " (its import adds 18 ms to NumPy's)"
    )
    assert imported(summary(frame([row("seconds", 1.0)])).import_seconds) == ""


def test_memory_is_in_gigabytes_where_it_is_a_number() -> None:
    assert gigabytes("25276502016") == "25.3 GB"
    for ram in ("16GB", "9" * 400, "²", "1.5e9"):
        assert gigabytes(ram) == ram


@pytest.mark.slow
def test_a_failed_cell_is_listed_with_its_reason_and_a_missing_engine_named() -> None:
    state: dict[str, Any] = {
        "requires": ["jax"],
        "versions": {},
        "missing": ["jax"],
        "memory": "",
        "modes": [],
        "most_fma": None,
    }
    cell = "engine=torch layer=dense profile=uniform activation=tanh n=8 m=64 width=64 depth=4 dtype=float64"
    provenance = Provenance(
        {"torch": "2.13"},
        engines={"jax": state, "torch": {**state, "requires": ["torch"], "missing": []}},
        faults={f"engines.Crossover.track_log_ratio('{cell} chunk_size=None mode=forward/reverse')": "MemoryError: no"},
    )
    table = frame([*curve(80), pair(np.nan, n=8, engine="torch", status="failed")])
    text = "".join(Page(report_files(Findings(table, provenance))["report.html"].decode()).text)
    assert "MemoryError: no" in text
    assert "torch 2.13, jax not installed" in text


def test_the_commands_are_those_of_the_preset_measured() -> None:
    now = pd.Timestamp("2026-11-22", tz="UTC")
    quick = frame([pair(0.0, date=now)])
    assert commands(Findings(quick)) == ["git checkout 01234567", "python -m analysis run --preset quick"]
    many = by_processes(0.0, count=4, commit="0123456789+dirty", date=now)
    assert commands(Findings(frame([many]))) == ["git checkout 01234567", "python -m analysis run --preset standard"]
    old = frame([{**many, "date": pd.Timestamp("2026-11-20 20:49:57", tz="UTC")}])
    assert commands(Findings(old)) == ["git checkout 01234567", "python -m analysis run --profile standard"]
