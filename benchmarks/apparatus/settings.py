"""What the environment chooses of the suite: the preset, the number of pairs, the engines that take part."""

import os
import sys
from functools import cache

from ..catalogue.engines import QUICK, installed, listed
from ..catalogue.presets import FORMER, LEAST, PAIRS, VARIABLE, known_preset


def active_preset() -> str:
    """MODES_PRESET; "quick" where it is not set, as in `python -m analysis run`, so that both measure the same sizes.

    MODES_PROFILE, its former name, counts as well, and says so.
    """
    if VARIABLE not in os.environ and FORMER in os.environ:
        _say_once(f"{FORMER} is now called {VARIABLE}: set that")
        return known_preset(os.environ[FORMER])
    return known_preset(os.environ.get(VARIABLE, "quick"))


def pair_count() -> int:
    """Pairs that a process takes: MODES_PAIRS, or what the active preset asks for."""
    return int(os.environ.get("MODES_PAIRS", PAIRS[active_preset()]))


def process_count() -> int:
    """Fresh processes that a ratio is measured in: MODES_PROCESSES, or the least that the active preset asks for."""
    return int(os.environ.get("MODES_PROCESSES", LEAST[active_preset()]))


def chosen(preset: str) -> tuple[str, ...]:
    """The engines that take part: those that MODES_ENGINES names, with commas between.

    Where it is not set, presets first and quick take the project's own, any other what is installed. An engine that is
    named takes part even if it is missing, so that its cells are seen to be skipped.
    """
    named = os.environ.get("MODES_ENGINES", "")
    if not named.strip():
        return QUICK if preset in ("first", "quick") else installed()
    return listed(named)


@cache
def _say_once(text: str) -> None:
    """Of all modules of the suite, and of the processes that asv forks from the one that imported them."""
    print(text, file=sys.stderr)
