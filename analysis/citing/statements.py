"""What is cited of a run: each number with its interval, unit, verdict and sentence, and the measurements behind it.

The keys are listed at the top of `analysis.citing`. A maximum over the cells measured, a worst error and what the
controls resolve have no interval: further cells could only raise the first two, and the third is how far one reaches.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.tables.calibrated import BY_COUNTS, BY_RATES, BY_SIZES, BY_TIMES, ENGINE
from analysis.tables.crossover import CROSSES, FORWARD, GROUP, REVERSE, crosses_several_times, in_words
from analysis.tables.findings import Findings
from analysis.tables.mixed import BETTER, SETTING
from analysis.tables.model import MODEL
from analysis.tables.noise import resolution
from analysis.tables.problems import CALL, title
from analysis.tables.rules import AUTO, RULES
from analysis.text import interval, number, size
from benchmarks.catalogue.engines import CUTS
from modes.facts.record import Fact

MEASURED = "measured"
QUANTITIES = {"log_ratio": ("time", "cheaper"), "log_ratio_bytes": ("memory", "less memory-hungry")}
CELL = ("engine", "layer", "profile", "activation", "n", "m", "width", "depth", "dtype")
PREDICTED = {
    BY_RATES: "a model with rates of products and steps, measured before any Jacobian,",
    BY_TIMES: "a model fitted to this run's times",
    BY_COUNTS: "the count of multiply-adds",
    BY_SIZES: "the rule n = m",
}
"""Who predicts, in a sentence."""
BY_HAND = "the same written by hand in NumPy"

Interval = tuple[float, float, str]
"""Low, high, and how they are written."""
NO_INTERVAL: Interval = (math.nan, math.nan, "")
Statements = Iterator[tuple[Fact, pd.DataFrame]]
"""Facts without their circumstances, and the measurements that each came from."""


def statements(found: Findings) -> Statements:
    """All that can be cited of one run."""
    for kind in (_crossovers, _predictions, _ratios, _rules, _mixed, _problems, _models, _nearness, _controls):
        yield from kind(found)


def _crossovers(found: Findings) -> Statements:
    """n* and n*/m of every setting measured at two n or more; no number where noise spreads it too widely."""
    for row in found.told.to_dict("records"):
        rows = _curve(found.tidy, row)
        if rows["n"].nunique() < 2:
            continue
        smallest, largest = rows["n"].min(), rows["n"].max()
        quantity, cheaper = QUANTITIES[row["metric"]]
        engine, m, verdict = row["engine"], row["m"], row["verdict"]
        setting = f"m{m}.width{row['width']}.depth{row['depth']}.{row['layer']}.{row['profile']}.{row['dtype']}"
        way = f"the {cheaper} way to the full Jacobian of {_chain(rows.iloc[0])}, with m = {m} outputs,"
        crosses, crossings = verdict == CROSSES, row["crossings"] if crosses_several_times(verdict) else None
        if crosses:
            finding = f"forward mode stops being {way} at "
        elif crossings:
            finding = f"{way.removesuffix(',')} changes {len(crossings)} times: "
        elif verdict in (FORWARD, REVERSE):
            finding = f"{verdict.split()[0]} mode is {way} at every size measured, n = {smallest} to {largest}"
        else:
            finding = f"the measurements of n = {smallest} to {largest} do not tell where forward mode stops being "
            finding += way.removesuffix(",")
        star, low, high = (float(row[name]) for name in ("n_star", "low", "high"))
        of_n = interval(low, high, smallest, largest)
        for name, unit, scale, written, said in (
            ("crossover", "inputs", 1, size, of_n),
            ("aspect", "inputs per output", m, number, interval(low / m, high / m, smallest / m, largest / m, number)),
        ):
            text = written(star / scale) if crosses else verdict
            point = f"{'n*' if name == 'crossover' else 'n*/m'} = {text}{_within(said)}" if crosses else ""
            known = (low / scale, high / scale, said)
            if crossings:  # there is no one n*, and no interval of it
                point, known = in_words(crossings, scale, written, "n" if scale == 1 else "n/m"), NO_INTERVAL
            key = f"{engine}.{name}-{quantity}.{setting}"
            yield _fact(key, engine, star / scale, text, unit, finding + point, known) | {"verdict": verdict}, rows


def _predictions(found: Findings) -> Statements:
    """n*/m as the rates by shape predict it that the run took before it timed a Jacobian; the measurements given are
    those that it stands beside."""
    for row in found.predictions.to_dict("records"):
        predicted, m = float(row["calibrated"]), row["m"]
        if math.isnan(predicted):
            continue
        rows = _curve(found.tidy, {**row, "metric": "log_ratio"})
        between = 0 < predicted < math.inf
        verdict = CROSSES if between else FORWARD if predicted else REVERSE
        text = number(predicted / m) if between else verdict
        chain = f"{_chain(rows.iloc[0])}, with m = {m} outputs"
        said = f"rates by shape put the crossover of {chain}, at n*/m = {text}"
        if not between:
            said = f"rates by shape have {verdict.split()[0]} mode cheaper at every n for {chain}"
        setting = f"m{m}.width{row['width']}.depth{row['depth']}.{row['layer']}.{row['profile']}.{row['dtype']}"
        key, value = f"{row['engine']}.aspect-calibrated.{setting}", predicted / m if between else math.nan
        yield _fact(key, row["engine"], value, text, "inputs per output", said) | {"verdict": verdict}, rows


def _ratios(found: Findings) -> Statements:
    """Products, gradients and Jacobians over f, hand-written code or the machine's limits: one fact a cell."""
    names, tidy = {}, found.tidy
    for mode, product in (("forward", "jvp"), ("reverse", "vjp")):
        one, jacobian = f"one {product.upper()}", f"a Jacobian by {mode} mode"
        names["log_product_over_f", mode] = f"{product}-over-f", one, "f itself"
        names["log_product_over_floor", mode] = f"{product}-over-floor", one, BY_HAND
        names["log_gradient_over_f", mode] = "gradient-over-f", "one gradient", "f itself"
        names["log_gradient_over_floor", mode] = "gradient-over-floor", "one gradient", BY_HAND
        names["log_over_floor", mode] = f"{mode}-over-floor", jacobian, BY_HAND
        names["log_over_limit", mode] = f"{mode}-over-limit", jacobian, "its multiply-adds in matrix products alone"
        names["log_over_fill", mode] = f"{mode}-over-fill", jacobian, "filling an array of its result's size once"
    keep = (tidy["status"] == "ok") & tidy["chunk_size"].isna() & tidy["metric"].isin([name for name, _ in names])
    for row in tidy[keep].to_dict("records"):
        name, what, over = names[row["metric"], row["mode"]]
        value, low, high = (float(np.exp(row[end])) for end in ("value", "low", "high"))
        sizes = f"n{row['n']}.m{row['m']}.width{row['width']}.depth{row['depth']}"
        key = f"{row['engine']}.{name}.{sizes}.{row['layer']}.{row['profile']}.{row['activation']}.{row['dtype']}"
        said = interval(low, high, written=number)
        sentence = f"{what} of {_chain(row)}, with n = {row['n']} and m = {row['m']}, takes {number(value)} times as "
        sentence += f"long as {over}{_within(said)}"
        fact = _fact(key, row["engine"], value, number(value), "ratio", sentence, (low, high, said))
        yield fact, pd.DataFrame([row])


def _rules(found: Findings) -> Statements:
    """The rules that software ships, scored on every cell measured."""
    picked, tidy = found.choices, found.tidy
    ratios = tidy[(tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/reverse") & tidy["chunk_size"].isna()]
    sources = {rule.name: f" ({rule.source})" for rule in RULES}
    for row in found.scores.to_dict("records"):
        engine, rule, mean, most = row["engine"], row["rule"], row["geometric_mean"], row["maximum"]
        cells = picked.loc[(picked["engine"] == engine) & (picked["rule"] == rule), list(CELL)]
        rows = ratios.merge(cells, on=list(CELL))
        word = _word(rule)
        head, better = (
            f"choosing the mode by the rule of {rule}{sources.get(rule, '')}",
            "times as long as the better mode",
        )
        over = f"over {row['cells']} Jacobians measured"
        known = _known(row["low"], row["high"], "{:.3f}".format)
        sentence = f"{head} takes {mean:.3f} {better}, in the geometric mean {over}{_within(known[2])}"
        yield _fact(f"{engine}.regret-mean.{word}", engine, mean, f"{mean:.3f}", "ratio", sentence, known), rows
        sentence = f"{head} takes at most {most:.2f} {better}, {over}"
        yield _fact(f"{engine}.regret-max.{word}", engine, most, f"{most:.2f}", "ratio", sentence), rows
        percent, low, high = (100 * row[name] for name in ("wrong", "wrong_low", "wrong_high"))
        known = _known(low, high, number)
        sentence = f"{head} picks the slower mode in {number(percent)} % of cases, {over}{_within(known[2])}"
        fact = _fact(f"{engine}.wrong-choices.{word}", engine, percent, number(percent), "percent", sentence, known)
        yield fact, rows


def _mixed(found: Findings) -> Statements:
    """Mixed accumulation: its gain, and what mode="auto" makes of it, a fact a cell; k*; the price of knowing no third
    way."""
    tidy = found.tidy
    for table, mode in ((found.mixed_gains, "mixed/pure"), (found.mixed_auto, "auto/best")):
        measured = tidy[(tidy["mode"] == mode) & (tidy["status"] == "ok")]
        for row in table.to_dict("records"):
            keep = pd.Series(True, index=measured.index)
            for name in CELL:
                keep &= measured[name] == row[name]
            chain = f"{_chain(row)}, with n = {row['n']} and m = {row['m']}"
            known = _known(row["low"], row["high"], number)
            if mode == "mixed/pure":
                name = "mixed-gain"
                sentence = f"the better of the two modes takes {number(row['ratio'])} times as long as {_way(row)} for "
                sentence += f"the full Jacobian of {chain}{_within(known[2])}"
            else:
                name = "auto-over-fastest"
                sentence = f'mode="auto", its choosing included, takes {number(row["ratio"])} times as long as the '
                sentence += f"fastest of the three modes for the full Jacobian of {chain}{_within(known[2])}"
            sizes = f"n{row['n']}.m{row['m']}.width{row['width']}.depth{row['depth']}"
            key = f"{row['engine']}.{name}.{sizes}.{row['layer']}.{row['profile']}.{row['activation']}.{row['dtype']}"
            fact = _fact(key, row["engine"], row["ratio"], number(row["ratio"]), "ratio", sentence, known)
            yield fact, measured[keep]
    yield from _waists(found)
    for row in found.mixed_scores[found.mixed_scores["rule"] == BETTER].to_dict("records"):
        engine, mean, most = row["engine"], row["geometric_mean"], row["maximum"]
        regions = found.mixed_regions.loc[found.mixed_regions["engine"] == engine, list(CELL)]
        rows = tidy[tidy["mode"].isin(["mixed/forward", "mixed/reverse"])].merge(regions, on=list(CELL))
        head = "always choosing the better of the two modes takes"
        over = f"times as long as the fastest of the three, over {row['cells']} Jacobians measured"
        known = _known(row["low"], row["high"], number)
        sentence = f"{head} {number(mean)} {over}, in the geometric mean{_within(known[2])}"
        yield _fact(f"{engine}.two-modes-mean", engine, mean, number(mean), "ratio", sentence, known), rows
        sentence = f"{head} at most {number(most)} {over}"
        yield _fact(f"{engine}.two-modes-max", engine, most, number(most), "ratio", sentence), rows


def _way(row: Mapping[Any, Any]) -> str:
    """How an engine accumulates, in words."""
    return "a cut by hand at the waist" if row["engine"] in CUTS else 'mode="mixed"'


def _waists(found: Findings) -> Statements:
    """The waists above which a cut by hand no longer pays."""
    tidy = found.tidy
    rows = tidy[(tidy["mode"] == "mixed/pure") & (tidy["status"] == "ok") & tidy["profile"].str.fullmatch(r"waist\d+")]
    for row in found.waist_crossovers.to_dict("records"):
        measured = rows[rows["engine"] == row["engine"]]
        for name in SETTING:
            measured = measured[measured[name] == row[name]]
        crosses = row["verdict"] == CROSSES
        known = NO_INTERVAL
        if not (math.isnan(row["low"]) or math.isnan(row["high"])):
            said = interval(row["low"], row["high"], row["smallest"], row["largest"])
            known = (row["low"], row["high"], said)
        chain = f"a chain of {row['layer']} layers (width {row['width']}, depth {row['depth']}, {row['activation']}, "
        chain += f"{row['dtype']}), with n = {row['n']} and m = {row['m']}"
        over = f"waists of {row['smallest']} to {row['largest']}"
        if crosses:
            text = size(row["k_star"])
            sentence = (
                f"a cut by hand at the waist of {chain} stops paying at a waist of k* = {text}{_within(known[2])}"
            )
        else:
            text = row["verdict"]
            sentence = f"a cut by hand at the waist of {chain}, over {over}: {text}"
        sizes = f"n{row['n']}.m{row['m']}.width{row['width']}.depth{row['depth']}"
        key = f"{row['engine']}.crossover-waist.{sizes}.{row['layer']}.{row['activation']}.{row['dtype']}"
        fact = _fact(key, row["engine"], row["k_star"], text, "values", sentence, known)
        yield fact | {"verdict": row["verdict"]}, measured


PROBLEM_RATIOS = {
    "forward/reverse": ("forward-over-reverse", "the Jacobian by forward mode", "that by reverse mode"),
    "mixed/pure": ("mixed-over-better", "the Jacobian by mixed accumulation", "that by the better of the two modes"),
    "auto/best": (
        "auto-over-fastest",
        'the Jacobian by mode="auto", its choosing included,',
        "the fastest of three ways",
    ),
    "pure/primal": ("jacobian-over-f", "the Jacobian by the better mode", "f itself"),
    "pure/hand": (
        "jacobian-over-hand",
        "the Jacobian by the better mode",
        "the same derivative written by hand in NumPy",
    ),
    "best/modes": ("fastest-over-modes", "the Jacobian by the fastest of three ways", "that of engine modes"),
    "pure/modes": ("better-over-modes", "the Jacobian by the better mode", "the fastest way of engine modes"),
    "reverse/hand": ("tape-over-hand", "reverse mode", "the same derivative written by hand in NumPy"),
    "reverse/primal": ("tape-over-f", "reverse mode", "f itself"),
}
"""What is over what, by mode: in keys and in words."""


def _problems(found: Findings) -> Statements:
    """Known problems: a fact a ratio measured, and the rules that software ships, scored on them."""
    tidy = found.tidy
    keep = (tidy["status"] == "ok") & tidy["metric"].isin(["log_problem_ratio", "log_tape_ratio"])
    rows = tidy[keep & tidy["mode"].isin(list(PROBLEM_RATIOS))]
    for row in rows.to_dict("records"):
        name, above, below = PROBLEM_RATIOS[row["mode"]]
        value, low, high = (float(np.exp(row[end])) for end in ("value", "low", "high"))
        known = _known(low, high, number)
        sentence = (
            f"on the problem “{title(row['layer'])}” (size {row['width']}, n = {row['n']}, m = {row['m']}) {above} "
        )
        sentence += f"takes {number(value)} times as long as {below}{_within(known[2])}"
        key = f"{row['engine']}.{name}.{row['layer']}.size{row['width']}.n{row['n']}.m{row['m']}"
        yield _fact(key, row["engine"], value, number(value), "ratio", sentence, known), pd.DataFrame([row])
    for row in found.problem_scores.to_dict("records"):
        engine, rule, mean, most = row["engine"], row["rule"], row["geometric_mean"], row["maximum"]
        mode = "auto/best" if rule == CALL else "forward/reverse"
        cells = rows[(rows["engine"] == engine) & (rows["mode"] == mode)]
        head, better = f"choosing the mode by the rule of {rule} takes", "the better mode"
        if rule == CALL:
            head, better = f"a call of {AUTO}, its choosing included, takes", "the fastest of three ways"
        over = f"times as long as {better}, over {row['cells']} known problems"
        known = _known(row["low"], row["high"], "{:.3f}".format)
        sentence = f"{head} {mean:.3f} {over}, in the geometric mean{_within(known[2])}"
        key = f"{engine}.problem-regret-mean.{_word(rule)}"
        yield _fact(key, engine, mean, f"{mean:.3f}", "ratio", sentence, known), cells
        key, sentence = f"{engine}.problem-regret-max.{_word(rule)}", f"{head} at most {most:.2f} {over}"
        yield _fact(key, engine, most, f"{most:.2f}", "ratio", sentence), cells


def _word(rule: str) -> str:
    """A rule's name in a key; mode="auto" timed whole is "auto-call"."""
    return "auto-call" if rule == CALL else re.sub(r"[^a-z0-9]+", "-", rule.lower()).strip("-")


def _models(found: Findings) -> Statements:
    """How well the cost model predicts the times of cells that it was not fitted to."""
    tidy = found.tidy
    for row in found.fits.to_dict("records"):
        keep = (tidy["metric"] == "seconds") & (tidy["status"] == "ok")
        for name in MODEL:
            keep &= tidy[name] == row[name]
        head = f"on {row['cells']} Jacobians of {row['dtype']}, each held out of the fit, the cost model is off by "
        errors = ("median_error", "median_low", "median_high", "worst_error")
        median, low, high, worst = (100 * row[name] for name in errors)
        known = _known(low, high, number)
        for name, value, said, around in (
            ("median", median, f"{number(median)} % in the median{_within(known[2])}", known),
            ("worst", worst, f"{number(worst)} % at worst", NO_INTERVAL),
        ):
            key = f"{row['engine']}.model-error-{name}.{row['dtype']}"
            yield _fact(key, row["engine"], value, number(value), "percent", head + said, around), tidy[keep]


def _nearness(found: Findings) -> Statements:
    """How many crossovers come near what predicts them, whoever does; of a run that took rates by shape."""
    if found.rates is None:
        return
    for row in found.nearness[found.nearness["engine"] == ENGINE].to_dict("records"):
        percent, low, high = (100 * row[name] for name in ("share", "low", "high"))
        known = _known(low, high, number)
        sentence = (
            f"of {row['crossovers']} crossovers {PREDICTED[row['predictor']]} puts {number(percent)} % within 10 % of "
        )
        sentence += f"the measured one{_within(known[2])}"
        key = f"{ENGINE}.predictions-near.{_word(row['predictor'])}"
        keep = (found.tidy["metric"] == "log_ratio") & (found.tidy["engine"] == ENGINE)
        keep &= found.tidy["mode"] == "forward/reverse"
        yield _fact(key, ENGINE, percent, number(percent), "percent", sentence, known), found.tidy[keep]


def _controls(found: Findings) -> Statements:
    """What the A/A controls can tell apart, and what they say together."""
    tidy = found.tidy
    for engine, part in found.controls.groupby("engine"):
        percent = 100 * float(np.expm1(resolution(part)))
        sentence = f"forward mode timed against itself ({len(part)} A/A controls) resolves ratios that differ by more "
        sentence += f"than {number(percent)} %"
        rows = tidy[(tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/forward") & (tidy["engine"] == engine)]
        yield _fact(f"{engine}.control-resolution", str(engine), percent, number(percent), "percent", sentence), rows
        ratio, low, high = np.exp(found.together_by_engine[str(engine)])
        if np.isfinite(ratio):
            known = _known(low, high, "{:.4f}".format)
            sentence = (
                f"forward mode timed against itself takes {ratio:.4f} times as long{_within(known[2])}, in the mean "
            )
            sentence += f"of {len(part)} A/A controls"
            key = f"{engine}.control-ratio"
            yield _fact(key, str(engine), ratio, f"{ratio:.4f}", "ratio", sentence, known), rows


def _fact(
    key: str, engine: str, value: float, text: str, unit: str, sentence: str, around: Interval = NO_INTERVAL
) -> Fact:
    """A fact without its circumstances."""
    low, high, said = around
    numbers = {"value": value, "low": low, "high": high}
    texts = {"text": text, "interval": said, "unit": unit, "verdict": MEASURED, "sentence": sentence}
    return {"key": key, "engine": engine, **numbers, **texts}


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


def _known(low: float, high: float, written: Callable[[float], str]) -> Interval:
    """An interval with both ends measured: [1.003, 1.006]; nothing where nothing is known."""
    return NO_INTERVAL if math.isnan(low) or math.isnan(high) else (low, high, f"[{written(low)}, {written(high)}]")


def _within(said: str) -> str:
    return f" (95 % interval {said})" if said else ""
