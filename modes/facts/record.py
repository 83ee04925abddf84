"""A fact as a record, and the file that holds many: what is in it, and how an edit shows.

A fact is a flat record of FIELDS. `value`, `low` and `high` are numbers, or null: an end of an interval that lies
beyond every size measured, a number without an interval, a crossover that was not found. `text` and `interval` are how
they are written in a sentence. `digest` is the SHA-256 of the measurements that the fact came from, `seal` that of all
its other fields, and the file's `digest` that of all seals.
"""

import difflib
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .errors import FactsError

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


def sealed(fact: Mapping[str, Any]) -> Fact:
    """The fact with its seal, its fields in the order of FIELDS, its numbers finite or None.

    Numbers are rounded to nine digits: the last ones of a logarithm or a fit are not the same on every processor.
    """
    numbers = {name: plain(fact[name]) for name in NUMBERS}
    whole = {**fact, **numbers}
    whole["seal"] = _seal(whole)
    return {name: whole[name] for name in FIELDS}


def plain(number: float) -> float | None:
    """A number as facts have it: nine digits of it, or None."""
    return float(f"{number:.9g}") if math.isfinite(number) else None


def facts_bytes(facts: Iterable[Fact], further: Mapping[str, Any] | None = None) -> bytes:
    """The contents of `facts.json`; `further` is what it says beside one run's facts (`modes.facts.ranges`)."""
    facts = list(facts)
    data = {"format": FORMAT, "digest": file_digest(facts), "facts": facts, **(further or {})}
    return (json.dumps(data, indent=1, allow_nan=False) + "\n").encode()


def parse_facts(content: bytes, place: str) -> dict[str, Fact]:
    """The facts in the contents of `facts.json`, by key.

    Raises FactsError, naming `place` and the fact, where it is no such file, or where anything in it was changed
    since it was written.
    """
    data = _json(content)
    facts: Any = data.get("facts") if isinstance(data, dict) else None
    good = isinstance(facts, list) and len(facts) > 0 and all(map(_is_fact, facts))
    if not good or type(data.get("format")) is not int or data["format"] != FORMAT:
        raise FactsError(f"{place}: not a file of facts of format {FORMAT}; write it anew: {WRITE}")
    for fact in facts:
        if fact["seal"] != _seal(fact):
            raise FactsError(
                f"{place}: fact {fact['key']} was edited, its seal does not match; write it anew from the results: "
                f"{WRITE}"
            )
    if data.get("digest") != file_digest(facts) or len({fact["key"] for fact in facts}) != len(facts):
        raise FactsError(f"{place}: facts were added or removed, its digest does not match; write it anew: {WRITE}")
    return {fact["key"]: fact for fact in facts}


def opened(path: Path, remedy: str) -> bytes:
    """The contents of a regular file: whoever opens a pipe waits for ever. FactsError where it cannot be read."""
    try:
        if path.is_file():
            return path.read_bytes()
        said = "not a regular file" if path.exists() else "missing"
    except (OSError, ValueError) as error:
        said = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    raise FactsError(f"{path}: {said}; {remedy}")


def file_digest(facts: Iterable[Fact]) -> str:
    """What names a whole set of facts: the digest of their seals, in any order."""
    return sha256(sorted(fact["seal"] for fact in facts))


def written(fact: Mapping[str, Any], field: str) -> str:
    """A field of a fact as it is cited."""
    value = fact[field]
    return "none" if value is None or value == "" else str(value)


def found(facts: Mapping[str, Fact], key: str, place: str) -> Fact:
    """The fact of a key. FactsError, with the nearest keys, where there is none."""
    if key not in facts:
        near = difflib.get_close_matches(key, facts, n=3, cutoff=0.0)
        raise FactsError(f"{place}: no fact {key!r} among {len(facts)}; nearest: {', '.join(near)}")
    return facts[key]


def sha256(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _json(content: bytes) -> Any:
    """The JSON in a file whose texts any file and terminal takes; None where it holds no such thing."""
    try:
        data = json.loads(content.decode())
        if "\\u0000" in json.dumps(data):
            return None
        json.dumps(data, ensure_ascii=False).encode()  # halves of a character outside the first plane cannot be
    except (ValueError, RecursionError):
        return None
    return data


def _is_fact(fact: Any) -> bool:
    return (
        isinstance(fact, dict)
        and set(fact) == set(FIELDS)
        and all(isinstance(fact[name], str) for name in FIELDS if name not in NUMBERS)
        and all(fact[name] is None or isinstance(fact[name], float) for name in NUMBERS)
    )


def _seal(fact: Mapping[str, Any]) -> str:
    return sha256([json.dumps({name: fact[name] for name in FIELDS if name != "seal"}, sort_keys=True)])
