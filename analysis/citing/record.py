"""What facts are held against: the measurements that they came from, and other facts.

What a fact is, and the file that holds many, is said in `modes.facts.record`, which documents elsewhere need as well.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from modes.facts.ranges import RANGE
from modes.facts.record import FIELDS, Fact, sha256


def differences(cited: Mapping[str, Fact], fresh: Mapping[str, Fact]) -> list[str]:
    """Where a facts file is not what the results give, one line a fact; empty where it is."""
    found = []
    for key in sorted({*cited, *fresh}):
        if key not in fresh:
            found.append(f"fact {key}: not among the results")
        elif key not in cited:
            found.append(f"fact {key}: the results have it, the file does not")
        elif cited[key]["digest"] != fresh[key]["digest"]:
            digests = cited[key]["digest"][:12], fresh[key]["digest"][:12]
            found.append(f"fact {key}: of other measurements (digest {digests[0]}, the results have {digests[1]})")
        elif cited[key] != fresh[key]:
            every = dict.fromkeys([*FIELDS, *RANGE])
            names = [name for name in every if name != "seal" and cited[key].get(name) != fresh[key].get(name)]
            found.append(f"fact {key}: of the same measurements, but with another {', '.join(names)}")
    return found


def rows_digest(rows: pd.DataFrame) -> str:
    """SHA-256 of measurements: one line of canonical JSON (sorted names, Python's floats) a row, the lines sorted."""
    lines = (
        json.dumps({str(name): _plain(value) for name, value in row.items()}, sort_keys=True)
        for row in rows.to_dict("records")
    )
    return sha256(sorted(lines))


def _plain(value: Any) -> Any:
    """A cell of a table as JSON has it; what is missing or not finite is null."""
    if isinstance(value, list):
        return [float(each) for each in value]
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else None
