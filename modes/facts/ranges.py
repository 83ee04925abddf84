"""Facts over several runs: what a file of facts may say, beside one run's numbers, of how far they hold on others.

A fact of such a file has the fields RANGE as well: `runs`, how many runs tell it, and `holds`, the most of them that
agree; `range`, the numbers seen, as they are written in a sentence, from `range_low` to `range_high`; `over_runs`, the
same with what it rests on; `replicated`, the verdict, and `depends`, the conditions that explain the differences where
it does not hold; `general`, what may be said of all runs, "" where nothing may: it has to hold on all, and under more
than one condition; `tau2` and `i2`, how far the runs' truths are apart (`analysis.replicating` defines all of them).

They are a section of their own in the file, with a seal each, so that who reads one run's facts alone reads what they
always read. `runs_of` says which runs they are of.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import record
from .errors import FactsError
from .record import FIELDS, WRITE, Fact, opened, sha256

GENERAL = "general"
"""The field by which a fact is cited as general."""
TEXTS = ("replicated", "depends", "range", GENERAL, "over_runs")
COUNTS = ("runs", "holds")
NUMBERS = ("range_low", "range_high", "tau2", "i2")
RANGE = (*COUNTS, *TEXTS, *NUMBERS)
RUN = ("name", "folder", "machine", "cpu", "blas", "blas_threads", "python", "numpy", "commit", "measured")
"""What is said of each run; `folder` is where its results are, relative to the file, with forward slashes."""
SECTION = "over_runs"
PUBLISH = "python -m analysis publish"


def ranged(fact: Mapping[str, Any], found: Mapping[str, Any]) -> Fact:
    """The fact with the fields RANGE, of `found`; numbers rounded as a fact's are, None where there is none."""
    numbers = {name: record.plain(found[name]) for name in NUMBERS}
    counts, texts = {name: int(found[name]) for name in COUNTS}, {name: str(found[name]) for name in TEXTS}
    whole = {**counts, **texts, **numbers}
    return {**fact, **{name: whole[name] for name in RANGE}}


def facts_bytes(facts: Iterable[Fact], runs: Sequence[Mapping[str, str]] = ()) -> bytes:
    """The contents of a file of facts; with `runs` (RUN each), the facts have RANGE and the file says so."""
    facts = list(facts)
    plain = [{name: fact[name] for name in FIELDS} for fact in facts]
    if not runs:
        return record.facts_bytes(plain)
    kept = [{"key": fact["key"], **{name: fact[name] for name in RANGE}} for fact in facts]
    listed = [{name: run[name] for name in RUN} for run in runs]
    section = {"digest": _digest(listed, kept), "runs": listed, "facts": kept}
    return record.facts_bytes(plain, {SECTION: section})


def parse_facts(content: bytes, place: str) -> dict[str, Fact]:
    """The facts in the contents of a file, by key, each with RANGE where the file has it.

    Raises FactsError, naming `place`, where it is no such file, or where anything in it was changed since.
    """
    facts = record.parse_facts(content, place)
    section = _section(content, place)
    for each in section.get("facts", []):
        if each["key"] in facts:
            facts[each["key"]] |= {name: each[name] for name in RANGE}
    return facts


def runs_of(content: bytes, place: str) -> list[dict[str, str]]:
    """The runs (RUN each) that the facts in the contents of a file are over, the one that they are of first; none of a
    file of one run."""
    runs: list[dict[str, str]] = _section(content, place).get("runs", [])
    return runs


def stored_facts(path: Path) -> dict[str, Fact]:
    """The facts in a file, by key. Raises FactsError where it cannot be read, or was edited since it was written."""
    return parse_facts(opened(path, f"write the facts: {WRITE} --facts {path}"), str(path))


def unsaid(fact: Mapping[str, Any], field: str) -> str:
    """Why a fact cannot be cited by a field of RANGE, as the end of a sentence; "" where it can."""
    if field not in RANGE:
        return ""
    if field not in fact:
        return f"no {field} of it is known: the facts are of one run; publish several: {PUBLISH} --runs DIR DIR"
    if field == GENERAL and not fact[GENERAL]:
        return f"cited as general, which it is not: {fact['over_runs']}; cite its range"
    return ""


def check_field(fact: Fact, field: str) -> None:
    """Raises FactsError where the fact cannot be cited by this field ("": its number)."""
    if field and field not in (*FIELDS, *RANGE):
        raise FactsError(f"{fact['key']}: a fact has no {field!r}, but {', '.join((*FIELDS, *RANGE))}")
    if why := unsaid(fact, field):
        raise FactsError(f"{fact['key']}: {why}")


def _section(content: bytes, place: str) -> dict[str, Any]:
    """What a file says of several runs; nothing where it says nothing."""
    section = json.loads(content.decode()).get(SECTION)
    if section is None:
        return {}
    if not _is_section(section):
        raise FactsError(f"{place}: what it says of several runs is not in our form; write it anew: {PUBLISH}")
    if section["digest"] != _digest(section["runs"], section["facts"]):
        raise FactsError(
            f"{place}: what it says of several runs was edited, its digest does not match; write it anew: {PUBLISH}"
        )
    known: dict[str, Any] = section
    return known


def _is_section(section: Any) -> bool:
    return (
        isinstance(section, dict)
        and set(section) == {"digest", "runs", "facts"}
        and all(isinstance(section[name], list) for name in ("runs", "facts"))
        and all(_has(run, RUN) and all(isinstance(run[name], str) for name in RUN) for run in section["runs"])
        and all(_has(fact, ("key", *RANGE)) and _is_range(fact) for fact in section["facts"])
    )


def _has(entry: Any, names: Sequence[str]) -> bool:
    return isinstance(entry, dict) and set(entry) == set(names)


def _is_range(fact: Mapping[str, Any]) -> bool:
    return (
        all(isinstance(fact[name], str) for name in ("key", *TEXTS))
        and all(type(fact[name]) is int for name in COUNTS)
        and all(fact[name] is None or isinstance(fact[name], float) for name in NUMBERS)
    )


def _digest(runs: Sequence[Mapping[str, Any]], facts: Sequence[Mapping[str, Any]]) -> str:
    return sha256([json.dumps(entry, sort_keys=True) for entry in (*runs, *facts)])
