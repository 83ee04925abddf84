"""The page that is read: the map, each engine's crossover, what rules cost, and what holds at other sizes."""

from analysis.errors import MEASURE
from analysis.report.cells import Columns, aspect, aspect_interval, crossover, engine, text
from analysis.report.section import Section, Table, Words
from analysis.report.sections.choosing import RULES_BY_ENGINE, ratios_measured
from analysis.tables.findings import Findings

ABSENT = f"No ratio of the two modes' times was measured: {MEASURE}"
HERE: Columns = {
    "engine": engine(),
    "n*/m": aspect,
    "n*": crossover,
    "verdict": text("verdict"),
    "95 % interval of n*/m": aspect_interval,
}


def engines_measured(found: Findings) -> bool:
    """Whether the crossover of any engine was asked for."""
    return bool(found.engine_crossover_panels.panels)


MAP = Section(
    "Which mode is cheaper",
    "",
    {
        "headline-map": Words(
            "Forward over reverse mode, over inputs and outputs",
            "Each cell is a full Jacobian of n inputs and m outputs; its number is the time of forward mode over that "
            "of reverse mode, below 1 where forward mode is cheaper (blue), above 1 where reverse mode is (orange). "
            "The solid line joins the measured crossovers n*, each with its 95 % interval as a bar and in figures; on "
            "the dotted line both modes take equally many multiply-adds. Narrow cells without a number were measured "
            "to pin the crossover down. Other widths and depths are under “Time and memory, size by size”.",
        ),
    },
    {},
    measured=ratios_measured,
    absent=ABSENT,
    folded=False,
)
ENGINES = Section(
    "Where each engine crosses",
    "",
    {
        "engines-crossover": Words(
            "Each engine's own crossover",
            "n*/m is the crossover as a multiple of the outputs: forward mode is cheaper up to n*/m times as many "
            "inputs as outputs. A row an engine, a mark a setting, bars are 95 % intervals; this project's engines "
            "are in bold. modes is called as it stands, modes-prepared and modes-compiled replay what they recorded "
            "once, by NumPy and by numba, floor is the derivative written by hand in NumPy. An open triangle at the "
            "border: one mode was cheaper at every size measured, so that the crossover, if there is one, lies "
            "beyond.",
        ),
    },
    {
        "engines-headline": Table(
            lambda found: found.engine_headline,
            "The engines in the finding's setting",
            "A number with > or < stands for a crossover beyond the most inputs that were measured, or below "
            "the least.",
            HERE,
        ),
    },
    measured=engines_measured,
    folded=False,
)
RULES = Section(
    "What rules cost",
    "",
    {
        "rule-regret": Words(
            "The time lost by choosing with a rule",
            "The time that is lost where a rule chooses the mode, against the better mode of each Jacobian: the "
            "geometric mean over all that were measured with engine modes, with its 95 % interval, and the worst one. "
            'Bold: this project\'s own, mode="auto", which counts the operations of the function at hand (its choice '
            "alone, not the time that the choosing takes), and a cost model fitted to other chains than the one it "
            'chooses for. The vertical lines are what mode="auto" aims at. A loss below 0.1 % is drawn at the left '
            "border. Where the measurements cannot tell the modes apart, either choice is right. Crossovers are "
            "measured closely, so that many of these Jacobians lie near one, where a wrong choice costs little.",
        ),
    },
    {
        "rules-by-engine": RULES_BY_ENGINE,
    },
    measured=ratios_measured,
    absent=ABSENT,
    folded=False,
)
ELSEWHERE = Section(
    "What holds elsewhere",
    "",
    {
        "crossover-ratio": Words(
            "The crossover at other sizes, and why it moves",
            "Above, n*/m as measured, as counted from multiply-adds alone (dotted), and as the fitted cost model "
            "has it (dashed); in each panel all else is fixed. The grey lines are the thresholds of shipped "
            "software: a point above a line means that this software gives up forward mode too early. A triangle "
            "at the border: one mode was cheaper at every size measured. Below, what the time of both modes at "
            "the modelled crossover is made of. Where it is mostly the fixed price of operations and of the tape, "
            "a further input costs next to nothing, and forward mode stays the cheaper way beyond n = m. As the "
            "layers grow, multiply-adds take over, and the crossover nears the counted one. What the model does "
            "not know is that the rate of multiply-adds depends on the shapes. For functions made of scalar "
            "operations, the bounds of Griewank and Walther (Evaluating Derivatives, chapters 3 and 4) put n*/m "
            "between 1.5 and 2.",
        ),
    },
    {},
    measured=ratios_measured,
    absent=ABSENT,
    folded=False,
)
