"""The rates by shape of the machine, measured when a run begins: what the cost model and mode="auto" go by in it.

Contract: `python -m modes.calibrate` does it, in the run's own conditions, and keeps what it measured where mode="auto"
looks for it, in the run's processes as in the user's own. A run goes on without.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from analysis.running.children import ask
from analysis.running.output import failure

HOW = {
    "quick": ("--seconds", "2.5", "--if-needed"),
    "standard": ("--seconds", "10"),
    "full": ("--seconds", "20"),
}
"""By preset; the first one has no time for it."""


def calibrated(root: Path, preset: str, environment: Mapping[str, str], show: Callable[[str], None]) -> str:
    """What `python -m modes.calibrate --json` printed; "" where the preset has no time for it, or it failed."""
    if preset not in HOW:
        return ""
    command = [sys.executable, "-m", "modes.calibrate", "--json", *HOW[preset]]
    code, said, complaints = ask(command, root, environment)
    if not said.strip():
        show(f"{failure(command, code, complaints)}; the run goes on by the rates that ship.")
    return said.strip()
