"""From one run's tables to its facts. The keys are listed at the top of `analysis.cite`."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.cite.record import Fact, rows_digest, sealed
from analysis.crossover import CROSSES, FORWARD, GROUP, REVERSE, controls, crossovers
from analysis.errors import AnalysisError
from analysis.model import MODEL, fits
from analysis.report.headline import interval as inputs_interval
from analysis.selection import RULES, choices, scores
from analysis.text import number, short_commit, size
from analysis.tidy import KEY

MEASURE = "python -m analysis run"
UNKNOWN = "not recorded"
MEASURED = "measured"
QUANTITIES = {"log_ratio": ("time", "cheaper"), "log_ratio_bytes": ("memory", "less memory-hungry")}
CELL = ("engine", "layer", "profile", "activation", "n", "m", "width", "depth", "dtype")

Found = Iterator[tuple[Fact, pd.DataFrame]]
"""Facts without their circumstances, and the measurements that each came from."""


def collect(tidy: pd.DataFrame, about: Mapping[str, str]) -> list[Fact]:
    """The facts of one run, in order of their keys.

    `tidy` holds one run alone; `about` says what is known of it: cpu, num_cpu, ram, os, arch, python,
    numpy, blas, modes (the engines' version), measured. Raises AnalysisError where the numbers are not fit to be cited:
    of a changed work tree, of several runs, on too few pairs for an interval, or with A/A controls that fail.
    """
    tidy = tidy.sort_values(list(KEY), kind="stable", ignore_index=True)  # sums then round alike in any order
    where = _circumstances(tidy, about)
    _check(tidy)
    facts = []
    for found in (_crossovers(tidy), _costs(tidy), _rules(tidy), _models(tidy), _controls(tidy)):
        facts += [_complete(fact, rows, where, about) for fact, rows in found]
    return sorted(facts, key=lambda fact: str(fact["key"]))


# --- what is cited ---


def _crossovers(tidy: pd.DataFrame) -> Found:
    """n* and n*/m of every setting measured at two n or more."""
    for row in crossovers(tidy).to_dict("records"):
        rows = _curve(tidy, row)
        if rows["n"].nunique() < 2:
            continue
        smallest, largest = rows["n"].min(), rows["n"].max()
        quantity, cheaper = QUANTITIES[row["metric"]]
        engine, m, verdict = row["engine"], row["m"], row["verdict"]
        setting = f"m{m}.width{row['width']}.depth{row['depth']}.{row['layer']}.{row['profile']}.{row['dtype']}"
        way = f"the {cheaper} way to the full Jacobian of {_chain(rows.iloc[0])}, with m = {m} outputs,"
        crosses = verdict == CROSSES
        if crosses:
            finding = f"forward mode stops being {way} at "
        elif verdict in (FORWARD, REVERSE):
            finding = f"{verdict.split()[0]} mode is {way} at every size measured, n = {smallest} to {largest}"
        else:
            finding = f"the measurements of n = {smallest} to {largest} do not tell where forward mode stops being "
            finding += way.removesuffix(",")
        star, low, high = (float(row[name]) for name in ("n_star", "low", "high"))
        of_n = "" if math.isnan(low) or math.isnan(high) else inputs_interval(low, high, smallest, largest)
        for name, unit, scale, written, said in (
            ("crossover", "inputs", 1, size, of_n),
            ("aspect", "inputs per output", m, number, _interval(low / m, high / m)),
        ):
            text = written(star / scale) if crosses else verdict
            point = f"{'n*' if name == 'crossover' else 'n*/m'} = {text}{_within(said)}" if crosses else ""
            fact = _fact(f"{engine}.{name}-{quantity}.{setting}", engine, star / scale, text, unit, finding + point)
            fact |= {"low": low / scale, "high": high / scale, "interval": said, "verdict": verdict}
            yield fact, rows


def _costs(tidy: pd.DataFrame) -> Found:
    """Products and gradients over f, and engines over hand-written code: one fact a cell."""
    forward, names = {"forward": "jvp", "reverse": "vjp"}, {}
    for mode in forward:
        names["log_product_over_f", mode] = f"{forward[mode]}-over-f", f"one {forward[mode].upper()}", "f itself"
        names["log_gradient_over_f", mode] = "gradient-over-f", "one gradient", "f itself"
        names["log_over_floor", mode] = (
            f"{mode}-over-floor",
            f"a Jacobian by {mode} mode",
            "the same written by hand in NumPy",
        )
    keep = (tidy["status"] == "ok") & tidy["chunk_size"].isna() & tidy["metric"].isin([name for name, _ in names])
    for row in tidy[keep].to_dict("records"):
        name, what, over = names[row["metric"], row["mode"]]
        value, low, high = (float(np.exp(row[end])) for end in ("value", "low", "high"))
        sizes = f"n{row['n']}.m{row['m']}.width{row['width']}.depth{row['depth']}"
        key = f"{row['engine']}.{name}.{sizes}.{row['layer']}.{row['profile']}.{row['activation']}.{row['dtype']}"
        said = _interval(low, high)
        sentence = f"{what} of {_chain(row)}, with n = {row['n']} and m = {row['m']}, takes {number(value)} times as "
        sentence += f"long as {over}{_within(said)}"
        fact = _fact(key, row["engine"], value, number(value), "ratio", sentence)
        yield fact | {"low": low, "high": high, "interval": said}, pd.DataFrame([row])


def _rules(tidy: pd.DataFrame) -> Found:
    """The rules that software ships, scored on every cell measured."""
    picked = choices(tidy)
    ratios = tidy[(tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/reverse") & tidy["chunk_size"].isna()]
    sources = {rule.name: f" ({rule.source})" for rule in RULES}
    for row in scores(tidy).to_dict("records"):
        engine, rule, mean, most = row["engine"], row["rule"], row["geometric_mean"], row["maximum"]
        cells = picked.loc[(picked["engine"] == engine) & (picked["rule"] == rule), list(CELL)]
        rows = ratios.merge(cells, on=list(CELL))
        percent, word = 100 * row["wrong"], re.sub(r"[^a-z0-9]+", "-", rule.lower()).strip("-")
        head = f"choosing the mode by the rule of {rule}{sources.get(rule, '')} "
        over = f"over {row['cells']} Jacobians measured"
        for name, value, text, unit, said in (
            ("regret-mean", mean, f"{mean:.3f}", "ratio", "takes {} times as long as the better mode (geometric mean "),
            ("regret-max", most, f"{most:.2f}", "ratio", "takes at most {} times as long as the better mode ("),
            ("wrong-choices", percent, number(percent), "percent", "picks the slower mode in {} % of cases ("),
        ):
            sentence = f"{head}{said.format(text)}{over})"
            yield _fact(f"{engine}.{name}.{word}", engine, value, text, unit, sentence), rows


def _models(tidy: pd.DataFrame) -> Found:
    """How well the cost model predicts the times of cells that it was not fitted to."""
    for row in fits(tidy).to_dict("records"):
        keep = (tidy["metric"] == "seconds") & (tidy["status"] == "ok")
        for name in MODEL:
            keep &= tidy[name] == row[name]
        head = f"on {row['cells']} Jacobians of {row['dtype']}, each held out of the fit, the cost model is off by "
        for name, how in (("median", "in the median"), ("worst", "at worst")):
            percent = 100 * row[f"{name}_error"]
            key, sentence = f"{row['engine']}.model-error-{name}.{row['dtype']}", f"{head}{number(percent)} % {how}"
            yield _fact(key, row["engine"], percent, number(percent), "percent", sentence), tidy[keep]


def _controls(tidy: pd.DataFrame) -> Found:
    """What the A/A controls can tell apart."""
    for engine, part in controls(tidy).groupby("engine"):
        percent = 100 * float(np.expm1(part["resolution"].max()))
        sentence = f"forward mode timed against itself ({len(part)} A/A controls) resolves ratios that differ by more "
        sentence += f"than {number(percent)} %"
        rows = tidy[(tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/forward") & (tidy["engine"] == engine)]
        yield _fact(f"{engine}.control-resolution", str(engine), percent, number(percent), "percent", sentence), rows


def _fact(key: str, engine: str, value: float, text: str, unit: str, sentence: str) -> Fact:
    """A fact without an interval, and without its circumstances."""
    return {
        "key": key,
        "engine": engine,
        "value": value,
        "low": math.nan,
        "high": math.nan,
        "text": text,
        "interval": "",
        "unit": unit,
        "verdict": MEASURED,
        "sentence": sentence,
    }


def _curve(tidy: pd.DataFrame, row: Mapping[Any, Any]) -> pd.DataFrame:
    """The measurements that one row of the crossover table came from."""
    keep = (tidy["status"] == "ok") & tidy["chunk_size"].isna()
    for name in GROUP:
        keep &= tidy[name] == row[name]
    if row["metric"] == "log_ratio":
        return tidy[keep & (tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/reverse")]
    return tidy[keep & (tidy["metric"] == "peak_bytes")]


def _chain(row: Mapping[Any, Any] | pd.Series) -> str:
    setting = f"{row['profile']} width {row['width']}, depth {row['depth']}, {row['activation']}, {row['dtype']}"
    return f"a chain of {row['layer']} layers ({setting})"


def _interval(low: float, high: float) -> str:
    """[1.05, 1.18]; an end that lies beyond every size measured is open; nothing where nothing is known."""
    if math.isnan(low) or math.isnan(high):
        return ""
    start = "(0" if low <= 0 else f"[{number(low)}"
    return f"{start}, inf)" if math.isinf(high) else f"{start}, {number(high)}]"


def _within(interval: str) -> str:
    return f" (95 % interval {interval})" if interval else ""


# --- what it holds for ---


def _complete(fact: Fact, rows: pd.DataFrame, where: Mapping[str, str], about: Mapping[str, str]) -> Fact:
    """The fact with its circumstances, digest and seal."""
    own = fact["engine"] in ("modes", "floor")  # the hand-written code is part of the project
    version = about.get("modes" if own else fact["engine"], UNKNOWN)
    sentence = (
        f"On {where['cpu']} ({where['cores']} cores, {where['memory']}) with {fact['engine']} {version}, "
        f"{fact['sentence']}; measured at commit {short_commit(where['commit'])} of {where['date']}."
    )
    return sealed({**fact, **where, "engine_version": version, "sentence": sentence, "digest": rows_digest(rows)})


def _circumstances(tidy: pd.DataFrame, about: Mapping[str, str]) -> dict[str, str]:
    """The run's part of a fact. Raises AnalysisError where there is more than one run."""
    runs = tidy[["machine", "env", "commit"]].drop_duplicates()
    if len(runs) != 1:
        raise AnalysisError(f"expected one machine, environment and commit, got {len(runs)}; choose one")
    threads = tidy.loc[(tidy["metric"] == "blas_threads") & (tidy["status"] == "ok"), "value"]
    ram = about.get("ram", UNKNOWN)
    return {
        "machine": str(runs["machine"].iloc[0]),
        "cpu": about.get("cpu", UNKNOWN),
        "cores": about.get("num_cpu", UNKNOWN),
        "memory": f"{int(ram) / 1e9:.1f} GB" if ram.isdigit() else f"memory {ram}",
        "system": f"{about.get('os', UNKNOWN)}, {about.get('arch', UNKNOWN)}",
        "blas": about.get("blas", UNKNOWN),
        "blas_threads": f"{threads.max():.0f}" if len(threads) else UNKNOWN,
        "python": about.get("python", UNKNOWN),
        "numpy": about.get("numpy", UNKNOWN),
        "commit": str(runs["commit"].iloc[0]),
        "date": f"{tidy['date'].iloc[0]:%Y-%m-%d}",
        "measured": about.get("measured", UNKNOWN),
    }


def _check(tidy: pd.DataFrame) -> None:
    """Raise AnalysisError where numbers of this run are not fit to be cited."""
    commit = short_commit(tidy["commit"].iloc[0])
    if commit.endswith("+dirty"):
        raise AnalysisError(
            f"commit {commit}: measured on a changed work tree; numbers that belong to no commit cannot be cited: "
            f"commit the changes, then {MEASURE}"
        )
    ratios = tidy[(tidy["metric"] == "log_ratio") & (tidy["status"] == "ok")]
    few = ratios[ratios["low"].isna() | ratios["high"].isna()]
    if len(few):
        row = few.iloc[0]
        raise AnalysisError(
            f"commit {commit}: {len(few)} of {len(ratios)} ratios rest on too few pairs for an interval, one "
            f"of them at n = {row['n']}, m = {row['m']}, width {row['width']}, depth {row['depth']}; measure anew: "
            f"{MEASURE}"
        )
    control = controls(tidy)
    failing = control[control["fails"]]
    if len(failing):
        row = failing.iloc[0]
        raise AnalysisError(
            f"commit {commit}: {len(failing)} of {len(control)} A/A controls find forward mode different from itself "
            f"(ratio {np.exp(row['value']):.4f} at n = {row['n']}, m = {row['m']}), so that no ratio can be trusted; "
            f"measure anew on a quiet machine: {MEASURE}"
        )
