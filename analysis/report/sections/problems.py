"""Known problems: does a rule choose right where functions are no chains, and what does a derivative cost there?"""

import pandas as pd

from analysis.report.cells import DASH, INTERVAL, Row, engine, ratio, span, text
from analysis.report.section import Section, Table, Words
from analysis.report.sections.choosing import percent, regret
from analysis.tables.findings import Findings


def problems_measured(found: Findings) -> bool:
    """Whether any problem was measured."""
    return bool(len(found.problem_outcomes) or len(found.problem_tapes))


def wrong(row: Row) -> str:
    """The share of wrong choices; mode="auto" timed whole makes none of the kind."""
    return DASH if pd.isna(row["wrong"]) else percent(100 * row["wrong"])


def with_interval(name: str) -> str:
    return f"{name}, 95 % interval"


SECTION = Section(
    "Known problems",
    "Chains are made so that one thing at a time can be varied. These are functions that others compare their tools "
    "on: of GradBench and ADBench, of MINPACK-2, and a few of physics, finance and machine learning, in plain NumPy "
    "from their definitions (benchmarks/problems). The rules are scored on them as on chains.",
    {
        "problem-regret": Words(
            "What the rules cost on known problems",
            "The time that a rule's choice takes beyond that of the better mode, a dot a problem and size. Where the "
            "measurements cannot tell the modes apart either choice is right; how many lose nothing, or less than "
            '0.3 %, stands at the left border. Bold: this project\'s mode="auto", of which the whole call is timed, '
            "its choosing included, against the fastest of forward, reverse and mixed; prepared, its choice is made "
            "once.",
        ),
    },
    {
        "problems": Table(
            lambda found: found.problem_table,
            "Problems",
            "Ratios of times. Where forward / reverse is below 1, forward mode is the cheaper one; a tie is what the "
            "measurements cannot tell apart. n <= m: the choice of that rule, and its time over that of the better "
            "mode. Mixed: over the better mode. Auto: the whole call over the fastest of three. Better mode over f: "
            "what a Jacobian costs beside a value in plain NumPy; floor: over a derivative written by hand. Prepared "
            "and JAX: the engine's fastest way over that of modes. A dash: not measured, or there is none.",
            {
                "problem": text("title"),
                "n": text("n"),
                "m": text("m"),
                "forward / reverse": ratio("forward_over_reverse"),
                "95 % interval": lambda row: span(
                    row["forward_over_reverse_low"], row["forward_over_reverse_high"], regret
                ),
                "cheaper": text("cheaper"),
                "n <= m": lambda row: f"{row['counted_choice']} ({regret(row['counted_regret'])})",
                "mixed / better": ratio("mixed_over_better"),
                "auto / fastest": ratio("auto_over_fastest"),
                "better / f": ratio("better_over_f"),
                "better / floor": ratio("better_over_hand"),
                "modes-prepared / modes": ratio("prepared_over_modes"),
                "modes-prepared auto / fastest": ratio("prepared_auto"),
                "JAX / modes": ratio("jax_over_modes"),
            },
        ),
        "problem-rules": Table(
            lambda found: found.problem_rule_table,
            "Rules scored on known problems",
            'Regret is the time by the rule\'s choice over that of the better mode; of mode="auto" it is that of the '
            "whole call over the fastest of three ways, and “wrong” the share of calls that took longer than that.",
            {
                "engine": engine(),
                "rule": text("rule"),
                "forward mode when": text("when"),
                "regret, geometric mean": lambda row: regret(row["geometric_mean"]),
                "95 % interval": lambda row: span(row["low"], row["high"], regret),
                "maximum": lambda row: f"{row['maximum']:.2f}",
                "wrong, %": wrong,
                "problems": text("cells"),
                "ties": text("ties"),
            },
        ),
        "tape": Table(
            lambda found: found.problem_tape_table,
            "The price of a tape",
            "Reverse mode over a hand-written derivative of the same recurrence (hand), and over the value (primal), "
            "as a problem grows; Python's garbage collector is on, as users have it.",
            {
                "problem": text("title"),
                "engine": engine(),
                "size": text("width"),
                "n": text("n"),
                "over": text("beside"),
                "ratio": ratio("ratio"),
                **INTERVAL,
            },
        ),
    },
    measured=problems_measured,
)
