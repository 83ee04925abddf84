"""Figures: what is drawn is what the table says, nothing lies over the data, and what is missing is named."""

import re
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import FIGURES
from analysis.figures import drawn as drawing
from analysis.figures.cost import cost_axes, heading
from analysis.figures.dark import DARK
from analysis.figures.limits import ENGINES
from analysis.figures.map import COLOURS
from analysis.figures.products import products_axes
from analysis.figures.ratio import RULES, ratio_axes
from analysis.figures.style import BLUE, BY_MODE, GREEN, GREY, VERMILLION, drawable, narrow, plain_ticks
from analysis.reading.provenance import Provenance
from analysis.report import picture as image
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, predicted
from analysis.tables.findings import Findings
from analysis.tables.growth import counted_bytes
from analysis.tables.rows import commonest, spread
from analysis.tables.shown.crossing import edges, ratio_panels
from analysis.text import number, short_commit, size
from modes.cost import COTANGENT_BOUNDS, TANGENT_BOUNDS, predicted_crossover
from tests.drawn import xs, ys
from tests.tables import CHAIN, RUN, curve, frame, full_table, pair, row, several

EMPTY = frame([])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return full_table()


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> Findings:
    return Findings(table, Provenance({"blas": "openblas 0.3.31.188.0, Sandybridge kernels"}))


def drawn(name: str, found: Findings) -> Figure:
    figure = drawing(FIGURES[name], found)
    figure.draw_without_rendering()  # which lays it out
    return figure


@pytest.fixture(scope="module")
def pictures(found: Findings) -> dict[str, Figure]:
    return {name: drawn(name, found) for name in FIGURES}


def shown_axes(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.axison and axes.get_label() != "<colorbar>"]


def crossover(verdict: str = CROSSES, **other: Any) -> pd.DataFrame:
    """A crossover table of one row, n* = 80 [70, 90] unless told otherwise."""
    numbers = {"n_star": 80.0, "low": 70.0, "high": 90.0, "tie_low": np.nan, "tie_high": np.nan}
    numbers |= {"smallest": 8.0, "largest": 512.0}
    where = {key: RUN[key] for key in ("machine", "env", "commit")} | CHAIN
    return pd.DataFrame([{**where, "metric": "log_ratio", "verdict": verdict, **numbers, **other}])


def axes_of_a_figure() -> Axes:
    return Figure().subplots()


# --- every figure ---


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_their_ticks_are_plain_numbers(name: str, pictures: dict[str, Figure]) -> None:
    panels = shown_axes(pictures[name])
    assert panels
    assert any(axes.get_ylabel() for axes in panels)
    for axes in panels:
        assert axes.get_xlabel()
        ticks = [label.get_text() for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()]
        assert any(ticks)
        assert not any("10^" in tick or "e+" in tick or "e-" in tick for tick in ticks)


@pytest.mark.parametrize("name", FIGURES)
def test_the_stamp_names_machine_conditions_commit_and_date(name: str, pictures: dict[str, Figure]) -> None:
    text = " ".join(text.get_text() for text in pictures[name].texts)
    assert "testbox" in text
    assert "01234567" in text
    assert "2026-11-01" in text
    assert "openblas 0.3.31.188.0, Sandybridge kernels, 1 thread" in text


@pytest.mark.parametrize("name", FIGURES)
def test_legend_and_stamp_lie_inside_the_figure_and_over_nothing(name: str, pictures: dict[str, Figure]) -> None:
    figure = pictures[name]
    boxes = [legend.get_window_extent() for legend in figure.legends]
    boxes += [text.get_window_extent() for text in figure.texts if text.get_text() != figure.get_suptitle()]
    assert len(boxes) == 2
    assert not boxes[0].overlaps(boxes[1])
    for axes in figure.axes:
        assert axes.get_legend() is None
        bounds = axes.get_tightbbox()
        assert bounds is not None
        assert not any(bounds.overlaps(box) for box in boxes)
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


def test_on_a_phone_nothing_lies_over_anything_either(found: Findings) -> None:
    for name, picture in FIGURES.items():
        if picture.narrow is None:
            continue
        figure = drawing(picture, found, narrow=True)
        figure.draw_without_rendering()
        assert narrow(figure)
        boxes = [legend.get_window_extent() for legend in figure.legends]
        boxes += [text.get_window_extent() for text in figure.texts]
        assert len(boxes) == 3, name
        for box in boxes:
            assert box.x0 >= 0, name
            assert box.x1 <= figure.bbox.width, name
            assert box.y0 >= 0, name
        for axes in figure.axes:
            bounds = axes.get_tightbbox()
            assert bounds is not None
            assert not any(bounds.overlaps(box) for box in boxes), name


def test_a_browser_in_the_dark_knows_a_counterpart_of_every_colour(pictures: dict[str, Figure]) -> None:
    for name, figure in pictures.items():
        svg = image(figure, "svg").decode()
        ElementTree.fromstring(svg)
        (sheet,) = re.findall(r"<style>@media screen and \(prefers-color-scheme:dark\)\{(.*)\}</style>", svg)
        rules = set(re.findall(r'\[style\*="((?:fill|stroke): #[0-9a-f]{6})"\]', sheet))
        used = set(re.findall(r"(?:fill|stroke): #[0-9a-f]{6}", svg.replace(sheet, "")))
        assert rules == used, f"{name}: name the colour in analysis.figures.dark, or take one that is there"


def luminance(colour: str) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_numbers_can_be_read_on_every_cell_of_the_map_and_lines_on_every_page() -> None:
    for ground in COLOURS:
        assert contrast(ground, "#000000") > 7
        assert contrast(DARK[ground], DARK["#000000"]) > 3.5
    for colour in (BLUE, VERMILLION, GREEN, GREY):
        assert contrast(DARK[colour.lower()], DARK["#ffffff"]) > 4.5


@pytest.mark.parametrize("name", FIGURES)
def test_the_legend_names_each_thing_once(name: str, pictures: dict[str, Figure]) -> None:
    (legend,) = pictures[name].legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert len(labels) == len(set(labels)) > 0


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_missing_is_named_with_the_command_that_measures_it(name: str) -> None:
    figure = drawn(name, Findings(EMPTY))
    texts = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert "Not measured yet" in texts
    assert "python -m analysis run" in texts
    assert not shown_axes(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_tables_and_global_settings_stay_as_they_are(name: str, table: pd.DataFrame, found: Findings) -> None:
    settings, shown = dict(mpl.rcParams), FIGURES[name].of(found)
    tables = [table, found.crossovers, shown.rows, *(panel.rows for panel in shown.panels)]
    tables += [beside for panel in shown.panels for beside in panel.beside.values()]
    before = [each.copy(deep=True) for each in tables]
    drawn(name, found)
    assert dict(mpl.rcParams) == settings
    for each, kept in zip(tables, before, strict=True):
        pd.testing.assert_frame_equal(each, kept)


def test_the_modes_differ_in_colour_line_and_marker() -> None:
    forward, reverse = BY_MODE["forward"], BY_MODE["reverse"]
    assert all(forward[key] != reverse[key] for key in ("color", "linestyle", "marker", "label"))


# --- cost against n ---


def cost_rows() -> pd.DataFrame:
    values = {"forward": [1e-3, 2e-3, 4e-3], "reverse": [3e-3, 3e-3, 3e-3]}
    return frame(
        [
            row("seconds", value, n=n, mode=mode)
            for mode, series in values.items()
            for n, value in zip((16, 64, 256), series, strict=True)
        ]
    )


def test_cost_is_drawn_for_both_modes_in_milliseconds() -> None:
    axes = cost_axes(axes_of_a_figure(), cost_rows(), crossover())
    lines = {line.get_color(): line for line in axes.lines if len(xs(line)) == 3 and line.get_linestyle() != "None"}
    forward, reverse = lines[BY_MODE["forward"]["color"]], lines[BY_MODE["reverse"]["color"]]
    np.testing.assert_allclose(np.asarray(forward.get_ydata(), dtype=float), [1, 2, 4])
    np.testing.assert_allclose(np.asarray(reverse.get_ydata(), dtype=float), [3, 3, 3])
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_crossover_and_its_interval_are_marked_at_their_place() -> None:
    axes = cost_axes(axes_of_a_figure(), cost_rows(), crossover())
    (line,) = [line for line in axes.lines if line.get_label() == "crossover n*"]
    assert xs(line) == [80, 80]
    (band,) = [patch for patch in axes.patches if patch.get_label() == "95 % interval of n*"]
    assert (band.get_x(), band.get_x() + band.get_width()) == (70, 90)  # type: ignore[attr-defined]
    assert axes.get_title() == "m = 64 outputs\nn* = 80 [70, 90]"


def test_an_open_interval_runs_out_of_the_picture_and_not_the_picture_after_it() -> None:
    axes = cost_axes(axes_of_a_figure(), cost_rows(), crossover(low=0.0, high=np.inf))
    low, high = axes.get_xlim()
    assert 1 < low < 16
    assert 256 < high < 1000


@pytest.mark.parametrize("verdict", [FORWARD, REVERSE, UNKNOWN])
def test_a_verdict_without_a_crossover_is_said_and_no_line_is_drawn(verdict: str) -> None:
    axes = cost_axes(axes_of_a_figure(), cost_rows(), crossover(verdict, n_star=np.nan))
    assert verdict in axes.get_title()
    assert not [line for line in axes.lines if line.get_label() == "crossover n*"]


def test_no_crossover_measured_is_said() -> None:
    assert "not measured" in heading(cost_rows(), crossover().iloc[:0])


# --- the map ---


def test_the_map_writes_each_ratio_and_draws_both_lines(pictures: dict[str, Figure]) -> None:
    (axes,) = shown_axes(pictures["crossover-map"])
    texts = [text.get_text() for text in axes.texts]
    assert f"{(512 / 12) ** 0.5:.2f}" in texts  # n = 512 at m = 8, where n* = 12
    assert f"{(8 / 192) ** 0.5:.2f}" in texts  # n = 8 at m = 128
    lines = {str(line.get_label()): line for line in axes.lines}
    predicted = lines["equally many multiply-adds"]
    for n, m in zip(xs(predicted), ys(predicted), strict=True):
        assert n == predicted_crossover([64, 64, 64], int(m))
    measured = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(sorted(xs(measured[0])), [12, 24, 48, 80, 192], rtol=1e-6)


def test_each_crossover_stands_on_the_map_with_its_interval_and_each_region_with_its_word(
    found: Findings, pictures: dict[str, Figure]
) -> None:
    for name in ("headline-map", "crossover-map"):
        (axes,) = shown_axes(pictures[name])
        texts = {text.get_text(): text for text in axes.texts}
        (panel,) = found.headline_panels.panels
        rows = panel.beside["crossovers"]
        for each in rows[rows["verdict"] == CROSSES].to_dict("records"):
            assert f"{size(each['n_star'])} [{size(each['low'])}, {size(each['high'])}]" in texts
        forward, reverse = texts["forward mode cheaper"], texts["reverse mode cheaper"]
        assert forward.get_position()[0] < 0.1 < 0.8 < forward.get_position()[1]
        assert reverse.get_position()[1] < 0.1 < 0.9 < reverse.get_position()[0]


def test_the_one_map_is_that_of_the_headline() -> None:
    rows = [each for width in (16, 64) for m in (8, 64) for each in curve(1.2 * m, m=m, width=width)]
    rows += curve(130, m=128, width=64)
    found = Findings(frame(rows))
    assert [dict(panel.setting)["width"] for panel in found.map_panels.panels] == [16, 64]
    assert found.headline is not None
    assert found.headline["width"] == 64
    (panel,) = found.headline_panels.panels
    assert panel.setting["width"] == 64


def test_one_m_alone_is_a_map_of_one_strip() -> None:
    found = Findings(frame(curve(80)))
    (axes,) = shown_axes(drawn("headline-map", found))
    assert "80 [77, 83]" in {text.get_text() for text in axes.texts}
    assert not shown_axes(drawn("crossover-map", found))


def test_a_mode_that_wins_throughout_is_an_arrow_at_the_border() -> None:
    rows = [pair(-1.0, n=n, m=8) for n in (4, 8, 16)] + [pair(1.0, n=n, m=16) for n in (4, 8, 16)]
    table = frame(rows)
    (axes,) = shown_axes(drawn("crossover-map", Findings(table)))
    arrows = {str(line.get_marker()): line for line in axes.lines if line.get_marker() in ("<", ">")}
    assert ys(arrows[">"]) == [8]
    assert ys(arrows["<"]) == [16]
    assert xs(arrows[">"])[0] == pytest.approx(axes.get_xlim()[1])
    assert xs(arrows["<"])[0] == pytest.approx(axes.get_xlim()[0])


def test_several_crossings_are_each_a_hollow_mark() -> None:
    found = Findings(frame([*several(), *curve(80), *curve(20, m=16)]))
    narrow_one = found.counted[found.counted["m"] == 8]
    crossings = [each.n for each in narrow_one["crossings"].iloc[0]]
    assert crossings == pytest.approx([5.53, 6.45, 10.0], rel=0.01)
    (axes,) = shown_axes(drawn("crossover-map", found))
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    once, often = sorted(marks, key=lambda line: line.get_markerfacecolor() == "white")
    assert xs(once) == pytest.approx([20, 80], rel=0.01)
    assert xs(often) == pytest.approx(crossings)
    assert {text.get_text() for text in axes.texts} >= {"5.5", "6.4", "10"}
    over_m = next(each for each in shown_axes(drawn("crossover-ratio", found)) if each.get_xlabel() == "outputs m")
    (often,) = [line for line in over_m.lines if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    assert (xs(often), ys(often)) == ([8, 8, 8], pytest.approx([n / 8 for n in crossings]))
    assert over_m.get_ylim()[0] < min(crossings) / 8
    assert "crosses 3 times: n* = 5.5, 6.4, 10" in heading(cost_rows(), narrow_one)


def test_cell_borders_lie_half_way_on_a_logarithmic_scale() -> None:
    np.testing.assert_allclose(edges(np.array([2.0, 8.0, 32.0])), [1, 4, 16, 64])
    low, high = edges(np.array([10.0]))
    assert low * high == pytest.approx(100)


# --- n*/m ---


def ratio_part(*verdicts: str) -> pd.DataFrame:
    rows = [
        crossover(verdict, depth=4**i, n_star=80.0 if verdict == CROSSES else np.nan)
        for i, verdict in enumerate(verdicts, start=1)
    ]
    return predicted(pd.concat(rows, ignore_index=True)).assign(modelled=np.nan)


def test_the_ratio_is_drawn_over_m_with_its_interval() -> None:
    axes = ratio_axes(axes_of_a_figure(), ratio_part(CROSSES, CROSSES), "depth")
    line = next(line for line in axes.lines if line.get_marker() == "o")
    assert xs(line) == [4, 16]
    np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), [80 / 64, 80 / 64])
    bar = axes.collections[0].get_segments()[0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(bar[:, 1], [70 / 64, 90 / 64])


def test_each_verdict_without_a_crossover_has_its_sign() -> None:
    axes = ratio_axes(axes_of_a_figure(), ratio_part(CROSSES, FORWARD, REVERSE, UNKNOWN), "depth")
    signs = {str(line.get_label()).partition(":")[0]: (line.get_marker(), xs(line)) for line in axes.lines}
    assert signs[FORWARD] == ("^", [16])
    assert signs[REVERSE] == ("v", [64])
    assert signs[UNKNOWN] == ("x", [256])


def test_the_shipped_thresholds_are_lines_with_names(pictures: dict[str, Figure]) -> None:
    panels = shown_axes(pictures["crossover-ratio"])[:4]
    assert set(RULES) == {1.0, 1.5, 2.03}
    for axes in panels:
        levels = {ys(line)[0] for line in axes.lines if xs(line) == [0, 1]}
        assert levels >= set(RULES)
    assert [text.get_text() for text in panels[-1].texts] == list(RULES.values())


def test_a_prediction_beyond_every_n_is_an_open_arrow() -> None:
    axes = ratio_axes(axes_of_a_figure(), predicted(crossover(profile="funnel")).assign(modelled=np.nan), "profile")
    (arrow,) = [line for line in axes.lines if line.get_markerfacecolor() == "none" and line.get_marker() == "^"]
    assert len(xs(arrow)) == 1
    assert arrow.get_label() == "counted: forward throughout"


def test_open_intervals_can_be_drawn_on_a_logarithmic_axis() -> None:
    ends = drawable(crossover(low=0.0, high=np.inf)).iloc[0]
    assert ends["low"] > 0
    assert np.isfinite(ends["high"])
    table = frame(curve(80, depth=4) + curve(80, depth=16))
    found = Findings(table).counted.assign(low=0.0, high=np.inf)
    figure = Figure()
    FIGURES["crossover-ratio"].draw(figure, ratio_panels(found, Findings(table).predictions, table))
    figure.draw_without_rendering()
    panels = shown_axes(figure)
    low, high = panels[0].get_ylim()
    assert 0.1 < low < 1
    assert 1.25 < high < 10


# --- memory, products, overhead ---


def test_memory_is_drawn_beside_its_count(pictures: dict[str, Figure]) -> None:
    (axes,) = shown_axes(pictures["memory-against-depth"])
    assert axes.get_ylim()[0] == 0
    lines = {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float) for line in axes.lines}
    np.testing.assert_allclose(lines["reverse mode"], [102, 104, 116, 164])
    for mode in ("forward", "reverse"):
        counted = [counted_bytes(CHAIN | {"mode": mode, "depth": depth}) / 1e3 for depth in (2, 4, 16, 64)]
        np.testing.assert_allclose(lines[f"{mode} mode, counted"], counted)


def test_products_stand_beside_the_bounds() -> None:
    rows = [row("log_product_over_f", np.log(ratio), mode="forward", width=w) for w, ratio in ((8, 5.0), (64, 2.2))]
    axes = products_axes(axes_of_a_figure(), frame(rows))
    line = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), [5.0, 2.2])
    heights = sorted((band.get_y(), band.get_y() + band.get_height()) for band in axes.patches)  # type: ignore[attr-defined]
    assert heights == [tuple(map(sum, TANGENT_BOUNDS)), tuple(map(sum, COTANGENT_BOUNDS))] == [(2.0, 2.5), (3.0, 4.0)]


def points(axes: Axes, label: str) -> dict[float, float]:
    """The size and height of each point of the line with that label."""
    containers = {str(container.get_label()): container for container in axes.containers}
    line = containers[label].lines[0]  # type: ignore[attr-defined]
    return dict(zip(xs(line), ys(line), strict=True))


def test_overhead_is_a_ratio_for_each_engine_and_depth(pictures: dict[str, Figure]) -> None:
    for axes in shown_axes(pictures["engine-overhead"]):
        assert points(axes, "modes, depth 4") == pytest.approx({size: np.exp(1 / size) for size in (8, 64, 256)})
        assert points(axes, "modes-prepared, depth 4") == pytest.approx(
            {size: np.exp(1 / 2 / size) for size in (8, 64, 256)}
        )
        assert points(axes, "modes, depth 16") == pytest.approx(dict.fromkeys((8, 64, 256), np.exp(1 / 2)))


def test_the_cost_over_the_limit_is_drawn_for_each_engine(pictures: dict[str, Figure]) -> None:
    panels = shown_axes(pictures["cost-over-limit"])
    assert [axes.get_title() for axes in panels] == ["forward mode", "reverse mode"]
    for axes in panels:
        for label, part in (("modes", 2.0), ("modes-prepared", 1.5), ("floor (by hand)", 1.0)):
            assert points(axes, label) == pytest.approx({size: np.exp(part / size) for size in (8, 64, 256)})
        (limit,) = [line for line in axes.lines if line.get_label() == "arithmetic limit"]
        assert set(ys(limit)) == {1}


def test_other_shapes_are_markers_without_a_line_at_their_geometric_mean(pictures: dict[str, Figure]) -> None:
    for axes in shown_axes(pictures["cost-over-limit"]):
        loose = [line for line in axes.lines if line.get_linestyle() == "None" and line.get_markersize() == 3]
        assert {line.get_color() for line in loose if len(xs(line))} == {look["color"] for look in ENGINES.values()}
        for line in loose:
            drawn = np.asarray(line.get_xdata(), dtype=float)
            np.testing.assert_allclose(drawn, np.cbrt([2 * size**3 for size in (8, 64, 256)][: drawn.size]))


@pytest.mark.parametrize("name", ["cost-over-limit", "engine-overhead"])
def test_one_mode_engine_and_shape_alone_can_be_drawn(name: str) -> None:
    metric = {"cost-over-limit": "log_over_limit", "engine-overhead": "log_over_floor"}[name]
    for sizes in ({"n": 64}, {"n": 8}):
        table = frame([row(metric, 0.5, mode="reverse", **sizes)])
        (axes,) = shown_axes(drawn(name, Findings(table)))
        assert axes.get_title() == "reverse mode"


def test_chunks_are_drawn_over_all_seeds_at_once(pictures: dict[str, Figure]) -> None:
    time, memory = shown_axes(pictures["chunk-size"])
    for axes, whole, cost in (
        (time, {"forward": 84e-6, "reverse": 1e-4}, lambda seeds: 1e-2 / seeds),
        (memory, {"forward": 1e5, "reverse": 1.04e5}, lambda seeds: 9e4 + 1e3 * seeds),
    ):
        for mode, look in BY_MODE.items():
            (line,) = [line for line in axes.lines if line.get_label() == look["label"]]
            assert xs(line) == [4, 16, 32, 64]
            expected = [cost(seeds) / whole[mode] for seeds in (4, 16, 32)]
            np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), [*expected, 1])


def test_chunks_without_memory_have_one_panel_and_each_mode_its_own_number_of_seeds() -> None:
    rows = []
    for mode in BY_MODE:
        rows += [row("seconds", 1.0, mode=mode, n=32), row("seconds", 3.0, mode=mode, n=32, chunk_size=8)]
    (axes,) = shown_axes(drawn("chunk-size", Findings(frame(rows))))
    forward, reverse = (
        next(line for line in axes.lines if line.get_label() == look["label"]) for look in BY_MODE.values()
    )
    assert xs(forward) == [8, 32]
    assert xs(reverse) == [8, 64]
    assert ys(forward) == ys(reverse) == [3, 1]


# --- helpers ---


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.25, "0.25"), (0.001234, "0.00123"), (2.0, "2"), (128, "128"), (20000, "20000"), (1.5, "1.5")],
)
def test_numbers_are_plain(value: float, expected: str) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(8.1, "8.1"), (8.0, "8"), (9.96, "10"), (81.3, "81"), (1250.4, "1250")]
)
def test_sizes_are_integers_from_ten_on(value: float, expected: str) -> None:
    assert size(value) == expected


def test_ticks_too_close_to_the_one_before_are_left_out() -> None:
    axes = axes_of_a_figure()
    axes.set(xscale="log", xlim=(8, 512))
    plain_ticks(axes.xaxis, [8, 64, 66, 512])
    assert [tick for tick in axes.xaxis.get_majorticklocs() if 8 <= tick <= 512] == [8, 64, 512]


def test_the_commit_is_short_and_stays_dirty() -> None:
    assert short_commit("0123456789abcdef") == "01234567"
    assert short_commit("0123456789abcdef+dirty") == "01234567+dirty"


def test_the_setting_with_the_most_sizes_is_chosen_and_the_smallest_of_several() -> None:
    rows = frame(
        [row("seconds", 1.0, n=n, width=w) for w, sizes in ((64, (1, 2)), (32, (1, 2)), (8, (1,))) for n in sizes]
    )
    assert commonest(rows, ["width"], of="n") == {"width": 32}
    with pytest.raises(ValueError, match="empty table"):
        commonest(rows.iloc[:0], ["width"], of="n")


def test_panels_are_spread_over_the_values() -> None:
    assert spread([1, 2, 3, 4, 5, 5], 3) == [1, 3, 5]
    assert spread([2, 1], 3) == [1, 2]
