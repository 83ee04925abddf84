"""Where measured rates are kept: a file a machine, BLAS kernel, number of threads and NumPy, where caches belong.

The folder is the environment variable MODES_CACHE, or where the platform keeps caches. The ten lines that say where
that is are those of platformdirs, user_cache_path("mode-crossover", appauthor=False)
(https://platformdirs.readthedocs.io/en/latest/): `import modes` needs NumPy alone, and to ask platformdirs only where
it is installed would look in two places. A test holds the two equal.

Contract: a file is written as a whole or not at all. What cannot be used, because it is damaged or of other conditions
than its name says, is ignored with one warning, which says the remedy. Nothing is read when modes is imported.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .machine import blas, processor
from .shapes import ShapedRates

__all__ = ["VARIABLE", "conditions", "folder", "forget", "load", "path_for", "save"]

VARIABLE = "MODES_CACHE"
NAME = "mode-crossover"
FORMAT = 1
REMEDY = "measure them again: python -m modes.calibrate; or remove them: python -m modes.calibrate --forget"


def conditions() -> dict[str, Any]:
    """What rates hold for: processor, BLAS kernel and threads, NumPy's version."""
    kernel, threads = blas()
    return {"processor": processor(), "kernel": kernel, "threads": threads, "numpy": np.__version__}


def folder() -> Path:
    """The folder of the files; it need not exist."""
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        return Path(given)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "").strip()
        return (Path(local) if local else Path.home() / "AppData" / "Local") / NAME / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / NAME
    cache = os.environ.get("XDG_CACHE_HOME", "").strip()
    return (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / NAME


def path_for(here: Mapping[str, Any]) -> Path:
    """The file for these conditions, named by them."""
    words = [here["processor"], here["kernel"], f"{here['threads']} threads", f"numpy {here['numpy']}"]
    name = "-".join("".join(c if c.isalnum() or c == "." else "_" for c in word) for word in words)
    return folder() / f"rates-{name}.json"


def save(rates: ShapedRates, here: Mapping[str, Any]) -> Path:
    """Keep rates for these conditions, in place of those kept before; the file. Raises OSError where that fails."""
    import json
    import tempfile

    path = path_for(here)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": FORMAT, "conditions": dict(here), "rates": rates.as_plain()}, separators=(",", ":"))
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def load(here: Mapping[str, Any] | None = None) -> ShapedRates | None:
    """The rates kept for these conditions, by default those of this process; None where there are none to be used."""
    import json

    try:
        here = conditions() if here is None else here
        path = path_for(here)
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # none are kept; or there is no home
        return None
    except (OSError, UnicodeDecodeError) as error:
        _ignored(f"cannot be read ({error})")
        return None
    try:
        record = json.loads(text)
        if record["format"] != FORMAT or record["conditions"] != dict(here):
            _ignored(f"{path} is of another machine, kernel, NumPy or format than its name says")
            return None
        return ShapedRates(**record["rates"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        _ignored(f"{path} is damaged ({type(error).__name__}: {error})")
        return None


def forget() -> list[Path]:
    """Remove all rates that are kept; the files that were there. Raises OSError where one cannot be removed."""
    try:
        there = sorted(folder().glob("rates-*.json"))
    except (OSError, RuntimeError):
        return []
    for path in there:
        path.unlink(missing_ok=True)
    return there


def _ignored(why: str) -> None:
    warnings.warn(f'the rates kept for mode="auto" are not used: {why}; {REMEDY}', RuntimeWarning, stacklevel=2)
