"""What a figure is given to draw. Data alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True, eq=False)
class Panel:
    """The `rows` of one panel; `name` tells it from the others of its figure.

    `setting` is what its rows have in common, `beside` holds by name what is drawn beside them.
    """

    name: Any
    rows: pd.DataFrame
    setting: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Shown:
    """All that a figure shows, panel by panel; without panels, what it shows was not measured.

    `rows` are the measurements behind it (columns machine, commit, date: whence it comes), `setting` what its panels
    have in common, `engines` those measured in the run.
    """

    rows: pd.DataFrame
    panels: tuple[Panel, ...] = ()
    setting: Mapping[str, Any] = field(default_factory=dict)
    engines: tuple[str, ...] = ()
