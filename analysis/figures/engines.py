"""How an engine looks in the figures of libraries: the same colour, line and marker in each of them.

Contract: no two of the first ten libraries share both a marker and a line, so that print without colour tells them
apart. Which engine gets which look depends on the engines measured alone, by their place in the alphabet: an engine
needs no line here.
"""

from collections.abc import Iterable
from typing import Any

from analysis.figures.style import BLUE, GREEN, GREY, PURPLE, VERMILLION
from benchmarks.catalogue.engines import BY_HAND, OWN, label, place

ORANGE, SKY = "#E69F00", "#56B4E9"  # of the same palette as the style's
BROWN = "#7F4F24"  # which that palette lacks
DOTTED, SPARSE = (0, (1, 1)), (0, (4, 1.5, 1, 1.5, 1, 1.5))
FIXED: dict[str, dict[str, Any]] = {
    "modes": {"color": "black", "linestyle": "-", "marker": "o", "linewidth": 2.2},
    "modes-prepared": {"color": "black", "linestyle": (0, (5, 2)), "marker": "o", "markerfacecolor": "white"},
    "modes-compiled": {"color": "black", "linestyle": ":", "marker": "d", "linewidth": 2.2},
    BY_HAND: {"color": GREY, "linestyle": ":", "marker": "x"},
}
LOOKS: tuple[dict[str, Any], ...] = (
    {"color": VERMILLION, "linestyle": "-", "marker": "s"},
    {"color": BLUE, "linestyle": "--", "marker": "^"},
    {"color": GREEN, "linestyle": "-.", "marker": "D"},
    {"color": PURPLE, "linestyle": DOTTED, "marker": "v"},
    {"color": SKY, "linestyle": SPARSE, "marker": "P"},
    {"color": ORANGE, "linestyle": "--", "marker": "X"},
    {"color": BROWN, "linestyle": "-", "marker": ">"},
    {"color": VERMILLION, "linestyle": "-.", "marker": "<"},
    {"color": GREEN, "linestyle": DOTTED, "marker": "*"},
    {"color": PURPLE, "linestyle": "-", "marker": "h"},
)


def looks(engines: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The look of each engine, by name, `label` included: this project's, the libraries', the hand-written one's."""
    present = set(engines)
    others = sorted(present - set(OWN))
    named = {name: LOOKS[number % len(LOOKS)] for number, name in enumerate(others)}
    in_order = sorted(present, key=place)
    return {name: {"label": label(name), **FIXED.get(name, named.get(name, {}))} for name in in_order}
