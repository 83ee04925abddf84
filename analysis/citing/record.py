"""A fact as a record, and the file that holds many: what is in it, and how an edit shows.

A fact is a flat record of FIELDS. `value`, `low` and `high` are numbers, or null: an end of an interval that lies
beyond every size measured, a number without an interval, a crossover that was not found. `text` and `interval` are how
they are written in a sentence. `digest` is the SHA-256 of the measurements that the fact came from (`rows_digest`),
`seal` that of all its other fields, and the file's `digest` that of all seals.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from msgspec import Struct

from analysis.errors import AnalysisError
from analysis.reading.schema import DamagedError, checked

FILE = "facts.json"
FORMAT = 1
DIGITS = 12
"""Digits of the file's digest that a page names; as many as it likes are compared."""
WRITE = "python -m analysis cite"
NUMBERS = ("value", "low", "high")
FIELDS = (
    *("key", *NUMBERS, "text", "interval", "unit", "verdict", "sentence"),
    *("engine", "engine_version", "machine", "cpu", "cores", "memory", "system"),
    *("blas", "blas_threads", "python", "numpy", "commit", "date", "measured", "digest", "seal"),
)

Fact = dict[str, Any]


class Stored(Struct):
    """The contents of FILE."""

    format: int
    facts: list[Fact]
    digest: str | None = None


def sealed(fact: Mapping[str, Any]) -> Fact:
    """The fact with its seal, its fields in the order of FIELDS, its numbers finite or None.

    Numbers are rounded to nine digits: the last ones of a logarithm or a fit are not the same on every processor.
    """
    numbers = {name: float(f"{fact[name]:.9g}") if math.isfinite(fact[name]) else None for name in NUMBERS}
    whole = {**fact, **numbers}
    whole["seal"] = _seal(whole)
    return {name: whole[name] for name in FIELDS}


def facts_bytes(facts: Iterable[Fact]) -> bytes:
    """The contents of `facts.json`."""
    facts = list(facts)
    data = {"format": FORMAT, "digest": file_digest(facts), "facts": facts}
    return (json.dumps(data, indent=1, allow_nan=False) + "\n").encode()


def parse_facts(content: bytes, place: str) -> dict[str, Fact]:
    """The facts in the contents of `facts.json`, by key.

    Raises AnalysisError, naming `place` and the fact, where it is no such file, or where anything in it was changed
    since it was written.
    """
    try:
        stored = checked(content, Stored)[1]
        facts = stored.facts
        good = stored.format == FORMAT and len(facts) > 0 and all(map(_is_fact, facts))
    except DamagedError:
        good = False
    if not good:
        raise AnalysisError(f"{place}: not a file of facts of format {FORMAT}; write it anew: {WRITE}")
    for fact in facts:
        if fact["seal"] != _seal(fact):
            raise AnalysisError(
                f"{place}: fact {fact['key']} was edited, its seal does not match; write it anew from the results: "
                f"{WRITE}"
            )
    if stored.digest != file_digest(facts) or len({fact["key"] for fact in facts}) != len(facts):
        raise AnalysisError(f"{place}: facts were added or removed, its digest does not match; write it anew: {WRITE}")
    return {fact["key"]: fact for fact in facts}


def file_digest(facts: Iterable[Fact]) -> str:
    """What names a whole set of facts: the digest of their seals, in any order."""
    return _sha256(sorted(fact["seal"] for fact in facts))


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
            names = [name for name in FIELDS if name != "seal" and cited[key][name] != fresh[key][name]]
            found.append(f"fact {key}: of the same measurements, but with another {', '.join(names)}")
    return found


def written(fact: Mapping[str, Any], field: str) -> str:
    """A field of a fact as it is cited."""
    value = fact[field]
    return "none" if value is None or value == "" else str(value)


def rows_digest(rows: pd.DataFrame) -> str:
    """SHA-256 of measurements: one line of canonical JSON (sorted names, Python's floats) a row, the lines sorted."""
    lines = (
        json.dumps({str(name): _plain(value) for name, value in row.items()}, sort_keys=True)
        for row in rows.to_dict("records")
    )
    return _sha256(sorted(lines))


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


def _is_fact(fact: Any) -> bool:
    return (
        isinstance(fact, dict)
        and set(fact) == set(FIELDS)
        and all(isinstance(fact[name], str) for name in FIELDS if name not in NUMBERS)
        and all(fact[name] is None or isinstance(fact[name], float) for name in NUMBERS)
    )


def _seal(fact: Mapping[str, Any]) -> str:
    return _sha256([json.dumps({name: fact[name] for name in FIELDS if name != "seal"}, sort_keys=True)])


def _sha256(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
