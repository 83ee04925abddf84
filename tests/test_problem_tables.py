"""Known problems in the report: rules are scored on them, and what is shown and cited is what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.citing.statements import statements
from analysis.figures import FIGURES, drawn
from analysis.figures.problems import LEAST, problem_axes
from analysis.report import frames, sections
from analysis.report.cells import DASH, Row
from analysis.report.section import Table
from analysis.report.sections.problems import SECTION
from analysis.tables import problems
from analysis.tables.findings import Findings
from analysis.tables.problems import CALL, OUTCOME_COLUMNS, TIE
from analysis.tables.rules import RULES
from analysis.tables.shown.problems import PREPARED
from tests import tables
from tests.drawn import xs
from tests.tables import frame, full_table, pair, problem


@pytest.fixture(scope="module")
def found() -> Findings:
    return Findings(frame(tables.problems()))


def chosen(found: Findings, rule: str, layer: str, engine: str = "modes") -> dict[Any, Any]:
    table = found.problem_choices
    keep = (table["rule"] == rule) & (table["layer"] == layer) & (table["engine"] == engine)
    (row,) = table[keep].to_dict("records")
    found_row: dict[Any, Any] = row
    return found_row


# --- choices ---


def test_a_wrong_choice_costs_the_ratio_of_the_modes(found: Findings) -> None:
    """Of 9 inputs and one output forward mode takes half the time; n <= m takes reverse mode."""
    row = chosen(found, "CppAD", "determinant")
    assert (row["choice"], row["wrong"], row["tie"]) == ("reverse", True, False)
    assert row["regret"] == pytest.approx(2)
    assert chosen(found, "lineax", "determinant")["regret"] == 1
    assert chosen(found, "CppAD", "robot-arm")["regret"] == 1
    assert chosen(found, "HIPS autograd", "robot-arm")["regret"] == pytest.approx(math.e)


def test_where_nobody_can_tell_either_choice_is_right(found: Findings) -> None:
    for rule in RULES:
        row = chosen(found, rule.name, "heart-dipole")
        assert (row["tie"], row["wrong"], row["regret"]) == (True, False, 1)


def test_mode_auto_is_the_whole_call_over_the_fastest(found: Findings) -> None:
    assert chosen(found, CALL, "determinant")["regret"] == pytest.approx(math.exp(0.3))
    prepared = chosen(found, CALL, "determinant", "modes-prepared")
    assert (prepared["regret"], prepared["tie"]) == (1, True)


def test_a_call_that_is_surely_faster_than_the_fastest_loses_nothing() -> None:
    """What was fastest in a few pairs need not be: the ratio can be below 1."""
    rows = frame([problem(-0.2, "robot-arm", "auto/best", n=6, m=12)])
    assert problems.choices(rows)["regret"].tolist() == [1]


def test_rules_are_scored_by_engine_with_their_worst(found: Findings) -> None:
    scores = {(row["engine"], row["rule"]): row for row in found.problem_scores.to_dict("records")}
    row = scores["modes", "CppAD"]
    assert (row["cells"], row["ties"]) == (3, 1)
    assert row["geometric_mean"] == pytest.approx(2 ** (1 / 3))
    assert row["maximum"] == pytest.approx(2)
    assert row["wrong"] == pytest.approx(1 / 3)
    assert scores["modes", CALL]["geometric_mean"] == pytest.approx(math.exp(0.3))
    assert scores["modes-prepared", CALL]["maximum"] == 1


def test_chains_are_scored_without_problems_and_problems_without_chains() -> None:
    chains = Findings(full_table())
    alone = frame(tables.problems())
    assert not set(chains.choices["layer"]) & set(alone["layer"])
    pd.testing.assert_frame_equal(problems.choices(full_table()), problems.choices(alone))


def test_cells_without_an_interval_and_failed_ones_do_not_count() -> None:
    rows = [problem(-0.7, "determinant", "forward/reverse", n=9, m=1, low=np.nan, high=np.nan)]
    rows += [problem(-0.7, "robot-arm", "forward/reverse", n=6, m=12) | {"status": "failed"}]
    assert problems.choices(frame(rows)).empty
    assert problems.outcomes(frame(rows)).empty
    assert Findings(frame(rows)).problem_panels.panels == ()


# --- what was measured ---


def test_a_problem_is_a_row_of_ratios(found: Findings) -> None:
    table = found.problem_outcomes
    assert tuple(table.columns) == OUTCOME_COLUMNS
    assert table["layer"].tolist() == ["determinant", "heart-dipole", "robot-arm"]  # the fewest outputs an input first
    row = table.iloc[0]
    assert row["title"] == "determinant by minors"
    assert "cmpad" in row["source"]
    assert (row["cheaper"], row["counted_choice"]) == ("forward", "reverse")
    assert row["forward_over_reverse"] == pytest.approx(0.5)
    assert row["forward_over_reverse_low"] < 0.5 < row["forward_over_reverse_high"]
    assert row["counted_regret"] == pytest.approx(2)
    assert row["auto_over_fastest"] == pytest.approx(math.exp(0.3))
    assert row["prepared_auto"] == pytest.approx(1)
    assert row["prepared_over_modes"] == pytest.approx(math.exp(-0.5))
    assert math.isnan(row["better_over_hand"])
    assert table["cheaper"].tolist()[1] == TIE
    assert table.iloc[2]["better_over_hand"] == pytest.approx(math.e)
    assert table.iloc[2]["jax_over_modes"] == pytest.approx(math.exp(-1.5))


def test_a_problem_of_another_suite_goes_by_its_name() -> None:
    rows = frame([problem(0.5, "three-body", "forward/reverse", n=9, m=9)])
    (row,) = problems.outcomes(rows).to_dict("records")
    assert (row["title"], row["source"]) == ("three-body", "")


def test_tapes_are_over_what_is_beside_them(found: Findings) -> None:
    table = found.problem_tapes
    assert table["width"].tolist() == [100, 1000]
    assert table["ratio"].tolist() == pytest.approx([8, 6])
    assert set(table["beside"]) == {"hand"}


# --- the section ---


def test_the_section_is_left_out_where_no_problem_was_measured(found: Findings) -> None:
    chains = Findings(frame([pair(0.3)]))
    assert SECTION not in sections(chains)
    assert SECTION in sections(found)
    assert {"problems", "problem-rules", "tape"} <= frames(found).keys()


def writers(table: Table) -> list[Callable[[Row], str]]:
    return list(table.columns.values())


def test_every_cell_of_the_tables_can_be_written(found: Findings) -> None:
    for name, table in SECTION.tables.items():
        rows = table.of(found).to_dict("records")
        assert rows, name
        written = [write({str(key): value for key, value in row.items()}) for row in rows for write in writers(table)]
        assert all(cell not in ("nan", "") for cell in written), name
    first = SECTION.tables["problems"].columns
    row = {str(key): value for key, value in found.problem_table.iloc[0].items()}
    assert first["n <= m"](row) == "reverse (2.000)"
    assert first["forward / reverse"](row) == "0.500"
    assert first["better / floor"](row) == DASH


# --- the figure ---


def test_every_problem_is_a_dot_or_counted_at_the_border(found: Findings) -> None:
    (panel,) = found.problem_panels.panels
    means = panel.beside["means"]
    axes = problem_axes(Figure().subplots(), panel.rows, means)
    assert len(means) == len({rule.when for rule in RULES}) + 2
    assert means["geometric_mean"].is_monotonic_increasing
    assert {CALL, PREPARED} <= set(means["label"])
    dots = [x for line in axes.lines if line.get_marker() in ("o", "s") for x in xs(line)]
    counted = sum(int(text.get_text().split()[0]) for text in axes.texts if text.get_text().endswith(" none"))
    lost = [100 * (regret - 1) for regret in panel.rows["regret"]]
    assert sorted(dots) == pytest.approx(sorted(each for each in lost if each > LEAST))
    assert counted == sum(each <= LEAST for each in lost)
    assert max(dots) == pytest.approx(100 * (panel.rows["regret"].max() - 1))
    (mean,) = [line for line in axes.lines if line.get_label() == "geometric mean"]
    assert len(xs(mean)) == len(means)
    lines = [text.get_text() for text in axes.texts]
    assert any("determinant by minors, n = 9, m = 1" in text for text in lines)  # what n <= m loses most on
    bold = [tick for tick in axes.get_yticklabels() if tick.get_fontweight() == "bold"]
    assert len(bold) == 2


def test_the_kinds_of_problems_differ_in_colour_and_marker(found: Findings) -> None:
    (panel,) = found.problem_panels.panels
    axes = problem_axes(Figure().subplots(), panel.rows, panel.beside["means"])
    looks = {str(line.get_label()): (line.get_marker(), line.get_color()) for line in axes.lines}
    assert len(looks) == len(set(looks.values())) == 3


def test_what_was_not_measured_is_said() -> None:
    figure = drawn(FIGURES["problem-regret"], Findings(frame([])))
    assert "Not measured yet" in figure.axes[0].texts[0].get_text()


# --- facts ---


def test_each_ratio_and_each_score_is_a_fact(found: Findings) -> None:
    facts = {str(fact["key"]): (fact, rows) for fact, rows in statements(found)}
    fact, rows = facts["modes.forward-over-reverse.determinant.size1.n9.m1"]
    assert (fact["text"], fact["unit"]) == ("0.5", "ratio")
    assert fact["low"] < fact["value"] < fact["high"]
    assert "determinant by minors" in fact["sentence"]
    assert len(rows) == 1
    assert facts["modes.tape-over-hand.recurrence.size100.n100.m1"][0]["value"] == pytest.approx(8)
    assert facts["jax.better-over-modes.robot-arm.size1.n6.m12"][0]["value"] == pytest.approx(math.exp(-1.5))
    assert facts["modes.jacobian-over-hand.robot-arm.size1.n6.m12"][0]["value"] == pytest.approx(math.e)
    assert facts["modes.problem-regret-max.cppad"][0]["text"] == "2.00"
    fact, rows = facts["modes.problem-regret-mean.auto-call"]
    assert fact["value"] == pytest.approx(math.exp(0.3))
    assert set(rows["mode"]) == {"auto/best"}
    assert set(facts["modes.problem-regret-mean.cppad"][1]["mode"]) == {"forward/reverse"}
    assert facts["modes-prepared.problem-regret-max.auto-call"][0]["text"] == "1.00"
