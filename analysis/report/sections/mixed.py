"""Neither mode: what is a cut at a waist worth, and up to which waist?"""

from analysis.report.cells import CHAIN, INTERVAL, bytes_of, crossover_interval, engine, inputs, ratio, span, text
from analysis.report.section import Section, Table, Words
from analysis.report.sections.choosing import percent, regret
from analysis.tables.findings import Findings


def mixed_measured(found: Findings) -> bool:
    """Whether anything was measured beside the two modes."""
    return bool(len(found.mixed_gains) or len(found.mixed_regions) or len(found.mixed_auto))


SIZES = {"engine": engine(), **{name: text(name) for name in ("n", "m", "width", "depth", "dtype")}}

SECTION = Section(
    "Neither mode",
    "Where a value in the middle of a function is narrow there is a third way, mixed accumulation: pull back to the "
    "waist, push on from it, and multiply. Each chain is an encoder and a decoder, with a value of the size of its "
    "waist between layers of one width.",
    {
        "mixed-gain": Words(
            "Three regions, and the gain over the waist",
            "Left: the fastest of forward, reverse and mixed over inputs n and outputs m, at one waist. Markers are "
            "measured, hollow where they cannot tell the fastest from the next; the ground is computed, by the "
            "cost model where one could be fitted, else by multiply-adds, as the legend says. Right: the time of the "
            "better mode over that of mixed accumulation, with 95 % intervals, while the waist widens: above 1 mixed "
            'is faster. mode="mixed" does what the better mode does where a cut gains no arithmetic; a cut by hand is '
            "always made, and its line falls below 1 at the crossover waist k*. The title has k* of this project's "
            "engine modes.",
        ),
    },
    {
        "mixed-gains": Table(
            lambda found: found.mixed_gain_table,
            "Mixed over the better mode",
            "The time of the better of the two modes over that of mixed accumulation: above 1 mixed is faster. modes "
            'and modes-prepared are mode="mixed", modes-cut and jax-cut the same engine\'s jacfwd of the upper half '
            "times jacrev of the lower, cut by hand at the waist. Counted: the same ratio of multiply-adds; modelled: "
            "that of the cost model's times, a dash where nothing was fitted.",
            {
                **SIZES,
                "profile": text("profile"),
                "better mode / mixed": ratio("ratio"),
                **INTERVAL,
                "counted": ratio("counted"),
                "modelled": ratio("modelled"),
            },
        ),
        "crossover-waists": Table(
            lambda found: found.waist_table,
            "Crossover waists",
            "k* is the waist above which a cut by hand no longer pays, as n* is the number of inputs above which "
            "forward mode no longer does: with its 95 % interval, verdict and tie range, and beside it where the cut "
            "takes as many multiply-adds as the better mode (counted), and as much time by the cost model (modelled).",
            {
                **SIZES,
                "waists": lambda row: f"{row['smallest']} to {row['largest']}",
                "verdict": text("verdict"),
                "k*": lambda row: inputs(row["k_star"]),
                "95 % interval": crossover_interval,
                "counted": lambda row: inputs(row["counted"]),
                "modelled": lambda row: inputs(row["modelled"]),
                "tie range": lambda row: span(row["tie_low"], row["tie_high"], inputs),
            },
        ),
        "mixed-rules": Table(
            lambda found: found.mixed_rule_table,
            "Choosing between two where there are three",
            "Regret is the time by the rule's choice over that of the fastest of the three ways, on the chains of the "
            "map. “the better of the two” always finds the better mode: what is left is the price of knowing no third "
            'way. mode="auto" chooses among three, here by its counts alone.',
            {
                "engine": engine(),
                "rule": text("rule"),
                "regret, geometric mean": lambda row: regret(row["geometric_mean"]),
                "95 % interval": lambda row: span(row["low"], row["high"], regret),
                "maximum": lambda row: f"{row['maximum']:.2f}",
                "not the fastest, %": lambda row: percent(100 * row["wrong"]),
                "Jacobians": text("cells"),
            },
        ),
        "mixed-auto": Table(
            lambda found: found.mixed_auto,
            'mode="auto" over the fastest',
            "The time of a whole call in mode auto, its choosing included, over that of the fastest of the three.",
            {**SIZES, "profile": text("profile"), "auto / fastest": ratio("ratio"), **INTERVAL},
        ),
        "mixed-in-vain": Table(
            lambda found: found.mixed_vain_table,
            "Asking for it in vain",
            "The better mode over mode mixed on chains without a waist, where there is nothing to gain: below 1 is "
            "what it costs to have asked.",
            {**SIZES, "better mode / mixed": ratio("ratio"), **INTERVAL},
        ),
        "mixed-memory": Table(
            lambda found: found.mixed_peaks,
            "Memory of the three",
            "Traced peak of one Jacobian, its result included.",
            {
                **{name: CHAIN[name] for name in ("n", "m", "width", "depth")},
                "profile": text("profile"),
                "forward": bytes_of("forward"),
                "reverse": bytes_of("reverse"),
                "mixed": bytes_of("mixed"),
            },
        ),
    },
    measured=mixed_measured,
)
