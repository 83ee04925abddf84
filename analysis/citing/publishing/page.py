"""The page about a published run, in Markdown, and which of the report's pictures stand on it."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from analysis.citing import FILE, Fact, file_digest
from analysis.citing.publishing.raw import PAGE, RAW
from analysis.report.circumstances import commands
from analysis.report.headline import doubts
from analysis.report.section import Section
from analysis.report.sections import SECTIONS
from analysis.tables.findings import Findings
from modes.facts.record import DIGITS


def picked(pictures: Mapping[str, bytes], sections: Sequence[Section]) -> dict[str, bytes]:
    """Of the report's pictures those in `sections`: each as PNG, and as SVG where that is the smaller file."""
    chosen = {}
    for name in (name for section in sections for name in section.figures):
        png, svg = (pictures[f"figures/{name}.{suffix}"] for suffix in ("png", "svg"))
        chosen[f"figures/{name}.png"] = png
        if len(svg) < len(png):
            chosen[f"figures/{name}.svg"] = svg
    return chosen


def measured_sections(found: Findings) -> list[Section]:
    """The sections of the report that have something to show of this run."""
    return [section for section in SECTIONS if (section.figures or section.tables) and section.measured(found)]


# --- the page ---


def page(
    facts: Sequence[Fact],
    found: Findings,
    files: Collection[str],
    place: str,
    runs: Sequence[Mapping[str, str]] = (),
) -> str:
    """The page about one run, in Markdown: its finding, its circumstances, its figures, and how to check it.

    `files` are the paths of the figures and tables beside the page, `place` is the published folder as it lies in a
    clone of the repository. `runs` (`modes.facts.ranges.RUN` each) are those that the facts have ranges over.
    """
    star, aspect = (_headline(facts, found, kind) for kind in ("crossover-time", "aspect-time"))
    parts = [
        "# Published results",
        _finding(star, aspect),
        *_headline_range(aspect, runs),
        *(f"> **Doubt.** {_escaped(doubt)}" for doubt in doubts(found)),
        *_over_runs(facts, runs, files),
        *_circumstances(star or facts[0]),
        *_crossovers(facts),
        *_rules(facts),
    ]
    for section in measured_sections(found):
        parts += _section(section, files)
    parts += _again(found, files, place, runs)
    parts.append(f"<!-- facts: {FILE} {file_digest(facts)[:DIGITS]} -->")
    return "\n\n".join(parts) + "\n"


def _headline(facts: Sequence[Fact], found: Findings, kind: str) -> Fact | None:
    """The fact of that kind about the setting that the report's headline speaks of."""
    row = found.headline
    if row is None:
        return None
    wanted = {name: str(row[name]) for name in ("engine", "m", "width", "depth", "layer", "profile", "dtype")}
    return next((fact for fact in facts if _setting(fact) == {**wanted, "kind": kind}), None)


def _finding(star: Fact | None, aspect: Fact | None) -> str:
    if star is None or aspect is None:
        return "This run gives no crossover of a dense chain that could be cited."
    # A line that begins with a comment is no paragraph in Markdown; in bold, the star of n* would end it.
    said = f"**The finding.** {_mark(star, 'sentence')}"
    if aspect["value"] is not None:
        said += f" As a multiple of the outputs that is n\\*/m = {_mark(aspect)}, {_mark(aspect, 'interval')}."
    return said


def _headline_range(aspect: Fact | None, runs: Sequence[Mapping[str, str]]) -> list[str]:
    """What the runs together say of the finding."""
    if aspect is None or not runs:
        return []
    said = _mark(aspect, "over_runs")
    return [f"**Of {len(runs)} runs**, which the section below names, n\\*/m there is {said}."]


def _over_runs(facts: Sequence[Fact], runs: Sequence[Mapping[str, str]], files: Collection[str]) -> list[str]:
    """What holds on all runs, and what depends on which condition."""
    if not runs:
        return []
    parts = [
        f"## What {len(runs)} runs say",
        "One run is one machine, one BLAS kernel and one evening. Everything was measured on each of these, and every "
        "fact says on how many of them it holds; [Replication](../replication.md) says what that means. The numbers "
        "and figures of the sections below are those of the first.",
    ]
    names = ("name", "cpu", "blas", "blas_threads", "measured", "folder")
    head = ["run", "processor", "BLAS", "threads", "measured on", "raw results"]
    parts.append(_table(head, [[_escaped(run[name]) for name in names] for run in runs]))
    if "figures/replication.png" in files:
        title = "Each run's crossovers beside the others'"
        caption = "A line a setting, and in it each run with its 95 % interval; at the right what a line depends on."
        also = " ([as SVG](figures/replication.svg))" if "figures/replication.svg" in files else ""
        parts += [f"### {title}", f"![{title}](figures/replication.png)", f"{caption}{also}"]
    if "figures/kernels.png" in files:
        title = "What each BLAS kernel gives, and where the modes cross on it"
        caption = "The products that the two modes are made of, and n\\*/m by the width of the chain. "
        caption += "A colour is a kernel."
        parts += [f"### {title}", f"![{title}](figures/kernels.png)", f"{caption} ([as SVG](figures/kernels.svg))"]
    stars = sorted((fact for fact in facts if _setting(fact).get("kind") == "aspect-time"), key=_star_order)
    rules = [fact for fact in facts if fact["key"].startswith("modes.regret-mean.")]
    general = [
        [_named(fact), _mark(fact, "general"), _mark(fact, "range")] for fact in [*stars, *rules] if fact["general"]
    ]
    if general:
        parts += ["### What holds on all of them", "These may be cited as general, as far as these runs go."]
        parts.append(_table(["what", "on all runs", "numbers seen"], general))
    rest = [fact for fact in [*stars, *rules] if not fact["general"]]
    if rest:
        rows = [
            [_named(fact), *(_mark(fact, name) for name in ("range", "holds", "runs", "replicated"))] for fact in rest
        ]
        parts += ["### What does not, or is not known to", "Cite these as ranges, with what they depend on."]
        parts.append(_table(["what", "numbers seen", "at most agree", "of runs", "verdict"], rows))
    parts.append(
        "[replication.csv](tables/replication.csv) has every fact over all runs, with tau squared and I squared; "
        "[replication-values.csv](tables/replication-values.csv) what each run has of it; "
        "[agreement.csv](tables/agreement.csv) how far each two runs agree as a whole."
    )
    return parts


def _named(fact: Fact) -> str:
    """A fact that the runs are compared by, in words."""
    setting = _setting(fact)
    if not setting:
        return f"time lost by the rule {fact['key'].rsplit('.', 1)[-1]}, geometric mean"
    usual = {"dense", "uniform", "float64"}
    parts = [fact["engine"], *(f"{name} {setting[name]}" for name in ("m", "width", "depth"))]
    shape = [setting[name] for name in ("layer", "profile", "dtype") if setting[name] not in usual]
    return f"n\\*/m: {', '.join([*parts, *shape])}"


def _star_order(fact: Fact) -> tuple[Any, ...]:
    return _own_first("time", fact["engine"]), _order(fact)


def _circumstances(fact: Fact) -> list[str]:
    """What all facts of the run have in common."""
    rows = {
        "Machine": "machine",
        "Processor": "cpu",
        "Cores": "cores",
        "Memory": "memory",
        "System": "system",
        "BLAS": "blas",
        "Threads of BLAS": "blas_threads",
        "Python": "python",
        "NumPy": "numpy",
        "Commit": "commit",
        "Date of the commit": "date",
        "Measured on": "measured",
    }
    table = _table(["what", "in this run"], [[name, _mark(fact, field)] for name, field in rows.items()])
    return ["## What was measured", table]


def _crossovers(facts: Sequence[Fact]) -> list[str]:
    """A table of crossovers for each engine and quantity; what was not found is there by its verdict."""
    parts = ["## Crossovers"]
    parts.append(
        "Each n\\* is the number of inputs above which reverse mode is the cheaper way to the full Jacobian, with its "
        "95 % interval. Where one mode won at every size measured, or the measurements do not tell, that stands in "
        "the number's place. [Reading the report](../reading.md) says how to read them."
    )
    by_key = {fact["key"]: fact for fact in facts}
    groups: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        kind, _, quantity = _setting(fact).get("kind", "").partition("-")
        if kind == "crossover":
            groups.setdefault((quantity, fact["engine"]), []).append(fact)
    for (quantity, engine), group in sorted(groups.items(), key=lambda item: _own_first(*item[0])):
        rows = []
        for fact in sorted(group, key=_order):
            aspect = by_key[fact["key"].replace(".crossover-", ".aspect-", 1)]
            found = [_mark(fact), _mark(fact, "interval")]
            found.append(_mark(aspect) if aspect["value"] is not None else "")
            rows.append(
                [*(_setting(fact)[name] for name in ("layer", "profile", "dtype", "width", "depth", "m")), *found]
            )
        parts.append(f"### In {quantity}, engine {engine}")
        parts.append(
            _table(["layer", "profile", "dtype", "width", "depth", "m", "n\\*", "95 % interval", "n\\*/m"], rows)
        )
    return parts if groups else []


def _own_first(quantity: str, engine: str) -> tuple[bool, bool, bool, str]:
    """Time before memory, this project's engines before others."""
    return quantity != "time", not engine.startswith("modes"), engine != "floor", engine


def _order(fact: Fact) -> tuple[Any, ...]:
    """Dense before others, uniform before other profiles, float64 before float32, then by size."""
    setting = _setting(fact)
    usual = [setting["layer"] != "dense", setting["profile"] != "uniform", setting["dtype"] != "float64"]
    return *usual, setting["layer"], setting["profile"], *(int(setting[name]) for name in ("width", "depth", "m"))


def _rules(facts: Sequence[Fact]) -> list[str]:
    """The rules that libraries ship, by their scores on the Jacobians of the engine `modes`."""
    by_key = {fact["key"]: fact for fact in facts}
    mean = [fact for fact in facts if fact["key"].startswith("modes.regret-mean.")]
    rows = []
    for fact in sorted(mean, key=lambda fact: (fact["value"], fact["key"])):
        rule = fact["key"].removeprefix("modes.regret-mean.")
        others = (_mark(by_key[f"modes.{name}.{rule}"]) for name in ("regret-max", "wrong-choices"))
        rows.append([rule, _mark(fact), *others])
    said = "Time of the mode that a rule picks over that of the better mode, on all Jacobians of the engine `modes`."
    head = ["rule", "geometric mean", "worst", "slower mode picked, in % of cases"]
    return ["## Rules that libraries ship", said, _table(head, rows)] if rows else []


def _section(section: Section, files: Collection[str]) -> list[str]:
    parts = [f"## {_escaped(section.title)}", _escaped(section.introduction)]
    for name, words in section.figures.items():
        svg = f"figures/{name}.svg"
        also = f" ([as SVG]({svg}))" if svg in files else ""
        parts += [f"### {_escaped(words.title)}", f"![{_escaped(words.title)}](figures/{name}.png)"]
        parts.append(f"{_escaped(words.caption)}{also}")
    lines = [
        f"- [{name}.csv](tables/{name}.csv): {_escaped(table.title)}. {_escaped(table.caption)}"
        for name, table in section.tables.items()
    ]
    return [part for part in (*parts, "\n".join(lines)) if part]


def _again(found: Findings, files: Collection[str], place: str, runs: Sequence[Mapping[str, str]]) -> list[str]:
    """How to check the page, and how to measure the same."""
    folders = " ".join(f"{place}/{run['folder']}" for run in runs)
    replication = [f"python -m analysis replicate {folders}"] if runs else []
    third = "; the third compares the runs" if runs else ""
    parts = [
        "## Check these numbers",
        f"The results as asv stored them lie in `{place}/{RAW}`; nothing in them was changed but the names of the "
        "machine and of the environment. Whoever doubts a number computes it anew from them. In a clone of the "
        "repository, with the `bench` extra installed:",
        _shell(
            f"python -m analysis check {place}/{PAGE} --results {place}/{RAW}",
            f"python -m analysis report --results {place}/{RAW}",
            *replication,
        ),
        "The first compares every fact with what the results give, and every number on this page with its fact; the "
        f"second writes the whole report{third}. `{FILE}` has all facts; [Citing](../citing.md) says how to use them.",
    ]
    if "tables/tidy.csv" in files:
        parts.append(
            "Without asv: [tidy.csv](tables/tidy.csv) has a row for each measurement, each process's log ratio in the "
            "column `samples`, and [crossovers.csv](tables/crossovers.csv) all crossovers."
        )
    return [*parts, "## Measure the same", "On your own machine:", _shell(*commands(found))]


def _setting(fact: Fact) -> dict[str, str]:
    """What a key of a crossover says; nothing for other keys."""
    parts = fact["key"].split(".")
    if len(parts) != 8:
        return {}
    engine, kind, m, width, depth, layer, profile, dtype = parts
    sizes = {"m": m[1:], "width": width[5:], "depth": depth[5:]}
    return {"engine": engine, "kind": kind, **sizes, "layer": layer, "profile": profile, "dtype": dtype}


def _mark(fact: Fact, field: str = "") -> str:
    name = f"{fact['key']} {field}".strip()
    value = fact[field or "text"]
    return f"<!-- fact:{name} -->{'none' if value in (None, '') else value}<!-- /fact -->"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def _shell(*lines: str) -> str:
    return "\n".join(("```sh", *lines, "```"))


def _escaped(text: str) -> str:
    """Plain text in Markdown."""
    return re.sub(r"([\\`*_\[\]<>|{}$])", r"\\\1", text)
