"""Where do the modes cross, in time and in memory?"""

from analysis.report.cells import CHAIN, by_hand, bytes_of, inputs, ratio, span, text
from analysis.report.section import Section, Table, Words

SECTION = Section(
    "Where the modes cross",
    "Forward mode takes a pass an input, reverse mode one an output; what a pass costs, and what it has to keep, is "
    "measured here.",
    {
        "cost-against-n": Words(
            "Cost against the number of inputs",
            "Time of one full Jacobian in forward mode (blue, solid, circles) and in reverse mode (orange, dashed, "
            "squares), while the number of inputs n grows and the number of outputs m stays. Both scales are "
            "logarithmic. The vertical line is the crossover n*, the grey band its 95 % interval: left of it forward "
            "mode is cheaper, right of it reverse mode. The line does not come from the two curves, which were timed "
            "one after the other, but from pairs timed in turn, so that it may stand slightly beside the point where "
            "they meet.",
        ),
        "crossover-map": Words(
            "Which mode is cheaper, over inputs and outputs",
            "Each cell is a Jacobian of n inputs and m outputs; its number is the time of forward mode over that of "
            "reverse mode. Blue (below 1): forward mode is cheaper. Orange (above 1): reverse mode is cheaper. The "
            "solid line joins the measured crossovers, each with its 95 % interval; the dotted line is where both "
            "modes take equally many operations. Narrow cells without a number were measured to pin the crossover "
            "down.",
        ),
        "crossover-ratio": Words(
            "The crossover as a multiple of the outputs",
            "n*/m is the aspect ratio up to which forward mode is the cheaper way: 1.5 means that forward mode wins "
            "up to one and a half times as many inputs as outputs. The grey lines are the thresholds that shipped "
            "software uses; a point above a line means that this software gives up forward mode too early. An arrow "
            "at the border stands for a setting in which one mode won at every size measured; an open arrow for one "
            "in which forward mode takes fewer operations at every size.",
        ),
        "memory-against-depth": Words(
            "Memory against depth",
            "Largest amount of memory held at a time during one Jacobian, traced allocation by allocation; the result "
            "is part of it, the chain's parameters are not. Forward mode keeps a few layers at a time, whatever the "
            "depth; reverse mode keeps what it needs for the way back of every layer. Dotted: the arrays of "
            "derivatives counted.",
        ),
    },
    {
        "crossovers": Table(
            lambda found: found.crossover_table,
            "Crossovers",
            "n* is the number of inputs at which both modes take the same time; “counted” is where they take equally "
            "many operations (a dash: they tie at every n, or no count is made for this layer). “beyond” stands for a "
            "number larger than every n measured, or for none at all. In the tie range the measured pairs do not tell "
            "the modes apart.",
            {
                "engine": by_hand,
                "layer": text("layer"),
                "profile": text("profile"),
                "m": text("m"),
                "width": text("width"),
                "depth": text("depth"),
                "dtype": text("dtype"),
                "verdict": text("verdict"),
                "n*": lambda row: inputs(row["n_star"]),
                "95 % interval": lambda row: span(row["low"], row["high"], inputs),
                "n*/m": ratio("n_over_m"),
                "counted": lambda row: inputs(row["predicted"]),
                "tie range": lambda row: span(row["tie_low"], row["tie_high"], inputs),
            },
        ),
        "memory": Table(
            lambda found: found.memory_table,
            "Memory",
            "Traced peak of one Jacobian, and the arrays of derivatives counted.",
            {
                "mode": text("mode"),
                **CHAIN,
                "traced peak": bytes_of("peak_bytes"),
                "counted": bytes_of("counted_bytes"),
            },
        ),
    },
)
