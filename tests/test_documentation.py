"""What the documentation shows is run: the docstrings' examples, and the README's Python."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import modes

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("module", [modes, modes.rules], ids=lambda m: m.__name__)
def test_examples_in_docstrings(module: ModuleType) -> None:
    kept = dict(modes.rules.RULES)
    try:
        result = doctest.testmod(module)
    finally:
        modes.rules.RULES.clear()
        modes.rules.RULES.update(kept)
    assert result.attempted > 2
    assert result.failed == 0


def test_the_readme_s_python_runs_and_says_the_truth() -> None:
    (code,) = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    f, x = names["f"], names["x"]
    forward, reverse, auto = (modes.jacobian(f, mode=mode)(x) for mode in ("forward", "reverse", "auto"))  # type: ignore[arg-type]
    assert forward.shape == (3, 2)
    np.testing.assert_allclose(forward, reverse, rtol=1e-15)
    np.testing.assert_allclose(auto, reverse, rtol=1e-15)
