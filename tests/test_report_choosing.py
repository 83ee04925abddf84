"""The report's part on choosing: its figures and tables say what selection and model found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from analysis.figures import FIGURES, drawn
from analysis.figures.model import PARTS, errors_axes, parts_axes
from analysis.figures.ratio import COUNTED, in_place, ratio_axes
from analysis.figures.regret import LEAST, regret_axes
from analysis.tables.findings import Findings
from analysis.tables.rules import AIM, OWN, RULES
from analysis.tables.shown.choosing import SHOWN, rule_groups
from tests.drawn import xs, ys
from tests.tables import frame, full_table, pair


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """This project's engines alone."""
    every = full_table()
    return every[every["engine"] == "modes"].reset_index(drop=True)


@pytest.fixture(scope="module")
def findings(table: pd.DataFrame) -> Findings:
    return Findings(table)


# --- the rules ---


def test_rules_that_are_the_same_rule_are_one_line(findings: Findings) -> None:
    found = findings.scores
    groups = rule_groups(found[found["engine"] == "modes"])
    assert len(groups) == len({rule.when for rule in RULES}) + len(OWN)
    assert "n <= m: CppAD, Adept 2, DiffSharp, JAX (proposed), OpenMDAO" in set(groups["label"])
    assert groups["geometric_mean"].is_monotonic_increasing


def test_regret_is_drawn_as_time_lost_in_percent() -> None:
    numbers = {"geometric_mean": [1.0, 1.1], "low": [1.0, 1.05], "high": [1.0, 1.2], "maximum": [1.0, 3.0]}
    rows = pd.DataFrame({"rule": ["a", "b"], "label": ["a: x", "b: y"], **numbers})
    axes = regret_axes(Figure().subplots(), rows)
    lines = {str(line.get_label()): line for line in axes.lines}
    np.testing.assert_allclose(np.asarray(lines["maximum"].get_xdata(), dtype=float), [LEAST, 200])
    (mean,) = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.asarray(mean.get_xdata(), dtype=float), [LEAST, 10])
    assert ys(mean) == [0, -1]  # the first on top
    aims = [xs(line)[0] for label, line in lines.items() if label.startswith("aim")]
    assert aims == pytest.approx([100 * (aim - 1) for aim in AIM])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a: x", "b: y"]
    assert "1000" not in [label.get_text() for label in axes.get_xticklabels()]


def test_few_cells_are_drawn_without_an_interval() -> None:
    cells = frame([pair(0.3, n=65), pair(-0.3, n=8)])
    figure = drawn(FIGURES["rule-regret"], Findings(cells))
    figure.draw_without_rendering()
    assert "2 Jacobians measured" in figure.get_suptitle()


def test_the_table_of_rules_has_every_rule_of_every_engine(table: pd.DataFrame) -> None:
    both = pd.concat([table, frame([pair(0.3, n=65, engine="floor"), pair(-0.3, n=8, engine="a")])], ignore_index=True)
    found = Findings(both).rule_table
    assert list(dict.fromkeys(found["engine"])) == ["modes", "a", "floor"]
    own: Any = found[found["engine"] == "modes"]
    assert set(own["rule"]) == {rule.name for rule in RULES} | set(OWN)
    assert own["geometric_mean"].is_monotonic_increasing
    assert own.set_index("rule").loc["CasADi", ["when", "source"]].to_list() == [
        "0.33 n <= 0.67 m",
        "casadi/core/function_internal.cpp",
    ]


def test_engines_and_profiles_side_by_side_are_the_scores(table: pd.DataFrame) -> None:
    assert set(SHOWN) <= {rule.name for rule in RULES} | set(OWN)
    both = Findings(pd.concat([table, frame([pair(0.3, n=65, engine="floor")])], ignore_index=True))
    engines: Any = both.engine_table.set_index("engine")
    assert list(engines.index) == ["modes", "floor"]
    for row in both.scores.to_dict("records"):
        if row["rule"] in SHOWN:
            assert engines.loc[row["engine"], f"{row['rule']} mean"] == row["geometric_mean"]
            assert engines.loc[row["engine"], f"{row['rule']} max"] == row["maximum"]
    assert math.isnan(engines.loc["floor", "cost model, held out mean"])
    profiles = both.profile_table.set_index("profile")
    assert set(profiles.index) == {"uniform", "funnel", "hourglass", "bulge"}
    assert profiles["cells"].sum() == engines.loc["modes", "cells"]


# --- the model ---


def test_constants_are_written_as_people_name_them(findings: Findings) -> None:
    fitted, shown = findings.fits.iloc[0], findings.model_table.iloc[0]
    assert shown["operation_ns"] == pytest.approx(1e9 * fitted["operation"])
    assert shown["record_ns"] == pytest.approx(1e9 * fitted["record"])
    for rate, constant, factor in (("gfma", "fma", 1e-9), ("gigabytes", "number", 8e-9)):
        if fitted[constant] > 0:
            assert shown[rate] == pytest.approx(factor / fitted[constant])
        else:
            assert math.isnan(shown[rate])
    assert shown["worst_error"] == pytest.approx(100 * fitted["worst_error"])


def test_predictions_stand_beside_what_was_measured(findings: Findings) -> None:
    found = findings.prediction_table
    row = found[(found["m"] == 64) & (found["depth"] == 4) & (found["width"] == 64) & (found["profile"] == "uniform")]
    assert row["n_star"].iloc[0] == pytest.approx(80, rel=0.01)
    assert row["counted"].iloc[0] == 64
    assert found["overhead"].between(0, 100).all()


def test_the_figure_of_the_model_draws_its_table(findings: Findings) -> None:
    found = findings.predictions
    part = found[(found["m"] == 64) & (found["depth"] == 4) & (found["profile"] == "uniform")].sort_values("width")
    (panel,) = [panel for panel in findings.ratio_panels.panels if panel.name == "width"]
    pd.testing.assert_series_equal(
        panel.rows.sort_values("width")["modelled"], part["modelled"], check_index=False, check_dtype=False
    )
    axes = ratio_axes(Figure().subplots(), panel.rows, "width")
    lines = {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float) for line in axes.lines}
    np.testing.assert_allclose(lines[COUNTED], part["counted"] / 64)
    np.testing.assert_allclose(lines["modelled"], part["modelled"] / 64)
    (measured,) = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(np.asarray(measured.get_ydata(), dtype=float), part["n_star"] / 64)
    shares = parts_axes(Figure().subplots(), in_place(part, "width"))
    tops = [np.asarray(patch.get_paths()[0].vertices)[:, 1].max() for patch in shares.collections]
    assert len(tops) == len(PARTS)
    assert tops[-1] == pytest.approx(100)


def test_errors_are_drawn_around_the_line_of_equal_times(findings: Findings) -> None:
    held = findings.held_out
    axes = errors_axes(Figure().subplots(), held, findings.fits)
    lines = {str(line.get_label()): line for line in axes.lines}
    equal = lines["predicted = measured"]
    assert xs(equal) == ys(equal)
    forward = held[held["mode"] == "forward"]
    np.testing.assert_allclose(np.asarray(lines["forward mode"].get_xdata(), dtype=float), 1e3 * forward["seconds"])
    np.testing.assert_allclose(np.asarray(lines["forward mode"].get_ydata(), dtype=float), 1e3 * forward["predicted"])
    assert f"{100 * held['error'].abs().median():.1f} % in the median" in axes.get_title()
